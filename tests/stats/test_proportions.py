"""Clopper-Pearson and Wilson against scipy, and what cannot be an interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.proportions import clopper_pearson, lower, proportion, upper, wilson

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
LEVELS = st.sampled_from([0.5, 0.8, 0.95, 0.99, 0.9999])


@pytest.mark.parametrize(("ours", "theirs"), [(clopper_pearson, "exact"), (wilson, "wilson")], ids=["exact", "wilson"])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 30), (30, 30), (7, 30), (1, 100_000), (49_000, 100_000)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_agrees_with_scipy(ours, theirs, k, n, level):
    from scipy.stats import binomtest

    reference = binomtest(k, n).proportion_ci(level, theirs)
    interval = ours(k, n, level)
    assert (interval.low, interval.high) == pytest.approx((reference.low, reference.high), rel=1e-8, abs=1e-12)


@given(COUNTS, LEVELS)
def test_holds_its_share_and_mirrors(counts, level):
    k, n = counts
    for method in (clopper_pearson, wilson):
        interval, mirrored = method(k, n, level), method(n - k, n, level)
        assert interval.holds(k / n)
        assert 0 <= interval.low <= interval.high <= 1
        assert (interval.low, interval.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low), abs=1e-9)


@given(COUNTS, st.floats(1e-6, 0.4))
def test_an_end_is_where_the_tail_probability_is_the_error(counts, tail):
    from scipy.special import bdtr, bdtrc

    k, n = counts
    if k:
        assert float(bdtrc(k - 1, n, lower(k, n, tail))) == pytest.approx(tail, rel=1e-6)
    if k < n:
        assert float(bdtr(k, n, upper(k, n, tail))) == pytest.approx(tail, rel=1e-6)


@given(COUNTS, st.sampled_from([0.9, 0.95, 0.999]))
def test_a_policy_recomputes_the_same_interval(counts, level):
    from assay.model.confidence import clopper_pearson as recomputed

    k, n = counts
    interval = proportion(k, n, level).interval
    assert (interval.low, interval.high) == pytest.approx(recomputed(k, n, level), abs=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "level", "said"),
    [
        (0, 0, 0.95, "n = 0"),
        (-1, 5, 0.95, "k = -1"),
        (6, 5, 0.95, "k = 6"),
        (1, 5, 1.0, "level"),
        (1, 5, float("nan"), "level"),
    ],
)
@pytest.mark.parametrize("method", [clopper_pearson, wilson, proportion])
def test_refuses_what_is_no_proportion(method, k, n, level, said):
    with pytest.raises(ValueError, match=said):
        method(k, n, level)
