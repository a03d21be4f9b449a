"""BCa bootstrap: seeded, within range, honest where it sees nothing."""

import math

import numpy as np
import pytest

from assay.stats.bootstrap import bootstrap
from assay.stats.estimate import Estimate, Unresolved

SKEWED = np.random.default_rng(3).exponential(size=60)


def mean(rows):
    return float(rows.mean())


def test_agrees_with_scipy_up_to_the_small_sample_widening():
    from scipy.stats import bootstrap as reference

    ours = bootstrap(mean, [SKEWED], seed=0, resamples=8000)
    assert isinstance(ours, Estimate)
    theirs = reference(
        (SKEWED,), np.mean, n_resamples=8000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.interval.low == pytest.approx(theirs.low, abs=0.06 * width)
    assert ours.interval.high == pytest.approx(theirs.high, abs=0.06 * width)
    assert ours.interval.high - ours.interval.low > width * 0.99


def test_two_samples_are_resampled_each_for_itself():
    shapes = set()

    def difference(a, b):
        shapes.add((a.shape, b.shape))
        return float(a.mean() - b.mean())

    first, second = SKEWED[:30, None], SKEWED[30:40, None] + 2
    estimate = bootstrap(difference, [first, second], seed=0, resamples=1000)
    assert isinstance(estimate, Estimate)
    assert estimate.interval.high < 0
    assert estimate.n == 40
    assert shapes <= {((30, 1), (10, 1)), ((29, 1), (10, 1)), ((30, 1), (9, 1))}


def test_same_seed_same_bytes_other_seed_other_ends():
    first, again, other = (bootstrap(mean, [SKEWED], seed=seed, resamples=400) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_a_policy_reads_the_interval_at_its_level(judged, level):
    estimate = bootstrap(mean, [SKEWED], seed=0)
    direct = bootstrap(mean, [SKEWED], seed=0, level=level)
    assert isinstance(estimate, Estimate) and isinstance(direct, Estimate)
    read = judged(estimate, level)
    assert read.low == pytest.approx(direct.interval.low)
    assert read.high == pytest.approx(direct.interval.high)


def test_a_level_beyond_the_resamples_is_not_answered(judged):
    estimate = bootstrap(mean, [SKEWED], seed=0, resamples=400)
    assert judged(estimate, 0.9999) is None
    refused = bootstrap(mean, [SKEWED], seed=0, resamples=400, level=0.99)
    assert isinstance(refused, Unresolved)
    assert refused.have == 400 < refused.needed
    assert isinstance(bootstrap(mean, [SKEWED], seed=0, resamples=2 * refused.needed, level=0.99), Estimate)


def test_resamples_that_all_agree_are_no_certainty():
    refused = bootstrap(mean, [np.ones(20)], seed=0)
    assert isinstance(refused, Unresolved)
    assert "no uncertainty" in refused.reason


@pytest.mark.parametrize("seed", range(5))
def test_a_share_stays_a_share(seed):
    rows = np.r_[np.ones(5), np.zeros(35)]
    estimate = bootstrap(mean, [rows], seed=seed)
    assert isinstance(estimate, Estimate)
    assert 0 <= estimate.interval.low <= 0.125 <= estimate.interval.high <= 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: bootstrap(mean, [], seed=0), "number of samples = 0"),
        (lambda: bootstrap(mean, [[1.0]], seed=0), "rows of sample 0 = 1"),
        (lambda: bootstrap(mean, [SKEWED, 3.0], seed=0), "rows of sample 1 = 0"),
        (lambda: bootstrap(mean, [SKEWED], seed=0, resamples=10), "resamples = 10"),
        (lambda: bootstrap(mean, [SKEWED], seed=0, level=0.0), "level"),
        (lambda: bootstrap(lambda rows: math.nan, [SKEWED], seed=0), "is nan"),
        (lambda: bootstrap(mean, [[1.0, math.nan]], seed=0), "is nan"),
    ],
)
def test_refuses_what_cannot_be_resampled(call, said):
    with pytest.raises(ValueError, match=said):
        call()
