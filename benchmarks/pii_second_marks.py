"""Marks around labelled values while a line of the second generator is made, and what every system writes."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import Any

from pii_second_values import DIGITS, RNG, chars, pick

Pairs = list[tuple[str, str]]
"""Key and value of each field; labelled values carry marks."""
Span = tuple[str, int, int]
"""Type, start and end in characters."""
_MARK = re.compile(r"⟦([A-Z_+0-9]+)¦([^⟧]*)⟧")


def mark(entity: str, value: str) -> str:
    return f"⟦{entity}¦{value}⟧"


def plain(text: str) -> str:
    """Return the text without marks."""
    return _MARK.sub(lambda found: found[2], text)


def marked(text: str) -> list[str]:
    """Return the types of the marks in the text."""
    return [entity for found in _MARK.finditer(text) for entity in found[1].split("+")]


def split(line: str) -> tuple[str, list[Span]]:
    """Return the text without marks, and its labels."""
    out: list[str] = []
    labels: list[Span] = []
    position = last = 0
    for found in _MARK.finditer(line):
        out += [line[last : found.start()], found[2]]
        position += found.start() - last
        labels += [(entity, position, position + len(found[2])) for entity in found[1].split("+")]
        position, last = position + len(found[2]), found.end()
    return "".join([*out, line[last:]]), labels


def json_text(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=False, separators=pick([(",", ":"), (", ", ": ")]))


def escaped(text: str) -> str:
    """Return the text as it stands within a JSON string; marks survive."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def url_quoted(text: str) -> str:
    """Return the text as it stands in a web address; marks survive."""
    out, last = [], 0
    quote = pick([urllib.parse.quote, urllib.parse.quote_plus])
    for found in _MARK.finditer(text):
        out += [quote(text[last : found.start()], safe=""), mark(found[1], quote(found[2], safe=""))]
        last = found.end()
    return "".join(out) + quote(text[last:], safe="")


def title(key: str) -> str:
    return "".join(word.title() for word in re.split(r"[_\-. ]", key))


def _clock() -> str:
    return f"2025-{RNG.randint(1, 12):02d}-{RNG.randint(1, 28):02d}|{RNG.randint(0, 23):02d}:{RNG.randint(0, 59):02d}:{RNG.randint(0, 59):02d}"


def now() -> str:
    """Return the time as logs of many kinds write it."""
    return pick(
        [
            _clock().replace("|", "T") + f".{chars(DIGITS, 3)}Z",
            _clock().replace("|", " ") + f",{chars(DIGITS, 3)}",
            f"17{chars(DIGITS, 8)}.{chars(DIGITS, 6)}",
            f"{RNG.randint(1, 28)}/Mar/2025:{RNG.randint(10, 23)}:{RNG.randint(10, 59)}:{RNG.randint(10, 59)} +0000",
        ]
    )


def moment() -> str:
    return _clock().replace("|", "T") + f".{chars(DIGITS, pick([3, 6, 9]))}Z"


def level() -> str:
    return pick(["INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR", "WARNING"])
