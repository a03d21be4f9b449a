"""Persistent ids: objects for which a pickle asks its loader. Known are torch's storages, and modules in old files."""

from __future__ import annotations

from typing import Any

from assay_detectors.artifact import demands
from assay_detectors.artifact.machine import Broken, Machine
from assay_detectors.artifact.values import NONE, NUMBER, OPAQUE, TEXT, TUPLE, Global


def op_persid(m: Machine, at: int) -> int:
    """PERSID: a persistent id as a line of text."""
    line, at = m.line(at)
    if not line.isascii():
        raise Broken("a persistent id is not ASCII")
    _unknown_id(m)
    m.stack.append(OPAQUE)
    return ~at


def op_binpersid(m: Machine, at: int) -> int:
    """BINPERSID: a persistent id from the stack.

    `pickle.load` refuses every one, and what another loader makes of it nobody knows: the reading is not complete. Only
    torch's own are known: a storage of numbers, and in old files a module with the class that it names.
    """
    identity = m.pop()
    value: Any = OPAQUE
    if m.legacy_modules and _is_module(identity):
        value = identity[1]
    elif _is_storage(identity):
        value = _storage(m, identity)
    else:
        _unknown_id(m)
    m.stack.append(value)
    return at


def _storage(m: Machine, identity: tuple[Any, ...]) -> demands.Storage:
    """Return the storage with its size; one that the file cannot hold is a bomb."""
    cls, count = identity[1], identity[4]
    reason = demands.storage_excess(m, count)
    if reason is not None:
        m.report.unread(f"it {reason}", "bomb", m.offset)
    packed = 4 if cls.name.rpartition(".")[2] in ("QUInt4x2Storage", "QUInt2x4Storage") else 1
    return demands.Storage(count * packed if type(count) is int else None)


def _unknown_id(m: Machine) -> None:
    m.report.unread("it asks its loader for objects by persistent ids that are no storages", "outside", m.offset)


def _is_module(identity: Any) -> bool:
    """`('module', class, source file, source)`."""
    return isinstance(identity, tuple) and len(identity) == 4 and identity[0] == "module" and _is_class(identity[1])


def _is_class(value: Any) -> bool:
    return isinstance(value, Global)


def _is_storage(identity: Any) -> bool:
    """`('storage', class, key, location, number of items)`; old files add a view of it."""
    if not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage":
        return False
    cls, key, location, count = identity[1:5]
    known = isinstance(cls, Global) and (cls.power in ("data", "constructor") or cls.finding is not None)
    text = (isinstance(key, str | int) or key is TEXT) and (isinstance(location, str) or location in (TEXT, NONE))
    view = identity[5] if len(identity) == 6 else NONE
    return known and text and (type(count) is int or count is NUMBER) and (view is NONE or _is_view(view))


def _is_view(view: Any) -> bool:
    return view is TUPLE or isinstance(view, tuple)
