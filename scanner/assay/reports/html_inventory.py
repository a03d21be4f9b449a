"""The data inventory in the HTML report: kinds of data, where they are, which laws speak of them, what was not read."""

from __future__ import annotations

from typing import Any

from assay.model.data_kinds import DataKind, words
from assay.model.result import ScanResult
from assay.reports.html_cells import Long, cut
from assay.reports.inventory import FAMILY, Entry, Gap, build, distinct, places
from assay.reports.text import count, number, safe

MOST_KINDS = 200
MOST_SOURCES = 12
MOST_GAPS = 100


def inventory(result: ScanResult) -> dict[str, Any]:
    """Return the rows of the section; `looked` is False where no detector of personal data ran."""
    found = build(result)
    return {
        "looked": any(o.detector.startswith(FAMILY) and o.measurements for o in result.outcomes),
        "categories": _categories(found.entries),
        "kinds": cut(found.by_kind(), MOST_KINDS, lambda row: _kind(*row)),
        "gaps": cut(found.gaps, MOST_GAPS, _gap),
    }


def _categories(entries: tuple[Entry, ...]) -> list[str]:
    """Return how many kinds in how many sources each category has, one phrase each."""
    kinds: dict[str, set[str]] = {}
    sources: dict[str, set[str]] = {}
    for entry in entries:
        kinds.setdefault(entry.kind.category, set()).add(entry.kind.name)
        sources.setdefault(entry.kind.category, set()).add(entry.source)
    return [
        f"{category}: {count(len(names), 'kind')} in {count(len(sources[category]), 'source')}"
        for category, names in kinds.items()
    ]


def _kind(kind: DataKind, entries: list[Entry]) -> dict[str, Any]:
    different, all_of_them = distinct(entries)
    return {
        "category": kind.category,
        "name": safe(kind.name, 80),
        "title": safe(kind.title, 120),
        "tier": safe(", ".join(sorted({entry.tier for entry in entries if entry.tier})), 20),
        "different": f"{'' if all_of_them else 'at least '}{number(different)}" if different else "not known",
        "places": places(entries),
        "tags": [safe(words(tag), 80) for tag in kind.tags],
        "sources": cut(entries, MOST_SOURCES, _source),
    }


def _source(entry: Entry) -> dict[str, str]:
    share = entry.share
    low, high = (share.low, share.high) if share is not None else (None, None)
    return {
        "place": Long(safe(entry.source or "whole input", 200, keep_end=True)),
        "column": safe(entry.column, 120),
        "found": f"{'' if entry.complete else 'at least '}{_amount(entry.found, entry.unit)}",
        "of": f"{_amount(entry.looked_at, entry.looked_at_unit)} looked at",
        "share": (
            f"{number(100 * low)} to {number(100 * high)} % of the distinct values"
            if low is not None and high is not None
            else ""
        ),
    }


def _amount(how_many: int, plural: str) -> str:
    return count(how_many, plural.removesuffix("s"), plural)


def _gap(gap: Gap) -> dict[str, str]:
    return {"where": Long(safe(gap.where, 200, keep_end=True)), "why": Long(safe(gap.why, 400))}
