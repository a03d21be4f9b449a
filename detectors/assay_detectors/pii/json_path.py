"""Where in a line of JSON a value stands: `$.request.user.email`, by its column, without parsing the line.

Only the signs of JSON up to the column are looked at, so the second of two equal values gets its own path, and a line
that is cut off or has words before its first brace has paths too. Keys are written by whoever writes the log, and may
be personal data themselves: a key is shown only where it is made of words of which names of fields are made, and
nothing was found in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assay_detectors.pii.field_words import is_field_name

LONGEST = 1 << 16
"""Characters of a line that are looked at."""
_DEEPEST = 32
_LONGEST_KEY = 40
HIDDEN = "*"
"""Stands for a key that is not shown."""
_START = re.compile(r'\{\s*"|^\s*\[')
_SIGNS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\],:]')
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_DIGITS = re.compile(r"\d{4}|(?:\d\D*){7}")


def paths(line: str, found: Sequence[tuple[int, int]]) -> list[str]:
    """Return the path of each value, empty where it stands in no JSON.

    `found`: where the values of the line begin and end, in columns from 0 and in the order of their beginnings.
    """
    start = _START.search(line, 0, LONGEST)
    columns = [begin for begin, _ in found]
    if start is None:
        return ["" for _ in columns]
    walk = _Walk(found)
    told: list[str] = []
    end = min(len(line), LONGEST)
    for sign in _SIGNS.finditer(line, start.start(), end):
        while len(told) < len(columns) and columns[len(told)] < sign.start():
            told.append(walk.path())
        if len(told) == len(columns):
            return told
        text = sign[0]
        if text[0] == '"':
            if walk.wants_key():
                walk.key(text, sign.start())
            while len(told) < len(columns) and columns[len(told)] < sign.end():
                told.append(walk.path())
        elif not walk.step(text):
            break
    told.extend(walk.path() if column < end else "" for column in columns[len(told) :])
    return told


class _Walk:
    """The open objects and lists, and where in them one stands."""

    def __init__(self, found: Sequence[tuple[int, int]]) -> None:
        self._found = found
        self._open: list[int | str | None] = []
        """Of a list the index; of an object the key as shown, None before the first."""
        self._keyed = False
        """Whether the key of the innermost object was read, so that its value follows."""
        self._inside: list[bool] = []
        """Whether it is an object."""
        self._lost = False

    def path(self) -> str:
        """Return the path here; empty outside of all."""
        if not self._open or self._lost:
            return ""
        parts = ["$"]
        for place in self._open:
            if isinstance(place, int):
                parts.append(f"[{place}]")
            elif place is not None:
                parts.append(f".{place}" if "." not in place and "-" not in place else f'["{place}"]')
        return "".join(parts)

    def wants_key(self) -> bool:
        """Say whether the next text is a key."""
        return bool(self._inside) and self._inside[-1] and not self._keyed

    def key(self, quoted: str, at: int) -> None:
        """Take a key, with its quotation marks; `at`: where it begins."""
        inner = quoted[1:-1] if len(quoted) > 1 and quoted.endswith('"') else quoted[1:]
        end = at + len(quoted)
        touched = any(start < end and at < stop for start, stop in self._found)
        fits = len(inner) <= _LONGEST_KEY and _FIELD.fullmatch(inner) and not _DIGITS.search(inner)
        fits = fits and is_field_name(inner)
        self._open[-1] = inner if fits and not touched else HIDDEN

    def step(self, sign: str) -> bool:
        """Go on by one sign; False: this is no JSON any more."""
        if sign in "{[":
            self._open.append(None if sign == "{" else 0)
            self._inside.append(sign == "{")
            self._keyed = False
            return len(self._open) <= _DEEPEST or self._lose()
        if not self._open:
            return True
        if sign in "}]":
            if self._inside[-1] != (sign == "}"):
                return self._lose()
            self._open.pop()
            self._inside.pop()
            self._keyed = True
        elif sign == ":":
            self._keyed = True
        elif self._inside[-1]:
            self._keyed = False
            self._open[-1] = None
        else:
            place = self._open[-1]
            self._open[-1] = place + 1 if isinstance(place, int) else 0
        return True

    def _lose(self) -> bool:
        self._lost = True
        return False


__all__ = ["HIDDEN", "LONGEST", "paths"]
