"""The SARIF 2.1.0 report: one run, a result per finding, in two profiles.

`sarif` is what GitHub code scanning accepts and shows truly: every result has a physical location, texts stay under
1,024 characters, a result has at most 10 locations, severity sits on the rule, and what a waiver accepts is left out,
since suppressed results would show as open alerts. `sarif-archive` keeps all of it, passes included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from assay.model.evidence import Observation
from assay.model.outcome import Status
from assay.model.result import ScanResult
from assay.model.verdict import Changes, Decision, DecisionVerdict, Finding, Severity
from assay.reports.answer import QUESTION, answer
from assay.reports.gaps import INCOMPLETE, MORE, assessed, gaps, grave
from assay.reports.identity import assay_version
from assay.reports.inputs import about
from assay.reports.issues import Issue, issues, quiet, severity_rank
from assay.reports.json_text import dump
from assay.reports.sarif_places import MOST_LOCATIONS, anchor, anchored, file_uri, locations, manifest_folder
from assay.reports.sarif_profile import GITHUB, Profile, archived, standing
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
RULE = 200
MOST_TAGS = 20

_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}


def render(result: ScanResult, profile: Profile = GITHUB) -> str:
    """Return the SARIF log as ASCII JSON."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result, profile)]}
    return dump(log)


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the log for code scanning whole; observations have their own format."""
    del observations
    yield render(result)


def _run(result: ScanResult, profile: Profile) -> dict[str, Any]:
    found = issues(result)
    open_ones = tuple(i for i in found if i.finding.verdict is not DecisionVerdict.WAIVED)
    kept = found + quiet(result) if profile.archive else open_ones
    shown = kept[: profile.most_results]
    rules = _rules(result, shown, profile)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [_result(result, issue, profile) for issue in shown]
    results += [*_incomplete(result), *_more(result, len(kept) - len(shown))]
    for entry in results:
        entry["ruleIndex"] = index[entry["ruleId"]]
    said = answer(result.verdict)
    policy = result.verdict.policy
    return {
        "tool": {"driver": {"name": "Assay", **_version(result), "rules": rules}},
        "automationDetails": {"id": f"assay/{_slug(result.provenance.target)}/{_slug(policy)}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result, profile)],
        "artifacts": _artifacts(result),
        "results": results,
        "properties": {
            "status": result.verdict.status,
            "answer": _text(f"{QUESTION} {said.word}: {said.why}."),
            "coverage": safe(result.verdict.coverage.sentence, 20_000),
            "policy": safe(policy),
            "policies": [{"path": safe(p.path), "sha256": p.sha256} for p in result.provenance.policies],
            "seed": result.provenance.seed,
            "waived": len(found) - len(open_ones),
            **_changes(result.verdict.changes),
        },
    }


def _changes(changes: Changes | None) -> dict[str, Any]:
    if changes is None:
        return {}
    counted = changes.model_dump(include={"sha256", "new", "worse", "same", "better", "excused"})
    return {"changes": counted | {"gone": len(changes.gone)}}


def _text(words: str) -> str:
    """Return a message: bounded, inert; `[words](address)` is a link in SARIF, so a target may not write one."""
    return safe(words, TEXT_LIMIT).replace("](", "] (")[:1024]


def _slug(name: str) -> str:
    return quote(safe(name, 80), safe="", errors="replace")


def _version(result: ScanResult) -> dict[str, str]:
    version = assay_version(result)
    return {"version": version} if version else {}


def _rules(result: ScanResult, shown: tuple[Issue, ...], profile: Profile) -> list[dict[str, Any]]:
    """Describe every rule that a result names, then the others that decided, passes included, then our own two."""
    decided: dict[str, list[Decision]] = {}
    for decision in result.verdict.decisions:
        decided.setdefault(safe(decision.rule, RULE), []).append(decision)
    told = {safe(issue.finding.rule, RULE): issue.finding for issue in reversed(shown)}
    silent = [name for name in decided if name not in told]
    room = None if profile.most_rules is None else max(0, profile.most_rules - len(told))
    kept = set(told) | set(silent[:room])
    names = [*(n for n in decided if n in kept), *(n for n in told if n not in decided)]
    rules = [_rule(name, decided.get(name, []), told.get(name)) for name in names if name not in (INCOMPLETE, MORE)]
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
    counted = any(d.used is not None and d.used.interval.level >= 1 for d in decisions)
    return {
        "id": name,
        "shortDescription": {"text": _text(f"{safe(name, 120)}: {asks}")},
        "fullDescription": {"text": _text(f"The policy rule {safe(name, 120)}: {asks}.")},
        "help": {"text": _text(f"{sentence(remedy)} More: assay explain {safe(name, 120)}".strip())},
        "defaultConfiguration": {"level": "error" if severity_rank(severity) <= 1 else "warning"},
        "properties": {
            "security-severity": _SECURITY_SEVERITY[severity],
            "precision": "high" if counted else "medium",
            "tags": ["security", "machine-learning", *dict.fromkeys(controls)][:MOST_TAGS],
        },
    }


def _result(result: ScanResult, issue: Issue, profile: Profile) -> dict[str, Any]:
    finding = issue.finding
    entry: dict[str, Any] = {
        "ruleId": safe(finding.rule, RULE),
        **standing(profile, issue),
        "message": {"text": _message(issue)},
        "locations": locations(result, finding),
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
        "properties": {
            "verdict": finding.verdict,
            "severity": finding.severity,
            "blocks": finding.blocks,
            "metric": safe(finding.metric, 200) if finding.metric else None,
            "labels": {safe(key, 60): safe(value) for key, value in sorted(finding.labels.items())},
        },
    }
    if profile.archive:
        entry |= archived(finding, _justification(finding))
    return entry


def _justification(finding: Finding) -> str:
    waiver = finding.waiver
    if waiver is None:
        return ""
    note = f"; {waiver.state}: {waiver.note}" if waiver.state != "valid" else ""
    return _text(f"{waiver.id}: {waiver.reason} (approved by {waiver.approver} until {waiver.expires}{note})")


def _message(issue: Issue) -> str:
    finding, decision = issue
    words = [sentence(safe(finding.text, 500)) or f"{safe(finding.rule, 120)} is {finding.verdict}."]
    if decision is not None and decision.used is not None and interval(decision.used.interval):
        value = measured(decision.used.value, decision.used.interval)
        words.append(f"Measured {value} (n = {decision.used.n:,}); limit: {safe(decision.limit or 'none', 100)}.")
    more = len(finding.evidence) + finding.truncated - MOST_LOCATIONS
    if more > 0:
        words.append(f"{count(more, 'more place')} in the JSON result.")
    if finding.waiver is not None and finding.waiver.state != "valid":
        words.append(f"Its waiver {safe(finding.waiver.id, 60)} is {finding.waiver.state}.")
    return _text(" ".join(words))


def _incomplete(result: ScanResult) -> list[dict[str, Any]]:
    """Return the result that keeps a green page from hiding a crash; none when everything was assessed."""
    missing = gaps(result)
    if not missing:
        return []
    level = "error" if grave(result) else "warning"
    return [_own(result, INCOMPLETE, level, "Assessment incomplete. " + " ".join(missing))]


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


def _invocation(result: ScanResult, profile: Profile) -> dict[str, Any]:
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
        "executionSuccessful": assessed(result),
        "exitCode": result.verdict.exit_code,
        "exitCodeDescription": _text(answer(result.verdict).why),
        "toolExecutionNotifications": notes[: profile.most_notifications],
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
                "roles": [] if about(record) else ["analysisTarget"],
                **length,
                **hashes,
                "properties": {"input": safe(record.name), "what": labels({"role": record.role})}
                | ({"about": about(record)} if about(record) else {}),
            }
        )
    manifest = result.provenance.manifest
    if manifest is not None:
        location = {"uri": anchor(result).uri}
        hashes = {"hashes": {"sha-256": manifest.sha256}}
        entries.append({"location": location, "roles": ["userSpecifiedConfiguration"], **hashes})
    return entries
