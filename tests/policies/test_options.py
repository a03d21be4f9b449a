"""One scan has one value of an option: a child cannot weaken its parent by it, nor a result by another policy."""

import pytest

from assay.model.errors import InvalidInput
from assay.model.spec import DetectorSpec, Explanation, MetricSpec, OptionSpec
from assay_policies.ask import detector_options
from assay_policies.difference import differences
from assay_policies.judge import judge
from assay_policies.load import load_policy

WORDS = Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=())
OPTIONS = (
    OptionSpec(name="eps", type="float", default=0.0, low=0, high=9, stricter="higher", default_at_most=0.1, help="h"),
    OptionSpec(name="references", type="int", default=2, low=1, high=99, stricter="higher", help="h"),
    OptionSpec(name="tolerance", type="float", default=0.5, low=0, high=1, stricter="lower", help="h"),
    OptionSpec(name="rules", type="str", default="", stricter="given", help="h"),
    OptionSpec(name="norm", type="str", default="linf", choices=("linf", "l2"), help="h"),
)
METRICS = tuple(
    MetricSpec(id=f"demo.check.{name}", title="t", unit="1", low=0, direction="neither") for name in ("count", "other")
)
SPECS = {
    name: DetectorSpec(
        id=name, title="d", version="1", family="demo", needs=(), options=OPTIONS, body="a:B", explanation=WORDS,
        metrics=tuple(m.model_copy(update={"id": m.id.replace("demo.check", name)}) for m in METRICS),
    )
    for name in ("demo.check", "demo.more")
}  # fmt: skip
RULE = "  - {{id: robust-enough, metric: demo.check.count, limit: {{max: 0}}, required: true, params: {{{}}}}}\n"
MINE = "  - {{id: mine, metric: demo.check.other, limit: {{max: 99}}, params: {{{}}}}}\n"


@pytest.fixture
def family(tmp_path):
    """Write a parent and a child of these rules, and load the child."""

    def load(parent, child, specs=SPECS):
        (tmp_path / "parent.yaml").write_text(f"version: 1\nid: acme/parent\nrules:\n{parent}")
        (tmp_path / "child.yaml").write_text(f"version: 1\nid: acme/x\nextends: [parent.yaml]\nrules:\n{child}")
        return load_policy(str(tmp_path / "child.yaml"), specs)

    return load


REFUSED = {
    "a smaller budget": ("eps: 0.1", "eps: 0.000001", "option eps of demo.check from 0.1 to 1e-06: rule robust-enough"),
    "less than the default": ("", "references: 1", "from 2 to 1: rule robust-enough .*or write 2 or more"),
    "more tolerance": ("", "tolerance: 0.6", "from 0.5 to 0.6: .*or write 0.5 or less"),
    "what the detector may choose higher": ("", "eps: 0.05", r"from 0 \(chosen by the detector\) to 0.05.*0.1 or more"),
    "left to the detector": ("eps: 0.2", "eps: 0", "from 0.2 to 0: "),
    "other rules": (
        "rules: ours.toml",
        "rules: mine.toml",
        "option rules of .* from ours.toml to mine.toml: .*remove it",
    ),
    "no rules": ("rules: ours.toml", "rules: ''", "option rules of demo.check from ours.toml to ''"),
    "another norm": ("", "norm: l2", "from linf to l2: .*remove it\n"),
}


