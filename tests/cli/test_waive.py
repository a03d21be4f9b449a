"""`assay waive` and `assay waivers list`: written to the policy, bound to what was seen, everything else as it was."""

import datetime
import json

import pytest

from assay.cli.main import run
from assay.model.interval import Exact, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, Provenance, RunRecord, ScanResult, read_result
from assay_policies.judge import judge
from assay_policies.load import load_policy
from assay_policies.members import member_mark

POLICY = """\
# who: release team
version: 1
id: acme/release
title:   "Release"   # odd spacing stays
approvers: [ciso@acme.example, dpo@acme.example]
max_waiver_days: 100
rules:
  - id: no-secrets
    metric: pii.logs.count
    where: {tier: A}
    each: [entity]
    limit: {max: 0}
    required: true
  - id: no-calls
    metric: artifact.unsafe-code.calls
    each: [file]
    limit: {max: 0, judge: upper}
    required: declared
"""
TAILS = {
    "none": "",
    "no newline at the end": "alpha: 0.05",
    "empty list": "waivers: []   # none yet\nalpha: 0.05\n",
    "block list": (
        "waivers:\n- id: W-7\n  finding: " + "ab" * 16 + "\n  reason: an older decision\n  kind: accepted_risk\n"
        "  approver: dpo@acme.example\n  expires: 2020-01-01  # long ago\n# end of waivers\n\nalpha: 0.05\n"
    ),
    "flow list": (
        "waivers: [{id: W-7, finding: " + "ab" * 16 + ", reason: an older decision, kind: accepted_risk, "
        "approver: dpo@acme.example, expires: 2020-01-01}]  # flow\n"
    ),
    "document end": "alpha: 0.05\n...\n",
}
LATER = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=30)).isoformat()


def count(metric, value, **labels):
    return Measurement(
        metric=metric,
        value=value,
        interval=Interval.exact(value),
        statistic=Exact(),
        n=9,
        labels=labels,
        method="count",
    )


