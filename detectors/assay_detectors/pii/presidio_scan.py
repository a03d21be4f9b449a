"""Lines searched by recognizers of Presidio, each only where its own patterns may match. In workers only."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.attempt import attempt
from assay_detectors.pii.custom import PERSONAL
from assay_detectors.pii.line import Line, LineScanner
from assay_detectors.pii.presidio_code import load
from assay_detectors.pii.presidio_engine import Engine, Span, own_recognizers, patterns_of
from assay_detectors.pii.presidio_sieve import Sieve
from assay_detectors.pii.reference import RECOGNIZERS, THRESHOLD
from assay_detectors.pii.weigh import USERS, Found

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NAME = 80


class RecognizerScanner:
    """Find values in blocks of lines, as `LineScanner` does, by recognizers of Presidio alone."""

    def __init__(
        self, recognizers: Sequence[Any], threshold: float, entities: Mapping[str, str], engine: str = "auto"
    ) -> None:
        """Compile.

        Args:
            recognizers: of Presidio, or of the user.
            threshold: score under which nothing is reported.
            entities: entity of ours, by the name of a class; every other is the user's.
            engine: of the prefilter.
        """
        self.work = 0
        """Lines looked at so far."""
        self.sieve = Sieve([patterns_of(one) for one in recognizers], engine)
        self._engine = Engine(recognizers)
        self._threshold = threshold
        self._types = [tuple(str(entity) for entity in one.supported_entities) for one in recognizers]
        self._entities = {one.id: entities.get(type(one).__name__, PERSONAL) for one in recognizers}
        self._rules = {one.id: _rule(one) for one in recognizers}

    def block(self, text: str) -> list[Line]:
        """Return the lines in which something is found, or which could not be analysed, in order."""
        lines: list[Line] = []
        for start, line, fired in self.sieve.lines(text):
            self.work += 1
            spans, problem = self.analyze(line, fired)
            found = [one for one in (self._found(span, line) for span in spans) if one is not None]
            if found or problem:
                lines.append(Line(start, found, problem))
        return lines

    def analyze(self, line: str, fired: frozenset[int]) -> tuple[list[Span], str | None]:
        """Return what these recognizers find in a line, and why that may not be all."""
        entities = sorted({entity for number in fired for entity in self._types[number]})
        plain = _SURROGATE.sub("\ufffd", line)
        tried = attempt(lambda: self._engine.analyze(plain, entities))
        if tried.value is None:  # the message may quote a value, so only the kind of the error is told
            return [], f"a recognizer of Presidio raised {type(tried.error).__name__}"
        spans, whole = tried.value
        return spans, None if whole else "a pattern of a recognizer of Presidio ran out of time"

    def _found(self, span: Span, line: str) -> Found | None:
        if not 0 <= span.start < span.end <= len(line) or span.score < self._threshold:
            return None
        entity, value = self._entities.get(span.recognizer, PERSONAL), line[span.start : span.end]
        if entity == "IP_ADDRESS" and _nobody(value):
            entity = "IP_LOOPBACK"
        rule = self._rules.get(span.recognizer, "a recognizer")
        return Found(span.start, span.end, entity, float(span.score), value, "", rule)


class Together:
    """Our own rules, and recognizers of the user beside them: what these find never takes the place of ours."""

    def __init__(self, own: LineScanner, added: RecognizerScanner) -> None:
        self._own, self._added = own, added

    @property
    def work(self) -> int:
        """Return how much was looked at so far."""
        return self._own.work + self._added.work

    def block(self, text: str) -> list[Line]:
        """Return the lines in which something is found, in order."""
        lines = {line.start: line for line in self._own.block(text)}
        for line in self._added.block(text):
            own = lines.get(line.start, Line(line.start, [], None))
            ours = [one for one in own.found if one.entity not in USERS]
            fresh = [one for one in line.found if all(one.end <= o.start or one.start >= o.end for o in ours)]
            if fresh or line.problem or own.found:
                lines[line.start] = Line(line.start, sorted([*own.found, *fresh]), own.problem or line.problem)
        return [lines[start] for start in sorted(lines)]


def _rule(recognizer: Any) -> str:
    """Return a recognizer's name and entities, as its code gave them when it was made, fit to be shown."""
    entities = [str(entity) for entity in recognizer.supported_entities if str(entity) != recognizer.name]
    text = f"{recognizer.name} ({', '.join(entities)})" if entities else str(recognizer.name)
    return "".join(char if char.isprintable() else " " for char in text)[:_NAME]


def _nobody(value: str) -> bool:
    """Say whether the address is loopback or unspecified; Presidio also finds networks."""
    found = attempt(lambda: ipaddress.ip_interface(value).ip).value
    return found is not None and (found.is_loopback or found.is_unspecified)


def reference_scanner(min_score: float, brought: Sequence[Mapping[str, Any]], code: str) -> RecognizerScanner:
    """Return the scanner of the reference mode: Presidio's recognizers, and those that the user brings."""
    recognizers = [*own_recognizers(tuple(RECOGNIZERS)), *map(_of_plain, brought), *_of_code(code)]
    return RecognizerScanner(recognizers, min(min_score, THRESHOLD), RECOGNIZERS)


def together(own: LineScanner, min_score: float, engine: str, code: str) -> Together:
    """Return our own scanner with the recognizers of the user's code beside it."""
    return Together(own, RecognizerScanner(_of_code(code), min_score, {}, engine))


def _of_plain(plain: Mapping[str, Any]) -> Any:
    from presidio_analyzer import Pattern, PatternRecognizer

    name = str(plain["name"])
    pattern = Pattern(name, str(plain["pattern"]), float(plain["score"]))
    return PatternRecognizer(name, name=name, patterns=[pattern], context=list(plain.get("context", ())) or None)


def _of_code(code: str) -> list[Any]:
    if not code:
        return []
    shown, source = json.loads(code)
    return load(source, shown)
