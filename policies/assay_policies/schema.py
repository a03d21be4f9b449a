"""The policy file: its grammar as frozen values."""

from __future__ import annotations

import datetime
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from assay.model.base import DetectorId, Finite, MetricId, Noun, Sha256
from assay.model.verdict import Severity, WaiverKind
from assay.model.visible import visible

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]
PolicyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][\w.-]*([/:][\w.-]+)*$", max_length=120)]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Effect = Literal["block", "report"]
InputName = Literal["model", "artifacts", "data.train", "data.test", "data.trusted", "logs", "integrity"]


class Limit(Noun):
    """What a measurement must keep to."""

    max: Finite | None = None
    min: Finite | None = None
    judge: Literal["interval", "lower", "upper", "point"] = "interval"
    """`interval`: pass wholly within, fail wholly beyond. `lower`: evidence of harm. `upper`: proof of safety."""
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """An interval within limit + margin passes, so that a narrow enough interval always decides."""
    max_detectable: Finite | None = None
    """For p-values: p >= alpha passes only where the smallest detectable effect is at most this."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.max is not None and self.min is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}; nothing can pass")
        return self


class Evidence(Noun):
    """What a measurement must rest on; with less, the rule is inconclusive and says how much is needed."""

    min_n: Annotated[int, Field(gt=0)] | None = None
    min_power: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Probability with which a breach of the limit would have been seen."""


class Param(Noun):
    """An option of a detector with its unit and the reason for its value."""

    value: bool | int | float | str
    unit: str = ""
    why: str = ""


class Rule(Noun):
    """One rule: a metric and its limit."""

    id: RuleId
    metric: MetricId | None = None
    """Required, unless the rule changes one of a parent policy."""
    where: dict[str, str] = {}
    """Only measurements with these labels."""
    each: tuple[str, ...] = ()
    """One decision per value of these labels."""
    limit: Limit = Limit()
    required: bool | Literal["declared"] = False
    """`true`: must be checked. `declared`: must be checked where the manifest declares the inputs."""
    severity: Severity = Severity.MEDIUM
    effect: Literal["fail", "warn"] = "fail"
    """`warn`: a soft limit."""
    when: str | None = None
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Own share of the error rate; otherwise the policy's alpha is split evenly over the root's rules."""
    params: dict[str, bool | int | float | str | Param] = {}
    """Options for the detector: a value, or `{value: 0.03, unit: linf, why: ...}`."""
    evidence: Evidence = Evidence()
    controls: tuple[str, ...] = ()
    why: str = ""
    overridable: bool = False
    """A child policy may loosen this rule."""


class NewOnly(Noun):
    """Let what an earlier result had already pass the gate: findings that are the same or better."""

    baseline: Annotated[str, StringConstraints(min_length=1)] | None = None
    """Earlier JSON result, relative to the policy; `--baseline FILE` of the command line comes first."""
    never_for: tuple[Severity, ...] = (Severity.CRITICAL,)
    """Severities that are never excused; critical never is, whatever stands here."""
    max_age_days: Annotated[int, Field(gt=0, le=730)] = 90
    """A baseline that was measured earlier than that excuses nothing."""


class Gate(Noun):
    """What shuts the gate."""

    fail: Effect = "block"
    error: Effect = "block"
    inconclusive: Effect = "report"
    skipped_required: Effect = "block"
    warn: Effect = "report"
    new_only: NewOnly | None = None
    overridable: tuple[Literal["inconclusive", "warn", "new_only"], ...] = ()
    """What a child policy may loosen."""


def _printable(text: str) -> str:
    """Refuse what cannot be seen, or turns what is beside it round."""
    wrong = next((char for char in text if not char.isprintable() and unicodedata.category(char) != "Zs"), None)
    if wrong is not None:
        raise ValueError(f"holds {visible(wrong)}, which cannot be seen; write it with characters that can")
    return text


def _readable(text: str) -> str:
    """Refuse the same, but for the ends of lines."""
    _printable(text.replace("\n", " "))
    return text


Name = Annotated[str, StringConstraints(min_length=3), AfterValidator(_printable)]
"""Of a person."""


class Bound(Noun):
    """What a waiver was granted for; void when it changes."""

    model_sha256: Sha256 | Annotated[tuple[Sha256, ...], Field(min_length=1)] | None = None
    """The model, or each of them where the finding is about several."""
    data_sha256: Sha256 | None = None
    """The data that the finding is about, as one digest of their digests."""
    members: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")], ...] | None = None
    """Digests of the labels of the measurements behind it (`Decision.members`); another one is not covered."""
    metric_max: Finite | None = None
    metric_min: Finite | None = None
    verdict: Literal["inconclusive", "warn", "fail"] | None = None
    """What the finding was; a worse one is not covered."""


class Waiver(Noun):
    """One accepted finding."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_printable)]
    finding: Fingerprint
    reason: Annotated[str, StringConstraints(min_length=10), AfterValidator(_readable)]
    kind: WaiverKind
    rule: RuleId | None = None
    """For the reader, and for the record of the detector; the fingerprint decides."""
    detector: DetectorId | None = None
    approver: Name
    expires: datetime.date
    bound: Bound = Bound()


class Policy(Noun):
    """One policy file; after loading, the whole chain as one."""

    version: Literal[1]
    id: PolicyId
    title: str = ""
    extends: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = ()
    profile: Literal["dev", "ci", "release", "audit"] = "ci"
    requires_inputs: tuple[InputName, ...] = ()
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Error rate of the whole policy, split over its rules by the root policy."""
    gate: Gate = Gate()
    rules: tuple[Rule, ...] = ()
    manifest_sha256: Sha256 | None = None
    """Digest that the manifest must have: whoever edits it, edits the policy too."""
    approvers: tuple[Name, ...] = ()
    """Who may accept a finding. Empty: anybody, unless a parent names some; a child may only take names away."""
    approvers_required: bool = False
    """While nobody is named in `approvers`, no waiver is accepted."""
    waivers: tuple[Waiver, ...] = ()
    max_waiver_days: Annotated[int, Field(gt=0, le=730)] = 365
