"""Regular expressions that others wrote, each search of which ends in time: a few letters can take `re` for ever."""

from __future__ import annotations

import re
from typing import Any

SECONDS = 0.5
"""CPU seconds of one search; a search of a line takes microseconds."""
MOST_LATE = 3
"""Searches of one block that may take too long; after that the pattern is not searched for in this block."""
_OTHERWISE = re.compile(r"(?<!\\)\{[\d<=eids+, ]*[eids][\d<=eids+, ]*(?::[^{}]*)?\}|\[:\^?\w+:\]")
"""What `regex` reads otherwise than `re`: counts of errors, POSIX classes."""


def timed(pattern: str, *, ascii_only: bool = False) -> Any:
    """Compile for the package `regex`, whose searches take `timeout=` and then raise TimeoutError.

    Raises:
        ValueError: the pattern means something else there than in `re`.
    """
    import regex

    if found := _OTHERWISE.search(pattern):
        raise ValueError(f"its regex holds {found[0][:20]}, which engines read differently")
    return regex.compile(pattern, regex.ASCII if ascii_only else 0)


class Clock:
    """What took too long in a block of lines."""

    def __init__(self) -> None:
        self.block = 0
        self._late: dict[str, None] = {}

    def begin(self) -> None:
        """Begin a block."""
        self.block += 1
        self._late.clear()

    def note(self, name: str) -> None:
        """Take note that a rule was not searched for to the end."""
        self._late[name] = None

    @property
    def is_late(self) -> bool:
        """Say whether there is something to tell."""
        return bool(self._late)

    def tell(self) -> str | None:
        """Return once what was noted since the last time."""
        if not self._late:
            return None
        names = list(self._late)
        self._late.clear()
        return f"rule {', '.join(names[:3])} took too long"


class Timed:
    """A rule's pattern, as far as rules use one; a search that takes too long finds nothing, and its clock knows."""

    def __init__(self, pattern: str, name: str, clock: Clock) -> None:
        self._compiled = timed(pattern)
        self._name, self._clock = name, clock
        self._block, self._times = -1, 0

    def finditer(self, text: str, start: int, stop: int) -> list[Any]:
        """Return the matches."""
        found: list[Any] = self._in_time(lambda: list(self._compiled.finditer(text, start, stop, timeout=SECONDS)))
        return found or []

    def search(self, text: str, start: int, stop: int) -> Any:
        """Return the first match."""
        return self._in_time(lambda: self._compiled.search(text, start, stop, timeout=SECONDS))

    def _in_time(self, search: Any) -> Any:
        if self._block != self._clock.block:
            self._block, self._times = self._clock.block, 0
        if self._times < MOST_LATE:
            try:
                return search()
            except TimeoutError:
                self._times += 1
        self._clock.note(self._name)
        return None
