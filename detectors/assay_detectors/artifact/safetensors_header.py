"""safetensors: the header, checked as strictly as the format asks. Such a file holds numbers only."""

from __future__ import annotations

import json
from typing import Any

from assay_detectors.artifact.sources import Source, Unread

MAX_HEADER = 100_000_000
_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
}
_BITS |= {
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "C64": 64,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unread("its header gives one key twice")
    return found


def read_header(source: Source, length: int) -> None:
    """Check the header of a file of `length` bytes.

    Raises:
        Unread: the header breaks a rule of the format; the text says which.
    """
    size = int.from_bytes(source.read(8), "little")
    if size > min(MAX_HEADER, length - 8):
        raise Unread("its header is longer than the file or than the format allows")
    raw = b""
    while len(raw) < size and (chunk := source.read(size - len(raw))):
        raw += chunk
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        raise Unread("its header is no JSON") from None
    if not isinstance(header, dict):
        raise Unread("its header is no JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Unread("its __metadata__ is not text")
    expected = 0
    for begin, end in sorted(_extent(name, entry) for name, entry in header.items()):
        if begin != expected:
            raise Unread("its tensors overlap or leave a gap")
        expected = end
    if expected != length - 8 - size:
        raise Unread("its tensors do not fill the file")


def _extent(name: str, entry: Any) -> tuple[int, int]:
    """Return where a tensor lies, after checking that its size fits its type and shape."""
    shown = name[:80]
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Unread(f"its tensor {shown!r} is not described by dtype, shape and data_offsets")
    shape, offsets, bits = entry["shape"], entry["data_offsets"], _BITS.get(str(entry["dtype"]))
    if bits is None or not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        raise Unread(f"its tensor {shown!r} has an unknown dtype or no shape")
    if not all(type(number) is int and 0 <= number < 1 << 62 for number in shape + offsets):
        raise Unread(f"its tensor {shown!r} has a negative or fractional size")
    count = bits
    for number in shape:
        count *= number
    begin, end = offsets
    if end < begin or (end - begin) * 8 != count:
        raise Unread(f"its tensor {shown!r} does not fit its place")
    return begin, end
