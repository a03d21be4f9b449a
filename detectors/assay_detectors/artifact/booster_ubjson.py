"""Texts and wanted numbers in UBJSON, with their keys, as `booster_walk` reads JSON. Standard library only."""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Collection, Iterator, Sequence

from assay.targets.repeats import exact
from assay_detectors.artifact.booster_walk import END, MAX_NUMBERS, Event, Numbers, Open, Window
from assay_detectors.artifact.sources import Source, Unread

_WIDTH = {"i": 1, "U": 1, "C": 1, "I": 2, "u": 2, "l": 4, "m": 4, "L": 8, "M": 8, "d": 4, "D": 8, "h": 2}
_LENGTHS = "iUIlL"
_CODES = {"i": "b", "U": "B", "I": "h", "u": "H", "l": "i", "m": "I", "L": "q", "M": "Q"}
"""Whole numbers, as `array` and `struct` name them."""
_RUNS = {
    mark: re.compile(exact(rb"(?:%b[\x00-\xff]{%d})++" % (mark.encode(), width))) for mark, width in _WIDTH.items()
}
"""Numbers of one type that follow one another, each with its mark."""
_NOTHING = "ZTFN"
_MAX_GATHERED = 4_000_000
_MAX_RUN = 1 << 16
"""Numbers with marks that are read at once."""


class _Ubjson:
    """One UBJSON object; `counts` holds what is left of each open array, -1 where it ends by a mark."""

    def __init__(self, source: Source, wanted: Collection[str]) -> None:
        self.window = Window(source)
        self.open = Open()
        self.counts: list[int] = []
        self.wanted = wanted
        self._gathered: tuple[int, list[int], int] | None = None
        """Of a wanted array that is open: its depth, its whole numbers, how many numbers it has."""

    def walk(self) -> Iterator[Event]:
        """Yield what `walk_ubjson` promises."""
        window, open_, counts = self.window, self.open, self.counts
        while True:
            while counts and counts[-1] == 0:
                yield from self._leave("[")
            if window.offset and not open_.kinds:
                break
            mark = chr(window.take(1)[0])
            keyed = bool(open_.kinds) and open_.kinds[-1] == "{" and mark != "}"
            if keyed:
                open_.key(window.take(_length(window, mark)))
                mark = chr(window.take(1)[0])
            if mark in _WIDTH:
                yield from self._number(mark, keyed)
                continue
            if counts and counts[-1] > 0 and not keyed:
                counts[-1] -= 1
            if mark in "SH":
                raw = window.take(_length(window, chr(window.take(1)[0])))
                yield tuple(open_.keys), raw.decode("utf-8", "replace")
            elif mark == "{":
                open_.enter(mark)
                counts.append(-1)
            elif mark == "[":
                yield from self._array(keyed)
            elif mark in "}]" and counts and counts[-1] < 0:
                yield from self._leave("{" if mark == "}" else "[")
            elif mark not in _NOTHING:
                raise Unread(f"it is no UBJSON at byte {window.offset - 1}")
        if window.have(1):
            raise Unread(f"something follows its UBJSON at byte {window.offset}", "hidden")

    def _leave(self, kind: str) -> Iterator[Event]:
        self.counts.pop()
        self.open.leave(kind)
        if kind == "{":
            yield tuple(self.open.keys), END
        elif self._gathered is not None and self._gathered[0] > len(self.open.kinds):
            _, values, count = self._gathered
            self._gathered = None
            yield tuple(self.open.keys), Numbers(count, values if len(values) == count else None)

    def _number(self, mark: str, keyed: bool) -> Iterator[Event]:
        """One number, or in an array a run of them with the same mark."""
        window, width = self.window, _WIDTH[mark]
        if keyed or not self.counts:
            raw = window.take(width)
            if mark in _CODES and self.open.keys[-1] in self.wanted:
                yield tuple(self.open.keys), Numbers(1, list(struct.unpack(f">{_CODES[mark]}", raw)))
            return
        left = self.counts[-1] if self.counts[-1] > 0 else _MAX_RUN
        window.at -= 1
        window.have(min(left, _MAX_RUN) * (width + 1))
        run = _RUNS[mark].match(window.data, window.at, window.at + left * (width + 1))
        if run is None:
            raise Unread("it is cut off", "cut-off")
        window.at = run.end()
        count = len(run.group()) // (width + 1)
        if self.counts[-1] > 0:
            self.counts[-1] -= count
        if self._gathered is not None and self._gathered[0] == len(self.open.kinds):
            depth, values, known = self._gathered
            if known + count > _MAX_GATHERED:
                raise Unread(f"an array of its numbers has more than {_MAX_GATHERED} of them", "bomb")
            if mark in _CODES:
                values.extend(value for (value,) in struct.iter_unpack(f">x{_CODES[mark]}", run.group()))
            self._gathered = depth, values, known + count

    def _array(self, keyed: bool) -> Iterator[Event]:
        """Open an array; one of numbers of one type is read or passed over at once."""
        window = self.window
        if not window.have(1):
            raise Unread("it is cut off", "cut-off")
        wanted = keyed and self.open.keys[-1] in self.wanted
        mark = chr(window.data[window.at])
        if mark == "$":
            kind = chr(window.take(2)[1])
            if kind not in _WIDTH or window.take(1) != b"#":
                raise Unread(f"an array of its UBJSON has an unknown type at byte {window.offset}")
            count = _length(window, chr(window.take(1)[0]))
            values: Sequence[int] | None = None
            if wanted and kind in _CODES:
                values = _typed(window, _CODES[kind], count * _WIDTH[kind])
            else:
                window.skip(count * _WIDTH[kind])
            if wanted:
                yield tuple(self.open.keys), Numbers(count, values)
            return
        count = -1
        if mark == "#":
            window.take(1)
            count = _length(window, chr(window.take(1)[0]))
        self.open.enter("[")
        self.counts.append(count)
        if wanted:
            self._gathered = len(self.open.kinds), [], 0


def walk_ubjson(source: Source, wanted: Collection[str] = ()) -> Iterator[Event]:
    """Yield (path, value) of one UBJSON object: texts, numbers below the `wanted` keys, and where objects end.

    Raises:
        Unread: it breaks the rules of UBJSON, gives a key twice, or something follows it.
    """
    return _Ubjson(source, wanted).walk()


def _typed(window: Window, code: str, size: int) -> Sequence[int]:
    """Return whole numbers of one type that stand here, `size` bytes of them."""
    if size > MAX_NUMBERS:
        raise Unread(f"an array of its numbers is longer than {MAX_NUMBERS >> 20} MiB", "bomb")
    if not window.have(size):
        raise Unread("it is cut off", "cut-off")
    values = array(code, window.data[window.at : window.at + size])
    window.at += size
    if sys.byteorder == "little":
        values.byteswap()
    return values


def _length(window: Window, mark: str) -> int:
    """Return the length that follows a type mark."""
    if mark not in _LENGTHS:
        raise Unread(f"a length of its UBJSON has no whole-number type at byte {window.offset - 1}")
    value = int.from_bytes(window.take(_WIDTH[mark]), "big", signed=mark != "U")
    if value < 0:
        raise Unread(f"a length of its UBJSON is negative at byte {window.offset}")
    return value
