"""Built-in policies: every number has a source or the word convention, every rule a control, all of them compose."""

import re

import pytest

from assay.engine.catalogue import load_catalogue
from assay.model import frameworks
from assay_policies.load import builtin_names, load_policy
from assay_policies.order import gate_steps, policy_steps, rule_steps

SOURCE = re.compile(r"\bconvention\b|\b(19|20)\d\d\b|CWE-\d+|NIST|OWASP|picklescan", re.IGNORECASE)
SPECS = load_catalogue().specs
RULES = [(name, rule) for name in builtin_names() for rule in load_policy(name, SPECS).policy.rules]
IDS = [f"{name}-{rule.id}" for name, rule in RULES]


def test_the_three_are_there():
    assert builtin_names() == ("baseline", "regulated", "strict")


@pytest.mark.parametrize(("name", "rule"), RULES, ids=IDS)
def test_every_number_has_a_source_or_is_called_a_convention(name, rule):
    numbers = [value for value in (*rule.limit.model_dump(exclude={"judge", "margin"}).values(),) if value is not None]
    assert numbers or rule.metric.endswith(".p-value")
    sentences = [
        part for part in re.split(r"(?<=[.;])\s(?=[A-Z])", rule.why) if re.search(r"[Ll]imit|needs|[Cc]onvention", part)
    ]
    assert any(SOURCE.search(sentence) for sentence in sentences), rule.why
    evidence = [value for value in rule.evidence.model_dump().values() if value is not None]
    for value in evidence:
        assert f"{value:,}" in rule.why, f"{rule.id}: `why` does not say where {value} comes from"


@pytest.mark.parametrize(("name", "rule"), RULES, ids=IDS)
def test_every_rule_has_a_control_or_says_that_none_exists(name, rule):
    assert rule.controls or "no control exists" in rule.why.casefold()
    for control in rule.controls:
        assert frameworks.known(control), control
        assert frameworks.describe(control).retired_by is None, control


def test_regulated_judges_no_estimate_without_an_evidence_size():
    for rule in load_policy("regulated", SPECS).policy.rules:
        metric = SPECS[rule.metric.rpartition(".")[0]].metric(rule.metric)
        if metric.statistical and rule.required is True:
            assert rule.evidence.min_n or rule.evidence.min_power, rule.id
        named = {control.partition(":")[0] for control in rule.controls}
        assert {"nist-rmf", "iso-42001"} <= named, rule.id


def test_regulated_takes_no_waiver_before_somebody_is_named(tmp_path):
    waiver = (
        "waivers:\n  - {id: W, finding: " + "a" * 32 + ", reason: only batch scoring, kind: accepted_risk,"
        " approver: ciso@acme.example, expires: 2027-01-31}\n"
    )
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\nid: acme/x\nextends: [builtin:regulated]\n" + waiver)
    with pytest.raises(Exception, match=r"p.yaml:5:\d+: waiver 'W': the policy accepts no waiver until .*`approvers: "):
        load_policy(str(path), SPECS)
    path.write_text(path.read_text() + "approvers: [ciso@acme.example]\n")
    assert load_policy(str(path), SPECS).policy.waivers[0].approver == "ciso@acme.example"


def test_each_built_in_is_tighter_than_the_one_before():
    before = None
    for name in ("baseline", "strict", "regulated"):
        policy = load_policy(name, SPECS).policy
        if before is not None:
            rules = {rule.id: rule for rule in policy.rules}
            steps = [*policy_steps(before, policy), *gate_steps(before.gate, policy.gate)]
            steps += [step for rule in before.rules for step in rule_steps(rule, rules[rule.id])]
            assert {step.way for step in steps if step.loc != ("profile",)} == {"tighter", "reworded"} - (
                set() if name == "regulated" else {"reworded"}
            )
        before = policy


def test_what_is_known_may_pass_under_baseline_never_under_strict(tmp_path):
    text = "version: 1\nid: acme/x\nextends: [builtin:{}]\ngate:\n  new_only: {{max_age_days: 30}}\n"
    path = tmp_path / "p.yaml"
    path.write_text(text.format("baseline"))
    gate = load_policy(str(path), SPECS).policy.gate
    assert gate.new_only.max_age_days == 30
    assert "critical" in gate.new_only.never_for
    for name in ("strict", "regulated"):
        path.write_text(text.format(name))
        with pytest.raises(Exception, match=r"p.yaml:5:13: gate.new_only: .*gate.overridable"):
            load_policy(str(path), SPECS)
