"""Presidio behind the prefilter that is derived from its patterns, beside Presidio alone: equal findings, and the speed.

    python benchmarks/pii_presidio.py --lines 100000 --check
    python benchmarks/pii_presidio.py --log FILE --lines 20000

On the lines of benchmarks/pii_corpus.py (half of them of the systems `heldout`), or of a file. Both ask for the same
eleven types and have the same configuration, that of `engine: presidio`. A line differs when type, span or score of
any finding does. What our own rules do not find of what Presidio is sure of is counted by type.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from pii_corpus import corpus

BLOCK = 500
SURE = {"CREDIT_CARD": 1.0, "EMAIL_ADDRESS": 1.0, "IBAN_CODE": 1.0, "US_SSN": 0.5}
"""Score from which Presidio is sure of a value of tier A: its checksum holds, or it has all its separators."""


def main() -> int:
    """Print the table; return 1 with `--check` where a line differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=201)
    parser.add_argument("--log", type=Path, help="file whose lines are taken in place of the corpus")
    parser.add_argument("--check", action="store_true", help="fail where a line differs")
    given = parser.parse_args()
    lines = itertools.islice(_lines_of(given.log) if given.log else _made(given.seed, given.lines), given.lines)
    return compare(lines) if given.check else compare(lines) * 0


def _made(seed: int, count: int) -> Iterator[str]:
    for entry in itertools.chain(corpus(seed, count - count // 2), corpus(seed, count // 2, "heldout")):
        yield entry.text


def _lines_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


def compare(lines: Iterator[str]) -> int:
    """Print how many lines differ, and both speeds; return whether any does."""
    from assay.targets.extras import without_torch
    from assay_detectors.pii.line import LineScanner

    with without_torch():
        from assay_detectors.pii.presidio_scan import reference_scanner

        scanner = reference_scanner(0.0, (), "")
    own = LineScanner(0.5)
    seconds, counts = Counter[str](), Counter[str]()
    found, missed = Counter[str](), Counter[str]()
    while block := list(itertools.islice(lines, BLOCK)):
        counts["size"] += sum(len(line.encode()) + 1 for line in block)
        counts["lines"] += len(block)
        started = time.process_time()
        plain = [scanner.analyze(line, scanner.sieve.all)[0] for line in block]
        seconds["alone"] += time.process_time() - started
        started = time.process_time()
        by_start = {s: scanner.analyze(line, fired)[0] for s, line, fired in scanner.sieve.lines("\n".join(block))}
        seconds["behind"] += time.process_time() - started
        counts["looked"] += len(by_start)
        at = 0
        for line, spans in zip(block, plain, strict=True):
            counts["differ"] += spans != by_start.get(at, [])
            at += len(line) + 1
            counts["findings"] += len(spans)
            sure = [span for span in spans if span.score >= SURE.get(span.entity, 2.0)]
            ours = own.scan(line) if sure else []
            for span in sure:
                found[span.entity] += 1
                missed[span.entity] += not any(one.start < span.end and span.start < one.end for one in ours)
    size = counts["size"] / 1e6
    print(
        f"{counts['lines']:,} lines, {size:.1f} MB, {counts['findings']:,} findings of Presidio: "
        f"{counts['differ']} lines differ in type, span or score\n"
        f"alone {size / seconds['alone']:.3f} MB per CPU s; behind the prefilter {size / seconds['behind']:.3f} "
        f"({seconds['alone'] / seconds['behind']:.1f} times), {counts['looked']:,} lines looked at"
    )
    for kind in sorted(found):
        print(f"{kind}: Presidio is sure of {found[kind]:,}; {missed[kind]} of them are no finding of ours of any kind")
    return int(counts["differ"] > 0)


if __name__ == "__main__":
    sys.exit(main())
