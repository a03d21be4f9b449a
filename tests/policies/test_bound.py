"""What a waiver is bound to: the very model, the very data, the very measurements; and what a baseline had of them."""

import datetime

import pytest

from assay.model.interval import Binomial, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status, Unresolved
from assay.model.result import FileDigest, InputRecord, Provenance, RunFacts, RunRecord, ScanResult
from assay.model.spec import Capability, DetectorSpec, Explanation
from assay_policies.changes import rows
from assay_policies.grant import Request, grant
from assay_policies.judge import judge
from assay_policies.members import member_mark
from assay_policies.waive import fingerprint

WORDS = Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=())
RATE = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.05}, "required": True, "severity": "high"}
COUNT = {"id": "zero", "metric": "demo.check.count", "limit": {"max": 0}, "required": True, "severity": "high"}
A, B, C = "a1" * 32, "b2" * 32, "c3" * 32


def spec(*needs):
    return {
        "demo.check": DetectorSpec(
            id="demo.check",
            title="d",
            version="1",
            family="demo",
            needs=needs,
            metrics=(),
            body="a:B",
            explanation=WORDS,
        )
    }


ASKS = spec(Capability.MODEL)
MODELS = (
    InputRecord(name="models:a.onnx", role="model", path="a.onnx", sha256=A),
    InputRecord(name="models:b.onnx", role="model", path="b.onnx", sha256=B),
    InputRecord(name="artifacts:c.pkl", role="artifact", path="c.pkl", sha256=C),
)


def waiver(rule, bound):
    return {
        "id": "W", "finding": fingerprint("demo", rule["id"], rule["metric"], {}), "reason": "until the retrain",
        "kind": "accepted_risk", "approver": "a@b", "expires": "2027-01-31", "bound": bound,
    }  # fmt: skip


def granted(record, rule, specs, build):
    """Return the waiver that is granted for the one finding of this result."""
    loaded = build.loaded(rule)
    result = ScanResult(
        provenance=record.provenance, outcomes=record.outcomes, verdict=judge(record, loaded, specs, build.today)
    )
    (finding,) = result.verdict.findings
    until = build.today + datetime.timedelta(days=30)
    request = Request(finding.fingerprint, "until the retrain", "accepted_risk", "a@b", until)
    return grant(request, result, loaded, specs, build.today, "r.json").waiver


def code(record, rule, given, specs, build):
    return judge(record, build.loaded(rule, waivers=[given]), specs, build.today).exit_code


LABELLED = {"of this model": (A, 0), "of another one": (B, 5), "of a file that is never asked": (C, 5)}


@pytest.mark.parametrize(("digest", "exit_code"), LABELLED.values(), ids=LABELLED)
@pytest.mark.parametrize("label", ["model", "file"])
def test_a_number_of_one_model_is_accepted_for_that_one(build, label, digest, exit_code):
    record = build.record(build.outcome(build.rate(80, 900, **{label: "a.onnx"})), inputs=MODELS)
    given = waiver(RATE, {"model_sha256": digest, "metric_max": 0.2})
    assert code(record, RATE, given, ASKS, build) == exit_code


WHOLE = {
    "one of two": (A, 5),
    "both": ([A, B], 0),
    "another too": ([A, B, C], 0),
    "artifact": (C, 5),
    "list of one": ([B], 5),
}


@pytest.mark.parametrize(("digest", "exit_code"), WHOLE.values(), ids=WHOLE)
def test_where_no_label_tells_the_model_every_one_must_be_named(build, digest, exit_code):
    refused = Unresolved(metric="demo.check.rate", reason="too few rows")
    record = build.record(build.outcome(build.count(0), unresolved=(refused,)), inputs=MODELS)
    given = waiver(RATE, {"model_sha256": digest})
    assert judge(record, build.loaded(RATE, COUNT, waivers=[given]), ASKS, build.today).exit_code == exit_code
    record = build.record(build.outcome(build.rate(80, 900)), inputs=MODELS)
    assert code(record, RATE, waiver(RATE, {"model_sha256": digest, "metric_max": 0.2}), ASKS, build) == exit_code


