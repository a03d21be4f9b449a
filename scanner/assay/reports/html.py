"""The HTML report: one self-contained page; page 1 for the officer who signs, the rest for the engineer who checks.

No script, no request to anywhere, no style but its own. Every string that the page prints passes `safe` and HTML
escaping, so nothing from a target can act. Long tables are cut, and say so; the JSON result holds the rest.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from assay.model.evidence import Evidence, Observation
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, ScanResult
from assay.model.verdict import Decision, DecisionVerdict
from assay.reports.answer import QUESTION, answer, status_word
from assay.reports.html_chart import NO_BOUNDS, Bounds, Chart, chart
from assay.reports.html_words import GLOSSARY, mark
from assay.reports.issues import SILENT, Issue, issues
from assay.reports.text import (
    input_problem,
    install_line,
    labels,
    level,
    measured,
    number,
    place,
    safe,
    sentence,
    why_not_run,
)

TEMPLATE = "report.html.j2"
MOST_ISSUES = 100
MOST_DECISIONS = 400
MOST_MEASUREMENTS = 300
MOST_EVIDENCE_TABLES = 100
MOST_EVIDENCE = 1000
MOST_INPUTS = 200
MOST_GAPS = 100
UNDECIDED = frozenset({DecisionVerdict.ERROR, DecisionVerdict.SKIPPED, DecisionVerdict.INCONCLUSIVE})
ADVICE = 900
COMMAND = 4000
LAST_LOOK = 800


class Long(str):
    """A string that was made safe already, at a length of its own."""


class Cut(NamedTuple):
    """The rows of a table that are shown, and how many more there are."""

    rows: Sequence[Any]
    more: int


def render(result: ScanResult) -> str:
    """Return the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("assay.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_last_look,
    )
    return environment.get_template(TEMPLATE).render(_view(result))


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the page whole; observations have their own format."""
    del observations
    yield render(result)


def _last_look(value: Any) -> Any:
    """Make a string safe at the moment when the template prints it, whoever forgot to; markup is our own."""
    if isinstance(value, str) and not isinstance(value, Long) and not hasattr(value, "__html__"):
        return safe(value, LAST_LOOK)
    return value


def _cut(rows: Sequence[Any], most: int, view: Callable[[Any], Any]) -> Cut:
    return Cut([view(row) for row in rows[:most]], max(0, len(rows) - most))


def _input(record: InputRecord) -> dict[str, Any]:
    return {"record": record, "problem": input_problem(record)}


def _view(result: ScanResult) -> dict[str, Any]:
    found = issues(result)
    provenance, verdict = result.provenance, result.verdict
    waived = [i for i in found if i.finding.verdict is DecisionVerdict.WAIVED]
    wrong = [i for i in found if i.finding.verdict in (DecisionVerdict.FAIL, DecisionVerdict.WARN)]
    undecided = [i for i in found if i.finding.verdict in UNDECIDED]
    run = provenance.run
    return {
        "question": QUESTION,
        "answer": answer(verdict),
        "status": status_word(verdict),
        "verdict": verdict,
        "target": safe(provenance.target, 200),
        "policy": safe(verdict.policy, 200),
        "coverage": Long(safe(verdict.coverage.sentence, COMMAND)),
        "provenance": provenance,
        "run": run,
        "wrong": _findings(wrong),
        "undecided": _findings(undecided),
        "waivers": _cut(waived, MOST_ISSUES, _waiver),
        "inputs": _cut(provenance.inputs, MOST_INPUTS, _input),
        "unused": _cut([r for r in provenance.inputs if r.status != "usable"], MOST_GAPS, _input),
        "missed": [_outcome(o) for o in result.outcomes if o.status not in (Status.RAN, Status.NOT_APPLICABLE)],
        "outcomes": [_outcome(o) for o in result.outcomes],
        "not_covered": _cut(verdict.coverage.not_covered, MOST_GAPS, lambda words: sentence(safe(words))),
        "decisions": _decisions(result, found),
        "measurements": _measurements(result),
        "evidence": _evidence(result),
        "versions": sorted(provenance.versions.items()),
        "facts": sorted(provenance.manifest_facts.items()),
        "command": Long(safe(shlex.join(run.argv), COMMAND)),
        "glossary": GLOSSARY,
        "number": number,
    }


def _findings(found: Sequence[Issue]) -> Cut:
    """Return findings for page 1; advice that was given once is not given again."""
    advised: set[str] = set()

    def view(issue: Issue) -> dict[str, Any]:
        remedy = issue.finding.remediation
        row = _issue(issue, "" if remedy in advised else remedy)
        advised.add(remedy)
        return row

    return _cut(found, MOST_ISSUES, view)


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
        "waiver": finding.waiver,
    }


def _waiver(issue: Issue) -> dict[str, Any]:
    finding = issue.finding
    return {
        "waiver": finding.waiver,
        "rule": safe(finding.rule, 120),
        "text": sentence(safe(finding.text)),
        "labels": labels(finding.labels, 120),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    ran = outcome.status is Status.RAN
    return {
        "detector": safe(outcome.detector, 120),
        "version": safe(outcome.version, 40),
        "status": outcome.status.value.replace("_", " "),
        "reason": sentence(safe(outcome.reason or "")) if ran else why_not_run(outcome),
        "install": install_line(outcome),
        "measurements": len(outcome.measurements),
        "cost": outcome.cost,
        "not_covered": [safe(words) for words in outcome.not_covered[:20]],
    }


def _decisions(result: ScanResult, found: tuple[Issue, ...]) -> Cut:
    loud = [i.decision for i in found if i.decision is not None]
    quiet = [d for d in result.verdict.decisions if d.verdict in SILENT]
    return _cut([*loud, *quiet], MOST_DECISIONS, _decision)


def _decision(decision: Decision) -> dict[str, Any]:
    used = decision.used
    return {
        "decision": decision,
        "mark": mark(decision.verdict),
        "rule": safe(decision.rule, 120),
        "labels": labels(decision.labels, 120),
        "limit": safe(decision.limit or "", 120),
        "value": measured(used.value, used.interval) if used else "",
        "level": level(used.interval) if used else "",
        "n": used.n if used else None,
        "reason": sentence(safe(decision.reason)),
        "controls": ", ".join(safe(c, 80) for c in decision.controls[:20]),
    }


def _measurements(result: ScanResult) -> Cut:
    """Return the measurements, those that decided something first, with their charts."""
    limits: dict[tuple[str, str], Decision] = {}
    for decision in result.verdict.decisions:
        if decision.used is not None:
            limits.setdefault(_key(decision.used.metric, decision.used.labels), decision)
    rows = [
        (m, outcome.detector, limits.get(_key(m.metric, m.labels)))
        for outcome in result.outcomes
        for m in outcome.measurements
    ]
    rows.sort(key=lambda row: row[2] is None)
    return _cut(rows, MOST_MEASUREMENTS, lambda row: _measurement(*row))


def _measurement(m: Measurement, detector: str, decision: Decision | None) -> dict[str, Any]:
    drawn: Chart = chart(m.value, m.interval, _bounds(decision))
    return {
        "metric": safe(m.metric, 120),
        "detector": safe(detector, 120),
        "labels": labels(m.labels, 120),
        "value": measured(m.value, m.interval),
        "level": level(m.interval),
        "n": m.n,
        "method": safe(m.method, 200),
        "p_value": m.p_value,
        "detectable": m.detectable,
        "chart": drawn,
        "limit": safe(decision.limit or "", 120) if decision is not None else "",
        "mark": mark(decision.verdict) if decision is not None else None,
    }


def _evidence(result: ScanResult) -> dict[str, Any]:
    """Return tables of evidence by measurement, then what only findings hold; cut over all tables together."""
    groups = [
        (_caption(m.metric, m.labels), m.evidence, m.truncated)
        for outcome in result.outcomes
        for m in outcome.measurements
        if m.evidence
    ]
    held = {evidence for _, evidence, _ in groups}
    groups += [
        (_caption(f.rule, f.labels), f.evidence, f.truncated)
        for f in result.verdict.findings
        if f.evidence and f.evidence not in held
    ]
    tables, room = [], MOST_EVIDENCE
    for caption, evidence, truncated in groups[:MOST_EVIDENCE_TABLES]:
        shown = [_piece(e) for e in evidence[:room]]
        room -= len(shown)
        if shown:
            tables.append(
                {
                    "caption": caption,
                    "rows": shown,
                    "more": truncated + len(evidence) - len(shown),
                    "excerpts": any(row["excerpt"] for row in shown),
                    "groups": any(row["group"] for row in shown),
                }
            )
    return {"tables": tables, "more_groups": len(groups) - len(tables)}


def _piece(evidence: Evidence) -> dict[str, Any]:
    return {
        "kind": safe(evidence.kind, 40),
        "place": place(evidence.locator, 160),
        "note": sentence(safe(evidence.note, 200)),
        "excerpt": safe(evidence.excerpt, 160) if evidence.excerpt else "",
        "group": safe(evidence.group, 60) if evidence.group else "",
        "score": number(evidence.score) if evidence.score is not None else "",
    }


def _caption(name: str, which: dict[str, str]) -> str:
    words = labels(which, 120)
    return f"{safe(name, 120)} ({words})" if words else safe(name, 120)


def _key(metric: str, which: dict[str, str]) -> tuple[str, str]:
    return metric, repr(sorted(which.items()))


def _bounds(decision: Decision | None) -> Bounds:
    return NO_BOUNDS if decision is None else Bounds(decision.at_most, decision.at_least)