@pytest.mark.parametrize(("parent", "child", "said"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("rule", [MINE, "  - {{id: robust-enough, params: {{{}}}}}\n"], ids=["new rule", "same rule"])
def test_a_child_may_not_measure_its_parents_rule_by_weaker_options(family, rule, parent, child, said):
    with pytest.raises(InvalidInput, match=rf"child.yaml:5:\d+: a child may not change .*{said}"):
        family(RULE.format(parent), rule.format(child))


GOOD = {
    "stricter": ("references: 3", "references: 4", {"references": 4}),
    "stricter than the default": ("", "references: 4, tolerance: 0.1", {"references": 4, "tolerance": 0.1}),
    "surely stricter than what is chosen": ("", "eps: 0.1", {"eps": 0.1}),
    "rules that add to none": ("", "rules: mine.toml", {"rules": "mine.toml"}),
    "the same": ("eps: 0.1", "eps: 0.1, norm: linf", {"eps": 0.1, "norm": "linf"}),
}


@pytest.mark.parametrize(("parent", "child", "asked"), GOOD.values(), ids=GOOD)
def test_the_same_or_a_stricter_option_holds_for_all_rules(family, parent, child, asked):
    loaded = family(RULE.format(parent), MINE.format(child))
    assert detector_options(loaded) == {"demo.check": asked}


def test_two_rules_of_a_child_that_name_different_files_are_refused(family):
    mine = MINE.format("rules: a.toml") + MINE.format("rules: b.toml").replace("mine", "mine2")
    with pytest.raises(
        InvalidInput, match=r"child.yaml:5:\d+: a scan has one rules of demo.check, .* a.toml and b.toml"
    ):
        family(RULE.format(""), mine)
    assert family(RULE.format(""), mine.replace("b.toml", "a.toml"))


def test_the_line_that_tightened_an_option_is_told(family):
    loaded = family(RULE.format("references: {value: 3, why: enough}"), MINE.format("references: 4"))
    rule = loaded.policy.rules[0]
    assert (rule.params["references"].value, rule.params["references"].why) == (4, "enough")
    assert str(loaded.origins["rules", "robust-enough", "params", "references"]).endswith("child.yaml:5")


def test_what_the_parent_lets_go_may_be_measured_otherwise(family):
    free = RULE.format("references: 3").replace("required: true", "overridable: true")
    child = "  - {id: robust-enough, params: {references: 1}}\n"
    assert detector_options(family(free, child)) == {"demo.check": {"references": 1}}
    with pytest.raises(InvalidInput, match="rule held of the parent is measured with it"):
        family(free + RULE.format("").replace("robust-enough", "held"), child)


def test_a_rule_that_leaves_the_detector_does_not_take_its_option_along(family):
    free = RULE.format("references: 3").replace("required: true", "overridable: true")
    held = RULE.format("").replace("robust-enough", "held")
    with pytest.raises(InvalidInput, match=r"child.yaml:5:\d+: .* references of demo.check from 3 to 2: rule held"):
        family(free + held, "  - {id: robust-enough, metric: demo.more.count}\n")


def test_without_the_detector_only_the_parents_own_value_may_be_repeated(family):
    assert family(RULE.format("eps: 0.1"), MINE.format("eps: 0.1"), None)
    for parent, child in (("eps: 0.1", "eps: 0.2"), ("", "eps: 0.2")):
        with pytest.raises(InvalidInput, match="may not change option eps"):
            family(RULE.format(parent), MINE.format(child), None)


def test_diff_calls_a_weaker_option_looser(tmp_path):
    texts = {"a": RULE.format("eps: 0.1"), "b": RULE.format("") + MINE.format("eps: 0.000001")}
    for name, rules in texts.items():
        (tmp_path / f"{name}.yaml").write_text(f"version: 1\nid: acme/{name}\nrules:\n{rules}")
    a, b = (load_policy(str(tmp_path / f"{name}.yaml"), SPECS) for name in "ab")
    found = [d for d in differences(a, b, SPECS) if d.where == "detector demo.check"]
    assert [(d.way, d.text, d.looser) for d in found] == [("looser", "option eps: 0.1 -> 1e-06", True)]
    back = [d for d in differences(b, a, SPECS) if d.where == "detector demo.check"]
    assert [(d.way, d.looser) for d in back] == [("tighter", False)]


RAN = {
    "as asked": ({"eps": 0.1, "references": 2}, {"eps": 0.1}, 0),
    "weaker than asked": ({"eps": 1e-6}, {"eps": 0.1}, 3),
    "weaker than the default": ({"eps": 0.0, "references": 1}, {}, 3),
    "by default": ({"eps": 0.0, "references": 2}, {}, 0),
    "an older result, and nothing is asked": ({}, {}, 0),
    "an older result": ({}, {"eps": 0.1}, 3),
}


@pytest.mark.parametrize(("ran", "params", "code"), RAN.values(), ids=RAN)
def test_a_result_counts_only_under_the_options_that_the_policy_asks(build, ran, params, code):
    record = build.record(build.outcome(build.count(0), options=ran))
    verdict = judge(record, build.loaded({**build.zero, "params": params}), SPECS, build.today)
    assert verdict.exit_code == code
    if code:
        decision = next(d for d in verdict.decisions if d.rule == "zero")
        assert decision.verdict == "error" and decision.reason.endswith("scan again under this policy")


def test_the_options_of_every_rule_on_the_detector_are_asked(build):
    record = build.record(build.outcome(build.count(0), options={"eps": 1e-6}))
    other = {"id": "other", "metric": "demo.check.other", "limit": {"max": 9}, "params": {"eps": 0.1}}
    verdict = judge(record, build.loaded(build.zero, other), SPECS, build.today)
    assert {d.rule: d.reason for d in verdict.decisions}["zero"] == (
        "measured with eps = 1e-06, the policy asks 0.1; scan again under this policy"
    )


def test_the_shipped_detectors_say_which_way_is_stricter():
    from assay.engine.catalogue import load_catalogue

    ways = {(s.id, o.name): o.stricter for s in load_catalogue().specs.values() for o in s.options}
    assert ways["adversarial.whitebox", "eps"] == ways["privacy.membership", "max_rows"] == "higher"
    assert ways["pii.logs", "min_score"] == "lower"
    assert (
        ways["adversarial.whitebox", "norm"]
        is ways["adversarial.whitebox", "unit"]
        is ways["pii.logs", "engine"]
        is None
    )
