"""The simulations of benchmarks/coverage.py can fail; `make soak` runs them, 2,000 each."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import simulation  # noqa: E402
from benchmarks.coverage import cases  # noqa: E402

CASES = cases()


def test_every_row_has_its_own_name_and_seed():
    assert len({case.id for case in CASES}) == len(CASES) > 50


def test_every_row_can_be_run():
    for case in CASES:
        if case.one is not None:
            done, held, _ = case.run(2, 1)
            assert done >= 1 and 0 <= held <= 1, case.id


def test_the_simulation_finds_an_interval_that_lies():
    """An interval at 90 % sold as one at 95 % must fall out of the tolerance; so must an exact one that is too wide."""
    from assay.stats.bands import quantile_estimate

    def sold(level, claim):
        return simulation.Case(
            method="liar", truth="median", n="n=400", claim=claim,
            one=lambda rng: simulation.held(quantile_estimate(rng.normal(size=400), 0.5, level=level), 0.0),
        )  # fmt: skip

    for level, claim, fails in (
        (0.9, simulation.EXACT, True),
        (0.9, simulation.NONE, False),
        (0.95, simulation.EXACT, False),
        (0.995, simulation.EXACT, True),
        (0.995, simulation.CONSERVATIVE, False),
    ):
        case = sold(level, claim)
        done, held, _ = case.run(1000, 0)
        assert case.fails(done, held) is fails, (level, claim, held)


def test_a_test_with_too_many_alarms_is_found():
    liar = simulation.Case(
        method="liar", truth="clean", n="t", claim=simulation.CONSERVATIVE, one=lambda rng: (rng.random() > 0.08, 0.0)
    )
    done, held, _ = liar.run(2000, 0)
    assert liar.fails(done, held)
    assert np.isclose(held, 0.92, atol=0.02)
