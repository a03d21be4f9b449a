"""What the reading of one file has found so far: plain data, capped, standard library only."""

from __future__ import annotations

from typing import Any

MAX_FINDINGS = 10_000
MAX_REASONS = 20
MAX_NAME = 300

Finding = dict[str, Any]
"""`kind` (import, call, reference), `name`, `member`, `offset`, `opcode`, `note`."""


class Report:
    """Findings and the reasons why something was not read."""

    def __init__(self, member: str | None = None) -> None:
        self.member = member
        self.findings: list[Finding] = []
        self.total = 0
        self.reasons: list[str] = []
        self._places: dict[tuple[str | None, int | None, str], Finding] = {}

    def find(self, kind: str, name: str, note: str, offset: int | None = None, opcode: str = "") -> Finding:
        """Record one forbidden thing; the same name at the same place counts once."""
        name = name if len(name) <= MAX_NAME else name[:MAX_NAME] + "…"
        finding: Finding = {
            "kind": kind,
            "name": name,
            "member": self.member,
            "offset": offset,
            "opcode": opcode or None,
            "note": note,
        }
        return self._take(finding)

    def _take(self, finding: Finding) -> Finding:
        """Count a finding unless its place is known; past the cap it is counted but not kept."""
        place = (finding["member"], finding["offset"], finding["name"])
        known = self._places.get(place)
        if known is not None:
            return known
        self.total += 1
        if len(self.findings) < MAX_FINDINGS:
            self._places[place] = finding
            self.findings.append(finding)
        return finding

    def unread(self, reason: str) -> None:
        """Note why the reading is not complete."""
        where = f"{self.member}: " if self.member else ""
        sentence = f"{where}{reason}"[:500]
        if sentence not in self.reasons and len(self.reasons) < MAX_REASONS:
            self.reasons.append(sentence)

    def inner(self, member: str) -> Report:
        """Return an empty report for something within."""
        return Report(f"{self.member}!{member}" if self.member else member)

    def absorb(self, inner: Report, *, complete: bool = True) -> None:
        """Take over what an inner report found; with `complete`, also why it was not read to its end."""
        for finding in inner.findings:
            self._take(finding)
        self.total += inner.total - len(inner.findings)
        if complete:
            for reason in inner.reasons:
                if reason not in self.reasons and len(self.reasons) < MAX_REASONS:
                    self.reasons.append(reason)
