"""A waiver holds for one finding, one model, one number, one way of standing, and for a time."""

import pytest

from assay.model.outcome import Unresolved
from assay.model.spec import Capability, DetectorSpec, Explanation
from assay_policies.judge import judge
from assay_policies.waive import fingerprint

RATE = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.05}, "required": True}
BLOCKS = {"gate": {"inconclusive": "block"}}


def waiver(rule="rate", metric="demo.check.rate", **more):
    return {
        "id": "W", "finding": fingerprint("demo", rule, metric, {}), "reason": "until the retrain", "kind": "accepted_risk",
        "approver": "a@b", "expires": "2027-01-31", **more,
    }  # fmt: skip


UNDECIDED = {
    "no bound": {},
    "a number": {"metric_max": 0.9},
    "a number and the verdict": {"metric_max": 0.9, "verdict": "inconclusive"},
}


@pytest.mark.parametrize("bound", UNDECIDED.values(), ids=UNDECIDED)
def test_one_for_an_undecided_number_accepts_that(build, bound):
    record = build.record(build.outcome(build.rate(4, 60)))
    assert build.verdict(record, RATE, waivers=[waiver(bound=bound)], **BLOCKS).exit_code == 0


@pytest.mark.parametrize(("bound", "code"), list(zip(UNDECIDED.values(), (5, 0, 5), strict=True)), ids=UNDECIDED)
def test_one_that_was_granted_while_undecided_does_not_cover_a_later_fail(build, bound, code):
    record = build.record(build.outcome(build.rate(80, 900)))
    verdict = build.verdict(record, RATE, waivers=[waiver(bound=bound)])
    assert verdict.exit_code == code
    assert verdict.waivers[0].state == ("void" if code else "valid")


def test_a_bound_on_the_wrong_side_is_none(build):
    record = build.record(build.outcome(build.rate(80, 900)))
    verdict = build.verdict(record, RATE, waivers=[waiver(bound={"metric_min": 0.0})])
    assert (verdict.exit_code, verdict.waivers[0].state) == (5, "void")
    assert "metric_max" in verdict.waivers[0].note


def test_the_worst_of_all_measurements_behind_a_finding_counts(build):
    """The one that decides has the higher low end, another one the higher high end."""
    record = build.record(build.outcome(build.rate(500, 1000, of="a"), build.rate(29, 60, of="b")))
    rule = {**RATE, "limit": {"max": 0.05, "judge": "lower"}}
    high = build.rate(500, 1000).interval.high
    assert build.rate(29, 60).interval.high > high
    assert build.verdict(record, rule, waivers=[waiver(bound={"metric_max": high})]).exit_code == 5


SPEC = DetectorSpec(
    id="demo.check", title="d", version="1", family="demo", needs=(Capability.MODEL,), metrics=(), body="a:B",
    explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("digest", "code"), [({}, 5), ({"model_sha256": "cd" * 32}, 5), ({"model_sha256": "ab" * 32}, 0)]
)
def test_what_a_model_does_is_accepted_for_that_model_only(build, digest, code):
    record = build.record(build.outcome(build.rate(80, 900)))
    loaded = build.loaded(RATE, waivers=[waiver(bound={"metric_max": 0.2, **digest})])
    assert judge(record, loaded, {"demo.check": SPEC}, build.today).exit_code == code


LAW = {
    "approver is listed": ({"approvers": ["a@b"]}, 0),
    "approver is not listed": ({"approvers": ["c@d"]}, 5),
    "nobody is listed and somebody must be": ({"approvers_required": True}, 5),
    "granted for too long": ({"max_waiver_days": 30}, 5),
}


@pytest.mark.parametrize(("policy", "code"), LAW.values(), ids=LAW)
def test_who_and_how_long(build, policy, code):
    record = build.record(build.outcome(build.rate(80, 900)))
    assert build.verdict(record, RATE, waivers=[waiver(bound={"metric_max": 0.2})], **policy).exit_code == code


def test_a_number_that_could_not_be_had_may_be_accepted(build):
    entry = Unresolved(metric="demo.check.rate", reason="too few rows")
    record = build.record(build.outcome(build.count(0), unresolved=(entry,)))
    assert build.verdict(record, build.zero, RATE).exit_code == 4
    assert build.verdict(record, build.zero, RATE, waivers=[waiver()]).exit_code == 0
    assert build.verdict(record, build.zero, RATE, waivers=[waiver(bound={"metric_max": 1})]).exit_code == 4 + 1


def test_every_waiver_is_in_the_register_whatever_the_status(build):
    waivers = [
        waiver(bound={"metric_max": 0.2}),
        {**waiver(bound={"metric_max": 0.01}), "id": "void"},
        {**waiver(expires="2026-01-01", bound={"metric_max": 0.2}), "id": "expired"},
        {**waiver(kind="confirmed"), "id": "seen"},
        {**waiver(rule="other"), "id": "nothing"},
    ]
    failing = build.record(build.outcome(build.rate(80, 900)))
    passing = build.record(build.outcome(build.rate(0, 900)))
    broken = build.record(build.outcome(status="failed", reason="x"), interrupted=True)
    states = {
        name: {w.id: w.state for w in build.verdict(record, RATE, waivers=waivers).waivers}
        for name, record in (("fail", failing), ("pass", passing), ("error", broken))
    }
    assert states["fail"] == {
        "W": "valid", "void": "void", "expired": "expired", "seen": "recorded", "nothing": "unused"
    }  # fmt: skip
    assert set(states["pass"].values()) == {"unused", "recorded"}
    assert states["error"]["W"] == "void"


def test_confirmed_accepts_nothing(build):
    record = build.record(build.outcome(build.rate(80, 900)))
    verdict = build.verdict(record, RATE, waivers=[waiver(kind="confirmed", bound={"metric_max": 1})])
    assert (verdict.exit_code, verdict.findings[0].waiver) == (1, None)


def test_field_precision_counts_what_people_said(build):
    kinds = ["false_positive", "confirmed", "accepted_risk", "compensating_control", "not_affected"]
    waivers = [
        {**waiver(kind=kind), "id": kind, "finding": f"{n:032x}", "detector": "demo.check"}
        for n, kind in enumerate(kinds)
    ]
    waivers.append({**waiver(kind="false_positive"), "id": "again", "finding": f"{1:032x}", "rule": "rate"})
    found = build.verdict(build.record(build.outcome(build.rate(0, 900))), RATE, waivers=waivers).field
    assert [(f.detector, f.confirmed, f.rejected) for f in found] == [("demo.check", 2, 2)]
    assert (found[0].precision.low, found[0].precision.high) == pytest.approx((0.0676, 0.9324), abs=1e-4)
