"""Where in a line people write freely: fields such as `prompt` and `message`, else runs of words."""

from __future__ import annotations

import re

BY_MODEL = "NER: model"
"""Begins the name of the rule of what a model of the user found; the name of the model follows."""
_NAMES = (
    "prompts?|messages?|msg|text|contents?|query|questions?|comments?|inputs?|outputs?|responses?|completions?|answers?"
    "|body|notes?|description|reviews?|feedback|transcripts?|utterances?|summary|instructions?|subject|reply"
)
_FIELD = re.compile(
    rf"(?<![A-Za-z0-9])(?i:{_NAMES})\\{{0,3}}[\"']?\s{{0,3}}[:=]\s{{0,3}}"
    r"(?:\\{0,3}\"(?P<double>(?:[^\"\\\n]|\\[^\n])+)|'(?P<single>(?:[^'\\\n]|\\[^\n])+))"
)
_PROSE = re.compile(r"(?:[^\W\d_][\w'’.\-]*[,;:!?]?[ ]){4,}[^\W\d_][\w'’\-]*")


def free_text(line: str) -> list[tuple[int, int]]:
    """Return the spans of free text in a line; none for a line that only a program speaks."""
    spans = [found.span(found.lastgroup or 0) for found in _FIELD.finditer(line)]
    spans = [(start, end) for start, end in spans if " " in line[start:end]]
    return spans or [found.span() for found in _PROSE.finditer(line)]
