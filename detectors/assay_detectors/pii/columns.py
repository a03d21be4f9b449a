"""`INSERT INTO t (a, b) VALUES ('x', 'y')` read as `a='x', b='y'`: the name of a value stands far before it."""

from __future__ import annotations

import re

from assay_detectors.pii.decode import Decoded, Part

COLUMNS_ANCHOR = r"\)[ \t]{0,3}(?i:values)[ \t]{0,3}\("
_COLUMNS = re.compile(r"\(([^()]{1,4000})\)[ \t]{0,3}(?i:values)[ \t]{0,3}\(")
_VALUE = re.compile(
    r"\s{0,3}((?:[NEBnebXx]|_\w{1,16}\s?)?(?:\\{0,3}'(?:[^'\\]|\\.|'')*'|\\{0,3}\"(?:[^\"\\]|\\.)*\")|[^,()'\"]{0,4000}(?:\([^()]{0,4000}\))?)"
    r"\s{0,3}(,|\)(?:,\s{0,3}\()?)"
)
_MOST = 20_000
"""Values of one statement that are given their names."""


def paired(line: str) -> Decoded | None:
    """Return the values of the statements in a line, each behind the name of its column; None: there are none."""
    parts: list[Part] = []
    for found in _COLUMNS.finditer(line):
        names = [name.strip("`\"'[]\\ \t") for name in found[1].split(",")]
        _pairs(line, found.end(), names, parts)
    return Decoded("".join(part[0] for part in parts), lambda: parts) if parts else None


def _pairs(line: str, at: int, names: list[str], parts: list[Part]) -> None:
    column = 0
    while len(parts) < 2 * _MOST:
        value = _VALUE.match(line, at)
        if value is None or column >= len(names):
            return
        start, end = value.span(1)
        if end > start:
            parts.append((f", {names[column]}=", start, start, ""))
            parts.append((value[1], start, end, "columns"))
        at, column = value.end(), column + 1
        if value[2] != ",":
            if value[2] == ")":
                return
            column = 0
