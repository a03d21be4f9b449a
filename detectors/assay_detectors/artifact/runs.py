"""Runs of plain values in a pickle, taken at one go: numbers, texts, small tuples, lists, dictionaries and objects.

A regular expression finds where such a run ends; `follow` then does to stack and memo exactly what its opcodes do one
by one. A run in which anything is out of the ordinary is left to the opcodes themselves.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from assay.targets.repeats import exact
from assay_detectors.artifact.alike import Slot, alike
from assay_detectors.artifact.forms import NEW, NEW_TEXT, SCALAR_HEADS, Form, S, old_form, places
from assay_detectors.artifact.values import (
    DICT,
    HOLE,
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
    is_plain,
    words,
)

if TYPE_CHECKING:
    from assay_detectors.artifact.machine import Machine

_LARGE = 512
LEAST = 48
"""Bytes below which a run is not worth the trouble."""
OLD_FROM = 1 << 15
"""Where in a file runs of protocols 1 to 3 are looked for: in a short one the opcodes themselves are soon read."""
_scalars = re.compile(S, re.DOTALL).findall
_TUPLES = re.compile(exact(rb"(?:" + S + rb"(?:\x85|" + S + rb"(?:\x86|" + S + rb"\x87))\x94){4,}+"), re.DOTALL).match
_tuples = re.compile(S + rb"(?:\x85|" + S + rb"(?:\x86|" + S + rb"\x87))\x94", re.DOTALL).findall
ENDS = frozenset(b"eub")
_THREE = re.compile(S + b"{3}", re.DOTALL).match
_TEXTS = re.compile(exact(rb"(?:" + NEW_TEXT + rb"){8,}+")).match
_PLUS = bytes(range(1, 256)) + b"\0"
STARTS = SCALAR_HEADS | frozenset(b"\x8c]}hjXU(")
_CONSTANT: dict[int, Any] = {0x47: NUMBER, 0x4E: NONE, 0x88: True, 0x89: False}
_WIDTH = {0x4B: 2, 0x4D: 3, 0x4A: 5, 0x47: 9, 0x4E: 1, 0x88: 1, 0x89: 1}
_FOLLOWED = frozenset({"builtins.str", "numpy.dtype"})
"""Classes whose objects the reading follows."""


def take_run(m: Machine, at: int, full: bool, old: bool) -> tuple[int, int]:
    """Take a run that begins at `at`; return the next index, and the index from which to look for another run.

    `old`: values are put into the memo as protocols 1 to 3 do it.
    """
    m.at = at
    if old:
        return _take(m, at, full, old_form()) if m.offset >= OLD_FROM else (at, at + LEAST)
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
    return _take(m, at, full, NEW)


def _take(m: Machine, at: int, full: bool, form: Form) -> tuple[int, int]:
    """Take a run in one form."""
    if _THREE(m.buf, at, m.limit):  # numbers alone are taken elsewhere
        return at, at + 1
    item = form.item(m.buf, at, m.limit)
    if item and item.end() - at > _LARGE:  # what it holds is a run itself
        return at, at + 1
    if item:
        end, again = _alike(m, at, item.end(), full, form)
        if again:
            return end, again
    found = form.run(m.buf, at, m.limit)
    if not found or found.end() - at < LEAST:
        return at, at + LEAST // 2 + (m.offset * 40_503 >> 7) % LEAST  # by no rule that what is read may follow
    return (found.end() if _follow(m, found.end(), full, form) else at), found.end()


def _tokens(m: Machine, at: int, end: int, form: Form) -> list[bytes] | None:
    """Return the tokens; None where the places in the memo are not the next ones, one after the other."""
    found: list[Any] = form.tokens(m.buf, at, end)
    if not form.old:
        return found
    named = b"".join([place for _, place in found])
    return [token for token, _ in found] if named == places(len(m.memo), len(named) // 4) else None


def _alike(m: Machine, at: int, end: int, full: bool, form: Form) -> tuple[int, int]:
    """Take values built as that from `at` to `end` is, if it can be part of a run.

    Return the index behind them, and the index from which to look for another run, 0 where this is not decided.
    """
    tokens = _tokens(m, at, end, form)
    if tokens is None:
        return at, end
    first = Run(m.memo, False, shape=True)
    try:
        first.take(tokens)
    except (IndexError, UnicodeDecodeError):
        return at, 0
    base = len(m.memo)
    if any(index >= base for index in first.gets) or not _may_be(m, first):
        return at, 0
    return alike(m, at, tokens, first, full, form)


def _may_be(m: Machine, run: Run) -> bool:
    """Say whether what a run fetches from the memo may be used so."""
    if 0 in run.gets and m.memo and m.memo[0] is HOLE:
        return False
    if run.filled and (m.track or not _keys(m, run)):
        return False
    return not run.heads or _classes(m, run)


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


def _follow(m: Machine, end: int, full: bool, form: Form) -> bool:
    """Do what the opcodes from the machine's place up to `end` do; False where that is left to the opcodes."""
    tokens = _tokens(m, m.at, end, form)
    if tokens is None:
        return False
    run = Run(m.memo, full)
    try:
        run.take(tokens)
    except (IndexError, UnicodeDecodeError):  # what is not in the memo, or a text that ends elsewhere
        return False
    if not _may_be(m, run):
        return False
    m.stack += run.out
    m.listed().extend(run.new)
    return True


