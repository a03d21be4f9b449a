"""The grammar of a policy test: given these measurements, this policy must say that."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from assay.model.base import DetectorId, Finite, MetricId, Noun, Sha256
from assay.model.interval import Binomial
from assay.model.outcome import Status
from assay.model.verdict import DecisionVerdict, Severity, VerdictStatus
from assay_policies.schema import RuleId

Declared = Literal[
    "artifact", "model", "model.gradients", "data.train", "data.test", "data.trusted", "logs", "integrity"
]


class GivenOutcome(Noun):
    """A detector that did not run, or ran without a number."""

    detector: DetectorId
    status: Status
    reason: str | None = None
    missing_inputs: tuple[Declared, ...] = ()
    missing_extras: tuple[str, ...] = ()


class Given(Noun):
    """One measurement, or the outcome of one detector."""

    metric: MetricId | None = None
    value: Finite | None = None
    """A complete count, where neither `interval` nor `binomial` is given."""
    interval: tuple[Finite | None, Finite | None] | None = None
    """Ends of the interval, taken to hold at every level; null: unbounded."""
    binomial: Binomial | None = None
    """`{k: 3, n: 1000}`: the interval follows, at the level that the rule needs."""
    complete: bool = True
    """`false`: not everything was read, so the true number may be larger."""
    n: Annotated[int, Field(gt=0)] | None = None
    labels: dict[str, str] = {}
    p_value: Annotated[float, Field(ge=0, le=1)] | None = None
    detectable: Finite | None = None
    outcome: GivenOutcome | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.metric is None) == (self.outcome is None):
            raise ValueError("give `metric` with a number, or `outcome`")
        if self.outcome is not None:
            return self
        if self.value is None and self.binomial is None:
            raise ValueError("needs `value` or `binomial: {k: ..., n: ...}`")
        if self.binomial is not None and (self.interval is not None or self.value is not None or self.n is not None):
            raise ValueError("`binomial` gives value, interval and n; remove those")
        return self


class ExpectedFinding(Noun):
    """A finding that must be there: all that is given must hold."""

    rule: RuleId
    verdict: DecisionVerdict | None = None
    severity: Severity | None = None
    blocks: bool | None = None
    labels: dict[str, str] = {}
    text: str = ""
    """Words that its sentence must hold."""


class Expect(Noun):
    """What the policy must say."""

    verdict: VerdictStatus | None = None
    exit_code: Literal[0, 1, 3, 4, 5] | None = None
    rules: dict[RuleId, DecisionVerdict] = {}
    """Verdict by rule; the worst, where a rule makes several decisions."""
    findings: tuple[ExpectedFinding, ...] = ()
    no_findings: tuple[RuleId, ...] = ()
    """Rules that must have none."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("expects nothing; add verdict, exit_code, rules or findings")
        return self


class Case(Noun):
    """One row of the table."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    given: tuple[Given, ...] = ()
    declared: tuple[Declared, ...] | None = None
    """What the manifest declares; default: everything that the policy's detectors need."""
    facts: dict[str, str] = {}
    """For `when`: `{target.task: classification}`."""
    target: str = "test"
    model_sha256: Sha256 = "0" * 64
    today: datetime.date | None = None
    others: Literal["absent", "clean"] | None = None
    expect: Expect


class PolicyTest(Noun):
    """A file of table tests."""

    version: Literal[1]
    policy: Annotated[str, StringConstraints(min_length=1)]
    """Relative to this file, or a built-in name."""
    today: datetime.date
    """The day of the judgement; for waivers."""
    others: Literal["absent", "clean"] = "absent"
    """Rules for which a case gives nothing: `absent` (not checked, so required ones block) or `clean` (all is well)."""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
