"""Candidates weighed by what stands around them, and overlaps resolved."""

from __future__ import annotations

import ipaddress
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from assay_detectors.pii.calibration import probability
from assay_detectors.pii.compiled import Ready
from assay_detectors.pii.context import OTHER, after, around, may_mention, mentions
from assay_detectors.pii.entities import TABLE_ORDER
from assay_detectors.pii.rule import Rule

_BESIDE = 240
_USERS = "CUSTOM_PERSONAL"
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


def weighed(ready: Ready, spans: Iterable[tuple[int, int]], text: str, min_score: float) -> list[Found]:
    """Return those of the spans that pass the checks of the rule, with their scores."""
    rule, found = ready.rule, []
    check = rule.check
    for start, end in spans:
        plain = value = text[start:end]
        if not value.isascii():
            plain = _plain(value)
        if rule.cut is not None:
            length = rule.cut(plain)
            if not length:
                continue
            end = start + length
            plain, value = plain[:length], value[:length]
        if check is not None and not _holds(check, plain):
            continue
        if rule.beside and not rule.witness.search(text, max(0, start - _BESIDE), end + _BESIDE):
            continue
        score = _score(rule, text, start, end)
        if rule.probable[score] >= min_score:
            entity = "IP_LOOPBACK" if rule.entity == "IP_ADDRESS" and _nobody(plain) else rule.entity
            found.append(Found(start, end, entity, score, value, "", rule.name))
    return found


@lru_cache(maxsize=1 << 12)
def _holds(check: Callable[[str], bool], value: str) -> bool:
    return check(value)


def _plain(value: str) -> str:
    """Return the value with the digits of every script as ASCII ones, character for character."""
    return "".join(str(unicodedata.decimal(char, char)) for char in value)


def _score(rule: Rule, text: str, start: int, end: int) -> float:
    if not rule.words or not may_mention(text, start, end, rule):
        return rule.alone
    context = around(text, start, end)
    if rule.unless and OTHER in context:
        own = context.rpartition(OTHER)[2]
        if mentions(own, rule.unless) and not mentions(own, rule.context):
            return 0.0
    if mentions(context, rule.context) or (rule.after and mentions(after(text, end), rule.context)):
        return rule.near
    nearest = context.rpartition(OTHER)[2].split()[-_NEAREST:]
    return 0.0 if rule.unless and mentions(f" {' '.join(nearest)} ", rule.unless) else rule.alone


@lru_cache(maxsize=1 << 12)
def _nobody(value: str) -> bool:
    if ":" not in value:
        return value.startswith("127.") or value == "0.0.0.0"
    address = ipaddress.ip_address(value)
    return address.is_loopback or address.is_unspecified


def resolved(found: list[Found]) -> list[Found]:
    """Keep the surest of those that overlap; a URL may hold others and stays beside them.

    What a recognizer of the user calls personal never takes the place of what our rules know, whatever its score.
    """
    if len(found) < 2:
        return found
    found = sorted(found)
    if all(one.end <= other.start for one, other in pairwise(found)):
        return found
    kept: list[Found] = []
    spans: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for one in sorted(
        found, key=lambda f: (f.entity == _USERS, -f.score, TABLE_ORDER[f.entity], f.start - f.end, f.start, f.chain)
    ):
        taken = spans[one.entity == "URL"]  # in order, none overlapping
        at = bisect_left(taken, (one.start, one.end))
        if (at == 0 or taken[at - 1][1] <= one.start) and (at == len(taken) or one.end <= taken[at][0]):
            taken.insert(at, (one.start, one.end))
            kept.append(one)
    return sorted(kept)
