"""`evidence`: too little takes a pass away and says how much is needed; it never excuses a breach."""

import pytest

from assay.model.interval import Binomial, Exact, Interval
from assay.model.measurement import Measurement
from assay.model.spec import DetectorSpec, Explanation, MetricSpec
from assay_policies.evidence import binomial_power
from assay_policies.judge import judge

METRICS = (
    MetricSpec(
        id="demo.check.rate", title="r", unit="1", low=0, high=1, direction="lower-is-better", null_value=0.1,
        statistical=True,
    ),
    MetricSpec(id="demo.check.count", title="n", unit="1", low=0, direction="lower-is-better", null_value=0),
)  # fmt: skip
SPECS = {
    "demo.check": DetectorSpec(
        id="demo.check", title="d", version="1", family="demo", needs=(), metrics=METRICS, body="a:B",
        explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=()),
    )
}  # fmt: skip


def decided(build, measured, evidence, limit=None):
    rule = {"id": "r", "metric": measured.metric, "limit": limit or {"max": 0.3}, "evidence": evidence}
    record = build.record(build.outcome(measured))
    return judge(record, build.loaded(rule), SPECS, build.today).decisions[-1]


def test_a_small_n_takes_a_pass_away(build):
    found = decided(build, build.rate(1, 60), {"min_n": 1000})
    assert (found.verdict, found.needs_n) == ("inconclusive", 1000)
    assert "needs n = 1,000" in found.reason
    assert decided(build, build.rate(1, 60), {"min_n": 60}).verdict == "pass"


def test_a_small_n_does_not_excuse_a_breach(build):
    found = decided(build, build.rate(55, 60), {"min_n": 1000, "min_power": 0.99})
    assert found.verdict == "fail"


@pytest.mark.parametrize(("n", "power", "verdict"), [(200, 0.95, "pass"), (30, 0.95, "inconclusive")])
def test_power_of_a_binomial_is_computed(build, n, power, verdict):
    found = decided(build, build.rate(0, n), {"min_power": power}, {"max": 0.3, "judge": "lower"})
    assert found.verdict == verdict
    if verdict == "inconclusive":
        assert binomial_power(found.needs_n, 0.1, 0.3, 0.045) >= power > binomial_power(n, 0.1, 0.3, 0.045)
        assert f"needs n = {found.needs_n}" in found.reason


def test_the_power_that_is_computed_is_the_share_of_samples_that_show_the_breach():
    import numpy as np

    from assay.model.confidence import clopper_pearson

    draws = np.random.default_rng(0).binomial(80, 0.3, 20_000)
    seen = sum(clopper_pearson(int(k), 80, 0.96)[0] > 0.1 for k in draws) / len(draws)
    assert binomial_power(80, 0.1, 0.3, 0.045) == pytest.approx(seen, abs=0.01)
    assert binomial_power(80, 0.9, 0.7, 0.045) == pytest.approx(binomial_power(80, 0.1, 0.3, 0.045))


def area(detectable, alpha=0.01):
    return Measurement(
        metric="demo.check.rate", value=0.11, interval=Interval(low=0.08, high=0.14, level=1 - alpha, method="m"),
        statistic=Exact(), n=500, method="m", detectable=detectable, alpha=alpha,
    )  # fmt: skip


CASES = {
    "seen": (area(0.29), 0.8, "pass"),
    "not seen": (area(0.31), 0.8, "inconclusive"),
    "not known": (area(None), 0.8, "inconclusive"),
    "more power than is known": (area(0.12), 0.9, "inconclusive"),
    "known at a larger error rate only": (area(0.29, 0.04).model_copy(update={"alpha": 0.2}), 0.8, "inconclusive"),
}


@pytest.mark.parametrize(("measured", "power", "verdict"), CASES.values(), ids=CASES)
def test_power_by_what_is_detectable(build, measured, power, verdict):
    assert decided(build, measured, {"min_power": power}).verdict == verdict


def test_a_complete_count_sees_every_breach(build):
    assert decided(build, build.count(0), {"min_power": 0.99}, {"max": 0}).verdict == "pass"
    assert decided(build, build.count(0, complete=False), {"min_power": 0.99}, {"max": 0}).verdict == "inconclusive"


def test_an_interval_across_the_limit_says_which_n_would_decide(build):
    found = decided(build, build.rate(30, 120), {})
    assert found.verdict == "inconclusive"
    assert found.needs_n > 120
    more = build.rate(found.needs_n // 4, found.needs_n)
    assert isinstance(more.statistic, Binomial)
    assert decided(build, more, {}).verdict == "pass"
