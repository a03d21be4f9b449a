"""How fast the symbolic unpickler reads, and in how much memory: CPU seconds and peak RSS, one process a row.

    python benchmarks/pickle_speed.py [--megabytes N ...] [--check]

Blobs are numbers as raw bytes (bytes in a pickle, joblib, npy, a torch zip that stores); dense pickles are opcodes
throughout, here of protocols 2 to 4; 0 and 1 may be asked for as well, and no figure is promised for them. `--check`
ends with 1 where blobs are read at less than 200 MB/s, dense pickles at less than 15 MB/s, or where the peak is above
twice the file and above 256 MB.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import subprocess
import sys
import tempfile
import types
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

BLOB_RATE, DENSE_RATE, FREE = 200.0, 15.0, 256.0
_READ = """
import json, sys, time
from pathlib import Path
from assay_detectors.artifact.reading import read_artifact
started = time.process_time()
result = read_artifact(Path(sys.argv[1]))
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
frameworks = sorted(name for name in ("numpy", "torch", "sklearn") if name in sys.modules)
print(json.dumps([time.process_time() - started, peak, result["complete"], result["total"], frameworks]))
"""


class Point:
    """A small object with a dictionary."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y, self.name = x, y, None


def _named() -> None:
    """Give the class a name that is trusted, as those of models are."""
    Point.__module__, Point.__qualname__, Point.__name__ = "sklearn.pipeline", "Pipeline", "Pipeline"
    module = types.ModuleType("sklearn.pipeline")
    module.Pipeline = Point  # type: ignore[attr-defined]
    sys.modules["sklearn.pipeline"] = module


def _word(rng: random.Random) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz_", k=rng.randrange(4, 10)))


def _float_tuples(rng: random.Random) -> Any:
    return [(rng.random(), rng.randrange(1 << 16)) for _ in range(2_000)]


Make = Callable[[random.Random], Any]
DENSE: dict[str, Make] = {
    "list of floats": lambda rng: [rng.random() for _ in range(20_000)],
    "list of small ints": lambda rng: [rng.randrange(256) for _ in range(20_000)],
    "list of ints": lambda rng: [rng.randrange(-(1 << 20), 1 << 20) for _ in range(20_000)],
    "dict of short texts": lambda rng: {_word(rng): rng.randrange(1 << 16) for _ in range(5_000)},
    "list of short texts": lambda rng: [_word(rng) for _ in range(5_000)],
    "tiny tuples of ints": lambda rng: [(rng.randrange(256), rng.randrange(256)) for _ in range(5_000)],
    "tuples, float and int": _float_tuples,
    "tuples, text and int": lambda rng: [(_word(rng), i) for i in range(2_000)],
    "nested lists": lambda rng: [[rng.randrange(256), rng.randrange(1 << 16)] for _ in range(5_000)],
    "set of ints": lambda rng: set(range(20_000)),
    "objects with BUILD": lambda rng: [Point(rng.random(), rng.randrange(99)) for _ in range(2_000)],
    "list of dicts": lambda rng: [{"x": rng.random(), "y": i} for i in range(2_000)],
}


def _write_dense(file: BinaryIO, make: Make, size: int, protocol: int) -> None:
    """Write one pickle of `size` bytes: a list of such objects, by one pickler."""
    rng = random.Random(1)
    once = len(pickle.dumps(make(rng), protocol))
    value = [make(rng) for _ in range(max(1, size // once))]
    pickle.dump(value, file, protocol)


def _blob_bytes(size: int) -> Iterator[tuple[str, Callable[[BinaryIO], None]]]:
    import numpy as np

    numbers = np.random.default_rng(1).standard_normal(size // 8)

    def torch_zip(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("a/data.pkl", pickle.dumps({"w": [1.0]}, 2))
            archive.writestr("a/version", b"3\n")
            archive.writestr("a/data/0", numbers.tobytes())

    def joblib_file(file: BinaryIO) -> None:
        import joblib

        joblib.dump({"w": numbers}, file)

    yield "bytes in a pickle", lambda file: pickle.dump([numbers.tobytes()], file, 4)
    yield "arrays in a pickle", lambda file: pickle.dump([numbers[i::8].copy() for i in range(8)], file, 4)
    yield "bytearray, protocol 5", lambda file: pickle.dump(bytearray(numbers.tobytes()), file, 5)
    yield "joblib", joblib_file
    yield "npy", lambda file: np.save(file, numbers)
    yield "torch zip, stored", torch_zip


def measure(path: Path) -> tuple[float, float, bool, int, list[str]]:
    """Read one file in a process of its own; return CPU seconds, peak RSS in MB, complete, findings, frameworks."""
    done = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True)
    seconds, peak, complete, total, frameworks = json.loads(done.stdout)
    return seconds, peak, complete, total, frameworks


def _row(kind: str, path: Path, floor: float) -> bool:
    size = path.stat().st_size / 1e6
    seconds, peak, complete, total, frameworks = measure(path)
    rate = size / seconds
    good = rate >= floor and peak <= max(2 * size, FREE) and complete and not frameworks
    row = (kind, f"{size:,.1f}", f"{seconds:.2f}", f"{rate:,.1f}", f"{peak:,.0f}", complete, total)
    print("| " + " | ".join(map(str, (*row, "yes" if good else "NO"))) + " |", flush=True)
    return good


def main() -> int:
    """Write, read and measure every kind in every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[20])
    parser.add_argument("--protocols", type=int, nargs="+", default=[4, 3, 2])
    parser.add_argument("--kinds", default="", help="only kinds whose name holds this text")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    good = True
    _named()
    print("| kind | MB | CPU s | MB/s | peak RSS, MB | complete | findings | within |")
    print("|---|---:|---:|---:|---:|---|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.bin")
        for size in given.megabytes:
            rows = [(kind, write, BLOB_RATE) for kind, write in _blob_bytes(size * 1_000_000) if given.kinds in kind]
            for protocol in given.protocols:
                for kind, make in DENSE.items():
                    if given.kinds in kind:
                        write = partial(_write_dense, make=make, size=size * 1_000_000, protocol=protocol)
                        rows.append((f"{kind}, protocol {protocol}", write, DENSE_RATE if protocol > 1 else 0.0))
            for kind, write, floor in rows:
                with path.open("wb") as file:
                    write(file)
                good = _row(kind, path, floor) and good
    return int(given.check and not good)


if __name__ == "__main__":
    sys.exit(main())
