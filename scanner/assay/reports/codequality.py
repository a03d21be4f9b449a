"""The code quality report of GitLab: a list of issues, for the widget of a merge request.

The host has no notion of an accepted finding, so one under a waiver stays in the list, as `info`, and says so. What
was not assessed is an issue of its own: an empty list would look like a pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Severity
from assay.reports.gaps import INCOMPLETE, MORE, gaps, grave
from assay.reports.issues import Issue, issues
from assay.reports.json_text import dump
from assay.reports.sarif_places import anchor, anchored, locations
from assay.reports.text import count, labels, safe, sentence

MOST_ISSUES = 5000
TEXT = 1000

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(result: ScanResult) -> str:
    """Return the issues as ASCII JSON."""
    found = issues(result)
    entries = [_issue(result, issue) for issue in found[:MOST_ISSUES]]
    missing = gaps(result)
    if missing:
        words = "Assessment incomplete. " + " ".join(missing)
        entries.append(_own(result, INCOMPLETE, "blocker" if grave(result) else "major", words))
    if len(found) > MOST_ISSUES:
        entries.append(_own(result, MORE, "info", f"{count(len(found) - MOST_ISSUES, 'more finding')} in the result."))
    return dump(list(_unique(entries)))


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the list whole; observations have their own format."""
    del observations
    yield render(result)


def _issue(result: ScanResult, issue: Issue) -> dict[str, Any]:
    finding = issue.finding
    words = sentence(safe(finding.text, TEXT)) or f"The rule is {finding.verdict}."
    severity = _SEVERITIES[finding.severity]
    if finding.verdict is DecisionVerdict.WAIVED:
        severity = "info"
        words = f"Accepted by waiver{_waiver(issue)}. {words}"
    elif finding.verdict is not DecisionVerdict.FAIL:
        words = f"{finding.verdict.value.capitalize()}: {words}"
    told = labels(finding.labels, 120)
    rule = safe(finding.rule, 200)
    return _entry(f"{rule}: {words}" + (f" ({told})" if told else ""), rule, finding.fingerprint, severity) | {
        "location": _location(locations(result, finding)[0])
    }


def _waiver(issue: Issue) -> str:
    waiver = issue.finding.waiver
    return f" {safe(waiver.id, 80)} until {safe(waiver.expires, 40)}" if waiver else ""


def _own(result: ScanResult, rule: str, severity: str, words: str) -> dict[str, Any]:
    name = hashlib.sha256(json.dumps([rule, result.provenance.target]).encode()).hexdigest()[:32]
    return _entry(safe(words, TEXT), rule, name, severity) | {"location": _location(anchored(anchor(result)))}


def _entry(description: str, rule: str, fingerprint: str, severity: str) -> dict[str, Any]:
    return {
        "type": "issue",
        "check_name": rule,
        "description": description,
        "categories": ["Security"],
        "severity": severity,
        "fingerprint": fingerprint,
    }


def _location(place: dict[str, Any]) -> dict[str, Any]:
    physical = place["physicalLocation"]
    return {"path": physical["artifactLocation"]["uri"], "lines": {"begin": physical["region"]["startLine"]}}


def _unique(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Let no second issue hide behind the fingerprint of the first: the host shows one of each."""
    turns: dict[str, int] = {}
    for entry in entries:
        name = entry["fingerprint"]
        turn = turns[name] = turns.get(name, 0) + 1
        if turn > 1:
            name = hashlib.sha256(f"{name}/{turn}".encode()).hexdigest()[:32]
        yield entry | {"fingerprint": name}
