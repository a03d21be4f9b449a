"""Values of the symbolic unpickler: what a pickle would build, as far as it matters for what it may do.

Known values are Python's own: int (bool included), str, bytes, tuple. Everything else is one of the markers below.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from assay.targets.allowlist import entries, is_known_package
from assay_detectors.artifact.report import Finding


class Marker:
    """A value that is known by its kind only."""

    __slots__ = ("hashable", "kind", "plain")

    def __init__(self, kind: str, *, plain: bool = False, hashable: bool | None = True) -> None:
        self.kind = kind
        self.plain = plain
        """Made by opcodes alone, so that it cannot be called and has no `__setstate__`."""
        self.hashable = hashable
        """None: what it holds was not kept, so nobody knows."""


MARK = Marker("mark")
HOLE = Marker("nothing")
"""What the memo holds at 0 where Python 2 wrote a pickle: its places begin with 1."""
OPAQUE = Marker("object")
"""What a trusted call returned."""
TAINTED = Marker("result of something forbidden")
NONE = Marker("none", plain=True)
NUMBER = Marker("number", plain=True)
LIST = Marker("list", plain=True, hashable=False)
DICT = Marker("dict", plain=True, hashable=False)
SET = Marker("set", plain=True, hashable=False)
FROZEN = Marker("frozenset", plain=True)
TEXT = Marker("text", plain=True)
"""A string whose characters are not known: a call returned it, or it was not kept."""
TUPLE = Marker("tuple of numbers and texts", plain=True)
MIXED = Marker("tuple", plain=True, hashable=None)
"""Tuples whose items were not kept."""


class Global:
    """Something imported; `finding` where it is forbidden."""

    __slots__ = ("finding", "name", "power")

    def __init__(self, name: str, power: str | None, finding: Finding | None) -> None:
        self.name = name
        self.power = power
        self.finding = finding


class Blob:
    """A bytes constant; `data` is held only where it may be a pickle itself."""

    __slots__ = ("data", "mutable", "offset", "required")

    def __init__(self, data: bytes | None, offset: int, *, mutable: bool = False) -> None:
        self.data = data
        self.offset = offset
        self.required = False
        self.mutable = mutable
        """A bytearray."""


class State:
    """A dictionary whose entries are kept, because it may describe a joblib array."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: dict[str, Any] | None = {}
        """None once a key was computed, so that any entry may have been replaced."""


class Dtype:
    """A numpy dtype: its code, and what its state says of it."""

    __slots__ = ("built", "code", "copied", "fields", "holds", "open", "order", "size", "used")

    def __init__(self, code: str) -> None:
        self.code = code
        self.size: int | None = None
        """Bytes of an item, where the code does not tell."""
        self.holds = False
        """Whether an item holds Python objects."""
        self.fields: dict[str, Any] = {}
        self.order = ""
        self.copied = False
        """Whether it is a type of its own, not the one that all arrays share."""
        self.open = False
        """A record that has no fields yet."""
        self.built = False
        self.used = False
        """Whether something was made with it, so that it may not change any more."""


class Made:
    """An object that a trusted call made."""

    __slots__ = ("built", "name", "touched")

    def __init__(self, name: str, *, touched: bool = False) -> None:
        self.name = name
        self.built = False
        """Whether it was given a state."""
        self.touched = touched
        """Whether it may have attributes of its own, which could stand for its methods."""


class Wrapper:
    """joblib's NumpyArrayWrapper: BUILD on it reads raw array bytes from the file."""

    __slots__ = ("attributes",)

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}


_PLAIN = (str, int, tuple, Blob, State)
_HASHED = frozenset({str, int, bool, Global})
_SIMPLE = _HASHED | {Marker}
MAX_HASHED = 10_000
"""Items of nested tuples that one dictionary key may have; Python hashes shared ones again and again."""


def is_plain(value: Any) -> bool:
    """Say whether opcodes alone made the value: it cannot be called, and no class of it restores a state."""
    return value.plain if type(value) is Marker else isinstance(value, _PLAIN)


def hashable(values: list[Any]) -> bool | None:
    """Say whether all values may be keys of a dictionary; None where it is not known."""
    kinds = set(map(type, values))
    if kinds <= _HASHED:
        return True
    known: bool | None = True
    pending, steps = list(set(values) if kinds <= _SIMPLE else values), len(values) + MAX_HASHED
    while pending:
        value = pending.pop()
        steps -= 1
        if steps < 0:
            return None
        if type(value) is tuple:
            if len(value) > steps:
                return None
            pending.extend(value)
        elif type(value) is State or (type(value) is Blob and value.mutable):
            return False
        elif type(value) is Marker and not value.hashable:
            if value.hashable is False:
                return False
            known = None
    return known


LOST, LOST_ARRAY = Blob(None, -1), Blob(None, -1, mutable=True)
_SCALARS = frozenset({str, int, bool, Marker})
ACTING = frozenset(
    f"__{word}__"
    for word in (
        *("setstate", "getstate", "reduce", "reduce_ex", "copy", "deepcopy", "array", "array_interface"),
        *("array_struct", "array_function", "array_ufunc", "torch_function", "class", "call", "iter", "len", "getitem"),
        *("getattr", "getattribute", "setattr", "setitem", "index", "float", "int", "buffer", "dlpack"),
    )
)
"""Methods that Python and its libraries look for in an object itself, while a file is loaded or a value is copied."""
ADDRESSES = frozenset({"__array_interface__", "__array_struct__"})
"""Those by which an object that is none of numpy's names memory to read."""
_WORDS = ACTING | frozenset(
    {"dtype", "shape", "order", "subclass", "allow_mmap", "numpy_array_alignment_bytes", "storage", "module", "latin1"}
)
_CODES = frozenset(
    f"{order}{kind}{size}"
    for order in ("", "<", ">", "=", "|")
    for kind in "?bBhHiIlLqQefdgFDGSUVOmMacu"
    for size in ("", *range(1, 33), 64, 128)
)


@cache
def words() -> frozenset[str]:
    """Return the texts that may decide what a pickle does: names of the allowlist, and what describes arrays."""
    pairs = [entry.rpartition(".") for entry in entries()]
    return frozenset.union(_WORDS, _CODES, (module for module, _, _ in pairs), (name for _, _, name in pairs))


def compact(value: Any) -> Any:
    """Return what has to be kept of a value in a pickle of millions of them: its kind, and names that may be trusted.

    A text that is not kept is no trusted name, so an import of it is found all the same.
    """
    kind = type(value)
    if kind is str:
        if value in words():
            return value
        known = "." in value and is_known_package(value.split(".")[0])
        return value if known or (value[:2] in ("gA", "80") and len(value) >= 24) else TEXT
    if kind is tuple:
        if not value:
            return value
        plain = len(value) <= 64 and _SCALARS.issuperset(map(type, value)) and hashable(list(value))
        return TUPLE if plain else MIXED
    if kind is int:
        return value if -5 <= value <= 256 else NUMBER
    if kind is Blob and (value.data is None or len(value.data) <= 64):
        return LOST_ARRAY if value.mutable else LOST
    return OPAQUE if kind is Made else value
