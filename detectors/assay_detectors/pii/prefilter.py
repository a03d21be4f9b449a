"""Where in a block of lines rules may match: one fast pass, so that few lines reach the rules.

Hyperscan where it is installed, else RE2, else `re`: the same findings, faster or slower. The text is folded to ASCII
(`portable.fold`) and begins and ends with a line feed, so that a pattern may ask for the character before or after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from assay_detectors.pii.timed import SECONDS, timed

NUMBER_BITS = 20
"""Of a hit; `prefilter` refuses more anchors than have numbers."""
_SPARE = 16
"""Numbers that are left to callers, beyond those of the anchors."""
Hits = list[int]
"""`end << NUMBER_BITS | number of the anchor`, ascending; an end is one past the last character of the match."""
Prefilter = Callable[[str], Hits]

ENGINES = ("hyperscan", "re2", "re")
LITTLE = "little"
"""An engine for few texts: RE2 is ready at once, while Hyperscan takes as long to compile as RE2 to search 14 MB."""
LITTLE_BYTES = 10 << 20
PACKED = 12
"""Times that text may be larger than what it is packed in."""
_ORDERS = {"auto": ENGINES, LITTLE: ("re2", "hyperscan", "re")}

LEAST_BEFORE, LEAST_AFTER = 60, 140
"""Around the end of an anchor that is not `placed`, what it calls for looks at least so far."""
_CHUNK = 1024
"""Characters of several lines that RE2 looks at first."""
_TRIED = 32
_LONG = 600
"""In lines up to this length RE2, which tells no place, reports ends of its own choice, close enough together."""

_ENDINGS = frozenset({"cc"})
"""Words that are also the ending of a source file: `server.cc:117` names no card."""
_REPEAT = re.compile(r"(?<!\\)\{(\d+),(\d+)\}")
_WIDE = 8


_WINDOW = 1 << 13
"""What the user brought looks further than so many characters around the end of its anchor."""


class Anchor(NamedTuple):
    """What the prefilter looks for."""

    pattern: str
    placed: bool = True
    """Whether its exact end matters, not only that it is near."""
    words: tuple[str, ...] = ()
    """Lower-case literals one of which begins right behind the first character of a match; empty: unknown."""
    code: bool = False
    """Whether it is of base64 or hex."""
    sparse: str = ""
    """A pattern that has one of the ends in each run of characters, for an engine that tells all ends."""
    timed: bool = False
    """Whether the user brought it: a search that takes too long is ended, and is taken to be found in every line."""


def word_pattern(words: Sequence[str]) -> str:
    """Return a pattern that is wherever one of the words is, inside others too, in any case."""
    return "(?i:" + "|".join(re.escape(word) for word in words) + ")"


def word_anchor(phrases: Sequence[str]) -> Anchor:
    """Return the anchor that is wherever `context.mentions` would see a phrase: a word, or a part in camelCase."""
    return Anchor("|".join(map(_phrase, phrases)), placed=False, words=tuple(p.split()[0] for p in phrases))


def _phrase(phrase: str) -> str:
    first, rest = phrase[0], r"[^A-Za-z0-9\n]*".join(map(re.escape, phrase[1:].split(" ")))
    either = f"[{first}{first.upper()}]" if first.isalpha() else re.escape(first)
    if phrase in _ENDINGS:
        place = rf"[^A-Za-z0-9.]{either}(?i:{rest})[^a-z0-9]|\.{either}(?i:{rest})(?:[^a-z0-9:]|:[^0-9])"
        return rf"{place}|[a-z0-9]{first.upper()}(?i:{rest})[^a-z0-9]"
    return rf"(?:[^A-Za-z0-9]{either}|[a-z0-9]{first.upper()})(?i:{rest})[^a-z0-9]"


def opened(pattern: str) -> str:
    """Return the pattern with wide repeats left open: an automaton of fewer states, for engines in linear time."""
    return _REPEAT.sub(_open, pattern)


def _open(found: re.Match[str]) -> str:
    low, high = int(found[1]), int(found[2])
    if high - low < _WIDE:
        return found[0]
    return {0: "*", 1: "+"}.get(low, f"{{{low},}}")


def with_hyperscan(anchors: Sequence[Anchor]) -> Prefilter:
    """Compile for Hyperscan; raises ImportError where it is not installed.

    What the user brought and Hyperscan finds too large is searched for by `re`.
    """
    import hyperscan

    database, refused = _compiled(hyperscan, anchors)
    exact = _Exact(anchors)

    def note(number: int, start: int, end: int, flags: int, append: Any) -> None:
        append(end << NUMBER_BITS | number)

    def search(text: str) -> Hits:
        hits: Hits = []
        database.scan(text.encode("ascii", "replace"), match_event_handler=note, context=hits.append)
        for number in refused:
            exact.find(number, text, 0, len(text), hits)
        hits.sort()
        return hits

    return search


def _compiled(hyperscan: Any, anchors: Sequence[Anchor]) -> tuple[Any, list[int]]:
    """Return a database, and the numbers of what the user brought and is not in it."""
    everything = range(len(anchors))
    brought = [number for number in everything if anchors[number].timed]
    with suppress(hyperscan.error):
        return _database(hyperscan, anchors, everything), []
    alone = [number for number in brought if not _is_accepted(hyperscan, anchors, number)]
    with suppress(hyperscan.error):
        return _database(hyperscan, anchors, [number for number in everything if number not in alone]), alone
    return _database(hyperscan, anchors, [number for number in everything if not anchors[number].timed]), brought


def _database(hyperscan: Any, anchors: Sequence[Anchor], numbers: Sequence[int]) -> Any:
    database = hyperscan.Database()
    database.compile(
        expressions=[opened(anchors[number].sparse or anchors[number].pattern).encode() for number in numbers],
        ids=list(numbers),
        elements=len(numbers),
        flags=[0] * len(numbers),
    )
    return database


def _is_accepted(hyperscan: Any, anchors: Sequence[Anchor], number: int) -> bool:
    try:
        _database(hyperscan, anchors, [number])
    except hyperscan.error:
        return False
    return True


def with_re2(anchors: Sequence[Anchor]) -> Prefilter:
    """Compile for RE2; raises ImportError where it is not installed.

    What the user brought and RE2 finds too large is searched for by `re`.
    """
    import re2

    kin: dict[int, list[int]] = {}
    for number, anchor in enumerate(anchors):
        kin.setdefault(_kin(anchor), []).append(number)
    sets = [_Re2Set(re2, anchors, numbers) for numbers in kin.values()]
    refused = [number for one in sets for number in one.refused]
    exact = _Exact(anchors)

    def search(text: str) -> Hits:
        hits: Hits = []
        code = text.encode("ascii", "replace")
        start, last = 0, len(code) - 1
        for one in sets:
            one.begin()
        while start < last:
            stop = code.find(b"\n", min(start + _CHUNK, last))
            stop = last if stop < 0 else stop
            chunk = code[start : stop + 1]
            lines: list[tuple[int, int, bytes]] = []
            for one in sets:
                if one.is_in(chunk):
                    lines = lines or list(_lines(code, start, stop))
                    for begin, end, line in lines:
                        found = one.match(line)
                        if found != one.nothing:
                            for number in one.numbers(found):
                                note(number, text, begin, end, hits)
            start = stop
        for number in refused:
            exact.find(number, text, 0, len(text), hits)
        hits.sort()
        return hits

    def note(number: int, text: str, start: int, stop: int, hits: Hits) -> None:
        longest = _WINDOW if anchors[number].timed else 0 if anchors[number].placed else _LONG
        if stop - start > longest:
            exact.find(number, text, start, stop + 1, hits)
        else:
            ends = range(start + 1 + LEAST_BEFORE, stop + LEAST_BEFORE, LEAST_BEFORE + LEAST_AFTER)
            hits.extend(min(end, stop) << NUMBER_BITS | number for end in ends)

    return search


def _lines(code: bytes, start: int, stop: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield the line feeds before and behind each line, and the line with both."""
    while start < stop:
        end = code.find(b"\n", start + 1, stop)
        end = stop if end < 0 else end
        yield start, end, code[start : end + 1]
        start = end


