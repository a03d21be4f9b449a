r"""Possessive repeats of groups, `(?:...)++`, as they are meant, on every Python.

Python 3.11.0 to 3.11.4 keep what an iteration matched before it failed (gh-106052): `(?:ab?c)++` takes three letters of
`aca`. Whoever trusts where such a match ends would step over bytes that nobody has read.
"""

from __future__ import annotations

import re
from typing import AnyStr

_TRIED = re.match(r"(?:ab?c)++", "aca")
SOUND = _TRIED is not None and _TRIED.end() == 2
"""Whether this Python repeats groups as it should."""
_POSSESSIVE = re.compile(r"([*+?]|\{\d*,?\d*\})\+")


def exact(pattern: AnyStr) -> AnyStr:
    """Return the pattern, with each possessive group as an atomic one where this Python gets the former wrong."""
    if SOUND:
        return pattern
    if isinstance(pattern, bytes):
        return as_atomic(pattern.decode("latin-1")).encode("latin-1")
    return as_atomic(pattern)


def as_atomic(pattern: str) -> str:
    """Return the pattern with `(...)++` written as `(?>(...)+)`, and so for the other repeats."""
    out: list[str] = []
    opened: list[int] = []
    at = 0
    while at < len(pattern):
        size = _size(pattern, at)
        part = pattern[at : at + size]
        at += size
        if part == "(":
            opened.append(len(out))
        out.append(part)
        if part == ")":
            start = opened.pop()
            found = _POSSESSIVE.match(pattern, at)
            if found:
                out[start:] = [f"(?>{''.join(out[start:])}{found[1]})"]
                at = found.end()
    return "".join(out)


def _size(pattern: str, at: int) -> int:
    """Return the length of what stands at `at`: an escape, a class, or one character."""
    if pattern[at] == "\\":
        return 2
    if pattern[at] != "[":
        return 1
    end = at + 1 + (pattern[at + 1 : at + 2] == "^")
    end += pattern[end : end + 1] == "]"
    while pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end + 1 - at
