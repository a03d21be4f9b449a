"""What a detector asks of the policy is part of what is remembered: a policy that answers otherwise measures anew."""

import sys
from pathlib import Path

import pytest

from assay.engine.context import NoPolicy
from assay.engine.memory import Memory
from assay.engine.plan import Plan, Step
from assay.engine.run import Setting, execute
from assay.engine.tasks import TaskRunner
from assay.model.outcome import Status
from assay.targets.resolve import resolve


class Strict(NoPolicy):
    def level(self, metric, labels, of):
        return 0.999


class Satisfied(NoPolicy):
    def settled(self, metric, interval, labels):
        return True


class Kept(dict):
    """A store that is a dictionary of plain data."""

    def put(self, key, value):
        import json

        self[key] = json.loads(json.dumps(value))


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    (tmp_path / "a.log").write_text("hello\n")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    from demo_detectors import SPEC

    store = Kept()

    def once(policy, body="AsksThePolicy"):
        resolved = resolve(tmp_path / "assay.yaml")
        spec = SPEC.model_copy(update={"body": f"demo_detectors:{body}"})
        tasks = TaskRunner(resolved.manifest.model_dump(mode="json"), resolved.inputs, memory=Memory(store))
        setting = Setting(0, lambda *told: None, policy)
        (outcome,) = execute(Plan((Step(spec, {}),), ()), (), resolved, tasks, setting).outcomes
        return outcome

    return once


def test_remembered_for_a_policy_that_answers_alike(run):
    first, second = run(NoPolicy()), run(NoPolicy())
    assert (first.cost.remembered, second.cost.remembered) == (False, True)
    assert second.measurements == first.measurements
    assert second.unresolved == first.unresolved


@pytest.mark.parametrize(("other", "value"), [(Strict(), 2), (Satisfied(), 1)], ids=["level", "settled"])
def test_measured_anew_for_a_policy_that_answers_otherwise(run, other, value):
    run(NoPolicy())
    again = run(other)
    assert not again.cost.remembered
    assert again.measurements[0].value == value


def test_a_refusal_is_in_the_outcome_with_its_n(run):
    (entry,) = run(NoPolicy()).unresolved
    assert (entry.metric, entry.labels, entry.have, entry.needed) == ("demo.check.n", {"k": "b"}, 2, 9)


def test_a_refusal_that_the_spec_does_not_declare_is_a_broken_contract(run):
    outcome = run(NoPolicy(), "RefusesUndeclared")
    assert outcome.status is Status.FAILED
    assert "does not declare" in outcome.reason
