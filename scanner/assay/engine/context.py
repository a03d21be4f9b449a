"""The context that the engine gives to a driver."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from assay.engine.keys import Contents, part_key, task_key
from assay.engine.spool import Spool
from assay.engine.supervisor import Task
from assay.engine.tasks import Spent, TaskFailed, TaskRunner
from assay.model.base import Labels
from assay.model.evidence import Observation
from assay.model.interval import Interval
from assay.model.outcome import Unresolved
from assay.model.spec import Capability, DetectorSpec
from assay.targets.refs import Shard

Progress = Callable[[str, int, int], None]
"""Called with (detector id, done, of)."""
_OPENS_MODELS = {Capability.MODEL, Capability.GRADIENTS}


class Asked(Protocol):
    """What a policy lets detectors know while they measure."""

    def level(self, metric: str, labels: Labels, of: int) -> float:
        """Return the level at which it judges."""

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Say whether it is decided."""


class NoPolicy:
    """Nobody asks: estimates at 95 %, and everything is measured to its end."""

    def level(self, metric: str, labels: Labels, of: int) -> float:
        """Return 1 - 0.05 / of."""
        return 1 - 0.05 / of

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Never."""
        return False


Question = tuple[str, str, Any, Labels, Any]
"""(`level` or `settled`, metric, how many or the interval as plain data, labels, the answer)."""


@dataclass(frozen=True)
class Surroundings:
    """What every driver of a scan shares."""

    tasks: TaskRunner
    contents: Contents
    progress: Progress
    asked: Asked
    sealed_only: bool = True
    """Whether models are opened only by workers that proved their seal."""


class RunContext:
    """See `assay.detector.Context`."""

    def __init__(self, spec: DetectorSpec, options: Mapping[str, Any], around: Surroundings, observing: bool) -> None:
        self._spec, self._options, self._around = spec, options, around
        self.sentences: list[str] = []
        self.refused: list[Unresolved] = []
        self.questions: list[Question] = []
        """What the policy was asked, with its answers: the outcome holds for every policy that answers alike."""
        self.spool = Spool() if observing else None
        """Observations, where somebody asked for them."""
        self.spent = Spent()

    @property
    def options(self) -> Mapping[str, Any]:
        """Every option of the spec, validated, defaults filled in."""
        return self._options

    def map(self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any) -> Iterator[Any]:
        """Run `work` per shard in workers; yield in shard order; raises TaskFailed at the first without a result."""
        for _, future in self._around.tasks.run_all(self._tasks(work, shards, arguments), self.spent):
            yield future.result()

    def map_outcomes(
        self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any
    ) -> Iterator[tuple[Shard, Any, str | None]]:
        """Run `work` per shard in workers; yield in shard order; a shard without a result comes with its reason."""
        for task, future in self._around.tasks.run_all(self._tasks(work, shards, arguments), self.spent):
            try:
                value, reason = future.result(), None
            except TaskFailed as error:
                value, reason = None, str(error)
            yield task.shard, value, reason

    @property
    def observing(self) -> bool:
        """Say whether somebody asked for observations."""
        return self.spool is not None

    def observe(self, observation: Observation) -> None:
        """Record one located observation, where somebody asked for them."""
        if observation.detector != self._spec.id or self._spec.metric(observation.metric) is None:
            raise ValueError(f"{self._spec.id} observed {observation.metric}, which its spec does not declare")
        if self.spool is not None:
            self.spool.add(observation)

    def not_covered(self, sentence: str) -> None:
        """Keep the sentence, once."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def seed(self, name: str) -> int:
        """Return the seed for `name`: from the scan's seed, the detector and the name alone; 63 bits."""
        text = f"{self._around.contents.seed}\x1f{self._spec.id}\x1f{name}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1

    def secret(self, name: str) -> str:
        """Return 32 bytes in hex for `name`; see `assay.detector.Context`."""
        return self._around.tasks.memory.secret(f"{self._spec.id}\x1f{name}")

    def level(self, metric: str, labels: Labels, of: int = 1) -> float:
        """Return the level at which the policy will judge this metric."""
        answer = self._around.asked.level(metric, labels, of)
        self.questions.append(("level", metric, of, dict(labels), answer))
        return answer

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Say whether every rule that asks for this metric is decided by this interval."""
        answer = self._around.asked.settled(metric, interval, labels)
        self.questions.append(("settled", metric, interval.model_dump(mode="json"), dict(labels), answer))
        return answer

    def unresolved(
        self, metric: str, labels: Labels, reason: str, *, have: int | None = None, needed: int | None = None
    ) -> None:
        """Keep the refusal, where the spec declares the metric and its labels."""
        declared = self._spec.metric(metric)
        if declared is None or set(labels) - set(declared.labels):
            raise ValueError(f"{self._spec.id} refused {metric} {dict(labels)}, which its spec does not declare")
        self.refused.append(Unresolved(metric=metric, labels=dict(labels), reason=reason, have=have, needed=needed))

    def check(self) -> None:
        """Raise where the scan is stopped or out of time."""
        self._around.tasks.check()

    def progress(self, done: int, of: int) -> None:
        """Tell the person who waits."""
        self._around.progress(self._spec.id, done, of)

    def _tasks(self, work: Callable[..., Any], shards: Iterable[Shard], arguments: dict[str, Any]) -> Iterator[Task]:
        name = _name(work)
        for shard in shards:
            task = Task(name, shard, arguments, shared=getattr(work, "shared", False))
            if getattr(work, "isolated", False):
                task = replace(task, group=f"isolated:{self._spec.id}", sealed=self._around.sealed_only)
            if _OPENS_MODELS & set(self._spec.needs):
                model = shard.input if shard.input.startswith("model") else "all"
                task = replace(task, group=f"model:{model}", sealed=self._around.sealed_only)
            yield self._kept(task, work) if self._around.tasks.memory.active else task

    def _kept(self, task: Task, work: Callable[..., Any]) -> Task:
        """Return the task with what decides where its result is kept."""
        identified_by = getattr(work, "identified_by", None)
        if identified_by is None:
            return replace(task, key=task_key(task, self._around.contents, self._spec, self._options))
        part = part_key(task, getattr(work, "ignoring", ()))
        return replace(task, identified_by=_name(identified_by), part=part, keep_when=getattr(work, "keep_when", None))


def _name(work: Callable[..., Any]) -> str:
    if "<" in work.__qualname__ or "." in work.__qualname__:
        raise TypeError(f"{work.__qualname__} is no top-level function, so no worker can find it")
    return f"{work.__module__}:{work.__qualname__}"


def answers_alike(asked: Asked, questions: Iterable[Any]) -> bool:
    """Say whether a policy gives these answers to these questions; raises ValueError or TypeError where none are."""
    for kind, metric, of, labels, answer in questions:
        now = (
            asked.level(metric, labels, of)
            if kind == "level"
            else asked.settled(metric, Interval.model_validate(of), labels)
        )
        if now != answer:
            return False
    return True
