"""The score: headroom by severity, capped by coverage; shown, never the gate."""

import pytest

from assay.model.interval import Interval
from assay.model.outcome import Status
from assay.model.spec import DetectorSpec, Explanation, MetricSpec
from assay.model.verdict import DecisionVerdict
from assay_policies.headroom import headroom, worth
from assay_policies.judge import judge
from assay_policies.schema import Limit


def metric(**more):
    return MetricSpec(**{"id": "a.b.c", "title": "t", "unit": "1", "direction": "neither", **more})


RATE = metric(low=0, high=1, null_value=0)
AUC = metric(low=0, high=1, null_value=0.5)
ROBUST = metric(low=0, high=1, null_value=1)
ROOMS = {
    "at the best value": ((0, 0), {"max": 0.2}, RATE, 1),
    "half way": ((0.05, 0.1), {"max": 0.2}, RATE, 0.5),
    "at the limit": ((0, 0.2), {"max": 0.2}, RATE, 0),
    "beyond": ((0.1, 0.3), {"max": 0.2}, RATE, -0.5),
    "as far beyond as the way is long": ((0.5, 0.9), {"max": 0.2}, RATE, -1),
    "the null value is the best, not the end of the range": ((0.4, 0.55), {"max": 0.6}, AUC, 0.5),
    "from below": ((0.8, 0.9), {"min": 0.6}, ROBUST, 0.5),
    "unbounded": ((0, None), {"max": 5}, RATE, -1),
    "a limit of nothing": ((0, 0), {"max": 0}, RATE, 1),
    "one where none may be": ((1, 1), {"max": 0}, RATE, -1),
    "no best value is known": ((0, 1), {"max": 5}, None, 0),
    "between two limits": ((0.4, 0.5), {"min": 0.2, "max": 0.6}, RATE, 0.5),
    "exactly what is asked": ((0.4, 0.4), {"min": 0.4, "max": 0.4}, RATE, 1),
}


@pytest.mark.parametrize(("ends", "limit", "of", "room"), ROOMS.values(), ids=ROOMS)
def test_headroom(ends, limit, of, room):
    interval = Interval(low=ends[0], high=ends[1], level=0.95, method="m")
    assert headroom(interval, Limit(**limit), of) == pytest.approx(room)


def test_a_better_verdict_is_worth_more():
    order = ["pass", "inconclusive", "warn", "fail"]
    found = [worth(DecisionVerdict(name), -1) for name in order]
    assert found == sorted(found, reverse=True) == [0.5, 0.25, 0.1, 0]
    assert worth(DecisionVerdict.PASS, 1) == 1
    assert worth(DecisionVerdict.ERROR, None) == worth(DecisionVerdict.SKIPPED, None) == 0


def test_severity_weighs(build):
    critical = {**build.zero, "severity": "critical"}
    low = {**build.zero, "id": "low", "metric": "demo.check.more", "severity": "low"}

    def score(first, second):
        measured = build.count(first), build.count(second, metric="demo.check.more")
        return build.verdict(build.record(build.outcome(*measured)), critical, low).score

    assert score(0, 3) == pytest.approx(100 * 8 * 0.5 / 9, abs=0.1)  # without a spec a pass has no headroom
    assert score(3, 0) == pytest.approx(100 * 1 * 0.5 / 9, abs=0.1)


def test_it_is_capped_by_the_share_of_required_checks_that_were_made(build):
    more = {**build.zero, "id": "more", "metric": "o.k.n", "severity": "info"}
    record = build.record(
        build.outcome(build.count(0)), build.outcome(status=Status.FAILED, reason="x", detector="o.k")
    )
    verdict = build.verdict(record, {**build.zero, "severity": "critical"}, more)
    assert verdict.score <= 100 * verdict.coverage.checked / verdict.coverage.required
    areas = {area.family: (area.score, area.required, area.checked) for area in verdict.areas}
    assert areas["o"] == (0, 1, 0)
    assert areas["demo"] == (50, 1, 1)


def test_finding_something_in_an_unread_file_does_not_make_it_checked(build):
    clean, bad = (
        build.verdict(build.record(build.outcome(build.count(n, complete=False))), build.zero) for n in (0, 1)
    )
    assert (clean.coverage.checked, bad.coverage.checked) == (1, 1)
    assert bad.score <= clean.score


def test_what_is_optional_and_was_skipped_counts_for_nothing(build):
    optional = {**build.zero, "id": "more", "metric": "o.k.n", "required": False}
    record = build.record(
        build.outcome(build.count(0)), build.outcome(status=Status.SKIPPED, reason="x", detector="o.k")
    )
    assert build.verdict(record, build.zero, optional).score == 50
    assert [area.family for area in build.verdict(record, build.zero, optional).areas] == ["demo"]


def test_of_measurements_that_are_looked_at_together_the_least_counts(build):
    """By its low end the first is nearer to the limit, by its high end the second."""
    rate = metric(id="demo.check.rate", low=0, high=1, null_value=0, statistical=True)
    words = Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=())
    spec = DetectorSpec(
        id="demo.check", title="d", version="1", family="demo", needs=(), metrics=(rate,), body="a:B", explanation=words
    )
    rule = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.5, "judge": "lower"}, "required": True}

    def score(*measured):
        return judge(
            build.record(build.outcome(*measured)), build.loaded(rule), {"demo.check": spec}, build.today
        ).score

    sure, few = build.rate(300, 1000, of="a"), build.rate(3, 12, of="b")
    assert sure.interval.low > few.interval.low and sure.interval.high < few.interval.high
    assert score(sure, few) == score(few, sure) == 50
    assert score(sure) > 60
