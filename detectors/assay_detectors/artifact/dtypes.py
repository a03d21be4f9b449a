"""Types of numpy arrays inside pickles, and what is made with them: no bytes of a file may be taken for Python objects.

numpy believes what the state of a type says: that no field holds objects, where a field lies, how long an item is. Then
it follows eight bytes of the file as the address of an object. So each type is computed here from its fields, and what
it says of itself must agree.
"""

from __future__ import annotations

import math
import re
from typing import Any

from assay_detectors.artifact.machine import Machine
from assay_detectors.artifact.values import NONE, OPAQUE, Blob, Dtype, Global, Made, State

_CODE = re.compile(r"[<>=|]?([?bBhHiIlLqQefdgFDGSUVOmMacu])(\d*)(\[[\w/]+\])?\Z")
_BARE = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8, "e": 2, "f": 4, "d": 8, "F": 8}
_BARE |= {"D": 16, "m": 8, "M": 8}
_RECORDS = frozenset({"numpy.record", "numpy.void", "numpy.rec.record"})
OBJECTS = 1 | 2
"""Flags of a type that holds objects: items are counted references, and are pickled as a list."""
POINTER = 4
MAX_FIELDS = 10_000
MAX_HELD_ITEMS = 1 << 31
_ARGUMENTS = {"ndarray": 2, "recarray": 2, "matrix": 3, "chararray": 3}
"""Classes of arrays, and how many arguments say no more than shape and type; then comes the memory to read."""


def item_size(code: str) -> int | None:
    """Return the bytes of one item of a dtype code, 0 for Python objects, None where it is not known."""
    match = _CODE.match(code)
    if match is None:
        return None
    kind, digits = match[1], match[2]
    if kind == "O":
        return 0
    if not digits:
        return _BARE.get(kind)
    if kind in "biufcmMSaVU?":
        return int(digits[:9]) * (4 if kind == "U" else 1)
    return None


def _kind(dtype: Dtype) -> str:
    match = _CODE.match(dtype.code)
    return match[1] if match else ""


def made_dtype(m: Machine, known: tuple[Any, ...]) -> Dtype:
    """Return the type that `numpy.dtype` makes; one of a record is watched until it has its fields."""
    first = known[0] if known else NONE
    if type(first) is Dtype:
        m.report.unread("a type of numbers is made of another one, as no pickle does", "damaged", m.offset)
    code = first if isinstance(first, str) else "V" if isinstance(first, Global) and first.name in _RECORDS else ""
    dtype = Dtype(code)
    dtype.copied = len(known) == 3 and isinstance(known[2], int) and known[2] == 1
    if _kind(dtype) == "V":
        dtype.open = True
        m.track += 1
    return dtype


def dtype_state(m: Machine, dtype: Dtype, state: Any) -> None:
    """BUILD on a type: take its size and its fields, and refuse what is not true of them."""
    if dtype.open:
        dtype.open = False
        m.track -= 1
    reason = "it was used or changed before" if dtype.built or dtype.used else _contradiction(dtype, state)
    dtype.built = True
    if reason is not None:
        m.report.unread(f"the description of a type of array items cannot be true: {reason}", "damaged", m.offset)


def _contradiction(dtype: Dtype, state: Any) -> str | None:
    """Take what a state says; return what of it cannot be, None where all can."""
    if not isinstance(state, tuple) or not 7 <= len(state) <= 9 or type(state[0]) is not int:
        return "its state is none that numpy writes"
    if not dtype.copied:
        return "it is no copy, so that every array of this type would change"
    _, order, base, names, fields, size, alignment, *rest = state
    if type(size) is not int or type(alignment) is not int or (rest and type(rest[0]) is not int):
        return "its size is not known"
    dtype.order = order if isinstance(order, str) else ""
    kind, plain = _kind(dtype), item_size(dtype.code)
    if kind == "V":
        if size < 0:
            return "its size is negative"
        dtype.size = size
        reason = _record(dtype, base, names, fields)
        if reason is not None:
            return reason
    elif any(part is not NONE for part in (base, names, fields)):
        return "a number has fields"
    elif kind in ("S", "U", "a"):
        if size < 0 or (plain is not None and plain != size and plain):
            return "its size is not that of its name"
        dtype.size = size
    elif not kind and size >= 0:
        return "its name is not known"
    elif kind and size not in (-1, plain, 8):
        return "its size is not that of its name"
    else:
        dtype.holds = kind == "O"
    flags = rest[0] if rest else None
    if flags is None or not kind:
        return None
    if dtype.holds:
        return None if flags & OBJECTS == OBJECTS else "it holds objects and says that it does not"
    return "it holds no objects and says that it does" if flags & (OBJECTS | POINTER) else None


