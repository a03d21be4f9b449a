"""How often findings are right, by entity and level of the rule: the table of `pii.calibration`, and how well it holds.

    python benchmarks/pii_calibration.py --write [--real DIR]
    python benchmarks/pii_calibration.py --seeds 121 122 123 --systems dev heldout [--out PAGE] [--check]

`--write` counts what the rules find at all (`min_score` 0) in logs made from seeds, about one line in twenty with a
value and one in four with a look-alike, and makes `calibration_table.py`. `--real` adds a folder of real logs without
labels: what is found there counts as wrong, but for mail, network and web addresses, which are not counted. Without
`--write` the table is held against logs from other seeds: for each bin of probability, how many findings were right.

The estimate for a cell is the mean of a Beta distribution: right and wrong findings, half of
one more of each (Jeffreys), and a prior worth four findings with the mean of the level over all entities. Within an entity a higher level is never less probable (neighbours that
are out of order are pooled).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).parent))

from pii_corpus import SPEED, SYSTEMS, corpus
from pii_scoring import same
from pii_tools import label_names

from assay_detectors.pii import calibration, calibration_table
from assay_detectors.pii.calibration import SAME_RULE
from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.recognizers import RULES
from assay_detectors.pii.rule import CERTAIN, CHECKED, DENIED, FORMAT, NAMED, STRONG

LEVELS = {DENIED: "denied", FORMAT: "format", CHECKED: "checked", STRONG: "strong", NAMED: "named", CERTAIN: "certain"}
SEEDS, LINES = (1, 2, 3, 4, 5, 6), 50_000
PRIOR, JEFFREYS = 4.0, 0.5
"""Findings that the mean of the level is worth; right and wrong ones that are added to each cell."""
LEAST, MOST = 0.001, 0.999
"""Made logs can show no more."""
TABLE = Path(str(calibration_table.__file__))
BINS = (0.0, 0.1, 0.5, 0.9, 0.97, 0.99, 1.0)
REPORTED = 0.5
"""The default `min_score`."""
ERROR, BEYOND, ENOUGH = 0.02, 0.02, 50
"""Bounds of the check: mean gap over what is reported; how far a bin of so many findings may lie off its interval."""
_NOT_COUNTED = frozenset({"EMAIL_ADDRESS", "IP_ADDRESS", "MAC_ADDRESS", "URL"})

Key = tuple[str, float]
Judged = tuple[Key, bool]
Probability = Callable[[str, float], float]


class Count(NamedTuple):
    """Findings of one entity at one level."""

    right: int
    findings: int


class Estimate(NamedTuple):
    """What they come to."""

    probability: float
    low: float
    high: float


def givable() -> list[Key]:
    """Return every entity with every level that its rules can give, in order."""
    keys = set()
    for rule in RULES:
        levels = {rule.alone, *((rule.near,) if rule.context else ()), *((DENIED,) if rule.unless else ())}
        keys |= {(SAME_RULE.get(rule.entity, rule.entity), level) for level in levels}
    return sorted(keys)


def judged(seed: int, lines: int, systems: str, scanner: LineScanner) -> Iterator[Judged]:
    """Yield each finding in a made log, and whether a label of its kind answers it."""
    names = label_names()
    for entry in corpus(seed, lines, systems, SPEED):
        for found in scanner.scan(entry.text):
            if found.entity == "URL":
                parts = urlsplit(found.value)
                right = bool(parts.hostname and parts.query)
            else:
                right = any(
                    same(label.entity, names[found.entity]) and found.start < label.end and label.start < found.end
                    for label in entry.labels
                )
            yield (SAME_RULE.get(found.entity, found.entity), found.score), right


def real(folder: Path, scanner: LineScanner) -> Iterator[Judged]:
    """Yield each finding in real logs that are taken to hold addresses of machines and of mail, and nothing else."""
    for path in sorted(folder.glob("*.log")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            for found in scanner.scan(line):
                entity = SAME_RULE.get(found.entity, found.entity)
                if entity not in _NOT_COUNTED:
                    yield (entity, found.score), False


def counted(findings: Iterable[Judged]) -> dict[Key, Count]:
    """Return the counts of every cell, empty ones too."""
    right: Counter[Key] = Counter()
    all_: Counter[Key] = Counter()
    for key, is_right in findings:
        all_[key] += 1
        right[key] += is_right
    return {key: Count(right[key], all_[key]) for key in givable()}


def pooled(counts: Mapping[Key, Count]) -> dict[float, float]:
    """Return the mean of each level over the entities that were found there, each as much as any other; never falling."""
    means, found = [], []
    for level in LEVELS:
        rates = [(c.right + 0.5) / (c.findings + 1) for key, c in counts.items() if key[1] == level and c.findings]
        means.append(sum(rates) / len(rates) if rates else level)
        found.append(float(len(rates)) or 1.0)
    return dict(zip(LEVELS, (round(mean, 4) for mean in _rising(means, found)), strict=True))


def estimates(counts: Mapping[Key, Count]) -> dict[Key, Estimate]:
    """Return the probability of every cell with its 95 % interval."""
    from scipy.stats import beta

    means, found = pooled(counts), {}
    for entity in sorted({entity for entity, _ in counts}):
        keys = sorted(key for key in counts if key[0] == entity)
        good = [counts[key].right + JEFFREYS + PRIOR * means[key[1]] for key in keys]
        size = [counts[key].findings + 2 * JEFFREYS + PRIOR for key in keys]
        fitted = _rising([g / s for g, s in zip(good, size, strict=True)], size)
        for key, value in zip(keys, fitted, strict=True):
            block = [place for place, other in enumerate(fitted) if abs(other - value) < 1e-9]
            a, b = sum(good[place] for place in block), sum(size[place] - good[place] for place in block)
            low, high = beta.ppf((0.025, 0.975), a, b)
            found[key] = Estimate(round(min(max(value, LEAST), MOST), 4), round(float(low), 4), round(float(high), 4))
    return found


def _rising(values: list[float], weights: list[float]) -> list[float]:
    from sklearn.isotonic import IsotonicRegression

    places = list(range(len(values)))
    return [float(v) for v in IsotonicRegression().fit_transform(places, values, sample_weight=weights)]


class Bin(NamedTuple):
    """Findings with about the same probability."""

    low: float
    high: float
    predicted: float
    """Mean of their probabilities."""
    right: int
    findings: int


class Reliability(NamedTuple):
    """How well probabilities hold."""

    bins: list[Bin]
    findings: int
    error: float
    """Mean gap between predicted and observed, bins weighted by their findings (ECE)."""
    brier: float


def reliability(findings: Iterable[Judged], probability: Probability, least: float = 0.0) -> Reliability:
    """Hold probabilities against what was right; only findings of at least `least` count."""
    sums = [[0.0, 0, 0] for _ in BINS[1:]]
    squares = 0.0
    for (entity, level), right in findings:
        said = probability(entity, level)
        if said < least:
            continue
        place = max(at for at, edge in enumerate(BINS[:-1]) if said >= edge)
        sums[place] = [sums[place][0] + said, sums[place][1] + right, sums[place][2] + 1]
        squares += (said - right) ** 2
    total = sum(int(n) for _, _, n in sums)
    bins = [
        Bin(low, high, said / n, int(right), int(n))
        for low, high, (said, right, n) in zip(BINS, BINS[1:], sums, strict=False)
        if n
    ]
    gaps = sum(abs(b.predicted - b.right / b.findings) * b.findings for b in bins)
    return Reliability(bins, total, gaps / max(1, total), squares / max(1, total))


def failures(found: Reliability) -> list[str]:
    """Return where probabilities do not hold."""
    failed = [f"expected calibration error {found.error:.4f} is above {ERROR}"] if found.error > ERROR else []
    for one in found.bins:
        low, high = wilson(one.right, one.findings)
        if one.findings >= ENOUGH and not low - BEYOND <= one.predicted <= high + BEYOND:
            failed.append(f"said {one.predicted:.3f}, observed {low:.3f} to {high:.3f} of {one.findings} findings")
    return failed


def wilson(right: int, findings: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    from assay.stats import proportions

    found = proportions.wilson(right, findings)
    return float(found.low or 0.0), float(1.0 if found.high is None else found.high)


def table_text(counts: Mapping[Key, Count], sources: Iterable[str]) -> str:
    """Return the module with the table."""
    rows = [
        f'    ("{entity}", {level}, {counts[entity, level].right}, {counts[entity, level].findings}, {one.probability}, '
        f"{one.low}, {one.high}),"
        for (entity, level), one in sorted(estimates(counts).items())
    ]
    means = ", ".join(f"{level}: {mean}" for level, mean in pooled(counts).items())
    return "\n".join(
        (
            '"""How often findings were right. Written by `benchmarks/pii_calibration.py --write`; do not edit."""',
            "\nfrom __future__ import annotations\n",
            "SOURCES = (",
            *(f'    "{part}"' for part in sources),
            ")",
            f"POOLED: dict[float, float] = {{{means}}}",
            '"""Level -> mean over the entities that were found there."""',
            "ROWS: tuple[tuple[str, float, int, int, float, float, float], ...] = (",
            *rows,
            ")  # fmt: skip",
            '"""Entity, level, right, findings, probability, its 95 % interval."""\n',
        )
    )


def _page(reports: Mapping[str, list[Judged]], command: str) -> str:
    blocks = [f"`{command}`; the table was made from {calibration_table.SOURCES}.\n"]
    for name, findings in reports.items():
        blocks.append(f"## {name}\n")
        for title, least in (("all candidates", 0.0), (f"reported at `min_score` {REPORTED}", REPORTED)):
            blocks.append(_bins(title, reliability(findings, calibration.probability, least)))
    blocks.append(
        "## The table\n\n| entity | level | right of findings | probability | 95 % interval |\n|---|---|---|---|---|"
    )
    cells = calibration.CELLS.values()
    blocks[-1] += "".join(
        f"\n| {c.entity} | {LEVELS[c.level]} | {c.right} of {c.findings} | {c.probability:.3f} | {c.low:.3f} to {c.high:.3f} |"
        for c in cells
    )
    return "\n".join(blocks) + "\n"


def _bins(title: str, found: Reliability) -> str:
    lines = ["| said | mean said | right of findings | observed | 95 % interval (Wilson) |", "|---|---|---|---|---|"]
    for one in found.bins:
        low, high = wilson(one.right, one.findings)
        lines.append(
            f"| {one.low:g} to {one.high:g} | {one.predicted:.4f} | {one.right} of {one.findings} | "
            f"{one.right / one.findings:.4f} | {low:.4f} to {high:.4f} |"
        )
    said = f"{title}: {found.findings:,} findings, expected calibration error {found.error:.4f}, Brier score {found.brier:.4f}"
    return f"{said}\n\n" + "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make the table anew")
    parser.add_argument(
        "--real", type=Path, help="folder of real logs (*.log) that hold no personal data but addresses"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[], help="logs that the table is held against")
    parser.add_argument("--systems", choices=sorted(SYSTEMS), nargs="+", default=["dev"])
    parser.add_argument("--lines", type=int, default=LINES, help="of each log")
    parser.add_argument("--out", type=Path, help="page of Markdown below whose `<!-- measured -->` the tables go")
    parser.add_argument("--check", action="store_true", help="exit 1 where the table does not hold")
    return parser


def _write(folder: Path | None, lines: int, scanner: LineScanner) -> None:
    counts = counted(
        finding
        for source in (
            *(judged(seed, lines, "dev", scanner) for seed in SEEDS),
            *((real(folder, scanner),) if folder else ()),
        )
        for finding in source
    )
    sources = [
        f"seeds {SEEDS[0]} to {SEEDS[-1]} of the dev systems with {lines:,} lines each, ",
        f"{SPEED.plain + SPEED.encoded:.0%} of them with a value and {SPEED.look_alike:.0%} with a look-alike",
        *([", and real logs without labels"] if folder else ()),
    ]
    TABLE.write_text(table_text(counts, sources), encoding="utf-8")


def main() -> int:
    given = _parser().parse_args()
    scanner = LineScanner(0.0)
    if given.write:
        _write(given.real, given.lines, scanner)
        return 0
    reports = {
        f"{systems} systems, seeds {', '.join(map(str, given.seeds))}": [
            finding for seed in given.seeds for finding in judged(seed, given.lines, systems, scanner)
        ]
        for systems in given.systems
    }
    page = _page(reports, "python benchmarks/" + " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]))
    print(page)
    if given.out:
        head, mark, _ = given.out.read_text(encoding="utf-8").partition("<!-- measured -->\n")
        given.out.write_text(f"{head}{mark}\n{page}", encoding="utf-8")
    failed = [
        f"{name}: {failure}"
        for name, findings in reports.items()
        for least in (0.0, REPORTED)
        for failure in failures(reliability(findings, calibration.probability, least))
    ]
    for sentence in failed:
        print(f"not reached: {sentence}")
    return 1 if given.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
