"""CPU and memory: of one shard in this process, and of whole scans in their own."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from pii_corpus import SPEED, corpus

SHARD_LINES = 100_000
SPEED_SEEDS = (1, 2, 3)
SEVEN_MB_LINES = 700_000
SEVEN_MB_SECONDS = 1.0
GB = 2
BLOCK = 1 << 20
RSS_MB = 150.0
RIPGREP_BYTES = 4 << 20
_ESCAPE = re.compile(r"\\.|[^\x00-\x7f]")
_ASSAY = (sys.executable, "-P", "-c", "from assay.cli.main import main; main()")


class _Opened:
    """A target with one log, open in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def path(self, name: str) -> Path:
        del name
        return self._path

    def shown(self, name: str) -> str:
        return name


def shard(engine: str, least: float) -> list[str]:
    """Print MB per CPU second of `scan_shard` on logs with few values; return whether that is too little.

    Each log is made from a seed of its own, so that no cache has seen its values.
    """
    from assay.targets.refs import Shard
    from assay_detectors.pii.scan import scan_shard

    speeds, found = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in SPEED_SEEDS:
            path = Path(folder) / f"ml{seed}.log"
            with path.open("w", encoding="utf-8") as log:
                log.writelines(f"{entry.text}\n" for entry in corpus(seed, SHARD_LINES, "all", SPEED))
            opened, size = _Opened(path), path.stat().st_size / 1e6
            began = time.process_time()
            result = scan_shard(opened, Shard("ml.log"), key="00" * 32, min_score=0.5, engine=engine, max_line_mb=64)
            speeds.append(size / (time.process_time() - began))
            found += sum(result["counts"].values())
        anchors = _anchors(path, engine)
    best = max(speeds[1:])  # the first one compiles
    print(f"\n{len(speeds)} logs of {size:.1f} MB, {SHARD_LINES:,} lines, engine {engine}, {found:,} findings")
    print(f"MB per CPU s: {', '.join(f'{speed:.1f}' for speed in speeds)}, the first with the compilation; {anchors}")
    return [f"{best:.1f} MB per CPU s with {engine} is less than {least:g}"] if best < least else []


def real(engine: str, logs: list[Path]) -> None:
    """Print MB per CPU second of `scan_shard` on logs as they are, each seen once, behind a log that compiles."""
    from assay.targets.refs import Shard
    from assay_detectors.pii.scan import scan_shard

    def scan(path: Path) -> tuple[float, int, int]:
        began = time.process_time()
        result = scan_shard(
            _Opened(path), Shard(path.name), key="00" * 32, min_score=0.5, engine=engine, max_line_mb=64
        )
        return time.process_time() - began, result["lines"], sum(result["counts"].values())

    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first.log"
        first.write_text("\n".join(entry.text for entry in corpus(1, 20_000, "all", SPEED)), encoding="utf-8")
        scan(first)
    done = [scan(path) for path in logs]
    sizes = [path.stat().st_size / 1e6 for path in logs]
    seconds, lines, found = (sum(column) for column in zip(*done, strict=True))
    print(f"\n{len(logs)} logs, {sum(sizes):.1f} MB, {lines:,} lines, engine {engine}, {found:,} findings")
    each = sorted(size / taken for size, (taken, _, _) in zip(sizes, done, strict=True))
    print(f"MB per CPU s: {sum(sizes) / seconds:.1f}; of single logs {each[0]:.1f} to {each[-1]:.1f}")


def in_blocks(lines: list[str], engine: str) -> float:
    """Return MB per CPU second of the scanner on the lines in blocks of a megabyte, without compilation; of three."""
    from assay_detectors.pii.line import LineScanner

    scanner = LineScanner(0.5, engine)
    text = "\n".join(lines)
    blocks, at = [], 0
    while at < len(text):
        end = text.find("\n", at + BLOCK)
        blocks.append(text[at:] if end < 0 else text[at : end + 1])
        at += len(blocks[-1])
    size, best = len(text.encode("utf-8", "replace")) / 1e6, 0.0
    scanner.block(blocks[0])
    for _ in range(3):
        began = time.process_time()
        for block in blocks:
            scanner.block(block)
        best = max(best, size / max(1e-9, time.process_time() - began))
    return best


