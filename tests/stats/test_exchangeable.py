"""The exchangeability gate: the age shift that looks like leakage, and its random twin."""

import numpy as np
import pytest

from assay.stats.estimate import Unresolved
from assay.stats.exchangeable import Gate, exchangeability


def people(seed, n=300):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.integers(18, 80, n), rng.normal(size=(n, 3))]).astype(float)


def test_members_under_40_and_the_others_over_are_not_comparable():
    rows = people(0, 600)
    gate = exchangeability(rows[rows[:, 0] < 40], rows[rows[:, 0] >= 40], seed=0)
    assert isinstance(gate, Gate)
    assert not gate.exchangeable
    assert gate.auc.interval.low > 0.9
    assert "differ by themselves" in gate.reason


def test_a_random_split_is():
    gate = exchangeability(people(1), people(2), seed=0)
    assert isinstance(gate, Gate)
    assert gate.exchangeable
    assert gate.auc.interval.low <= 0.5
    assert gate.detectable is not None and 0.5 < gate.detectable < 0.65
    assert f"{gate.detectable:.3f}" in gate.reason


def test_a_band_in_the_middle_needs_the_forest():
    rows = people(3, 900)
    middle = (rows[:, 0] > 35) & (rows[:, 0] < 62)
    gate = exchangeability(rows[middle], rows[~middle], seed=0)
    assert isinstance(gate, Gate)
    assert gate.classifier == "forest"
    assert not gate.exchangeable
    alone = exchangeability(rows[middle], rows[~middle], seed=0, classifiers=("logistic",))
    assert isinstance(alone, Gate)
    assert alone.auc.value < gate.auc.value


def test_a_gap_that_only_one_group_has_is_seen():
    members, others = people(4), people(5)
    members[:100, 2] = np.nan
    gate = exchangeability(members, others, seed=0, classifiers=("logistic",))
    assert isinstance(gate, Gate)
    assert not gate.exchangeable


def test_same_seed_same_answer():
    first, again = (exchangeability(people(1, 60), people(2, 60), seed=5) for _ in range(2))
    assert first == again


def test_constant_columns_tell_nothing():
    gate = exchangeability(np.ones((40, 2)), np.ones((40, 2)), seed=0)
    assert isinstance(gate, Gate)
    assert gate.exchangeable
    assert gate.auc.value == 0.5


def test_huge_values_do_not_overflow():
    gate = exchangeability(people(1, 50) * 1e306, people(2, 50) * 1e306, seed=0, classifiers=("logistic",))
    assert isinstance(gate, Gate)
    assert gate.exchangeable


def test_twenty_rows_are_too_few():
    refused = exchangeability(people(0, 20), people(1, 200), seed=0)
    assert refused == Unresolved(
        reason="the exchangeability gate needs 25 rows in each group, one has 20", have=20, needed=25
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exchangeability([1.0], [[1.0]], seed=0), "members has shape"),
        (lambda: exchangeability(np.ones((5, 0)), np.ones((5, 0)), seed=0), "members has shape"),
        (lambda: exchangeability(np.ones((5, 2)), np.ones((5, 3)), seed=0), "same columns"),
        (lambda: exchangeability([[1.0]], [[np.inf]], seed=0), "non_members is infinite in row 0"),
        (lambda: exchangeability([[1.0]], [[1.0]], seed=0, level=0.0), "level"),
        (lambda: exchangeability([[1.0]], [[1.0]], seed=0, classifiers=("oracle",)), "unknown classifier 'oracle'"),
        (lambda: exchangeability([[1.0]], [[1.0]], seed=0, classifiers=()), "unknown classifier"),
    ],
)
def test_refuses_what_is_no_table(call, said):
    with pytest.raises(ValueError, match=said):
        call()
