"""Arrays inside pickles: dtypes, the raw bytes that joblib writes behind its wrapper, and npy headers."""

from __future__ import annotations

import contextlib
import math
from typing import Any, TypeGuard

from assay.targets.pickle_probe import COUNTED, FIXED, LINES
from assay_detectors.artifact.dtypes import item_size
from assay_detectors.artifact.machine import MAX_INNER, Broken, Machine
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Budget, Held, Source, Unread
from assay_detectors.artifact.values import OPAQUE, Dtype, State, Wrapper

MAX_DIMENSIONS = 64
PEEK = 1 << 16
TWO = "two-readings"
OPCODES = "array bytes are opcodes as well, so joblib and pickle read them differently"
_ACTING = frozenset(b"ciRobPQ\x81\x82\x83\x84\x92\x93")


def build_wrapper(m: Machine, wrapper: Wrapper, state: Any, at: int) -> int:
    """BUILD on joblib's wrapper: pass over exactly the array bytes that joblib reads; return the next index."""
    if not isinstance(state, State) or state.items is None:
        m.report.unread(
            "the description of a joblib array is computed, so where the array ends is not known", TWO, m.offset
        )
        return at
    wrapper.attributes.update(state.items)
    if not m.joblib:
        return at
    if m.frame_end is not None and m.base + at != m.frame_end:
        m.report.unread("array bytes lie within a frame, so joblib and pickle read them differently", TWO, m.offset)
    m.frame_end = None
    m._bound()
    dtype, shape = wrapper.attributes.get("dtype"), wrapper.attributes.get("shape")
    size = _size_of(dtype)
    if size is None or not _is_shape(shape):
        reason = "shape or type of a joblib array is not known, so where the array ends is not known either"
        m.report.unread(reason, TWO, m.offset)
        return ~at
    _other_reading(m, at)
    m.stack[-1] = OPAQUE
    if size == 0 and isinstance(dtype, Dtype) and (dtype.holds or item_size(dtype.code) == 0):
        return _object_array(m, at)
    return ~_pass_array(m, wrapper, size * math.prod(shape), at)


def _size_of(dtype: Any) -> int | None:
    if not isinstance(dtype, Dtype):
        return None
    dtype.used = True
    size = item_size(dtype.code)
    return 0 if size == 0 or dtype.holds else dtype.size if dtype.size is not None else size


def _is_shape(shape: Any) -> TypeGuard[tuple[int, ...]]:
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
        return False
    return all(type(length) is int and 0 <= length < 1 << 62 for length in shape)


def _pass_array(m: Machine, wrapper: Wrapper, count: int, at: int) -> int:
    """Pass over the padding, if this wrapper has any, and `count` bytes."""
    alignment = wrapper.attributes.get("numpy_array_alignment_bytes")
    if alignment is not None and type(alignment) is not int and getattr(alignment, "kind", "") != "none":
        m.report.unread("the alignment of a joblib array is computed", TWO, m.offset)
    if type(alignment) is int:
        at = m.have(at, 1)
        at = m.pass_over(at + 1, m.buf[at])
    if count > 1 << 62:
        raise Broken("an array is larger than any file")
    return m.pass_over(at, count)


def _object_array(m: Machine, at: int) -> int:
    """An array of objects is a pickle of its own, in the middle of this one."""
    if len(m.saved) >= MAX_INNER:
        raise Unread(f"more than {MAX_INNER} pickles lie within each other", "bomb")
    m.saved.append((m.stack, m.marks, m.memo, m.joblib, m.proto))
    m.stack, m.marks, m.memo, m.joblib, m.proto = [], [], [], False, 0
    return ~at


# What pickle.load, which knows no arrays, would make of the same bytes ------------------------------------------------


def acts(data: bytes) -> bool | None:
    """Say whether `data`, read as opcodes, comes to an import or a call before it breaks; None at its end."""
    at, size = 0, len(data)
    while at < size:
        op = data[at]
        at += 1
        if op in _ACTING:
            return True
        if op in FIXED:
            at += FIXED[op]
        elif op in COUNTED:
            at += COUNTED[op] + int.from_bytes(data[at : at + COUNTED[op]], "little")
        elif op in LINES:
            at = data.find(b"\n", at) + 1
            if not at:
                return False
        elif op == 0x2E or op not in b"()]}N\x88\x89\x8f\x97\x940123ltdeasu\x85\x86\x87\x90\x91\x98":
            return False
    return None if at == size else False


def _other_reading(m: Machine, at: int) -> None:
    """Read array bytes as opcodes too, with this stack and memo, for a file may be loaded without joblib."""
    ahead = m.buf[at : at + PEEK]
    if len(ahead) < PEEK and not m.eof:
        ahead += m.source.peek(PEEK - len(ahead))
    verdict = acts(ahead)
    if verdict is None and len(ahead) >= PEEK:
        m.report.unread(OPCODES, TWO, m.offset)
    if not verdict:
        return
    other = Machine(Held(ahead), Report(m.report.member), Budget())
    other.stack, other.marks, other.proto = list(m.stack), list(m.marks), m.proto
    other.memo = list(m.memo) if isinstance(m.memo, list) else dict(m.memo)
    other.base = m.base + at
    other.speculative = True
    with contextlib.suppress(Broken, Unread):
        other.run()
    if other.report.total:
        m.report.absorb(other.report, complete=False)
        m.report.unread(OPCODES, TWO, m.offset)


# npy ------------------------------------------------------------------------------------------------------------------


def npy_length(source: Source) -> int | None:
    """Read the header of an npy file; return how many bytes of numbers follow, or None where a pickle follows.

    Raises:
        Unread: the header is damaged.
    """
    head = source.peek(12)
    if len(head) < 10 or head[6] not in (1, 2, 3):
        raise Unread("its npy header is damaged")
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if length > PEEK:
        raise Unread("its npy header is longer than numpy allows")
    source.skip(8 + width)
    text = b""
    while len(text) < length and (chunk := source.read(length - len(text))):
        text += chunk
    header = text.decode("latin-1")
    if len(text) < length or header.count("(") + header.count("[") + header.count("{") > 150:
        raise Unread("its npy header is damaged")
    import ast

    try:
        described = ast.literal_eval(header.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise Unread("its npy header is damaged") from None
    if not isinstance(described, dict) or "descr" not in described:
        raise Unread("its npy header names no type")
    if _holds_objects(described["descr"]):
        return None
    shape = described.get("shape")
    size = _record_size(described["descr"])
    if size is None or not _is_shape(shape):
        raise Unread("its npy header gives no shape")
    return size * math.prod(shape)


def _record_size(described: Any) -> int | None:
    """Return the bytes of one item of a type without objects; None for sub-arrays in records."""
    total = 0
    fields: list[Any] = described if isinstance(described, list) else [("", described)]
    for field in fields:
        shape = field[2] if len(field) > 2 else ()
        size = item_size(field[1]) if isinstance(field[1], str) else None
        if size is None or not _is_shape(shape):
            return None
        total += size * math.prod(shape)
    return total


def _holds_objects(described: Any) -> bool:
    pending = [described]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if not item_size(item):
                return True
        elif isinstance(item, list):
            for field in item:
                if not isinstance(field, tuple) or len(field) < 2:
                    return True
                pending.append(field[1])
        elif isinstance(item, tuple) and item:
            pending.append(item[0])
        else:
            return True
    return False
