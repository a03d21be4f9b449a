"""The data inventory as JSON: category, kinds, sources, counts, legal tags; and what was not scanned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.reports.inventory import Entry, build, distinct, places

VERSION = 1


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the document whole."""
    inventory = build(result, observations)
    kinds = []
    for kind, entries in inventory.by_kind():
        different, complete = distinct(entries)
        kinds.append(
            {
                "category": kind.category,
                "type": kind.name,
                "meaning": kind.title,
                "tags": list(kind.tags),
                "different_values": {"value": different, "complete": complete} if different else None,
                "told": places(entries) or None,
                "sources": [_source(entry) for entry in entries],
            }
        )
    document = {
        "inventory_version": VERSION,
        "target": result.provenance.target,
        "scanned": result.provenance.run.started,
        "kinds": kinds,
        "not_scanned": [{"where": gap.where, "why": gap.why} for gap in inventory.gaps],
    }
    yield json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _source(entry: Entry) -> dict[str, Any]:
    share = entry.share
    return {
        "source": entry.source,
        "column": entry.column or None,
        "tier": entry.tier or None,
        "found": entry.found,
        "unit": entry.unit,
        "complete": entry.complete,
        "looked_at": entry.looked_at,
        "different_values": distinct([entry])[0] or None,
        "looked_at_unit": entry.looked_at_unit,
        "share": {"low": share.low, "high": share.high} if share is not None else None,
    }
