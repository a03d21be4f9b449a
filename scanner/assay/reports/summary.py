"""One summary of many scans: a row per target, for a terminal and as Markdown. A target that broke has its row too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from assay.model.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOT_ASSESSED,
    EXIT_OK,
    EXIT_USAGE,
    EXIT_VIOLATED,
    EXIT_WAIVER,
)
from assay.model.outcome import Status
from assay.model.result import ScanResult
from assay.reports.answer import status_word
from assay.reports.issues import issues
from assay.reports.markdown import inert
from assay.reports.text import count, safe, sentence

ORDER = (
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    EXIT_NOT_ASSESSED,
    EXIT_VIOLATED,
    EXIT_INCONCLUSIVE,
    EXIT_WAIVER,
    EXIT_OK,
)
"""Exit codes of several targets, the worst first: 130, 2, 3, 1, 4, 5, 0."""
UNCHANGED = "unchanged since last scan"
MOST_ROWS = 500
MOST_REASONS = 3
_HEAD = ("target", "verdict", "exit code", "findings", "measured")
_WORDS = {
    EXIT_OK: "gate open",
    EXIT_VIOLATED: "violated",
    EXIT_USAGE: "with an invalid file",
    EXIT_NOT_ASSESSED: "not assessed",
    EXIT_INCONCLUSIVE: "inconclusive",
    EXIT_WAIVER: "with an ended waiver",
    EXIT_INTERRUPTED: "interrupted",
}


class Row(NamedTuple):
    """What became of one target."""

    path: str
    """As it was given."""
    name: str
    """Of the target; empty where it could not be read."""
    code: int
    result: ScanResult | None = None
    problem: str = ""
    """One sentence, where there is no result."""


def worst(codes: Sequence[int]) -> int:
    """Return the exit code of several targets."""
    return min(codes, key=ORDER.index, default=EXIT_NOT_ASSESSED)


def remembered(result: ScanResult) -> str:
    """Say whether the checks were made now, or remembered from an earlier scan of the same content."""
    ran = [outcome.cost.remembered for outcome in result.outcomes if outcome.status is Status.RAN]
    if ran and all(ran):
        return UNCHANGED
    return f"{sum(ran)} of {count(len(ran), 'check')} unchanged" if any(ran) else "now" if ran else "nothing"


def markdown(rows: Sequence[Row], policy: str) -> Iterator[str]:
    """Yield the summary as Markdown."""
    yield f"## Assay: {inert(_total(rows))}\n\nPolicy {inert(policy, 120)}.\n\n"
    yield f"| {' | '.join(_HEAD)} |\n|{' --- |' * len(_HEAD)}\n"
    shown = _first(rows)
    for row in shown:
        yield f"| {' | '.join(inert(cell, 160) for cell in _cells(row))} |\n"
    if len(rows) > len(shown):
        yield f"\n{len(rows) - len(shown):,} more targets are not shown.\n"
    for row in shown:
        reasons = _reasons(row)
        if reasons:
            yield f"\n**{inert(_label(row), 160)}**\n\n"
            yield from (f"- {inert(reason, 400)}\n" for reason in reasons)


def terminal(rows: Sequence[Row], policy: str) -> Iterator[str]:
    """Yield the summary as plain text, the total last."""
    shown = _first(rows)
    table = [_HEAD, *(tuple(safe(cell, 60, keep_end=True) for cell in _cells(row)) for row in shown)]
    widths = [max(len(line[column]) for line in table) for column in range(len(_HEAD))]
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
    if len(rows) > len(shown):
        yield f"({len(rows) - len(shown):,} more targets are not shown)\n"
    for row in shown:
        reasons = _reasons(row)
        if reasons:
            yield f"\n{safe(_label(row), 160, keep_end=True)}:\n"
            yield from (f"  {safe(reason, 600)}\n" for reason in reasons)
    yield f"\n{safe(_total(rows))} Policy {safe(policy, 120)}.\n"


def _first(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that are shown, in their order; of too many, those that passed are left out first."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    kept = sorted(range(len(rows)), key=lambda index: (ORDER.index(rows[index].code), index))[:MOST_ROWS]
    return [rows[index] for index in sorted(kept)]


def _label(row: Row) -> str:
    return row.path if not row.name or row.path.endswith(row.name) else f"{row.name} ({row.path})"


def _cells(row: Row) -> tuple[str, ...]:
    label = _label(row)
    if row.result is None:
        word = {EXIT_USAGE: "INVALID", EXIT_INTERRUPTED: "INTERRUPTED"}.get(row.code, "NOT ASSESSED")
        return label, word, str(row.code), "", "nothing"
    findings = row.result.verdict.findings
    blocking = sum(finding.blocks for finding in findings)
    found = f"{len(findings)} ({blocking} blocking)" if findings else "0"
    return label, status_word(row.result.verdict), str(row.code), found, remembered(row.result)


def _reasons(row: Row) -> list[str]:
    """Return why a target is not released, the weightiest first."""
    if row.result is None:
        return [] if row.code == EXIT_INTERRUPTED else [sentence(row.problem)]
    blocking = [issue.finding for issue in issues(row.result) if issue.finding.blocks]
    said = [f"{finding.severity.value} {finding.rule}: {sentence(finding.text)}" for finding in blocking]
    more = [f"and {len(said) - MOST_REASONS:,} more"] if len(said) > MOST_REASONS else []
    return said[:MOST_REASONS] + more


def _total(rows: Sequence[Row]) -> str:
    codes = Counter(row.code for row in rows)
    parts = [f"{codes[code]:,} {_WORDS[code]}" for code in reversed(ORDER) if codes[code]]
    same = sum(row.result is not None and remembered(row.result) == UNCHANGED for row in rows)
    tail = f"; {same:,} {UNCHANGED}" if same else ""
    return f"{count(len(rows), 'target')}: {', '.join(parts)}{tail}. Exit code {worst([*codes])}."
