"""The contamination test: exact under exchangeability, strong for wrong labels, honest about their number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats.contamination import Contest, contest, together
from assay.stats.estimate import Unresolved


def scores(rng, trusted=200, tested=500, share=0.0, apart=4.0):
    """Return a contest of normal scores, in which a share of the tested rows is `apart` deviations stranger."""
    own = rng.normal(size=trusted + tested)
    known = np.arange(len(own)) < trusted
    bad = trusted + np.arange(round(share * tested))
    own[bad] += apart
    wrong = rng.normal(apart, 1, len(own))
    found = contest(own, known, wrong, known, seed=int(rng.integers(2**32)), draws=4000)
    assert isinstance(found, Contest)
    return found


def test_wrong_labels_give_a_small_p_and_clean_ones_do_not():
    rng = np.random.default_rng(0)
    assert scores(rng, share=0.05).p_value < 0.001
    assert scores(rng).p_value > 0.01


def test_the_low_end_is_never_above_the_number_and_comes_near_it():
    rng = np.random.default_rng(1)
    counts = [scores(rng, share=0.1, apart=6.0).least(0.025) for _ in range(20)]
    assert sum(count > 50 for count in counts) <= 2
    assert np.mean(counts) > 35


def test_the_estimated_share_is_right_on_the_average():
    rng = np.random.default_rng(2)
    for share in (0.02, 0.05, 0.2):
        values = [together([(scores(rng, tested=1000, share=share), 1.0)]).share.value for _ in range(10)]
        assert np.mean(values) == pytest.approx(share, rel=0.3)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.3))
def test_a_removed_row_never_makes_the_rest_stranger(seed, share):
    found = scores(np.random.default_rng(seed), 60, 120, share)
    tails = (0.4, 0.1, 0.025, 0.001)
    counts = [found.least(tail) for tail in tails]
    assert counts == sorted(counts, reverse=True)
    assert (found.least(0.05) > 0) == (found.p_value <= 0.05)


def test_the_power_is_that_of_an_experiment():
    rng = np.random.default_rng(3)
    promised = np.mean([scores(rng, tested=400, apart=2.0).power(0.05, 0.05) for _ in range(10)])
    seen = np.mean([scores(rng, tested=400, share=0.05, apart=2.0).p_value <= 0.05 for _ in range(80)])
    assert seen == pytest.approx(promised, abs=0.17)
    assert 0.4 < promised < 0.8


def test_power_grows_with_the_share_and_with_alpha():
    found = scores(np.random.default_rng(4))
    assert found.power(0.01, 0.01) <= found.power(0.05, 0.01) <= found.power(0.05, 0.05)


def test_there_is_no_power_below_the_smallest_p_value():
    found = scores(np.random.default_rng(4), share=0.0)
    assert found.power(0.2, 1e-3) > 0.99
    assert found.power(0.2, 0.9 / 4001) == 0.0  # 4,000 permutations


def test_chances_point_at_the_wrong_rows():
    found = scores(np.random.default_rng(5), share=0.1, apart=6.0)
    chances = found.chances(0.1)
    assert (chances[200:250] > 0.5).mean() > 0.9
    assert (chances[250:] > 0.5).mean() < 0.01
    assert chances.max() <= 1


def test_two_scores_share_the_error_rate():
    rng = np.random.default_rng(6)
    one, other = scores(rng, share=0.1), scores(rng)
    both = together([(one, 0.5), (other, 0.5)])
    assert both.p_value == pytest.approx(min(1, 2 * min(one.p_value, other.p_value)))
    assert both.share.interval.low <= both.share.value
    assert both.share.interval.high == 1.0


def test_a_policy_reads_the_share_at_its_level_or_wider(judged):
    share = together([(scores(np.random.default_rng(7), share=0.1, apart=6.0), 1.0)]).share
    lows = [judged(share, level).low for level in (0.5, 0.9, 0.95, 0.99, 0.999)]
    assert lows == sorted(lows, reverse=True)
    assert lows[2] == pytest.approx(share.interval.low)


def test_the_same_seed_gives_the_same_number():
    pair = [scores(np.random.default_rng(8), share=0.02).p_value for _ in range(2)]
    assert pair[0] == pair[1]


def test_rows_that_all_tie_are_no_evidence():
    known = np.arange(40) < 20
    assert contest(np.zeros(40), known, np.zeros(40), known, seed=0).p_value == 1.0


@pytest.mark.parametrize(
    ("trusted", "tested", "words"), [(3, 50, "4 trusted rows, there are 3"), (50, 2, "4 tested rows")]
)
def test_too_few_rows_are_refused_with_the_number_needed(trusted, tested, words):
    known = np.arange(trusted + tested) < trusted
    found = contest(np.zeros(len(known)), known, np.ones(len(known)), known, seed=0)
    assert isinstance(found, Unresolved)
    assert words in found.reason
    assert found.needed == 4


BAD = {
    "nan": (np.array([np.nan, 1.0]), [True, False], "nan in row 0"),
    "shape": (np.zeros(3), [True, False], "masks have shapes"),
    "empty": (np.zeros(0), [], "own is empty"),
}


@pytest.mark.parametrize(("own", "trusted", "words"), BAD.values(), ids=BAD)
def test_bad_input(own, trusted, words):
    with pytest.raises(ValueError, match=words):
        contest(own, trusted, np.zeros(2), [True, False], seed=0)


def test_weights_above_one_are_refused():
    found = scores(np.random.default_rng(9))
    with pytest.raises(ValueError, match="at most 1"):
        together([(found, 0.6), (found, 0.6)])
