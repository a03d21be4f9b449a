"""The data inventory as a table for a record of processing: one row for each kind in each source, then the gaps."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.reports.inventory import Entry, Gap, build, distinct
from assay.reports.text import safe

COLUMNS = (
    *("record", "category", "type", "meaning", "tier", "source", "column", "found", "unit", "found_is", "looked_at"),
    "looked_at_unit",
    *("different_values", "different_values_is", "share_low", "share_high", "gdpr", "hipaa_safe_harbor", "pci_dss"),
    "why",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the header, then row after row."""
    inventory = build(result, observations)
    yield _line(COLUMNS)
    for entry in inventory.entries:
        yield _line(_found(entry))
    for gap in inventory.gaps:
        yield _line(_gap(gap))


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(text: str) -> str:
    """Return foreign text harmless: no control characters, and no formula for a spreadsheet."""
    shown = safe(text, 500)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _law(entry: Entry, prefix: str) -> str:
    return " ".join(tag.removeprefix(prefix) for tag in entry.kind.tags if tag.startswith(prefix))


def _found(entry: Entry) -> tuple[str, ...]:
    share = entry.share
    different, all_of_them = distinct([entry])
    return (
        "found",
        entry.kind.category,
        entry.kind.name,
        entry.kind.title,
        entry.tier,
        entry.source,
        entry.column,
        str(entry.found),
        entry.unit,
        "exact" if entry.complete else "at least",
        str(entry.looked_at),
        entry.looked_at_unit,
        str(different) if different else "",
        ("exact" if all_of_them else "at least") if different else "",
        f"{share.low:.6g}" if share is not None and share.low is not None else "",
        f"{share.high:.6g}" if share is not None and share.high is not None else "",
        _law(entry, "gdpr:"),
        _law(entry, "hipaa:"),
        _law(entry, "pci-dss:"),
        "",
    )


def _gap(gap: Gap) -> tuple[str, ...]:
    cells = dict.fromkeys(COLUMNS, "")
    cells |= {"record": "not scanned", "source": gap.where, "why": gap.why}
    return tuple(cells[name] for name in COLUMNS)
