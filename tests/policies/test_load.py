"""Policy files: inheritance, tightening, errors with line and column."""

import pytest

from assay.model.errors import InvalidInput
from assay.model.spec import DetectorSpec, Explanation, MetricSpec, OptionSpec
from assay_policies.ask import AskedLimits, detector_options
from assay_policies.load import builtin_names, load_policy

SPEC = DetectorSpec(
    id="demo.check", title="demo", version="1", family="demo", needs=("artifact",), body="demo:Demo",
    explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=("x",)),
    metrics=(
        MetricSpec(id="demo.check.count", title="calls", unit="calls", direction="lower-is-better", labels=("file",)),
        MetricSpec(id="demo.check.p-value", title="p", unit="1", direction="higher-is-better"),
    ),
    options=(OptionSpec(name="depth", type="int", default=3, low=1, high=9, help="h"),),
)  # fmt: skip
SPECS = {SPEC.id: SPEC}
HEAD = "version: 1\nid: acme/x\n"
RULE = "rules:\n  - id: r\n    metric: demo.check.count\n    limit: {max: 0}\n"

BROKEN = {
    "no rules": (HEAD, "1:1", "no rules"),
    "unknown metric": (HEAD + RULE.replace("count", "coutn"), "5:13", "did you mean 'demo.check.count'"),
    "no limit": (HEAD + RULE.replace("{max: 0}", "{}"), "4:5", "`max` or `min`"),
    "limit upside down": (HEAD + RULE.replace("{max: 0}", "{max: 0, min: 1}"), "6:21", "nothing can pass"),
    "unknown judge": (HEAD + RULE.replace("{max: 0}", "{max: 0, judge: uper}"), "6:28", "did you mean 'upper'"),
    "unknown label": (HEAD + RULE + "    where: {fiel: x}\n", "7:13", "did you mean 'file'"),
    "unknown each": (HEAD + RULE + "    each: [class]\n", "7:12", "has no label 'class'"),
    "unknown option": (HEAD + RULE + "    params: {dept: 3}\n", "7:14", "did you mean 'depth'"),
    "unknown key": (HEAD + RULE + "    severty: high\n", "7:5", "did you mean 'severity'"),
    "unknown severity": (HEAD + RULE + "    severity: hgih\n", "7:15", "did you mean 'high'"),
    "unknown gate": (HEAD + "gate: {fail: allow}\n" + RULE, "3:14", "not one of block, report"),
    "unknown input": (HEAD + "requires_inputs: [data.trian]\n" + RULE, "3:19", "did you mean 'data.train'"),
    "same rule twice": (HEAD + RULE + RULE.removeprefix("rules:\n"), "7:9", "given twice"),
    "bad expression": (HEAD + RULE + "    when: \"open('x')\"\n", "7:12", "the only call is value"),
    "unknown built-in": ("extends: [builtin:strickt]\n" + HEAD + RULE, "1:11", "did you mean 'strict'"),
    "parent that is not there": ("extends: [no.yaml]\n" + HEAD + RULE, "1:11", "no such file"),
    "two parents": ("extends: [a.yaml, b.yaml]\n" + HEAD + RULE, "1:19", "one parent"),
    "itself as parent": ("extends: [p.yaml]\n" + HEAD + RULE, "1:11", "circle"),
    "alpha of 0": (HEAD + "alpha: 0\n" + RULE, "3:8", "above 0"),
    "waiver without expiry": (
        HEAD + RULE + "waivers:\n  - {id: W, finding: " + "a" * 32
        + ", reason: long enough text, kind: not_affected, approver: abc}\n", "8:5", "expires: is missing"),
    "waiver for a bare rule": (
        HEAD + RULE + "waivers:\n  - {id: W, finding: r, reason: long enough text, kind: not_affected, approver: abc, "
        "expires: 2027-01-01}\n", "8:22", "fingerprint"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "place", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_policy(tmp_path, text, place, words):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load_policy(str(path), SPECS)
    said = str(caught.value)
    assert said.startswith(f"{path}:{place}: "), said
    assert words in said, said


@pytest.fixture
def family(tmp_path):
    """Write a parent, and load children of it."""
    parent = HEAD.replace("acme/x", "acme/parent") + "alpha: 0.04\ngate: {inconclusive: block}\n" + (
        "rules:\n  - {id: r, metric: demo.check.count, limit: {max: 2, margin: 1}, severity: medium, required: declared}\n"
        "  - {id: free, metric: demo.check.count, limit: {max: 2}, overridable: true}\n"
    )  # fmt: skip
    (tmp_path / "parent.yaml").write_text(parent)

    def load(text):
        (tmp_path / "child.yaml").write_text("extends: [parent.yaml]\n" + HEAD + text)
        return load_policy(str(tmp_path / "child.yaml"), SPECS)

    return load


def test_child_tightens_and_keeps_the_rest(family):
    loaded = family("rules:\n  - {id: r, limit: {max: 0}, severity: high, required: true}\n")
    rule = next(rule for rule in loaded.policy.rules if rule.id == "r")
    assert (rule.limit.max, rule.limit.margin, rule.severity, rule.required) == (0, 1, "high", True)
    assert rule.metric == "demo.check.count"
    assert loaded.policy.alpha == 0.04
    assert loaded.policy.gate.inconclusive == "block"
    assert len(loaded.root_metrics) == 2
    assert [digest.path.rsplit("/")[-1] for digest in loaded.chain] == ["parent.yaml", "child.yaml"]
    assert len({digest.sha256 for digest in loaded.chain}) == 2


LOOSER = {
    "higher limit": ("{id: r, limit: {max: 3}}", "5:26"),
    "wider margin": ("{id: r, limit: {margin: 2}}", "5:29"),
    "lower severity": ("{id: r, severity: low}", "5:23"),
    "not required": ("{id: r, required: false}", "5:23"),
    "judged by the point": ("{id: r, limit: {judge: point}}", "5:28"),
    "only a warning": ("{id: r, effect: warn}", "5:21"),
    "only some files": ("{id: r, where: {file: a}}", "5:20"),
    "p-values that pass by power": ("{id: r, limit: {max_detectable: 1}}", "5:37"),
    "only sometimes": ("{id: r, when: \"target.name == 'x'\"}", "5:19"),
}


@pytest.mark.parametrize(("rule", "place"), LOOSER.values(), ids=LOOSER)
def test_child_may_not_loosen(family, rule, place):
    with pytest.raises(InvalidInput, match=rf"child.yaml:{place}: rule 'r': .*the parent does not allow it"):
        family(f"rules:\n  - {rule}\n")


def test_child_may_loosen_what_is_overridable(family):
    loaded = family("rules:\n  - {id: free, limit: {max: 9}}\n")
    assert next(rule for rule in loaded.policy.rules if rule.id == "free").limit.max == 9


def test_child_may_not_open_the_gate_or_raise_alpha(family):
    with pytest.raises(InvalidInput, match="may only tighten"):
        family("gate: {inconclusive: report}\n" + RULE.replace("id: r", "id: n"))
    for alpha in ("0.05", "1.0e-12"):
        with pytest.raises(InvalidInput, match="set by the root policy"):
            family(f"alpha: {alpha}\n" + RULE.replace("id: r", "id: n"))


def test_required_checks_that_did_not_run_may_pass_in_a_dev_policy_only(tmp_path):
    text = HEAD + "gate: {skipped_required: report}\n" + RULE + "    required: true\n"
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"p.yaml:3:26: gate.skipped_required: .* only `profile: dev` may"):
        load_policy(str(path), SPECS)
    path.write_text("profile: dev\n" + text)
    assert load_policy(str(path), SPECS).policy.profile == "dev"


def test_params_reach_the_detector_and_conflicts_are_told(tmp_path):
    text = "rules:\n  - {id: n, metric: demo.check.count, limit: {max: 0}, params: {depth: 4}}\n"
    other = text + "  - {id: m, metric: demo.check.count, limit: {max: 0}, params: {depth: 5}}\n"
    (tmp_path / "one.yaml").write_text(HEAD + text)
    (tmp_path / "two.yaml").write_text(HEAD + other)
    assert detector_options(load_policy(str(tmp_path / "one.yaml"), SPECS)) == {"demo.check": {"depth": 4}}
    with pytest.raises(InvalidInput, match="one scan has one value"):
        detector_options(load_policy(str(tmp_path / "two.yaml"), SPECS))


def test_settled_only_when_every_rule_is_decided(family, build):
    from assay.model.interval import Interval

    rule = "rules:\n  - {id: n, metric: demo.check.count, where: {file: a}, limit: {max: 9}, alpha: 0.05}\n"
    settled = AskedLimits(family(rule), SPECS).settled
    wide = Interval(low=1, high=5, level=1.0, method="t")
    assert not settled("demo.check.count", wide, {"file": "a"})
    assert settled("demo.check.count", Interval(low=10, high=12, level=1.0, method="t"), {"file": "a"})
    assert not settled("demo.check.count", Interval(low=10, high=12, level=0.9, method="t"), {"file": "a"})


@pytest.mark.parametrize("name", builtin_names())
def test_every_number_of_a_builtin_policy_has_its_reason(name):
    from assay.engine.catalogue import load_catalogue

    loaded = load_policy(name, load_catalogue().specs)
    assert loaded.policy.rules
    for rule in loaded.policy.rules:
        assert len(rule.why) > 40, rule.id
        assert rule.controls, rule.id


def test_a_rule_on_a_broken_plugin_stands(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(HEAD + RULE.replace("demo.check.count", "gone.check.count"))
    with pytest.raises(InvalidInput):
        load_policy(str(path), SPECS)
    assert load_policy(str(path), SPECS, ["gone.check"]).policy.rules[0].metric == "gone.check.count"
