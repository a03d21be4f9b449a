"""Runs of plain values in a pickle, taken at one go: numbers, texts, small tuples, lists, dictionaries and objects.

A regular expression finds where such a run ends; `follow` then does to stack and memo exactly what its opcodes do one
by one. A run in which anything is out of the ordinary is left to the opcodes themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay_detectors.artifact.values import (
    DICT,
    LIST,
    NONE,
    NUMBER,
    OPAQUE,
    TUPLE,
    Global,
    compact,
    hashable,
)

if TYPE_CHECKING:
    from assay_detectors.artifact.machine import Machine

_S = rb"(?:K.|G.{8}|M..|J.{4}|[N\x88\x89])"
_X = rb"\x8c(?:" + b"|".join(b"\\x%02x[\\x00-\\x7f]{%d}" % (n, n) for n in range(1, 41)) + rb")\x94"
_G = rb"(?:h.|j.{4})"
_F = rb"(?:" + _S + rb"|" + _X + rb"|" + _G + rb")"
_K = rb"(?:" + _X + rb"|" + _G + rb")"
_HEAD = _G + rb"\)\x81\x94}\x94"
_VALUE = b"|".join(
    (
        rb"]\x94(?:\((?:" + _F + rb")++e|" + _F + rb"a)?",
        _HEAD + rb"(?:\((?:" + _K + _F + rb")++ub|" + _K + _F + rb"sb)",
        rb"}\x94(?:\((?:" + _K + _F + rb")++u|" + _K + _F + rb"s)?",
        _F + rb"(?:\x85|" + _F + rb"(?:\x86|" + _F + rb"\x87))\x94",
        _X,
        _G,
        _S + rb"++",
    )
)
_TOKEN = b"|".join(
    (
        _S + rb"{16,}+",
        _X,
        rb"]\x94\(" + _S + rb"++e",
        rb"]\x94\(?",
        _HEAD + rb"\(?",
        rb"}\x94\(?",
        rb"[\x85-\x87]\x94",
        rb"ub|sb|[ause]",
        _G,
        _S,
    )
)
RUN = re.compile(rb"(?:" + _VALUE + rb"){4,}+", re.DOTALL).match
_tokens = re.compile(_TOKEN, re.DOTALL).findall
_scalars = re.compile(_S, re.DOTALL).findall
_TUPLES = re.compile(rb"(?:" + _S + rb"(?:\x85|" + _S + rb"(?:\x86|" + _S + rb"\x87))\x94){4,}+", re.DOTALL).match
_tuples = re.compile(_S + rb"(?:\x85|" + _S + rb"(?:\x86|" + _S + rb"\x87))\x94", re.DOTALL).findall
STARTS = frozenset(b"KMJGN\x88\x89\x8c]}hj")
_WIDTH = {0x4B: 2, 0x4D: 3, 0x4A: 5, 0x47: 9, 0x4E: 1, 0x88: 1, 0x89: 1}
_CONSTANT: dict[int, Any] = {0x47: NUMBER, 0x4E: NONE, 0x88: True, 0x89: False}
_FOLLOWED = frozenset({"builtins.str", "numpy.dtype"})
"""Classes whose objects the reading follows."""
_CLOSE_PAIR, _CLOSE_ONE = frozenset((b"s", b"sb")), b"a"


def follow(m: Machine, end: int, full: bool) -> int:
    """Do what the opcodes from the machine's place up to about `end` do; return the index behind them, 0 if refused."""
    tuples = _TUPLES(m.buf, m.at, end)
    if tuples:
        plain = [TUPLE] * len(_tuples(m.buf, m.at, tuples.end()))
        m.stack += plain
        m.memo += plain
        return int(tuples.end())
    run = _Run(m.memo, full)
    try:
        for token in _tokens(m.buf, m.at, end):
            run.take(token)
    except IndexError:  # a reference to what the run itself puts into the memo
        return 0
    if run.filled and (m.track or not _keys(m, run)):
        return 0
    if not _classes(m, run):
        return 0
    m.stack += run.out
    m.memo += run.new
    return end


def _keys(m: Machine, run: _Run) -> bool:
    """Say whether everything that was fetched from the memo may be a key."""
    fetched = [m.memo[index] for index in run.gets]
    if hashable(fetched) is not True:
        return False
    m.odd_keys = m.odd_keys or not all(type(value) is str for value in fetched)
    return True


def _classes(m: Machine, run: _Run) -> bool:
    """Say whether every object is of a trusted class that nothing else is known of; write them down."""
    for head in run.heads:
        found = m.memo[head]
        if not isinstance(found, Global) or found.power != "constructor" or found.name in _FOLLOWED:
            return False
    for head in run.heads:
        m.report.lists("calls", m.memo[head].name, m.offset, power="constructor", opcode="NEWOBJ")
    return True


class _Run:
    """What a run leaves behind."""

    def __init__(self, memo: Any, full: bool) -> None:
        self.memo = memo
        self.full = full
        self.out: list[Any] = []
        self.new: list[Any] = []
        self.gets: set[int] = set()
        self.heads: set[int] = set()
        self.mark = 0
        self.filled = False

    def take(self, token: bytes) -> None:
        """Follow one token."""
        out, code = self.out, token[0]
        if code == 0x8C:
            text = token[2:-1].decode()
            out.append(text)
            self.new.append(compact(text) if self.full else text)
        elif code in _WIDTH:
            self.scalar(code, token)
        elif code == 0x68 or code == 0x6A:
            self.fetch(code, token)
        elif code == 0x5D:
            out.append(LIST)
            self.new.append(LIST)
            self.mark = len(out)
        elif code == 0x7D:
            out.append(DICT)
            self.new.append(DICT)
            self.mark = len(out)
            self.filled = True
        elif 0x85 <= code <= 0x87:
            made = tuple(out[0x84 - code :])
            out[0x84 - code :] = [made]
            self.new.append(compact(made) if self.full else made)
        elif token in _CLOSE_PAIR:
            del out[-2:]
        elif token == _CLOSE_ONE:
            del out[-1:]
        else:
            del out[self.mark :]

    def scalar(self, code: int, token: bytes) -> None:
        """A number, a truth value, None, or many of them."""
        if len(token) != _WIDTH[code]:
            self.out += [NUMBER] * len(_scalars(token))
        elif code in _CONSTANT:
            self.out.append(_CONSTANT[code])
        else:
            self.out.append(int.from_bytes(token[1:], "little", signed=code == 0x4A))

    def fetch(self, code: int, token: bytes) -> None:
        """A value from the memo, or an object of a class from there."""
        width = 2 if code == 0x68 else 5
        index = int.from_bytes(token[1:width], "little")
        value = self.memo[index]
        if len(token) == width:
            self.gets.add(index)
            self.out.append(value)
            return
        self.heads.add(index)
        self.filled = True
        self.new += (OPAQUE, DICT)
        self.out.append(OPAQUE)
        self.mark = len(self.out)
