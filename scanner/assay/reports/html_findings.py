"""The findings in full, and what each rule came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Severity
from assay.reports.html_cells import ADVICE, UNDECIDED, Cut, Long, cut, fair
from assay.reports.html_words import mark
from assay.reports.issues import Issue
from assay.reports.text import CHANGES, labels, place, safe, sentence

MOST_ISSUES = 200
MOST_RULES = 200
_WORST_FIRST = (
    DecisionVerdict.FAIL,
    DecisionVerdict.ERROR,
    DecisionVerdict.SKIPPED,
    DecisionVerdict.INCONCLUSIVE,
    DecisionVerdict.WARN,
    DecisionVerdict.WAIVED,
    DecisionVerdict.PASS,
    DecisionVerdict.NOT_APPLICABLE,
)


def findings(found: Sequence[Issue]) -> dict[str, Cut]:
    """Return the findings in three lists: broken limits, what decided nothing, what was accepted."""
    wrong = [i for i in found if i.finding.verdict in (DecisionVerdict.FAIL, DecisionVerdict.WARN)]
    undecided = [i for i in found if i.finding.verdict in UNDECIDED]
    waived = [i for i in found if i.finding.verdict is DecisionVerdict.WAIVED]
    advised: set[str] = set()
    return {"wrong": _list(wrong, advised), "undecided": _list(undecided, advised), "waived": _list(waived, advised)}


def _list(found: Sequence[Issue], advised: set[str]) -> Cut:
    def view(issue: Issue) -> dict[str, Any]:
        remedy = issue.finding.remediation
        row = _issue(issue, "" if remedy in advised else remedy)
        advised.add(remedy)
        return row

    shown = fair(found, MOST_ISSUES, lambda issue: issue.finding.rule)
    return Cut([view(issue) for issue in shown], len(found) - len(shown))


def _issue(issue: Issue, remedy: str) -> dict[str, Any]:
    finding, decision = issue
    places = [words for e in finding.evidence if (words := place(e.locator, 200))]
    total = len(finding.evidence) + finding.truncated
    return {
        "finding": finding,
        "mark": mark(finding.verdict),
        "rule": safe(finding.rule, 120),
        "text": sentence(safe(finding.text)),
        "place": places[0] if places else labels(finding.labels, 120),
        "more_places": total - 1 if places else 0,
        "remediation": Long(sentence(safe(remedy, ADVICE))),
        "needs_n": decision.needs_n if decision is not None else None,
        "change": CHANGES.get(finding.change or "", ""),
        "waiver": finding.waiver,
    }


def by_rule(result: ScanResult) -> Cut:
    """Return one row for each rule of the policy with the number of its decisions by verdict, worst first."""
    rules: dict[str, Counter[DecisionVerdict]] = {}
    severities: dict[str, Severity] = {}
    blocking: set[str] = set()
    for decision in result.verdict.decisions:
        rules.setdefault(decision.rule, Counter())[decision.verdict] += 1
        severities[decision.rule] = decision.severity
        if decision.blocks:
            blocking.add(decision.rule)

    def weight(rule: str) -> tuple[bool, int, int, str]:
        worst = min(_WORST_FIRST.index(verdict) for verdict in rules[rule])
        return rule not in blocking, worst, list(Severity).index(severities[rule]), rule

    def view(rule: str) -> dict[str, Any]:
        counts = rules[rule]
        return {
            "rule": safe(rule, 120),
            "severity": severities[rule],
            "blocks": rule in blocking,
            "verdicts": [(mark(v), counts[v]) for v in _WORST_FIRST if counts[v]],
        }

    return cut(sorted(rules, key=weight), MOST_RULES, view)
