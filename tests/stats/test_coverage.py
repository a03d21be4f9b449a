"""Every row of benchmarks/coverage.py holds its claim, in 2,000 simulations each (`make soak`)."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage.py"
SPEC = importlib.util.spec_from_file_location("coverage_of_stats", SCRIPT)
assert SPEC is not None and SPEC.loader is not None
coverage = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = coverage
SPEC.loader.exec_module(coverage)
CASES = coverage.cases()


def test_every_row_has_its_own_name_and_seed():
    assert len({case.id for case in CASES}) == len(CASES) > 40


def test_the_simulation_finds_a_method_that_lies():
    """An interval at 90 % sold as one at 95 % must fall out of the tolerance used below."""
    from assay.stats.bands import quantile_estimate

    liar = coverage.Case(
        method="liar", truth="median", n="n=400", claim=coverage.EXACT,
        one=lambda rng: coverage.held(quantile_estimate(rng.normal(size=400), 0.5, level=0.9), 0.0),
    )  # fmt: skip
    done, held, _ = liar.run(1000, 0)
    assert held < 0.95 - tolerance(0.95, done)


def tolerance(nominal, runs):
    """Three standard errors: 45 rows together raise a false alarm in about one of 15 choices of the seed."""
    return 3 * math.sqrt(nominal * (1 - nominal) / runs) if runs else 1e-9


@pytest.mark.soak
@pytest.mark.parametrize("case", [case for case in CASES if case.claim != coverage.NONE], ids=lambda case: case.id)
def test_coverage(case):
    done, held, _ = case.run(2000, 0)
    assert held >= case.nominal - tolerance(case.nominal, done)
    if case.claim == coverage.EXACT:
        assert held <= case.nominal + 0.02
