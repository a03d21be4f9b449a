"""Chains of policies, field by field: what a child may tighten, what it may not loosen, and who set what."""

import datetime

import pytest

from assay.model.errors import InvalidInput
from assay_policies.ask import detector_options
from assay_policies.load import load_policy
from assay_policies.order import rule_steps
from assay_policies.schema import Param, Rule

HEAD = "version: 1\nid: acme/x\n"
PARENT = """\
version: 1
id: acme/parent
gate: {inconclusive: block, overridable: [new_only]}
approvers: [ann@acme.example, bob@acme.example]
max_waiver_days: 90
rules:
  - id: leak
    metric: privacy.membership.auc
    limit: {max: 0.6, judge: lower}
    evidence: {min_n: 100}
    params: {max_rows: {value: 2000, unit: rows, why: what the test set has}}
    controls: [cwe:CWE-532]
    severity: medium
  - {id: soft, metric: pii.logs.count, limit: {max: 0}, effect: warn, when: "target.task == 'regression'"}
"""
WAIVER = (
    "waivers:\n  - {{id: {id}, finding: " + "a" * 32 + ", reason: only batch scoring, kind: {kind}, "
    "approver: {by}, expires: {until}}}\n"
)


@pytest.fixture(scope="module")
def specs():
    from assay.engine.catalogue import load_catalogue

    return load_catalogue().specs


@pytest.fixture
def child(tmp_path, specs):
    def load(text, parent=PARENT, today=None):
        (tmp_path / "parent.yaml").write_text(parent)
        (tmp_path / "child.yaml").write_text("extends: [parent.yaml]\n" + HEAD + text)
        return load_policy(str(tmp_path / "child.yaml"), specs, today=today)

    return load


def rule_of(loaded, name):
    return next(rule for rule in loaded.policy.rules if rule.id == name)


def test_a_child_tightens_every_new_field(child):
    loaded = child(
        f"manifest_sha256: {'c' * 64}\napprovers: [bob@acme.example]\nmax_waiver_days: 30\napprovers_required: true\n"
        "gate: {new_only: {never_for: [high], max_age_days: 10}}\nrequires_inputs: [logs]\n"
        "rules:\n  - id: leak\n    evidence: {min_n: 500, min_power: 0.8}\n    controls: [cwe:CWE-359]\n"
        "    params: {max_rows: 2000}\n    why: more rows\n"
        "  - {id: soft, effect: fail, when: null}\n"
    )
    policy, leak, soft = loaded.policy, rule_of(loaded, "leak"), rule_of(loaded, "soft")
    assert (policy.manifest_sha256, policy.approvers, policy.max_waiver_days) == ("c" * 64, ("bob@acme.example",), 30)
    assert (leak.evidence.min_n, leak.evidence.min_power, leak.limit.max) == (500, 0.8, 0.6)
    assert leak.controls == ("cwe:CWE-532", "cwe:CWE-359")
    assert (soft.effect, soft.when) == ("fail", None)
    assert policy.gate.new_only.never_for == ("high",)
    assert policy.gate.inconclusive == "block"


REFUSED = {
    "smaller sample": ("rules:\n  - {id: leak, evidence: {min_n: 50}}\n", "5:34"),
    "no sample": ("rules:\n  - {id: leak, evidence: {min_n: null}}\n", "5:34"),
    "another value of an option": ("rules:\n  - {id: leak, params: {max_rows: 100}}\n", "5:35"),
    "an option left open": ("rules:\n  - {id: leak, params: {max_shift: 0.5}}\n", "5:36"),
    "a name more": ("approvers: [ann@acme.example, eve@acme.example]\n", "4:31"),
    "nobody named": ("approvers: []\n", "4:12"),
    "longer waivers": ("max_waiver_days: 91\n", "4:18"),
    "a gate that opens": ("gate: {inconclusive: report}\n", "4:22"),
    "more to loosen": ("gate: {overridable: [new_only, inconclusive]}\n", "4:21"),
}


@pytest.mark.parametrize(("text", "place"), REFUSED.values(), ids=REFUSED)
def test_a_child_may_not_loosen(child, text, place):
    with pytest.raises(InvalidInput, match=rf"child.yaml:{place}: .*(remove|name only|write)"):
        child(text)


def test_a_pin_that_is_set_stays(child):
    pinned = PARENT.replace("id: acme/parent\n", f"id: acme/parent\nmanifest_sha256: {'c' * 64}\n")
    with pytest.raises(InvalidInput, match=r"child.yaml:4:18: manifest_sha256: .*the parent pins another manifest"):
        child(f"manifest_sha256: {'d' * 64}\n", pinned)
    with pytest.raises(InvalidInput, match=r"child.yaml:4:18: .*any manifest"):
        child("manifest_sha256: null\n", pinned)


def test_earlier_findings_are_excused_only_where_the_root_allows_it(child):
    assert child("gate: {new_only: {}}\n").policy.gate.new_only.max_age_days == 90
    closed = PARENT.replace(", overridable: [new_only]", "")
    with pytest.raises(InvalidInput, match=r"child.yaml:4:18: gate.new_only: .*gate.overridable"):
        child("gate: {new_only: {}}\n", closed)
    excused = closed.replace("block}", "block, new_only: {never_for: [high], max_age_days: 30}}")
    assert child("gate: {new_only: {max_age_days: 10}}\n", excused).policy.gate.new_only.never_for == ("high",)
    for looser in ("{max_age_days: 60}", "{never_for: [low]}"):
        with pytest.raises(InvalidInput, match=r"child.yaml:4:\d+: gate.new_only\."):
            child(f"gate: {{new_only: {looser}}}\n", excused)
    assert child("gate: {new_only: null}\n", excused).policy.gate.new_only is None


