"""GGUF files, read by their header: bounds, duplicate keys, chat templates, and where the tensors lie.

The loaders read numbers; the one thing that runs is a chat template, which a server renders with Jinja. So every
template is given to the judge of templates, and every count and length is checked before anything is read by it.
Layout: the GGUF specification (versions 1 to 3, either byte order). Tensor data is not read. Standard library only.
"""

from __future__ import annotations

import struct
from typing import Protocol

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Source, Unread


class ReadTemplate(Protocol):
    """Judges one Jinja template, as `templates.read_template` does."""

    def __call__(
        self, text: str, report: Report, offset: int | None = None, where: str = "", *, required: bool = True
    ) -> None: ...


MAX_STRING = 16 << 20
MAX_KEYS = 100_000
MAX_TENSORS = 1_000_000
MAX_STRINGS = 10_000_000
"""Strings and inner arrays of all arrays together."""
MAX_NESTING = 8
MAX_DIMENSIONS = 8
MAX_TEMPLATES = 1_000
CHUNK = 1 << 18

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UINT32, _STRING, _ARRAY = 4, 8, 9
_DEFAULT_ALIGNMENT = 32
_VOCABULARY = ("tokenizer.ggml.",)
"""Keys whose arrays hold tokens: single words, among them `{{`, which nothing renders."""

_BLOCKS = {
    **dict.fromkeys((0, 26), (1, 4)),
    **dict.fromkeys((1, 25, 30), (1, 2)),
    **dict.fromkeys((27, 28), (1, 8)),
    24: (1, 1),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 40),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    29: (256, 56),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
    40: (64, 36),
    41: (128, 18),
}
"""Type of a tensor -> (numbers in a block, bytes of a block)."""


class _Cursor:
    """Numbers and strings in order, within the bounds of the source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held = b""
        self._next = 0
        self.at = 0
        self.order = "<"
        self.wide = True

    def take(self, count: int) -> bytes:
        """Return exactly `count` bytes.

        Raises:
            Unread: the file ends before.
        """
        if self._next + count > len(self._held):
            parts = [self._held[self._next :]]
            have = len(parts[0])
            while have < count:
                chunk = self._source.read(max(CHUNK, min(count - have, 1 << 20)))
                if not chunk:
                    raise Unread("it ends within its header", "cut-off")
                parts.append(chunk)
                have += len(chunk)
            self._held = b"".join(parts)
            self._next = 0
        self._next += count
        self.at += count
        return self._held[self._next - count : self._next]

    def skip(self, count: int) -> None:
        """Pass over exactly `count` bytes."""
        held = min(count, len(self._held) - self._next)
        self._next += held
        self.at += held
        if count > held:
            if self._source.skip(count - held) < count - held:
                raise Unread("it ends within its header", "cut-off")
            self.at += count - held

    def number(self, size: int) -> int:
        """Return an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "little" if self.order == "<" else "big")

    def count(self) -> int:
        """Return a count or a length: 4 bytes in version 1, else 8."""
        return self.number(8 if self.wide else 4)

    def string(self) -> bytes:
        """Return one string."""
        length = self.count()
        if length > MAX_STRING:
            raise Unread(f"it declares a string of {length} bytes", "bomb")
        return self.take(length)

    def rest(self) -> int:
        """Return how many bytes follow, by passing over them."""
        return len(self._held) - self._next + self._source.skip(1 << 62)


