"""Frames between supervisor and worker: JSON and npy, never pickle; sizes and depth are capped on reading.

A frame is `ASSY`, the length of a JSON header (4 bytes, big endian), the header, then blobs. The header is
`{"body": ..., "blobs": [length, ...]}`; `{"$npy": i}` in the body stands for blob i, an array in npy format.
Standard library only until an array is met.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from collections.abc import Callable
from typing import Any

MAGIC = b"ASSY"
MAX_HEADER = 64 * 1024 * 1024
MAX_BLOB = 512 * 1024 * 1024
MAX_BLOBS = 256
MAX_CONTAINERS = 1_000_000
MAX_ITEMS = 10_000_000
"""Lists and dicts, and things in them: a small header must not unfold into gigabytes of objects."""
MAX_DEPTH = 32
MAX_DIMENSIONS = 8
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""What travels as it is, and is most of what travels."""

Read = Callable[[int], bytes]
"""Return exactly that many bytes; raises `FrameError` at the end of the stream."""


class FrameError(Exception):
    """The other side sent what is no frame. It is not spoken to again."""


def encode(body: Any) -> bytes:
    """Return the frame of plain data and arrays.

    Raises:
        FrameError: something that is neither.
    """
    blobs: list[bytes] = []
    try:
        header = json.dumps({"body": _pack(body, blobs, 0), "blobs": [len(blob) for blob in blobs]}, allow_nan=True)
    except (TypeError, ValueError) as error:
        raise FrameError(f"not plain data: {error}") from None
    raw = header.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_HEADER or len(blobs) > MAX_BLOBS:
        raise FrameError(f"a result of {len(raw):,} bytes and {len(blobs)} arrays is too large for one frame")
    return b"".join((MAGIC, struct.pack(">I", len(raw)), raw, *blobs))


def decode(read: Read) -> Any:
    """Read one frame.

    Raises:
        FrameError: wrong magic, too large, too deep, not JSON, arrays that are none.
    """
    start = read(8)
    if start[:4] != MAGIC:
        raise FrameError("no frame: wrong first bytes")
    (length,) = struct.unpack(">I", start[4:])
    if length > MAX_HEADER:
        raise FrameError(f"a header of {length:,} bytes is over the limit")
    raw = read(length)
    if raw.count(b"[") + raw.count(b"{") > MAX_CONTAINERS or raw.count(b",") > MAX_ITEMS:
        raise FrameError("too many values in one frame")
    try:
        header = json.loads(raw.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise FrameError(f"no frame: {type(error).__name__}") from None
    if not isinstance(header, dict) or set(header) != {"body", "blobs"}:
        raise FrameError("no frame: wrong header")
    sizes = header["blobs"]
    if not isinstance(sizes, list) or len(sizes) > MAX_BLOBS:
        raise FrameError("no frame: wrong list of arrays")
    if any(type(size) is not int or not 0 <= size <= MAX_BLOB for size in sizes) or sum(sizes) > MAX_BLOB:
        raise FrameError("no frame: an array is over the limit")
    blobs = [read(size) for size in sizes]
    return _unpack(header["body"], blobs, 0)


def _pack(value: Any, blobs: list[bytes], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise FrameError("nested too deep for a frame")
    if isinstance(value, dict):
        if any(type(key) is not str for key in value):
            raise FrameError("keys must be text")
        return {key: _pack(item, blobs, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _PLAIN else _pack(item, blobs, depth + 1) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return value.item()
    if numpy is not None and isinstance(value, numpy.ndarray):
        if value.dtype.hasobject:
            raise FrameError("arrays of objects do not travel")
        stream = io.BytesIO()
        numpy.lib.format.write_array(stream, value, allow_pickle=False)
        blobs.append(stream.getvalue())
        return {"$npy": len(blobs) - 1}
    raise FrameError(f"{type(value).__name__} is not plain data")


def _unpack(value: Any, blobs: list[bytes], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise FrameError("nested too deep")
    if isinstance(value, list):
        return [item if type(item) in _PLAIN else _unpack(item, blobs, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$npy"}:
        index = value["$npy"]
        if type(index) is not int or not 0 <= index < len(blobs):
            raise FrameError("no such array in the frame")
        return _array(blobs[index])
    return {key: _unpack(item, blobs, depth + 1) for key, item in value.items()}


def _array(blob: bytes) -> Any:
    import numpy as np

    stream = io.BytesIO(blob)
    try:
        version = np.lib.format.read_magic(stream)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(stream, max_header_size=10_000)
        size = dtype.itemsize
        for length in shape:
            size *= length
        if dtype.hasobject or len(shape) > MAX_DIMENSIONS or size != len(blob) - stream.tell():
            raise FrameError("an array is not what its header says")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    except (ValueError, TypeError, SyntaxError, OverflowError, MemoryError) as error:
        raise FrameError(f"no array: {type(error).__name__}") from None
