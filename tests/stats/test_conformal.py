"""Conformal p-values, their excess, the share of outliers, the rows selected."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.conformal import (
    benjamini_hochberg,
    beta_binomial_tail,
    conformal_p_values,
    excess,
    outlier_share,
    usable_ranks,
)
from assay.stats.estimate import Estimate, Unresolved

SCORES = st.lists(st.integers(0, 12), min_size=1, max_size=60)


def planted(share, seed=0, trusted=500, tested=1300):
    """Return p-values of rows of which the first ones are strange."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=tested)
    scores[: round(share * tested)] += 6
    return conformal_p_values(rng.normal(size=trusted), scores)


@given(SCORES, SCORES)
def test_counts_the_trusted_rows_at_least_as_strange(trusted, tested):
    p = conformal_p_values(trusted, tested)
    assert p == pytest.approx([(1 + sum(t >= s for t in trusted)) / (len(trusted) + 1) for s in tested])


@given(SCORES, SCORES, st.integers(0, 2**32))
def test_random_ties_only_lower_a_p_value_and_keep_the_order(trusted, tested, seed):
    p, exact = conformal_p_values(trusted, tested), conformal_p_values(trusted, tested, tie_seed=seed)
    strictly = np.array([(1 + sum(t > s for t in trusted)) / (len(trusted) + 1) for s in tested])
    assert (exact <= p + 1e-12).all()
    assert (exact >= strictly - 1e-12).all()
    assert (exact == conformal_p_values(trusted, tested, tie_seed=seed)).all()


@given(st.integers(1, 60), st.integers(1, 80), st.data())
def test_the_tail_is_beta_binomial(tests, calibration, data):
    from scipy.stats import betabinom, hypergeom

    rank = data.draw(st.integers(1, calibration))
    count = data.draw(st.integers(0, tests))
    tail = beta_binomial_tail(count, tests, rank, calibration)
    assert tail == pytest.approx(
        float(betabinom.sf(count - 1, tests, rank, calibration + 1 - rank)), rel=1e-7, abs=1e-13
    )
    by_ranks = hypergeom.sf(count - 1, tests + calibration, tests, count + rank - 1) if count else 1.0
    assert tail == pytest.approx(float(by_ranks), rel=1e-7, abs=1e-13)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_planted_outliers_show_and_their_share_is_bounded(share):
    p = planted(share)
    found, estimate = excess(p, 500), outlier_share(p, 500)
    assert not isinstance(found, Unresolved) and isinstance(estimate, Estimate)
    assert found.p_value < 1e-4
    assert found.count > found.expected
    assert 0 < estimate.interval.low <= share
    assert estimate.interval.high == 1.0
    separated = outlier_share(p, 500, separated=True)
    assert isinstance(separated, Estimate)
    assert separated.interval.holds(share)
    assert separated.interval.high < share + 0.1


def test_clean_rows_show_nothing():
    p = planted(0.0)
    found, estimate = excess(p, 500), outlier_share(p, 500)
    assert not isinstance(found, Unresolved) and isinstance(estimate, Estimate)
    assert found.p_value > 0.05
    assert estimate.interval.low == 0.0
    assert not benjamini_hochberg(p, 0.1).any()


def test_a_binomial_test_would_cry_wolf():
    """Few trusted rows: their luck is shared by all p-values, and the test must know it."""
    from scipy.stats import binomtest

    alarms = naive = 0
    for seed in range(200):
        p = planted(0.0, seed, trusted=60, tested=2000)
        found = excess(p, 60, cuts=(0.2,))
        assert not isinstance(found, Unresolved)
        alarms += found.p_value <= 0.05
        naive += binomtest(found.count, 2000, found.cut, "greater").pvalue <= 0.05
    assert alarms <= 22
    assert naive > 60


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=60), st.floats(0.01, 0.5))
def test_selection_agrees_with_scipy(p, q):
    from scipy.stats import false_discovery_control

    adjusted = false_discovery_control(p)
    clear = np.abs(adjusted - q) > 1e-9
    assert (benjamini_hochberg(p, q)[clear] == (adjusted <= q)[clear]).all()


def test_selection_finds_the_planted_rows():
    chosen = benjamini_hochberg(planted(0.1), 0.1)
    assert chosen[:130].mean() > 0.9
    assert chosen[130:].sum() <= 30


def test_too_few_trusted_rows_are_named():
    p = conformal_p_values([1.0, 2.0], [3.0])
    for refused in (excess(p, 2), outlier_share(p, 2)):
        assert isinstance(refused, Unresolved)
        assert (refused.have, refused.needed) == (2, 4)
    assert usable_ranks(4) == [1]
    assert usable_ranks(3) == []


@pytest.mark.parametrize("level", [0.9, 0.99, 1 - 0.05 / 13])
def test_a_policy_reads_the_share_at_its_level_or_wider(judged, level):
    p = planted(0.1)
    estimate, direct = outlier_share(p, 500), outlier_share(p, 500, level)
    assert isinstance(estimate, Estimate) and isinstance(direct, Estimate)
    read = judged(estimate, level)
    assert direct.interval.low - 0.01 < read.low <= direct.interval.low + 1e-9


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: conformal_p_values([], [1.0]), "calibration is empty"),
        (lambda: conformal_p_values([1.0], []), "tests is empty"),
        (lambda: conformal_p_values([1.0], [math.nan]), "nan in row 0"),
        (lambda: excess([], 10), "empty"),
        (lambda: excess([0.5], 0), "calibration rows = 0"),
        (lambda: excess([0.0], 10), r"lies in \(0, 1\]"),
        (lambda: excess([1.5], 10), r"lies in \(0, 1\]"),
        (lambda: excess([0.5], 10, cuts=()), "number of cuts"),
        (lambda: excess([0.5], 10, cuts=(1.0,)), "cut = 1"),
        (lambda: outlier_share([0.5], 10, level=1.0), "level"),
        (lambda: benjamini_hochberg([0.5], 0.0), "q = 0"),
        (lambda: beta_binomial_tail(1, 5, 6, 5), "rank = 6"),
    ],
)
def test_refuses_what_is_no_test(call, said):
    with pytest.raises(ValueError, match=said):
        call()
