"""One interval against one limit, in every judge mode; intervals at the level that the policy asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.model.confidence import clopper_pearson, interval_at
from assay.model.interval import Guesses, Interval
from assay.model.measurement import Measurement
from assay_policies.limits import Standing, compare, could_break
from assay_policies.schema import Limit

W, B, OPEN = Standing.WITHIN, Standing.BEYOND, Standing.OPEN


def interval(low, high):
    return Interval(low=low, high=high, level=0.95, method="test")


CASES = {
    # name: (low, high, limit, standing)
    "interval wholly within": (0.1, 0.2, {"max": 0.2}, W),
    "interval wholly beyond": (0.3, 0.4, {"max": 0.2}, B),
    "interval across": (0.1, 0.3, {"max": 0.2}, OPEN),
    "interval without upper end": (0.1, None, {"max": 0.2}, OPEN),
    "interval without upper end, beyond": (0.3, None, {"max": 0.2}, B),
    "margin lets a narrow interval across pass": (0.19, 0.21, {"max": 0.2, "margin": 0.02}, W),
    "margin lets an interval between limit and margin pass": (0.205, 0.21, {"max": 0.2, "margin": 0.02}, W),
    "beyond the margin": (0.23, 0.3, {"max": 0.2, "margin": 0.02}, B),
    "lower: low end within": (0.1, 0.9, {"max": 0.2, "judge": "lower"}, W),
    "lower: low end beyond": (0.21, 0.9, {"max": 0.2, "judge": "lower"}, B),
    "upper: high end within": (0.1, 0.2, {"max": 0.2, "judge": "upper"}, W),
    "upper: high end beyond": (0.1, 0.3, {"max": 0.2, "judge": "upper"}, OPEN),
    "upper: all beyond": (0.25, 0.3, {"max": 0.2, "judge": "upper"}, B),
    "min wholly within": (0.8, 0.9, {"min": 0.7}, W),
    "min wholly beyond": (0.5, 0.6, {"min": 0.7}, B),
    "min across": (0.6, 0.8, {"min": 0.7}, OPEN),
    "min, lower: evidence of harm is the high end": (0.1, 0.75, {"min": 0.7, "judge": "lower"}, W),
    "min, upper: proof is the low end": (0.69, 0.75, {"min": 0.7, "judge": "upper"}, OPEN),
    "both sides, one broken": (0.5, 0.6, {"min": 0.55, "max": 0.58}, OPEN),
    "both sides, within": (0.56, 0.57, {"min": 0.55, "max": 0.58}, W),
}


@pytest.mark.parametrize(("low", "high", "limit", "standing"), CASES.values(), ids=CASES)
def test_standing(low, high, limit, standing):
    value = low if high is None else (low + high) / 2
    assert compare(interval(low, high), value, Limit(**limit)).standing is standing


def test_point_judges_the_value_alone():
    assert compare(interval(0.0, 1.0), 0.1, Limit(max=0.2, judge="point")).standing is W
    assert compare(interval(0.0, 1.0), 0.3, Limit(max=0.2, judge="point")).standing is B


ends = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)
limits = st.builds(
    Limit, max=st.floats(0, 1), margin=st.floats(0, 0.2), judge=st.sampled_from(["interval", "lower", "upper", "point"])
)
ORDER = {W: 0, OPEN: 1, B: 2}


@given(ends, st.floats(0, 1), st.floats(0, 1), limits)
def test_a_worse_measurement_never_stands_better(pair, share, shift, limit):
    low, high = pair
    value = low + share * (high - low)
    before = compare(interval(low, high), value, limit)
    after = compare(interval(low + shift, high + shift), value + shift, limit)
    assert ORDER[after.standing] >= ORDER[before.standing]


@pytest.mark.parametrize("n", [1, 10, 997])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.9975])
def test_clopper_pearson_closed_forms(n, level):
    tail = (1 - level) / 2
    assert clopper_pearson(0, n, level) == pytest.approx((0.0, 1 - tail ** (1 / n)), abs=1e-12)
    assert clopper_pearson(n, n, level) == pytest.approx((tail ** (1 / n), 1.0), abs=1e-12)


@given(st.integers(1, 3000), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.99, 0.9975]))
def test_clopper_pearson_equals_scipy(n, share, level):
    from scipy.stats import binomtest

    k = round(share * n)
    expected = binomtest(k, n).proportion_ci(level, method="exact")
    assert clopper_pearson(k, n, level) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_interval_is_recomputed_at_the_level_of_the_rule(build):
    saved = build.rate(5, 100, level=0.95)
    wider = interval_at(saved, 0.99)
    assert wider.level == 0.99
    assert wider.low < saved.interval.low < saved.interval.high < wider.high


def test_a_smaller_alpha_widens_until_inconclusive(build):
    record = build.record(build.outcome(build.rate(12, 100)))
    rule = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.05}}
    assert build.verdict(record, rule).decisions[-1].verdict == "fail"
    assert build.verdict(record, rule, alpha=0.0001).decisions[-1].verdict == "inconclusive"


def test_an_exact_count_is_the_same_at_every_level(build):
    assert interval_at(build.count(3), 0.9999) == build.count(3).interval


def test_an_interval_open_below_stays_open_at_every_level(build):
    """An attack that was blinded: it found no more than this, and the truth may be lower."""
    saved = build.rate(90, 100)
    blinded = saved.model_copy(update={"interval": Interval(low=None, high=0.95, level=0.95, method="upper-bound")})
    assert interval_at(blinded, 0.99).low is None
    rule = {"id": "rate", "metric": "demo.check.rate", "limit": {"min": 0.5, "judge": "lower"}, "required": True}
    verdict = build.verdict(build.record(build.outcome(blinded)), rule)
    assert verdict.decisions[-1].verdict == "inconclusive"
    assert verdict.exit_code == 4
    worse = build.rate(10, 100).model_copy(
        update={"interval": Interval(low=None, high=0.2, level=0.95, method="upper-bound")}
    )
    assert build.verdict(build.record(build.outcome(worse)), rule).decisions[-1].verdict == "fail"


@pytest.mark.parametrize(("k", "n", "limit", "verdict"), [
    (3, 3, {"min": 0.5}, "inconclusive"),  # 0 of 3 would have an upper end above 0.5: no data of this size could fail
    (40, 40, {"min": 0.5}, "pass"),
    (0, 3, {"max": 0.5}, "inconclusive"),
    (0, 40, {"max": 0.5}, "pass"),
    (0, 40, {"min": 0.5}, "fail"),
])  # fmt: skip
def test_a_rule_that_these_data_could_not_break_does_not_pass(build, k, n, limit, verdict):
    rule = {"id": "rate", "metric": "demo.check.rate", "limit": {**limit, "judge": "lower"}, "required": True}
    decision = build.verdict(build.record(build.outcome(build.rate(k, n))), rule).decisions[-1]
    assert decision.verdict == verdict
    assert ("could not have broken the limit" in decision.reason) == (verdict == "inconclusive")


def test_guesses_too_few_to_prove_the_limit_do_not_pass():
    few, many = (Guesses(right=(of // 2,), of=(of,), odds=1.0) for of in (8, 80))
    saved = Measurement(
        metric="demo.check.epsilon", value=0.0, interval=Interval(low=0.0, high=None, level=0.95, method="guesses"),
        statistic=few, n=40, method="guesses",
    )  # fmt: skip
    limit = Limit(max=1.0, judge="lower")
    assert not could_break(saved, 0.99, limit)
    assert could_break(saved.model_copy(update={"statistic": many}), 0.99, limit)
