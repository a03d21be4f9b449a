"""One way to recognise one kind of value: a pattern, its checks, and what it is worth with and without context."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from assay_detectors.pii.calibration import probability

DENIED = 0.0
"""A word right before the value says that it is something else."""
FORMAT = 0.3
"""The format alone: not reported under the default threshold."""
CHECKED = 0.55
"""A telling format, or a format with a checksum."""
STRONG = 0.75
"""A format that hardly anything else has: an issuer range with checksum, a token prefix."""
NAMED = 0.85
"""Format (and checksum) behind a key name or a context word."""
CERTAIN = 0.95
"""Hardly anything else is written so. The levels put rules in order; `calibration` says how often each is right."""

_FEW = 8
"""Letters with which words begin, so that it is fast to look for these letters first."""

NOT_ALNUM = r"(?<![A-Za-z0-9])"


def by_letter(words: Sequence[str]) -> tuple[str, str]:
    """Return the letters with which patterns of words in any case begin, and a pattern of what follows them.

    `re` finds the next of some letters at once, and tries an alternation at every character.
    """
    ends: dict[str, list[str]] = {}
    for word in words:
        ends.setdefault(word[0], []).append(word[1:])
    rest = "|".join(f"(?<=[{one}{one.upper()}])(?i:{'|'.join(parts)})" for one, parts in ends.items())
    return "".join(letter + letter.upper() for letter in ends), f"(?:{rest})"


@dataclass(frozen=True)
class Rule:
    r"""A pattern of one entity; `\K` in the pattern sets where the value begins (syntax of the module `re` else)."""

    entity: str
    pattern: str
    alone: float
    """Level without context; of a rule that the user brought, its own score."""
    near: float
    """Level with one of the context words."""
    context: tuple[str, ...] = ()
    check: Callable[[str], bool] | None = None
    """Further test of the value; a value that does not hold is none."""
    base: str | None = None
    """Class of Presidio whose checksum agrees with `check` (a test compares them)."""
    unless: tuple[str, ...] = ()
    """Words that, naming the value, say that it is something else."""
    cut: Callable[[str], int] | None = None
    """How many characters of the match are the value, from its first; 0: none."""
    after: bool = False
    """Whether context words may also follow the value."""
    anchor: str | None = None
    r"""A simple pattern that occurs in, or right around, whatever the rule finds: no look-around, no `\1`, no line
    feed inside, few different ends. None: the first characters of `pattern` that have a fixed length."""
    reach: int = 64
    """How many characters before the end of the anchor a match may begin."""
    tail: int = 300
    """How many characters after the end of the anchor a match may end; few: there is one match for each end."""
    key: str | None = None
    """Alternation of key names: the pattern is the value that stands right behind one of them."""
    start: str = NOT_ALNUM
    """What may not stand before the key."""
    loose: bool = False
    """Whether the value behind the key may be anything, so that only an assignment counts."""
    group: int = 0
    """Group of the pattern that is the value; 0: all of it, or what follows `\\K`."""
    beside: str = ""
    """A pattern, one match of which must stand within 240 characters of the value; empty: none."""
    name: str = ""
    """Name that the user gave the rule."""
    solid: bool = False
    """Neither a match nor a match of the anchor, its borders apart, holds a space; for speed only."""
    digits: int = 0
    """The value has at least so many digits, with nothing but spaces and hyphens between them; for speed only."""

    @cached_property
    def probable(self) -> dict[float, float]:
        """Level -> probability that what the rule finds there is right; scores of the user stay as they are."""
        levels = {DENIED, self.alone, self.near}
        return {level: level if self.name else probability(self.entity, level) for level in levels}

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word that bears on the value."""
        return self.context + self.unless

    @cached_property
    def firsts(self) -> frozenset[str]:
        """The words, and the first word of each phrase."""
        return frozenset(phrase.split()[0] for phrase in self.words)

    @cached_property
    def quick(self) -> re.Pattern[str] | None:
        """A pattern that is in every ASCII text with one of `firsts` as a word; None: to compare words is faster."""
        words = sorted(filter(str.isascii, self.firsts), reverse=True)
        letters, rest = by_letter([re.escape(word) for word in words])
        if not 0 < len(letters) <= 2 * _FEW or not letters.isalpha():
            return None
        return re.compile(rf"[{letters}](?:(?<![A-Za-z0-9].)|(?<=[A-Z])){rest}(?![a-z0-9])")

    @cached_property
    def witness(self) -> re.Pattern[str]:
        """`beside`, compiled."""
        return re.compile(self.beside)


def named(
    entity: str,
    names: str,
    value: str,
    check: Callable[[str], bool] | None = None,
    confidence: float = NAMED,
    start: str = NOT_ALNUM,
    cut: Callable[[str], int] | None = None,
    loose: bool = False,
) -> Rule:
    """Return the rule for `value` behind a key: `"names": "value"`, `names=value`, `names => value`.

    `names` is an alternation without anchors; a prefix such as `db_` or `user.` may stand before it unless `start`
    forbids it.
    """
    return Rule(entity, value, confidence, confidence, check=check, key=names, start=start, cut=cut, loose=loose)


def named_after(
    entity: str,
    names: str,
    value: str,
    check: Callable[[str], bool] | None = None,
    confidence: float = NAMED,
    cut: Callable[[str], int] | None = None,
) -> Rule:
    """Return the rule for `value` as data libraries report it: `'value' (column 'names'`."""
    said = r"\\?[\"'] (?:\((?:column|field|feature|key)|for key) \\?[\"'](?:[\w.\-]{0,40}[_.\-])?"
    return Rule(
        entity,
        rf"(?<=[\"']){value}(?={said}(?i:{names}))",
        confidence,
        confidence,
        check=check,
        cut=cut,
        anchor=rf"(?:\((?:column|field|feature|key)|[\"'] for key) \\?[\"'](?:[\w.\-]{{0,40}}[_.\-])?(?i:{names})",
        reach=400,
    )


def key_rules(
    entity: str,
    names: str,
    value: str,
    check: Callable[[str], bool] | None = None,
    confidence: float = NAMED,
    start: str = NOT_ALNUM,
    cut: Callable[[str], int] | None = None,
) -> tuple[Rule, ...]:
    """Return the two rules of an entity that is known by its key name."""
    return (
        named(entity, names, value, check, confidence, start, cut),
        named_after(entity, names, value, check, confidence, cut),
    )
