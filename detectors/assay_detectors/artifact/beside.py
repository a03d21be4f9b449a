"""Data that stands beside models and has to be walked to its end: vocabularies, records of TensorFlow, MessagePack.

None of them holds anything that a loader runs. They are walked so that what is called one of them is nothing else.
Standard library only.
"""

from __future__ import annotations

import re

from assay.targets import data_probe, sniff
from assay_detectors.artifact.onnx_wire import varint
from assay_detectors.artifact.sources import CHUNK, Source, Unread

MAX_VOCABULARY = 64 << 20
MAX_ENTRIES = 1_000_000
MAX_RECORDS = 500_000
MAX_CHECKED = 1 << 20
"""Bytes of records whose own checksums are compared; those of their lengths always are."""
MAX_VALUES = 2_000_000
MAX_DEPTH = 100
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SPECS = {0x12: "trainer", 0x1A: "normalizer", 0x22: "self-test", 0x2A: "normalizer"}
"""What follows the entries of a vocabulary, by its key."""
_LAST_FIELD = {"trainer": 80, "normalizer": 6, "self-test": 1}


def read(form: str, source: Source) -> None:
    """Walk data of one of the formats `sniff.WALKED` to its end.

    Raises:
        Unread: it is anything else, or too large.
    """
    if form == sniff.SENTENCEPIECE:
        read_sentencepiece(source)
    elif form == sniff.TFRECORD:
        read_records(source)
    else:
        MessagePack(source).read()


def read_sentencepiece(source: Source) -> None:
    """Walk a vocabulary of SentencePiece (`ModelProto`): entries, then how it was trained and normalises.

    Raises:
        Unread: it holds anything else. TensorFlow's graphs have the same outer fields: a text that could be one of
            them has control characters where these are forbidden.
    """
    data = source.read_all(MAX_VOCABULARY, "a vocabulary of SentencePiece")
    at: int | None = 0
    left = MAX_ENTRIES
    while at is not None and at < len(data):
        start = at
        left -= 1
        if left < 0:
            raise Unread(f"its vocabulary holds more than {MAX_ENTRIES} entries", "bomb")
        if data[at] == 0x0A:
            at = data_probe.piece_end(data, at)
            if at is None:
                raise Unread(f"the entry at byte {start} is none of a vocabulary of SentencePiece")
            continue
        kind = _SPECS.get(data[at])
        if kind is None:
            raise Unread(f"its vocabulary holds a field at byte {at} that SentencePiece does not know", "hidden")
        length, low = varint(data, at + 1, len(data))
        at = low + length
        if at > len(data):
            raise Unread("its vocabulary is cut off", "cut-off")
        _spec(data, low, at, kind)


def _spec(data: bytes, at: int, end: int, kind: str) -> None:
    while at < end:
        key, low = varint(data, at, end)
        field, wire = key >> 3, key & 7
        if not 1 <= field <= _LAST_FIELD[kind] or wire not in (0, 2, 5):
            raise Unread(f"its vocabulary holds a field at byte {at} that SentencePiece does not know", "hidden")
        length = 4 if wire == 5 else 0
        if wire != 5:
            length, low = varint(data, low, end)
        at = low + (length if wire != 0 else 0)
        if at > end:
            raise Unread("its vocabulary is damaged")
        if wire == 2 and kind == "trainer" and field <= 7 and _CONTROL.search(data, low, at):
            raise Unread(f"a text at byte {low} of its vocabulary is none", "hidden")


def read_records(source: Source) -> None:
    """Walk records of TensorFlow (event logs, examples): each has its length, a checksum of it, and one of its bytes.

    Raises:
        Unread: a checksum does not fit, the last record is cut off, or there are too many.
    """
    checked = 0
    for _ in range(MAX_RECORDS):
        at = source.position
        frame = _exactly(source, 12)
        if not frame:
            return
        length = data_probe.record_length(frame)
        if length is None:
            raise Unread(f"the record at byte {at} has a wrong checksum")
        checked += length
        if checked <= MAX_CHECKED:
            body = _exactly(source, length)
            if len(body) == length and data_probe.masked_crc(body) != int.from_bytes(source.peek(4), "little"):
                raise Unread(f"the record at byte {at} has a wrong checksum")
        elif source.skip(length) < length:
            raise Unread(f"the record at byte {at} is cut off", "cut-off")
        if len(_exactly(source, 4)) < 4:
            raise Unread(f"the record at byte {at} is cut off", "cut-off")
    raise Unread(f"it holds more than {MAX_RECORDS} records", "bomb")


def _exactly(source: Source, count: int) -> bytes:
    """Return `count` bytes, fewer only at the end."""
    parts, left = [], count
    while left and (chunk := source.read(min(left, 1 << 20))):
        parts.append(chunk)
        left -= len(chunk)
    return b"".join(parts)


# MessagePack ----------------------------------------------------------------------------------------------------------

