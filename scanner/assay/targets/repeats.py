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
    """Return the pattern, with possessive groups as greedy ones where this Python gets the former wrong.

    For patterns whose repeats have one way to match only, so that greed finds the same, in more memory.
    """
    if SOUND:
        return pattern
    if isinstance(pattern, bytes):
        return as_greedy(pattern.decode("latin-1")).encode("latin-1")
    return as_greedy(pattern)


def as_greedy(pattern: str) -> str:
    """Return the pattern with `(...)++` written as `(...)+`, and so for the other repeats of groups."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        size = _size(pattern, at)
        out.append(pattern[at : at + size])
        at += size
        found = _POSSESSIVE.match(pattern, at) if out[-1] == ")" else None
        if found:
            out.append(found[1])
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
