"""All that is found in one line: the candidates of every rule, weighed by their context, overlaps resolved."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from assay_detectors.pii.context import after, around, mentions
from assay_detectors.pii.decode import decoded
from assay_detectors.pii.entities import TABLE_ORDER
from assay_detectors.pii.portable import fold
from assay_detectors.pii.prefilter import Prefilter, gate, prefilter
from assay_detectors.pii.recognizers import Recognizer, build


class Found(NamedTuple):
    """A value in a line. Holds the raw value: never leaves the worker."""

    start: int
    """First column, from 0."""
    end: int
    entity: str
    score: float
    value: str


class LineScanner:
    """Find values in lines. Built once per worker: Presidio's import costs seconds."""

    def __init__(self, min_score: float, engine: str = "auto") -> None:
        self._recognizers: list[Recognizer] = build()
        self._min_score = min_score
        patterns: list[str] = []
        self._owner: list[int] = []
        for number, recognizer in enumerate(self._recognizers):
            patterns.extend(recognizer.portable)
            self._owner.extend([number] * len(recognizer.portable))
        words = [r.rule.context if r.rule.alone < min_score else () for r in self._recognizers]
        gates = [one for one in dict.fromkeys(words) if one]
        self._gate = [len(patterns) + gates.index(one) if one else -1 for one in words]
        patterns.extend(gate(one) for one in gates)
        self.engine, self._prefilter = prefilter(patterns, engine)

    @property
    def prefilter(self) -> Prefilter:
        """Return the prefilter, for tests and benchmarks."""
        return self._prefilter

    def candidates(self, text: str) -> list[int]:
        """Return the numbers of the rules that may match; one that needs context needs its words in the line."""
        hits = self._prefilter(fold(text))
        own = len(self._owner)
        rules = {self._owner[pattern] for pattern in hits if pattern < own}
        return sorted(rule for rule in rules if self._gate[rule] < 0 or self._gate[rule] in hits)

    def scan(self, text: str) -> list[Found]:
        """Return what is found in the line, in order of columns; encoded values at the columns of the code."""
        rules = self.candidates(text)
        found = list(self._weighed(text, rules)) if rules else []
        plain = decoded(text)
        if plain is not None and plain.text != text:
            for one in self._weighed(plain.text, self.candidates(plain.text)):
                start, end = plain.span(one.start, one.end)
                found.append(one._replace(start=start, end=end))
        return _resolved(found) if found else found

    def _weighed(self, text: str, rules: list[int]) -> Iterator[Found]:
        for number in rules:
            recognizer = self._recognizers[number]
            rule = recognizer.rule
            for start, end in recognizer.spans(text):
                if rule.cut is not None:
                    length = rule.cut(text[start:end])
                    if not length:
                        continue
                    end = start + length
                value = text[start:end]
                if rule.check is not None and not rule.check(value):
                    continue
                score = _score(recognizer, text, start, end)
                if score >= self._min_score:
                    yield Found(start, end, _entity(rule.entity, value), score, value)


def _score(recognizer: Recognizer, text: str, start: int, end: int) -> float:
    rule = recognizer.rule
    if not rule.context and not rule.unless:
        return rule.alone
    context = around(text, start, end)
    if mentions(context, rule.context) or (rule.after and mentions(after(text, end), rule.context)):
        return rule.near
    return 0.0 if mentions(context, rule.unless) else rule.alone


def _entity(entity: str, value: str) -> str:
    return "IP_LOOPBACK" if entity == "IP_ADDRESS" and _nobody(value) else entity


@lru_cache(maxsize=1 << 12)
def _nobody(value: str) -> bool:
    address = ipaddress.ip_address(value)
    return address.is_loopback or address.is_unspecified


def _resolved(found: list[Found]) -> list[Found]:
    """Keep the surest of those that overlap; a URL may hold others and stays beside them."""
    kept: list[Found] = []
    spans: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for one in sorted(found, key=lambda f: (-f.score, TABLE_ORDER[f.entity], f.start - f.end, f.start)):
        taken = spans[one.entity == "URL"]  # in order, none overlapping
        at = bisect_left(taken, (one.start, one.end))
        if (at == 0 or taken[at - 1][1] <= one.start) and (at == len(taken) or one.end <= taken[at][0]):
            taken.insert(at, (one.start, one.end))
            kept.append(one)
    return sorted(kept)
