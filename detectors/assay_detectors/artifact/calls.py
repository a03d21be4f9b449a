"""Imports, calls and references of a pickle: the opcodes by which it acts, judged by the allowlist."""

from __future__ import annotations

import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import Any

from assay.targets.allowlist import is_known_package, trusted
from assay.targets.pickle_probe import looks_like_pickle
from assay_detectors.artifact import arrays, demands, dtypes, guarded, objects, persistent
from assay_detectors.artifact.machine import Broken, Machine
from assay_detectors.artifact.values import (
    DICT,
    MIXED,
    NONE,
    NUMBER,
    TAINTED,
    TEXT,
    TUPLE,
    Blob,
    Dtype,
    Global,
    Made,
    State,
    Wrapper,
    is_plain,
)

COMPUTED = "<computed>"
TWO = "two-readings"
_LATIN = frozenset({"latin1", "latin-1", "iso-8859-1", "latin", "l1"})
_WRAPPERS = frozenset(
    f"{where}.NumpyArrayWrapper" for where in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
)
_CTOR = "numpy.random._pickle.__bit_generator_ctor"
_GIVEN = {
    "pandas.core.indexes.base._new_Index": (0, "pandas."),
    "pandas.core.indexes.datetimes._new_DatetimeIndex": (0, "pandas."),
    "pandas.core.indexes.period._new_PeriodIndex": (0, "pandas."),
    "numpy.random._pickle.__generator_ctor": (1, _CTOR),
    "numpy.random._pickle.__randomstate_ctor": (1, _CTOR),
}
"""Helpers that call an argument: which one, and how its name must begin."""
_CALLING = frozenset({"REDUCE", "OBJ", "INST"})
_NESTED_HEADS = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x93NUMPY")


# Bytes that may be a pickle -------------------------------------------------------------------------------------------


def may_be_nested(head: bytes) -> bool:
    """Say whether a bytes constant that begins so may hold a pickle or a container of one."""
    if len(head) < 4:
        return False
    if head[0] == 0x80:
        return head[1] <= 5
    return head.startswith(_NESTED_HEADS) or looks_like_pickle(head)


def nested(m: Machine, data: bytes, offset: int, *, mutable: bool = False) -> Blob:
    """Keep a bytes constant, to be read when this pickle is done."""
    m.budget.nested -= len(data)
    if m.budget.nested < 0:
        m.report.unread("its bytes constants that may be pickles are too many to hold", "bomb", offset)
        return Blob(None, offset, mutable=mutable)
    blob = Blob(data, offset, mutable=mutable)
    m.blobs.append(blob)
    return blob


# Imports --------------------------------------------------------------------------------------------------------------


def imports(m: Machine, module: Any, name: Any, opcode: str) -> Global:
    """Resolve an import as CPython would; record it unless exactly this name is trusted."""
    if type(module) is not str or type(name) is not str:
        for part in (module, name):
            if is_plain(part) and type(part) is not str and part is not TEXT:
                raise Broken("a name is no string")
        if m.speculative and TEXT not in (module, name):
            raise Broken("a name is no string")
        finding = m.report.find("import", COMPUTED, "imports a name that is computed while loading", m.offset, opcode)
        return _keep(m, Global(COMPUTED, None, finding))
    if m.proto < 3:
        if (module, name) in NAME_MAPPING:
            module, name = NAME_MAPPING[(module, name)]
        elif module in IMPORT_MAPPING:
            module = IMPORT_MAPPING[module]
    if m.speculative and not _may_exist(module, name):
        raise Broken("no library holds this name")
    full = f"{module}.{name}"
    known = m.globals.get(full) if "." not in name else None  # a dotted name is never trusted
    if known is not None and known.finding is None:
        return known
    power = trusted(module, name)
    m.report.lists("imports", full, m.offset, power=power, opcode=opcode)
    watched = None if power else guarded.guard(m, full, opcode)
    if watched is not None:
        return watched
    judged = None if power else m.report.find("import", full, f"imports {full}", m.offset, opcode)
    found = Global(full, power, judged)
    if power:
        m.globals[full] = found
        m.track += full in _WRAPPERS
    return _keep(m, found)


def _may_exist(module: str, name: str) -> bool:
    """Say whether an import that was found by chance could be meant: a plain name in a known package."""
    root = module.split(".")[0]
    parts = f"{module}.{name}".split(".")
    return all(part.isidentifier() for part in parts) and (root in sys.stdlib_module_names or is_known_package(root))


def _keep(m: Machine, found: Global) -> Global:
    if found.finding is not None:
        m.imported.append(found)
    return found


def _line_pair(m: Machine, at: int, encoding: str) -> tuple[str, str, int]:
    offset = m.offset
    module, at = m.line(at, open_end=True)
    name, at = m.line(at, open_end=True)
    m.at = offset - m.base
    if not module or not name:
        m.report.unread("a name is empty, which only one of Python's two unpicklers refuses", TWO, offset)
    return module.decode(encoding), name.decode(encoding), at


