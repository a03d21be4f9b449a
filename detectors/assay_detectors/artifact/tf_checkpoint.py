"""TensorFlow checkpoints: numbers in `NAME.data-00000-of-00001`, and the table `NAME.index` that says where they lie.

The data has no mark of its own, so it is known by its index: a table of LevelDB's format whose entries end exactly
where the data file does. Nothing in either is run. Messages: tensor_bundle.proto. Standard library only.
"""

from __future__ import annotations

import re
from pathlib import Path

from assay.targets.tf_probe import is_index
from assay_detectors.artifact.onnx_wire import varint
from assay_detectors.artifact.sources import Unread

MAX_INDEX = 64 << 20
SHARD = re.compile(r"(.+)\.data-(\d{5})-of-(\d{5})")
_TRAILER = 5
"""Bytes behind each block: how it is compressed, and a checksum."""


def is_shard(path: Path) -> bool:
    """Say whether the index beside the file covers it, to its last byte; never raises for what the files hold."""
    match = SHARD.fullmatch(path.name)
    if match is None:
        return False
    index = path.with_name(match[1] + ".index")
    try:
        if not index.is_file() or index.stat().st_size > MAX_INDEX:
            return False
        table = index.read_bytes()
        return is_index(table) and shard_length(table, int(match[2])) == path.stat().st_size
    except (OSError, Unread):
        return False


def shard_length(table: bytes, shard: int) -> int:
    """Return how long the numbered data file has to be, 0 where no entry lies in it.

    Raises:
        Unread: the table is damaged, or compressed.
    """
    at = len(table) - 48
    _, at = varint(table, at, len(table))
    _, at = varint(table, at, len(table))
    length = 0
    for handle, stop in _block(table, at):
        for value, end in _block(table, handle, stop):
            entry = _numbers(table, value, end)
            if 1 in entry and entry.get(3, 0) == shard and 5 in entry:
                length = max(length, entry.get(4, 0) + entry[5])
    return length


def _block(table: bytes, at: int, stop: int | None = None) -> list[tuple[int, int]]:
    """Return where the values of a block lie; `at` is its handle: where it starts, and its size."""
    limit = len(table) if stop is None else stop
    start, at = varint(table, at, limit)
    size, _ = varint(table, at, limit)
    if size < 4 or start + size + _TRAILER > len(table) or table[start + size] != 0:
        raise Unread("the index of the checkpoint is damaged or compressed")
    restarts = int.from_bytes(table[start + size - 4 : start + size], "little")
    at, end = start, start + size - 4 - 4 * restarts
    values = []
    while at < end:
        _, at = varint(table, at, end)
        key, at = varint(table, at, end)
        value, at = varint(table, at, end)
        at += key + value
        if at > end:
            raise Unread("the index of the checkpoint is damaged")
        values.append((at - value, at))
    return values


def _numbers(data: bytes, at: int, end: int) -> dict[int, int]:
    """Return the fields of a message that are plain numbers."""
    found = {}
    while at < end:
        key, at = varint(data, at, end)
        wire = key & 7
        if wire == 0:
            found[key >> 3], at = varint(data, at, end)
        elif wire == 2:
            length, at = varint(data, at, end)
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise Unread("the index of the checkpoint is damaged")
    return found
