"""What a trusted call asks for: memory or time that nothing in the file accounts for is a bomb, not a model.

Pickle gives its libraries numbers: how long an array is, how many bytes to make, how large a tensor lies in a storage.
Honest files give the content as well, so a number beyond `allowed` has nothing behind it. Where a number is not known
to the reading and no honest file computes it, the call is refused as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from assay_detectors.artifact.dtypes import is_object, item_size
from assay_detectors.artifact.machine import Machine
from assay_detectors.artifact.values import ACTING, LIST, MIXED, NONE, NUMBER, TEXT, TUPLE, Blob, Dtype, Global

FREE = 64 << 20
"""Bytes that any call may ask for."""
TIMES = 8
"""How many times the bytes of the file a call may ask for beyond that."""
MAX_SPAN = 10**8
MAX_LISTED = 10**6
"""Items of a range that a call may go through."""
MAX_DIGITS = 20_000
MAX_EXPONENT = 100_000
MAX_PATTERN = 1 << 16
MAX_WIDE = 200
"""Ranges beyond ASCII in a pattern without case; each takes a hundredth of a second to compile."""
MAX_UNITS = 1 << 26
"""What the constructor of a layer or a sparse matrix may be told to make."""
_UNKNOWN_ITEM = 16
_CALLING = frozenset({"REDUCE", "OBJ", "INST"})
"""Opcodes that run `__init__`; the others only `__new__`."""


class Span:
    """A range."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        self.count = count


class Storage:
    """A storage of a tensor that the loader fetches by a persistent id."""

    __slots__ = ("count",)

    def __init__(self, count: int | None) -> None:
        self.count = count
        """Items, or None where they are not known."""


def allowed(m: Machine) -> int:
    """Return the bytes that a call may ask for here."""
    return max(FREE, TIMES * max(m.budget.size or 0, m.offset))


def result(name: str, arguments: Any) -> Any:
    """Return the value of a call whose size matters to later ones, else None."""
    known = arguments if isinstance(arguments, tuple) else (NUMBER,)
    if name == "builtins.range" or (name.startswith("pandas.") and name.endswith(".RangeIndex")):
        count = _span(known)
        return Span(MAX_SPAN + 1 if count is None else count)
    if name == _NEW_INDEX and known and isinstance(known[0], Global) and known[0].name.endswith(".RangeIndex"):
        return Span(MAX_SPAN + 1)
    return None


_NEW_INDEX = "pandas.core.indexes.base._new_Index"


def excess(m: Machine, name: str, arguments: Any, opcode: str) -> str | None:
    """Return what a trusted call asks for beyond all measure, as a part of a sentence; None where it does not."""
    known: tuple[Any, ...] = arguments if isinstance(arguments, tuple) else (arguments,)
    if any(type(part) is Span and part.count > MAX_LISTED for part in known):
        return f"goes through a range of more than {MAX_LISTED} numbers"
    judge = _JUDGES.get(name)
    if (arguments is TUPLE or arguments is MIXED) and (judge or name in _HELPERS or name.startswith(_BUILT)):
        return "is called with arguments that are not known"
    if judge and opcode == "NEWOBJ_EX":
        return "is called with keywords, as no pickle does"
    if judge is not None:
        return judge(m, known)
    if opcode in _CALLING and known:
        return _constructor(m, name, known)
    return _allocated(m, known) if name.startswith("torch.") and name.endswith(("Storage", "Tensor")) else None


_BUILT = ("copyreg.", "torch.", "sklearn.", "scipy.")
_HELPERS: dict[str, tuple[int, int, str]] = {
    "copyreg.__newobj_ex__": (0, 1, "NEWOBJ_EX"),
    "torch._tensor._rebuild_from_type": (0, 2, "REDUCE"),
    "torch._tensor._rebuild_from_type_v2": (0, 2, "REDUCE"),
    "dill._dill._create_array": (0, 1, "REDUCE"),
}
"""Helpers that call what they are given: where that stands, where its arguments, and as what it is called."""


