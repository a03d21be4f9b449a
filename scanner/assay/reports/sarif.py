"""The SARIF 2.1.0 report: one run, a result per finding, for code scanning and for archives.

Where two readings of the standard are possible, what GitHub code scanning accepts decides: every result has a physical
location, texts stay under 1,024 characters, a result has at most 10 locations, severity sits on the rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from assay.model.errors import EXIT_INTERRUPTED, EXIT_NOT_ASSESSED
from assay.model.evidence import Observation
from assay.model.outcome import Status
from assay.model.result import ScanResult
from assay.model.verdict import Decision, DecisionVerdict, Finding, Severity
from assay.reports.answer import QUESTION, answer
from assay.reports.issues import Issue, issues, severity_rank
from assay.reports.sarif_places import MOST_LOCATIONS, anchor, anchored, file_uri, locations, manifest_folder
from assay.reports.text import (
    count,
    input_problem,
    install_line,
    interval,
    labels,
    measured,
    safe,
    sentence,
    why_not_run,
)

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TEXT_LIMIT = 1000
MOST_RESULTS = 5000
MOST_TAGS = 20
INCOMPLETE = "assay/assessment-incomplete"
MORE = "assay/more-findings"

_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
_LEVELS = {
    DecisionVerdict.FAIL: "error",
    DecisionVerdict.ERROR: "error",
    DecisionVerdict.SKIPPED: "error",
    DecisionVerdict.INCONCLUSIVE: "warning",
    DecisionVerdict.WARN: "warning",
    DecisionVerdict.WAIVED: "note",
}


def render(result: ScanResult) -> str:
    """Return the SARIF log as ASCII JSON."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result)]}
    return json.dumps(log, indent=1, ensure_ascii=True) + "\n"


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the log whole; observations have their own format."""
    del observations
    yield render(result)


def _run(result: ScanResult) -> dict[str, Any]:
    found = issues(result)
    rules = _rules(result, found)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    extra = [*_incomplete(result), *_more(result, len(found) - MOST_RESULTS)]
    results = [_result(result, issue) for issue in found[:MOST_RESULTS]] + extra
    for entry in results:
        entry["ruleIndex"] = index[entry["ruleId"]]
    said = answer(result.verdict)
    policy = result.verdict.policy
    return {
        "tool": {"driver": {"name": "Assay", **_version(result), "rules": rules}},
        "automationDetails": {"id": f"assay/{_slug(result.provenance.target)}/{_slug(policy)}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result)],
        "artifacts": _artifacts(result),
        "results": results,
        "properties": {
            "status": result.verdict.status,
            "answer": _text(f"{QUESTION} {said.word}: {said.why}."),
            "coverage": safe(result.verdict.coverage.sentence, 20_000),
            "policy": safe(policy),
            "policies": [{"path": safe(p.path), "sha256": p.sha256} for p in result.provenance.policies],
            "seed": result.provenance.seed,
        },
    }


def _text(words: str) -> str:
    """Return a message: bounded, inert; `[words](address)` is a link in SARIF, so a target may not write one."""
    return safe(words, TEXT_LIMIT).replace("](", "] (")[:1024]


def _slug(name: str) -> str:
    return quote(safe(name, 80), safe="", errors="replace")


def _version(result: ScanResult) -> dict[str, str]:
    versions = result.provenance.versions
    version = versions.get("assay") or versions.get("model-assay")
    return {"version": safe(version, 60)} if version else {}


def _rules(result: ScanResult, found: tuple[Issue, ...]) -> list[dict[str, Any]]:
    """Describe every rule that decided, passes included, then our own two."""
    decided: dict[str, list[Decision]] = {}
    for decision in result.verdict.decisions:
        decided.setdefault(decision.rule, []).append(decision)
    told = {issue.finding.rule: issue.finding for issue in reversed(found)}
    rules = [_rule(name, decided.get(name, []), told.get(name)) for name in [*decided, *(set(told) - set(decided))]]
    own = (
        (
            INCOMPLETE,
            "The assessment is incomplete",
            "Checks or inputs are missing; what was not measured is not safe.",
        ),
        (MORE, "There are more findings", "Open the JSON result for all of them."),
    )
    for name, title, words in own:
        described = {"shortDescription": {"text": title}, "fullDescription": {"text": words}, "help": {"text": words}}
        rules.append({"id": name, **described, "properties": {"tags": ["assay"]}})
    return rules


def _rule(name: str, decisions: list[Decision], finding: Finding | None) -> dict[str, Any]:
    first = decisions[0] if decisions else None
    source = first or finding
    metric = safe((source.metric if source else None) or "the state of the scan", 120)
    limit = next((d.limit for d in decisions if d.limit), None)
    severities = [d.severity for d in decisions] + ([finding.severity] if finding else [])
    severity = min(severities, key=severity_rank)
    asks = f"{metric} must be {safe(limit, 120)}" if limit else f"asks for {metric}"
    remedy = finding.remediation if finding else ""
    controls = [f"control:{safe(c, 80)}" for c in (source.controls if source else ())]
    return {
        "id": safe(name, 200),
        "shortDescription": {"text": _text(f"{safe(name, 120)}: {asks}")},
        "fullDescription": {"text": _text(f"The policy rule {safe(name, 120)}: {asks}.")},
        "help": {"text": _text(f"{sentence(remedy)} More: assay explain {safe(name, 120)}".strip())},
        "defaultConfiguration": {"level": "error" if severity_rank(severity) <= 1 else "warning"},
        "properties": {
            "security-severity": _SECURITY_SEVERITY[severity],
            "tags": ["security", "machine-learning", *dict.fromkeys(controls)][:MOST_TAGS],
        },
    }


def _result(result: ScanResult, issue: Issue) -> dict[str, Any]:
    finding = issue.finding
    level = _LEVELS[finding.verdict]
    decision = issue.decision
    if finding.verdict is DecisionVerdict.SKIPPED and not finding.blocks and not (decision and decision.required):
        level = "note"
    entry: dict[str, Any] = {
        "ruleId": safe(finding.rule, 200),
        "level": level,
        "message": {"text": _message(issue)},
        "locations": locations(result, finding),
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
        "properties": {
            "verdict": finding.verdict,
            "severity": finding.severity,
            "blocks": finding.blocks,
            "metric": finding.metric,
            "labels": {safe(key, 60): safe(value) for key, value in sorted(finding.labels.items())},
        },
    }
    waiver = finding.waiver
    if waiver is not None and finding.verdict is DecisionVerdict.WAIVED:
        words = f"{waiver.id}: {waiver.reason} (approved by {waiver.approver} until {waiver.expires})"
        entry["suppressions"] = [{"kind": "external", "status": "accepted", "justification": _text(words)}]
    return entry


def _message(issue: Issue) -> str:
    finding, decision = issue
    words = [sentence(safe(finding.text, 500))]
    if decision is not None and decision.used is not None and interval(decision.used.interval):
        value = measured(decision.used.value, decision.used.interval)
        words.append(f"Measured {value} (n = {decision.used.n:,}); limit: {safe(decision.limit or 'none', 100)}.")
    more = len(finding.evidence) + finding.truncated - MOST_LOCATIONS
    if more > 0:
        words.append(f"{count(more, 'more place')} in the JSON result.")
    if finding.waiver is not None and finding.waiver.state != "valid":
        words.append(f"Its waiver {safe(finding.waiver.id, 60)} is {finding.waiver.state}.")
    return _text(" ".join(words))


def _gaps(result: ScanResult) -> list[str]:
    """Say what was not assessed, a sentence each."""
    coverage = result.verdict.coverage
    gaps = []
    if result.verdict.exit_code == EXIT_INTERRUPTED:
        gaps.append("The scan was interrupted.")
    if coverage.checked < coverage.required:
        gaps.append(f"{coverage.checked} of {count(coverage.required, 'required check')} made.")
    gaps += [
        f"{safe(r.name, 80)} is {r.status}: {input_problem(r)}"
        for r in result.provenance.inputs
        if r.status != "usable"
    ]
    broken = (Status.FAILED, Status.CANCELLED)
    gaps += [f"{safe(o.detector, 80)} {o.status}: {why_not_run(o)}" for o in result.outcomes if o.status in broken]
    if not gaps and not _successful(result):
        gaps.append("The required checks could not all be made.")
    return gaps


def _successful(result: ScanResult) -> bool:
    return result.verdict.exit_code not in (EXIT_NOT_ASSESSED, EXIT_INTERRUPTED)


def _incomplete(result: ScanResult) -> list[dict[str, Any]]:
    """Return the result that keeps a green page from hiding a crash; none when everything was assessed."""
    gaps = _gaps(result)
    if not gaps:
        return []
    coverage = result.verdict.coverage
    grave = not _successful(result) or coverage.checked < coverage.required
    return [_own(result, INCOMPLETE, "error" if grave else "warning", "Assessment incomplete. " + " ".join(gaps))]


def _more(result: ScanResult, more: int) -> list[dict[str, Any]]:
    if more <= 0:
        return []
    return [_own(result, MORE, "warning", f"{count(more, 'more finding')} in the JSON result.")]


def _own(result: ScanResult, rule: str, level: str, words: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": _text(words)},
        "locations": [anchored(anchor(result))],
        "partialFingerprints": {"primaryLocationLineHash": f"{rule}/{_slug(result.provenance.target)}"},
    }


def _invocation(result: ScanResult) -> dict[str, Any]:
    notes = []
    for outcome in result.outcomes:
        if outcome.status in (Status.FAILED, Status.CANCELLED, Status.SKIPPED):
            level = "warning" if outcome.status is Status.SKIPPED else "error"
            install = install_line(outcome)
            words = f"{outcome.detector} {outcome.status}: {why_not_run(outcome)} {install}".strip()
            notes.append(_note(result, f"outcome/{outcome.status}", level, words))
    for record in result.provenance.inputs:
        if record.status != "usable":
            words = f"{safe(record.name, 80)} is {record.status}: {input_problem(record)}"
            notes.append(_note(result, f"input/{record.status}", "error", words))
    return {
        "executionSuccessful": _successful(result),
        "exitCode": result.verdict.exit_code,
        "exitCodeDescription": _text(answer(result.verdict).why),
        "toolExecutionNotifications": notes,
    }


def _note(result: ScanResult, name: str, level: str, words: str) -> dict[str, Any]:
    return {
        "descriptor": {"id": name},
        "level": level,
        "message": {"text": _text(words)},
        "locations": [anchored(anchor(result))],
    }


def _artifacts(result: ScanResult) -> list[dict[str, Any]]:
    folder = manifest_folder(result)
    entries: list[dict[str, Any]] = []
    for record in result.provenance.inputs:
        uri = file_uri(record.path, folder)
        if uri is None:
            continue
        hashes = {"hashes": {"sha-256": record.sha256}} if record.sha256 else {}
        length = {"length": record.size} if record.size is not None else {}
        entries.append(
            {
                "location": {"uri": uri},
                "roles": ["analysisTarget"],
                **length,
                **hashes,
                "properties": {"input": safe(record.name), "what": labels({"role": record.role})},
            }
        )
    manifest = result.provenance.manifest
    if manifest is not None:
        location = {"uri": anchor(result).uri}
        hashes = {"hashes": {"sha-256": manifest.sha256}}
        entries.append({"location": location, "roles": ["userSpecifiedConfiguration"], **hashes})
    return entries
