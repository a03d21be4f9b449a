"""The confidence sequence: closed form, batches, decisions against a limit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.interval import EProcess
from assay.stats.proportions import clopper_pearson
from assay.stats.sequences import ProportionSequence, Side

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.integers(1, 25).flatmap(lambda n: st.tuples(st.just(n), st.floats(0.01, 0.99))))
def test_the_evidence_is_a_martingale_of_mean_one(case):
    n, p = case
    mean = math.fsum(
        math.comb(n, k) * p**k * (1 - p) ** (n - k) * math.exp(ProportionSequence(k, n).log_evidence(p))
        for k in range(n + 1)
    )
    assert mean == pytest.approx(1.0, rel=1e-9)


def test_the_evidence_is_the_mixture_integral():
    from scipy.integrate import quad
    from scipy.stats import beta

    k, n, p = 7, 20, 0.2
    ratio = quad(lambda q: beta.pdf(q, 0.5, 0.5) * (q / p) ** k * ((1 - q) / (1 - p)) ** (n - k), 0, 1)[0]
    assert math.exp(ProportionSequence(k, n).log_evidence(p)) == pytest.approx(ratio, rel=1e-6)


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.999]))
def test_the_interval_is_what_the_evidence_leaves(counts, level):
    sequence, threshold = ProportionSequence(*counts), math.log(1 / (1 - level))
    interval = sequence.interval(level)
    assert interval.holds(sequence.k / sequence.n)
    assert interval.method == "confidence-sequence"
    for end, beyond, within in ((interval.low, -1e-9, 1e-9), (interval.high, 1e-9, -1e-9)):
        if 0 < end < 1:
            assert sequence.log_evidence(end) >= threshold - 1e-6
            assert sequence.log_evidence(min(max(end + beyond, 0), 1)) >= threshold
            assert sequence.log_evidence(end + within) < threshold + 1e-6
    assert (interval.low > 0) <= (sequence.k > 0)
    assert (interval.high < 1) <= (sequence.k < sequence.n)


@given(COUNTS)
def test_looking_at_any_time_costs_width(counts):
    always, once = ProportionSequence(*counts).interval(), clopper_pearson(*counts)
    assert always.low <= once.low + 1e-9
    assert always.high >= once.high - 1e-9


@given(st.lists(st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=12))
def test_batches_add_up(batches):
    sequence = ProportionSequence()
    for successes, draws in batches:
        sequence = sequence.after(successes, draws)
    assert sequence == ProportionSequence(sum(k for k, _ in batches), sum(n for _, n in batches))


@given(COUNTS, st.floats(0.02, 0.98), st.sampled_from([0.2, 0.05, 0.001]))
def test_a_decision_agrees_with_the_interval(counts, limit, alpha):
    sequence = ProportionSequence(*counts)
    interval, side = sequence.interval(1 - alpha / 100), sequence.side(limit, alpha)
    share = sequence.k / sequence.n
    assert not (side is Side.ABOVE and share <= limit)
    assert not (side is Side.BELOW and share >= limit)
    if 0.1 < limit < 0.9:  # where the prior on one side is at least a hundredth
        assert (side is Side.ABOVE) >= (interval.low > limit)
        assert (side is Side.BELOW) >= (interval.high < limit)
    assert (
        ProportionSequence(sequence.n - sequence.k, sequence.n).side(1 - limit, alpha)
        is ({Side.ABOVE: Side.BELOW, Side.BELOW: Side.ABOVE, Side.OPEN: Side.OPEN}[side])
    )


def test_decides_far_from_the_limit_early_and_at_the_limit_never():
    assert ProportionSequence(0, 12).side(0.5) is Side.BELOW
    assert ProportionSequence(12, 12).side(0.5) is Side.ABOVE
    assert ProportionSequence(1500, 3000).side(0.5) is Side.OPEN
    assert ProportionSequence(1500, 3000).side(0.5, margin=0.05) is Side.BELOW
    assert ProportionSequence().side(0.5) is Side.OPEN


def test_before_the_first_draw_everything_is_possible():
    interval = ProportionSequence().interval()
    assert (interval.low, interval.high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="n draws = 0"):
        ProportionSequence().estimate()


def test_a_million_draws_keep_their_precision():
    interval = ProportionSequence(900_000, 1_000_000).interval()
    assert interval.low == pytest.approx(0.8988, abs=2e-4)
    assert interval.high == pytest.approx(0.9012, abs=2e-4)


def test_the_estimate_carries_its_counts(judged):
    estimate = ProportionSequence(90, 100).estimate(0.99)
    assert estimate.statistic == EProcess(k=90, n=100)
    for level in (0.95, 0.99, 0.999):
        assert judged(estimate, level) == ProportionSequence(90, 100).interval(level)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ProportionSequence(3, 2), "k = 3"),
        (lambda: ProportionSequence(1, 0), "n = 0"),
        (lambda: ProportionSequence().after(2, 1), "k = 2"),
        (lambda: ProportionSequence(1, 2).interval(1.5), "level"),
        (lambda: ProportionSequence(1, 2).log_evidence(float("nan")), "p = nan"),
        (lambda: ProportionSequence(1, 2).side(0.0), "limit"),
        (lambda: ProportionSequence(1, 2).side(0.9, margin=0.2), "limit . margin"),
        (lambda: ProportionSequence(1, 2).side(0.9, margin=-0.2), "margin"),
    ],
)
def test_refuses_what_is_no_sequence(call, said):
    with pytest.raises(ValueError, match=said):
        call()
