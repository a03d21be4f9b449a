"""Truncations and bit flips of bad pickles: nothing crashes or hangs, and what is still live is never called clean.

    python benchmarks/artifact_fuzz.py [--corpus DIR] [--count 100000] [--processes 2] [--check]

With a corpus (a folder with `labels.json`, see artifact.py) its bad files of the pickle family are taken, in archives
and compressed streams too; otherwise bad pickles are made here. A variant is live if one of CPython's two unpicklers,
with a `find_class` that imports nothing, comes to an import that is not trusted.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))

from pickle_recorder import both

from assay.targets import sniff
from assay.targets.allowlist import trusted
from assay_detectors.artifact.reading import read_artifact

MEMORY, SECONDS, LARGEST = 3 << 30, 20, 1 << 20
BLOCK = 1_000
Variants = list[tuple[str, bytes]]


class Bad:
    """Asks its loader to call something that is not trusted; the call does nothing."""

    def __reduce__(self) -> Any:
        return (pickle.loads, (b"N.",))


def made() -> Variants:
    """Return bad pickles of several forms, in every protocol."""
    files: Variants = []
    for protocol in range(6):
        for index, value in enumerate(
            ([Bad()], {"a": [1.5] * 30, "b": Bad()}, [("x", i) for i in range(40)] + [Bad()])
        ):
            raw = pickle.dumps(value, protocol)
            files.append((f"pickle {protocol}.{index}", raw))
        files += [("gzip", gzip.compress(raw)), ("zlib", zlib.compress(raw)), ("xz", lzma.compress(raw))]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("a/data.pkl", raw)
            opened.writestr("a/data/0", bytes(64))
        files.append(("torch zip", archive.getvalue()))
    return files


def collected(corpus: Path) -> Variants:
    """Return the corpus's bad files of the pickle family."""
    family = sniff.PICKLES | sniff.COMPRESSED | {sniff.ZIP, sniff.TORCH_ZIP, sniff.NPZ, sniff.NPY, sniff.TORCHSCRIPT}
    files: Variants = []
    for name, label in sorted(json.loads((corpus / "labels.json").read_text()).items()):
        path = corpus / name
        if (
            label["label"] != "benign"
            and path.is_file()
            and path.stat().st_size <= LARGEST
            and sniff.sniff(path) in family
        ):
            files.append((name, path.read_bytes()))
    return files


_OPENERS: dict[str, Callable[[bytes], bytes]] = {
    sniff.GZIP: gzip.decompress,
    sniff.BZ2: bz2.decompress,
    sniff.XZ: lzma.decompress,
    sniff.LZMA: lzma.decompress,
    sniff.ZLIB: zlib.decompress,
}


def pickles(data: bytes) -> Iterator[bytes]:
    """Yield what a loader would unpickle of a file: itself, or what it holds."""
    form = sniff.sniff_bytes(data[: sniff.HEAD])
    try:
        if form in sniff.PICKLES:
            yield data
        elif form in _OPENERS:
            yield _OPENERS[form](data)
        elif form == sniff.ZIP:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                yield from (archive.read(name) for name in archive.namelist() if name.endswith(".pkl"))
    except (
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
    ):
        return


def live(data: bytes) -> set[str]:
    """Return the untrusted names that one of CPython's unpicklers comes to."""
    names: set[str] = set()
    for content in pickles(data):
        for seen in both(content):
            names |= seen.imports
    return {name for name in names if not trusted(*name.rpartition(".")[::2])}


def _variant(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return data[: rng.randrange(len(data))]
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _late(_number: int, _frame: Any) -> None:
    raise TimeoutError(f"no end after {SECONDS} seconds")


def block(files: Variants, seed: int, count: int) -> tuple[Counter[str], list[str], float, float]:
    """Read `count` variants; return counts, what went wrong, CPU seconds and the longest reading."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _late)
    rng, counts, wrong, longest = random.Random(seed), Counter[str](), list[str](), 0.0
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.bin")
        for _ in range(count):
            name, data = rng.choice(files)
            data = _variant(data, rng)
            path.write_bytes(data)
            before = time.process_time()
            signal.alarm(SECONDS)
            try:
                result = read_artifact(path)
            except Exception:  # noqa: BLE001 - any is a crash
                counts["crashes"] += 1
                wrong.append(f"{name}: {traceback.format_exc(limit=-3)}")
                continue
            finally:
                signal.alarm(0)
            longest = max(longest, time.process_time() - before)
            outcome = "findings" if result["total"] else "clean" if result["complete"] or result["data"] else "unknown"
            alive = live(data)
            counts[outcome] += 1
            counts["live"] += bool(alive)
            if outcome == "clean" and alive:
                counts["live but clean"] += 1
                wrong.append(f"{name}: {alive}, {data[:300]!r}")
    return counts, wrong, time.process_time() - started, longest


def main() -> int:
    """Run all blocks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit with 1 at a crash, or where something live is clean")
    given = parser.parse_args()
    files = collected(given.corpus) if given.corpus else made()
    total, wrong, cpu, longest = Counter[str](), list[str](), 0.0, 0.0
    with ProcessPoolExecutor(given.processes) as pool:
        starts = range(0, given.count, BLOCK)
        jobs = [pool.submit(block, files, given.seed * 1_000_003 + at, min(BLOCK, given.count - at)) for at in starts]
        for job in jobs:
            counts, problems, seconds, slowest = job.result()
            total += counts
            wrong += problems
            cpu, longest = cpu + seconds, max(longest, slowest)
    columns = ("clean", "findings", "unknown", "live", "crashes", "live but clean")
    print(
        "| bad files | variants | "
        + " | ".join(columns)
        + " | CPU s | longest, s |\n"
        + "|---:" * (len(columns) + 4)
        + "|"
    )
    row = " | ".join(f"{total[column]:,}" for column in columns)
    print(f"| {len(files)} | {given.count:,} | {row} | {cpu:.0f} | {longest:.2f} |")
    print("\n".join(line[:1500] for line in wrong[:20]))
    return int(given.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
