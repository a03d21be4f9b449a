"""How runs of plain values are written: by protocols 4 and 5, and by protocols 1 to 3, as regular expressions.

What a form matches is well-formed: every value is complete, and every text, list, dictionary, tuple and object is put
into the memo. Protocols 1 to 3 name the place in the memo; whoever uses their form must compare these places.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from assay.targets.repeats import exact

S = rb"(?:K.|G.{8}|M..|J.{4}|[N\x88\x89])"
"""A number, None, True or False."""
SCALAR_HEADS = frozenset(b"KGMJN\x88\x89")
NEW_TEXT = rb"\x8c[\x01-\xff][\x00-\x7f]*+\x94"
"""A short text that is put into the memo; whoever uses this must compare its length byte."""
_LONGEST = 40
"""Longest text in the form of protocols 1 to 3: each length is an alternative of its own, so that it is exact."""


def _exactly(head: bytes, zeros: bytes) -> bytes:
    lengths = (re.escape(bytes([length])) + zeros + b".{%d}" % length for length in range(1, _LONGEST + 1))
    return head + b"(?:" + b"|".join(lengths) + b")"


OLD_TEXTS = {0x58: _exactly(b"X", rb"\0\0\0"), 0x55: _exactly(b"U", b"")}
"""BINUNICODE and SHORT_BINSTRING, without what puts them into the memo."""
_OLD_TEXT = b"(?:" + b"|".join(OLD_TEXTS.values()) + b")"


@dataclass(frozen=True)
class Form:
    """Regular expressions of one way of writing."""

    old: bool
    run: Callable[..., Any]
    """Matches values that follow one another."""
    item: Callable[..., Any]
    """Matches a list, an object, a dictionary, a tuple, or a pair of a key and a value."""
    tokens: Callable[..., list[Any]]
    """Finds the tokens in what matched; those of protocols 1 to 3 with the four bytes that name the place, if any."""


def _values(text: bytes, put: bytes, more: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """Return the patterns of a run and of an item."""
    get = rb"(?:h.|j.{4})"
    plain = rb"(?:" + S + rb"|" + text + rb"|" + get + rb")"
    key = rb"(?:" + text + rb"|" + get + rb")"
    state = rb"(?:\((?:" + key + plain + rb")++ub|" + key + plain + rb"sb)"
    one = b"|".join(
        (
            rb"]" + put + rb"(?:\((?:" + plain + rb")++e|" + plain + rb"a)?",
            get + rb"\)\x81" + put + rb"}" + put + state,
            rb"}" + put + rb"(?:\((?:" + key + plain + rb")++u|" + key + plain + rb"s)?",
            plain + rb"(?:\x85|" + plain + rb"(?:\x86|" + plain + rb"\x87))" + put,
            *(pattern.replace(b"%s", plain) + put for pattern in more),
        )
    )
    soup = (rb"(?:" + text + rb"){4,}+", rb"(?:" + text + S + rb"){4,}+")
    value = b"|".join((*soup, one, text, get, S + rb"++"))
    return rb"(?:" + value + rb")++", one + b"|" + text + plain + b"|" + S + text


_SIGNS = rb"[\x85-\x87]|ub|sb|[ause]|h.|j.{4}"


def _new() -> Form:
    run, item = _values(NEW_TEXT, rb"\x94", ())
    head = rb"(?:h.|j.{4})\)\x81\x94"
    tokens = (S + rb"{16,}+", NEW_TEXT, rb"]\x94\(" + S + rb"++e", rb"]\x94\(?", head, rb"}\x94\(?")
    token = b"|".join((*tokens, rb"[\x85-\x87]\x94", _SIGNS, S))
    match_run, match_item = re.compile(exact(run), re.DOTALL).match, re.compile(exact(item), re.DOTALL).match
    return Form(False, match_run, match_item, re.compile(exact(token), re.DOTALL).findall)


NEW = _new()


@cache
def old_form() -> Form:
    """Return the form of protocols 1 to 3; made when a file is met that is large enough to need it."""
    run, item = _values(_OLD_TEXT + rb"r.{4}", rb"r.{4}", (rb"\((?:%s){1,6}+t",))
    head = rb"(?:h.|j.{4})\)\x81"
    tokens = (S + rb"{16,}+", _OLD_TEXT, rb"[]}t]", head, rb"[\x85-\x87]", rb"\(" + S + rb"++e", rb"\(", _SIGNS, S)
    token = rb"(" + b"|".join(tokens) + rb")(?:r(.{4}))?"
    match_run, match_item = re.compile(exact(run), re.DOTALL).match, re.compile(exact(item), re.DOTALL).match
    return Form(True, match_run, match_item, re.compile(exact(token), re.DOTALL).findall)


def places(first: int, count: int, step: int = 1) -> bytes:
    """Return how `count` places in the memo from `first` on are written, each `step` behind the one before."""
    return struct.pack(f"<{count}I", *range(first, first + count * step, step))
