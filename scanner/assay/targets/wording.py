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
HEADLESS = 0.2
"""Share of names that are values, from which on all of them may be: a table without a header, its first row as one."""


def near(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the entry of `known` closest to `word`, or nothing."""
    hit = closest(word, known)
    return f" (did you mean {shown_name(hit)!r}?)" if hit is not None else ""


def rows_at(rows: Sequence[int] | NDArray[np.intp], total: int | None = None) -> str:
    """Return `row 4` or `rows 1, 2, 3 and 17 more`, from 0; `total` where `rows` is only a beginning."""
    total = len(rows) if total is None else total
    named = ", ".join(str(int(row)) for row in rows[:SHOWN])
    rest = total - min(len(rows), SHOWN)
    return f"row{'s' if total > 1 else ''} {named}" + (f" and {rest:,} more" if rest > 0 else "")


def listed(names: Sequence[str], shown: int = 8) -> str:
    """Return the names in quotes, `shown` of them at most, the rest counted."""
    text = ", ".join(map(repr, shown_names(names)[:shown]))
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


def masked_all(names: Sequence[str]) -> list[str]:
    """Return the labels of one column as a fact may show them; each cut, where many of them may be personal."""
    shown = [masked(name) for name in names]
    if sum(one != name for one, name in zip(shown, names, strict=True)) > HEADLESS * len(names):
        return [f"{name[:1]}... ({len(name)} characters)" for name in names]
    return shown


_VALUE = re.compile(
    r"@|://|\d{6}|(?:\d[^0-9A-Za-z]{0,2}){6}\d|(?:\d{1,3}\.){3}\d|(?:[0-9A-Fa-f]{2}[:\-]){5}|(?:\d\d ?){3}[ A-Z]*\Z"
)
"""What names of columns hardly ever hold, and values of people do: addresses, long numbers."""
_RUN = re.compile(r"[A-Za-z0-9+/]{16,}")
_CHANGE = re.compile(r"(?<=[a-z])(?![a-z])|(?<=[A-Z])(?![A-Z])|(?<=[0-9])(?![0-9])")
_RANDOM = 0.4
"""Changes between small letters, capitals and digits for each character: fewer in words written together."""


def looks_like_a_value(name: str) -> bool:
    """Say whether a name in a header is one of the values of a row, by its looks."""
    return _VALUE.search(name) is not None or any(
        len(_CHANGE.findall(run)) > _RANDOM * len(run) for run in _RUN.findall(name)
    )


def shown_name(name: str) -> str:
    """Return the name of a column, class or array as it may be shown; what looks like a value only by its length."""
    return f"{name[:1]}... ({len(name)} characters)" if looks_like_a_value(name) else clip(name, 60)


def shown_names(names: Sequence[str]) -> list[str]:
    """Return names of one header as they may be shown; none of them, where it looks like a row of a table."""
    if sum(map(looks_like_a_value, names)) > HEADLESS * len(names):
        return [f"{name[:1]}... ({len(name)} characters)" for name in names]
    return [shown_name(name) for name in names]


def amount(size: int) -> str:
    """Return a number of bytes as people read it."""
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size} bytes"
