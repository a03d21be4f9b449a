"""The waiver register, the changes since an earlier scan, the score, and what people found when they looked."""

from __future__ import annotations

from typing import Any

from assay.model.result import ScanResult
from assay.model.verdict import Area, FieldRecord, Gone, WaiverRecord
from assay.reports.html_cells import Long, cut
from assay.reports.html_chart import Bounds, chart
from assay.reports.html_words import KINDS, STATES, mark
from assay.reports.register import register, until
from assay.reports.text import change_counts, interval, number, safe, sentence

MOST_WAIVERS = 300
MOST_GONE = 100
_ORDER = ("valid", "expired", "void", "unused", "recorded")


def waivers(result: ScanResult) -> dict[str, Any]:
    """Return every waiver of the policy, those in force first."""
    day = result.provenance.run.started[:10]
    rows = sorted(register(result), key=lambda w: (_ORDER.index(w.state), w.expires, w.id))
    return {"rows": cut(rows, MOST_WAIVERS, lambda waiver: _waiver(waiver, day)), "day": safe(day, 20)}


def _waiver(waiver: WaiverRecord, day: str) -> dict[str, Any]:
    in_force = waiver.state == "valid"
    return {
        "id": safe(waiver.id, 80),
        "state": STATES[waiver.state],
        "kind": KINDS[waiver.kind],
        "rule": safe(waiver.rule, 120) if waiver.rule else "",
        "finding": safe(waiver.finding, 40),
        "reason": Long(sentence(safe(waiver.reason, 400))),
        "approver": safe(waiver.approver, 120),
        "until": until(waiver.expires, day) if in_force else safe(waiver.expires, 40),
        # That an unused waiver meets no finding stands in its state.
        "note": Long(sentence(safe(waiver.note))) if waiver.state != "unused" else Long(),
    }


def changes(result: ScanResult) -> dict[str, Any] | None:
    """Return this scan against the earlier one; None where none was given."""
    found = result.verdict.changes
    if found is None:
        return None
    return {
        "counts": found,
        "line": change_counts(found),
        "path": safe(found.path, 200, keep_end=True),
        "gone": cut(found.gone, MOST_GONE, _gone),
        "notes": [Long(sentence(safe(note))) for note in found.notes[:20]],
    }


def _gone(gone: Gone) -> dict[str, Any]:
    return {
        "rule": safe(gone.rule, 120),
        "severity": gone.severity,
        "mark": mark(gone.verdict),
        "text": Long(sentence(safe(gone.text))),
        "state": "resolved" if gone.resolved else "not checked this time, so nothing is known",
    }


def areas(result: ScanResult) -> list[dict[str, Any]]:
    """Return the score by family of detectors."""
    return [_area(area) for area in result.verdict.areas]


def _area(area: Area) -> dict[str, Any]:
    return {
        "family": safe(area.family, 60),
        "score": number(round(area.score)),
        "width": round(max(0.0, min(100.0, area.score)) * 1.2, 1),
        "headroom": "nothing measured" if area.headroom is None else _percent(area.headroom),
        "checked": f"{area.checked:,} of {area.required:,}",
    }


def _percent(share: float) -> str:
    # A limit far from any number: a hundred times the largest float is no number.
    return f"{number(round(max(-1e12, min(1e12, share)) * 100))} %"


def field(result: ScanResult) -> list[dict[str, Any]]:
    """Return the field precision of each detector about which people wrote down what they saw."""
    return [_record(record) for record in result.verdict.field]


def _record(record: FieldRecord) -> dict[str, Any]:
    looked = record.confirmed + record.rejected
    share = record.confirmed / looked if looked else 0.0
    return {
        "detector": safe(record.detector, 120),
        "confirmed": record.confirmed,
        "rejected": record.rejected,
        "precision": f"{number(share)} {interval(record.precision)}".strip() if looked else "nobody has looked",
        "chart": chart(share, record.precision, Bounds(None, None)) if looked else None,
    }
