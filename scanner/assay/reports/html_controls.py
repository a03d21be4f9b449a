"""The control matrix: what the decisions are evidence for, and what of the same frameworks nobody asked about."""

from __future__ import annotations

from typing import Any

from assay.model import frameworks
from assay.model.result import ScanResult
from assay.model.verdict import Decision, DecisionVerdict
from assay.reports.html_cells import Long, cut
from assay.reports.html_words import mark
from assay.reports.text import count, safe

MOST_CONTROLS = 400
NAME = 260
_NOT_MADE = frozenset({DecisionVerdict.SKIPPED, DecisionVerdict.ERROR, DecisionVerdict.NOT_APPLICABLE})
_ORDER = (
    DecisionVerdict.ERROR,
    DecisionVerdict.FAIL,
    DecisionVerdict.INCONCLUSIVE,
    DecisionVerdict.SKIPPED,
    DecisionVerdict.WARN,
    DecisionVerdict.WAIVED,
    DecisionVerdict.PASS,
    DecisionVerdict.NOT_APPLICABLE,
)
UNKNOWN = "no table"


def controls(result: ScanResult) -> dict[str, Any]:
    """Return the rows of the matrix, then by framework what is not assessed."""
    asked: dict[str, list[Decision]] = {}
    for decision in result.verdict.decisions:
        for text in dict.fromkeys(decision.controls):
            entry = frameworks.describe(text)
            # `owasp-ml:ML04` and `owasp-ml:ML04:2023` are one control.
            asked.setdefault(entry.text if entry else text, []).append(decision)
    prefixes = list(dict.fromkeys(text.partition(":")[0] for text in sorted(asked)))
    listed = {framework.prefix: framework for framework in frameworks.frameworks()}
    return {
        "matrix": cut(sorted(asked.items()), MOST_CONTROLS, lambda row: _row(*row)),
        "silent": [_silent(listed[prefix], asked) for prefix in prefixes if prefix in listed],
        "unasked": [
            f"{framework.title}, {framework.edition}" for prefix, framework in listed.items() if prefix not in prefixes
        ],
    }


def _row(text: str, decisions: list[Decision]) -> dict[str, Any]:
    entry = frameworks.describe(text)
    prefix, _, identity = text.partition(":")
    verdicts = {d.verdict for d in decisions}
    worst = next(v for v in _ORDER if v in verdicts)
    rules = list(dict.fromkeys(d.rule for d in decisions))
    bad = sum(1 for d in decisions if d.verdict not in (DecisionVerdict.PASS, DecisionVerdict.NOT_APPLICABLE))
    return {
        "framework": entry.framework if entry else safe(prefix, 60),
        "edition": entry.edition if entry else UNKNOWN,
        "id": entry.id if entry else safe(identity, 60),
        "name": _name(entry) if entry else _unknown(text),
        "mark": mark(worst),
        "made": bool(verdicts - _NOT_MADE),
        "rules": [safe(rule, 80) for rule in rules[:6]],
        "more_rules": max(0, len(rules) - 6),
        "findings": count(bad, "finding") if bad else "no finding",
    }


def _name(entry: frameworks.Control) -> Long:
    notes = ["secondary source"] if entry.status == "secondary" else []
    if entry.retired_by:
        notes.append(f"retired, now {entry.retired_by}")
    return Long(safe(entry.name, NAME) + (f" ({'; '.join(notes)})" if notes else ""))


def _unknown(text: str) -> str:
    if frameworks.known(text) is None:
        return "framework without a table in this tool"
    return "not in the edition that this tool knows"


def _silent(framework: frameworks.Framework, asked: dict[str, list[Decision]]) -> dict[str, Any]:
    everything = [c for c in frameworks.all_controls(framework.prefix) if not c.retired_by]
    rest = [c for c in everything if c.text not in asked]
    return {
        "title": framework.title,
        "edition": framework.edition,
        "secondary": framework.status == "secondary",
        "asked": sum(1 for text in asked if text.partition(":")[0] == framework.prefix),
        "rest": [{"id": c.id, "name": safe(c.name, 110)} for c in rest],
        "note": Long(safe(framework.note, 600)),
    }