def _anchors(path: Path, engine: str) -> str:
    """Return how fast the prefilter alone is, and ripgrep with the same patterns where it is installed."""
    from assay_detectors.pii.line import LineScanner
    from assay_detectors.pii.prefilter import opened

    began = time.process_time()
    scanner = LineScanner(0.5, engine)
    compiled = time.process_time() - began
    text = path.read_text(encoding="utf-8").encode("ascii", "replace").decode()
    size = len(text) / 1e6
    began = time.process_time()
    for start in range(0, len(text), 1 << 20):
        scanner.prefilter(f"\n{text[start : start + (1 << 20)]}\n")
    alone = f"prefilter alone ({scanner.engine}) {size / (time.process_time() - began):.0f}, made in {compiled:.2f} s"
    program = shutil.which("rg")
    if program is None:
        return f"{alone}; ripgrep is not installed"
    patterns, part = path.with_name("anchors.txt"), path.with_name("part.log")
    patterns.write_text("\n".join(_ESCAPE.sub(_for_ripgrep, opened(one.pattern)) for one in scanner.anchors))
    size = part.write_text(text[:RIPGREP_BYTES]) / 1e6
    before = _children()
    command = [program, "--no-unicode", "--threads", "1", "-c", "-f", str(patterns), str(part)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = _children() - before
    if done.returncode not in (0, 1):
        return f"{alone}; ripgrep does not take the patterns"
    return f"{alone}; ripgrep with the same patterns {size / seconds:.1f}"


def _for_ripgrep(found: re.Match[str]) -> str:
    """Return an escape as Rust takes it: no line feed, no letter beyond ASCII, no sign escaped that means itself."""
    sign = found[0][1:]
    if sign in ("", "n"):
        return ""
    return found[0] if sign.isalnum() or sign in r"\.+*?()[]{}|^$-&~#" else sign


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _scan(path: Path, folder: Path) -> tuple[float, dict]:
    """Scan in a process of its own; return its CPU seconds, workers included, and the result."""
    out = folder / "result.json"
    environment = {**os.environ, "ASSAY_CACHE": str(folder / "store.sqlite")}
    before = _children()
    command = [*_ASSAY, "scan", str(path), "--policy", "baseline", "-o", f"json={out}", "--jobs", "1"]
    subprocess.run(command, env=environment, capture_output=True, check=False)
    seconds = _children() - before
    return seconds, json.loads(out.read_text(encoding="utf-8"))


def _outcome(result: dict) -> dict:
    return next(outcome for outcome in result["outcomes"] if outcome["detector"] == "pii.logs")


def seven_mb() -> list[str]:
    """Print the CPU of a scan of 700,000 lines of ten bytes, beyond that of a scan of one line."""
    rng = Random("seven")
    words = ("ok", "hit", "miss", "step", "load", "job", "run", "id")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short, long = folder / "one.log", folder / "seven.log"
        short.write_text("job 1 ok\n", encoding="utf-8")
        with long.open("w", encoding="utf-8") as log:
            for number in range(SEVEN_MB_LINES):
                text = "al@fox.io" if number % 1000 == 7 else f"{rng.choice(words)} {rng.randint(0, 10**6)}"
                log.write(f"{text[:9]:9}\n")
        start = min(_scan(short, folder)[0] for _ in range(3))
        (folder / "store.sqlite").unlink(missing_ok=True)
        whole, result = _scan(long, folder)
    counts = {m["labels"]["entity"]: m["value"] for m in _outcome(result)["measurements"] if m["value"]}
    print(
        f"\n700,000 lines, 7 MB: {whole - start:.2f} CPU s beyond the {start:.2f} of a scan of one line; found {counts}"
    )
    failed = (
        []
        if counts == {"EMAIL_ADDRESS": SEVEN_MB_LINES // 1000}
        else ["the addresses of the 7 MB file were not all found"]
    )
    return failed + ([f"7 MB take {whole - start:.2f} CPU s"] if whole - start >= SEVEN_MB_SECONDS else [])


def two_gb(gigabytes: float = GB) -> list[str]:
    """Print memory and CPU of a scan of a file of 2 GB, or of another size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        block = "".join(f"{entry.text}\n" for entry in corpus(1, SHARD_LINES, "all", SPEED)).encode()
        path = folder / "big.log"
        with path.open("wb") as log:
            for _ in range(int(gigabytes * 1e9) // len(block) + 1):
                log.write(block)
        seconds, result = _scan(path, folder)
        size = path.stat().st_size / 1e6
    outcome = _outcome(result)
    peak = max(outcome["cost"]["peak_rss_mb"], resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    print(f"\n{size:,.0f} MB: {outcome['status']}, {seconds:.0f} CPU s, largest process {peak:.0f} MB")
    print(f"{size / seconds:.1f} MB per CPU s of the whole scan: every process, their start and every detector")
    return [f"{peak:.0f} MB of memory for {gigabytes:g} GB"] if peak > RSS_MB else []
