"""The symbolic unpickler against CPython's C and Python unpicklers, on pickles made at random from a seed.

For each pickle both unpicklers run with a `find_class` that imports nothing, and note every import and call. Then:

- a reading without findings and without gaps: both reach STOP, neither imports or calls anything that is not trusted;
- a complete reading: imports and calls of all three are the same (where a name is computed, or stands in the
  registry of extensions, it must be a finding, and the other names must be among ours);
- every second block runs with a memo that is held in full for 6 entries only and with runs from 8 bytes on, so that
  what serves long pickles is compared on short ones; a name that was not kept may be a finding without its name;
- any other reading says that it is not complete, and is no verdict of "clean".

    python benchmarks/pickle_parity.py --count 1000000 --processes 2 --check
"""

from __future__ import annotations

import argparse
import platform
import random
import resource
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from pickle_mutations import Mutations
from pickle_programs import program
from pickle_recorder import REGISTERED, Seen, both, register

from assay.targets import sniff
from assay.targets.allowlist import trusted
from assay_detectors.artifact import alike, machine, runs
from assay_detectors.artifact.pickles import read_pickles
from assay_detectors.artifact.reader import Reader
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held

EXTENSIONS = {".".join(pair) for pair in REGISTERED.values()}
BLOCK = 5_000
MEMORY = 3 << 30
"""Bytes of a process: a memo index or a length may make CPython ask for more."""


@dataclass
class Reading:
    """What we say of one pickle."""

    complete: bool
    findings: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    data: bool = False
    """Its bytes look like data that no loader executes."""

    @property
    def outcome(self) -> str:
        """clean, findings or unknown."""
        return "findings" if self.findings else "clean" if self.complete else "unknown"


def ours(data: bytes) -> Reading:
    """Read as the scanner does: by content, then as a pickle."""
    form = sniff.sniff_bytes(data)
    if form not in sniff.PICKLES:
        return Reading(form in sniff.DATA, data=form in sniff.DATA)
    report = Report(listing=[])
    reader = Reader()
    read_pickles(Held(data), report, reader.budget, reader.nested, joblib=True)
    reading = Reading(not report.reasons, {f["name"] for f in report.findings})
    for entry in report.listing or ():
        if entry["member"] is None and entry["what"] in ("imports", "calls"):
            (reading.imports if entry["what"] == "imports" else reading.calls).add(entry["name"])
    return reading


def _untrusted(names: set[str]) -> set[str]:
    return {name for name in names if not trusted(*(name.rpartition(".")[::2] if name.count(".") else ("", name)))}


def disagreement(data: bytes, reading: Reading, native: Seen, python: Seen, tight: bool) -> str:
    """Return what is wrong with our reading, or an empty text."""
    if reading.data:
        called = native.calls | python.calls
        acting = {name for name in _untrusted(called) if all(part.isidentifier() for part in name.split("."))}
        return f"called data, and it calls {acting}" if acting else ""
    if not reading.complete:
        return ""
    if not reading.findings:
        for seen in (native, python):
            if not seen.stopped or seen.computed or seen.changes or _untrusted(seen.imports):
                return f"clean, but {seen}"
    extension = any(name.startswith("copyreg extension") for name in reading.findings)
    unknown = extension or "<computed>" in reading.findings | reading.calls
    if tight and "<computed>" in reading.findings:
        return ""
    for seen in (native, python):
        named = seen.imports - EXTENSIONS if extension else seen.imports
        called = seen.calls - EXTENSIONS if extension else seen.calls
        changed = seen.changes - EXTENSIONS if extension else seen.changes
        if named - reading.imports or called - reading.calls or changed - reading.findings - reading.imports:
            return f"less than CPython: {seen} {reading}"
        if not unknown and (named != reading.imports or called != reading.calls):
            return f"more than CPython: {seen} {reading}"
    return ""


def _tighten(tight: bool) -> None:
    """Set the limits from which on the reading holds less, or takes runs of values at one go."""
    machine.FULL_MEMO = 6 if tight else 300_000
    runs.LEAST = 8 if tight else 48
    runs.OLD_FROM = 0
    alike.BYTES_A_SHAPE = 1 if tight else 1 << 14


def block(seed: int, count: int) -> tuple[Counter[str], list[str], float]:
    """Compare `count` pickles; return counts, the first disagreements and the CPU seconds."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    register()
    tight = bool(seed % 2)
    _tighten(tight)
    started = time.process_time()
    rng, mutations = random.Random(seed), Mutations()
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for _ in range(count):
        kind = "mutation" if rng.random() < 0.3 else "program"
        data = mutations.make(rng) if kind == "mutation" else program(rng)
        reading = ours(data)
        native, python = both(data)
        counts[f"{kind} {reading.outcome}"] += 1
        counts[f"{kind} acting"] += bool(_untrusted(native.imports | python.imports))
        counts[f"{kind} complete"] += reading.complete
        counts[f"{kind} differ"] += (native.imports, native.calls) != (python.imports, python.calls)
        if problem := disagreement(data, reading, native, python, tight):
            counts[f"{kind} wrong"] += 1
            if len(wrong) < 20:
                wrong.append(f"{data!r}: {problem}")
    return counts, wrong, time.process_time() - started


def main() -> int:
    """Run all blocks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit with 1 where anything disagrees")
    given = parser.parse_args()
    sizes = [min(BLOCK, given.count - start) for start in range(0, given.count, BLOCK)]
    seeds = [given.seed * 1_000_003 + index for index in range(len(sizes))]
    total: Counter[str] = Counter()
    wrong: list[str] = []
    cpu = 0.0
    with ProcessPoolExecutor(given.processes) as pool:
        for counts, problems, seconds in pool.map(block, seeds, sizes):
            total += counts
            wrong += problems
            cpu += seconds
    print(f"{platform.python_implementation()} {platform.python_version()}, seed {given.seed}, {cpu:.0f} CPU s")
    columns = ("clean", "findings", "unknown", "complete", "acting", "differ", "wrong")
    print("| kind | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns))
    for kind in ("program", "mutation"):
        print(f"| {kind} | " + " | ".join(f"{total[f'{kind} {column}']:,}" for column in columns) + " |")
    for line in wrong[:20]:
        print(line[:1500])
    return int(bool(given.check and wrong))


if __name__ == "__main__":
    sys.exit(main())
