"""The plan: order, reasons, options."""

import pytest

from assay.engine.plan import make_plan, resolve_options
from assay.model.errors import InvalidInput
from assay.model.outcome import Status
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, OptionSpec


def spec(name="demo.check", **more):
    fields = {
        "id": name, "title": "t", "version": "1", "family": "demo", "needs": (Capability.LOGS,), "body": "m:C",
        "explanation": Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=("x",)),
        "metrics": (MetricSpec(id=f"{name}.n", title="n", unit="1", direction="neither"),),
    }  # fmt: skip
    return DetectorSpec(**{**fields, **more})


LOGS = frozenset({Capability.LOGS})
OPTIONS = (
    OptionSpec(name="depth", type="int", default=3, low=1, high=9, help="h"),
    OptionSpec(name="rate", type="float", default=0.5, low=0, high=1, help="h"),
    OptionSpec(name="mode", type="str", default="a", choices=("a", "b"), help="h"),
    OptionSpec(name="deep", type="bool", default=False, help="h"),
)


def test_order_is_by_stage_then_id():
    plan = make_plan([spec("b.x"), spec("a.x", stage=7), spec("c.x", stage=0)], LOGS, {}, lambda module: True)
    assert [step.spec.id for step in plan.steps] == ["c.x", "b.x", "a.x"]


def test_a_missing_input_is_skipped_with_its_name():
    plan = make_plan([spec(needs=(Capability.LOGS, Capability.TRUSTED))], LOGS, {}, lambda module: True)
    (outcome,) = plan.left_out
    assert outcome.status is Status.SKIPPED
    assert outcome.missing_inputs == ("data.trusted",)
    assert "data.trusted" in outcome.reason


def test_a_missing_extra_is_skipped_with_the_exact_install_line():
    plan = make_plan([spec(extras=("pii",), modules=("nope",))], LOGS, {}, lambda module: module != "nope")
    (outcome,) = plan.left_out
    assert outcome.missing_extras == ("pii",)
    assert outcome.reason.endswith("pip install 'model-assay[pii]'")


def test_options_are_filled_in_and_replaced():
    found = resolve_options(spec(options=OPTIONS), {"depth": 9, "rate": 1})
    assert found == {"depth": 9, "rate": 1.0, "mode": "a", "deep": False}


WRONG = {
    "unknown": {"dept": 3}, "too small": {"depth": 0}, "too large": {"rate": 1.5}, "text for a number": {"depth": "3"},
    "flag for a number": {"depth": True}, "number for a flag": {"deep": 1}, "not among the choices": {"mode": "c"},
    "half for a whole number": {"depth": 2.5},
}  # fmt: skip


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
def test_wrong_options_are_refused(given):
    with pytest.raises(InvalidInput, match=next(iter(given))):
        resolve_options(spec(options=OPTIONS), given)
