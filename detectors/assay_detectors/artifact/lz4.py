"""LZ4 frames (the codec of `joblib.dump(..., compress="lz4")`), in pure Python.

Format: the LZ4 Frame and Block descriptions of the reference implementation, version 1.6. Checksums are passed over:
what a damaged stream would have held is read like everything else.
"""

from __future__ import annotations

from assay_detectors.artifact.sources import CHUNK, Budget, Source, Unread

_MAGIC = b"\x04\x22\x4d\x18"
_WINDOW = 1 << 16


class Lz4(Source):
    """What the frames of an LZ4 file hold."""

    def __init__(self, packed: Source, budget: Budget) -> None:
        super().__init__()
        self._packed = packed
        self._budget = budget
        self._window = b""
        self._in_frame = False
        self._linked = self._block_sums = self._content_sum = False

    def _take(self, count: int) -> bytes:
        parts = []
        while count:
            chunk = self._packed.read(count)
            if not chunk:
                raise Unread("its lz4 stream is cut off", "cut-off")
            parts.append(chunk)
            count -= len(chunk)
        return b"".join(parts)

    def _more(self, count: int) -> bytes:
        while True:
            if not self._in_frame and not self._open_frame():
                return b""
            size = int.from_bytes(self._take(4), "little")
            if not size:
                self._take(4 * self._content_sum)
                self._in_frame = False
                continue
            length = size & 0x7FFFFFFF
            if length > (4 << 20) + 64:
                raise Unread("an lz4 block is larger than the format allows")
            block = self._take(length)
            self._take(4 * self._block_sums)
            data = block if size >> 31 else _block(block, self._window)
            self._window = (self._window + data)[-_WINDOW:] if self._linked else b""
            self._budget.expand(len(data))
            if data:
                return data

    def _open_frame(self) -> bool:
        """Read a frame header; False at the end of the file."""
        if not self._packed.peek(1):
            return False
        if self._take(4) != _MAGIC:
            raise Unread("bytes after its lz4 stream are no lz4 frame", "hidden")
        flags, _sizes = self._take(2)
        if flags >> 6 != 1:
            raise Unread("its lz4 stream is of an unknown version")
        self._linked = not flags & 0x20
        self._block_sums, self._content_sum = bool(flags & 0x10), bool(flags & 4)
        self._take((8 if flags & 8 else 0) + (4 if flags & 1 else 0) + 1)
        self._window = b""
        self._in_frame = True
        return True


def _length(block: bytes, at: int, value: int) -> tuple[int, int]:
    """Return a length of which `value` was the first nibble, and the position behind it."""
    if value == 15:
        while True:
            byte = block[at]
            at += 1
            value += byte
            if byte != 255:
                break
    return value, at


def _block(block: bytes, window: bytes) -> bytes:
    """Decompress one block; `window` is what came before it."""
    out = bytearray(window)
    at, end = 0, len(block)
    try:
        while at < end:
            token = block[at]
            literals, at = _length(block, at + 1, token >> 4)
            out += block[at : at + literals]
            at += literals
            if at >= end:
                break
            distance = block[at] | block[at + 1] << 8
            match, at = _length(block, at + 2, token & 15)
            match += 4
            if not 0 < distance <= len(out) or len(out) + match > (4 << 20) + len(window) + CHUNK:
                raise Unread("an lz4 block is damaged")
            start = len(out) - distance
            if match <= distance:
                out += out[start : start + match]
            else:
                piece = bytes(out[start:])
                out += (piece * (match // distance + 1))[:match]
    except IndexError:
        raise Unread("an lz4 block is cut off", "cut-off") from None
    return bytes(out[len(window) :])