def test_options_reach_the_detector_without_unit_and_reason(child):
    loaded = child("")
    assert isinstance(rule_of(loaded, "leak").params["max_rows"], Param)
    assert detector_options(loaded)["privacy.membership"] == {"max_rows": 2000}


def test_approvers_are_held_to_at_the_line_of_the_waiver(child):
    def text(by, kind="accepted_risk"):
        return WAIVER.format(id="W", kind=kind, by=by, until="2027-01-31")

    assert child(text("ann@acme.example")).policy.waivers
    assert child(text("eve@acme.example", "confirmed")).policy.waivers, "a record accepts nothing"
    with pytest.raises(InvalidInput, match=r"child.yaml:5:\d+: waiver 'W': 'an@acme.example' may not.*'ann@acme"):
        child(text("an@acme.example"))


def test_waivers_of_parents_count_and_keep_their_approver(child):
    parent = PARENT + WAIVER.format(id="P", kind="accepted_risk", by="ann@acme.example", until="2027-01-31")
    own = WAIVER.format(id="C", kind="accepted_risk", by="bob@acme.example", until="2027-01-31")
    assert [waiver.id for waiver in child(own, parent).policy.waivers] == ["P", "C"]
    with pytest.raises(InvalidInput, match=r"child.yaml:4:12: waiver 'P' of the parent was approved by 'ann@acme"):
        child("approvers: [bob@acme.example]\n", parent)
    with pytest.raises(InvalidInput, match=r"child.yaml:5:\d+: waiver 'P' is given twice"):
        child(own.replace("id: C", "id: P"), parent)


def test_a_day_makes_expired_and_long_waivers_errors(child):
    day = datetime.date(2026, 11, 26)
    for until, words in (("2026-11-25", "expired on 2026-11-25"), ("2027-02-25", "write 2027-02-24 at the latest")):
        text = WAIVER.format(id="W", kind="accepted_risk", by="ann@acme.example", until=until)
        assert child(text).policy.waivers
        with pytest.raises(InvalidInput, match=words):
            child(text, today=day)
    last = WAIVER.format(id="W", kind="accepted_risk", by="ann@acme.example", until="2027-02-24")
    assert child(last, today=day).policy.waivers


def test_every_value_knows_the_line_that_set_it(child):
    loaded = child("approvers: [bob@acme.example]\nrules:\n  - id: leak\n    limit: {max: 0.55}\n    severity: high\n")
    at = {loc: f"{origin.source.rsplit('/')[-1]}:{origin.line}" for loc, origin in loaded.origins.items()}
    assert at["rules", "leak", "limit", "max"] == "child.yaml:7"
    assert at["rules", "leak", "limit", "judge"] == "parent.yaml:9"
    assert at["rules", "leak", "severity"] == "child.yaml:8"
    assert at["rules", "leak", "params", "max_rows"] == "parent.yaml:11"
    assert at["approvers", "bob@acme.example"] == "child.yaml:4"
    assert at["gate", "inconclusive"] == "parent.yaml:3"
    assert ("alpha",) not in at


def test_retired_and_foreign_controls_are_noted_unknown_ones_refused(child):
    new = "rules:\n  - {{id: n, metric: pii.logs.count, limit: {{max: 0}}, controls: [{}]}}\n"
    (note,) = child(new.format("atlas:AML.T0019")).notes
    assert "child.yaml:5:" in note
    assert "AML.T0115.000" in note
    (note,) = child(new.format("alas:AML.T0010")).notes
    assert "did you mean 'atlas:AML.T0010'" in note
    assert child(new.format("acme:SEC-12")).notes == ()
    (note,) = child(new.format("eu:Art.99")).notes  # an article that there is, and that no table of ours names
    assert "eu:Art.99 is not among the controls that Assay knows by name" in note
    with pytest.raises(InvalidInput, match=r"the pinned table of eu has no 'Artt.9'"):
        child(new.format("eu:Artt.9"))


WAYS = {
    "lower limit": ({"limit": {"max": 0.5}}, "tighter"),
    "no limit": ({"limit": {"min": 0.1}}, "looser"),
    "with detectable": ({"limit": {"max": 0.6, "max_detectable": 1}}, "looser"),
    "upper end": ({"limit": {"max": 0.6, "judge": "upper"}}, "tighter"),
    "soft": ({"effect": "warn"}, "looser"),
    "one place only": ({"where": {"a": "b"}}, "looser"),
    "sometimes": ({"when": "target.task == 'x'"}, "looser"),
    "required": ({"required": "declared"}, "tighter"),
    "less severe": ({"severity": "info"}, "looser"),
    "per label": ({"each": ("a",)}, "different"),
    "another option": ({"params": {"a": 1}}, "different"),
}


@pytest.mark.parametrize(("change", "way"), WAYS.values(), ids=WAYS)
def test_ways(change, way):
    base = {"id": "r", "metric": "a.b.c", "limit": {"max": 0.6}}
    before, after = (Rule.model_validate(fields) for fields in (base, {**base, **change}))
    found = list(rule_steps(before, after))
    assert found[0].way == way
    back = next(iter(rule_steps(after, before))).way
    narrower = set(change) == {"where"}  # fewer labels is no tightening: another measurement would stand for this one
    assert back == ("different" if narrower else {"tighter": "looser", "looser": "tighter"}.get(way, way))
    assert not list(rule_steps(after, after))
