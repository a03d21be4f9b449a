"""What does not belong in a text log and stands in its middle: text in UTF-16, and compressed data."""

from __future__ import annotations

import re

_WIDE = re.compile(rb"(?:[\t\x20-\x7e]\0){6,}|(?:\0[\t\x20-\x7e]){6,}")
"""Latin text in two bytes a character, little end first or last."""
_GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f].{4}[\x00\x02\x04][\x00-\x0d\xff]", re.DOTALL)
_PACKED = (
    ("gzip", b"\x1f", b"\x1f\x8b\x08", _GZIP),
    ("zstandard", b"\xfd", b"\x28\xb5\x2f\xfd", re.compile(rb"\x28\xb5\x2f\xfd")),
    ("xz", b"\xfd", b"\xfd7zXZ\x00", re.compile(rb"\xfd7zXZ\x00")),
    ("bzip2", b"1AY&SY", b"1AY&SY", re.compile(rb"BZh[1-9]1AY&SY")),
)
"""Name, a rare part of the mark, the mark, the head of such data."""
_LONGEST_MARK = 16
_HELD = 1 << 16
"""Bytes of a line that are held back, so that a run of wide text is whole."""


class Mixed:
    """Looks at a text, chunk by chunk. Wide text becomes narrow in its place, so that it is searched."""

    def __init__(self) -> None:
        self._rest = self._last = b""
        self._is_wide = False
        self._packed: str | None = None

    def take(self, chunk: bytes) -> bytes:
        """Return what can be searched by now, of the length that it has in the file."""
        if self._packed is None:
            self._look(chunk)
        if not self._rest and b"\0" not in chunk:
            return chunk
        chunk = self._rest + chunk
        cut = chunk.rfind(b"\n") + 1
        if len(chunk) - cut > _HELD:
            cut = len(chunk)
        self._rest = chunk[cut:]
        return self._narrow(chunk[:cut])

    def end(self) -> bytes:
        """Return what was held back."""
        rest, self._rest = self._rest, b""
        return self._narrow(rest)

    def problem(self, shown: str) -> str | None:
        """Return what was met, in one sentence."""
        if self._packed:
            return (
                f"{shown} holds compressed data ({self._packed}) among its lines, which were not searched; unpack them"
            )
        if self._is_wide:
            return (
                f"{shown} holds text in UTF-16 among its lines, of which only Latin letters were searched; "
                "write it as UTF-8"
            )
        return None

    def _look(self, chunk: bytes) -> None:
        seam = self._last + chunk[:_LONGEST_MARK]
        self._last = (self._last + chunk[-_LONGEST_MARK:])[-_LONGEST_MARK:]
        if chunk.isascii():
            return
        for name, first, mark, pattern in _PACKED:
            if first not in chunk and first not in seam:
                continue
            if (mark in chunk and pattern.search(chunk)) or (mark in seam and pattern.search(seam)):
                self._packed = name
                return

    def _narrow(self, data: bytes) -> bytes:
        narrow = _WIDE.sub(_narrowed, data)
        self._is_wide |= narrow is not data and narrow != data
        return narrow


def _narrowed(found: re.Match[bytes]) -> bytes:
    run = found.group()
    return run.replace(b"\0", b"").ljust(len(run), b"\0")


__all__ = ["Mixed"]