def test_what_is_granted_names_every_model_behind_the_finding(build):
    record = build.record(build.outcome(build.rate(80, 900)), inputs=MODELS)
    given = granted(record, RATE, ASKS, build)
    assert given["bound"]["model_sha256"] == [A, B]
    assert code(record, RATE, given, ASKS, build) == 0
    swapped = (MODELS[0], MODELS[1].model_copy(update={"sha256": C}))
    assert code(build.record(build.outcome(build.rate(80, 900)), inputs=swapped), RATE, given, ASKS, build) == 5


def test_a_waiver_covers_no_member_that_came_later(build):
    one, other = (build.count(1, source=name) for name in ("a.log", "b.log"))
    before = build.record(build.outcome(one))
    given = granted(before, COUNT, {}, build)
    assert given["bound"]["members"] == [member_mark({"source": "a.log"})]
    assert code(before, COUNT, given, {}, build) == 0
    assert code(build.record(build.outcome(other)), COUNT, given, {}, build) == 5
    assert code(build.record(build.outcome(one, other)), COUNT, given, {}, build) == 5
    both = granted(build.record(build.outcome(one, other)), COUNT, {}, build)
    assert code(before, COUNT, both, {}, build) == 0, "fewer are covered"


def result(build, *measured, rule=COUNT, started="2026-11-20T10:00:00+00:00", gate=None, bare=False):
    record = build.record(build.outcome(*measured))
    provenance = record.provenance.model_copy(update={"run": RunFacts(started=started)})
    record = record.model_copy(update={"provenance": provenance})
    verdict = judge(record, build.loaded(rule, gate=gate or {}), {}, build.today)
    if bare:  # as results were before they said which measurements are behind a decision
        decisions = tuple(d.model_copy(update={"members": ()}) for d in verdict.decisions)
        verdict = verdict.model_copy(update={"decisions": decisions})
    return ScanResult(provenance=provenance, outcomes=record.outcomes, verdict=verdict)


MEMBERS = {
    "another one": ([("a", 1)], [("b", 1)], "worse"),
    "one more": ([("a", 3)], [("a", 3), ("b", 1)], "worse"),
    "one that was clean": ([("a", 3), ("b", 0)], [("a", 3), ("b", 1)], "worse"),
    "one that grew behind the worst": ([("a", 3), ("b", 1)], [("a", 3), ("b", 2)], "worse"),
    "the same": ([("a", 3), ("b", 1)], [("a", 3), ("b", 1)], "same"),
    "fewer": ([("a", 3), ("b", 1)], [("a", 3)], "same"),
    "a clean one more": ([("a", 3)], [("a", 3), ("b", 0)], "same"),
}


@pytest.mark.parametrize("bare", [False, True], ids=["", "older result"])
@pytest.mark.parametrize(("before", "now", "change"), MEMBERS.values(), ids=MEMBERS)
def test_a_baseline_and_diff_look_at_every_member(build, before, now, change, bare):
    old, new = (
        result(build, *(build.count(n, source=name) for name, n in counts), started=day, bare=bare and counts is before)
        for counts, day in ((before, "2026-11-20T10:00:00+00:00"), (now, "2026-11-22T10:00:00+00:00"))
    )
    assert [row.change for row in rows(old, new)] == [change]
    record = RunRecord(provenance=new.provenance, outcomes=new.outcomes)
    file = FileDigest(path="b.json", sha256="ef" * 32)
    verdict = judge(record, build.loaded(COUNT, gate={"new_only": {}}), {}, build.today, old, file)
    assert (verdict.findings[0].change, verdict.exit_code) == (change, 0 if change == "same" else 1)


TIMES = {
    "itself": ("2026-11-22T10:00:00+00:00", "2026-11-22T10:00:00+00:00", 1),
    "later": ("2026-11-22T10:00:01+00:00", "2026-11-22T10:00:00+00:00", 1),
    "itself in another zone": ("2026-11-22T11:00:00+01:00", "2026-11-22T10:00:00Z", 1),
    "no time now": ("2026-11-22T10:00:00+00:00", "", 1),
    "earlier": ("2026-11-22T09:59:59+00:00", "2026-11-22T10:00:00+00:00", 0),
}


