"""What the reading of one file has found so far: plain data, capped, standard library only."""

from __future__ import annotations

from typing import Any

MAX_FINDINGS = 10_000
MAX_ANOMALIES = 1_000
MAX_LISTED = 20_000
MAX_REASONS = 20
MAX_NAME = 300

RULES = {
    "bomb": "It expands, nests or repeats beyond what any model needs.",
    "cut-off": "It ends before its format says.",
    "damaged": "It breaks the rules of its format.",
    "encrypted": "It is marked as encrypted, so nobody can check it.",
    "extension": "Its name promises another format than its bytes hold.",
    "hidden": "It carries content in a place that its format does not use.",
    "link": "It holds or is a link that leads elsewhere.",
    "name": "It holds a name that leads out of its folder, or that a reader is shown differently.",
    "outside": "It refers to data outside itself, which the check of this file cannot cover.",
    "polyglot": "It is valid in two formats, so what it holds depends on who reads it.",
    "two-readings": "Two readers of the same format see different content.",
}
"""Every kind of anomaly, and what it means."""

Finding = dict[str, Any]
"""`kind` (import, call, reference), `name`, `member`, `offset`, `opcode`, `note`."""
Anomaly = dict[str, Any]
"""`rule` (a key of `RULES`), `member`, `offset`, `note`."""


class Report:
    """Findings, anomalies, and the reasons why something was not read."""

    def __init__(self, member: str | None = None, *, listing: list[dict[str, Any]] | None = None) -> None:
        self.member = member
        self.findings: list[Finding] = []
        self.total = 0
        self.reasons: list[str] = []
        self.anomalies: dict[tuple[str, str | None, int | None, str], Anomaly] = {}
        self.anomalies_total = 0
        self.listing = listing
        """Where to write down everything that is read, trusted or not; None: nowhere."""
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

    def unread(self, reason: str, rule: str | None = None, offset: int | None = None) -> None:
        """Note why the reading is not complete; with `rule`, a key of `RULES`, it is an anomaly as well."""
        where = f"{self.member}: " if self.member else ""
        sentence = f"{where}{reason}"[:500]
        if sentence not in self.reasons and len(self.reasons) < MAX_REASONS:
            self.reasons.append(sentence)
        if rule is not None:
            self.anomaly(rule, reason, offset)

    def anomaly(self, rule: str, note: str, offset: int | None = None) -> None:
        """Record something out of the ordinary in how the file is built; it does not make the reading incomplete."""
        if rule not in RULES:
            raise KeyError(rule)
        self._take_anomaly({"rule": rule, "member": self.member, "offset": offset, "note": note[:500]})

    def _take_anomaly(self, anomaly: Anomaly) -> None:
        place = (anomaly["rule"], anomaly["member"], anomaly["offset"], anomaly["note"])
        if place in self.anomalies:
            return
        self.anomalies_total += 1
        if len(self.anomalies) < MAX_ANOMALIES:
            self.anomalies[place] = anomaly

    def lists(self, what: str, name: str, offset: int | None = None, **more: Any) -> None:
        """Write down something that was read (`imports`, `calls`, `contains`, ...), where a listing is wanted."""
        if self.listing is not None and len(self.listing) < MAX_LISTED:
            entry = {"what": what, "name": name[:MAX_NAME], "member": self.member, "offset": offset}
            self.listing.append(entry | more)

    def inner(self, member: str) -> Report:
        """Return an empty report for something within."""
        return Report(f"{self.member}!{member}" if self.member else member, listing=self.listing)

    def absorb(self, inner: Report, *, complete: bool = True) -> None:
        """Take over what an inner report found; with `complete`, also why it was not read to its end."""
        for finding in inner.findings:
            self._take(finding)
        self.total += inner.total - len(inner.findings)
        if complete:
            for reason in inner.reasons:
                if reason not in self.reasons and len(self.reasons) < MAX_REASONS:
                    self.reasons.append(reason)
            for anomaly in inner.anomalies.values():
                self._take_anomaly(anomaly)
            self.anomalies_total += inner.anomalies_total - len(inner.anomalies)
