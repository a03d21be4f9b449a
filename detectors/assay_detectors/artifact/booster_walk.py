"""Texts in JSON and UBJSON with the keys that lead to them; numbers are passed over. Streamed, without recursion.

A whole parse of a large booster would take ten times its size in memory; what matters are a few names. Standard
library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from assay_detectors.artifact.sources import CHUNK, Source, Unread

MAX_TEXT = 16 << 20
MAX_DEPTH = 64
MAX_KEYS = 20_000_000

Path = tuple[str, ...]
"""The keys from the outermost object on; an array adds none."""

_FILLER = re.compile(rb"[-+0-9.,eE\s]+|true|false|null|NaN|-?Infinity|nan|inf")
_STRING = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)


class _Window:
    """Bytes of a source, with a look ahead that grows as needed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = b""
        self.at = 0
        self.base = 0
        self.ended = False

    @property
    def offset(self) -> int:
        """Position in the source."""
        return self.base + self.at

    def have(self, count: int) -> bool:
        """Bring `count` bytes into the window; False where there are fewer."""
        missing = count - (len(self.data) - self.at)
        if missing <= 0:
            return True
        parts = [self.data[self.at :]]
        self.base += self.at
        self.at = 0
        while missing > 0 and not self.ended:
            chunk = self.source.read(max(CHUNK, min(missing, 1 << 24)))
            self.ended = not chunk
            missing -= len(chunk)
            parts.append(chunk)
        self.data = b"".join(parts)
        return missing <= 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if count > MAX_TEXT:
            raise Unread(f"a text is longer than {MAX_TEXT >> 20} MiB", "bomb")
        if not self.have(count):
            raise Unread("it is cut off", "cut-off")
        self.at += count
        return self.data[self.at - count : self.at]

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        held = min(count, len(self.data) - self.at)
        self.at += held
        if count > held:
            self.base += count - held
            if self.source.skip(count - held) < count - held:
                raise Unread("it is cut off", "cut-off")


