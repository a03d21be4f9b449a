"""Alpha split over rules; Holm within a family."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats.multiplicity import holm, most_alarms, split_alpha

P = st.dictionaries(st.text(max_size=4), st.floats(0, 1), min_size=1, max_size=12)


@given(st.floats(1e-4, 0.5), st.dictionaries(st.text(max_size=4), st.floats(1e-3, 1e3), min_size=1, max_size=12))
def test_shares_follow_the_weights_and_spend_alpha(alpha, weights):
    shares = split_alpha(alpha, weights)
    assert math.fsum(shares.values()) <= alpha
    assert math.fsum(shares.values()) == pytest.approx(alpha)
    for name, weight in weights.items():
        assert shares[name] / alpha == pytest.approx(weight / sum(weights.values()))


def test_even_split():
    assert split_alpha(0.05, dict.fromkeys("abcde", 1.0)) == pytest.approx(dict.fromkeys("abcde", 0.01))


@given(P, st.floats(0.001, 0.5))
def test_holm_rejects_as_the_step_down_procedure(p_values, alpha):
    adjusted = holm(p_values)
    rejected, ordered = set(), sorted(p_values, key=lambda name: p_values[name])
    for done, name in enumerate(ordered):
        if (len(ordered) - done) * p_values[name] > alpha:
            break
        rejected.add(name)
    assert {name for name, p in adjusted.items() if p <= alpha} == rejected


@given(P)
def test_holm_lies_between_the_p_value_and_bonferroni(p_values):
    adjusted = holm(p_values)
    assert list(adjusted) == list(p_values)
    for name, p in p_values.items():
        assert p <= adjusted[name] <= min(1.0, len(p_values) * p)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: split_alpha(0.05, {}), "number of rules"),
        (lambda: split_alpha(0.0, {"a": 1.0}), "alpha"),
        (lambda: split_alpha(0.05, {"a": 0.0}), "weight of 'a'"),
        (lambda: split_alpha(0.05, {"a": math.nan}), "weight of 'a'"),
        (lambda: holm({}), "number of tests"),
        (lambda: holm({"a": math.nan}), "p-value of 'a'"),
        (lambda: holm({"a": 1.2}), "p-value of 'a'"),
    ],
)
def test_refuses_what_cannot_be_split(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("runs", "rate", "level"), [(20, 0.05, 0.99), (60, 0.01, 0.99), (1, 0.0, 0.99), (5, 1.0, 0.5), (300, 0.3, 0.9)]
)
def test_the_most_alarms_are_the_binomial_quantile(runs, rate, level):
    from scipy.stats import binom

    assert most_alarms(runs, rate, level) == int(binom.ppf(level, runs, rate))


@pytest.mark.parametrize("bad", [(0, 0.1, 0.9), (5, 1.1, 0.9), (5, 0.1, 1.0)])
def test_most_alarms_refuses_what_is_no_probability(bad):
    with pytest.raises(ValueError):
        most_alarms(*bad)
