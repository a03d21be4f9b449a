r"""Escapes of URLs, JSON and string literals taken off a line, with the way back to the columns of the line.

`%40`, `+` in the value of a query, `\u0040`, `\x40`, `\"`, `\/`, `\n`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from operator import itemgetter

from assay_detectors.pii.payload import QUAD

ESCAPE_ANCHOR = r"%[0-9A-Fa-f]{2}|\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\\[\"']|/|[nrt][\w+(])"
r"""Where it is worth a try. A single `\"` is not: rules and contexts read over it."""
PLUS_ANCHOR = r"[^=]=[\w.%]+\+[\w%]|[A-Za-z0-9]\+[A-Za-z0-9]+\+[A-Za-z0-9]"
"""Where it may be worth a try: plus signs that may be spaces; `torch==2.1+cu118` is no query."""
_WORTH_SIGNS = re.compile(ESCAPE_ANCHOR)
_WORTH_PLUS = re.compile(r"(?<!=)=[\w.%]{1,24}\+[\w%]|[A-Za-z0-9]\+[A-Za-z0-9]{1,24}\+[A-Za-z0-9]")
_ESCAPE = re.compile(
    r"[%\\](?:(?<=%)(?P<url>[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*)|(?<=\\)\\*(?:(?P<json>u[0-9A-Fa-f]{4}(?:\\+u[0-9A-Fa-f]{4})*)"
    r"|(?P<byte>x[0-9A-Fa-f]{2}(?:\\+x[0-9A-Fa-f]{2})*)|(?P<plain>[\"'/])|(?P<space>[nrt])))"
)
_ESCAPE_OR_QUERY = re.compile(
    r"(?P<query>(?<![^\s?&=\"'(/;,>])[^\s?&=\"'<>#/;,(\\]*[\w%]\+[\w%(\-][^\s&\"'<>#\\]*)|" + _ESCAPE.pattern
)
_QUERY = re.compile(r"=[^\s?&=\"'<>#/;,(\\]*\+|\+[A-Za-z0-9]+\+")
"""In a line without `%`, what a query has in which a plus sign is a space."""
_FORM = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9]\+[A-Za-z0-9]+\+[A-Za-z0-9]")
_INNER = re.compile(r"(?P<url>(?:%[0-9A-Fa-f]{2})+)|(?P<plus>\+)")
_CODE = re.compile(
    rf"(?<![A-Za-z0-9+])(?:H4sI|e(?:J[w-z]|N[o-r]|A[E-H])|{QUAD}{QUAD}{QUAD})(?:[A-Za-z0-9+/_=-]|\\+/){{16,}}"
)
"""Base64 of text or of gzip: a plus sign in it is no space."""
_LABELS = {"url": "url", "json": "json", "byte": "json"}

_START = itemgetter(0)

Part = tuple[str, int, int, str]
"""Text, first and last column (from 0, end excluded) that it was written in, and how.

Where the columns are a multiple of the characters, each character has as many; else all of them belong to all."""


class Decoded:
    """A decoded line: its text, and the column of the original for each of its columns."""

    def __init__(self, text: str, parts: list[Part]) -> None:
        self.text = text
        self._parts = parts
        self._at: list[int] = []

    def span(self, start: int, end: int) -> tuple[int, int, str]:
        """Return the columns of the original that text[start:end] was written in, and how it was encoded."""
        if not self._at:
            at = 0
            for text, _, _, _ in self._parts:
                self._at.append(at)
                at += len(text)
        first, last = self._find(start), self._find(end - 1)
        text, begin, stop, _ = self._parts[first]
        width, rest = divmod(stop - begin, len(text))
        left = begin if rest else begin + (start - self._at[first]) * width
        text, begin, stop, _ = self._parts[last]
        width, rest = divmod(stop - begin, len(text))
        right = stop if rest else begin + (end - self._at[last]) * width
        ways = {part[3] for part in self._parts[first : last + 1] if part[3]}
        return left, right, "+".join(sorted(ways or {part[3] for part in self._parts if part[3]}))

    def _find(self, at: int) -> int:
        return bisect_right(self._at, at) - 1


def decoded(line: str) -> Decoded | None:
    """Return the decoded line, or None where there is nothing to decode."""
    if not _WORTH_SIGNS.search(line) and not ("+" in line and _WORTH_PLUS.search(line)):
        return None
    parts = _parts(line)
    text = "".join([part[0] for part in parts])
    return None if text == line else Decoded(text, parts)


def _escapes(line: str) -> re.Pattern[str]:
    return _ESCAPE_OR_QUERY if "+" in line and ("%" in line or _QUERY.search(line)) else _ESCAPE


def _codes(line: str) -> list[tuple[int, int]]:
    return [found.span() for found in _CODE.finditer(line)] if "+" in line else []


def _is_query(found: re.Match[str], codes: list[tuple[int, int]]) -> bool:
    """Say whether the plus signs of what looks like a part of a query are spaces."""
    start = found.start()
    if found.string[start - 1 : start] != "=" and not _FORM.search(found[0]):
        return False
    place = bisect_right(codes, start, key=_START) - 1
    return place < 0 or start >= codes[place][1] or "%" in found[0]


def _percent(text: str) -> str:
    return bytes.fromhex(text.replace("%", "")).decode("utf-8", "replace")


def _units(text: str) -> str:
    units = re.findall(r"[0-9A-Fa-f]{4}", text)
    return b"".join(int(unit, 16).to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")


def _bytes(text: str) -> str:
    return bytes.fromhex("".join(re.findall(r"x([0-9A-Fa-f]{2})", text))).decode("utf-8", "replace")


_WAYS: dict[str, Callable[[str], str]] = {"url": _percent, "json": _units, "byte": _bytes}


def _parts(line: str) -> list[Part]:
    parts: list[Part] = []
    done, codes = 0, _codes(line)
    for found in _escapes(line).finditer(line):
        start, end = found.span()
        if start > done:
            parts.append((line[done:start], done, start, ""))
        done, kind = end, found.lastgroup or ""
        if kind == "plain":
            parts.append((line[end - 1], start, end, "json"))
        elif kind == "space":
            parts.append((" ", start, end, "json"))
        elif kind != "query":
            parts.append((_WAYS[kind](found[0]), start, end, _LABELS[kind]))
        elif _is_query(found, codes):
            _query(found[0], start, parts)
        else:
            parts.append((found[0], start, end, ""))
    if done < len(line):
        parts.append((line[done:], done, len(line), ""))
    return parts


def _query(text: str, base: int, parts: list[Part]) -> None:
    done = 0
    for found in _INNER.finditer(text):
        if found.start() > done:
            parts.append((text[done : found.start()], base + done, base + found.start(), ""))
        done = found.end()
        plain = " " if found["plus"] else _percent(found[0])
        parts.append((plain, base + found.start(), base + done, "url"))
    if done < len(text):
        parts.append((text[done:], base + done, base + len(text), ""))
