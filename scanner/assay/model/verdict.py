"""Decisions, findings and the verdict: what a policy makes of measurements."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from assay.model.base import Finite, Labels, Noun, Sha256
from assay.model.evidence import Evidence
from assay.model.interval import Interval

ExitCode = Literal[0, 1, 3, 4, 5, 130]
Change = Literal["new", "same", "worse", "better"]
WaiverKind = Literal["accepted_risk", "false_positive", "compensating_control", "not_affected", "confirmed"]
"""`confirmed`: somebody looked and it is real; recorded, and accepts nothing."""
VerdictStatus = Literal["pass", "warn", "waived", "fail", "inconclusive", "skipped", "error"]


class Severity(StrEnum):
    """How bad it is if true."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class DecisionVerdict(StrEnum):
    """What a rule says of the measurements."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"


class Used(Noun):
    """The measurement that decided, as it was judged (its interval at the level of the rule)."""

    metric: str
    labels: Labels
    value: Finite
    interval: Interval
    n: int


class Decision(Noun):
    """One rule applied: to all measurements of its metric, or to each value of its `each` labels."""

    rule: str
    metric: str | None = None
    detector: str | None = None
    labels: Labels = {}
    """The `each` labels of this decision."""
    verdict: DecisionVerdict
    severity: Severity
    required: bool = False
    complete: bool = True
    """False where something was not read to its end, so that the number may be larger."""
    blocks: bool = False
    """Whether this decision shuts the gate."""
    reason: str
    """One plain sentence."""
    used: Used | None = None
    measurements: int = 0
    """How many measurements the rule looked at."""
    members: tuple[str, ...] = ()
    """Digests of the labels of those that are no pass, each once: which they are, not how bad."""
    limit: str | None = None
    """The limit in words: `at most 0`."""
    at_most: Finite | None = None
    at_least: Finite | None = None
    distance: Finite | None = None
    """From the deciding end of the interval to the limit; negative: beyond it."""
    needs_n: int | None = None
    """Sample size that would decide, where it can be computed."""
    controls: tuple[str, ...] = ()


class WaiverUse(Noun):
    """A waiver met a finding."""

    id: str
    state: Literal["valid", "expired", "void"]
    kind: WaiverKind = "accepted_risk"
    reason: str
    approver: str
    expires: str
    note: str = ""
    """Why it is void."""


class WaiverRecord(Noun):
    """One waiver of the policy, used or not: the register lists them all."""

    id: str
    finding: str
    """Fingerprint."""
    rule: str | None = None
    kind: WaiverKind
    reason: str
    approver: str
    expires: str
    state: Literal["valid", "expired", "void", "unused", "recorded"]
    """`unused`: it meets no finding of this scan. `recorded`: of kind `confirmed`, which accepts nothing."""
    note: str = ""


class FieldRecord(Noun):
    """What people who looked said of the findings of one detector, over all waivers of the policy."""

    detector: str
    confirmed: int
    rejected: int
    """False positives."""
    precision: Interval
    """Confirmed among those looked at; Clopper and Pearson at 95 %."""


class Gone(Noun):
    """A finding of the baseline that is no more."""

    fingerprint: str
    rule: str
    severity: Severity
    verdict: DecisionVerdict
    text: str
    resolved: bool = True
    """False where the check was not made this time, so that nothing is known."""


class Changes(Noun):
    """This scan against an earlier one of the same target."""

    path: str
    sha256: Sha256
    new: int
    worse: int
    same: int
    better: int
    gone: tuple[Gone, ...] = ()
    excused: int = 0
    """Findings that would block and do not, because `gate.new_only` holds for what the baseline had."""
    notes: tuple[str, ...] = ()
    """What limits the comparison: other target, other policy, other model."""


class Area(Noun):
    """One family of detectors."""

    family: str
    score: Finite
    """0 to 100; see `Verdict.score`."""
    headroom: Finite | None = None
    """Smallest distance from a limit to the near end of an interval, as a share of the way from best to limit; below 0
    beyond it, null where no number was measured."""
    required: int
    checked: int


class Finding(Noun):
    """One decision that is not a pass."""

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """From target name, rule, metric and stable labels; no path outside the target, no number."""
    rule: str
    severity: Severity
    verdict: DecisionVerdict
    metric: str | None = None
    detector: str | None = None
    labels: Labels = {}
    text: str
    """One plain sentence."""
    remediation: str = ""
    controls: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    truncated: int = 0
    waiver: WaiverUse | None = None
    blocks: bool = False
    change: Change | None = None
    """Against the baseline, where one was given."""


class Coverage(Noun):
    """Checked a of b required; c inconclusive; not covered: ..."""

    required: int
    checked: int
    inconclusive: int
    not_covered: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the line that ends every report."""
        rest = "; ".join(self.not_covered) or "nothing known"
        return (
            f"checked {self.checked} of {self.required} required; {self.inconclusive} inconclusive; not covered: {rest}"
        )


class Verdict(Noun):
    """The judgement of one policy over one run."""

    status: VerdictStatus
    exit_code: ExitCode
    policy: str
    """Id of the policy."""
    coverage: Coverage
    score: Finite | None = None
    """0 to 100: headroom weighted by severity, at most the share of required checks made. Shown, never the gate."""
    areas: tuple[Area, ...] = ()
    """The same by family of detectors."""
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    waivers: tuple[WaiverRecord, ...] = ()
    changes: Changes | None = None
    field: tuple[FieldRecord, ...] = ()