def op_global(m: Machine, at: int) -> int:
    """GLOBAL: two lines, module and name."""
    module, name, at = _line_pair(m, at, "utf-8")
    m.stack.append(imports(m, module, name, "GLOBAL"))
    return ~at


def op_stack_global(m: Machine, at: int) -> int:
    """STACK_GLOBAL: module and name from the stack."""
    name, module = m.pop(), m.pop()
    kind = type(m.memo)
    m.stack.append(imports(m, module, name, "STACK_GLOBAL"))
    return at if type(m.memo) is kind else ~at


def op_inst(m: Machine, at: int) -> int:
    """INST: import by two lines, call with everything above the mark."""
    module, name, at = _line_pair(m, at, "ascii")
    function = imports(m, module, name, "INST")
    m.stack.append(call(m, function, tuple(m.pop_mark()), "INST"))
    return ~at


def op_extension(m: Machine, at: int) -> int:
    """EXT1, EXT2, EXT4: a name from the registry of the process that loads, unknown here."""
    width = {0x82: 1, 0x83: 2, 0x84: 4}[m.buf[at - 1]]
    if at + width > m.size:
        raise Broken("it is cut off")
    code = int.from_bytes(m.buf[at : at + width], "little")
    if code == 0 or code >> 31:
        raise Broken("an extension code is not positive")
    name = f"copyreg extension {code}"
    finding = m.report.find("import", name, f"imports whatever is registered as {name}", m.offset, f"EXT{width}")
    m.stack.append(_keep(m, Global(name, None, finding)))
    return at + width


# Calls ----------------------------------------------------------------------------------------------------------------


def call(m: Machine, function: Any, arguments: Any, opcode: str) -> Any:
    """Return the symbolic result of a call; record it unless the callable is trusted to be called."""
    if isinstance(function, Global):
        m.report.lists("calls", function.name, m.offset, power=function.power, opcode=opcode)
        if type(function) is guarded.Guarded:
            return _guarded(m, function, arguments, opcode)
        if function.finding is not None:
            if function.finding["kind"] != "call":
                function.finding["kind"] = "call"
                function.finding["note"] = f"calls {function.name}"
            return TAINTED
        if function.power == "function":
            note = f"calls {function.name}, which is trusted as a value only"
            m.report.find("call", function.name, note, m.offset, opcode)
            return TAINTED
        if function.power == "caller" and not _calls_known(arguments):
            note = f"calls {function.name}, which calls something that is not known"
            m.report.find("call", function.name, note, m.offset, opcode)
            return TAINTED
        if _wraps(function) or (type(arguments) is tuple and any(map(_wraps, arguments))):
            return Wrapper()
        last, given, way = demands.through(function, arguments, opcode)
        if last.power == "restored" and given != () and way in ("REDUCE", "OBJ", "INST"):
            note = f"calls {last.name} with arguments, which could name a file"
            m.report.find("call", last.name, note, m.offset, opcode)
            return TAINTED
        if last is not function and (last.power in ("function", "caller") or type(last) is guarded.Guarded):
            note = f"calls {function.name}, which calls {last.name}"
            m.report.find("call", function.name, note, m.offset, opcode)
            return TAINTED
        return _result(m, last.name, given, way)
    if is_plain(function):
        raise Broken("a value that is no function is called")
    m.report.lists("calls", COMPUTED, m.offset, power=None, opcode=opcode)
    if function is not TAINTED:
        m.report.find("call", COMPUTED, "calls something that is computed while loading", m.offset, opcode)
    return TAINTED


def _guarded(m: Machine, function: guarded.Guarded, arguments: Any, opcode: str) -> Any:
    """Return the result of a built-in that is trusted for some calls only; report every other call."""
    value = guarded.known_result(m, function, arguments)
    if value is not None:
        return value
    function.finding = m.report.find("call", function.name, f"calls {function.name}", m.offset, opcode)
    return TAINTED


def _wraps(value: Any) -> bool:
    return isinstance(value, Global) and value.name in _WRAPPERS


def _calls_known(arguments: Any) -> bool:
    """Say whether what a caller is given first is a trusted class or helper."""
    if not isinstance(arguments, tuple):
        return False
    if not arguments or arguments[0] is NONE:
        return True
    first = arguments[0]
    return isinstance(first, Global) and (
        first.finding is not None
        or (first.power in ("constructor", "restored", "rebuild", "data") and first.name != "_codecs.encode")
    )