def _keys(m: Machine, run: Run) -> bool:
    """Say whether everything that was fetched from the memo may be a key."""
    base = len(m.memo)
    fetched = [m.memo[index] if index < base else run.new[index - base] for index in run.gets]
    if run.heads and not all(map(is_plain, fetched)):  # it may stand for a method of the object
        return False
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
    """What a run leaves behind; with `shape`, texts are held by their order only."""

    def __init__(self, memo: Any, full: bool, *, shape: bool = False) -> None:
        self.memo = memo
        self.full = full
        self.shape = shape
        self.out: list[Any] = []
        self.new: list[Any] = []
        self.gets: set[int] = set()
        self.heads: set[int] = set()
        self.filled = False

    def take(self, tokens: list[bytes]) -> None:
        """Follow every token; raises `IndexError` at a reference to what is not in the memo yet."""
        out, new, memo, gets, full, known = self.out, self.new, self.memo, self.gets, self.full, words()
        mark, base, from_bytes, shape = 0, len(memo), int.from_bytes, self.shape
        for token in tokens:
            code = token[0]
            if code == 0x8C or code == 0x58 or code == 0x55:
                text: Any = _text(code, token)
                if shape:
                    text = Slot(text)
                out.append(text)
                if full:
                    plain = text not in known and "." not in text and text[:1] not in ("g", "8")
                    text = TEXT if plain else compact(text)
                new.append(text)
            elif code == 0x68 or code == 0x6A:
                index = token[1] if code == 0x68 else from_bytes(token[1:5], "little")
                if len(token) > (2 if code == 0x68 else 5):
                    self.object(index)
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
            elif 0x85 <= code <= 0x87 or code == 0x74:
                start = mark if code == 0x74 else len(out) + 0x84 - code
                items = tuple(out[start:])
                out[start:] = [items]
                new.append(compact(items) if full else items)
            elif code == 0x28:
                mark = len(out)
            elif code == 0x61:
                del out[-1:]
            elif code == 0x73:
                del out[-1 - len(token) :]  # with the dictionary that is a state
            else:
                del out[mark - len(token) + 1 :]  # likewise
        self.filled = DICT in new

    def object(self, index: int) -> None:
        """An object of a class from the memo."""
        found = self.memo[index]
        made = TAINTED if isinstance(found, Global) and found.finding is not None else OPAQUE
        self.heads.add(index)
        self.new.append(made)
        self.out.append(made)


def _text(code: int, token: bytes) -> str:
    if code == 0x8C:
        if len(token) - 3 != token[1]:
            raise IndexError
        return token[2:-1].decode()
    return token[5:].decode("utf-8", "surrogatepass") if code == 0x58 else token[2:].decode("latin-1")
