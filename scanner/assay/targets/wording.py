"""Words for sentences about inputs: near misses, lists of rows, clipped foreign text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from assay.model.near import closest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHOWN = 3
"""Items of a list that a sentence names before it counts."""


def near(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the entry of `known` closest to `word`, or nothing."""
    hit = closest(word, known)
    return f" (did you mean {clip(hit, 60)!r}?)" if hit is not None else ""


def rows_at(rows: Sequence[int] | NDArray[np.intp], total: int | None = None) -> str:
    """Return `row 4` or `rows 1, 2, 3 and 17 more`, from 0; `total` where `rows` is only a beginning."""
    total = len(rows) if total is None else total
    named = ", ".join(str(int(row)) for row in rows[:SHOWN])
    rest = total - min(len(rows), SHOWN)
    return f"row{'s' if total > 1 else ''} {named}" + (f" and {rest:,} more" if rest > 0 else "")


def listed(names: Sequence[str], shown: int = 8) -> str:
    """Return the names in quotes, `shown` of them at most, the rest counted."""
    text = ", ".join(repr(clip(name, 60)) for name in names[:shown])
    return text + (f" and {len(names) - shown:,} more" if len(names) > shown else "")


def clip(text: str, length: int) -> str:
    """Return the first line of foreign `text`, printable, `length` characters at most."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = "".join(char if char.isprintable() else "?" for char in line[: length + 1])
    return line if len(line) <= length else line[: length - 3] + "..."


_PLAIN_LABEL = re.compile(r"[\w .+/-]{1,32}")


def masked(name: str) -> str:
    """Return a label as a sentence or a fact may show it: a value that may be personal is cut to its first letter.

    A column that holds addresses or numbers of people may be declared as the label by mistake.
    """
    text = clip(name, 60)
    if _PLAIN_LABEL.fullmatch(text) and sum(char.isdigit() for char in text) < 6:
        return text
    return f"{text[:1]}... ({len(name)} characters)"


def amount(size: int) -> str:
    """Return a number of bytes as people read it."""
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size} bytes"
