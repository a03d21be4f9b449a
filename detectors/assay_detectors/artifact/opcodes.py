"""Opcodes of pickle protocols 0 to 5 that move values: header, frames, stack, memo, containers.

Semantics after CPython's `Modules/_pickle.c` and `Lib/pickle.py`. Constants are in `constants`, imports and calls in
`calls`; importing this module fills the table with all of them.
"""

from __future__ import annotations

import re
from typing import Any

from assay.targets.repeats import exact
from assay_detectors.artifact import calls, constants, objects
from assay_detectors.artifact.forms import SCALAR_HEADS, S
from assay_detectors.artifact.machine import FULL_MEMO, Broken, Machine, Stop
from assay_detectors.artifact.table import TABLE, number, opcode, pushes
from assay_detectors.artifact.values import (
    ACTING,
    DICT,
    FROZEN,
    LIST,
    MARK,
    NONE,
    OPAQUE,
    SET,
    TEXT,
    Blob,
    Global,
    Made,
    State,
    hashable,
    is_plain,
)

__all__ = ["TABLE", "constants"]

TWO = "two-readings"
_TEXTS = frozenset({str})
_APPENDS = re.compile(exact(rb"(?:" + S + rb"a)++"), re.DOTALL).match
_EXTENDS = re.compile(exact(rb"(?:\(" + S + rb"{0,8}+e)++"), re.DOTALL).match
"""Numbers that are added to a list one by one, or a few at a time."""

for _code, _value in ((b"N", NONE), (b"\x88", True), (b"\x89", False), (b")", ()), (b"]", LIST), (b"\x8f", SET)):
    pushes(_code, _value)


# Header, frame, end ---------------------------------------------------------------------------------------------------


@opcode(b"\x80")
def _proto(m: Machine, at: int) -> int:
    m.proto = m.buf[at]
    if m.proto > 5:
        raise Broken(f"pickle protocol {m.proto} is not known")
    return at + 1


@opcode(b"\x95")
def _frame(m: Machine, at: int) -> int:
    length = number(m, at, 8)
    at += 8
    if m.frame_end is not None and m.base + at > m.frame_end:
        m.report.unread(
            "an opcode lies across the end of a frame, so Python's two unpicklers differ on it", TWO, m.offset
        )
    elif m.frame_end is not None and m.base + at < m.frame_end:
        m.report.unread("a frame begins within a frame, so Python's two unpicklers differ on it", TWO, m.offset)
    if length > 1 << 62:
        raise Broken("a frame is larger than any file")
    m.frame_end = m.base + at + length
    m._bound()
    return ~at


@opcode(b".")
def _stop(m: Machine, at: int) -> int:
    value = m.pop()
    if m.frame_end is not None and m.base + at != m.frame_end:
        reason = "a pickle ends before its frame does, so what follows is read differently by Python's unpicklers"
        m.report.unread(reason, TWO, m.offset)
    m.frame_end = None
    m._bound()
    if not m.saved:
        m.at = at
        raise Stop
    m.stack, m.marks, m.memo, m.joblib, m.proto = m.saved.pop()
    m.stack[-1] = value if isinstance(value, Global) else OPAQUE
    return ~at


# Stack ----------------------------------------------------------------------------------------------------------------


@opcode(b"(")
def _mark(m: Machine, at: int) -> int:
    m.marks.append(len(m.stack))
    m.stack.append(MARK)
    return at


@opcode(b"0")
def _pop(m: Machine, at: int) -> int:
    if not m.stack:
        raise Broken("the stack is empty where a value is needed")
    if m.stack.pop() is MARK:
        m.marks.pop()
    return at


@opcode(b"1")
def _pop_mark(m: Machine, at: int) -> int:
    m.pop_mark()
    return at


@opcode(b"2")
def _dup(m: Machine, at: int) -> int:
    m.stack.append(m.top())
    return at


# Memo -----------------------------------------------------------------------------------------------------------------


@opcode(b"q", b"r")
def _binput(m: Machine, at: int) -> int:
    width = 1 if m.buf[at - 1] == 0x71 else 4
    kind, count = type(m.memo), len(m.memo)
    if width == 1 and kind is list and m.buf[at] < count < FULL_MEMO:
        m.memo[m.buf[at]] = m.top()
        return at + 1
    m.put(number(m, at, width))
    return at + width if type(m.memo) is kind and len(m.memo) <= count + 1 else ~(at + width)


@opcode(b"\x94")
def _memoize(m: Machine, at: int) -> int:
    m.put(len(m.memo) - m.holed)
    return at


@opcode(b"h", b"j")
def _binget(m: Machine, at: int) -> int:
    width = 1 if m.buf[at - 1] == 0x68 else 4
    m.stack.append(m.fetch(number(m, at, width)))
    return at + width


def _index(m: Machine, line: bytes) -> int:
    if b"\0" in line:
        m.report.unread("a memo index holds a zero byte, which Python's two unpicklers read differently", TWO, m.offset)
        line = line.split(b"\0", 1)[0]
    try:
        index = int(line)
    except ValueError:
        raise Broken("a memo index is no number") from None
    if index < 0:
        raise Broken("a memo index is negative")
    return index


@opcode(b"p")
def _put(m: Machine, at: int) -> int:
    line, at = m.line(at)
    m.put(_index(m, line))
    return ~at


