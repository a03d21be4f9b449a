r"""One layer of URL and JSON escapes taken off a line, with the way back to the columns of the line.

`%40`, `+` in the value of a query, `\u0040`, `\"`, `\/`. Base64, hex and compressed payloads are not decoded.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_WORTH = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[\"/]|[?&][\w.\-]{1,64}=[^&\s]*\+")
_ESCAPE = re.compile(
    r"(?P<url>(?:%[0-9A-Fa-f]{2})+)|(?P<json>(?:\\{1,2}u[0-9A-Fa-f]{4})+)|\\+(?P<plain>[\"'/])"
    r"|(?P<query>(?<=[?&])[\w.\-]{1,64}=[^&\s\"'<>#]*\+[^&\s\"'<>#]*)"
)
_INNER = re.compile(r"(?P<url>(?:%[0-9A-Fa-f]{2})+)|(?P<plus>\+)")


class Decoded:
    """A decoded line: its text, and the column of the original for each of its columns."""

    def __init__(self, pieces: list[tuple[str, int, int]]) -> None:
        self.text = "".join(text for text, _, _ in pieces)
        self._at: list[int] = []
        self._pieces = pieces
        at = 0
        for text, _, _ in pieces:
            self._at.append(at)
            at += len(text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the columns of the original (from 0, end excluded) that text[start:end] was written in."""
        first, last = self._find(start), self._find(end - 1)
        text, begin, stop = self._pieces[first]
        left = begin + start - self._at[first] if stop - begin == len(text) else begin
        text, begin, stop = self._pieces[last]
        right = begin + end - self._at[last] if stop - begin == len(text) else stop
        return left, right

    def _find(self, at: int) -> int:
        return bisect_right(self._at, at) - 1


def decoded(line: str) -> Decoded | None:
    """Return the decoded line, or None where there is nothing to decode."""
    if not _WORTH.search(line):
        return None
    pieces: list[tuple[str, int, int]] = []
    done = 0
    for found in _ESCAPE.finditer(line):
        if found.start() > done:
            pieces.append((line[done : found.start()], done, found.start()))
        if found["query"] is not None:
            _query(found["query"], found.start(), pieces)
        else:
            _escape(found, pieces)
        done = found.end()
    if done < len(line):
        pieces.append((line[done:], done, len(line)))
    return Decoded([piece for piece in pieces if piece[0]])


def _query(text: str, base: int, pieces: list[tuple[str, int, int]]) -> None:
    done = 0
    for found in _INNER.finditer(text):
        if found.start() > done:
            pieces.append((text[done : found.start()], base + done, base + found.start()))
        if found["plus"]:
            pieces.append((" ", base + found.start(), base + found.end()))
        else:
            _percent(found[0], base + found.start(), pieces)
        done = found.end()
    if done < len(text):
        pieces.append((text[done:], base + done, base + len(text)))


def _escape(found: re.Match[str], pieces: list[tuple[str, int, int]]) -> None:
    if found["url"]:
        _percent(found[0], found.start(), pieces)
    elif found["json"]:
        units = re.findall(r"[0-9A-Fa-f]{4}", found[0])
        text = b"".join(int(unit, 16).to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
        pieces.append((text, found.start(), found.end()))
    else:
        pieces.append((found["plain"], found.start(), found.end()))


def _percent(text: str, start: int, pieces: list[tuple[str, int, int]]) -> None:
    decoded_text = bytes.fromhex(text.replace("%", "")).decode("utf-8", "replace")
    if len(decoded_text) * 3 == len(text):
        pieces.extend((char, start + 3 * at, start + 3 * at + 3) for at, char in enumerate(decoded_text))
    else:
        pieces.append((decoded_text, start, start + len(text)))
