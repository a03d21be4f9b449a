"""Runs of values built alike: the first shows the shape, a regular expression made from it finds and counts the rest.

What such values hold is kept by its kind only, but for texts; it takes eight alike, which no arguments of a call are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from assay.targets.repeats import exact
from assay_detectors.artifact.forms import OLD_TEXTS, SCALAR_HEADS, Form, S, places
from assay_detectors.artifact.values import NONE, NUMBER, TEXT, compact, words

if TYPE_CHECKING:
    from assay_detectors.artifact.machine import Machine
    from assay_detectors.artifact.runs import Run

LEAST_ALIKE = 8
BYTES_A_SHAPE = 1 << 14
"""How much must have been read for each shape that is compiled, so that many shapes cost little."""
MAX_SHAPES = 256
MAX_TEXTS = 8
"""Texts that one value of protocols 1 to 3 may hold; their expressions are costly to compile."""
_KEPT = 24
_PLUS = bytes(range(1, 256)) + b"\0"
_AT = rb"r(.{4})"
Shape = tuple[Callable[[bytes, int, int], Any], Callable[[bytes, int, int], list[Any]]]
_scalars = re.compile(S, re.DOTALL).findall


class Slot(str):
    """A text of the first value, whose place in the others holds another text."""

    __slots__ = ()


def alike(m: Machine, at: int, tokens: list[bytes], first: Run, full: bool, form: Form) -> tuple[int, int]:
    """Take all values from `at` on that are built as `first` is.

    Return the index behind them, and the index from which to look for another run, 0 where they are few.
    """
    pattern = b"".join([_pattern(token, form.old) for token in tokens])
    slots = [value for value in first.new if type(value) is Slot]
    if pattern not in m.shapes:
        heavy = len(slots) if form.old else 0
        if heavy > MAX_TEXTS or m.compiled + heavy >= min(m.offset // BYTES_A_SHAPE, MAX_SHAPES):
            return at, 0
        m.compiled += 1 + heavy
        m.shapes.add(pattern)
    match, find = _compiled(pattern)
    run = match(m.buf, at, m.limit)
    if not run:
        return at, 0
    end = int(run.end())
    found = find(m.buf, at, end)
    count = len(found)
    wide = len(slots) + (len(first.new) if form.old else 0)
    columns: list[Any] = [] if not wide else [found] if wide == 1 else list(zip(*found, strict=True))
    if form.old:
        columns, named = _apart(columns, first.new)
        step, base = len(first.new), len(m.memo)
        if any(b"".join(column) != places(base + j, count, step) for j, column in enumerate(named)):
            return at, end
    try:
        texts = [_old_texts(column) if form.old else _texts(column) for column in columns]
    except UnicodeDecodeError:
        return at, end
    if None in texts:
        return at, 0
    kept = [_kept(column, full) for column in texts if column is not None]
    order = {id(slot): index for index, slot in enumerate(slots)}
    m.listed().extend(_spread(first.new, count, order, kept))
    m.stack += _spread(first.out, count, order, texts)
    return end, end


def _apart(columns: list[Any], new: list[Any]) -> tuple[list[Any], list[Any]]:
    """Part the columns of texts from those that name places in the memo; a text is followed by its place."""
    texts, named, at = [], [], 0
    for value in new:
        if type(value) is Slot:
            texts.append(columns[at])
            at += 1
        named.append(columns[at])
        at += 1
    return texts, named


def _pattern(token: bytes, old: bool) -> bytes:
    code = token[0]
    if code == 0x8C:
        return rb"\x8c([\x01-\xff][\x00-\x7f]*+)\x94"
    if code in OLD_TEXTS:
        return b"(" + OLD_TEXTS[code] + b")" + _AT
    if code in SCALAR_HEADS:
        return S + b"{%d}" % len(_scalars(token))
    if token[-1:] == b"e" and len(token) > 1:
        return (rb"\(" if old else rb"]\x94\(") + S + rb"++e"
    return re.escape(token) + (_AT if old and _is_put(token) else b"")


def _is_put(token: bytes) -> bool:
    """Say whether what a token of protocols 1 to 3 makes is put into the memo: containers, and objects of a class."""
    return token[0] in b"]}t\x85\x86\x87" or (token[0] in b"hj" and len(token) in (4, 7))


@lru_cache(maxsize=MAX_SHAPES)
def _compiled(pattern: bytes) -> Shape:
    run = rb"(?:" + re.sub(rb"(?<!\\)\((?!\?)", rb"(?:", pattern) + b"){%d,}+" % LEAST_ALIKE
    return re.compile(exact(run), re.DOTALL).match, re.compile(exact(pattern), re.DOTALL).findall


def _texts(parts: Sequence[bytes]) -> list[str] | None:
    """Return the texts, each of which follows its length byte; None if one is longer or shorter."""
    try:
        lengths = bytes(map(len, parts))
    except ValueError:
        return None
    if bytes(map(itemgetter(0), parts)).translate(_PLUS) != lengths:
        return None
    return [text[1:] for text in b"\x80".join(parts).decode("latin-1").split("\x80")] if 0x80 not in lengths else None


def _old_texts(parts: Sequence[bytes]) -> list[str]:
    """Return the texts of protocols 1 to 3, each with its opcode and length before it."""
    if parts[0][0] == 0x55:
        return [part[2:].decode("latin-1") for part in parts]
    joined = b"\0".join([part[5:] for part in parts])
    texts = joined.decode("utf-8", "surrogatepass").split("\0")
    return texts if len(texts) == len(parts) else [part[5:].decode("utf-8", "surrogatepass") for part in parts]


def _kept(texts: list[str], full: bool) -> list[Any]:
    """Return what the memo holds of texts."""
    if not full:
        return list(texts)
    if words().isdisjoint(texts) and max(map(len, texts)) < _KEPT and "." not in "".join(texts):
        return [TEXT] * len(texts)
    return list(map(compact, texts))


def _spread(one: list[Any], count: int, order: dict[int, int], columns: list[Any]) -> list[Any]:
    """Repeat what one value leaves behind, with the texts of each in their places."""
    if not one:
        return []
    width = len(one)
    spread: list[Any] = [None] * (width * count)
    for place, value in enumerate(one):
        spread[place::width] = columns[order[id(value)]] if type(value) is Slot else [_kind(value)] * count
    return spread


def _kind(value: Any) -> Any:
    """Return the kind of a value, for numbers and texts differ from one to the next."""
    if isinstance(value, int) or value is NONE:
        return NUMBER
    if type(value) is tuple:
        return compact(tuple("" if type(item) is Slot else item for item in value))
    return value
