"""A worker serves one group in its life, and models are opened only by workers that proved their seal."""

import sys
from pathlib import Path

import pytest

from assay.engine.room import Seal
from assay.engine.supervisor import Task
from assay.engine.tasks import Limits, TaskFailed, TaskRunner
from assay.targets.refs import InputRef, Shard

REFS = [InputRef("model", "model", "/nowhere/m", "m")]


@pytest.fixture
def tasks(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    found = TaskRunner({}, REFS, Limits(jobs=1))
    yield found
    found.stop()


def ask(tasks, work="pid", **more):
    return tasks.run(Task(f"works:{work}", Shard("model"), {}, **more))


def test_the_same_group_keeps_its_worker_and_another_gets_a_fresh_one(tasks):
    first = ask(tasks)
    assert ask(tasks) == first
    model = ask(tasks, group="model:a")
    assert model != first
    assert ask(tasks, group="model:b") != model
    assert ask(tasks) not in (first, model)


def test_what_a_model_did_to_its_worker_does_not_reach_the_next_group(tasks):
    ask(tasks, "poisons", group="model:a")
    assert ask(tasks, "is_poisoned", group="model:a") is True
    assert ask(tasks, "is_poisoned") is False


def test_a_model_is_not_opened_by_a_worker_whose_seal_has_a_hole(tasks, monkeypatch):
    monkeypatch.setattr("assay.engine.supervisor.read_seal", lambda answer: Seal({}, {"write": True}))
    assert ask(tasks)
    with pytest.raises(TaskFailed, match="could not be sealed"):
        ask(tasks, group="model:a", sealed=True)
    assert not tasks.seal.complete


@pytest.mark.parametrize(
    "identity", [{"sha256": 123, "size": 1}, {"sha256": "a" * 64, "size": "x"}, {"sha256": "../x"}]
)
def test_an_identity_in_the_wrong_form_is_an_unusable_input(identity):
    from assay.engine.intake import _record

    record = _record(REFS[0], {"status": "usable", "format": ["x"] * 1000, **identity})
    assert record.status == "unusable"
    assert "wrong form" in record.problem
