"""How fast files are digested and compared with a list of digests: CPU seconds of whole commands, start included.

    python benchmarks/artifact_integrity.py [--megabytes N] [--check]

Files of random numbers, four of N / 4 megabytes. `assay artifact manifest` digests them and writes the list; a scan
compares with it (`artifact.integrity`, which takes over the digests that every scan makes of its inputs). `--check`
ends with 1 where less than 500 MB are digested a CPU second, or where one changed bit is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

RATE = 500.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _files(folder / "release", args.megabytes)
        made = _cpu("artifact", "manifest", "release", "-o", "SHA256SUMS", folder=folder)
        (folder / "assay.yaml").write_text(
            "version: 1\nname: speed\nartifacts: [release/*]\nintegrity: {manifest: SHA256SUMS, root: release}\n"
        )
        same = _mismatches(folder)
        with (folder / "release" / "2.bin").open("r+b") as file:
            file.seek(12345)
            old = file.read(1)
            file.seek(12345)
            file.write(bytes([old[0] ^ 1]))
        changed = _mismatches(folder)
    rate = args.megabytes / made
    print("| what | MB | CPU s | MB per CPU s |\n|---|---:|---:|---:|")
    print(f"| assay artifact manifest, whole command | {args.megabytes:,} | {made:.2f} | {rate:,.0f} |")
    print(f"\nfiles that differ: {same:g}; after one bit was changed: {changed:g}")
    return int(args.check and (rate < RATE or (same, changed) != (0, 1)))


def _files(folder: Path, megabytes: int) -> None:
    folder.mkdir()
    block = os.urandom(1 << 20)
    for number in range(4):
        with (folder / f"{number}.bin").open("wb") as file:
            for _ in range(megabytes * 1_000_000 // 4 // len(block)):
                file.write(block)


def _cpu(*words: str, folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "assay.cli", *words], cwd=folder, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3, 4):
        sys.exit(done.stdout + done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _mismatches(folder: Path) -> float:
    """Return how many files a scan finds to differ."""
    _cpu("scan", "assay.yaml", "--no-cache", "-q", "-o", "json=r.json", folder=folder)
    outcomes: list[dict[str, Any]] = json.loads((folder / "r.json").read_text())["outcomes"]
    measured = [m for entry in outcomes for m in entry["measurements"]]
    return sum(m["value"] for m in measured if m["metric"] == "artifact.integrity.mismatches")


if __name__ == "__main__":
    sys.exit(main())
