"""Issues: what is not a pass, each finding beside the decision that it came from, worst first."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import NamedTuple

from assay.model.base import Labels
from assay.model.result import ScanResult
from assay.model.verdict import Decision, DecisionVerdict, Finding, Severity

SILENT = frozenset({DecisionVerdict.PASS, DecisionVerdict.NOT_APPLICABLE})

_VERDICTS = {
    verdict: rank
    for rank, verdict in enumerate(
        (
            DecisionVerdict.FAIL,
            DecisionVerdict.ERROR,
            DecisionVerdict.SKIPPED,
            DecisionVerdict.INCONCLUSIVE,
            DecisionVerdict.WARN,
            DecisionVerdict.WAIVED,
            DecisionVerdict.NOT_APPLICABLE,
            DecisionVerdict.PASS,
        )
    )
}
_SEVERITIES = {severity: rank for rank, severity in enumerate(Severity)}


class Issue(NamedTuple):
    """A finding with the decision behind it, where the result holds one."""

    finding: Finding
    decision: Decision | None


def severity_rank(severity: Severity) -> int:
    """Return 0 for critical, more for less."""
    return _SEVERITIES[severity]


def issues(result: ScanResult) -> tuple[Issue, ...]:
    """Return everything that is not a pass, blocking and severe first.

    A decision that is no pass and has no finding (a result that was edited) still becomes an issue: nothing is lost.
    """
    left: dict[tuple[str, str, str], list[Decision]] = defaultdict(list)
    for decision in result.verdict.decisions:
        if decision.verdict not in SILENT:
            left[_key(decision, decision.labels)].append(decision)
    findings = [f for f in result.verdict.findings if f.verdict not in SILENT]
    pairs = [Issue(f, _take(left, _key(f, f.labels))) for f in findings]
    rest: dict[tuple[str, str], list[Decision]] = defaultdict(list)
    for decisions in left.values():
        for decision in decisions:
            rest[(decision.rule, decision.verdict)].append(decision)
    paired = [_with_rest(issue, rest) for issue in pairs]
    orphans = [Issue(_as_finding(result, d), d) for decisions in rest.values() for d in decisions]
    return tuple(sorted(paired + orphans, key=_weight))


def quiet(result: ScanResult) -> tuple[Issue, ...]:
    """Return what `issues` leaves out, in the order of the decisions: passes, and what does not apply."""
    return tuple(Issue(_as_finding(result, d), d) for d in result.verdict.decisions if d.verdict in SILENT)


def _key(item: Decision | Finding, labels: Labels) -> tuple[str, str, str]:
    return item.rule, item.verdict, json.dumps(labels, sort_keys=True)


def _take(left: dict[tuple[str, str, str], list[Decision]], key: tuple[str, str, str]) -> Decision | None:
    decisions = left.get(key)
    return decisions.pop(0) if decisions else None


def _with_rest(issue: Issue, rest: dict[tuple[str, str], list[Decision]]) -> Issue:
    """Pair by rule and verdict what the labels did not pair: a finding may carry more labels than its decision."""
    decisions = rest.get((issue.finding.rule, issue.finding.verdict))
    if issue.decision is not None or not decisions:
        return issue
    return Issue(issue.finding, decisions.pop(0))


def _as_finding(result: ScanResult, decision: Decision) -> Finding:
    name = json.dumps([result.provenance.target, decision.rule, decision.metric, decision.labels], sort_keys=True)
    return Finding(
        fingerprint=hashlib.sha256(name.encode()).hexdigest()[:32],
        rule=decision.rule,
        severity=decision.severity,
        verdict=decision.verdict,
        metric=decision.metric,
        detector=decision.detector,
        labels=decision.labels,
        text=decision.reason,
        controls=decision.controls,
        blocks=decision.blocks,
    )


def _weight(issue: Issue) -> tuple[bool, int, int, str, list[tuple[str, str]], str]:
    finding = issue.finding
    return (
        not finding.blocks,
        _VERDICTS[finding.verdict],
        _SEVERITIES[finding.severity],
        finding.rule,
        sorted(finding.labels.items()),
        finding.fingerprint,
    )
