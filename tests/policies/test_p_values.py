"""p-values: below alpha is evidence of harm, above it is inconclusive unless the power is shown."""

import pytest

from assay.model.interval import Exact, Interval
from assay.model.measurement import Measurement


def p_value(p, detectable=None):
    return Measurement(
        metric="demo.check.p-value", value=p, interval=Interval.exact(p), statistic=Exact(), n=200, method="m",
        p_value=p, detectable=detectable,
    )  # fmt: skip


CASES = {
    "below alpha": (0.001, None, {}, "fail"),
    "above alpha, no power asked": (0.4, 0.01, {}, "inconclusive"),
    "above alpha, power shown": (0.4, 0.02, {"max_detectable": 0.03}, "pass"),
    "above alpha, power too small": (0.4, 0.05, {"max_detectable": 0.03}, "inconclusive"),
    "above alpha, power unknown": (0.4, None, {"max_detectable": 0.03}, "inconclusive"),
}


@pytest.mark.parametrize(("p", "detectable", "limit", "expected"), CASES.values(), ids=CASES)
def test_p_value(build, p, detectable, limit, expected):
    rule = {"id": "p", "metric": "demo.check.p-value", "limit": limit}
    record = build.record(build.outcome(p_value(p, detectable)))
    assert build.verdict(record, rule).decisions[-1].verdict == expected


def test_alpha_is_split_over_the_rules_of_the_root(build):
    rule = {"id": "p", "metric": "demo.check.p-value"}
    record = build.record(build.outcome(p_value(0.03)))
    alone = build.verdict(record, rule)
    among_two = build.verdict(record, rule, {**rule, "id": "q"})
    assert alone.decisions[-1].verdict == "fail"
    assert among_two.decisions[-1].verdict == "inconclusive"


@pytest.mark.parametrize(("alpha", "expected"), [(0.045, "pass"), (0.01, "pass"), (0.2, "inconclusive")])
def test_power_at_a_larger_alpha_than_the_rules_proves_nothing(build, alpha, expected):
    rule = {"id": "p", "metric": "demo.check.p-value", "limit": {"max_detectable": 0.03}}
    measured = p_value(0.4, 0.02).model_copy(update={"alpha": alpha})
    assert build.verdict(build.record(build.outcome(measured)), rule).decisions[-1].verdict == expected
