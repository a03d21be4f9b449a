"""JSON in which a key stands once: of two values some readers take the first and some the last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay_detectors.artifact.sources import Unread


def once(what: str) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """Return an `object_pairs_hook` that raises `Unread` where a key stands twice; `what` begins the sentence."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            raise Unread(f"{what} gives one key twice", "two-readings")
        return found

    return pairs
