"""The near miss of a misspelt word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the entry of `known` that is most like `word`, letter case aside, or None."""
    folded = {name.casefold(): name for name in reversed(list(known))}
    hits = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[hits[0]] if hits else None
