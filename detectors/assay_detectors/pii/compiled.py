"""Rules made ready: patterns compiled, anchors derived, the numbers of anchors tied to what they call for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assay_detectors.pii.keys import CAPITAL, CAPITAL_AHEAD, LINKS, LOOSE_LINKS, LOOSE_START, VALUE_START
from assay_detectors.pii.portable import portable, prefix
from assay_detectors.pii.prefilter import Anchor, word_anchor
from assay_detectors.pii.rule import FORMAT, Rule
from assay_detectors.pii.timed import Clock, Timed

_BEFORE_WORD, _AFTER_WORD, _AFTER_WORD_BROUGHT = 160, 140, 220
"""Around a context word, this far may the value be that it speaks of: 72 characters, and the value itself."""
_KEY_REACH = 96
Spans = Sequence[tuple[int, int]]
Find = Callable[[str, int], Spans]
"""Where a rule finds values in a line, around the end of an anchor."""
_DIGITS_ALIKE = bytes(48 if 48 <= code <= 57 else code for code in range(256))


@dataclass(frozen=True, eq=False)
class Ready:
    """A rule, compiled."""

    rule: Rule
    number: int
    search: re.Pattern[str] | Timed
    """The pattern; for a rule with a key, the value behind it. The value is group `value`, or the whole match."""
    key: re.Pattern[str] | None
    group: str | int
    run: bytes
    """Zeros, as many as `rule.digits`."""

    def spans(self, text: str, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the spans of the values in text[start:stop]; a rule with a key has none without its key's end."""
        if self.run and (part := text[start:stop]).isascii() and self.run not in _joined(part):
            return []
        return [
            found.span(self.group) for found in self.search.finditer(text, start, stop) if found.end(self.group) > 0
        ]


def _joined(text: str) -> bytes:
    """Return the ASCII text with zeros for digits, without spaces and hyphens."""
    return text.encode().translate(_DIGITS_ALIKE, b" -")


def _within(ready: Ready, before: int, after: int) -> Find:
    """Return what finds the spans around the end of an anchor, up to the first that reaches it."""
    search, group, solid = ready.search.search, ready.group, ready.rule.solid

    def find(line: str, end: int) -> Spans:
        low = end - before if end > before else 0
        if solid:
            low = max(low, line.rfind(" ", low, end - 1) + 1)
        found, stop = search(line, low, end + after), end - 1
        if found is None:
            return ()
        if found.end() >= stop:
            return (found.span(group),)
        spans = []
        while found is not None:
            spans.append(found.span(group))
            found = search(line, found.end(), end + after) if found.end() < stop else None
        return spans

    return find


def _behind(ready: Ready) -> Find:
    """Return what finds the value behind the key whose link (`:`, `=`, …) is the anchor."""
    assert ready.key is not None and not isinstance(ready.search, Timed)
    match, named, group = ready.search.match, ready.key.search, ready.group

    def find(line: str, end: int) -> Spans:
        found = match(line, end)  # first, as it fails sooner
        if found is None or not named(line, end - _KEY_REACH if end > _KEY_REACH else 0, end):
            return ()
        return (found.span(group),)

    return find


class Call(NamedTuple):
    """What an anchor calls for: a rule, and how far around the end of the anchor it looks."""

    ready: Ready
    before: int
    after: int
    """-1: the rule looks behind a key, which ends there."""
    own: bool
    """Whether the anchor is a part of what the rule finds, so that every match has an anchor of its own."""


class Placed(NamedTuple):
    """What an anchor that is a part of values calls for."""

    find: Find
    readies: list[Ready]
    """The rules that are after these spans: they differ in what they ask of a value."""


def placed(calls: list[Call]) -> list[Placed]:
    """Return what is `own` among the calls of one anchor; equal searches become one."""
    made: list[Placed] = []
    last = None
    for ready, before, after, own in calls:
        if not own:
            continue
        alike = (ready.search, ready.key, ready.group, before, after, ready.rule.solid)
        if alike == last:
            made[-1].readies.append(ready)
        else:
            made.append(Placed(_behind(ready) if after < 0 else _within(ready, before, after), [ready]))
        last = alike
    return made


def compiled(rules: tuple[Rule, ...], clock: Clock) -> list[Ready]:
    """Compile every rule; those that the user brought are searched for by the clock."""
    return [_ready(rule, number, clock) for number, rule in enumerate(rules)]


def _ready(rule: Rule, number: int, clock: Clock) -> Ready:
    run = b"0" * rule.digits
    if rule.name:
        return Ready(rule, number, Timed(rule.pattern, rule.name, clock), None, rule.group, run)
    if rule.key is not None:
        links, start = (LOOSE_LINKS, LOOSE_START) if rule.loose else (LINKS, VALUE_START)
        if rule.pattern.startswith(CAPITAL) and not rule.loose:
            start = CAPITAL_AHEAD + start
        key = re.compile(rf"{rule.start}(?i:{rule.key}){links}\Z")
        return Ready(rule, number, re.compile(rf"{start}(?P<value>{rule.pattern})"), key, "value", run)
    before, cut, value = rule.pattern.partition(r"\K")
    if cut:
        return Ready(rule, number, re.compile(rf"{before}(?P<value>{value})"), None, "value", run)
    return Ready(rule, number, re.compile(rule.pattern), None, rule.group, run)


def anchored(readies: list[Ready], min_score: float) -> dict[Anchor, list[Call]]:
    """Return the anchors of the rules and what each calls for.

    A rule that is below the threshold without context is called for by its context words, unless it has an anchor of
    its own.
    """
    found: dict[Anchor, list[Call]] = {}
    by_word: dict[str, list[Call]] = {}
    for ready in readies:
        rule = ready.rule
        alone, near = rule.probable[rule.alone], rule.probable[rule.near]
        if alone < min_score and rule.anchor is None and rule.key is None:
            for phrase in rule.context if near >= min_score else ():
                after = _AFTER_WORD_BROUGHT if rule.name else _AFTER_WORD
                by_word.setdefault(phrase, []).append(Call(ready, _BEFORE_WORD, after, own=False))
        elif max(alone, near) >= min_score:
            found.setdefault(_anchor(rule), []).append(
                Call(ready, rule.reach, -1 if rule.key else rule.tail, own=not rule.name)
            )
    words: dict[tuple[int, ...], list[str]] = {}
    calls: dict[tuple[int, ...], list[Call]] = {}
    for phrase, called in by_word.items():
        numbers = tuple(call.ready.number for call in called)
        words.setdefault(numbers, []).append(phrase)
        calls[numbers] = called
    for numbers, phrases in words.items():
        found[word_anchor(phrases)] = calls[numbers]
    return found


def _anchor(rule: Rule) -> Anchor:
    if rule.key is not None:
        first = portable(rule.start + "x")[:-1]
        return Anchor(rf"{first}(?i:{portable(rule.key)}){LOOSE_LINKS if rule.loose else LINKS}")
    if rule.anchor is not None:
        return Anchor(rule.anchor, timed=bool(rule.name))
    return Anchor(prefix(rule.pattern) if rule.alone > FORMAT else portable(rule.pattern))
