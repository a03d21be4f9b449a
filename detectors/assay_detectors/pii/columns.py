"""Values whose names stand far before them: `INSERT INTO t (a, b) VALUES ('x', 'y')` read as `a='x', b='y'`."""

from __future__ import annotations

import re

from assay_detectors.pii.decode import Decoded, Part

COLUMNS_ANCHOR = r"\)[ \t]{0,3}(?i:values)[ \t]{0,3}\(|loc\\{0,3}[\"']:[ \t]?[\[(]"
_COLUMNS = re.compile(r"\(([^()]{1,4000})\)[ \t]{0,3}(?i:values)[ \t]{0,3}\(")
_VALUE = re.compile(
    r"\s{0,3}((?:[NEBnebXx]|_\w{1,16}\s?)?(?:\\{0,3}'(?:[^'\\]|\\.|'')*'|\\{0,3}\"(?:[^\"\\]|\\.)*\")|[^,()'\"]{0,4000}(?:\([^()]{0,4000}\))?)"
    r"\s{0,3}(,|\)(?:,\s{0,3}\()?)"
)
_QUOTE = r"\\{0,3}[\"']"
_REFUSED = re.compile(
    rf"(?<=loc)\\{{0,3}}[\"']:\s?[\[(]([^\])]{{1,200}})[\])],\s?{_QUOTE}msg{_QUOTE}:\s?{_QUOTE}[^\"'\\]{{0,200}}{_QUOTE},\s?"
    rf"{_QUOTE}input{_QUOTE}:\s?({_QUOTE}[^\"'\\]{{1,4000}}{_QUOTE})"
)
"""What a service says of a field that it refuses: `"loc": ["body", "ssn"], "msg": "…", "input": "…"`."""
_MOST = 20_000
"""Values of one statement that are given their names."""


def paired(line: str) -> Decoded | None:
    """Return the values of the statements in a line, each behind the name of its column; None: there are none."""
    parts: list[Part] = []
    for found in _COLUMNS.finditer(line):
        names = [name.strip("`\"'[]\\ \t") for name in found[1].split(",")]
        _pairs(line, found.end(), names, parts)
    for found in _REFUSED.finditer(line):
        _pair(line, found[1].split(",")[-1].strip("\"'\\ "), found.span(2), parts)
    return Decoded("".join(part[0] for part in parts), parts) if parts else None


def _pair(line: str, name: str, value: tuple[int, int], parts: list[Part]) -> None:
    start, end = value
    parts.append((f", {name}=", start, start, ""))
    parts.append((line[start:end], start, end, "columns"))


def _pairs(line: str, at: int, names: list[str], parts: list[Part]) -> None:
    column = 0
    while len(parts) < 2 * _MOST:
        value = _VALUE.match(line, at)
        if value is None or column >= len(names):
            return
        start, end = value.span(1)
        if end > start:
            _pair(line, names[column], (start, end), parts)
        at, column = value.end(), column + 1
        if value[2] != ",":
            if value[2] == ")":
                return
            column = 0
