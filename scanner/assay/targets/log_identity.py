"""What a byte range of a log is, by content: the digest of all that `LogReader` reads for it. Standard library only."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from assay.targets.log_bytes import CHUNK, HEAD, Broken, layout, open_log
from assay.targets.log_frames import Part, part_text

if TYPE_CHECKING:
    from io import BufferedReader

    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard


def range_identity(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Return `content`, the sha256 of what a shard of a log is read from, and `stamp`, which changes with the file.

    A range hangs on its own bytes, on the byte before it (whether a line begins with it), on the rest of the last line
    that begins in it, and on the beginning of the file, by which the format is told. So a log that only grew keeps the
    identity of all ranges but its last, and a short last range is no digest of one line that could be found by trying.

    Raises:
        UnusableInput: missing, unreadable, or in a container that is not read.
    """
    path, shown = opened.path(shard.input), opened.shown(shard.input)
    found = os.stat(path) if path.exists() else None
    with open_log(path, shown) as file:
        head = file.read(HEAD)
        digest = hashlib.sha256()
        if groups := shard.extra.get("groups"):
            from assay.targets.log_rows import content_of

            digest = content_of(path, shown, groups)
        elif part := shard.extra.get("frames"):
            digest.update(b"part" if part[0] else b"first")
            try:
                for text in part_text(file, shown, Part(*part)):
                    digest.update(text)
            except Broken:
                digest.update(b"damaged")
        elif shard.start is None:
            file.seek(0)
            _add(digest, file, None)
        elif not layout(head[:16], shown).plain:
            digest.update(b"not plain")  # read whole with the range that begins at 0, and not at all with the others
            file.seek(0)
            if not shard.start:
                _add(digest, file, None)
        else:
            digest.update(hashlib.sha256(head).digest())
            first = max(shard.start - 1, 0)
            file.seek(first)
            ended, begins = _add(digest, file, None if shard.stop is None else shard.stop - first)
            if not ended and (begins or not shard.start):
                _add_line(digest, file)
    return {"content": digest.hexdigest(), "stamp": found and [getattr(found, name) for name in _STAMP]}


_STAMP = ("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


def _add(digest: Any, file: BufferedReader, size: int | None) -> tuple[bool, bool]:
    """Add `size` bytes, or all that is left; return whether a line ends with them, and whether one ends within."""
    ended = begins = False
    while data := file.read(CHUNK if size is None else min(CHUNK, size)):
        digest.update(data)
        begins = begins or b"\n" in data
        ended = data.endswith(b"\n")
        if size is not None:
            size -= len(data)
    return ended, begins


def _add_line(digest: Any, file: BufferedReader) -> None:
    """Add the rest of the line."""
    while data := file.read(CHUNK):
        cut = data.find(b"\n") + 1
        digest.update(data[:cut] if cut else data)
        if cut:
            return


__all__ = ["range_identity"]
