"""Against an earlier result: only a change beyond the uncertainty is one, and a baseline excuses no more than it may."""

import datetime

import pytest

from assay.model.interval import Interval
from assay.model.outcome import Status
from assay.model.result import FileDigest, ScanResult
from assay_policies.judge import judge

FILE = FileDigest(path="base.json", sha256="ef" * 32)
RATE = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.05}, "required": True, "severity": "high"}
NEW_ONLY = {"new_only": {}}


def result(build, *measured, rules=(), day="2026-11-20", outcome=None, target="demo", **policy):
    record = build.record(outcome or build.outcome(*measured))
    run = record.provenance.run.model_copy(update={"started": f"{day}T10:00:00+00:00" if day else ""})
    provenance = record.provenance.model_copy(update={"run": run, "target": target})
    record = record.model_copy(update={"provenance": provenance})
    verdict = judge(record, build.loaded(*rules, **policy), {}, build.today)
    return ScanResult(provenance=provenance, outcomes=record.outcomes, verdict=verdict)


def against(build, before, *measured, rules, outcome=None, gate=NEW_ONLY, today=None, **policy):
    record = build.record(outcome or build.outcome(*measured))
    return judge(record, build.loaded(*rules, gate=gate, **policy), {}, today or build.today, before, FILE)


COUNTS = {"more": (2, 3, "worse", 1), "as many": (2, 2, "same", 0), "fewer": (3, 2, "better", 0)}


@pytest.mark.parametrize(("before", "now", "change", "code"), COUNTS.values(), ids=COUNTS)
def test_complete_counts_change_by_number(build, before, now, change, code):
    old = result(build, build.count(before), rules=[build.zero])
    verdict = against(build, old, build.count(now), rules=[build.zero])
    assert (verdict.findings[0].change, verdict.exit_code) == (change, code)
    assert verdict.changes.excused == (code == 0)
    assert getattr(verdict.changes, change) == 1


RATES = {
    "within the uncertainty": ((60, 400), (70, 400), "same"),
    "beyond it": ((60, 400), (160, 400), "worse"),
    "better beyond it": ((160, 400), (60, 400), "better"),
}


@pytest.mark.parametrize(("before", "now", "change"), RATES.values(), ids=RATES)
def test_estimates_change_beyond_their_uncertainty(build, before, now, change):
    old = result(build, build.rate(*before), rules=[RATE])
    assert against(build, old, build.rate(*now), rules=[RATE]).findings[0].change == change


def test_a_limit_that_is_kept_from_below_worsens_downwards(build):
    rule = {**RATE, "limit": {"min": 0.9}}
    old = result(build, build.rate(300, 400), rules=[rule])
    assert against(build, old, build.rate(100, 400), rules=[rule]).findings[0].change == "worse"


def test_what_was_undecided_and_is_broken_now_is_worse_though_the_intervals_overlap(build):
    old = result(build, build.rate(4, 60), rules=[RATE])
    verdict = against(build, old, build.rate(80, 900), rules=[RATE])
    assert (verdict.findings[0].change, verdict.exit_code) == ("worse", 1)


def test_the_known_part_of_an_unread_count_decides(build):
    old = result(build, build.count(2, complete=False), rules=[build.zero])
    assert against(build, old, build.count(5, complete=False), rules=[build.zero]).findings[0].change == "worse"
    assert against(build, old, build.count(1, complete=False), rules=[build.zero]).findings[0].change == "same"


def test_what_is_gone_is_resolved_only_where_its_check_was_made(build):
    rule = {**build.zero, "each": ["file"]}
    old = result(build, build.count(2, file="a"), build.count(3, file="b"), rules=[rule])
    gone = against(build, old, build.count(2, file="a"), rules=[rule]).changes.gone
    assert [(g.rule, g.resolved) for g in gone] == [("zero", True)]
    skipped = build.outcome(status=Status.SKIPPED, reason="no extra")
    gone = against(build, old, rules=[rule], outcome=skipped).changes.gone
    assert [g.resolved for g in gone] == [False, False]


def test_a_new_finding_blocks(build):
    old = result(build, build.count(0), rules=[build.zero])
    verdict = against(build, old, build.count(1), rules=[build.zero])
    assert (verdict.findings[0].change, verdict.exit_code) == ("new", 1)


def test_a_rule_that_the_baseline_did_not_have_is_new(build):
    old = result(build, build.count(2), rules=[build.zero])
    verdict = against(build, old, build.count(2), rules=[build.zero, {**build.zero, "id": "more"}])
    assert {f.rule: f.change for f in verdict.findings} == {"zero": "same", "more": "new"}
    assert verdict.exit_code == 1
    assert verdict.changes.notes == ()  # both loaded from no file here


