"""Run one detector in this process, without workers: for tests of detectors and for their authors."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from assay.detector import Detector
from assay.engine.context import Asked, NoPolicy
from assay.engine.option_files import option_refs
from assay.model.base import Labels
from assay.model.errors import UnusableInput
from assay.model.evidence import Observation
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Unresolved
from assay.targets.base import Target
from assay.targets.opened import Opened
from assay.targets.refs import Shard


@dataclass
class DirectContext:
    """A context that maps in this process and keeps what it is told."""

    target: Target
    options: Mapping[str, Any]
    base_seed: int = 0
    asked: Asked = field(default_factory=NoPolicy)
    observations: list[Observation] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    refused: list[Unresolved] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = os.urandom(32)
        self._opened = Opened(self.target.manifest.model_dump(mode="json"), self.target.inputs)

    def map(self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any) -> Iterator[Any]:
        """Run `work` on each shard, here and now."""
        for shard in shards:
            yield work(self._opened, shard, **arguments)

    def map_outcomes(
        self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any
    ) -> Iterator[tuple[Shard, Any, str | None]]:
        """Run `work` on each shard; an unusable input becomes a reason."""
        for shard in shards:
            try:
                yield shard, work(self._opened, shard, **arguments), None
            except UnusableInput as error:
                yield shard, None, str(error)

    @property
    def observing(self) -> bool:
        """Say that observations are kept."""
        return True

    def observe(self, observation: Observation) -> None:
        """Keep the observation."""
        self.observations.append(observation)

    def not_covered(self, sentence: str) -> None:
        """Keep the sentence once."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def seed(self, name: str) -> int:
        """Return a seed that depends on the base seed and the name alone."""
        return int.from_bytes(hashlib.sha256(f"{self.base_seed}:{name}".encode()).digest()[:8], "big") >> 1

    def secret(self, name: str) -> str:
        """Return 32 bytes that no other run knows."""
        return hashlib.sha256(self._random + name.encode()).hexdigest()

    def level(self, metric: str, labels: Labels, of: int = 1) -> float:
        """Return what the policy says, if there is one."""
        return self.asked.level(metric, labels, of)

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Return what the policy says; without one everything is measured to its end."""
        return self.asked.settled(metric, interval, labels)

    def unresolved(
        self, metric: str, labels: Labels, reason: str, *, have: int | None = None, needed: int | None = None
    ) -> None:
        """Keep the refusal."""
        self.refused.append(Unresolved(metric=metric, labels=labels, reason=reason, have=have, needed=needed))

    def check(self) -> None:
        """Nothing cancels a direct run."""

    def progress(self, done: int, of: int) -> None:
        """Nobody waits."""


@dataclass(frozen=True)
class DirectRun:
    """What a detector said."""

    measurements: tuple[Measurement, ...]
    observations: tuple[Observation, ...]
    not_covered: tuple[str, ...]
    unresolved: tuple[Unresolved, ...]


def run_detector(
    detector: Detector, target: Target, *, seed: int = 0, asked: Asked | None = None, **options: Any
) -> DirectRun:
    """Run `detector` on `target` with its default options, `options` replacing some; `asked` stands for a policy."""
    chosen = {option.name: option.default for option in detector.spec.options} | options
    named = option_refs(detector.spec, chosen, target.root)
    target = replace(target, inputs=(*target.inputs, *named))
    ctx = DirectContext(target, chosen, seed, asked or NoPolicy())
    measurements = tuple(detector.run(target, ctx))
    return DirectRun(measurements, tuple(ctx.observations), tuple(ctx.sentences), tuple(ctx.refused))