def _kin(anchor: Anchor) -> int:
    """Return the same number for anchors that make few states together: one set of all would make millions."""
    pattern = anchor.pattern
    signs = (
        anchor.code,
        bool(anchor.words),
        "(?i:" in pattern,
        pattern.startswith("(?:[^A-Za-z0-9]|a)"),
        r"\d" in pattern,
        True,
    )
    return signs.index(True)


class _Re2Set:
    """Some of the anchors, compiled for RE2."""

    def __init__(self, re2: Any, anchors: Sequence[Anchor], numbers: list[int]) -> None:
        options = re2.Options()
        options.max_mem = 1 << 26
        options.log_errors = False  # they would quote what the user brought
        group = re2.Set.SearchSet(options)
        self.refused: list[int] = []
        self._numbers: list[int] = []
        """Of the anchors, by their places in the set."""
        for number in numbers:
            try:
                group.Add(opened(anchors[number].pattern))
            except re2.error:
                if not anchors[number].timed:
                    raise
                self.refused.append(number)
            else:
                self._numbers.append(number)
        self._always = group.Add("")
        group.Compile()
        self.match: Callable[[bytes], list[int]] = getattr(group, "_set", group).Match  # the method of bytes alone
        """Return the places in the set of what is in the line."""
        self.nothing = [self._always]
        """What `match` returns for a line in which nothing is."""
        self._seen = self._held = 0

    def begin(self) -> None:
        """Begin a text."""
        self._seen = self._held = 0

    def is_in(self, chunk: bytes) -> bool:
        """Say whether any may be in one of the lines; where that is so most of the time, it is not asked any more."""
        if self._seen >= _TRIED and self._held * 3 > self._seen:
            return True
        held = self.match(chunk) != self.nothing
        self._seen += 1
        self._held += held
        return held

    def numbers(self, found: list[int]) -> list[int]:
        """Return the numbers of the anchors that `match` found."""
        if not found or self._always not in found:
            return self._numbers  # RE2 ran out of memory, which it tells by matching nothing at all
        return [self._numbers[place] for place in found if place != self._always]


