"""Do tasks in a worker: retry a task whose worker died once, then give it up; the others go on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from assay.engine.room import Seal
from assay.engine.supervisor import Answer, Task, Worker, WorkerDied
from assay.targets.refs import InputRef

DEATHS = 2
"""A task that kills its worker this often is given up."""
TASK_SECONDS = 900.0


class TaskFailed(Exception):
    """A task gave no result; `str()` is one sentence."""

    def __init__(self, sentence: str, *, unusable: bool = False) -> None:
        super().__init__(sentence)
        self.unusable = unusable
        """The input is at fault, not the program."""


class OutOfTime(Exception):
    """The budget of the scan is spent."""


@dataclass
class TaskRunner:
    """One worker and the clock."""

    manifest: dict[str, Any]
    inputs: Iterable[InputRef]
    deadline: float | None = None
    """`time.monotonic()` at which the scan must end; None: never."""
    peak_rss_mb: float = field(default=0.0, init=False)
    cpu_seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._worker = Worker(self.manifest, self.inputs)

    def run(self, task: Task) -> Any:
        """Return the value of `task`.

        Raises:
            TaskFailed: the input is unusable, the work raised, or the worker died twice.
            OutOfTime: the budget is spent.
        """
        reasons = []
        for _ in range(DEATHS):
            try:
                answer = self._worker.call(task, self._seconds())
            except WorkerDied as death:
                if self.deadline is not None and time.monotonic() >= self.deadline:
                    raise OutOfTime from None
                reasons.append(str(death))
                continue
            return self._value(task, answer)
        raise TaskFailed(f"the worker {reasons[-1]}, {DEATHS} times; the input may be hostile or too large")

    @property
    def seal(self) -> Seal | None:
        """Return what the newest worker proved about itself; None before the first task."""
        return self._worker.seal

    def renew(self, inputs: Iterable[InputRef]) -> None:
        """End the worker; the next task gets a fresh one, which has read nothing yet, with these inputs."""
        seal = self._worker.seal
        self._worker.stop()
        self._worker = Worker(self.manifest, inputs)
        self._worker.seal = seal

    def stop(self) -> None:
        """End the worker."""
        self._worker.stop()

    def check(self) -> None:
        """Raise OutOfTime where the budget is spent."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise OutOfTime

    def _seconds(self) -> float:
        self.check()
        left = TASK_SECONDS if self.deadline is None else self.deadline - time.monotonic()
        return min(TASK_SECONDS, left)

    def _value(self, task: Task, answer: Answer) -> Any:
        self.cpu_seconds += answer.cpu_seconds
        self.peak_rss_mb = max(self.peak_rss_mb, answer.peak_rss_mb)
        if answer.error is None:
            return answer.value
        if answer.unusable:
            raise TaskFailed(answer.error, unusable=True)
        raise TaskFailed(f"{answer.error} (in {answer.trace or task.work}); this is a defect, please report it")
