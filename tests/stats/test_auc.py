"""AUC and its interval: ties, small groups, perfect separation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.auc import auc, stratified_auc

SCORES = st.lists(st.integers(-6, 6), min_size=1, max_size=40)


@given(SCORES, SCORES)
def test_is_the_share_of_ordered_pairs_ties_half(members, others):
    pairs = [1.0 if x > y else 0.5 if x == y else 0.0 for x in members for y in others]
    estimate = auc(members, others)
    assert estimate.value == pytest.approx(np.mean(pairs))
    assert estimate.interval.holds(estimate.value)
    assert 0 <= estimate.interval.low <= estimate.interval.high <= 1
    assert estimate.n == len(members) + len(others)


@given(SCORES, SCORES)
def test_swapping_the_groups_mirrors_the_interval(members, others):
    one, other = auc(members, others).interval, auc(others, members).interval
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


@given(SCORES, SCORES)
def test_only_the_order_matters(members, others):
    assert auc(np.exp(members), np.exp(others)).interval == auc(members, others).interval


def test_the_variance_is_that_of_brunner_and_munzel():
    from scipy.special import stdtr
    from scipy.stats import brunnermunzel

    rng = np.random.default_rng(0)
    members, others = rng.integers(0, 9, 40), rng.integers(1, 12, 70)
    test = brunnermunzel(members, others)
    a, b = (
        np.array([[1.0 if x > y else 0.5 if x == y else 0.0 for y in others] for x in members]).mean(axis=axis)
        for axis in (1, 0)
    )
    spread = a.var(ddof=1) / a.size + b.var(ddof=1) / b.size
    value = auc(members, others).value
    assert abs(value - 0.5) / math.sqrt(spread) == pytest.approx(abs(test.statistic), rel=1e-9)
    low, high = (getattr(auc(members, others).interval, end) for end in ("low", "high"))
    middle, half = math.log(value / (1 - value)), (math.log(high / (1 - high)) - math.log(low / (1 - low))) / 2
    assert math.log(low / (1 - low)) == pytest.approx(middle - half)
    z = half * value * (1 - value) / math.sqrt(spread)
    freedom = spread**2 / ((a.var(ddof=1) / a.size) ** 2 / (a.size - 1) + (b.var(ddof=1) / b.size) ** 2 / (b.size - 1))
    assert 2 * (1 - float(stdtr(freedom, z))) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("n", [1, 5, 50, 1000])
def test_perfect_separation_is_not_certainty(n):
    estimate = auc(np.arange(n) + n, np.arange(n))
    assert estimate.value == estimate.interval.high == 1.0
    assert estimate.interval.method == "hoeffding"
    assert estimate.interval.low == pytest.approx(0.025 ** (1 / n), abs=1e-6)


def test_constant_scores_are_chance_not_certainty():
    estimate = auc(np.zeros(40), np.zeros(40))
    assert estimate.value == 0.5
    assert estimate.interval.low < 0.35 < 0.65 < estimate.interval.high


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.999, 1 - 0.05 / 13])
def test_a_policy_reads_the_interval_at_its_level_or_wider(judged, shift, level):
    rng = np.random.default_rng(5)
    members, others = rng.normal(shift, 1, 150), rng.normal(0, 1, 200)
    read, direct = judged(auc(members, others), level), auc(members, others, level).interval
    assert read.low <= direct.low + 1e-9
    assert read.high >= direct.high - 1e-9
    assert read.high - read.low <= (direct.high - direct.low) * 1.15


def test_a_yes_or_no_score_with_few_yes_is_not_trusted_to_the_normal():
    few, enough = (auc(np.arange(400) % 10 < 3, np.arange(n) % 10 < 1) for n in (40, 200))
    assert (few.interval.method, enough.interval.method) == ("hoeffding", "delong-logit")
    assert few.interval.low < 0.5 < enough.interval.low


def test_strata_need_no_common_scale():
    rng = np.random.default_rng(7)
    folds = [(rng.normal(1000 * f, 1, 50), rng.normal(1000 * f, 1, 50)) for f in range(4)]
    estimate = stratified_auc(folds)
    assert estimate.interval.holds(0.5)
    assert estimate.interval.high - estimate.interval.low < 0.2
    assert stratified_auc(folds[:1]) == auc(*folds[0])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: auc([], [1.0]), "members is empty"),
        (lambda: auc([1.0], []), "non_members is empty"),
        (lambda: auc([math.nan], [1.0]), "nan in row 0"),
        (lambda: auc([1.0], [1.0], level=1.0), "level"),
        (lambda: stratified_auc([]), "no stratum"),
    ],
)
def test_one_group_is_no_auc(call, said):
    with pytest.raises(ValueError, match=said):
        call()