@opcode(b"g")
def _get(m: Machine, at: int) -> int:
    line, at = m.line(at)
    m.stack.append(m.fetch(_index(m, line)))
    return ~at


# Containers -----------------------------------------------------------------------------------------------------------


@opcode(b"\x85")
def _tuple1(m: Machine, at: int) -> int:
    m.stack.append((m.pop(),))
    return at


@opcode(b"\x86")
def _tuple2(m: Machine, at: int) -> int:
    stack = m.stack
    second, first = stack.pop(), stack.pop()
    if first is MARK or second is MARK:
        raise Broken("the stack is empty where a value is needed")
    stack.append((first, second))
    return at


@opcode(b"\x87")
def _tuple3(m: Machine, at: int) -> int:
    stack = m.stack
    third, second, first = stack.pop(), stack.pop(), stack.pop()
    if first is MARK or second is MARK or third is MARK:
        raise Broken("the stack is empty where a value is needed")
    stack.append((first, second, third))
    return at


@opcode(b"t")
def _tuple(m: Machine, at: int) -> int:
    m.stack.append(tuple(m.pop_mark()))
    return at


@opcode(b"l")
def _list(m: Machine, at: int) -> int:
    m.pop_mark()
    m.stack.append(LIST)
    return at


@opcode(b"\x91")
def _frozenset(m: Machine, at: int) -> int:
    _keys(m, m.pop_mark())
    m.stack.append(FROZEN)
    return at


def _keys(m: Machine, items: list[Any]) -> None:
    """Refuse what cannot be a key of a dictionary or an item of a set."""
    known = hashable(items)
    if known is False:
        raise Broken("a value that cannot be a key is one")
    if known is None:
        m.report.unread("a tuple that is a key holds too much to say what Python makes of it", "bomb", m.offset)


@opcode(b"}")
def _empty_dict(m: Machine, at: int) -> int:
    m.stack.append(State() if m.track else DICT)
    return at


@opcode(b"d")
def _dict(m: Machine, at: int) -> int:
    items = m.pop_mark()
    target = State() if m.track else DICT
    _fill(m, target, items)
    m.stack.append(target)
    return at


def _fill(m: Machine, target: Any, items: list[Any]) -> None:
    """SETITEM and its like: a dictionary keeps what it is told, an object is called."""
    if len(items) % 2:
        raise Broken("a dictionary has a key without a value")
    keys = items[::2]
    for index, key in enumerate(keys):
        if type(key) is str and key in ACTING:
            objects.keyed(m, key, items[2 * index + 1])
    if target is DICT or type(target) is State:
        if not _TEXTS.issuperset(map(type, keys)):
            _keys(m, keys)
            m.odd_keys = m.odd_keys or not all(type(key) is str or key is TEXT for key in keys)
        if type(target) is State:
            _describe(target, items)
    elif items:
        if type(target) is Made:
            target.touched = True
        if target is LIST:
            m.report.unread("a list is filled by keys, as no pickle of a list does", "damaged", m.offset)
        else:
            _into(m, target)


def _describe(target: State, items: list[Any]) -> None:
    """Keep the entries of a dictionary, until a key is computed."""
    for key, value in zip(items[::2], items[1::2], strict=True):
        if type(key) is str and target.items is not None:
            target.items[key] = value
        elif key is TEXT or key is OPAQUE or not is_plain(key):
            target.items = None


def _into(m: Machine, target: Any) -> None:
    """Refuse what cannot hold items; report a change to something imported."""
    if isinstance(target, Global):
        calls.changed(m, target)
    elif type(target) is Blob and target.mutable:
        m.report.unread("a bytearray is filled, as no pickle of one does", "damaged", m.offset)
    elif is_plain(target):
        raise Broken("a value is filled in a way that its kind has not")


@opcode(b"s")
def _setitem(m: Machine, at: int) -> int:
    stack = m.stack
    value, key, target = stack.pop(), stack.pop(), stack[-1]
    if value is MARK or key is MARK or target is MARK:
        raise Broken("the stack is empty where a value is needed")
    if target is not DICT or type(key) is not str or key in ACTING:
        _fill(m, target, [key, value])
    return at


@opcode(b"u")
def _setitems(m: Machine, at: int) -> int:
    items = m.pop_mark()
    _fill(m, m.top(), items)
    return at


@opcode(b"a")
def _append(m: Machine, at: int) -> int:
    m.pop()
    target = m.top()
    if target is not LIST:
        _into(m, target)
        objects.added(m, target)
    elif at + 3 < m.limit and m.buf[at] in SCALAR_HEADS:
        again = _APPENDS(m.buf, at, m.limit)
        return again.end() if again else at
    return at


@opcode(b"e", b"\x90")
def _extend(m: Machine, at: int) -> int:
    expected = LIST if m.buf[at - 1] == 0x65 else SET
    items = m.pop_mark()
    target = m.top()
    if target is expected:
        if target is SET:
            _keys(m, items)
        elif at + 3 < m.limit and m.buf[at] == 0x28 and m.buf[at + 1] != 0x28:
            again = _EXTENDS(m.buf, at, m.limit)
            return again.end() if again else at
    elif items or not is_plain(target):
        _into(m, target)
        objects.added(m, target)
    else:
        m.report.unread("nothing is added to a value of another kind, on which Python's unpicklers differ", TWO)
    return at


for _code, _handler in calls.ACTING.items():
    TABLE[_code[0]] = _handler
