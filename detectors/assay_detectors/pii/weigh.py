"""Candidates weighed by what stands around them, and overlaps resolved."""

from __future__ import annotations

import ipaddress
import unicodedata
from bisect import bisect_left, insort
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from assay_detectors.pii import validate
from assay_detectors.pii.calibration import probability
from assay_detectors.pii.compiled import Ready, Spans
from assay_detectors.pii.context import OTHER, after, around, may_mention, mentions
from assay_detectors.pii.entities import BY_NAME, TABLE_ORDER
from assay_detectors.pii.rule import DENIED, Rule

_BESIDE = 240
USERS = frozenset({"CUSTOM_PERSONAL", "CUSTOM_SECRET"})
_NEAREST = 3
"""Words right before a value that may say that it is something else."""


class Found(NamedTuple):
    """A value in a line. Holds the raw value: never leaves the worker."""

    start: int
    """First column, from 0."""
    end: int
    entity: str
    score: float
    """Level of the rule, which puts findings that overlap in order."""
    value: str
    chain: str = ""
    """How the value was encoded, from the outside in: `base64 > url`; the columns are those of the code."""
    rule: str = ""
    """Name of the rule, where the user brought it."""

    @property
    def probability(self) -> float:
        """Return how likely the finding is right; by a rule that the user brought: the score that it has there."""
        return self.score if self.rule else probability(self.entity, self.score)


Weigh = Callable[[Spans, str, list["Found"]], None]
"""Adds to a list those of the spans in a text that pass the checks of a rule, with their scores."""


def weigher(ready: Ready, min_score: float) -> Weigh:
    """Return what weighs the spans that a rule found; made once, for it runs for every span."""
    rule = ready.rule
    cut, beside, words, name = rule.cut, rule.beside, bool(rule.words), rule.name
    check = None if rule.check is None else _remembered(rule.check)
    scores = frozenset(score for score, probable in rule.probable.items() if probable >= min_score)
    address = rule.entity == "IP_ADDRESS"

    def weigh(spans: Spans, text: str, found: list[Found]) -> None:
        for start, end in spans:
            plain = value = text[start:end]
            if not value.isascii():
                plain = _plain(value)
            if cut is not None:
                length = cut(plain)
                if not length:
                    continue
                end = start + length
                plain, value = plain[:length], value[:length]
            if check is not None and not check(plain):
                continue
            if beside and not rule.witness.search(text, max(0, start - _BESIDE), end + _BESIDE):
                continue
            score = _score(rule, text, start, end) if words and may_mention(text, start, end, rule) else rule.alone
            if score in scores:
                entity = "IP_LOOPBACK" if address and _nobody(plain) else rule.entity
                found.append(Found(start, end, entity, score, value, "", name))

    return weigh


_CHEAP = frozenset({validate.ipv4})
"""Checks that take no longer than to remember what they said."""


@cache
def _remembered(check: Callable[[str], bool]) -> Callable[[str], bool]:
    return check if check in _CHEAP else lru_cache(maxsize=1 << 8)(check)


def _plain(value: str) -> str:
    """Return the value with the digits of every script as ASCII ones, character for character."""
    return "".join(str(unicodedata.decimal(char, char)) for char in value)


def _score(rule: Rule, text: str, start: int, end: int) -> float:
    context = around(text, start, end)
    if rule.unless and OTHER in context:
        own = context.rpartition(OTHER)[2]
        if mentions(own, rule.unless) and not mentions(own, rule.context):
            return DENIED
    if mentions(context, rule.context) or (rule.after and mentions(after(text, end), rule.context)):
        return rule.near
    nearest = context.rpartition(OTHER)[2].split()[-_NEAREST:]
    return DENIED if rule.unless and mentions(f" {' '.join(nearest)} ", rule.unless) else rule.alone


def _nobody(value: str) -> bool:
    if ":" not in value:
        return value.startswith("127.") or value == "0.0.0.0"
    address = ipaddress.ip_address(value)
    return address.is_loopback or address.is_unspecified


def resolved(found: list[Found]) -> list[Found]:
    """Keep the surest of those that overlap; a URL may hold others and stays beside them.

    What rules of the user find never takes the place of what others know, whatever its score: what they call personal
    goes where ours found anything, what they call a secret where ours are as sure, and else stands beside.
    """
    if len(found) < 2:
        return found
    found = sorted(found)
    if all(one.end <= other.start for one, other in pairwise(found)):
        return found
    kept: list[Found] = []
    ours, sure, secrets, personal, urls = _Spans(), _Spans(), _Spans(), _Spans(), _Spans()
    for one in sorted(
        found, key=lambda f: (f.entity in USERS, -f.score, TABLE_ORDER[f.entity], f.start - f.end, f.start, f.chain)
    ):
        if one.entity == "URL":
            rivals, known = [urls], [urls]
        elif one.entity == "CUSTOM_SECRET":
            rivals, known = [secrets, sure], [secrets]
        elif one.entity == "CUSTOM_PERSONAL":
            rivals, known = [personal, ours], [personal]
        else:
            rivals, known = [ours], [ours, sure] if BY_NAME[one.entity].tier == "A" else [ours]
        if not any(spans.touch(one.start, one.end) for spans in rivals):
            for spans in known:
                spans.add(one.start, one.end)
            kept.append(one)
    return sorted(kept)


class _Spans(list[tuple[int, int]]):
    """Spans in order, none overlapping."""

    def touch(self, start: int, end: int) -> bool:
        """Say whether one of them overlaps start..end."""
        at = bisect_left(self, (start, end))
        return (at > 0 and self[at - 1][1] > start) or (at < len(self) and end > self[at][0])

    def add(self, start: int, end: int) -> None:
        """Add a span that overlaps none."""
        insort(self, (start, end))
