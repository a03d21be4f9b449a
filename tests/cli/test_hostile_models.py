"""Models that misbehave when they are opened: a reasoned outcome, the others' results, never exit 0, nothing escapes."""

import os
import time

import pytest

HEAD = "import os, sys, time\nimport torch\n\n\ndef build():\n"
TAIL = "\n    return torch.nn.Linear(3, 2)\n"
HOSTILE = {
    "hangs": ("    time.sleep(600)", "gave no answer in time"),
    "exits": ("    sys.exit(0)", ""),
    "exits hard": ("    os._exit(0)", "ended by itself with code 0"),
    "segfaults": ("    import ctypes; ctypes.string_at(0)", "killed by SIGSEGV"),
    "aborts": ("    os.abort()", "killed by SIG"),
    "forks": ("    os.fork()", "PermissionError"),
    "takes 100 GB": ("    x = [bytearray(1 << 30) for _ in range(100)]", "MemoryError"),
    "writes to stdout without end": (
        "    end = time.time() + 3\n    while time.time() < end:\n        os.write(1, b'x' * 65536); print('y' * 65536)",
        None,
    ),
    "opens a socket": ("    import socket; socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
    "runs a program": ("    import subprocess; subprocess.run(['touch', 'fired'])", "PermissionError"),
    "writes a file": ("    open(os.path.join(os.path.dirname(__file__), 'fired'), 'w').write('x')", "PermissionError"),
    "reads another file": ("    open('/etc/passwd').read()", "PermissionError"),
    "kills the scanner": ("    os.kill(os.getppid(), 9)", "PermissionError"),
    "raises what cannot be shown": (
        "    class E(Exception):\n        def __str__(self):\n            raise RuntimeError\n    raise E", "E"),
    "patches the framework": ("    torch.nn.Linear.forward = lambda self, x: x / 0", ""),
}  # fmt: skip


@pytest.fixture
def hostile(target, manifest):
    """Write a model whose factory does what the case says."""
    import torch
    from safetensors.torch import save_file

    def write(body):
        (target / "net.py").write_text(HEAD + body + TAIL)
        weight = torch.tensor([[-0.2, 0.0, 0.0], [0.2, 0.0, 0.0]])  # right, and unsure enough to tell nobody apart
        save_file({"weight": weight, "bias": torch.zeros(2)}, target / "model.safetensors")
        manifest(
            model={"path": "model.safetensors", "factory": "net:build"},
            io={"output": "logits", "classes": ["0", "1"], "dtype": "float32"},
        )

    return write


@pytest.mark.parametrize("case", HOSTILE, ids=HOSTILE)
def test_a_hostile_model_is_an_outcome(assay, target, hostile, case):
    body, words = HOSTILE[case]
    hostile(body)
    arguments = ("--budget", "20s") if case == "hangs" else ()
    started = time.monotonic()
    done = assay("scan", "assay.yaml", *arguments)
    assert time.monotonic() - started < 60
    assert "Traceback" not in done.out + done.err
    assert not (target / "fired").exists()
    assert not os.path.exists("fired")
    record = next(r for r in done.result["provenance"]["inputs"] if r["name"] == "model")
    artifact = next(o for o in done.result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    assert artifact["status"] == "ran"
    if words is None:
        assert record["status"] == "usable"
        assert done.code == 0
        return
    assert record["status"] == "unusable"
    assert done.code == 3, done.out
    if case == "hangs":
        assert "time budget" in record["problem"] or words in record["problem"]
    else:
        assert words in record["problem"], record["problem"]


def test_the_twin_that_behaves_is_used(assay, hostile):
    hostile("    pass")
    done = assay("scan", "assay.yaml")
    assert done.code == 0, done.out
