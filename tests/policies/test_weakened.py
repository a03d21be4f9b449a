"""Ways that would let a worse thing pass: an unknown condition, a step that looks tighter, a name, a trusted stranger."""

import pytest

from assay.model.errors import InvalidInput
from assay.model.result import FileDigest
from assay.model.trust import TrustEntry
from assay_policies.judge import judge
from assay_policies.load import load_policy
from assay_policies.order import rule_steps
from assay_policies.schema import Rule, Waiver
from assay_policies.waive import fingerprint
from assay_policies.when_check import check_expression

UNKNOWN = "model.format == 'onnx'"
HEAD = "version: 1\nid: acme/x\nrules:\n"


def test_a_required_rule_whose_condition_is_unknown_does_not_pass(build):
    record = build.record(build.outcome(build.count(9)))
    rule = {**build.zero, "when": UNKNOWN}
    other = {"id": "other", "metric": "demo.check.count", "limit": {"max": 9}}
    assert build.verdict(record, rule, other).exit_code == 4
    assert build.verdict(record, {**rule, "required": False}, other).exit_code == 0


def test_nobody_accepts_or_excuses_what_was_not_judged(build):
    from assay.model.result import ScanResult

    rule = {**build.zero, "when": UNKNOWN}
    waiver = {
        "id": "W", "finding": fingerprint("demo", "zero", "demo.check.count", {}), "reason": "until the retrain",
        "kind": "accepted_risk", "approver": "a@b", "expires": "2027-01-31", "bound": {"model_sha256": "ab" * 32},
    }  # fmt: skip
    other = {"id": "other", "metric": "demo.check.count", "limit": {"max": 9}}
    record = build.record(build.outcome(build.count(9)))
    verdict = build.verdict(record, rule, other, waivers=[waiver])
    assert (verdict.exit_code, verdict.waivers[0].state) == (5, "void")
    gate = {"new_only": {}}
    verdict = build.verdict(record, rule, other, gate=gate)
    run = record.provenance.run.model_copy(update={"started": "2026-11-20T00:00:00+00:00"})
    old = ScanResult(
        provenance=record.provenance.model_copy(update={"run": run}), outcomes=record.outcomes, verdict=verdict
    )
    file = FileDigest(path="b.json", sha256="ef" * 32)
    beside = judge(record, build.loaded(rule, other, gate=gate), {}, build.today, old, file)
    assert (beside.exit_code, beside.changes.same, beside.changes.excused) == (4, 1, 0)


STEPS = {
    "an interval leaves open what a point fails": ({"judge": "point"}, {"judge": "interval"}, "different"),
    "an upper end too": ({"judge": "point"}, {"judge": "upper"}, "different"),
    "a margin lets pass what the low end fails": ({"judge": "lower"}, {"judge": "upper", "margin": 0.1}, "different"),
    "no margin": ({"judge": "lower"}, {"judge": "interval"}, "tighter"),
    "to a point": ({"judge": "interval"}, {"judge": "point"}, "different"),
}


@pytest.mark.parametrize(("before", "after", "way"), STEPS.values(), ids=STEPS)
def test_steps_between_ways_of_judging(before, after, way):
    base = {"id": "r", "metric": "a.b.c"}
    rules = [Rule.model_validate({**base, "limit": {"max": 1, **limit}}) for limit in (before, after)]
    assert next(step.way for step in rule_steps(*rules) if step.loc == ("limit", "judge")) == way


def test_a_child_may_not_take_a_label_away(tmp_path):
    rule = "  - {id: r, metric: demo.check.count, where: {tier: A}, limit: {max: 0}}\n"
    (tmp_path / "parent.yaml").write_text(HEAD + rule)
    (tmp_path / "child.yaml").write_text("extends: [parent.yaml]\n" + HEAD + "  - {id: r, where: {}}\n")
    with pytest.raises(InvalidInput, match=r"child.yaml:5:\d+: rule 'r': where: tier A -> everywhere is no change"):
        load_policy(str(tmp_path / "child.yaml"))


def test_only_built_in_policies_are_named_so(tmp_path, monkeypatch):
    text = "version: 1\nid: builtin:strict\nrules:\n  - {id: r, metric: demo.check.count, limit: {max: 0}}\n"
    monkeypatch.chdir(tmp_path)
    for name in ("p.yaml", "builtin:strict"):
        (tmp_path / name).write_text(text)
    for name in ("p.yaml", "./builtin:strict", str(tmp_path / "builtin:strict")):
        with pytest.raises(InvalidInput, match=r":2:5: the prefix `builtin:` is Assay's own"):
            load_policy(name)
    (tmp_path / "builtin:strict").write_text(text.replace("builtin:strict", "acme/x"))
    assert load_policy("./builtin:strict").chain[0].path == "./builtin:strict"


@pytest.mark.parametrize(
    ("policy", "code"),
    [({}, 0), ({"approvers": ["ann@acme"]}, 0), ({"approvers": ["bob@acme"]}, 1), ({"approvers_required": True}, 1)],
    ids=["anybody", "an approver", "a stranger", "nobody yet"],
)
def test_a_trusted_name_needs_an_approver_like_a_waiver(build, policy, code):
    record = build.record(build.outcome(build.count(0)))
    entry = TrustEntry(name="acme.models.Scaler", power="constructor", reason="ours", by="ann@acme")
    provenance = record.provenance.model_copy(update={"trusted": (entry,)})
    verdict = build.verdict(record.model_copy(update={"provenance": provenance}), build.zero, **policy)
    assert verdict.exit_code == code
    assert [(f.rule, f.labels, f.blocks) for f in verdict.findings] == (
        [("trust", {"name": "acme.models.Scaler"}, True)] if code else []
    )


def test_a_condition_on_a_number_that_nobody_judges_is_noted(tmp_path):
    path = tmp_path / "p.yaml"
    rule = "  - {id: r, metric: demo.check.count, limit: {max: 0}, when: \"value('demo.check.rate') < 1\"}\n"
    path.write_text(HEAD + rule)
    (note,) = load_policy(str(path)).notes
    assert "p.yaml:4:" in note and "demo.check.rate" in note and "could open the gate" in note
    path.write_text(HEAD + rule + "  - {id: s, metric: demo.check.rate, limit: {max: 1}, required: true}\n")
    assert load_policy(str(path)).notes == ()
    path.write_text(
        HEAD + rule + "  - {id: s, metric: demo.check.rate, limit: {max: 1}, required: true, effect: warn}\n"
    )
    assert len(load_policy(str(path)).notes) == 1


@pytest.mark.parametrize("number", ["1000000000000001", "1" + 400 * "0", "1e999", "-2e15"])
def test_numbers_beyond_what_is_told_apart_are_refused(number):
    problem = check_expression(f"value('demo.check.count') < {number}")
    assert problem is not None and "too large" in problem.sentence
    assert check_expression("value('demo.check.count') < 1000000000000000") is None


GOOD = {
    "id": "W-1", "finding": "a" * 32, "reason": "until the retrain", "kind": "accepted_risk", "approver": "ann@acme",
    "expires": "2027-01-31",
}  # fmt: skip


@pytest.mark.parametrize("key", ["id", "approver", "reason"])
@pytest.mark.parametrize("char", ["\u202e", "\x1b", "\u200b", "\u2028", "\x00"])
def test_what_is_not_seen_is_in_no_waiver(key, char):
    assert Waiver.model_validate({**GOOD, "reason": "one line,\nand one more\u00a0line"})
    with pytest.raises(ValueError, match="cannot be seen"):
        Waiver.model_validate({**GOOD, key: f"{GOOD[key]}{char}x"})
