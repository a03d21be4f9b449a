"""Decoded texts on their way back: each knows its line, how it was encoded, and the columns of the code."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay_detectors.pii.columns import paired
from assay_detectors.pii.decode import Decoded, decoded
from assay_detectors.pii.lookalike import unmasked
from assay_detectors.pii.payload import Payload
from assay_detectors.pii.weigh import Found, resolved

DEPTH = 3
"""Encodings inside each other that are taken off."""
LINE_LIMIT = 4 << 20
"""Characters that one line may become, all decodings together."""
_CONTEXT = 64
"""Characters before an encoded value that are put before what it stands for: a key name, a word."""


Place = tuple[int, int, int]
"""Identity of the frame (0: the line), and columns in its text."""


@dataclass(slots=True)
class Row:
    """One line of a block: what is found in it so far."""

    start: int
    """Where it begins in the block."""
    found: list[Found] = field(default_factory=list)
    apart: list[Found] = field(default_factory=list)
    """Found inside encoded values: they do not compete with what is found around them."""
    size: int = 0
    problem: str | None = None
    cut: list[tuple[Place, str]] = field(default_factory=list)
    """Packed values that end too early, and what to say of them."""
    whole: list[Place] = field(default_factory=list)
    """Packed values that were read to their end."""

    def told(self) -> str | None:
        """Return why the line was not fully analysed.

        A packed value that ends too early in one reading of the line (a `+` read as a space, `%2B` not read as `+`) and
        is whole in another is none of the reasons.
        """
        return self.problem or next((why for place, why in self.cut if not self._is_whole(place)), None)

    def _is_whole(self, place: Place) -> bool:
        frame, start, end = place
        return any(other == frame and low <= start and end <= high for other, low, high in self.whole)

    def result(self) -> list[Found]:
        """Return all that is found, in order of columns."""
        found = resolved(self.found)
        if not self.apart:
            return found
        known: dict[tuple[str, str], list[Found]] = {}
        for one in (*found, *sorted(self.apart, key=lambda one: (len(one.chain), one))):
            alike = known.setdefault((one.entity, one.value), [])
            if not any(one.start < other.end and other.start < one.end for other in alike):
                alike.append(one)  # else it is the same value, reached in another way
        return sorted(one for alike in known.values() for one in alike)

    def spend(self, size: int) -> bool:
        """Take from the budget of the line; False: it is used up."""
        self.size += size
        if self.size > LINE_LIMIT:
            self.problem = self.problem or f"its encoded values become more than {LINE_LIMIT >> 20} MB"
        return self.size <= LINE_LIMIT


@dataclass(slots=True)
class Frame:
    """An encoded value of a line: a text of its own, whose findings all have the columns of the code."""

    row: Row
    start: int
    end: int
    chain: tuple[str, ...]
    skip: int
    """Characters at the front that are only context."""
    found: list[Found] = field(default_factory=list)

    def close(self) -> None:
        """Hand the findings over to the line."""
        for one in resolved(self.found):
            self.row.apart.append(Found(self.start, self.end, *one[2:]))


@dataclass(slots=True)
class Piece:
    """A text to be searched: a line, or what a line or a part of it stands for."""

    row: Row
    text: str
    depth: int = 0
    frame: Frame | None = None
    """None: columns lead back to those of the line."""
    way: tuple[Decoded, ...] = ()
    """From the text of the frame to this text."""
    plain: bool = False
    """Whether look-alikes were replaced already."""

    def back(self, start: int, end: int) -> tuple[int, int, tuple[str, ...]]:
        """Return the columns in the text of the frame, and how text[start:end] was encoded, from the outside in."""
        labels: list[str] = []
        for step in reversed(self.way):
            start, end, label = step.span(start, end)
            labels.append(label)
        return start, end, tuple(reversed(labels))

    def add(self, found: list[Found]) -> None:
        """Add what was found in this text to what is known of the line."""
        if self.frame is None and not self.way:
            self.row.found.extend(found)
            return
        for one in found:
            start, end, labels = self.back(one.start, one.end)
            if self.frame is None:
                self.row.found.append(Found(start, end, *one[2:5], " > ".join(labels), one.rule))
            elif end > self.frame.skip:
                chain = " > ".join((*self.frame.chain, *labels))
                self.frame.found.append(Found(start, end, *one[2:5], chain, one.rule))

    def unescaped(self) -> Piece | None:
        """Return this text without its escapes."""
        return self._step(decoded(self.text), self.depth + 1, plain=self.plain)

    def paired(self) -> Piece | None:
        """Return the values of SQL statements in this text, each behind the name of its column."""
        return self._step(paired(self.text), self.depth + 1, plain=self.plain)

    def unmasked(self) -> Piece | None:
        """Return this text as it looks to a reader."""
        return None if self.plain else self._step(unmasked(self.text), self.depth, plain=True)

    def _step(self, step: Decoded | None, depth: int, *, plain: bool) -> Piece | None:
        if step is None or depth > DEPTH or not self.row.spend(len(step.text)):
            return None
        return Piece(self.row, step.text, depth, self.frame, (*self.way, step), plain)

    def unpacked(self, payload: Payload) -> Piece | None:
        """Return the text that a part of this one stands for."""
        row = self.row
        start, end, labels = self.back(payload.start, payload.stop)
        if self.frame is not None and end <= self.frame.skip:
            return None
        place = (0 if self.frame is None else id(self.frame), start, end)
        if payload.cut:
            row.cut.append((place, payload.problem or ""))
        elif payload.problem:
            row.problem = row.problem or payload.problem
        else:
            row.whole.append(place)
        if not payload.text or self.depth >= DEPTH or not row.spend(len(payload.text)):
            return None
        chain = (*labels, payload.chain)
        if self.frame is not None:
            start, end, chain = self.frame.start, self.frame.end, (*self.frame.chain, *chain)
        before = self.text[max(0, payload.start - _CONTEXT) : payload.start]
        frame = Frame(row, start, end, chain, len(before))
        return Piece(row, before + payload.text, self.depth + 1, frame)
