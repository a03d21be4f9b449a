"""Texts and wanted numbers in JSON, with the keys that lead to them. Streamed, without recursion.

`booster_ubjson` does the same for UBJSON.

A whole parse of a large booster would take ten times its size in memory; what matters are a few names, and the numbers
that lead from node to node. All others are passed over. Standard library only.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Collection, Iterator, Sequence

from assay.targets.repeats import exact
from assay_detectors.artifact.sources import CHUNK, Source, Unread

MAX_TEXT = 16 << 20
MAX_DEPTH = 64
MAX_KEYS = 20_000_000
MAX_NUMBERS = 128 << 20
"""Bytes of one array whose numbers are wanted."""

Path = tuple[str, ...]
"""The keys from the outermost object on; an array adds none."""


class Numbers:
    """An array of numbers, or one number: how many, and for whole numbers which."""

    def __init__(self, count: int, values: Sequence[int] | None = None) -> None:
        self.count = count
        self.values = values


class End:
    """The end of the object to which the path leads."""


END = End()
Event = tuple[Path, str | Numbers | End]

_SPACE = re.compile(rb"[ \t\r\n]*")
_WHOLE = re.compile(rb"[-0-9,\s]*")
_PLAIN = re.compile(exact(rb"(?:[-+0-9.,eE\s]|NaN|Infinity|nan|inf|true|false)*+"))
_SCALAR = re.compile(rb"-?[0-9]{1,18}(?=[\s,}])")
_FILLER = re.compile(rb"[-+0-9.,eE\s]+|true|false|null|NaN|-?Infinity|nan|inf")
_STRING = re.compile(exact(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'), re.DOTALL)


class Window:
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


class Open:
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


def walk_json(source: Source, wanted: Collection[str] = ()) -> Iterator[Event]:
    """Yield (path, value) of one JSON object: texts, numbers below the `wanted` keys, and where objects end.

    Raises:
        Unread: it cannot be cut into words, gives a key twice, or something follows it.
    """
    window, open_, value = Window(source), Open(), False
    while True:
        window.have(1 << 12)
        if window.at >= len(window.data):
            raise Unread("it is cut off", "cut-off")
        if value and open_.keys and open_.keys[-1] in wanted:
            numbers = _json_numbers(window)
            if numbers is not None:
                yield tuple(open_.keys), numbers
                value = False
                continue
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
            if mark == "}":
                yield tuple(open_.keys), END
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


def _json_numbers(window: Window) -> Numbers | None:
    """Return the numbers that stand here: one, or an array of nothing else; None for anything else."""
    while window.have(1) and window.data[window.at] in b" \t\r\n":
        space = _SPACE.match(window.data, window.at)
        window.at = space.end() if space is not None else window.at
    window.have(32)
    scalar = _SCALAR.match(window.data, window.at)
    if scalar is not None:
        window.at = scalar.end()
        return Numbers(1, [int(scalar.group())])
    if window.data[window.at : window.at + 1] != b"[":
        return None
    size, done = 1 << 16, window.at
    while (stop := window.data.find(b"]", done)) < 0:
        if window.ended:
            raise Unread("it is cut off", "cut-off")
        done = len(window.data) - window.at
        size *= 2
        if size > MAX_NUMBERS:
            raise Unread(f"an array of its numbers is longer than {MAX_NUMBERS >> 20} MiB", "bomb")
        window.have(size)
        done += window.at
    raw = window.data[window.at + 1 : stop]
    if _PLAIN.fullmatch(raw) is None:
        return None
    window.at = stop + 1
    if not raw.strip():
        return Numbers(0, [])
    if _WHOLE.fullmatch(raw) is None:
        return Numbers(raw.count(b",") + 1)
    values = _whole(raw)
    return Numbers(len(values), values)


def _whole(raw: bytes) -> Sequence[int]:
    """Return whole numbers between commas; taken in pieces, for each word costs twenty times its digits."""
    values, at = array("i"), 0
    try:
        while at <= len(raw):
            stop = raw.find(b",", min(at + CHUNK, len(raw)))
            piece = raw[at : stop if stop >= 0 else len(raw)]
            values.extend(map(int, piece.split(b",")))
            at = stop + 1 if stop >= 0 else len(raw) + 1
    except (ValueError, OverflowError):
        raise Unread("an array of its whole numbers is damaged, or holds one beyond 32 bits") from None
    return values


def _text(window: Window) -> bytes:
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
