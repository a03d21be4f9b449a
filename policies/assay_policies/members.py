"""Which measurements stand behind one decision: told apart by their labels, whatever their numbers are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from assay.model.base import Labels
from assay.model.measurement import Measurement


def member_mark(labels: Labels) -> str:
    """Return the digest of a measurement's labels, in any order."""
    text = json.dumps(sorted(labels.items()), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def member_marks(measured: Iterable[Measurement]) -> tuple[str, ...]:
    """Return the digests of these measurements, sorted, each once."""
    return tuple(sorted({member_mark(entry.labels) for entry in measured}))
