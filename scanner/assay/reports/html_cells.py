"""What the views of the HTML report share: strings that are safe already, tables that are cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from assay.model.verdict import DecisionVerdict
from assay.reports.text import safe, sentence

Row = TypeVar("Row")
ADVICE = 900
COMMAND = 4000


class Long(str):
    """A string that was made safe already, at a length of its own."""


class Cut(NamedTuple):
    """The rows of a table that are shown, and how many more there are."""

    rows: Sequence[Any]
    more: int


def cut(rows: Sequence[Any], most: int, view: Callable[[Any], Any]) -> Cut:
    """Return at most `most` rows as the template wants them, and the number of the rest."""
    return Cut([view(row) for row in rows[:most]], max(0, len(rows) - most))


def fair(rows: Sequence[Row], most: int, kind: Callable[[Row], str]) -> list[Row]:
    """Return at most `most` rows in their order, such that no kind of row crowds out the others."""
    if len(rows) <= most:
        return list(rows)
    kinds = [kind(row) for row in rows]
    share = max(1, most // len(set(kinds)))
    seen: Counter[str] = Counter()
    first: list[int] = []
    rest: list[int] = []
    for number, name in enumerate(kinds):
        (first if seen[name] < share else rest).append(number)
        seen[name] += 1
    return [rows[number] for number in sorted((first + rest)[:most])]


def said(text: str, limit: int = 300) -> Long:
    """Return foreign text as one harmless sentence."""
    return Long(sentence(safe(text, limit)))


def family(detector: str | None, metric: str | None) -> str:
    """Return the detector that a finding or a decision is about, by its own word or by the metric; may be empty."""
    return detector or (metric or "").rpartition(".")[0]


UNDECIDED = frozenset({DecisionVerdict.ERROR, DecisionVerdict.SKIPPED, DecisionVerdict.INCONCLUSIVE})
