"""Findings for DefectDojo's "Generic Findings Import", as JSON.

It tells old findings from new by title, weakness, file and description, so none of these holds a number that was
measured: value, interval and limit stand under `severity_justification`, the fingerprint under `unique_id_from_tool`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Severity
from assay.reports.controls import cited
from assay.reports.gaps import INCOMPLETE, gaps, grave
from assay.reports.identity import assay_version, started
from assay.reports.issues import Issue, issues
from assay.reports.json_text import dump
from assay.reports.text import interval, labels, measured, number, safe, sentence

TITLE = 400
TEXT = 2000

_CWE = re.compile(r"cwe:CWE-([1-9][0-9]{0,5})")
_WORDS = {
    DecisionVerdict.FAIL: "is violated",
    DecisionVerdict.WARN: "gives a warning",
    DecisionVerdict.INCONCLUSIVE: "could not be decided by what was measured",
    DecisionVerdict.ERROR: "could not be checked, because the check failed to run",
    DecisionVerdict.SKIPPED: "was not checked",
    DecisionVerdict.WAIVED: "does not pass, which a waiver accepts",
}


def render(result: ScanResult) -> str:
    """Return the import file as ASCII JSON."""
    document = {
        "name": "Assay",
        "type": "Assay",
        "version": assay_version(result) or "unknown",
        "description": f"Target {safe(result.provenance.target)}, policy {safe(result.verdict.policy)}.",
        "findings": [*(_finding(result, issue) for issue in issues(result)), *_incomplete(result)],
    }
    return dump(document)


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the file whole; observations have their own format."""
    del observations
    yield render(result)


def _finding(result: ScanResult, issue: Issue) -> dict[str, Any]:
    finding = issue.finding
    rule, told = safe(finding.rule, 120), labels(finding.labels, 120)
    words = f"The rule {rule} of the policy {safe(result.verdict.policy)} {_WORDS[finding.verdict]}."
    about = f"It asks for {safe(finding.metric, 120)}." if finding.metric else ""
    file = next((e.locator.file for e in finding.evidence if e.locator.file), finding.labels.get("file"))
    entry = _base(result, f"{rule}: {told}" if told else rule, finding.severity) | {
        "description": safe(" ".join(filter(None, (words, about, f"Labels: {told}." if told else ""))), TEXT),
        "severity_justification": _numbers(issue),
        "mitigation": safe(finding.remediation, TEXT),
        "references": "\n".join(cited(control) for control in finding.controls[:50]),
        "unique_id_from_tool": finding.fingerprint,
        "vuln_id_from_tool": rule,
        "nb_occurences": max(1, len(finding.evidence) + finding.truncated),
        "tags": [tag for tag in ("assay", finding.verdict.value, "blocks" if finding.blocks else "") if tag],
        **_standing(issue),
    }
    numbers = [int(found[1]) for control in finding.controls if (found := _CWE.fullmatch(control))]
    entry |= {"cwe": numbers[0]} if numbers else {}
    return entry | ({"file_path": safe(file, 500, keep_end=True)} if file else {})


def _base(result: ScanResult, title: str, severity: Severity) -> dict[str, Any]:
    moment = started(result)
    return {
        "title": safe(title, TITLE) or "finding",
        "severity": severity.value.capitalize(),
        "component_name": safe(result.provenance.target, 200),
        "static_finding": False,
        "dynamic_finding": True,
    } | ({"date": moment.date().isoformat()} if moment else {})


def _numbers(issue: Issue) -> str:
    finding, decision = issue
    lines = [sentence(safe(finding.text, TEXT))]
    if decision is not None and decision.used is not None:
        used = decision.used
        spread = measured(used.value, used.interval) if interval(used.interval) else number(used.value)
        lines.append(f"Measured {spread}, n = {used.n:,}; limit: {safe(decision.limit or 'none', 120)}.")
    waiver = finding.waiver
    if waiver is not None:
        lines.append(
            f"Waiver {safe(waiver.id, 80)} ({waiver.kind}, {waiver.state}), approved by {safe(waiver.approver, 120)} "
            f"until {safe(waiver.expires, 40)}: {safe(waiver.reason)}"
        )
    return "\n".join(line for line in lines if line)


def _standing(issue: Issue) -> dict[str, Any]:
    finding = issue.finding
    accepted = finding.verdict is DecisionVerdict.WAIVED
    rejected = accepted and finding.waiver is not None and finding.waiver.kind in ("false_positive", "not_affected")
    return {
        "active": not accepted,
        "verified": finding.verdict is DecisionVerdict.FAIL,
        "false_p": rejected,
        "risk_accepted": accepted and not rejected,
    }


def _incomplete(result: ScanResult) -> list[dict[str, Any]]:
    missing = gaps(result)
    if not missing:
        return []
    severity = Severity.HIGH if grave(result) else Severity.MEDIUM
    words = "Not everything could be assessed; what was not measured is not safe."
    return [
        _base(result, f"{INCOMPLETE}: {safe(result.provenance.target, 200)}", severity)
        | {
            "description": words,
            "severity_justification": safe(" ".join(missing), TEXT),
            "unique_id_from_tool": f"{INCOMPLETE}/{safe(result.provenance.target, 200)}",
            "vuln_id_from_tool": INCOMPLETE,
            "active": True,
            "verified": True,
        }
    ]
