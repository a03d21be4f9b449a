"""JSON that nobody can read in two ways: a key twice in one object and NaN are refused. Standard library only."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str) -> Any:
    """Return what the text holds.

    Raises:
        ValueError: no such JSON; `sentence` says it in a few words.
        RecursionError: nested too deep.
    """
    return json.loads(text, object_pairs_hook=once, parse_constant=_refuse)


def sentence(error: ValueError) -> str:
    """Return what is wrong, without the place."""
    return (error.msg if isinstance(error, json.JSONDecodeError) else str(error))[:80]


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; an `object_pairs_hook`.

    Raises:
        ValueError: a key stands twice in it.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:60]!r} stands twice in one object")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