class _Open:
    """The open objects and arrays, and the keys that lead here."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.keys: list[str] = []
        self.seen: list[set[str]] = []
        self.left = MAX_KEYS

    def enter(self, kind: str) -> None:
        """Open an object ("{") or an array ("[")."""
        if len(self.kinds) >= MAX_DEPTH:
            raise Unread(f"it nests values more than {MAX_DEPTH} deep", "bomb")
        self.kinds.append(kind)
        if kind == "{":
            self.keys.append("")
            self.seen.append(set())

    def leave(self, kind: str) -> None:
        """Close the innermost one, which must be of this kind."""
        if not self.kinds or self.kinds.pop() != kind:
            raise Unread("its brackets do not match")
        if kind == "{":
            self.keys.pop()
            self.seen.pop()

    def key(self, raw: bytes) -> None:
        """Take the key of the value that follows."""
        self.left -= 1
        name = raw.decode("utf-8", "replace")
        if self.left < 0:
            raise Unread(f"it holds more than {MAX_KEYS} keys", "bomb")
        if name in self.seen[-1]:
            raise Unread(f"it gives the key {name[:60]!r} twice", "two-readings")
        self.seen[-1].add(name)
        self.keys[-1] = name


def walk_json(source: Source) -> Iterator[tuple[Path, str]]:
    """Yield (path, text) of every text value of one JSON object.

    Raises:
        Unread: it cannot be cut into words, gives a key twice, or something follows it.
    """
    window, open_, value = _Window(source), _Open(), False
    while True:
        window.have(1 << 12)
        if window.at >= len(window.data):
            raise Unread("it is cut off", "cut-off")
        filler = _FILLER.match(window.data, window.at)
        if filler is not None:
            value = value and not filler.group().strip(b" \t\r\n,")
            window.at = filler.end()
            continue
        mark = chr(window.data[window.at])
        if mark == '"':
            raw = _text(window)
            if open_.kinds and open_.kinds[-1] == "{" and not value:
                open_.key(raw)
            else:
                yield tuple(open_.keys), raw.decode("utf-8", "replace")
                value = False
            continue
        if mark in "{[":
            open_.enter(mark)
        elif mark in "}]":
            open_.leave("{" if mark == "}" else "[")
        elif mark != ":":
            raise Unread(f"it is no JSON at byte {window.offset}")
        window.at += 1
        value = mark == ":"
        if not open_.kinds:
            break
    while window.have(1):
        if window.data[window.at :].strip():
            raise Unread(f"something follows its JSON at byte {window.offset}", "hidden")
        window.at = len(window.data)


def _text(window: _Window) -> bytes:
    """Return the text that starts here, unescaped."""
    size = 1 << 12
    while (found := _STRING.match(window.data, window.at)) is None:
        size *= 4
        if size > MAX_TEXT:
            raise Unread(f"a text is longer than {MAX_TEXT >> 20} MiB", "bomb")
        if window.ended:
            raise Unread("a text of its JSON has no end", "cut-off")
        window.have(size)
    window.at = found.end()
    raw = found.group(1)
    if b"\\" not in raw:
        return raw
    try:
        return str(json.loads(b'"' + raw + b'"', strict=False)).encode("utf-8", "replace")
    except ValueError:
        raise Unread("a text of its JSON is damaged") from None


_WIDTH = {"i": 1, "U": 1, "C": 1, "I": 2, "u": 2, "l": 4, "m": 4, "L": 8, "M": 8, "d": 4, "D": 8, "h": 2}
_LENGTHS = "iUIlL"
_RUNS = {mark: re.compile(rb"(?:%b[\x00-\xff]{%d})++" % (mark.encode(), width)) for mark, width in _WIDTH.items()}
"""Numbers of one type that follow one another, each with its mark."""
_NOTHING = "ZTFN"


def walk_ubjson(source: Source) -> Iterator[tuple[Path, str]]:
    """Yield (path, text) of every text value of one UBJSON object.

    Raises:
        Unread: it breaks the rules of UBJSON, gives a key twice, or something follows it.
    """
    window, open_, counts = _Window(source), _Open(), list[int]()
    while True:
        while counts and counts[-1] == 0:
            counts.pop()
            open_.leave("[")
        if window.offset and not open_.kinds:
            break
        mark = chr(window.take(1)[0])
        if open_.kinds and open_.kinds[-1] == "{" and mark != "}":
            open_.key(window.take(_length(window, mark)))
            mark = chr(window.take(1)[0])
        elif counts and counts[-1] > 0:
            counts[-1] -= 1
        if mark in _WIDTH:
            in_array = bool(counts) and counts[-1] == -1 and open_.kinds[-1] == "["
            run = _RUNS[mark].match(window.data, window.at - 1) if in_array else None
            if run is None:
                window.skip(_WIDTH[mark])
            else:
                window.at = run.end()
        elif mark in "SH":
            raw = window.take(_length(window, chr(window.take(1)[0])))
            yield tuple(open_.keys), raw.decode("utf-8", "replace")
        elif mark == "{":
            open_.enter(mark)
            counts.append(-1)
        elif mark == "[":
            _array(window, open_, counts)
        elif mark in "}]" and counts and counts[-1] < 0:
            counts.pop()
            open_.leave("{" if mark == "}" else "[")
        elif mark not in _NOTHING:
            raise Unread(f"it is no UBJSON at byte {window.offset - 1}")
    if window.have(1):
        raise Unread(f"something follows its UBJSON at byte {window.offset}", "hidden")


def _length(window: _Window, mark: str) -> int:
    """Return the length that follows a type mark."""
    if mark not in _LENGTHS:
        raise Unread(f"a length of its UBJSON has no whole-number type at byte {window.offset - 1}")
    value = int.from_bytes(window.take(_WIDTH[mark]), "big", signed=mark != "U")
    if value < 0:
        raise Unread(f"a length of its UBJSON is negative at byte {window.offset}")
    return value


def _array(window: _Window, open_: _Open, counts: list[int]) -> None:
    """Open an array; one of numbers of one type is passed over at once."""
    if not window.have(1):
        raise Unread("it is cut off", "cut-off")
    mark = chr(window.data[window.at])
    if mark == "$":
        kind = chr(window.take(2)[1])
        if kind not in _WIDTH or window.take(1) != b"#":
            raise Unread(f"an array of its UBJSON has an unknown type at byte {window.offset}")
        window.skip(_length(window, chr(window.take(1)[0])) * _WIDTH[kind])
        return
    count = -1
    if mark == "#":
        window.take(1)
        count = _length(window, chr(window.take(1)[0]))
    open_.enter("[")
    counts.append(count)
