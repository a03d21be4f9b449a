"""The register of waivers in words: which are in force, which expire soon, which accept nothing.

Reports read no clock. "Soon" is counted from the day of the scan, and says so.
"""

from __future__ import annotations

import datetime

from assay.model.result import ScanResult
from assay.model.verdict import WaiverRecord
from assay.reports.text import count, safe

SOON = 30
"""Days."""

_SHORT_STATES = {
    "valid": "accepted",
    "expired": "expired",
    "void": "void",
    "unused": "unused",
    "recorded": "confirmed, not accepted",
}


def days_left(expires: str, day: str) -> int | None:
    """Return the days from the day of the scan to the last day of a waiver; None where either is no date."""
    try:
        return (datetime.date.fromisoformat(expires) - datetime.date.fromisoformat(day)).days
    except ValueError:
        return None


def until(expires: str, day: str) -> str:
    """Return the last day of a waiver in words: `2027-01-31 (expires soon: 12 days after the scan)`."""
    left = days_left(expires, day)
    words = safe(expires, 40) or "no date"
    if left is None or not 0 <= left <= SOON:
        return words
    when = "on the day of the scan" if left == 0 else f"{count(left, 'day')} after the scan"
    return f"{words} (expires soon: {when})"


def register(result: ScanResult) -> tuple[WaiverRecord, ...]:
    """Return every waiver of the policy; for a result that has no register, those that met a finding."""
    if result.verdict.waivers:
        return result.verdict.waivers
    met = (
        WaiverRecord(
            id=use.id,
            finding=finding.fingerprint,
            rule=finding.rule,
            kind=use.kind,
            reason=use.reason,
            approver=use.approver,
            expires=use.expires,
            state=use.state,
            note=use.note,
        )
        for finding in result.verdict.findings
        if (use := finding.waiver) is not None
    )
    return tuple(met)


def accepted(result: ScanResult) -> set[str]:
    """Return the ids of the waivers that accept a finding of this scan."""
    return {waiver.id for waiver in register(result) if waiver.state == "valid"}


def refused(result: ScanResult) -> int:
    """Count the waivers that have expired or are void."""
    return len({waiver.id for waiver in register(result) if waiver.state in ("expired", "void")})


def soon(result: ScanResult) -> int:
    """Count the waivers in force that end within `SOON` days of the scan."""
    day = result.provenance.run.started[:10]
    ends = {w.id: days_left(w.expires, day) for w in register(result) if w.state == "valid"}
    return sum(1 for left in ends.values() if left is not None and 0 <= left <= SOON)


def in_short(result: ScanResult) -> str:
    """Return the register in one line: `accepted 2 (1 expires within 30 days of the scan), void 1`; empty for none."""
    waivers, ending = register(result), soon(result)
    verb = "expires" if ending == 1 else "expire"
    parts = []
    for state, word in _SHORT_STATES.items():
        members = {w.id for w in waivers if w.state == state}
        if members:
            parts.append(f"{word} {len(members):,}")
            if state == "valid" and ending:
                parts[-1] += f" ({ending:,} {verb} within {SOON} days of the scan)"
    return ", ".join(parts)
