"""Smallest detectable effects, held against the tests that they speak about."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.auc import auc
from assay.stats.conformal import benjamini_hochberg, conformal_p_values, excess
from assay.stats.power import (
    detectable_auc,
    detectable_proportion,
    detectable_share,
    trials_to_decide,
    trusted_rows_needed,
)
from assay.stats.proportions import clopper_pearson


def decided(n, p, limit, level=0.95):
    """Return the exact probability that the interval lies above the limit."""
    from scipy.stats import binom

    counts = [k for k in range(n + 1) if clopper_pearson(k, n, level).low > limit]
    return float(binom.pmf(counts, n, p).sum())


@given(st.integers(5, 120), st.floats(0.01, 0.9))
def test_the_detectable_proportion_is_seen_four_times_in_five(n, limit):
    p = detectable_proportion(n, limit)
    if p is None:
        assert clopper_pearson(n, n).low <= limit + 1e-9
    else:
        assert p > limit
        assert decided(n, p, limit) == pytest.approx(0.8, abs=1e-6)


def test_harm_that_lies_below_mirrors():
    assert detectable_proportion(200, 0.9, side="below") == pytest.approx(1 - detectable_proportion(200, 0.1))
    assert detectable_proportion(3, 0.5) is None


@pytest.mark.parametrize(("p", "limit"), [(0.6, 0.5), (0.5, 0.6), (0.02, 0.05), (0.999, 0.99), (0.3, 0.1)])
def test_the_trials_decide_four_times_in_five_and_fewer_hardly(p, limit):
    n = trials_to_decide(p, limit)
    assert n is not None
    high, low = (p, limit) if p > limit else (1 - p, 1 - limit)
    assert decided(n, high, low) >= 0.8
    assert decided(round(n * 0.8), high, low) < 0.8


def test_at_the_limit_no_number_decides():
    assert trials_to_decide(0.5, 0.5) is None


@pytest.mark.parametrize(("tests", "calibration", "caught"), [(1300, 500, 1.0), (300, 200, 0.6)])
def test_the_detectable_share_raises_the_alarm_four_times_in_five(tests, calibration, caught):
    share = detectable_share(tests, calibration, caught=caught)
    assert share is not None
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        strange = rng.random(tests) < share * caught
        p = conformal_p_values(rng.normal(size=calibration), np.where(strange, 9.0, rng.normal(size=tests)))
        alarms += excess(p, calibration).p_value < 0.05
    assert 0.74 <= alarms / 400 <= 0.9  # three cuts see a little more than the best of them


def test_no_share_is_detectable_with_too_few_rows():
    assert detectable_share(1, 1000, alpha=1e-6) is None
    assert detectable_share(100, 2) is None
    assert detectable_share(50, 60, caught=0.01) is None


@pytest.mark.parametrize(("rows", "selected", "q"), [(1000, 20, 0.1), (500, 1, 0.05)])
def test_the_trusted_rows_needed_are_those_that_select(rows, selected, q):
    needed = trusted_rows_needed(rows, selected, q)
    for trusted, chosen in ((needed, selected), (needed - 1, 0)):
        p = np.ones(rows)
        p[:selected] = conformal_p_values(np.zeros(trusted), np.ones(selected))
        assert benjamini_hochberg(p, q).sum() == chosen
    assert trusted_rows_needed(rows, selected, q, families=5) == pytest.approx(5 * needed, abs=5)


@pytest.mark.parametrize(("m", "n"), [(100, 100), (60, 400)])
def test_the_detectable_auc_is_seen_four_times_in_five(m, n):
    from scipy.special import ndtri

    value = detectable_auc(m, n)
    assert value is not None
    rng, shift = np.random.default_rng(0), float(ndtri(value)) * 2**0.5
    seen = sum(auc(rng.normal(shift, 1, m), rng.normal(0, 1, n)).interval.low > 0.5 for _ in range(400))
    assert 0.73 <= seen / 400 <= 0.87
    assert detectable_auc(1, 1) is None


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: detectable_proportion(0, 0.5), "n = 0"),
        (lambda: detectable_proportion(5, 1.5), "limit"),
        (lambda: trials_to_decide(2.0, 0.5), "p = 2"),
        (lambda: trials_to_decide(0.5, 1.0), "limit"),
        (lambda: detectable_share(0, 5), "tests = 0"),
        (lambda: detectable_share(5, 0), "calibration rows = 0"),
        (lambda: detectable_share(5, 5, caught=0.0), "caught"),
        (lambda: detectable_auc(0, 5), "members = 0"),
        (lambda: trusted_rows_needed(5, 6, 0.1), "selected = 6"),
    ],
)
def test_refuses_what_has_no_power(call, said):
    with pytest.raises(ValueError, match=said):
        call()
