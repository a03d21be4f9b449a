"""Plain sentences about numbers and limits."""

from __future__ import annotations

from collections import Counter

from assay.model.measurement import Measurement
from assay_policies.schema import Limit

_SILENT = frozenset({"tier", "scope", "attack", "references"})
"""Labels that tell measurements apart for a machine; the method says the same in words."""


def number(measurement: Measurement) -> str:
    """Return the value with its interval: `0.12 [0.08, 0.17] (95 %)`, or the value alone where it is exact."""
    interval = measurement.interval
    if interval.low == interval.high == measurement.value:
        return f"{measurement.value:g}"
    low = "-inf" if interval.low is None else f"{interval.low:.4g}"
    high = "unbounded" if interval.high is None else f"{interval.high:.4g}"
    level = "" if interval.level >= 1 else f" ({100 * interval.level:.4g} %)"
    return f"{measurement.value:.4g} [{low}, {high}]{level}"


def label_text(measurement: Measurement) -> str:
    """Return the labels that tell this measurement apart: `model.pkl: `."""
    labels = {name: value for name, value in measurement.labels.items() if name not in _SILENT and value != "*"}
    if labels.get("group") == "all":
        del labels["group"]
    place = next((labels.pop(name) for name in ("file", "source", "model") if name in labels), None)
    parts = [place] if place else []
    if {"norm", "eps", "unit"} <= set(labels):
        parts.append(f"changes of {labels.pop('eps')} ({labels.pop('unit')}, {labels.pop('norm')})")
    parts += [value if name in ("entity", "column") else f"{name} {value}" for name, value in labels.items()]
    return f"{', '.join(parts)}: " if parts else ""


def notes(measurement: Measurement) -> str:
    """Return the first notes of the evidence, after a colon; nothing where there are none.

    Of notes that differ only behind a semicolon, what they have in common is told, once.
    """
    every = dict.fromkeys(e.note for e in measurement.evidence if e.note and e.kind != "unread")
    heads = Counter(note.partition("; ")[0] for note in every)
    found = list(dict.fromkeys(head if heads[head := note.partition("; ")[0]] > 1 else note for note in every))
    return f": {'; '.join(found[:3])}{'; ...' if len(found) > 3 else ''}" if found else ""


def beyond_text(title: str, measurement: Measurement, limit: Limit) -> str:
    """Return the sentence for a violated limit, with the first notes of its evidence."""
    bound = f"{limit.max:g} allowed" if limit.max is not None else f"at least {limit.min:g} asked"
    return f"{label_text(measurement)}{number(measurement)} {title} ({bound}){notes(measurement)}"
