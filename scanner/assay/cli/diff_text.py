"""How a comparison of two results reads: a table on a terminal, Markdown, JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from assay.model.result import ScanResult
from assay.model.verdict import Decision
from assay.reports.text import labels, measured, safe
from assay_policies.changes import Row, rows

ROWS = 50
"""Findings that are the same, shown in a table; of the others all are."""
MARKDOWN_ROWS = 40


@dataclass(frozen=True)
class Comparison:
    """Two results, and every finding of either."""

    before: tuple[ScanResult, str, str]
    """Result, path, sha256."""
    after: tuple[ScanResult, str, str]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, before: tuple[ScanResult, str, str], after: tuple[ScanResult, str, str]) -> Comparison:
        """Compare."""
        first, second = before[0], after[0]
        notes = []
        if first.provenance.target != second.provenance.target:
            one, other = safe(first.provenance.target, 80), safe(second.provenance.target, 80)
            notes.append(f"two targets, {one} and {other}: nothing can be the same")
        if [p.sha256 for p in first.provenance.policies] != [p.sha256 for p in second.provenance.policies]:
            notes.append("judged by different policies; `assay judge` judges both by one")
        if _models(first) != _models(second):
            notes.append("the model files differ")
        return cls(before, after, rows(first, second), tuple(notes))

    @property
    def counts(self) -> dict[str, int]:
        """Return how many there are of each kind."""
        kinds = ("new", "worse", "same", "better", "gone")
        return {kind: sum(row.change == kind for row in self.rows) for kind in kinds}

    @property
    def worsened(self) -> bool:
        """Say whether anything is new or worse."""
        return any(row.change in ("new", "worse") for row in self.rows)

    @property
    def line(self) -> str:
        """Return `new 2, worse 1, same 14, better 0, gone 3`."""
        return ", ".join(f"{kind} {number}" for kind, number in self.counts.items())


def _models(result: ScanResult) -> set[str | None]:
    return {entry.sha256 for entry in result.provenance.inputs if entry.role in ("model", "artifact")}


def _number(decision: Decision | None) -> str:
    if decision is None:
        return "-"
    verdict = decision.verdict.value.replace("_", " ")
    return f"{verdict} {measured(decision.used.value, decision.used.interval)}" if decision.used else verdict


def _kind(row: Row) -> str:
    return "gone?" if row.change == "gone" and not row.resolved else row.change


def _subject(row: Row) -> str:
    where = labels(row.labels, 120)
    return f"{safe(row.rule)} ({where})" if where else safe(row.rule)


def _cells(row: Row) -> tuple[str, ...]:
    return _kind(row), row.severity.value, _subject(row), _number(row.before), _number(row.after), row.fingerprint[:12]


HEAD = ("change", "severity", "finding", "before", "now", "fingerprint")
_OPEN = "gone? = no longer found, but its check was not made this time"


def _notes(found: Comparison) -> list[str]:
    unsure = any(row.change == "gone" and not row.resolved for row in found.rows)
    return [*found.notes, *([_OPEN] if unsure else [])]


def print_table(found: Comparison) -> None:
    """Print the table to standard output."""
    import click

    shown = [row for row in found.rows if row.change != "same"]
    same = [row for row in found.rows if row.change == "same"]
    table = [HEAD, *(_cells(row) for row in (*shown, *same[:ROWS]))]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    click.echo(found.line)
    for note in _notes(found):
        click.echo(f"note: {note}")
    if len(table) > 1:
        click.echo("")
    for line in table if len(table) > 1 else ():
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if len(same) > ROWS:
        click.echo(f"and {len(same) - ROWS:,} more that are the same; -o json=FILE has them all")


def as_markdown(found: Comparison) -> str:
    """Return a table for a pull request, at most `MARKDOWN_ROWS` rows."""
    lines = [f"**{found.line}**", ""]
    lines += [f"- {_escaped(note)}" for note in _notes(found)]
    changed = [row for row in found.rows if row.change != "same"]
    if changed:
        lines += ["", f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
        lines += [f"| {' | '.join(_escaped(cell) for cell in _cells(row))} |" for row in changed[:MARKDOWN_ROWS]]
    if len(changed) > MARKDOWN_ROWS:
        lines += ["", f"and {len(changed) - MARKDOWN_ROWS:,} more"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    for char in "\\`*_[]<>|#@&!":
        text = text.replace(char, f"&#{ord(char)};")
    return text


def as_json(found: Comparison) -> str:
    """Return the comparison as a document: `before`, `after`, `changes`, `notes`, `findings`."""
    data: dict[str, Any] = {
        "schema_version": "1",
        **{
            name: {"path": path, "sha256": digest, "target": result.provenance.target, "status": result.verdict.status}
            for name, (result, path, digest) in (("before", found.before), ("after", found.after))
        },
        "changes": found.counts,
        "notes": list(found.notes),
        "findings": [_entry(row) for row in found.rows],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _entry(row: Row) -> dict[str, Any]:
    return {
        "change": row.change,
        "resolved": row.resolved if row.change == "gone" else None,
        "fingerprint": row.fingerprint,
        "rule": row.rule,
        "severity": row.severity.value,
        "labels": row.labels,
        "before": _side(row.before),
        "after": _side(row.after),
        "text": row.text,
    }


def _side(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {"verdict": decision.verdict.value, **(decision.used.model_dump(mode="json") if decision.used else {})}
