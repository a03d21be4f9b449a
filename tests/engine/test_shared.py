"""Work that several detectors share is done once a scan; nobody can change what the next one gets."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engine import memory
from assay.engine.memory import Answered
from assay.engine.supervisor import Task
from assay.targets.refs import Shard, shared


def task(name: str = "a", work: str = "m:f", share: bool = True, **arguments: Any) -> Task:
    return Task(work, Shard(name), arguments, shared=share)


def test_the_same_question_has_the_same_answer() -> None:
    answered = Answered()
    assert answered.recall(task()) is None
    answered.keep(task(), {"found": [1]})
    found = answered.recall(task())
    assert found is not None and found.value == {"found": [1]}
    found.value["found"].append(2)
    again = answered.recall(task())
    assert again is not None and again.value == {"found": [1]}


@pytest.mark.parametrize("other", [task("b"), task(work="m:g"), task(seed=1), task(share=False)])
def test_another_question_has_not(other: Task) -> None:
    answered = Answered()
    answered.keep(task(), 1)
    assert answered.recall(other) is None


def test_work_that_is_not_shared_is_not_kept() -> None:
    answered = Answered()
    answered.keep(task(share=False), 1)
    assert answered.recall(task()) is None


def test_there_is_only_so_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_ROOM", 100)
    answered = Answered()
    answered.keep(task("large"), "x" * 200)
    answered.keep(task("small"), "x")
    assert answered.recall(task("large")) is None
    assert answered.recall(task("small")) is not None


def test_a_function_is_marked_and_stays_what_it_is() -> None:
    @shared
    def work(value: int) -> int:
        return value + 1

    assert work(1) == 2
    assert work.shared is True  # type: ignore[attr-defined]