@pytest.fixture
def place(tmp_path):
    """Write a policy and a result with two findings and a check that failed; return (folder, judge again)."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    outcomes = (
        Outcome(
            detector="pii.logs", status=Status.RAN,
            measurements=(count("pii.logs.count", 3, tier="A", entity="EMAIL", source="app.log"),),
        ),
        Outcome(
            detector="artifact.unsafe-code", status=Status.RAN,
            measurements=(count("artifact.unsafe-code.calls", 2, file="m.pkl"),),
        ),
    )  # fmt: skip
    inputs = (InputRecord(name="model", role="model", path="m.pkl", sha256="cd" * 32),)
    record = RunRecord(provenance=Provenance(target="demo", inputs=inputs), outcomes=outcomes)

    def write(name="r.json", record=record):
        today = datetime.datetime.now(datetime.UTC).date()
        verdict = judge(record, load_policy(str(tmp_path / "policy.yaml")), {}, today)
        result = ScanResult(provenance=record.provenance, outcomes=record.outcomes, verdict=verdict)
        (tmp_path / name).write_text(result.to_json())
        return result

    return tmp_path, write


def waive(folder, mark, *more, approver="ciso@acme.example", expires="30d", kind="accepted_risk"):
    return run(
        ["waive", mark, "--result", str(folder / "r.json"), "--policy", str(folder / "policy.yaml"),
         "--reason", "accepted: until the logs rotate", "--kind", kind, "--approver", approver, "--expires", expires,
         *more]
    )  # fmt: skip


def mark_of(result, rule):
    return next(f.fingerprint for f in result.verdict.findings if f.rule == rule)


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_waiver_is_added_and_every_other_line_stays(place, capsys, tail, newline):
    folder, write = place
    (folder / "policy.yaml").write_bytes((POLICY + tail).replace("\n", newline).encode())
    mark = mark_of(write(), "no-calls")
    assert waive(folder, mark[:6]) == 0, capsys.readouterr()
    said = capsys.readouterr().out
    after = (folder / "policy.yaml").read_text()
    kept = [line for line in (POLICY + tail).splitlines() if "waivers:" not in line]
    rest = iter(after.splitlines())
    assert all(line in rest for line in kept)
    assert ("# flow" in tail) == ("# flow" in after)
    waiver = load_policy(str(folder / "policy.yaml")).policy.waivers[-1]
    assert (waiver.finding, waiver.expires.isoformat(), waiver.rule) == (mark, LATER, "no-calls")
    assert waiver.bound.model_dump() == {
        "model_sha256": "cd" * 32, "data_sha256": None, "members": (member_mark({"file": "m.pkl"}),), "metric_max": 2,
        "metric_min": None, "verdict": "fail",
    }  # fmt: skip
    assert waiver.id in said and "cd" * 32 in said and "up to 2" in said


def test_the_waived_finding_opens_the_gate_for_itself_only(place):
    folder, write = place
    before = write()
    assert waive(folder, mark_of(before, "no-calls")) == 0
    after = write()
    verdicts = {f.rule: f.verdict.value for f in after.verdict.findings}
    assert verdicts == {"no-calls": "waived", "no-secrets": "fail"}
    assert waive(folder, mark_of(before, "no-secrets")[:8]) == 0
    assert write().verdict.exit_code == 0


def test_a_confirmed_finding_is_recorded_and_still_blocks(place):
    folder, write = place
    mark = mark_of(write(), "no-secrets")
    assert waive(folder, mark, kind="confirmed", approver="anybody@acme.example") == 0
    verdict = write().verdict
    assert verdict.exit_code == 1
    assert [(w.state, w.kind) for w in verdict.waivers] == [("recorded", "confirmed")]
    assert [(f.detector, f.confirmed, f.rejected) for f in verdict.field] == [("pii.logs", 1, 0)]


REFUSED = {
    "unlisted approver": ({"approver": "cis0@acme.example"}, "did you mean 'ciso@acme.example'"),
    "past": ({"expires": "2020-01-01"}, "is past"),
    "too long": ({"expires": "101d"}, "the policy allows 100 days"),
    "no day": ({"expires": "soon"}, "is no day"),
}


@pytest.mark.parametrize(("changed", "said"), REFUSED.values(), ids=REFUSED)
def test_what_the_policy_does_not_allow_is_refused_and_nothing_is_written(place, capsys, changed, said):
    folder, write = place
    mark = mark_of(write(), "no-calls")
    assert waive(folder, mark, **changed) == 2
    assert said in capsys.readouterr().err
    assert (folder / "policy.yaml").read_text() == POLICY
    assert sorted(p.name for p in folder.iterdir()) == ["policy.yaml", "r.json"]


@pytest.mark.parametrize(
    ("prefix", "said"), [("abc", "6 to 32"), ("zzzzzzzz", "6 to 32"), ("000000", "begins so")], ids=str
)
def test_a_fingerprint_that_is_none(place, capsys, prefix, said):
    folder, write = place
    write()
    assert waive(folder, prefix) == 2
    assert said in capsys.readouterr().err


def test_a_check_that_did_not_run_is_not_waived(place, capsys):
    folder, write = place
    result = write()
    failed = result.outcomes[0].model_copy(update={"status": Status.FAILED, "measurements": (), "reason": "crashed"})
    result = write(record=RunRecord(provenance=result.provenance, outcomes=(failed, result.outcomes[1])))
    assert waive(folder, mark_of(result, "no-secrets")) == 2
    assert "that is not waived, it must be made to run" in capsys.readouterr().err


def test_a_larger_number_may_be_accepted_a_smaller_one_not(place, capsys):
    folder, write = place
    mark = mark_of(write(), "no-secrets")
    assert waive(folder, mark, "--bound-value", "2") == 2
    assert "is 3 already" in capsys.readouterr().err
    assert waive(folder, mark, "--bound-value", "5") == 0
    assert load_policy(str(folder / "policy.yaml")).policy.waivers[-1].bound.metric_max == 5


@pytest.mark.parametrize("reason", ["a: b # c\n- d", "\u202e</script> 'q' \"w\"", "{braces: [1]} &a *b !c"])
def test_a_hostile_reason_is_text(place, reason):
    folder, write = place
    mark = mark_of(write(), "no-calls")
    code = run(
        ["waive", mark, "--result", str(folder / "r.json"), "--policy", str(folder / "policy.yaml"), "--reason",
         f"accepted {reason}", "--kind", "accepted_risk", "--approver", "ciso@acme.example", "--expires", "30d"]
    )  # fmt: skip
    if code == 0:
        assert load_policy(str(folder / "policy.yaml")).policy.waivers[-1].reason == f"accepted {reason}"
    else:
        assert (code, (folder / "policy.yaml").read_text()) == (2, POLICY)


def test_a_built_in_policy_is_not_written_to(place, capsys):
    folder, write = place
    mark = mark_of(write(), "no-calls")
    arguments = ["--reason", "accepted for now", "--kind", "accepted_risk", "--approver", "x@y", "--expires", "30d"]
    assert run(["waive", mark, "--result", str(folder / "r.json"), "--policy", "strict", *arguments]) == 2
    assert "extends: [builtin:strict]" in capsys.readouterr().err


def test_list_shows_the_next_to_end_first_and_what_has_ended(place, capsys):
    folder, write = place
    (folder / "policy.yaml").write_text(POLICY + TAILS["block list"])
    mark = mark_of(write(), "no-calls")
    assert waive(folder, mark) == 0
    capsys.readouterr()
    policy = str(folder / "policy.yaml")
    assert run(["waivers", "list", "--policy", policy]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("2020-01-01  expired ")
    assert lines[2].startswith(f"{LATER}  30 days left")
    assert run(["waivers", "list", "--policy", policy, "--expiring", "10d", "--json"]) == 0
    assert [entry["id"] for entry in json.loads(capsys.readouterr().out)] == ["W-7"]
    assert run(["waivers", "list", "--policy", policy, "--result", str(folder / "r.json"), "--json"]) == 0
    states = {entry["id"]: entry["state"] for entry in json.loads(capsys.readouterr().out)}
    assert states == {"W-7": "unused", "W-8": "valid"}
    assert run(["waivers", "list", "--policy", policy, "--expiring", "often"]) == 2


def test_the_register_is_in_the_saved_result(place):
    folder, write = place
    write()
    assert waive(folder, mark_of(write(), "no-calls")) == 0
    write()
    saved = read_result((folder / "r.json").read_text(), "r.json")
    assert [(w.id, w.state) for w in saved.verdict.waivers] == [("W-1", "valid")]


WRONG = {
    "short reason": (["--reason", "short"], "--reason 'short': is too short; write 10 characters or more"),
    "short approver": (["--approver", "ab"], "--approver 'ab': is too short; write 3 characters or more"),
    "long name": (["--id", "x" * 81], "is too long; write 80 characters at most"),
    "turned name": (["--id", "a\u202eb"], "cannot be seen"),
    "turned reason": (["--reason", "accepted \u202e until then"], "cannot be seen"),
    "no number": (["--bound-value", "nan"], "--bound-value nan: is no number"),
    "too small a number": (["--bound-value", "-1e308"], "--bound-value -1e+308: is no number"),
    "without end": (["--bound-value", "inf"], "--bound-value inf: is no number"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_what_no_policy_could_hold_is_refused_in_one_sentence(place, capsys, arguments, said):
    folder, write = place
    mark = mark_of(write(), "no-calls")
    capsys.readouterr()
    assert waive(folder, mark, *arguments) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1 and "\u202e" not in err
    assert (folder / "policy.yaml").read_text() == POLICY