_WIDTHS = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8}
_WIDTHS |= {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_COUNTED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTENDED = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_ARRAYS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}
_DTYPE = re.compile(rb"(?:b?float\d+|u?int\d+|bool|complex\d+|str\d+|bytes\d+)(?:_\w+)?")
"""Types of arrays whose buffers are numbers or text."""
_PLAIN_KINDS = frozenset({b"", b"V"})


class MessagePack:
    """Walks MessagePack as flax and others write it: plain values, and flax's own arrays of numbers."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.buffer = b""
        self.at = self.start = 0
        """Where the next byte lies in the buffer, and where the buffer lies in the source."""
        self.left = MAX_VALUES
        self.numpy = self.objects = False
        """Whether a key says that a mapping is an array of numpy, and whether one says that it holds objects."""

    def read(self) -> None:
        """Walk to the end.

        Raises:
            Unread: an extension is not flax's, an array may hold objects, or bytes follow.
        """
        before = b""
        stack: list[list[int]] = [[1, 0]]  # values that are left, and whether the values are keys by turns
        while stack:
            left, mapping = stack[-1]
            if not left:
                stack.pop()
                continue
            stack[-1][0] -= 1
            inner, text = self._value()
            if mapping and left & 1 and before == b"kind":
                self.objects |= text not in _PLAIN_KINDS
            before = text if mapping and not left & 1 and text is not None else b""
            self.numpy |= before == b"nd"
            if inner is not None:
                if len(stack) > MAX_DEPTH:
                    raise Unread(f"its values are nested more than {MAX_DEPTH} deep", "bomb")
                stack.append(inner)
        if self.numpy and self.objects:
            raise Unread("it holds arrays of objects as msgpack-numpy does, which are pickles", None)
        if self.at < len(self.buffer) or self.source.peek(1):
            raise Unread("bytes follow its MessagePack", "hidden")

    def _value(self) -> tuple[list[int] | None, bytes | None]:
        """Take one value: a container as how many values it holds, a text as itself where it is short."""
        self.left -= 1
        if self.left < 0:
            raise Unread(f"it holds more than {MAX_VALUES} values", "bomb")
        mark = self._take(1)[0]
        if mark <= 0x7F or mark >= 0xE0:
            return None, None
        if mark <= 0x9F or mark in _ARRAYS or mark in _MAPS:
            width = _ARRAYS.get(mark) or _MAPS.get(mark)
            count = int.from_bytes(self._take(width), "big") if width else mark & 0x0F
            mapping = mark <= 0x8F or mark in _MAPS
            return [count * 2 if mapping else count, int(mapping)], None
        if mark <= 0xBF or mark in _COUNTED:
            length = mark & 0x1F if mark <= 0xBF else int.from_bytes(self._take(_COUNTED[mark]), "big")
            if length <= 64:
                return None, self._take(length)
            self._pass(length)
            return None, b"?"
        if mark in _WIDTHS:
            self._take(_WIDTHS[mark])
            return None, None
        if mark in _EXTENDED or 0xD4 <= mark <= 0xD8:
            length = int.from_bytes(self._take(_EXTENDED[mark]), "big") if mark in _EXTENDED else 1 << mark - 0xD4
            self._extension(length)
            return None, None
        raise Unread(f"byte {self.start + self.at - 1} is none of MessagePack")

    def _extension(self, length: int) -> None:
        """Flax's arrays (1) and single numbers (3): a shape, a type, a buffer; complex numbers (2)."""
        at, kind = self.start + self.at, self._take(1)[0]
        if kind == 2 and length <= 32:
            self._pass(length)
            return
        if kind not in (1, 3):
            raise Unread(f"it holds an extension of MessagePack at byte {at} that is not flax's", None)
        end = self.start + self.at + length
        parts = []
        if self._take(1) != b"\x93":
            raise Unread(f"the array at byte {at} is none of flax")
        for _ in range(2):
            inner, text = self._value()
            for _ in range(inner[0] if inner and not inner[1] and inner[0] <= 64 else 0):
                self._value()
            parts.append(text)
        if parts[1] is None or _DTYPE.fullmatch(parts[1]) is None:
            raise Unread(f"the array at byte {at} does not hold numbers", None)
        inner, text = self._value()
        if inner is not None or text is None or self.start + self.at != end:
            raise Unread(f"the array at byte {at} is none of flax")

    def _take(self, count: int) -> bytes:
        if self.at + count > len(self.buffer):
            self.start += self.at
            self.buffer = self.buffer[self.at :] + _exactly(self.source, CHUNK)
            self.at = 0
            if count > len(self.buffer):
                raise Unread("its MessagePack is cut off", "cut-off")
        self.at += count
        return self.buffer[self.at - count : self.at]

    def _pass(self, count: int) -> None:
        beyond = count - (len(self.buffer) - self.at)
        if beyond <= 0:
            self.at += count
            return
        self.start += len(self.buffer) + beyond
        self.buffer, self.at = b"", 0
        if self.source.skip(beyond) < beyond:
            raise Unread("its MessagePack is cut off", "cut-off")
