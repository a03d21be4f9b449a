"""What stands around a value: the key that names it, or the words before it. Whole words only."""

from __future__ import annotations

import re
from functools import lru_cache

from assay_detectors.pii.keys import named_apart, unwrapped
from assay_detectors.pii.rule import Rule

_BEFORE = 72
_AFTER = 64
_WORDS, _LABEL_WORDS = 8, 4
_ASSIGNED = re.compile(r"""["'`\\\])]{0,6}\s{0,3}(?:=>|->|:=|[:=|]|(?<=[\w"'])>)\s{0,3}["'`\\(\[]{0,6}$""")
_ASSIGNED_SIZE = 20
"""Characters of the longest match."""
_ASSIGNING = frozenset(":=>|")
_apart_camel = re.compile(r"[A-Z](?<=[a-z0-9].)").sub
_LOWER = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
_NOT_WORD = re.compile(r"[\W_]+")
_PARTS = ":=,;{}[]|"
OTHER = "|"
"""Stands in a context before the words that name the value itself, behind those that may name another one."""
_VALUE_ENDS = re.compile(r"[\"&={};|<>\[\]]|\) ?(?i:values) ?\(")
"""What ends another value, or the names of the columns in a statement, which `columns.paired` gives their values."""
_NEXT_WORD = re.compile(r""" ?[-(]? ?([A-Z]?[a-z]+)(?!\w|\\?["']?\s?[:=])""")
_NAMED_AFTER = re.compile(
    r"""\\?["']?\s?(?:\((?:column|field|feature|key|parameter|param)|for key)\s\\?["']?([\w .\-]{1,40})"""
)


def words(text: str) -> str:
    """Return the words of `text`, lower case, single spaces, a space at both ends; `userPhone_no` is three words."""
    return f" {' '.join(_tokens(text))} "


def _tokens(text: str) -> list[str]:
    text = _apart_camel(_apart_from_before, text)
    return (text.translate(_LOWER) if text.isascii() else _NOT_WORD.sub(" ", text).lower()).split()


def _apart_from_before(found: re.Match[str]) -> str:
    return f" {found[0]}"


def around(text: str, start: int, end: int) -> str:
    """Return the words that say what text[start:end] is.

    A key right before the value (`"nhs_number": "…"`, `nhs=…`, `Phone: …`) or named right after it
    (`'…' (column 'nhs')`, as data libraries write) is the only context; otherwise the last words of prose.
    """
    if text.find("(", end, end + 4) >= 0 or text.find(" for key ", end, end + 12) >= 0:
        named = _NAMED_AFTER.match(text, end, end + _AFTER)
        if named:
            return words(named[1])
    before = text[max(0, start - _BEFORE) : start]
    before = unwrapped(before)
    if before.rstrip("\"'`\\([ \t\r\x0b\x0c\xa0")[-1:] in _ASSIGNING:
        if name := named_apart(before):
            return words(name)
        assigned = _ASSIGNED.search(before, max(0, len(before) - _ASSIGNED_SIZE))
        if assigned:
            before = before[: assigned.start()]
            if ":" not in assigned[0] or assigned[0][:1] in "\"'\\":
                token = _last_token(before)
                return words(token) if token else " "
            last = before.rsplit(None, 1)[-1:]
            if last and "::" in last[0]:
                return " "  # the name of a logger, as Rust and C++ write it
            return _label(before, max(map(before.rfind, _PARTS)), _LABEL_WORDS)
    before = _VALUE_ENDS.split(before.rstrip("\"'\\ "))[-1]
    return _label(before, before.rfind(" - "), _WORDS)  # what is before a dash is the head of the line


def _label(before: str, cut: int, most: int) -> str:
    """Return the last words, with `OTHER` where those begin that name the value, if others are before them."""
    if cut < 0:
        return f" {' '.join(_tokens(before)[-most:])} "
    own = _tokens(before[cut:])[-most:]
    other = _tokens(before[:cut])[len(own) - most :] if len(own) < most else []
    return f" {' '.join([*other, OTHER, *own])} "


def _last_token(text: str) -> str:
    first = len(text)
    while first and (text[first - 1].isalnum() or text[first - 1] in "_.-"):
        first -= 1
    return text[first:].lstrip("_.-")


def after(text: str, end: int) -> str:
    """Return the word right after the value: `… (office)`, `…-Fax`; not the first part of a longer name."""
    found = _NEXT_WORD.match(text, end)
    return f" {found[1].lower()} " if found else " "


def mentions(context: str, phrases: tuple[str, ...]) -> bool:
    """Say whether one of the phrases stands in `context`, as whole words."""
    single, several = _apart(phrases)
    if not single.isdisjoint(context.split()):
        return True
    return any(phrase in context for phrase in several)


@lru_cache(maxsize=256)
def _apart(phrases: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    single = frozenset(phrase for phrase in phrases if " " not in phrase)
    return single, tuple(f" {phrase} " for phrase in phrases if " " in phrase)


def may_mention(text: str, start: int, end: int, rule: Rule) -> bool:
    """Say quickly whether `around` or `after` may mention one of the words of the rule; False is sure."""
    near = text[start - _BEFORE if start > _BEFORE else 0 : start]
    if rule.after or text.find("(", end, end + 4) >= 0 or text.find(" for key ", end, end + 12) >= 0:
        near += " " + text[end : end + _AFTER]
    quick = rule.quick
    if quick is not None and near.isascii():
        return quick.search(near) is not None
    return not rule.firsts.isdisjoint(_tokens(near))
