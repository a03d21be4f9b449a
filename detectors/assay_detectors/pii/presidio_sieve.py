"""Which recognizers of Presidio may find something in which lines, derived from their own patterns.

A pattern becomes a simpler one that is found wherever it is (`portable`); one that cannot be translated surely has no
sieve, and its recognizer looks at every line. The simpler patterns speak ASCII, as do the engines: a line with any
character that they may read otherwise than Python does goes to every recognizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assay.attempt import attempt
from assay_detectors.pii.portable import portable
from assay_detectors.pii.prefilter import NUMBER_BITS, Anchor, Prefilter, prefilter

IGNORE_CASE, MULTILINE, DOT_ALL, UNICODE, ASCII = 2, 8, 16, 32, 128
"""Flags as `re` and `regex` number them, which do not change what a translated pattern finds."""
_KNOWN = IGNORE_CASE | MULTILINE | DOT_ALL | UNICODE | ASCII
_OTHERWISE = re.compile(r"\{[^{}]*[eids][^{}]*\}|\[:\^?\w+:\]|\(\?[a-zA-Z]*-")
"""Fuzzy counts, POSIX classes, flags that are switched off: `regex` reads them otherwise than `re`, or we do."""
_ODD = re.compile(r"[\x0b\x0c\x1c-\x1f\x80-\U0010ffff]")
_MOST = 1000


def anchor_of(pattern: str, flags: int) -> str | None:
    """Return the simpler pattern, or None where nothing but the pattern itself will do."""
    if flags & ~_KNOWN or _OTHERWISE.search(pattern):
        return None
    found = attempt(lambda: portable(pattern, ignore_case=bool(flags & IGNORE_CASE))).value
    if found is None or re.search(found, "\n\n") is not None:
        return None
    return found


class Sieve:
    """Tells, for each line of a block, which recognizers must look at it; they are known by their place."""

    def __init__(self, patterns: Sequence[Sequence[tuple[str, int]] | None], engine: str = "auto") -> None:
        """Compile.

        Args:
            patterns: of each recognizer, with their flags; None for one that must see every line.
            engine: of the prefilter.
        """
        self.everywhere: list[int] = []
        """Recognizers that look at every line."""
        anchors: dict[str, set[int]] = {}
        for number, own in enumerate(patterns):
            found = [None] if own is None else [_compiling(anchor_of(*one), engine) for one in own]
            if None in found or len(anchors) + len(found) > _MOST:
                self.everywhere.append(number)
                continue
            for anchor in found:
                anchors.setdefault(str(anchor), set()).add(number)
        self.all = frozenset(range(len(patterns)))
        self._calls = list(anchors.values())
        self._prefilter: Prefilter | None = None
        if anchors:
            self.engine, self._prefilter = prefilter([Anchor(one, placed=False) for one in anchors], engine)

    def lines(self, text: str) -> Iterator[tuple[int, str, frozenset[int]]]:
        """Yield start, text and recognizers of each line at which one must look."""
        wrapped = f"\n{text}\n"
        fired: dict[int, set[int]] = {}
        if self._prefilter is not None and self.engine == "re":
            for start, line in _each(wrapped):  # by itself, for a match of `re` may hide one in a later line
                for hit in self._prefilter(f"\n{line}\n"):
                    fired.setdefault(start, set()).update(self._calls[hit & (1 << NUMBER_BITS) - 1])
        elif self._prefilter is not None:
            for hit in self._prefilter(wrapped if wrapped.isascii() else _ODD.sub("?", wrapped)):
                start = wrapped.rfind("\n", 0, (hit >> NUMBER_BITS) - 1) + 1
                fired.setdefault(start, set()).update(self._calls[hit & (1 << NUMBER_BITS) - 1])
        for found in _ODD.finditer(wrapped):
            fired[wrapped.rfind("\n", 0, found.start()) + 1] = set(self.all)
        starts: Iterable[int] = sorted(fired) if not self.everywhere else (start for start, _ in _each(wrapped))
        for start in starts:
            line = wrapped[start : wrapped.index("\n", start)]
            if line:
                yield start - 1, line, frozenset(fired.get(start, ())) | frozenset(self.everywhere)


def _compiling(anchor: str | None, engine: str) -> str | None:
    """Return the anchor if the engines take it."""
    if anchor is None or attempt(lambda: prefilter([Anchor(anchor, placed=False)], engine)).error is not None:
        return None
    return anchor


def _each(wrapped: str) -> Iterator[tuple[int, str]]:
    start = 1
    while start < len(wrapped):
        stop = wrapped.index("\n", start)
        yield start, wrapped[start:stop]
        start = stop + 1
