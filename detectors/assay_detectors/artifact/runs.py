"""Runs of plain values in a pickle, taken at one go: numbers, texts, small tuples, lists, dictionaries and objects.

A regular expression finds where such a run ends; `follow` then does to stack and memo exactly what its opcodes do one
by one. A run in which anything is out of the ordinary is left to the opcodes themselves.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from assay_detectors.artifact.alike import S, X, alike
from assay_detectors.artifact.values import (
    DICT,
    LIST,
    NONE,
    NUMBER,
    OPAQUE,
    TAINTED,
    TEXT,
    TUPLE,
    Global,
    compact,
    hashable,
    words,
)

if TYPE_CHECKING:
    from assay_detectors.artifact.machine import Machine

_S = S
_X = X
_G = rb"(?:h.|j.{4})"
_F = rb"(?:" + _S + rb"|" + _X + rb"|" + _G + rb")"
_K = rb"(?:" + _X + rb"|" + _G + rb")"
_HEAD = _G + rb"\)\x81\x94}\x94"
_ONE = b"|".join(
    (
        rb"]\x94(?:\((?:" + _F + rb")++e|" + _F + rb"a)?",
        _HEAD + rb"(?:\((?:" + _K + _F + rb")++ub|" + _K + _F + rb"sb)",
        rb"}\x94(?:\((?:" + _K + _F + rb")++u|" + _K + _F + rb"s)?",
        _F + rb"(?:\x85|" + _F + rb"(?:\x86|" + _F + rb"\x87))\x94",
    )
)
"""A list, an object, a dictionary or a tuple of plain values."""
_SOUP = (rb"(?:" + _X + rb"){4,}+", rb"(?:" + _X + _S + rb"){4,}+")
_VALUE = b"|".join((*_SOUP, _ONE, _X, _G, _S + rb"++"))
_PAIR = _X + _F + b"|" + _S + _X
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
_LARGE = 512
LEAST = 48
"""Bytes below which a run is not worth the trouble."""
RUN = re.compile(rb"(?:" + _VALUE + rb")++", re.DOTALL).match
_tokens = re.compile(_TOKEN, re.DOTALL).findall
_scalars = re.compile(_S, re.DOTALL).findall
_TUPLES = re.compile(rb"(?:" + _S + rb"(?:\x85|" + _S + rb"(?:\x86|" + _S + rb"\x87))\x94){4,}+", re.DOTALL).match
_tuples = re.compile(_S + rb"(?:\x85|" + _S + rb"(?:\x86|" + _S + rb"\x87))\x94", re.DOTALL).findall
ENDS = frozenset(b"eub")
_ITEM = re.compile(_ONE + b"|" + _PAIR, re.DOTALL).match
_THREE = re.compile(_S + b"{3}", re.DOTALL).match
_TEXTS = re.compile(rb"(?:" + _X + rb"){8,}+").match
_PLUS = bytes(range(1, 256)) + b"\0"
STARTS = frozenset(b"KMJGN\x88\x89\x8c]}hj")
_WIDTH = {0x4B: 2, 0x4D: 3, 0x4A: 5, 0x47: 9, 0x4E: 1, 0x88: 1, 0x89: 1}
_CONSTANT: dict[int, Any] = {0x47: NUMBER, 0x4E: NONE, 0x88: True, 0x89: False}
_FOLLOWED = frozenset({"builtins.str", "numpy.dtype"})
"""Classes whose objects the reading follows."""
_CLOSE_PAIR, _CLOSE_ONE = frozenset((b"s", b"sb")), b"a"


def take_run(m: Machine, at: int, full: bool) -> tuple[int, int]:
    """Take a run that begins at `at`; return the next index, and the index from which to look for another run."""
    tuples = _TUPLES(m.buf, at, m.limit)
    if tuples:
        end = int(tuples.end())
        plain = [TUPLE] * len(_tuples(m.buf, at, end))
        m.stack += plain
        m.listed().extend(plain)
        return end, end
    texts = _TEXTS(m.buf, at, m.limit)
    if texts and _texts(m, m.buf[at + 1 : texts.end() - 1], full):
        return texts.end(), texts.end()
    if _THREE(m.buf, at, m.limit):  # numbers alone are taken elsewhere
        return at, at + 1
    m.at = at
    item = _ITEM(m.buf, at, m.limit)
    if item and item.end() - at > _LARGE:  # what it holds is a run itself
        return at, at + 1
    if item and (end := _alike(m, at, item.end(), full)):
        return end, end
    found = RUN(m.buf, at, m.limit)
    if not found or found.end() - at < LEAST:
        return at, at + LEAST
    return (found.end() if _follow(m, found.end(), full) else at), found.end()


def _alike(m: Machine, at: int, end: int, full: bool) -> int:
    """Take values built as that from `at` to `end` is, if it can be part of a run; return the index behind them."""
    tokens = _tokens(m.buf, at, end)
    first = Run(m.memo, False)
    try:
        first.take(tokens)
    except IndexError:
        return 0
    base = len(m.memo)
    if any(index >= base for index in first.gets) or (first.filled and (m.track or not _keys(m, first))):
        return 0
    if first.heads and not _classes(m, first):
        return 0
    return alike(m, at, tokens, first, full)


def _texts(m: Machine, region: bytes, full: bool) -> bool:
    """Take texts that follow one another, each put into the memo; False if one of them ends elsewhere."""
    parts = region.split(b"\x94\x8c")
    try:
        lengths = bytes(map(len, parts))
    except ValueError:
        return False
    if bytes(map(itemgetter(0), parts)).translate(_PLUS) != lengths:
        return False
    texts = [part[1:] for part in region.decode("latin-1").split("\x94\x8c")]
    memo: list[Any] = m.listed()
    m.stack += texts
    if not full:
        memo += texts
    elif b"." in region or max(lengths) > 24 or not words().isdisjoint(texts):
        memo += map(compact, texts)
    else:
        memo += [TEXT] * len(texts)
    return True


def _follow(m: Machine, end: int, full: bool) -> bool:
    """Do what the opcodes from the machine's place up to `end` do; False where that is left to the opcodes."""
    run = Run(m.memo, full)
    try:
        run.take(_tokens(m.buf, m.at, end))
    except IndexError:  # a reference to what is not in the memo, or a text that ends elsewhere
        return False
    if run.filled and (m.track or not _keys(m, run)):
        return False
    if run.heads and not _classes(m, run):
        return False
    m.stack += run.out
    m.listed().extend(run.new)
    return True


