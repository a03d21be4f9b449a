"""The detector protocol: what a detector offers, and what it is given.

- `run` is the driver. It is light and trusted: it touches neither model nor input bytes. It cuts the work into shards
  and asks `ctx.map(work, shards, **arguments)`.
- `work` is a top-level function `work(opened, shard, **arguments)`. It runs in a worker, where the target is open, and
  returns plain values only: None, bool, int, float, str, bytes-free lists and dicts, numpy arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol

from assay.model.base import Labels
from assay.model.evidence import Observation
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Shard, Target


class SkipDetector(Exception):
    """Raised by a driver: an input or an extra is missing; the outcome is `skipped` with this reason."""


class DetectorNotApplicable(Exception):
    """Raised by a driver: the target is not of its kind; the outcome is `not_applicable` with this reason."""


class DetectorFailed(Exception):
    """Raised by a driver: the check could not be made; the outcome is `failed` with this one sentence.

    Measurements yielded before are kept.
    """


class Context(Protocol):
    """What a driver may use; its only way to the clock, to randomness and to workers."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Every option of the spec, validated, defaults filled in."""

    def map(self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any) -> Iterator[Any]:
        """Run `work(opened, shard, **arguments)` per shard in workers; yield the results in shard order.

        A shard whose worker failed raises `TaskFailed` (assay.engine.tasks) unless the driver uses `map_outcomes`.
        """

    def map_outcomes(
        self, work: Callable[..., Any], shards: Iterable[Shard], **arguments: Any
    ) -> Iterator[tuple[Shard, Any, str | None]]:
        """Like `map`, but yield `(shard, result, None)` or `(shard, None, reason)`: one bad shard loses no other."""

    @property
    def observing(self) -> bool:
        """Whether somebody asked for observations; if not, those that are no evidence need not be made."""

    def observe(self, observation: Observation) -> None:
        """Record one located observation, uncapped; it goes to `-o findings=`."""

    def not_covered(self, sentence: str) -> None:
        """Say what was not looked at; duplicates are dropped."""

    def seed(self, name: str) -> int:
        """Return the seed for `name`: the only source of randomness; the same for the same `--seed`."""

    def secret(self, name: str) -> str:
        """Return 32 random bytes in hex for `name`, the same in every scan that shares a store; never to be shown.

        For digests that must not be found by trying, in results that are kept sealed (`assay.targets.refs.identified`).
        """

    def level(self, metric: str, labels: Labels, of: int = 1) -> float:
        """Return the level at which the policy will judge this metric, the strictest of its rules.

        `of`: how many estimates of this metric the detector will yield, among which a rule splits its error rate.
        """

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Say whether every rule that asks for this metric is decided by this interval; never where none asks.

        For anytime-valid intervals at `level(...)` or above.
        """

    def unresolved(
        self, metric: str, labels: Labels, reason: str, *, have: int | None = None, needed: int | None = None
    ) -> None:
        """Refuse a number that the data cannot give, with the sample that would; a rule on it is inconclusive."""

    def check(self) -> None:
        """Stop here if the scan is cancelled or out of time. Call once per batch."""

    def progress(self, done: int, of: int) -> None:
        """Report progress to the person who waits."""


class Detector(Protocol):
    """One detector. Constructed without arguments; keeps no state between runs."""

    spec: ClassVar[DetectorSpec]

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the expected cost without any query to the model."""

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure."""
