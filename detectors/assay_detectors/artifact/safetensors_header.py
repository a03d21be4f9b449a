"""safetensors: the header, checked as strictly as the format asks. Such a file holds numbers only.

Standard library only. Rules: a length of eight bytes, at most 100 MB; then JSON that begins with `{` and may be padded
with spaces; each tensor with dtype, shape and data_offsets; tensors without overlap or gap from the end of the header
to the end of the file.
"""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Source, Unread
from assay_detectors.artifact.strict_json import once

MAX_HEADER = 100_000_000
_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
_BITS |= dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8)
_BITS |= dict.fromkeys(("I16", "U16", "F16", "BF16"), 16)
_BITS |= dict.fromkeys(("I32", "U32", "F32"), 32)
_BITS |= dict.fromkeys(("F64", "I64", "U64", "C64"), 64)
_BITS |= {"C128": 128}
_KEYS = frozenset({"dtype", "shape", "data_offsets"})


_once = once("its header")


def _pairs(pairs: list[tuple[str, Any]]) -> Any:
    """Keep of a tensor only its place, for a header may describe a million of them."""
    found = _once(pairs)
    return _extent(found) if found.keys() == _KEYS else found


def read_header(source: Source, length: int, report: Report | None = None) -> None:
    """Check the header of a file of `length` bytes.

    Args:
        source: the file from its start.
        length: its size.
        report: where strange names go as anomalies; None: nowhere.

    Raises:
        Unread: the header breaks a rule of the format; the text says which.
    """
    raw = _raw(source, length)
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unread("its header is no JSON") from None
    if not isinstance(header, dict):
        raise Unread("its header is no JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Unread("its __metadata__ is not text")
    expected = 0
    for name, entry in header.items():
        if not isinstance(entry, tuple):
            why = entry if isinstance(entry, str) else "is not described by dtype, shape and data_offsets"
            raise Unread(f"its tensor {name[:80]!r} {why}")
    for begin, end in sorted(header.values()):
        if begin < expected:
            raise Unread("its tensors overlap", "two-readings")
        if begin > expected:
            raise Unread("its tensors leave a gap", "hidden")
        expected = end
    left = length - 8 - len(raw) - expected
    if left:
        behind = left > 0
        raise Unread(
            "bytes follow its last tensor" if behind else "its tensors reach beyond its end",
            "hidden" if behind else "cut-off",
        )
    if report is not None:
        _judge_names([*header, *metadata], report)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _raw(source: Source, length: int) -> bytes:
    """Return the header as it stands, with its padding."""
    size = int.from_bytes(source.read(8), "little")
    if size > MAX_HEADER:
        raise Unread("its header is longer than the format allows", "bomb")
    if size > length - 8:
        raise Unread("its header is longer than the file", "cut-off")
    parts, left = [], size
    while left and (chunk := source.read(left)):
        parts.append(chunk)
        left -= len(chunk)
    raw = b"".join(parts)
    if raw[:1] != b"{":
        raise Unread("its header does not begin with {")
    if raw.rstrip(b" ")[-1:] != b"}":
        raise Unread("its header is padded with something else than spaces", "hidden")
    return raw


def _judge_names(names: list[str], report: Report) -> None:
    """Note names that are shown otherwise than they are."""
    for name in [name for name in names if not name.isascii() or not name.isprintable()][:1000]:
        strange = sorted({f"U+{ord(char):04X}" for char in name if unicodedata.category(char) in ("Cc", "Cf", "Cs")})
        if strange:
            note = f"the name {name[:60]!r} holds characters that are not shown or turn the text round"
            report.anomaly("name", f"{note}: {', '.join(strange[:5])}")


def _extent(entry: dict[str, Any]) -> tuple[int, int] | str:
    """Return where a tensor lies, or why that cannot be: its size must fit its type and shape."""
    shape, offsets, bits = entry["shape"], entry["data_offsets"], _BITS.get(str(entry["dtype"]))
    if bits is None or not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        return "has an unknown dtype or no shape"
    if len(shape) > 1000 or not all(type(number) is int and 0 <= number < 1 << 62 for number in shape + offsets):
        return "has a negative or fractional size"
    begin, end = offsets
    if end < begin or (end - begin) * 8 != math.prod(shape) * bits:
        return "does not fit its place"
    return begin, end
