"""Threat model: what each measurement takes the attacker for, as far as the result says it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assay.model.measurement import Measurement
from assay.model.outcome import Outcome
from assay.model.result import ScanResult
from assay.reports.html_cells import Long, cut
from assay.reports.html_plain import plain
from assay.reports.text import labels, safe, sentence

MOST_METHODS = 4
MOST_GAPS = 20
METHOD = 700
_BUDGET = frozenset({"norm", "eps", "unit", "group", "attack", "references", "queries", "fpr", "strength", "kind"})
"""Labels that say what an attacker may do, against those that say where something was found."""


def assumptions(result: ScanResult) -> list[dict[str, Any]]:
    """Return one entry for each detector that measured something."""
    return [_assumed(outcome) for outcome in result.outcomes if outcome.measurements]


def _assumed(outcome: Outcome) -> dict[str, Any]:
    words = plain(outcome.detector)
    gaps = [Long(sentence(safe(gap))) for gap in outcome.not_covered[:MOST_GAPS]]
    return {
        "detector": safe(outcome.detector, 120),
        "topic": words.topic if words else "",
        "attacker": words.attacker if words else "Not recorded in the result; `assay explain` tells what is assumed.",
        "budgets": list(dict.fromkeys(_budgets(outcome.measurements)))[:20],
        "methods": cut(_methods(outcome.measurements), MOST_METHODS, lambda method: Long(safe(method, METHOD))),
        "gaps": gaps,
    }


def _budgets(measurements: Iterable[Measurement]) -> Iterable[str]:
    for m in measurements:
        budget = {name: value for name, value in m.labels.items() if name in _BUDGET}
        if budget:
            yield labels(budget, 120)


def _methods(measurements: Iterable[Measurement]) -> list[str]:
    return list(dict.fromkeys(m.method for m in measurements if m.method))
