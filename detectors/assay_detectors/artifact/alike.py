"""Runs of values built alike: the first shows the shape, a regular expression made from it finds and counts the rest.

What such values hold is kept by its kind only, but for texts; it takes eight alike, which no arguments of a call are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from assay_detectors.artifact.values import NONE, NUMBER, TEXT, compact, words

if TYPE_CHECKING:
    from assay_detectors.artifact.machine import Machine
    from assay_detectors.artifact.runs import Run

S = rb"(?:K.|G.{8}|M..|J.{4}|[N\x88\x89])"
X = rb"\x8c[\x01-\xff][\x00-\x7f]*+\x94"
"""A short text that is put into the memo; whoever uses this must compare its length byte."""
LEAST_ALIKE = 8
BYTES_A_SHAPE = 1 << 14
"""How much must have been read for each shape that is compiled, so that many shapes cost little."""
_KEPT = 24
_PLUS = bytes(range(1, 256)) + b"\0"
_SCALAR_HEADS = frozenset(b"KGMJN\x88\x89")
Shape = tuple[Callable[[bytes, int, int], Any], Callable[[bytes, int, int], list[Any]]]


def alike(m: Machine, at: int, tokens: list[bytes], first: Run, full: bool) -> int:
    """Take all values from `at` on that are built as `first` is; return the index behind them, 0 if they are few."""
    pattern = b"".join(_pattern(token) for token in tokens)
    if pattern not in m.shapes:
        if len(m.shapes) >= min(m.offset // BYTES_A_SHAPE, 256):
            return 0
        m.shapes.add(pattern)
    match, find = _compiled(pattern)
    run = match(m.buf, at, m.limit)
    if not run:
        return 0
    found = find(m.buf, at, run.end())
    count = len(found)
    places = [place for place, value in enumerate(first.new) if type(value) is str]
    columns: list[Any] = [] if not places else [found] if len(places) == 1 else list(zip(*found, strict=True))
    texts = [_texts(column) for column in columns]
    if None in texts:
        return 0
    kept = [_kept(column, full) for column in texts if column is not None]
    marks = {id(first.new[place]): index for index, place in enumerate(places)}
    m.listed().extend(_spread(first.new, count, marks, kept))
    m.stack += _spread(first.out, count, marks, texts)
    return int(run.end())


def _pattern(token: bytes) -> bytes:
    if token[0] == 0x8C:
        return rb"\x8c([\x01-\xff][\x00-\x7f]*+)\x94"
    if token[0] in _SCALAR_HEADS:
        return S
    if token[-1:] == b"e" and len(token) > 1:
        return rb"]\x94\(" + S + rb"++e"
    return re.escape(token)


@lru_cache(maxsize=256)
def _compiled(pattern: bytes) -> Shape:
    run = re.compile(rb"(?:" + pattern.replace(rb"\x8c(", rb"\x8c(?:") + b"){%d,}+" % LEAST_ALIKE, re.DOTALL)
    return run.match, re.compile(pattern, re.DOTALL).findall


def _texts(parts: Sequence[bytes]) -> list[str] | None:
    """Return the texts, each of which follows its length byte; None if one is longer or shorter."""
    try:
        lengths = bytes(map(len, parts))
    except ValueError:
        return None
    if bytes(map(itemgetter(0), parts)).translate(_PLUS) != lengths:
        return None
    return [text[1:] for text in b"\x80".join(parts).decode("latin-1").split("\x80")] if 0x80 not in lengths else None


def _kept(texts: list[str], full: bool) -> list[Any]:
    """Return what the memo holds of texts."""
    if not full:
        return list(texts)
    if words().isdisjoint(texts) and max(map(len, texts)) < _KEPT and "." not in "".join(texts):
        return [TEXT] * len(texts)
    return list(map(compact, texts))


def _spread(one: list[Any], count: int, marks: dict[int, int], columns: list[Any]) -> list[Any]:
    """Repeat what one value leaves behind, with the texts of each in their places."""
    if not one:
        return []
    width = len(one)
    spread: list[Any] = [None] * (width * count)
    for place, value in enumerate(one):
        if type(value) is str and id(value) in marks:
            spread[place::width] = columns[marks[id(value)]]
        else:
            spread[place::width] = [_kind(value)] * count
    return spread


def _kind(value: Any) -> Any:
    """Return the kind of a value, for numbers differ from one to the next."""
    if isinstance(value, int) or value is NONE:
        return NUMBER
    return compact(value) if type(value) is tuple else value