class _Reader:
    """The reading of one header."""

    def __init__(self, source: Source, length: int | None, report: Report, judge: ReadTemplate) -> None:
        self.cursor = _Cursor(source)
        self.length = length
        self.report = report
        self.judge = judge
        self.alignment = _DEFAULT_ALIGNMENT
        self.strings = MAX_STRINGS
        self.templates = 0

    def read(self) -> None:
        tensors, keys = self._start()
        seen: set[bytes] = set()
        for _ in range(keys):
            self._pair(seen)
        self._tensors(tensors)

    def _start(self) -> tuple[int, int]:
        """Read magic, version and the two counts; find the byte order."""
        cursor = self.cursor
        magic, version = cursor.take(4), cursor.take(4)
        if magic not in (b"GGUF", b"FUGG"):
            raise Unread("it does not begin as GGUF does")
        if magic == b"FUGG":
            self.report.unread("its first four bytes stand backwards, which its loaders refuse", "damaged", 0)
        if int.from_bytes(version, "little") & 0xFFFF == 0:
            cursor.order = ">"
        number = int.from_bytes(version, "little" if cursor.order == "<" else "big")
        if number not in (1, 2, 3):
            raise Unread(f"its version {number} is not known", None)
        cursor.wide = number > 1
        tensors, keys = cursor.count(), cursor.count()
        for many, limit, least, what in ((tensors, MAX_TENSORS, 16, "tensors"), (keys, MAX_KEYS, 9, "keys")):
            if self.length is not None and many * least > self.length:
                raise Unread(f"it declares {many} {what}, more than the file has room for")
            if many > limit:
                raise Unread(f"it declares {many} {what}", "bomb")
        self.report.lists("contains", f"GGUF version {number}, {keys} keys, {tensors} tensors", 0)
        return tensors, keys

    def _pair(self, seen: set[bytes]) -> None:
        """Read one key and its value."""
        cursor = self.cursor
        at = cursor.at
        raw = cursor.string()
        key = raw.decode("utf-8", "replace")
        if raw in seen:
            self.report.unread(f"the key {key[:100]!r} is there twice", "two-readings", at)
        seen.add(raw)
        kind = cursor.number(4)
        if kind == _STRING:
            self._text(key, cursor.string(), named=_holds_templates(key))
        elif kind == _ARRAY:
            self._array(key)
        elif kind in _SIZES:
            value = cursor.take(_SIZES[kind])
            if key == "general.alignment":
                self._align(kind, value, at)
        else:
            raise Unread(f"the value of {key[:100]!r} has the unknown type {kind}")

    def _align(self, kind: int, value: bytes, at: int) -> None:
        alignment = struct.unpack(self.cursor.order + "I", value)[0] if kind == _UINT32 else 0
        if not 0 < alignment <= 1 << 20 or alignment & (alignment - 1):
            self.report.unread("its alignment is no power of two", "damaged", at)
        else:
            self.alignment = alignment

    def _text(self, key: str, value: bytes, *, named: bool) -> None:
        """Judge a string that is, or may be, a template; write down the rest."""
        at = self.cursor.at - len(value)
        if not (named and value.strip()) and not _marked(value):
            if key.startswith("general.") and len(value) <= 200:
                self.report.lists("contains", f"{key} = {value.decode('utf-8', 'replace')}", at)
            return
        self.templates += 1
        if self.templates > MAX_TEMPLATES:
            raise Unread(f"it holds more than {MAX_TEMPLATES} templates", "bomb")
        self.report.lists("contains", f"template {key}", at)
        try:
            self.judge(value.decode("utf-8", "replace"), self.report, at, key[:100], required=named)
        except Unread as error:
            self.report.unread(f"{key[:100]}: {error}", error.rule, at)

    def _array(self, key: str) -> None:
        """Pass over an array, arrays within it as well; judge what could be a template."""
        cursor = self.cursor
        named = _holds_templates(key)
        words = key.startswith(_VOCABULARY)
        open_arrays = [1]
        while open_arrays:
            if not open_arrays[-1]:
                open_arrays.pop()
                continue
            open_arrays[-1] -= 1
            kind, count = cursor.number(4), cursor.count()
            if self.length is not None and count > self.length:
                raise Unread(f"an array of {key[:100]!r} declares {count} values, more than the file has room for")
            if kind in _SIZES:
                cursor.skip(count * _SIZES[kind])
                continue
            self.strings -= count
            if self.strings < 0:
                raise Unread(f"its arrays hold more than {MAX_STRINGS} strings", "bomb")
            if kind == _ARRAY:
                if len(open_arrays) >= MAX_NESTING:
                    raise Unread(f"its arrays are nested more than {MAX_NESTING} deep", "bomb")
                open_arrays.append(count)
            elif kind == _STRING:
                for _ in range(count):
                    value = cursor.string()
                    if not words and (named or b"{" in value):
                        self._text(key, value, named=named)
            else:
                raise Unread(f"an array of {key[:100]!r} has the unknown type {kind}")

    def _tensors(self, count: int) -> None:
        """Read where each tensor lies, and check that they lie apart and within the file."""
        cursor = self.cursor
        places: list[tuple[int, int | None, bytes, int]] = []
        names: set[bytes] = set()
        for _ in range(count):
            at = cursor.at
            name = cursor.string()
            if name in names:
                self.report.unread(f"the tensor {_shown(name)} is there twice", "two-readings", at)
            names.add(name)
            dimensions = cursor.number(4)
            if dimensions > MAX_DIMENSIONS:
                raise Unread(f"the tensor {_shown(name)} declares {dimensions} dimensions")
            numbers = 1
            for _ in range(dimensions):
                numbers *= cursor.count()
            block, size = _BLOCKS.get(cursor.number(4), (0, 0))
            offset = cursor.number(8)
            if block and numbers % block:
                self.report.unread(f"the tensor {_shown(name)} does not fill its blocks", "damaged", at)
            places.append((offset, -(-numbers // block) * size if block else None, name, at))
        start = -(-cursor.at // self.alignment) * self.alignment if count else cursor.at
        header = cursor.at
        whole = self.length if self.length is not None else header + cursor.rest()
        self._places(places, whole - start)

    def _places(self, places: list[tuple[int, int | None, bytes, int]], room: int) -> None:
        end = 0
        open_end = False
        for offset, size, name, at in sorted(places, key=lambda place: (place[0], place[1] or 0)):
            if offset % self.alignment:
                self.report.unread(f"the tensor {_shown(name)} is not aligned", "damaged", at)
            if offset < end:
                self.report.unread(f"the tensor {_shown(name)} lies upon another one", "damaged", at)
            elif offset - end >= self.alignment and not open_end:
                self.report.anomaly("hidden", f"{offset - end} bytes before tensor {_shown(name)} belong to none", at)
            open_end = size is None
            end = max(end, offset + (size or 0))
            if end > room:
                raise Unread(f"the tensor {_shown(name)} ends behind the file", "cut-off")
        if room - end > self.alignment and not open_end:
            self.report.anomaly("hidden", f"{room - end} bytes behind its last tensor belong to none")


def _holds_templates(key: str) -> bool:
    return "template" in key.rsplit("/", 1)[-1].lower() and key != "tokenizer.chat_templates"


def _marked(value: bytes) -> bool:
    """Say whether a string holds an expression or a statement of Jinja."""
    for opens, closes in ((b"{{", b"}}"), (b"{%", b"%}")):
        start = value.find(opens)
        if start >= 0 and value.find(closes, start + 2) >= 0:
            return True
    return False


def _shown(name: bytes) -> str:
    return repr(name.decode("utf-8", "replace")[:100])


def read_gguf(source: Source, length: int | None, report: Report, read_template: ReadTemplate) -> None:
    """Read the header of a GGUF file.

    Args:
        source: the file from its first byte on.
        length: its length, None where it comes out of a decompressor.
        report: takes duplicate keys, wrong offsets and what the templates hold.
        read_template: called with each chat template, and (`required=False`) each other string with the marks of one.

    Raises:
        Unread: it is cut off, breaks the format or exceeds a bound.
    """
    _Reader(source, length, report, read_template).read()
