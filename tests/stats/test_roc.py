"""TPR at a fixed FPR: the resolution rule, the threshold that is estimated, ties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.estimate import Estimate, Unresolved
from assay.stats.roc import non_members_needed, refusal, threshold_at, tpr_at_fpr

RNG = np.random.default_rng(11)


@pytest.mark.parametrize(("fpr", "needed"), [(0.001, 2995), (0.0001, 29956), (0.01, 299), (0.05, 59), (0.1, 29)])
def test_the_rows_that_a_rate_needs(fpr, needed):
    assert non_members_needed(fpr) == needed
    assert (1 - fpr) ** needed <= 0.05 < (1 - fpr) ** (needed - 1)
    assert refusal(fpr, needed) is None
    refused = refusal(fpr, needed - 1)
    assert isinstance(refused, Unresolved)
    assert f"needs {needed} non-members, there are {needed - 1}" in refused.reason


def test_german_credit_is_refused_with_the_number_needed():
    refused = tpr_at_fpr(RNG.normal(size=500), RNG.normal(size=500), 0.001)
    assert refused == Unresolved(
        reason="FPR 0.001 at 0.95 needs 2995 non-members, there are 500", have=500, needed=2995
    )


@given(st.lists(st.integers(0, 30), min_size=60, max_size=200), st.sampled_from([0.05, 0.1, 0.3]))
def test_the_threshold_keeps_the_rate_and_is_the_lowest(scores, fpr):
    at = threshold_at(scores, fpr)
    others = np.asarray(scores)
    assert np.mean(others > at) <= fpr + 1e-12
    lower = others[others < at]
    assert not lower.size or np.mean(others > lower.max()) > fpr


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200), st.lists(st.integers(0, 30), min_size=60, max_size=200))
def test_the_value_lies_in_its_interval(members, others):
    estimate = tpr_at_fpr(members, others, 0.1)
    assert isinstance(estimate, Estimate)
    assert estimate.value == pytest.approx(np.mean(np.asarray(members) > threshold_at(others, 0.1)))
    assert estimate.interval.holds(estimate.value)


def test_wider_than_with_a_known_threshold():
    from assay.stats.proportions import clopper_pearson

    members, others = RNG.normal(1, 1, 400), RNG.normal(0, 1, 400)
    estimate = tpr_at_fpr(members, others, 0.05)
    assert isinstance(estimate, Estimate)
    known = clopper_pearson(round(estimate.value * 400), 400)
    assert estimate.interval.low < known.low
    assert estimate.interval.high > known.high


def test_narrows_towards_clopper_pearson_as_non_members_grow():
    members = RNG.normal(1, 1, 400)
    few, many = (tpr_at_fpr(members, RNG.normal(0, 1, n), 0.05) for n in (200, 200_000))
    assert isinstance(few, Estimate) and isinstance(many, Estimate)
    assert many.interval.high - many.interval.low < (few.interval.high - few.interval.low) / 1.5
    assert many.interval.high - many.interval.low < 0.14


def test_a_leak_is_above_chance_and_no_leak_is_not():
    others = RNG.normal(0, 1, 4000)
    leak, none = (tpr_at_fpr(RNG.normal(shift, 1, 4000), others, 0.01) for shift in (2.0, 0.0))
    assert isinstance(leak, Estimate) and isinstance(none, Estimate)
    assert leak.interval.low > 0.1
    assert none.interval.holds(0.01)


def test_constant_scores_find_nobody():
    estimate = tpr_at_fpr(np.zeros(100), np.zeros(400), 0.01)
    assert isinstance(estimate, Estimate)
    assert estimate.value == 0.0
    assert estimate.interval.low == 0.0


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99, 1 - 0.05 / 13])
def test_a_policy_reads_an_interval_at_its_level(judged, level):
    members, others = RNG.normal(1, 1, 800), RNG.normal(0, 1, 2000)
    estimate, direct = tpr_at_fpr(members, others, 0.01), tpr_at_fpr(members, others, 0.01, level)
    assert isinstance(estimate, Estimate) and isinstance(direct, Estimate)
    read = judged(estimate, level)
    assert read.low == pytest.approx(direct.interval.low, abs=0.03)
    assert read.high == pytest.approx(direct.interval.high, abs=0.03)
    assert judged(estimate, 0.9999).low <= read.low


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tpr_at_fpr([], [1.0], 0.1), "members is empty"),
        (lambda: tpr_at_fpr([1.0], [], 0.1), "non_members is empty"),
        (lambda: tpr_at_fpr([1.0], [math.inf], 0.1), "inf in row 0"),
        (lambda: tpr_at_fpr([1.0], [1.0], 0.0), "fpr = 0"),
        (lambda: tpr_at_fpr([1.0], [1.0], 0.1, level=2.0), "level"),
        (lambda: refusal(0.1, 0), "non-members = 0"),
        (lambda: threshold_at([1.0], 1.0), "fpr = 1"),
    ],
)
def test_refuses_what_has_no_rate(call, said):
    with pytest.raises(ValueError, match=said):
        call()