def _record(dtype: Dtype, base: Any, names: Any, fields: Any) -> str | None:
    """Take the fields of a record, or the base of a sub-array; return what of it cannot be."""
    size = dtype.size or 0
    if base is not NONE:
        if not isinstance(base, tuple) or len(base) != 2 or type(base[0]) is not Dtype or fields is not NONE:
            return "its base is not known"
        shape = base[1] if isinstance(base[1], tuple) else (base[1],)
        if not all(type(length) is int and length >= 0 for length in shape) or len(shape) > 64:
            return "its shape is not known"
        width = _width(base[0])
        if width is None or width * math.prod(shape) != size:
            return "its items are longer than itself"
        dtype.holds = base[0].holds
        return None
    if fields is NONE:
        return None if names is NONE else "it has names without fields"
    if type(fields) is not State or fields.items is None or not isinstance(names, tuple):
        return "its fields are not known"
    if len(fields.items) > MAX_FIELDS:
        return f"it has more than {MAX_FIELDS} fields"
    for field in fields.items.values():
        if not isinstance(field, tuple) or len(field) not in (2, 3) or type(field[0]) is not Dtype:
            return "a field is not known"
        width, offset = _width(field[0]), field[1]
        if width is None or type(offset) is not int or offset < 0 or offset + width > size:
            return "a field lies outside"
        dtype.holds = dtype.holds or field[0].holds
    dtype.fields = dict(fields.items)
    return None


def _width(dtype: Dtype) -> int | None:
    """Return the bytes of a type that is part of another; None where it may still change."""
    dtype.used = True
    if dtype.open or (_kind(dtype) == "O" and not dtype.built):
        return None
    if dtype.size is not None:
        return dtype.size
    size = item_size(dtype.code)
    return 8 if size == 0 else size


def use(values: Any) -> None:
    """Mark the types among arguments or in a state: from now on they may not change."""
    for value in values if isinstance(values, tuple) else ():
        if type(value) is Dtype:
            value.used = True


def array_of_objects(state: Any) -> bool:
    """Say whether the state of an array gives bytes for what its type says are objects."""
    if not isinstance(state, tuple):
        return False
    objects = any(type(part) is Dtype and (part.holds or _kind(part) == "O") for part in state)
    return objects and any(type(part) is Blob for part in state)


def forged(name: str, known: tuple[Any, ...], opcode: str) -> str | None:
    """Return how a call makes an array out of memory that may hold anything, as a part of a sentence; else None."""
    last = name.rpartition(".")[2]
    if not name.startswith("numpy.") or last not in _ARGUMENTS:
        return None
    if opcode == "NEWOBJ_EX":
        return "makes an array with keywords, as no pickle of one does"
    if len(known) <= _ARGUMENTS[last]:
        return None
    if last == "ndarray" and _is_plain_code(known[1]):
        return None
    return "makes an array of bytes that may stand for objects"


def _is_plain_code(dtype: Any) -> bool:
    if type(dtype) is Dtype:
        dtype = "" if dtype.holds or dtype.open else dtype.code
    return isinstance(dtype, str) and bool(item_size(dtype)) and "V" not in dtype


def is_object(value: Any) -> bool:
    """Say whether a value is what a call returned, of which no more is known."""
    return value is OPAQUE or type(value) is Made
