"""Tables of the HTML report for the engineer who checks: inputs, checks, decisions, measurements, evidence."""

from __future__ import annotations

from typing import Any, NamedTuple

from assay.model.base import Labels
from assay.model.evidence import Evidence
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, ScanResult
from assay.model.verdict import Decision
from assay.reports.html_cells import Cut, fair
from assay.reports.html_chart import NO_BOUNDS, Bounds, Chart, chart
from assay.reports.html_words import mark
from assay.reports.inputs import about
from assay.reports.issues import SILENT, Issue
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

MOST_DECISIONS = 400
MOST_MEASUREMENTS = 400
MOST_EVIDENCE_GROUPS = 200
MOST_EVIDENCE = 1000


def input_row(record: InputRecord) -> dict[str, Any]:
    """Return one input with what it is beside a model, and the reason why it was not used."""
    return {"record": record, "about": about(record), "problem": input_problem(record)}


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """Return what became of one detector."""
    ran = outcome.status is Status.RAN
    return {
        "detector": safe(outcome.detector, 120),
        "version": safe(outcome.version, 40),
        "status": outcome.status.value.replace("_", " "),
        "reason": sentence(safe(outcome.reason or "")) if ran else why_not_run(outcome),
        "install": install_line(outcome),
        "measurements": len(outcome.measurements),
        "cost": outcome.cost,
        "unresolved": [sentence(safe(u.reason)) for u in outcome.unresolved[:10]],
    }


def decisions(result: ScanResult, found: tuple[Issue, ...]) -> Cut:
    """Return the decisions: what is no pass first, worst first."""
    loud = [i.decision for i in found if i.decision is not None]
    quiet = [d for d in result.verdict.decisions if d.verdict in SILENT]
    every = [*loud, *quiet]
    shown = fair(every, MOST_DECISIONS, lambda decision: decision.rule)
    return Cut([_decision(decision) for decision in shown], len(every) - len(shown))


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
    }


def measurements(result: ScanResult) -> Cut:
    """Return the measurements with their charts: what is beyond a limit, what passed, what no rule used."""
    limits: dict[tuple[str, str], Decision] = {}
    for decision in result.verdict.decisions:
        if decision.used is not None:
            limits.setdefault(_key(decision.used.metric, decision.used.labels), decision)
    rows = [
        (m, outcome.detector, limits.get(_key(m.metric, m.labels)))
        for outcome in result.outcomes
        for m in outcome.measurements
    ]
    rows.sort(key=lambda row: 2 if row[2] is None else int(row[2].verdict in SILENT))
    shown = fair(rows, MOST_MEASUREMENTS, lambda row: row[0].metric)
    return Cut([_measurement(*row) for row in shown], len(rows) - len(shown))


def _measurement(m: Measurement, detector: str, decision: Decision | None) -> dict[str, Any]:
    # Drawn as it was judged: a rule looks at its own share of alpha, and so at another interval.
    used = decision.used if decision is not None else None
    spread = used.interval if used is not None else m.interval
    limit = safe(decision.limit or "", 120) if decision is not None else ""
    drawn: Chart = chart(m.value, spread, _bounds(decision), limit)
    return {
        "metric": safe(m.metric, 120),
        "detector": safe(detector, 120),
        "labels": labels(m.labels, 120),
        "value": measured(m.value, spread),
        "level": level(spread),
        "n": m.n,
        "method": safe(m.method, 200),
        "p_value": m.p_value,
        "detectable": m.detectable,
        "chart": drawn,
        "limit": limit,
        "mark": mark(decision.verdict) if decision is not None else None,
    }


class Group(NamedTuple):
    """The evidence of one measurement, or what only a finding holds."""

    name: str
    labels: Labels
    pieces: tuple[Evidence, ...]
    truncated: int


def evidence(result: ScanResult) -> dict[str, Any]:
    """Return a table for each metric, a group of rows for each of its measurements; then what only findings hold."""
    groups = [
        Group(m.metric, m.labels, m.evidence, m.truncated)
        for outcome in result.outcomes
        for m in outcome.measurements
        if m.evidence
    ]
    held = {piece for group in groups for piece in group.pieces}
    for finding in result.verdict.findings:
        # The finding of several measurements carries pieces of each of them.
        new = tuple(piece for piece in finding.evidence if piece not in held)
        if new:
            groups.append(Group(finding.rule, finding.labels, new, finding.truncated))
    tables: dict[str, list[dict[str, Any]]] = {}
    room, told = MOST_EVIDENCE, 0
    for group in groups[:MOST_EVIDENCE_GROUPS]:
        rows = [_piece(piece) for piece in group.pieces[:room]]
        room -= len(rows)
        if rows:
            more = group.truncated + len(group.pieces) - len(rows)
            told += 1
            tables.setdefault(group.name, []).append({"labels": labels(group.labels, 120), "rows": rows, "more": more})
    shown = [_table(name, members) for name, members in tables.items()]
    return {"tables": shown, "more_groups": len(groups) - told}


def _table(name: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [row for group in groups for row in group["rows"]]
    columns = {column: any(row[column] for row in rows) for column in ("excerpt", "group", "score")}
    width = 3 + sum(columns.values())
    return {"name": safe(name, 120), "groups": groups, "columns": columns, "width": width}


def _piece(piece: Evidence) -> dict[str, Any]:
    return {
        "kind": safe(piece.kind, 40),
        "place": place(piece.locator, 160),
        "note": sentence(safe(piece.note, 200)),
        "excerpt": safe(piece.excerpt, 160) if piece.excerpt else "",
        "group": safe(piece.group, 60) if piece.group else "",
        "score": number(piece.score) if piece.score is not None else "",
    }


def _key(metric: str, which: dict[str, str]) -> tuple[str, str]:
    return metric, repr(sorted(which.items()))


def _bounds(decision: Decision | None) -> Bounds:
    return NO_BOUNDS if decision is None else Bounds(decision.at_most, decision.at_least)