def _keys(m: Machine, run: Run) -> bool:
    """Say whether everything that was fetched from the memo may be a key."""
    base = len(m.memo)
    fetched = [m.memo[index] if index < base else run.new[index - base] for index in run.gets]
    if hashable(fetched) is not True:
        return False
    m.odd_keys = m.odd_keys or not all(type(value) is str for value in fetched)
    return True


def _classes(m: Machine, run: Run) -> bool:
    """Say whether every object is of a class of which nothing else is known; call each class once."""
    from assay_detectors.artifact.calls import call

    classes = [m.memo[head] for head in run.heads]
    for found in classes:
        if not isinstance(found, Global) or found.name in _FOLLOWED:
            return False
        if found.power != "constructor" and found.finding is None:
            return False
    for found in classes:
        call(m, found, (), "NEWOBJ")
    return True


class Run:
    """What a run leaves behind."""

    def __init__(self, memo: Any, full: bool) -> None:
        self.memo = memo
        self.full = full
        self.out: list[Any] = []
        self.new: list[Any] = []
        self.gets: set[int] = set()
        self.heads: set[int] = set()
        self.filled = False

    def take(self, tokens: list[bytes]) -> None:
        """Follow every token; raises `IndexError` at a reference to what is not in the memo yet."""
        out, new, memo, gets, full, known = self.out, self.new, self.memo, self.gets, self.full, words()
        mark, base, from_bytes = 0, len(memo), int.from_bytes
        for token in tokens:
            code = token[0]
            if code == 0x8C:
                if len(token) - 3 != token[1]:
                    raise IndexError
                text: Any = token[2:-1].decode()
                out.append(text)
                if full:
                    text = TEXT if text not in known and "." not in text and text[0] not in "g8" else compact(text)
                new.append(text)
            elif code == 0x68:
                index = token[1]
                if len(token) > 2:
                    self.object(index)
                    mark = len(out)
                else:
                    gets.add(index)
                    out.append(memo[index] if index < base else new[index - base])
            elif code in _WIDTH:
                if len(token) != _WIDTH[code]:
                    out += [NUMBER] * len(_scalars(token))
                elif code in _CONSTANT:
                    out.append(_CONSTANT[code])
                else:
                    out.append(from_bytes(token[1:], "little", signed=code == 0x4A))
            elif code == 0x5D or code == 0x7D:
                made = LIST if code == 0x5D else DICT
                out.append(made)
                new.append(made)
                mark = len(out)
            elif 0x85 <= code <= 0x87:
                items = tuple(out[0x84 - code :])
                out[0x84 - code :] = [items]
                new.append(compact(items) if full else items)
            elif code == 0x6A:
                index = int.from_bytes(token[1:5], "little")
                if len(token) > 5:
                    self.object(index)
                    mark = len(out)
                else:
                    gets.add(index)
                    out.append(memo[index] if index < base else new[index - base])
            elif token in _CLOSE_PAIR:
                del out[-2:]
            elif token == _CLOSE_ONE:
                del out[-1:]
            else:
                del out[mark:]
        self.filled = DICT in new if not self.heads else True

    def object(self, index: int) -> None:
        """An object of a class from the memo, and the dictionary that is its state."""
        found = self.memo[index]
        made = TAINTED if isinstance(found, Global) and found.finding is not None else OPAQUE
        self.heads.add(index)
        self.new += (made, DICT)
        self.out.append(made)
