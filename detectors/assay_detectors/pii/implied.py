"""Whether a regular expression matches only where one of some words stands, so that they may be looked for first."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

_parser: Any = importlib.import_module("re._parser")

_ANY = "\0"
"""Stands in a text for whatever may be there, or nothing."""
_MOST = 256
"""Texts that are told apart; beyond, a part is taken for anything."""
_FEW = 4
"""Characters of a class that are told apart."""


def implied(pattern: str, words: Sequence[str]) -> bool:
    """Say whether every match of the pattern holds one of the words, in any case; False also where nobody can tell.

    Raises:
        re.error: the pattern is none.
    """
    texts = _texts(list(_parser.parse(pattern)))
    return all(any(word in text for word in words) for text in texts)


def _texts(items: list[Any]) -> list[str]:
    """Return texts, in lower case, one of which every match fits."""
    found = [""]
    for code, value in items:
        parts = _item(str(code), value)
        if len(found) * len(parts) > _MOST:
            parts = [_ANY]
        found = list(dict.fromkeys(text + part for text in found for part in parts))
    return found


def _item(name: str, value: Any) -> list[str]:
    if name == "LITERAL":
        return [chr(value).lower()]
    if name == "IN" and len(value) <= _FEW and all(str(code) == "LITERAL" for code, _ in value):
        return [chr(one).lower() for _, one in value]
    if name == "BRANCH":
        found = list(dict.fromkeys(text for branch in value[1] for text in _texts(list(branch))))
        return found if len(found) <= _MOST else [_ANY]
    if name == "SUBPATTERN":
        return _texts(list(value[3]))
    if name == "ATOMIC_GROUP":
        return _texts(list(value))
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, body = value
        if not low:
            return ["", *_texts(list(body))] if high == 1 else [_ANY]
        return [text + ("" if high == 1 else _ANY) for text in _texts(list(body))]
    return [""] if name in ("AT", "ASSERT", "ASSERT_NOT") else [_ANY]