def with_re(anchors: Sequence[Anchor]) -> Prefilter:
    """Compile for the standard library."""
    exact = _Exact(anchors)

    def search(text: str) -> Hits:
        hits: Hits = []
        lower = text.lower()
        for number, anchor in enumerate(anchors):
            if anchor.words:
                exact.find_words(number, text, lower, hits)
            else:
                exact.find(number, text, 0, len(text), hits)
        hits.sort()
        return hits

    return search


class _Exact:
    """The anchors compiled for `re`, on demand."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self._anchors = anchors
        self._compiled: dict[int, re.Pattern[str]] = {}
        self._timed: dict[int, Any] = {}

    def find(self, number: int, text: str, start: int, stop: int, hits: Hits) -> None:
        """Add the ends of an anchor in text[start:stop]; the last character of one may be the first of the next."""
        search = self._get_timed(number) if self._anchors[number].timed else self._get(number).search
        try:
            found = search(text, start, stop)
            while found is not None:
                end = found.end()
                hits.append(end << NUMBER_BITS | number)
                found = search(text, max(end - 1, found.start() + 1), stop)
        except TimeoutError:
            hits.extend(end << NUMBER_BITS | number for end in _everywhere(text, start, stop))

    def find_words(self, number: int, text: str, lower: str, hits: Hits) -> None:
        """Add the ends of an anchor whose words are known; `lower` is the text in lower case."""
        compiled = self._get(number)
        for word in self._anchors[number].words:
            at = lower.find(word, 1)
            while at >= 0:
                found = compiled.match(text, at - 1)
                if found:
                    hits.append(found.end() << NUMBER_BITS | number)
                at = lower.find(word, at + 1)

    def _get_timed(self, number: int) -> Any:
        if number not in self._timed:
            compiled = timed(self._anchors[number].pattern, ascii_only=True)
            self._timed[number] = partial(compiled.search, timeout=SECONDS)
        return self._timed[number]

    def _get(self, number: int) -> re.Pattern[str]:
        compiled = self._compiled.get(number)
        if compiled is None:
            compiled = self._compiled[number] = re.compile(self._anchors[number].pattern, re.ASCII)
        return compiled


def _everywhere(text: str, start: int, stop: int) -> Iterator[int]:
    """Yield ends of matches that there might be: in every line, and often enough in a long one."""
    while start < stop - 1:
        end = text.find("\n", start + 1, stop)
        end = stop if end < 0 else end
        yield from range(start + 2, end, _WINDOW)
        yield end
        start = end


_MAKERS = {"hyperscan": with_hyperscan, "re2": with_re2, "re": with_re}


def prefilter(anchors: Sequence[Anchor], engine: str = "auto") -> tuple[str, Prefilter]:
    """Return the name of the engine and the compiled prefilter; `auto` takes the fastest that is installed.

    Raises:
        ImportError: the engine that was asked for is not installed.
        ValueError: there are more anchors than numbers.
    """
    order = _ORDERS.get(engine, (engine,))
    if len(anchors) + _SPARE > 1 << NUMBER_BITS:
        raise ValueError(f"{len(anchors):,} anchors are more than {(1 << NUMBER_BITS) - _SPARE:,}; bring fewer rules")
    for name in order:
        try:
            return name, _MAKERS[name](anchors)
        except ImportError:
            if len(order) == 1:
                raise
    raise ImportError("no engine for regular expressions")


def engine_for(asked: str, size: int) -> str:
    """Return the engine for so many bytes of text; they all find the same."""
    return LITTLE if asked == "auto" and size <= LITTLE_BYTES else asked
