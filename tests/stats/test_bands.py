"""DKW bands and exact quantile intervals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.bands import (
    dkw_band,
    dkw_half_width,
    misses_above,
    misses_below,
    needed_for_quantile,
    quantile_estimate,
    rank_above,
    rank_below,
)
from assay.stats.estimate import Estimate, Unresolved

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)


@given(VALUES, st.floats(-2e6, 2e6))
def test_the_band_holds_the_empirical_distribution(values, x):
    band = dkw_band(values)
    assert band.at(x).holds(np.mean(np.asarray(values) <= x))
    assert band.at(min(values) - 1).low == 0.0
    assert band.at(max(values)).high == 1.0


def test_the_half_width_is_massarts():
    assert dkw_half_width(100) == pytest.approx(math.sqrt(math.log(40) / 200))
    assert dkw_half_width(400) == pytest.approx(dkw_half_width(100) / 2)


def test_the_band_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        dkw_band([1.0, 2.0]).points[0] = 5.0


@given(st.integers(1, 500), st.floats(0.01, 0.99), st.floats(1e-4, 0.3))
def test_ranks_are_the_tightest_that_keep_the_error(n, q, tail):
    from scipy.stats import binom

    low, high = rank_below(n, q, tail), rank_above(n, q, tail)
    assert low == max([0, *(r for r in range(1, n + 1) if binom.cdf(r - 1, n, q) <= tail)])
    assert high == min([n + 1, *(r for r in range(1, n + 1) if binom.sf(r - 1, n, q) <= tail)])
    assert low == 0 or misses_below(low, n, q) <= tail
    assert high == n + 1 or misses_above(high, n, q) <= tail


def test_the_median_of_a_known_table():
    """Conover's table: n = 16, median, 95 % -> ranks 4 and 13."""
    estimate = quantile_estimate(np.arange(1, 17), 0.5)
    assert isinstance(estimate, Estimate)
    assert (estimate.interval.low, estimate.interval.high) == (4.0, 13.0)
    assert estimate.value == 8.0


@given(
    st.lists(st.integers(0, 20), min_size=60, max_size=120),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_a_policy_reads_the_interval_at_its_level(judged, values, q, level):
    estimate = quantile_estimate(values, q, 0.95)
    assert isinstance(estimate, Estimate)
    again = quantile_estimate(values, q, level)
    read = judged(estimate, level)
    if isinstance(again, Unresolved):
        assert read is None
    else:
        assert read is not None
        assert read.low <= again.interval.low
        assert read.high >= again.interval.high


@pytest.mark.parametrize(("q", "level"), [(0.5, 0.95), (0.99, 0.95), (0.001, 0.9)])
def test_refused_just_under_the_rows_needed(q, level):
    needed = needed_for_quantile(q, level)
    refused = quantile_estimate(np.arange(needed - 1), q, level)
    assert isinstance(refused, Unresolved)
    assert (refused.have, refused.needed) == (needed - 1, needed)
    assert str(needed) in refused.reason
    assert isinstance(quantile_estimate(np.arange(needed), q, level), Estimate)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dkw_band([]), "empty"),
        (lambda: dkw_band([1.0, math.nan]), "nan in row 1"),
        (lambda: dkw_band([[1.0]]), "shape"),
        (lambda: dkw_band([1.0]).at(math.nan), "NaN"),
        (lambda: dkw_half_width(0), "n = 0"),
        (lambda: quantile_estimate([1.0], 1.0), "q = 1"),
        (lambda: quantile_estimate([math.inf], 0.5), "inf in row 0"),
    ],
)
def test_refuses_what_is_no_sample(call, said):
    with pytest.raises(ValueError, match=said):
        call()
