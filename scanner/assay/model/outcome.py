"""Outcome: what became of one detector in one scan."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from assay.model.base import DetectorId, Finite, Labels, MetricId, Noun
from assay.model.measurement import Measurement


class Status(StrEnum):
    """What became of a detector."""

    RAN = "ran"
    NOT_APPLICABLE = "not_applicable"
    """The target is not of its kind."""
    SKIPPED = "skipped"
    """An input or an extra is missing."""
    FAILED = "failed"
    CANCELLED = "cancelled"


class Cost(Noun):
    """What a detector used, or is expected to use. Not part of the canonical form."""

    queries: int = 0
    cpu_seconds: Finite = 0.0
    peak_rss_mb: Finite = 0.0
    wall_seconds: Finite = 0.0
    tasks: int = 0
    """Tasks that workers did."""
    tasks_remembered: int = 0
    """Tasks whose results were in the store."""
    remembered: bool = False
    """The whole outcome was in the store: nothing it hangs on has changed since."""


class Unresolved(Noun):
    """A number that a detector was asked for and that these data cannot give: never printed, never taken for safe."""

    metric: MetricId
    labels: Labels = {}
    reason: str
    """One sentence: what is missing, how much there is, how much is needed."""
    have: Annotated[int, Field(ge=0)] | None = None
    needed: Annotated[int, Field(ge=0)] | None = None
    """Units that would do, of the kind that `reason` names; null where no number of them would."""


class Outcome(Noun):
    """One detector's result; a reason whenever it is not simply `ran`."""

    detector: DetectorId
    version: str = ""
    status: Status
    options: dict[str, bool | int | Finite | str] = {}
    """What the detector ran with: the policy's params over the spec's defaults; empty where no options were settled."""
    reason: str | None = None
    missing_inputs: tuple[str, ...] = ()
    """Capabilities that the manifest does not declare (`logs`, `data.trusted`)."""
    missing_extras: tuple[str, ...] = ()
    blocked_by: MetricId | None = None
    """Metric whose value forbids loading the model, where that is why this detector did not run."""
    measurements: tuple[Measurement, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    not_covered: tuple[str, ...] = ()
    """What this method cannot see, or did not look at, in plain words."""
    cost: Cost = Cost()
