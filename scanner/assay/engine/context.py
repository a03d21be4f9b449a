"""The context that the engine gives to a driver."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from assay.engine.spool import Spool
from assay.engine.supervisor import Task
from assay.engine.tasks import TaskFailed, TaskRunner
from assay.model.base import Labels
from assay.model.evidence import Observation
from assay.model.interval import Interval
from assay.model.spec import DetectorSpec
from assay.targets.refs import Shard

Progress = Callable[[str, int, int], None]
"""Called with (detector id, done, of)."""
Settled = Callable[[str, Interval, Labels], bool]


class RunContext:
    """See `assay.detector.Context`."""

    def __init__(
        self,
        spec: DetectorSpec,
        options: Mapping[str, Any],
        tasks: TaskRunner,
        *,
        seed: int,
        spool: Spool | None,
        progress: Progress,
        settled: Settled,
    ) -> None:
        self._spec, self._options, self._tasks = spec, options, tasks
        self._seed, self._spool, self._progress, self._settled = seed, spool, progress, settled
        self.sentences: list[str] = []

    @property
    def options(self) -> Mapping[str, Any]:
        """Every option of the spec, validated, defaults filled in."""
        return self._options

    def map(self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any) -> Iterator[Any]:
        """Run `work` per shard in a worker; raises TaskFailed at the first shard that gives no result."""
        for shard in shards:
            yield self._tasks.run(Task(_name(work), shard, arguments))

    def map_outcomes(
        self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any
    ) -> Iterator[tuple[Shard, Any, str | None]]:
        """Run `work` per shard in a worker; a shard without a result comes with its reason."""
        for shard in shards:
            try:
                value, reason = self._tasks.run(Task(_name(work), shard, arguments)), None
            except TaskFailed as error:
                value, reason = None, str(error)
            yield shard, value, reason

    def observe(self, observation: Observation) -> None:
        """Record one located observation, where somebody asked for them."""
        if observation.detector != self._spec.id or self._spec.metric(observation.metric) is None:
            raise ValueError(f"{self._spec.id} observed {observation.metric}, which its spec does not declare")
        if self._spool is not None:
            self._spool.add(observation)

    def not_covered(self, sentence: str) -> None:
        """Keep the sentence, once."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def seed(self, name: str) -> int:
        """Return the seed for `name`: from the scan's seed, the detector and the name alone; 63 bits."""
        digest = hashlib.sha256(f"{self._seed}\x1f{self._spec.id}\x1f{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Say whether every rule that asks for this metric is decided by this interval."""
        return self._settled(metric, interval, labels)

    def check(self) -> None:
        """Raise OutOfTime where the budget is spent."""
        self._tasks.check()

    def progress(self, done: int, of: int) -> None:
        """Tell the person who waits."""
        self._progress(self._spec.id, done, of)


def _name(work: Callable[..., Any]) -> str:
    if "<" in work.__qualname__ or "." in work.__qualname__:
        raise TypeError(f"{work.__qualname__} is no top-level function, so no worker can find it")
    return f"{work.__module__}:{work.__qualname__}"
