"""DetectorSpec: the only place where a detector is described."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from assay.model.base import DetectorId, Finite, MetricId, Noun


class Capability(StrEnum):
    """Something that a target may offer, named as in the manifest."""

    ARTIFACT = "artifact"
    """Any file that may be loaded: `model`, `models`, `artifacts`."""
    MODEL = "model"
    """A model that can be opened and queried."""
    GRADIENTS = "model.gradients"
    TRAIN = "data.train"
    TEST = "data.test"
    TRUSTED = "data.trusted"
    LOGS = "logs"
    INTEGRITY = "integrity"
    """What the files should be: a list of digests, or a signature."""


class MetricSpec(Noun):
    """One quantity that a detector measures."""

    id: MetricId
    title: str
    unit: str
    low: Finite | None = None
    """Smallest possible value; null: none."""
    high: Finite | None = None
    direction: Literal["lower-is-better", "higher-is-better", "neither"]
    null_value: Finite | None = None
    """Expected value where nothing is wrong."""
    labels: tuple[str, ...] = ()
    statistical: bool = False
    """An estimate with sampling error, as against a complete count."""
    needs: tuple[Capability, ...] = ()
    """Must be declared for this metric, beside what its detector needs; otherwise it is not measured."""


class OptionSpec(Noun):
    """One bounded option."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    type: Literal["int", "float", "bool", "str"]
    default: int | float | bool | str
    low: Finite | None = None
    high: Finite | None = None
    choices: tuple[str, ...] = ()
    stricter: Literal["higher", "lower", "given"] | None = None
    """Which way a check gets harder to pass: `given` is a text that only adds to what is looked for. A child policy may
    go that way, where its parent judges by the detector; null: it may not change the option at all."""
    default_at_most: Finite | None = None
    """Where the default leaves the number to the detector: the highest that it takes."""
    secret_file: bool = False
    """Names a file, from the manifest's folder, for the driver alone: it decides what is kept, and stands nowhere."""
    path: bool = False
    """Names a file or folder from the manifest's folder: an input of the scan, of role `option`, where there is one."""
    help: str


class Explanation(Noun):
    """What a person reads: plain words, a paragraph each."""

    what: str
    why: str
    how_to_read: str
    how_to_fix: str
    cannot_see: tuple[str, ...]


class Reference(Noun):
    """A source of the method."""

    title: str
    url: str | None = None


class DetectorSpec(Noun):
    """Identity, contract and documentation of a detector; docs, lists, schemas and rules are made from it."""

    id: DetectorId
    title: str
    version: str
    """Changes whenever the same input may give another number."""
    family: str
    stage: Annotated[int, Field(ge=0, le=9)] = 5
    """0: reads bytes only, before anything is loaded; others run in ascending order."""
    explanation: Explanation
    needs: tuple[Capability, ...]
    """All of these must be declared, otherwise the detector is skipped; none: it looks at every input."""
    metrics: tuple[MetricSpec, ...]
    options: tuple[OptionSpec, ...] = ()
    extras: tuple[str, ...] = ()
    """Extras of the distribution that it imports (`pii`)."""
    modules: tuple[str, ...] = ()
    """Import names that must be findable for it to run."""
    references: tuple[Reference, ...] = ()
    frameworks: tuple[str, ...] = ()
    """Framework ids, `framework:id`: `atlas:AML.T0010`."""
    status: Literal["preview", "stable", "deprecated"] = "preview"
    body: Annotated[str, StringConstraints(pattern=r"^[\w.]+:\w+$")]
    """Import string of the class: `assay_detectors.pii.logs:LogsDetector`."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return what must be declared, in words."""
        return tuple(need.value for need in self.needs) or ("any input",)

    def metric(self, metric_id: str) -> MetricSpec | None:
        """Return the metric of that id, or None."""
        return next((m for m in self.metrics if m.id == metric_id), None)
