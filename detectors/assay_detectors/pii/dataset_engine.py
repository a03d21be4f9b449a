"""Cells of a table given to the line engine: the column's name is the key, the cell its value. The only way there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.weigh import Found

MIN_SCORE = 0.5
CELL = 1 << 16
"""Characters of one cell that are searched."""
_BLOCK, _TOGETHER = 1 << 20, 8192
"""Characters, and cells, that are searched in one go."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINERS = re.compile(r"[\W_]+")
_NUMBERED = re.compile(r"_?\d{1,3}$")
_BREAKS = str.maketrans("\n\r\x0b\x0c", "    ")
_SAYS_NOTHING = frozenset({"", "name", "patient", "nom", "nombre", "to", "from"})
"""Names that say too little of a whole column: products, towns and players have a `name` too."""

_NOT_OF_A_COLUMN = frozenset({"", "office", "desk", "call", "called", "calling", "dial", "registered", "handy", "sms"})
"""Words that explain a number in a sentence, and not a column."""


def key_of(name: str) -> str:
    """Return the name of a column as a key in a log has it: `Phone number 2` and `phoneNumber` become `phone_number`.

    Returns `value` where the name says nothing.
    """
    key = _NUMBERED.sub("", _JOINERS.sub("_", _CAMEL.sub("_", name)).strip("_").lower())
    key = "_".join(word for word in key.split("_") if word not in _NOT_OF_A_COLUMN)
    return "value" if key in _SAYS_NOTHING else key[:64]


class CellScanner:
    """Find values in cells. Built once per worker."""

    def __init__(self, engine: str) -> None:
        self._scanner = LineScanner(MIN_SCORE, engine)

    def cells(self, name: str, values: Sequence[str]) -> Iterator[tuple[int, list[Found], str | None]]:
        """Yield `(place in values, what is found there, why it was not fully analysed)` where either is not empty."""
        prefix = f'"{key_of(name)}": "'
        first = 0
        while first < len(values):
            part = values[first : first + _TOGETHER]
            if sum(map(len, part)) > _BLOCK:
                part = _fitting(part)
            lines = [
                f'{prefix}{value if len(value) <= CELL and value.isprintable() else _plain(value)}"' for value in part
            ]
            starts = [0, *accumulate(len(line) + 1 for line in lines)]
            for line in self._scanner.block("\n".join(lines)):
                found = [one for one in line.found if one.start >= len(prefix)]
                if found or line.problem:
                    yield first + bisect_right(starts, line.start) - 1, found, line.problem
            first += len(part)

    def text(self, text: str) -> list[Found]:
        """Return what is found in a text that no name explains."""
        return self._scanner.scan(_plain(text))


def _plain(value: str) -> str:
    return value[:CELL].translate(_BREAKS)


def _fitting(part: Sequence[str]) -> Sequence[str]:
    """Return the first cells of `part`, one at least, that make up a block once long ones are cut."""
    size = 0
    for count, value in enumerate(part):
        size += min(len(value), CELL)
        if count and size > _BLOCK:
            return part[:count]
    return part


@lru_cache(maxsize=2)
def cell_scanner(engine: str) -> CellScanner:
    """Return the scanner of this process for that engine."""
    return CellScanner(engine)
