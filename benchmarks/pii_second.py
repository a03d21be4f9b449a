"""`pii.logs` on the logs of the second generator: precision and recall by type, false findings, recall by encoding.

    python benchmarks/pii_second.py --seed 9001 9002 --lines 12000 --check

The second generator was written by somebody who had not read the rules or the first generator (pii_corpus.py): other
systems, shapes and values, people and addresses from Faker. The rules were mended afterwards on its seeds 1, 77, 2024
and 31337. The same seed gives the same bytes, with the versions of constraints.txt.

A finding counts when it overlaps a label of its type; all secrets count as one type, and so do passports. Left out of
the findings: web addresses, loopback and 10.x addresses, names in rows without keys, and the JWT around an encoded
value. `--check` holds every seed to the limits. Speed is megabytes per CPU second of one process.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

try:
    from pii_second_lines import SECRETS, Line, make
except ModuleNotFoundError as error:
    if error.name != "faker":
        raise
    print("The second generator needs Faker, which is not installed: `make install` installs it.", file=sys.stderr)
    sys.exit(2)

from assay_detectors.pii.entities import BY_NAME
from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.weigh import Found

PRECISION = RECALL = DEPTH_2 = 0.97
TIER_A = 0.99
FALSE_RATE = 1.0
_TIER_A = frozenset(name for name, entity in BY_NAME.items() if entity.tier == "A")
_SAME = dict.fromkeys(SECRETS, "SECRET") | {"US_PASSPORT": "PASSPORT", "IP_LOOPBACK": "IP_ADDRESS"}


def _kind(entity: str) -> str:
    return _SAME.get(entity, entity)


class Tally:
    """Labels, hits, findings and false findings of one log, or of several."""

    def __init__(self) -> None:
        self.labels: Counter[str] = Counter()
        self.hits: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.false: Counter[str] = Counter()
        self.deep: Counter[int] = Counter()
        self.deep_hits: Counter[int] = Counter()
        self.numbers: Counter[str] = Counter()
        """Lines, clean ones, false findings on these, characters."""
        self.seconds = 0.0
        self.cases: list[tuple[str, str, str]] = []

    def add(self, line: Line, findings: list[Found]) -> None:
        """Count one line."""
        findings = [finding for finding in findings if finding.entity != "URL"]
        for label in line.labels:
            if label[0] != "OPT":
                self._label(line, label, findings)
        wrong = sum(self._finding(line, finding) for finding in findings)
        self.numbers.update(lines=1, size=len(line.text))
        if not line.labels:
            self.numbers.update(clean=1, false_on_clean=wrong)

    def _label(self, line: Line, label: tuple[str, int, int], findings: list[Found]) -> None:
        entity, start, end = label
        hit = any(f.start < end and f.end > start and _kind(f.entity) == _kind(entity) for f in findings)
        self.labels[entity] += 1
        self.hits[entity] += hit
        if line.chain:
            self.deep[len(line.chain)] += 1
            self.deep_hits[len(line.chain)] += hit
        if not hit:
            self._case("missed", entity, line, start, end)

    def _finding(self, line: Line, finding: Found) -> bool:
        """Count one finding; say whether it is false."""
        over = [entity for entity, start, end in line.labels if finding.start < end and finding.end > start]
        right = _kind(finding.entity) in {_kind(entity) for entity in over}
        wrapper = finding.entity == "JWT" and "jwt" in line.chain
        private = finding.entity == "IP_ADDRESS" and finding.value.startswith("10.")
        if "OPT" in over or finding.entity == "IP_LOOPBACK" or (not right and (wrapper or private)):
            return False
        self.found[finding.entity] += 1
        self.false[finding.entity] += not right
        if not right:
            self._case("false", finding.entity, line, finding.start, finding.end)
        return not right

    def _case(self, kind: str, entity: str, line: Line, start: int, end: int) -> None:
        text = line.text
        where = "+".join((line.system, *line.chain))
        shown = f"…{text[max(0, start - 70) : start]}»{text[start:end][:90]}«{text[end : end + 20]}"
        self.cases.append((kind, entity, f"[{where}] {shown}"))

    def merge(self, other: Tally) -> None:
        """Add what another log came to."""
        for name in ("labels", "hits", "found", "false", "deep", "deep_hits", "numbers"):
            getattr(self, name).update(getattr(other, name))
        self.seconds += other.seconds
        self.cases += other.cases

    @property
    def precision(self) -> float:
        return 1 - _share(self.false.total(), self.found.total())

    @property
    def recall(self) -> float:
        return _share(self.hits.total(), self.labels.total())

    @property
    def tier_a(self) -> float:
        return _share(sum(self.hits[name] for name in _TIER_A), sum(self.labels[name] for name in _TIER_A))

    @property
    def false_rate(self) -> float:
        """False findings on 1,000 lines without any label."""
        return 1000 * _share(self.numbers["false_on_clean"], self.numbers["clean"])

    def depth(self, layers: int) -> float:
        return _share(self.deep_hits[layers], self.deep[layers])


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def measure(seed: int, lines: int) -> Tally:
    """Return what the detector came to on the log of one seed."""
    log, scanner, tally = make(seed, lines), LineScanner(0.5), Tally()
    start = time.process_time()
    results = [scanner.scan(line.text) for line in log]
    tally.seconds = time.process_time() - start
    for line, findings in zip(log, results, strict=True):
        tally.add(line, findings)
    return tally


def failures(tally: Tally) -> list[str]:
    """Return the limits that this tally does not keep."""
    checks = (
        ("precision", tally.precision, PRECISION),
        ("recall", tally.recall, RECALL),
        ("recall of tier A", tally.tier_a, TIER_A),
        ("recall at depth 2", tally.depth(2), DEPTH_2),
    )
    failed = [f"{name} {value:.4f} is below {limit}" for name, value, limit in checks if value < limit]
    if tally.false_rate > FALSE_RATE:
        failed.append(f"{tally.false_rate:.2f} false findings per 1,000 clean lines are more than {FALSE_RATE:g}")
    return failed


def table(tally: Tally) -> str:
    rows = [f"{'type':18} | precision | recall | labels | found | false"]
    for name in sorted(set(tally.labels) | set(tally.found)):
        right = 1 - _share(tally.false[name], tally.found[name])
        recall = _share(tally.hits[name], tally.labels[name])
        counts = f"{tally.labels[name]:6} | {tally.found[name]:5} | {tally.false[name]:5}"
        rows.append(f"{name:18} | {_cell(right):>9} | {_cell(recall):>6} | {counts}")
    return "\n".join(rows)


def _cell(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def summary(title: str, tally: Tally) -> str:
    numbers = tally.numbers
    depths = ", ".join(
        f"{layers}: {tally.depth(layers):.4f} of {tally.deep[layers]:,}" for layers in sorted(tally.deep)
    )
    return (
        f"{title}: {numbers['lines']:,} lines, {numbers['clean']:,} of them clean; "
        f"{numbers['size'] / 1e6 / tally.seconds:.2f} MB per CPU s\n"
        f"  precision {tally.precision:.4f}, recall {tally.recall:.4f}, tier A recall {tally.tier_a:.4f}, "
        f"{tally.false_rate:.2f} false findings per 1,000 clean lines\n"
        f"  recall by depth of encoding: {depths or 'none encoded'}"
    )


def _print_cases(tally: Tally, most: int) -> None:
    shown: Counter[tuple[str, str]] = Counter()
    for kind, entity, text in tally.cases:
        shown[kind, entity] += 1
        if shown[kind, entity] <= most:
            print(f"{kind} {entity} {text}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", required=True)
    parser.add_argument("--lines", type=int, default=12_000, help="of each seed")
    parser.add_argument("--cases", type=int, default=0, help="print so many misses and false findings of each type")
    parser.add_argument("--check", action="store_true", help="exit 1 where a limit is not kept")
    return parser


def main() -> int:
    given = _parser().parse_args()
    total, parts, failed = Tally(), [], []
    for seed in given.seed:
        tally = measure(seed, given.lines)
        parts.append(summary(f"seed {seed}", tally))
        failed += [f"seed {seed}: {sentence}" for sentence in failures(tally)]
        total.merge(tally)
    print(table(total))
    if len(parts) > 1:
        parts.append(summary("all seeds", total))
    print("\n".join(parts))
    _print_cases(total, given.cases)
    for sentence in failed:
        print(f"not reached: {sentence}")
    return 1 if given.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
