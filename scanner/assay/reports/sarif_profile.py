"""The two profiles of the SARIF report: what code scanning accepts, and all that an archive should keep."""

from __future__ import annotations

from typing import Any, NamedTuple

from assay.model.verdict import DecisionVerdict, Finding
from assay.reports.issues import Issue

_LEVELS = {
    DecisionVerdict.FAIL: "error",
    DecisionVerdict.ERROR: "error",
    DecisionVerdict.SKIPPED: "error",
    DecisionVerdict.INCONCLUSIVE: "warning",
    DecisionVerdict.WARN: "warning",
    DecisionVerdict.WAIVED: "note",
}
_KINDS = {
    DecisionVerdict.PASS: "pass",
    DecisionVerdict.NOT_APPLICABLE: "notApplicable",
    DecisionVerdict.INCONCLUSIVE: "open",
    DecisionVerdict.ERROR: "open",
    DecisionVerdict.SKIPPED: "open",
}
"""The standard wants level `none` for every kind but `fail`."""
_BASELINE = {"new": "new", "same": "unchanged", "worse": "updated", "better": "updated"}


class Profile(NamedTuple):
    """What a log holds."""

    most_results: int | None
    most_rules: int | None
    most_notifications: int | None
    archive: bool
    """Passes, waived findings and the state against the baseline are kept."""


GITHUB = Profile(most_results=5000, most_rules=5000, most_notifications=500, archive=False)
"""GitHub shows 5,000 results of a run and refuses 25,001; it shows an alert for a suppressed result like any other."""
ARCHIVE = Profile(most_results=None, most_rules=None, most_notifications=None, archive=True)


def standing(profile: Profile, issue: Issue) -> dict[str, Any]:
    """Return kind and level of a result."""
    finding, decision = issue
    if profile.archive and (kind := _KINDS.get(finding.verdict)):
        return {"kind": kind, "level": "none"}
    if finding.verdict is DecisionVerdict.SKIPPED and not finding.blocks and not (decision and decision.required):
        return {"level": "note"}
    return {"level": _LEVELS[finding.verdict]}


def archived(finding: Finding, justification: str) -> dict[str, Any]:
    """Return what only an archive keeps of a finding: its waiver, and its state against the baseline."""
    entry: dict[str, Any] = {}
    if finding.waiver is not None:
        met = finding.verdict is DecisionVerdict.WAIVED
        status = "accepted" if met else "rejected"
        entry["suppressions"] = [{"kind": "external", "status": status, "justification": justification}]
    if finding.change is not None:
        entry["baselineState"] = _BASELINE[finding.change]
    return entry