def _result(m: Machine, name: str, arguments: Any, opcode: str) -> Any:
    """Follow the few trusted callables whose result matters."""
    known = arguments if isinstance(arguments, tuple) else ()
    place, wanted = _GIVEN.get(name, (0, ""))
    if (
        wanted
        and len(known) > place
        and not (isinstance(known[place], Global) and known[place].name.startswith(wanted))
    ):
        m.report.find("call", name, f"calls {name}, which calls something that is not known", m.offset, opcode)
        return TAINTED
    note = dtypes.forged(name, known, opcode)
    if note is not None:
        m.report.find("call", name, f"calls {name}, which {note}", m.offset, opcode)
        return TAINTED
    reason = demands.excess(m, name, arguments, opcode)
    if reason is not None:
        m.report.unread(f"it calls {name}, which {reason}", "bomb", m.offset)
    if name == "builtins.str":
        return TEXT
    if name == "numpy.dtype":
        return dtypes.made_dtype(m, known)
    if name == "torch.ScriptObject":
        return guarded.SCRIPT
    if name == "_codecs.encode":
        if len(known) == 2 and isinstance(known[0], str) and known[1] in _LATIN:
            return _latin(m, known[0])
        m.report.find("call", name, "calls _codecs.encode with a codec that is not latin-1", m.offset, opcode)
        return TAINTED
    if name == "torch.storage._load_from_bytes":
        blob = known[0] if len(known) == 1 else None
        if isinstance(blob, Blob) and blob.data is not None and blob in m.blobs:
            blob.required = True
        else:
            m.report.find("call", name, f"calls {name} with bytes that are not known", m.offset, opcode)
    dtypes.use(known)
    return demands.result(name, arguments) or Made(name, touched=bool(known) and opcode in _CALLING)


def _latin(m: Machine, text: str) -> Blob:
    """Return the bytes that protocols below 3 write as text."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        raise Broken("a bytes constant has characters beyond latin-1") from None
    return nested(m, data, m.offset) if may_be_nested(data[:4096]) else Blob(data[:64], m.offset)


def changed(m: Machine, target: Global) -> None:
    """Report that something imported is changed while loading."""
    if target.finding is None:
        m.report.find("call", target.name, f"changes {target.name} itself", m.offset, "BUILD")


def _arguments(m: Machine, arguments: Any) -> Any:
    """Return the arguments of a call; anything but a tuple is refused by one of Python's two unpicklers only."""
    if type(arguments) is tuple or arguments is TUPLE or arguments is MIXED:
        return arguments
    if isinstance(arguments, int) or arguments is NONE or arguments is NUMBER:
        raise Broken("a call has no argument tuple")
    m.report.unread("the arguments of a call are no tuple, on which Python's two unpicklers differ", TWO, m.offset)
    return None


def op_reduce(m: Machine, at: int) -> int:
    """REDUCE: call with a tuple."""
    arguments, function = m.pop(), m.pop()
    m.stack.append(call(m, function, _arguments(m, arguments), "REDUCE"))
    return at


def op_newobj(m: Machine, at: int) -> int:
    """NEWOBJ: `cls.__new__(cls, *args)`."""
    arguments, cls = m.pop(), m.pop()
    m.stack.append(call(m, cls, _arguments(m, arguments), "NEWOBJ"))
    return at


def op_newobj_ex(m: Machine, at: int) -> int:
    """NEWOBJ_EX: the same with keywords."""
    keywords, arguments, cls = m.pop(), m.pop(), m.pop()
    if keywords is not DICT and type(keywords) is not State:
        if is_plain(keywords):
            raise Broken("keywords are no dictionary")
        m.report.unread("keywords are the result of a call, on which Python's two unpicklers differ", TWO, m.offset)
    elif m.odd_keys:
        m.report.unread("keywords may be no strings", "damaged", m.offset)
    m.stack.append(call(m, cls, _arguments(m, arguments), "NEWOBJ_EX"))
    return at


def op_obj(m: Machine, at: int) -> int:
    """OBJ: class and arguments above the mark."""
    items = m.pop_mark()
    if not items:
        raise Broken("OBJ without a class")
    m.stack.append(call(m, items[0], tuple(items[1:]), "OBJ"))
    return at


def op_build(m: Machine, at: int) -> int:
    """BUILD: `__setstate__`, or an update of the object's dictionary."""
    state, target = m.pop(), m.top()
    if isinstance(target, Global):
        changed(m, target)
    elif isinstance(target, Dtype):
        dtypes.dtype_state(m, target, state)
    elif isinstance(target, Wrapper):
        return arrays.build_wrapper(m, target, state, at)
    elif target is guarded.SCRIPT:
        guarded.script_state(m, state)
    elif dtypes.is_object(target):
        objects.restore(m, target, state)
    elif is_plain(target):
        m.report.unread("a plain value is given a state, on which Python's two unpicklers differ", TWO, m.offset)
    return at


def settle(m: Machine) -> None:
    """Call every import that was never called a reference: it acts when it is used."""
    for found in m.imported:
        if type(found) is guarded.Guarded:
            guarded.unproven(found)
        if found.finding is not None and found.finding["kind"] == "import":
            found.finding["kind"] = "reference"
            found.finding["note"] = f"holds a reference to {found.name}"


ACTING = {
    b"c": op_global,
    b"\x93": op_stack_global,
    b"i": op_inst,
    b"\x82": op_extension,
    b"\x83": op_extension,
    b"\x84": op_extension,
    b"R": op_reduce,
    b"\x81": op_newobj,
    b"\x92": op_newobj_ex,
    b"o": op_obj,
    b"b": op_build,
    b"P": persistent.op_persid,
    b"Q": persistent.op_binpersid,
    b"2": guarded.op_dup,
}

__all__ = ["ACTING", "changed", "may_be_nested", "nested", "settle"]
