"""Which files beside an ONNX model hold its tensors, read off the wire; no tensor is read. Standard library only.

Field numbers: onnx.proto3. A tensor may stand in the graph, in an attribute, in a function or in a training graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

from assay.targets.tf_probe import Broken, varint

MOST = 1000
UNKNOWN = "?"
"""Stands for what could not be read: no file has this name for a gate, so nothing is passed by it."""
_MOST_FIELDS = 20_000_000
_MOST_BYTES = 4096

# message -> field -> message within
_SHAPE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}


def companions(path: Path) -> list[str]:
    """Return the locations that the tensors of the model at `path` name, sorted, as they stand in it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        found: set[str] = set()
        try:
            for location in _locations(data):
                found.add(location)
                if len(found) >= MOST:
                    return [*sorted(found)[: MOST - 1], UNKNOWN]
        except Broken:
            found.add(UNKNOWN)
    return sorted(found)


def _locations(data: mmap) -> Iterator[str]:
    pending, left = [("model", 0, len(data))], _MOST_FIELDS
    while pending:
        kind, start, stop = pending.pop()
        for field, low, high in _fields(data, start, stop):
            left -= 1
            if left < 0:
                raise Broken
            within = _SHAPE[kind].get(field)
            if within == "entry":
                yield from _location(data, low, high)
            elif within is not None:
                pending.append((within, low, high))


def _location(data: mmap, start: int, stop: int) -> Iterator[str]:
    """Yield the value of a `location` entry; readers differ in which of two they take, so of every one."""
    keys: list[str] = []
    values: list[str] = []
    for field, low, high in _fields(data, start, stop):
        if field in (1, 2):
            if high - low > _MOST_BYTES:
                raise Broken
            (keys if field == 1 else values).append(bytes(data[low:high]).decode("utf-8", "replace"))
    if "location" in keys:
        yield from values or [UNKNOWN]


def _fields(data: mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (field, start, stop) of every length-delimited field of one message.

    Raises:
        Broken: no valid protobuf.
    """
    while at < end:
        key, at = varint(data, at, end)
        wire, field = key & 7, key >> 3
        if wire == 0:
            _, at = varint(data, at, end)
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        elif wire == 2:
            length, at = varint(data, at, end)
            if at + length > end:
                raise Broken
            yield field, at, at + length
            at += length
        else:
            raise Broken
        if at > end:
            raise Broken
