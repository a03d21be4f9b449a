"""The lower bound of epsilon: what it refutes, and that it claims nothing where there is nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.epsilon import epsilon


def mechanism(rng, truth, m=1000, n=400, share=0.2):
    """Scores of an attacker who sees, for a share of the rows, a bit that says 'member' with odds e^truth."""
    chance = math.exp(truth) / (1 + math.exp(truth))

    def scores(rows, of_members):
        bit = rng.random(rows) < (chance if of_members else 1 - chance)
        return np.where(rng.random(rows) < share, bit * 1.0, 0.5) + 1e-6 * rng.random(rows)

    return scores(m, True), scores(n, False)


@pytest.mark.parametrize("truth", [0.0, 1.0, 3.0])
def test_the_bound_is_below_the_truth_and_comes_near(truth):
    rng = np.random.default_rng(0)
    lows = [epsilon(*mechanism(rng, truth)).interval.low for _ in range(100)]
    assert sum(low > truth for low in lows) <= 10
    assert np.mean(lows) >= 0.4 * truth


def test_perfect_guesses_are_bounded_by_their_number():
    few, many = (epsilon(np.ones(n) + np.arange(n), -np.arange(n)).interval.low for n in (100, 5000))
    assert 1 < few < many < 10


def test_more_members_than_others_are_no_leak():
    rng = np.random.default_rng(1)
    found = epsilon(rng.normal(size=3000), rng.normal(size=100))
    assert found.interval.low < 0.5
    assert found.statistic.odds == 30


@given(st.integers(20, 200), st.integers(20, 200))
def test_rows_that_all_tie_claim_nothing(m, n):
    assert epsilon(np.zeros(m), np.zeros(n)).interval.low == 0


def test_a_policy_reads_the_bound_at_its_level(judged):
    rng = np.random.default_rng(2)
    found = epsilon(*mechanism(rng, 3.0), level=0.95)
    assert judged(found, 0.95).low == pytest.approx(found.interval.low)
    assert judged(found, 0.95).high is None
    lows = [judged(found, level).low for level in (0.5, 0.9, 0.99, 0.9999)]
    assert lows == sorted(lows, reverse=True)
    assert found.value >= found.interval.low


@pytest.mark.parametrize(("members", "words"), [([], "members is empty"), ([np.inf], "members holds inf")])
def test_bad_input(members, words):
    with pytest.raises(ValueError, match=words):
        epsilon(members, [0.0])
