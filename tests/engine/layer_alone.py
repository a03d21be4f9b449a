"""Put one layer of the seal on, or none, and print what the probes say; run by test_seal_layers.py.

`layer_alone.py LAYER FOLDER`; FOLDER belongs to the user who runs it. LAYER `all` is the whole seal.
"""

import ctypes
import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from assay.engine.seal import capabilities, landlock, layers, probe, seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
SYSTEM = (*layers.python_paths(sys.argv[2:3]), "/usr/lib", "/lib", "/lib64", "/usr/lib64", "/proc/self")
LAYERS = {
    "none": lambda: None,
    "namespaces": lambda: layers._namespaces(LIBC),
    "capabilities": lambda: capabilities.drop(LIBC, keep_reading=True),
    "landlock": lambda: landlock.restrict(LIBC, SYSTEM, (), ("/dev/null",)),
    "rlimits": lambda: layers._limits(256 << 20, apart=False),
    "seccomp": lambda: seccomp.restrict(LIBC),
    "all": lambda: layers.put_on((), 256 << 20),
    "all but namespaces": lambda: put_on_without(layers, "_namespaces"),
    "all but landlock": lambda: put_on_without(landlock, "restrict"),
    "all but seccomp": lambda: put_on_without(layers, "_filter"),
}


def put_on_without(module, name) -> None:
    """Put the seal on as on a machine that refuses one layer."""

    def refuses(*arguments):
        raise OSError(errno.EPERM, "not here")

    setattr(module, name, refuses)
    found = layers.put_on((), 256 << 20)
    assert [detail for detail in found.values() if detail.startswith("missing")] == ["missing: [Errno 1] not here"]


def number(attempt) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    except MemoryError:
        return "MemoryError"
    return "done"


def effective() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("CapEff")).split()[1], 16)


def main(layer: str, folder: Path) -> None:
    elsewhere, kept = folder / "elsewhere", folder / "kept"
    for path in (elsewhere, kept):
        path.write_bytes(b"\0 no program")
        path.chmod(0o755)
    writable = os.open(kept, os.O_WRONLY)
    LIBC.prctl(38, 1, 0, 0, 0)
    LAYERS[layer]()
    found = {
        "held": probe.probe(str(elsewhere)),
        "threads": probe.threads_work(),
        "a byte into a file that is open already": number(lambda: os.write(writable, b"x")),
        "a gigabyte": number(lambda: bytearray(1 << 30)),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "capabilities": effective(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) == 3:  # in a child, so that the parent, which the probes signal, is of the same user
        sys.exit(subprocess.run([sys.executable, *sys.argv, "child"], check=False).returncode)
    main(sys.argv[1], Path(sys.argv[2]))
