"""All that is found in a block of lines: anchors, rules around them, and the same again for what is decoded."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from typing import NamedTuple

from assay_detectors.pii.columns import COLUMNS_ANCHOR
from assay_detectors.pii.compiled import Call, Ready, anchored, compiled, placed
from assay_detectors.pii.decode import ESCAPE_ANCHOR, PLUS_ANCHOR
from assay_detectors.pii.layers import DEPTH, Frame, Piece, Row
from assay_detectors.pii.payload import (
    BASE64_ANCHOR,
    EVERY_LATER,
    EVERY_LATER_HEX,
    FIRST_LATER,
    FIRST_LATER_HEX,
    HEX_ANCHOR,
    LATER_ANCHOR,
    LATER_HEX_ANCHOR,
    PACKED_ANCHOR,
    WIDE_ANCHOR,
    payload,
)
from assay_detectors.pii.portable import fold_block
from assay_detectors.pii.prefilter import NUMBER_BITS, Anchor, Prefilter, prefilter
from assay_detectors.pii.quiet import uninterrupted
from assay_detectors.pii.recognizers import RULES
from assay_detectors.pii.rule import Rule
from assay_detectors.pii.timed import Clock
from assay_detectors.pii.weigh import Found, resolved, weigher

ESCAPED, PLUS, BASE64, LATER, PACKED, HEX, LATER_HEX, WIDE, COLUMNS, MASKED = range(10)
_ENCODINGS = {
    ESCAPED: Anchor(ESCAPE_ANCHOR, placed=False),
    PLUS: Anchor(PLUS_ANCHOR, placed=False),
    BASE64: Anchor(BASE64_ANCHOR, code=True),
    LATER: Anchor(LATER_ANCHOR, code=True, sparse=FIRST_LATER),
    PACKED: Anchor(PACKED_ANCHOR, code=True),
    HEX: Anchor(HEX_ANCHOR, code=True),
    LATER_HEX: Anchor(LATER_HEX_ANCHOR, code=True, sparse=FIRST_LATER_HEX),
    WIDE: Anchor(WIDE_ANCHOR, code=True),
    COLUMNS: Anchor(COLUMNS_ANCHOR, placed=False),
}
_NUMBER = (1 << NUMBER_BITS) - 1
_START = attrgetter("start")
_END = itemgetter(1, 0)


class Line(NamedTuple):
    """A line in which something was found, or which was given up."""

    start: int
    """Where it begins in the block, in characters."""
    found: list[Found]
    problem: str | None
    """Why it was not fully analysed."""


class LineScanner:
    """Find values in lines. Built once per worker: the prefilter is compiled."""

    def __init__(self, min_score: float, engine: str = "auto", brought: tuple[Rule, ...] = ()) -> None:
        self.work = 0
        """Anchors looked at so far."""
        self._clock = Clock()
        self.rules: list[Ready] = compiled((*RULES, *brought), self._clock)
        anchors = anchored(self.rules, min_score)
        self.anchors: list[Anchor] = [*anchors, *_ENCODINGS.values()]
        self.calls: list[list[Call]] = list(anchors.values())
        """What each of the first anchors calls for; the rest tell encodings."""
        self._own = len(anchors)
        self._weighers = [weigher(ready, min_score) for ready in self.rules]
        self._placed = [
            [(find, [self._weighers[ready.number] for ready in readies]) for find, readies in placed(calls)]
            for calls in self.calls
        ]
        self._near = [[call for call in calls if not call.own] for calls in self.calls]
        self.engine, self._prefilter = prefilter(self.anchors, engine)

    @property
    def prefilter(self) -> Prefilter:
        """Return the prefilter, for tests and benchmarks."""
        return self._prefilter

    def scan(self, text: str) -> list[Found]:
        """Return what is found in one line, in order of columns; encoded values at the columns of the code."""
        lines = self.block(text.replace("\n", " "))
        return lines[0].found if lines else []

    @uninterrupted
    def block(self, text: str) -> list[Line]:
        """Return the lines in which something is found, in order."""
        lines: list[Line] = []
        rows: list[Row] = []
        pieces: list[Piece] = []
        self._clock.begin()
        for start, line, found, encodings in self._lines(f"\n{text}\n"):
            if encodings:
                row = Row(start - 1, found, problem=self._clock.tell())
                rows.append(row)
                pieces.extend(self._inside(Piece(row, line), encodings))
            else:
                lines.append(Line(start - 1, resolved(found), self._clock.tell()))
        frames: list[Frame] = []
        while pieces:
            frames.extend(piece.frame for piece in pieces if piece.frame is not None and not piece.way)
            pieces = self._layer(pieces)
        for frame in frames:
            frame.close()
        for row in rows:
            found = row.result()
            problem = row.told()
            if found or problem:
                lines.append(Line(row.start, found, problem))
        if rows:
            lines.sort(key=_START)
        return lines

    def _layer(self, pieces: list[Piece]) -> list[Piece]:
        starts, at = [], 1
        for piece in pieces:
            starts.append(at)
            at += len(piece.text) + 1
        text = "\n".join(["", *(piece.text for piece in pieces), ""])
        inner: list[Piece] = []
        for start, _, found, encodings in self._lines(text):
            piece = pieces[bisect_right(starts, start) - 1]
            piece.add(found)
            piece.row.problem = self._clock.tell() or piece.row.problem
            if encodings:
                inner.extend(self._inside(piece, encodings))
        return inner

    def _inside(self, piece: Piece, encodings: list[tuple[int, int]]) -> Iterator[Piece]:
        """Yield what stands in the encoded parts of a text."""
        text, done, reach, kinds = piece.text, 0, 0, {kind for kind, _ in encodings}
        if MASKED in kinds and (plain := piece.unmasked()):
            yield plain
        if piece.depth >= DEPTH:
            return
        if (ESCAPED in kinds or PLUS in kinds) and (plain := piece.unescaped()):
            yield plain
        if COLUMNS in kinds and (plain := piece.paired()):
            yield plain
        for kind, end in encodings:
            if kind in (ESCAPED, PLUS, COLUMNS, MASKED):
                continue
            while end > done:  # what comes before it in its run may be another code
                found, done, reach = payload(text, end, done, reach)
                if found is not None and (unpacked := piece.unpacked(found)) is not None:
                    yield unpacked

    def _lines(self, text: str) -> Iterator[tuple[int, str, list[Found], list[tuple[int, int]]]]:
        """Yield start, text, findings and encoded places of every line that has any."""
        folded, odd = fold_block(text)
        hits = self._prefilter(folded)
        if odd:
            hits.extend(at + 1 << NUMBER_BITS | self._own + MASKED for at in odd)
            hits.sort()
        place, last, own, placed, near = 0, len(hits), self._own, self._placed, self._near
        self.work += last
        while place < last:
            hit = hits[place]
            first = (hit >> NUMBER_BITS) - 1
            start = text.rfind("\n", 0, first) + 1
            stop = text.find("\n", first)
            beyond = stop + 2 << NUMBER_BITS
            line = text[start:stop]
            found: list[Found] = []
            encodings: list[tuple[int, int]] = []
            windows: _Windows = {}
            while hit < beyond:
                end, anchor = (hit >> NUMBER_BITS) - start, hit & _NUMBER
                if anchor < own:
                    for find, weighs in placed[anchor]:
                        spans = find(line, end)
                        if spans:
                            for weigh in weighs:
                                weigh(spans, line, found)
                    for call in near[anchor]:
                        _widen(windows, call, end)
                elif anchor > own + PLUS or not encodings or encodings[-1][0] > PLUS:
                    encodings.append((anchor - own, end))
                place += 1
                if place == last:
                    break
                hit = hits[place]
            if windows:
                self._look(windows, line, found)
            if encodings and not line.isascii():
                encodings = _with_every(encodings, folded[start:stop])
            if found or encodings or self._clock.is_late:
                yield start, line, found, encodings

    def _look(self, windows: _Windows, line: str, found: list[Found]) -> None:
        """Add what the rules find in their windows."""
        for ready, parts in windows.items():
            for low, high in parts:
                spans = ready.spans(line, low, high)
                if spans:
                    self._weighers[ready.number](spans, line, found)


def _with_every(encodings: list[tuple[int, int]], folded: str) -> list[tuple[int, int]]:
    """Return the encodings of a line with all places of those of which an engine may tell only the first of many.

    A character that is not ASCII ends a code in the line, and not in its folded form.
    """
    kinds = {kind for kind, _ in encodings}
    more = [
        (kind, found.end(1))
        for kind, every in ((LATER, EVERY_LATER), (LATER_HEX, EVERY_LATER_HEX))
        if kind in kinds
        for found in every.finditer(folded)
    ]
    return sorted({*encodings, *more}, key=_END)


_Windows = dict[Ready, list[list[int]]]


def _widen(windows: _Windows, call: Call, end: int) -> None:
    """Add the window around an anchor; windows of one rule are joined, lest a value be cut."""
    ready, before, after, _ = call
    low = end - before if end > before else 0
    known = windows.get(ready)
    if known is None:
        windows[ready] = [[low, end + after]]
    elif known[-1][1] >= low:
        known[-1][1] = end + after
    else:
        known.append([low, end + after])