NEVER = {
    "critical": ({"severity": "critical"}, {}),
    "critical, though only others are named": ({"severity": "critical"}, {"new_only": {"never_for": ["low"]}}),
    "named severity": ({"severity": "high"}, {"new_only": {"never_for": ["high"]}}),
}


@pytest.mark.parametrize(("rule", "gate"), NEVER.values(), ids=NEVER)
def test_some_are_never_excused(build, rule, gate):
    rule = {**build.zero, **rule}
    old = result(build, build.count(2), rules=[rule])
    verdict = against(build, old, build.count(2), rules=[rule], gate=gate or NEW_ONLY)
    assert (verdict.findings[0].change, verdict.exit_code, verdict.changes.excused) == ("same", 1, 0)


def test_without_new_only_a_baseline_only_shows(build):
    old = result(build, build.count(2), rules=[build.zero])
    verdict = against(build, old, build.count(2), rules=[build.zero], gate={})
    assert (verdict.findings[0].change, verdict.exit_code) == ("same", 1)


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.CANCELLED])
def test_a_check_that_did_not_run_is_never_excused(build, status):
    broken = build.outcome(status=status, reason="again")
    old = result(build, rules=[build.zero], outcome=broken)
    assert against(build, old, rules=[build.zero], outcome=broken).exit_code == 3
    verdict = against(build, old, build.count(2), rules=[build.zero])
    assert (verdict.findings[0].change, verdict.exit_code) == ("new", 1)


VOID = {
    "other target": ({"target": "other"}, "another target (other)"),
    "too old": ({"day": "2026-05-01"}, "206 days old, the policy allows 90"),
    "no day": ({"day": ""}, "does not say when"),
    "from tomorrow's tomorrow": ({"day": "2026-11-26"}, "in the future"),
}


@pytest.mark.parametrize(("how", "said"), VOID.values(), ids=VOID)
def test_a_baseline_that_does_not_count_excuses_nothing_and_says_so(build, how, said):
    old = result(build, build.count(2), rules=[build.zero], **how)
    verdict = against(build, old, build.count(2), rules=[build.zero])
    assert verdict.exit_code == 1
    assert said in " ".join(verdict.changes.notes)


def test_an_expired_waiver_is_not_renewed_by_a_baseline(build):
    waiver = {
        "id": "W", "finding": result(build, build.count(2), rules=[build.zero]).verdict.findings[0].fingerprint,
        "reason": "until the logs rotate", "kind": "accepted_risk", "approver": "a@b", "expires": "2026-11-23",
        "bound": {"metric_max": 2},
    }  # fmt: skip
    old = result(build, build.count(2), rules=[build.zero], waivers=[waiver])
    assert old.verdict.exit_code == 0
    later = build.today + datetime.timedelta(days=1)
    assert against(build, old, build.count(2), rules=[build.zero], waivers=[waiver], today=later).exit_code == 5
    assert against(build, old, build.count(2), rules=[build.zero], today=later).exit_code == 1


def test_a_pinned_manifest_is_never_excused(build):
    record = build.record(build.outcome(build.count(0)))
    manifest = FileDigest(path="assay.yaml", sha256="cd" * 32)
    provenance = record.provenance.model_copy(update={"manifest": manifest})
    record = record.model_copy(update={"provenance": provenance})
    loaded = build.loaded(build.zero, manifest_sha256="ab" * 32, gate=NEW_ONLY)
    verdict = judge(record, loaded, {}, build.today)
    assert [(f.rule, f.severity, f.verdict) for f in verdict.findings] == [("manifest-pin", "high", "fail")]
    old = ScanResult(provenance=provenance, outcomes=record.outcomes, verdict=verdict)
    assert judge(record, loaded, {}, build.today, old, FILE).exit_code == 1
    right = build.loaded(build.zero, manifest_sha256="cd" * 32)
    assert judge(record, right, {}, build.today).exit_code == 0
    without = record.model_copy(update={"provenance": provenance.model_copy(update={"manifest": None})})
    assert judge(without, right, {}, build.today).exit_code == 3


def test_two_p_values_are_the_same(build):
    rule = {"id": "p", "metric": "demo.check.p-value", "severity": "high"}
    one, other = (
        build.count(0, metric="demo.check.p-value").model_copy(
            update={"value": p, "interval": Interval.exact(p), "p_value": p}
        )
        for p in (0.001, 0.0001)
    )
    old = result(build, one, rules=[rule])
    assert against(build, old, other, rules=[rule]).findings[0].change == "same"
