"""Coverage of every interval and size of every test of `assay.stats`, by simulation.

    python benchmarks/coverage.py [--runs 2000] [--seed 0] [--jobs 2] [--check]

One row per method and truth: how often the interval held the truth (for a test: how often it raised no alarm on clean
data), beside what the method promises. Confidence sequences are not simulated: the probability that any of the looks
errs is computed exactly, by recursion over the counts. `--check`, as in `make soak`, ends with 1 where a row breaks its
claim.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.common import one_thread  # noqa: E402
from benchmarks.coverage_intervals import bands, bootstraps, proportions, sequences  # noqa: E402
from benchmarks.coverage_scores import aucs, binary_aucs, conformal, epsilons, gates, labels, tprs  # noqa: E402
from benchmarks.simulation import Case  # noqa: E402

FAMILIES = (
    proportions, sequences, bands, aucs, binary_aucs, tprs, conformal, epsilons, labels, bootstraps, gates,
)  # fmt: skip


def cases() -> list[Case]:
    """Return every row, cheap ones first."""
    return [case for family in FAMILIES for case in family()]


def run(asked: tuple[int, int, int]) -> tuple[int, float, float, float]:
    """Run the row with this index; return (simulations, coverage, mean width, CPU seconds)."""
    index, runs, seed = asked
    started = time.process_time()
    return *cases()[index].run(runs, seed), time.process_time() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--check", action="store_true")
    one_thread()
    asked = parser.parse_args()
    print("| method | truth | n | nominal | coverage | Monte-Carlo error | mean width | runs | claim |")
    print("|---|---|---|---|---|---|---|---|---|")
    every, spent, bad = cases(), 0.0, []
    with multiprocessing.Pool(asked.jobs) as pool:
        results = pool.imap(run, [(index, asked.runs, asked.seed) for index in range(len(every))])
        for case, (done, coverage, mean, cpu) in zip(every, results, strict=True):
            error = f"{1.96 * math.sqrt(case.nominal * (1 - case.nominal) / done):.4f}" if done else "none"
            print(
                f"| {case.method} | {case.truth} | {case.n} | {case.nominal:g} | {coverage:.4f} | {error} "
                f"| {f'{mean:.4f}' if mean else '–'} | {done or 'computed'} | {case.claim} |",
                flush=True,
            )
            spent += cpu
            bad += [case.id] if case.fails(done, coverage) else []
    print(f"\n{spent:.0f} CPU seconds")
    for name in bad:
        print(f"breaks its claim: {name}", file=sys.stderr)
    return 1 if bad and asked.check else 0


if __name__ == "__main__":
    sys.exit(main())