@pytest.mark.parametrize(("before", "now", "exit_code"), TIMES.values(), ids=TIMES)
def test_a_result_is_no_baseline_of_itself(build, before, now, exit_code):
    old, new = (result(build, build.count(2), started=started) for started in (before, now))
    record = RunRecord(provenance=new.provenance, outcomes=new.outcomes)
    file = FileDigest(path="b.json", sha256="ef" * 32)
    verdict = judge(record, build.loaded(COUNT, gate={"new_only": {}}), {}, build.today, old, file)
    assert verdict.exit_code == exit_code
    assert bool(verdict.changes.notes) is bool(exit_code)


def test_a_soft_limit_that_breaks_is_worse_than_one_that_is_open(build):
    rule = {**RATE, "effect": "warn"}
    old = result(build, build.rate(4, 60), rule=rule)
    new = result(build, build.rate(80, 900), rule=rule, started="2026-11-22T10:00:00+00:00")
    assert old.verdict.decisions[-1].verdict == "inconclusive" and new.verdict.decisions[-1].verdict == "warn"
    assert [row.change for row in rows(old, new)] == ["worse"]
    assert [row.change for row in rows(new, old)] == ["same"], "open again, and the intervals overlap"


DATA = tuple(
    InputRecord(name=f"data.{name}", role="data", path=f"{name}.csv", sha256=digest * 32)
    for name, digest in (("train", "11"), ("trusted", "22"), ("test", "33"))
)


def poisoned(data):
    measured = Measurement(
        metric="demo.check.rate", value=0.1, interval=Interval(low=0.08, high=0.12, level=0.95, method="clopper-pearson"),
        statistic=Binomial(k=90, n=900), n=900, method="m",
    )  # fmt: skip
    outcomes = (Outcome(detector="demo.check", status=Status.RAN, measurements=(measured,)),)
    return RunRecord(provenance=Provenance(target="demo", inputs=(*MODELS, *data)), outcomes=outcomes)


def test_what_the_data_hold_is_accepted_for_those_data_only(build):
    specs = spec(Capability.TRAIN, Capability.TRUSTED)
    given = granted(poisoned(DATA), RATE, specs, build)
    assert "model_sha256" not in given["bound"]
    assert code(poisoned(DATA), RATE, given, specs, build) == 0
    assert code(poisoned(DATA[::-1]), RATE, given, specs, build) == 0
    for index, exit_code in ((0, 5), (1, 5), (2, 0)):  # the test data are not behind it
        other = [*DATA]
        other[index] = DATA[index].model_copy(update={"sha256": "44" * 32})
        assert code(poisoned(other), RATE, given, specs, build) == exit_code
    without = {**given, "bound": {key: value for key, value in given["bound"].items() if key != "data_sha256"}}
    verdict = judge(poisoned(DATA), build.loaded(RATE, waivers=[without]), specs, build.today)
    assert verdict.exit_code == 5 and "data_sha256" in verdict.waivers[0].note
    assert code(poisoned(DATA), RATE, without, spec(Capability.LOGS), build) == 0


@pytest.mark.parametrize("role", ["code", "companion"])
def test_what_a_model_does_is_accepted_with_the_code_and_the_weights_beside_it(build, role):
    def record(digest):
        beside = InputRecord(name=f"{role}:x", role=role, path="x", sha256=digest)
        return build.record(build.outcome(build.rate(80, 900, model="a.onnx")), inputs=(*MODELS, beside))

    given = granted(record("d4" * 32), RATE, ASKS, build)
    assert set(given["bound"]["model_sha256"]) == {A, "d4" * 32}
    assert code(record("d4" * 32), RATE, given, ASKS, build) == 0
    assert code(record("e5" * 32), RATE, given, ASKS, build) == 5
