"""How alpha is split: over the statistical rules of the root, and over the estimates of a rule."""

import pytest

from assay.model.interval import Binomial, EProcess, Interval
from assay.model.measurement import Measurement
from assay.model.spec import DetectorSpec, Explanation, MetricSpec
from assay_policies.ask import AskedLimits

METRICS = (
    MetricSpec(id="demo.check.count", title="n", unit="1", direction="neither"),
    MetricSpec(id="demo.check.rate", title="r", unit="1", direction="neither", labels=("of",), statistical=True),
)
SPECS = {
    "demo.check": DetectorSpec(
        id="demo.check", title="d", version="1", family="demo", needs=(), metrics=METRICS, body="a:B",
        explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=()),
    )
}  # fmt: skip
COUNT = {"id": "count", "metric": "demo.check.count", "limit": {"max": 0}}
RATE = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.5}}


def test_a_rule_on_a_complete_count_takes_no_share(build):
    assert AskedLimits(build.loaded(RATE, COUNT), SPECS).level("demo.check.rate", {}) == pytest.approx(0.955)
    assert AskedLimits(build.loaded(RATE, {**RATE, "id": "b"}), SPECS).level("demo.check.rate", {}) == pytest.approx(
        0.9775
    )


def test_the_strictest_rule_that_applies_gives_the_level(build):
    loaded = build.loaded({**RATE, "alpha": 0.01, "where": {"of": "a"}}, {**RATE, "id": "b", "alpha": 0.04})
    asked = AskedLimits(loaded, SPECS)
    assert asked.level("demo.check.rate", {"of": "a"}) == 0.99
    assert asked.level("demo.check.rate", {"of": "b"}) == 0.96
    assert asked.level("demo.check.rate", {"of": "b"}, of=4) == 0.99
    assert asked.level("demo.check.count", {}) == 0.95


def test_nobody_asks_is_never_settled(build):
    asked = AskedLimits(build.loaded(COUNT), SPECS)
    assert not asked.settled("demo.check.rate", Interval(low=0.1, high=0.2, level=0.99, method="t"), {})


def test_a_rule_judged_by_its_lower_end_is_settled_only_by_a_whole_interval(build):
    asked = AskedLimits(build.loaded({**RATE, "limit": {"max": 0.5, "judge": "lower"}}), SPECS)

    def settled(low, high):
        return asked.settled("demo.check.rate", Interval(low=low, high=high, level=0.955, method="t"), {})

    assert not settled(0.1, 0.9)
    assert settled(0.1, 0.4)
    assert settled(0.6, 0.9)


def rate(k, n, of):
    return Measurement(
        metric="demo.check.rate", value=k / n, interval=Interval(low=0, high=1, level=0.95, method="clopper-pearson"),
        statistic=Binomial(k=k, n=n), n=n, labels={"of": of}, method="m",
    )  # fmt: skip


def test_a_rule_splits_its_share_over_its_estimates(build):
    def level(*measured):
        verdict = build.verdict(build.record(build.outcome(*measured)), RATE)
        return next(d.used.interval.level for d in verdict.decisions if d.rule == "rate")

    assert level(rate(1, 100, "a")) == pytest.approx(0.955)
    assert level(rate(1, 100, "a"), rate(1, 100, "b")) == pytest.approx(0.9775)


def test_counts_beside_each_other_split_nothing(build):
    record = build.record(build.outcome(build.count(0, file="a"), build.count(1, file="b")))
    assert build.verdict(record, build.zero).decisions[-1].verdict == "fail"


def test_a_sequential_measurement_is_judged_at_any_level(build):
    measured = Measurement(
        metric="demo.check.rate", value=0.1, interval=Interval(low=0.0, high=0.3, level=0.95, method="confidence-sequence"),
        statistic=EProcess(k=10, n=100), n=100, labels={"of": "a"}, method="m",
    )  # fmt: skip
    record = build.record(build.outcome(measured))
    used = [build.verdict(record, RATE, alpha=alpha).decisions[-1].used.interval for alpha in (0.05, 0.0001)]
    assert used[1].high > used[0].high
    assert used[0].method == "confidence-sequence"


def test_many_clean_estimates_fail_a_rule_at_most_at_its_alpha(build):
    """Ten models at the limit itself: the rule's whole error rate, not that of each, is alpha."""
    import numpy as np

    rng = np.random.default_rng(0)
    failed = 0
    for _ in range(300):
        record = build.record(build.outcome(*(rate(int(rng.binomial(200, 0.5)), 200, str(i)) for i in range(10))))
        failed += build.verdict(record, RATE).decisions[-1].verdict == "fail"
    assert failed / 300 <= 0.05
