"""Parts of a log in zstandard: whole frames, found by the sizes in their headers without unpacking them.

Standard library only; a frame is unpacked by `log_bytes`. Format: RFC 8878, section 3.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedReader
from typing import TYPE_CHECKING, NamedTuple

from assay.targets.log_bytes import Broken, open_log, wide, zstd_text

if TYPE_CHECKING:
    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard

_FRAME, _SKIPPED = 0xFD2FB528, 0x184D2A50
_LOOK_BACK = 64
"""Frames before a part that are unpacked at most to see whether a line begins with it; mostly one is enough."""
_MOST_FRAMES = 5_000_000


class Part(NamedTuple):
    """Some frames, one after another."""

    start: int
    """First byte of the file."""
    stop: int
    before: list[int]
    """Where the frames before it begin, the nearest first."""


def zstd_parts(opened: OpenTarget, shard: Shard, *, size: int) -> list[Part]:
    """Return the parts of at least `size` bytes of a log in zstandard; one or none where it is better read whole.

    That is where it is one frame, where a size in it is wrong, or where it is wide text.

    Raises:
        UnusableInput: missing, unreadable, or zstandard is not installed.
    """
    shown = opened.shown(shard.input)
    with open_log(opened.path(shard.input), shown) as file:
        head = b""
        try:
            for chunk in zstd_text(file, shown):
                head += chunk
                if len(head) >= 4:
                    break
        except Broken:
            return []
        frames = [] if wide(head) else _frames(file)
        end = file.seek(0, os.SEEK_END)
    if not frames:
        return []
    parts = [Part(0, end, [])]
    for place, start in enumerate(frames):
        if start - parts[-1].start >= size and end - start >= size:
            before = frames[max(0, place - _LOOK_BACK) : place]
            parts[-1] = parts[-1]._replace(stop=start)
            parts.append(Part(start, end, before[::-1]))
    return parts


def part_text(file: BufferedReader, shown: str, part: Part) -> Iterator[bytes]:
    """Yield the lines that begin in the part; the last one may end in a frame behind it.

    Raises:
        Broken: a frame is damaged.
    """
    skip = part.start > 0 and not _ends_line(file, shown, part.before)
    file.seek(part.start)
    ended = True
    for chunk in zstd_text(_Limited(file, part.stop - part.start), shown):
        text = chunk
        if skip:
            cut = chunk.find(b"\n") + 1
            if not cut:
                continue
            skip, text = False, chunk[cut:]
        if text:
            ended = text.endswith(b"\n")
            yield text
    if ended:
        return
    file.seek(part.stop)
    for chunk in zstd_text(file, shown):
        cut = chunk.find(b"\n") + 1
        yield chunk[:cut] if cut else chunk
        if cut:
            return


class _Limited:
    """So many bytes of a file, from where it stands."""

    def __init__(self, file: BufferedReader, size: int) -> None:
        self._file, self._size = file, size

    def read(self, size: int) -> bytes:
        """Return at most so many bytes, none behind the limit."""
        data = self._file.read(min(size, self._size))
        self._size -= len(data)
        return data


def _ends_line(file: BufferedReader, shown: str, before: list[int]) -> bool:
    """Say whether the text before ends with a line feed; `before`: where its last frames begin, the nearest first."""
    for start in before:
        file.seek(start)
        size = _frame_size(file)
        if size is None:
            raise Broken("the sizes in its frames changed while it was read")
        last = b""
        for chunk in zstd_text(_Limited(file, size), shown):
            last = chunk[-1:] or last
        if last:
            return last == b"\n"
    raise Broken(f"{len(before)} frames in a row are empty")


def _frames(file: BufferedReader) -> list[int]:
    """Return where the frames with content begin; empty where the sizes do not lead exactly to the end of the file."""
    end = file.seek(0, os.SEEK_END)
    found: list[int] = []
    at = 0
    while at < end and len(found) < _MOST_FRAMES:
        file.seek(at)
        magic = int.from_bytes(file.read(4), "little")
        file.seek(at)
        size = _frame_size(file)
        if size is None or at + size > end:
            return []
        if magic == _FRAME:
            found.append(at)
        at += size
    return found if at == end else []


def _frame_size(file: BufferedReader) -> int | None:
    """Return the size of the frame that begins here, and stay here; None where this is no frame."""
    start = file.tell()
    try:
        return _walked(file, start)
    finally:
        file.seek(start)


def _walked(file: BufferedReader, start: int) -> int | None:
    head = file.read(5)
    if len(head) < 5:
        return None
    magic = int.from_bytes(head[:4], "little")
    if magic & 0xFFFFFFF0 == _SKIPPED:
        length = head[4:] + file.read(3)
        return 8 + int.from_bytes(length, "little") if len(length) == 4 else None
    if magic != _FRAME:
        return None
    told = head[4]
    single, sums = told >> 5 & 1, told >> 2 & 1
    content = (single, 2, 4, 8)[told >> 6]
    at = start + 5 + (1 - single) + (0, 1, 2, 4)[told & 3] + content
    while True:
        file.seek(at)
        header = file.read(3)
        if len(header) < 3:
            return None
        block = int.from_bytes(header, "little")
        kind, size = block >> 1 & 3, block >> 3
        if kind == 3:
            return None
        at += 3 + (1 if kind == 1 else size)
        if block & 1:
            return at + 4 * sums - start


__all__ = ["Part", "part_text", "zstd_parts"]
