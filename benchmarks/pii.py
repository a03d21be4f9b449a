"""`pii.logs` and other tools on labelled logs: precision and recall by kind, false findings, encodings, speed.

    python benchmarks/pii.py --corpus-seed 101 --systems heldout [--check]
    python benchmarks/pii.py --log LOG --labels LABELS
    python benchmarks/pii.py --presidio-research synth_dataset_v2.json
    python benchmarks/pii.py --speed [--engine re2]; --speed-of LOG...; --seven-mb; --two-gb

LABELS: JSON lines (or one JSON list, or CSV with a header) of `line`, `start`, `end`, `type`: lines from 0 (or
`--first-line 1`), columns in characters from 0, the end not included; without `line`, places in the whole file. Or an
object for each line of the log: `line` and `spans`, a list of `[start, end, type]`. A fourth, `chain`, is `plain` or the
encodings from the outside in. Types are named as in `assay explain pii.logs`, or as other tools do: `EMAIL`, `SSN`,
`IP`, `PHONE`, `API_KEY`; one that Assay does not know is counted as missed, and said. A finding counts when it overlaps a label of its kind. Recall by kind is
over plain values; encoded ones stand apart, by depth. Web addresses are not labelled and not counted. Names in prose
without a key or a cue, and test cards said to be such, are shown and in no total. Other tools see the first
`--peer-lines` lines; `--peers DIR` adds a folder of installed packages behind our own. CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import pii_speed
from pii_corpus import SYSTEMS, corpus
from pii_labels import LabelsError, read_labels
from pii_marks import Label
from pii_research import research
from pii_scoring import Score, measure, share, table
from pii_tools import ours, peers

from assay_detectors.pii.entities import NAMES

PRECISION = RECALL = ENCODED = 0.97
TIER_A = 0.99
FALSE_RATE = 1.0
KNOWN = frozenset(NAMES) | {"PERSON_IN_PROSE", "TEST_CARD", "OTHER_SECRET"}
SPEED = {"auto": 20.0, "hyperscan": 20.0, "re2": 8.0}


def failures(score: Score) -> list[str]:
    """Return the numbers of the page that this score does not reach."""
    right, findings = score.precision()
    checks = (
        ("precision", (right, findings), PRECISION),
        ("recall of plain values", score.recall(), RECALL),
        ("recall of tier A", score.tier_a(), TIER_A),
        ("recall at depth 1 and 2", score.recall(depths=(1, 2)), ENCODED),
    )
    failed = [
        f"{name} {share(pair)} is below {limit}"
        for name, pair, limit in checks
        if pair[1] and pair[0] / pair[1] < limit
    ]
    if score.false_rate > FALSE_RATE:
        failed.append(f"{score.false_rate:.2f} false findings per 1,000 clean lines are more than {FALSE_RATE:g}")
    return failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--first-line", type=int, default=0, help="what the labels call the first line of the log")
    parser.add_argument("--corpus-seed", type=int, nargs="+", default=[], help="make the log from these seeds")
    parser.add_argument("--systems", choices=sorted(SYSTEMS), nargs="+", default=["dev"])
    parser.add_argument("--lines", type=int, default=20_000, help="of each made log")
    parser.add_argument("--peer-lines", type=int, default=1000, help="lines that the other tools see; 0: none")
    parser.add_argument("--peers", type=Path, help="site-packages with other tools, searched last")
    parser.add_argument("--threshold", type=float, default=0.5, help="score threshold of Presidio")
    parser.add_argument("--engine", choices=("auto", "hyperscan", "re2", "stdlib"), default="auto")
    parser.add_argument("--presidio-research", type=Path, help="sentences with spans, as presidio-research makes them")
    parser.add_argument("--speed", action="store_true", help="MB per CPU second of a shard, on a made log")
    parser.add_argument("--speed-of", type=Path, nargs="+", metavar="LOG", help="the same, on these logs")
    parser.add_argument("--seven-mb", action="store_true", help="CPU of a scan of 700,000 short lines")
    parser.add_argument("--two-gb", action="store_true", help="memory of a scan of a file of 2 GB (soak)")
    parser.add_argument("--cases", type=int, default=0, help="print so many misses and false findings of each kind")
    parser.add_argument("--check", action="store_true", help="exit 1 where a number of the page is not reached")
    return parser


def _logs(given: argparse.Namespace) -> dict[str, tuple[list[str], dict[int, list[Label]]]]:
    logs = {}
    if given.log:
        lines = given.log.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")
        logs["the log"] = (lines, read_labels(given.labels, lines, given.first_line))
    for systems in given.systems:
        for seed in given.corpus_seed:
            entries = list(corpus(seed, given.lines, systems))
            labels = {number: entry.labels for number, entry in enumerate(entries)}
            logs[f"seed {seed}, systems {systems}"] = ([entry.text for entry in entries], labels)
    return logs


def _quality(given: argparse.Namespace) -> list[str]:
    failed, sums = [], {}
    find, others = ours(given.engine), peers(given.threshold) if given.peer_lines else {}
    for name, (lines, labels) in _logs(given).items():
        score = measure(find, lines, labels)
        print(f"\n{name}: {len(lines):,} lines\n{table([('ours', score)])}")
        print(f"in blocks, as a scan reads: {pii_speed.in_blocks(lines, given.engine):.1f} MB per CPU s")
        if strange := sorted({label.entity for row in labels.values() for label in row} - KNOWN):
            print(f"types of the labels that Assay does not know, counted as missed: {', '.join(strange)}")
        if others:
            first = lines[: given.peer_lines]
            columns = [(title, measure(tool, first, labels)) for title, tool in {"ours": find, **others}.items()]
            print(f"\n{name}: its first {len(first):,} lines\n{table(columns)}")
        _print_cases(score, given.cases)
        failed.extend(f"{name}: {failure}" for failure in failures(score))
        sums.setdefault(name.partition(", ")[2], Score()).merge(score)
    for systems, score in sums.items():
        if len(given.corpus_seed) > 1:
            print(f"\nall seeds, {systems}\n{table([('ours', score)])}")
    return failed


def _print_cases(score: Score, most: int) -> None:
    shown: dict[tuple[str, str], int] = {}
    for case in score.cases if most else ():
        key = (case.kind, case.what)
        shown[key] = shown.get(key, 0) + 1
        if shown[key] <= most:
            around = case.line[max(0, case.start - 70) : case.end + 30]
            print(f"{case.kind} {case.what} [{case.chain}] …{around}…")


def main() -> int:
    given = _parser().parse_args()
    if bool(given.log) != bool(given.labels):
        _parser().error("--log and --labels belong together")
    if given.peers:
        sys.path.append(str(given.peers))
    try:
        failed = _quality(given) if given.log or given.corpus_seed else []
    except (LabelsError, OSError) as error:
        _parser().error(f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error))
    if given.presidio_research:
        failed.extend(research(given.presidio_research, ours(given.engine)))
    if given.speed:
        failed.extend(pii_speed.shard(given.engine, SPEED.get(given.engine, 0.0)))
    if given.speed_of:
        pii_speed.real(given.engine, given.speed_of)
    if given.seven_mb:
        failed.extend(pii_speed.seven_mb())
    if given.two_gb:
        failed.extend(pii_speed.two_gb())
    for sentence in failed:
        print(f"not reached: {sentence}")
    return 1 if given.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