def through(function: Global, arguments: Any, opcode: str) -> tuple[Global, Any, str]:
    """Return what is called in the end, with which arguments and as what opcode would."""
    for _ in range(4):
        known = arguments if isinstance(arguments, tuple) else ()
        name, found = function.name, None
        if name == "copyreg.__newobj__":
            found, given, below = known[0] if known else None, known[1:], "NEWOBJ"
        elif name == "copyreg._reconstructor":
            found, given, below = known[1] if len(known) > 1 else None, known[2:], "REDUCE"
        elif name in _HELPERS and len(known) > _HELPERS[name][1]:
            place, at, below = _HELPERS[name]
            found, given = known[place], known[at]
        if not isinstance(found, Global) or found.finding is not None:
            break
        function, arguments, opcode = found, given, below
    return function, arguments, opcode


# Python's own ---------------------------------------------------------------------------------------------------------


def _span(known: tuple[Any, ...]) -> int | None:
    if not 1 <= len(known) <= 3 or not all(isinstance(part, int) for part in known):
        return None
    start, stop, step = (0, known[0], 1) if len(known) == 1 else (*known, 1)[:3]
    return max(0, -((start - stop) // step)) if step else 0


def _range(m: Machine, known: tuple[Any, ...]) -> str | None:
    count = _span(known)
    return f"makes a range of more than {MAX_SPAN} numbers" if count is None or count > MAX_SPAN else None


def _bytes(m: Machine, known: tuple[Any, ...]) -> str | None:
    for part in known[:1]:
        if part in (NUMBER, TUPLE, MIXED) or is_object(part) or type(part) is Span:
            return "makes bytes of a number that is computed"
        if isinstance(part, int) and part > FREE:
            return "makes bytes out of a number"
    return None


def _digits(m: Machine, known: tuple[Any, ...]) -> str | None:
    if any(isinstance(part, str) and len(part) > MAX_DIGITS for part in known):
        return f"reads a number of more than {MAX_DIGITS} digits"
    return None


def _rounded(m: Machine, known: tuple[Any, ...]) -> str | None:
    small = len(known) < 2 or known[1] is NONE or (isinstance(known[1], int) and abs(known[1]) <= MAX_EXPONENT)
    return None if small else f"rounds to more than {MAX_EXPONENT} digits"


_EXPONENT = re.compile(r"[eE]([-+]?[\d_]+)\s*\Z")


def _decimal(m: Machine, known: tuple[Any, ...]) -> str | None:
    for part in known:
        found = _EXPONENT.search(part) if isinstance(part, str) else None
        large = found is not None and (len(found[1]) > 12 or abs(int(found[1].strip("_") or 0)) > MAX_EXPONENT)
        if large or (isinstance(part, tuple) and any(abs(number) > MAX_EXPONENT for number in _numbers(part))):
            return f"reads a number with an exponent beyond {MAX_EXPONENT}"
        if part is TUPLE or part is LIST:
            return "reads a decimal number from digits that are not known"
    return _digits(m, known)


def _text(m: Machine, known: tuple[Any, ...]) -> str | None:
    plain = all(part in (TEXT, NUMBER, NONE) or isinstance(part, str | int | Blob) for part in known)
    if any(isinstance(part, str) and part in ACTING for part in known):
        return "makes the name of a method by which loading acts"
    return None if plain else "writes out as text whatever an object holds"


def _pattern(m: Machine, known: tuple[Any, ...]) -> str | None:
    text = known[0] if known else ""
    if isinstance(text, Blob) and text.data is not None:
        text = text.data.decode("latin-1")
    if not isinstance(text, str):
        return "compiles a pattern that is not known"
    flags = known[1] if len(known) > 1 else 0
    caseless = not isinstance(flags, int) or flags & 2 or "(?" in text
    wide = sum(not char.isascii() for char in text) + text.count("\\")
    if len(text) > MAX_PATTERN or (caseless and min(wide, text.count("-")) > MAX_WIDE):
        return "compiles a pattern that takes very long to compile"
    return None


def _zone(m: Machine, known: tuple[Any, ...]) -> str | None:
    name = known[0] if known else ""
    return None if isinstance(name, str) and _ZONE.fullmatch(name) else "reads a time zone whose name is none"


_ZONE = re.compile(r"[A-Za-z][\w+-]{0,40}(/[A-Za-z][\w+-]{0,40}){0,2}", re.ASCII)


# Arrays ---------------------------------------------------------------------------------------------------------------


def _numbers(value: Any) -> Iterator[int]:
    """Yield the numbers in a value and in the tuples that it holds, as far down as arguments go."""
    pending, steps = [(value, 0)], 10_000
    while pending and steps:
        part, depth = pending.pop()
        steps -= 1
        if isinstance(part, tuple) and depth < 6:
            pending.extend((inner, depth + 1) for inner in part[:1000])
        elif type(part) is int:
            yield part


def product(shape: Any) -> int | None:
    """Return the items of a shape; None where it is not known, or none."""
    sizes = shape if isinstance(shape, tuple) else (shape,)
    if len(sizes) > 64 or not all(isinstance(size, int) and size >= 0 for size in sizes):
        return None
    return math.prod(sizes)


def _item(dtype: Any) -> int:
    if isinstance(dtype, Dtype):
        size = dtype.size if dtype.size is not None else item_size(dtype.code)
    elif isinstance(dtype, Blob):
        size = item_size((dtype.data or b"?" * 9).decode("latin-1"))
    else:
        size = item_size(dtype) if isinstance(dtype, str) else None
    return _UNKNOWN_ITEM if size is None else size or 8


def _array(place: int) -> Callable[[Machine, tuple[Any, ...]], str | None]:
    """Judge an array by the shape at `place` and the type behind it."""

    def judge(m: Machine, known: tuple[Any, ...]) -> str | None:
        if len(known) <= place:
            return None
        items = product(known[place])
        if items is None:
            return "makes an array of a shape that is not known"
        size = items * _item(known[place + 1] if len(known) > place + 1 else None)
        return f"makes an array of {size} bytes without giving them" if size > allowed(m) else None

    return judge


def _texts(m: Machine, known: tuple[Any, ...]) -> str | None:
    """Judge an array of texts by its shape and the length of each."""
    size = product(known[:1]) if known and not isinstance(known[0], tuple) else product(known[0] if known else ())
    length = product(known[1:2])
    if size is None or length is None:
        return "makes an array of texts of a size that is not known"
    size *= 4 * length
    return f"makes an array of {size} bytes without giving them" if size > allowed(m) else None


def _scalar(m: Machine, known: tuple[Any, ...]) -> str | None:
    if len(known) == 1 and _item(known[0]) > FREE:
        return "makes a number of very many bytes without giving them"
    return None


def state_excess(m: Machine, state: Any) -> str | None:
    """Say what the state of a tensor or of an array asks for beyond all measure, as a part of a sentence."""
    tensor = isinstance(state, tuple) and len(state) == 4 and type(state[1]) is int
    if tensor and all(isinstance(part, tuple) and product(part) is not None for part in state[2:]):
        return _tensor(m, state)
    return _array_state(m, state)


def _array_state(m: Machine, state: Any) -> str | None:
    """Say whether the state of an array of objects declares more items than the file could have listed so far."""
    if not isinstance(state, tuple) or len(state) != 5 or state[4] is not LIST or type(state[3]) is not bool:
        return None
    if not isinstance(state[0], int) or not isinstance(state[1], tuple):
        return None
    items = product(state[1])
    return None if items is not None and items <= m.offset else "fills an array with more objects than the file holds"


# torch ----------------------------------------------------------------------------------------------------------------


def _tensor(m: Machine, known: tuple[Any, ...]) -> str | None:
    if len(known) < 4:
        return None
    storage, offset, size, stride = known[:4]
    items = product(size)
    steps = stride if isinstance(stride, tuple) else None
    if items is None or product(offset) is None or product(stride) is None or steps is None or len(steps) != len(size):
        return "rebuilds a tensor whose shape is not known"
    needed = offset + (sum((n - 1) * step for n, step in zip(size, steps, strict=True)) + 1 if items else 0)
    if isinstance(storage, Storage) and storage.count is not None:
        return "rebuilds a tensor that is larger than its storage" if needed > storage.count else None
    return f"rebuilds a tensor of {needed} items without giving them" if needed > allowed(m) else None


def _quantized(m: Machine, known: tuple[Any, ...]) -> str | None:
    items = product(known[2]) if len(known) > 2 else 0
    if items is not None and items > allowed(m):
        return f"makes a tensor of {items} items without giving them"
    return _tensor(m, known)


def storage_excess(m: Machine, count: Any) -> str | None:
    """Say whether a storage is declared that the file cannot hold; where the size of the file is known."""
    size = m.budget.size
    if isinstance(count, int) and size is not None and count > max(FREE, TIMES * size):
        return f"asks for a storage of {count} items, which the file cannot hold"
    return None


def _allocated(m: Machine, known: tuple[Any, ...]) -> str | None:
    if any(part is NUMBER or is_object(part) or part is TUPLE for part in known):
        return "makes a tensor of a size that is computed"
    items = math.prod(number for number in _numbers(known) if number > 1)
    return f"makes a tensor of {items} items without giving them" if items > FREE else None


def _constructor(m: Machine, name: str, known: tuple[Any, ...]) -> str | None:
    """Judge what a class is told when it is called; what a library pickles itself it restores from a state."""
    if name.startswith("torch.nn.modules."):
        if any(is_object(part) or part is TUPLE for part in known):
            return "makes a layer of a size that is computed"
        units = math.prod(number for number in _numbers(known) if number > 1)
    elif name.startswith("torch.") and name.endswith(("Storage", "Tensor")):
        return _allocated(m, known)
    elif name.startswith("scipy.sparse.") or (name.startswith("pandas.") and name.endswith(_TABLES)):
        return "makes a table or matrix by its constructor, as no pickle of one does"
    elif name.startswith(("sklearn.", "scipy.")) and not name.rpartition(".")[2].startswith("__pyx_"):
        units = max((number for number in _numbers(known)), default=0)
    else:
        return None
    return f"makes something of {units} parts without giving them" if units > MAX_UNITS else None


_TABLES = (".DataFrame", ".Series")
_JUDGES: dict[str, Callable[[Machine, tuple[Any, ...]], str | None]] = {
    "builtins.range": _range,
    "builtins.round": _rounded,
    "builtins.str": _text,
    "builtins.int": _digits,
    "builtins.float": _digits,
    "builtins.complex": _digits,
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _decimal,
    "re._compile": _pattern,
    "zoneinfo.ZoneInfo._unpickle": _zone,
    "numpy.ma.core._mareconstruct": _array(2),
    "torch._utils._rebuild_qtensor": _quantized,
}
_JUDGES |= dict.fromkeys(("builtins.bytes", "builtins.bytearray", "numpy.void", "numpy.bytes_"), _bytes)
_JUDGES |= dict.fromkeys(("numpy.str_", "numpy.unicode_"), _text)
_JUDGES |= {f"numpy.{place}": _array(0) for place in ("ndarray", "recarray", "rec.recarray")}
for _core in ("numpy.core", "numpy._core"):
    _JUDGES |= {f"{_core}.multiarray._reconstruct": _array(1), f"{_core}.multiarray.scalar": _scalar}
    _JUDGES[f"{_core}.defchararray.chararray"] = _texts
_JUDGES["numpy.char.chararray"] = _texts
_JUDGES |= {f"torch._utils._rebuild_tensor{version}": _tensor for version in ("", "_v2", "_v3")}
