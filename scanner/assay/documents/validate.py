"""Plain data with places to a noun: every error as `file:line:column`, the line, a caret, the near miss."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from assay.documents.sentences import SIMPLE, keys_at, near, sentence
from assay.documents.yaml_text import Loc, Mark, YamlText
from assay.model.errors import InvalidInput
from assay.model.near import closest

MAX_SHOWN = 10

N = TypeVar("N", bound=BaseModel)


def validate(document: YamlText, noun: type[N]) -> N:
    """Return the document as `noun`; nothing is converted that the user did not write (`"1"` is text, `true` no 1).

    Raises:
        InvalidInput: all that is wrong, ten problems at most, in the order of the text.
    """
    try:
        return noun.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        items = _telling(document, error)
        meant = {_meant(document, noun, item) for item in items if item["type"] == "extra_forbidden"}
        found = [_problem(document, noun, item) for item in items if not _explained(document, item, meant)]
    problems = sorted(dict.fromkeys(found))
    shown = [text for _, _, text in problems[:MAX_SHOWN]]
    if len(problems) > MAX_SHOWN:
        shown.append(f"{document.source}: and {len(problems) - MAX_SHOWN} more problems")
    raise InvalidInput("\n".join(shown)) from None


def problem_at(document: YamlText, place: Loc | Mark, text: str, *, key: bool = False) -> InvalidInput:
    """Return the error for a problem that pydantic cannot see."""
    mark = place if isinstance(place, Mark) else document.mark(place, key=key)
    return InvalidInput(f"{document.source}:{mark.line}:{mark.column}: {text}\n{document.show(mark)}")


def _telling(document: YamlText, error: ValidationError) -> list[dict[str, Any]]:
    """Return one error per place where a union was tried: pydantic reports each member that did not fit."""
    tried: dict[Loc, list[dict[str, Any]]] = {}
    for item in error.errors(include_url=False):
        tried.setdefault(_in_text(document, item["loc"]), []).append(dict(item))
    telling: list[dict[str, Any]] = []
    for loc, group in tried.items():
        simple = [item for item in group if item["type"] in SIMPLE]
        choice = next((item for item in group if item["type"] in ("literal_error", "enum")), None)
        if any(other[: len(loc)] == loc and len(other) > len(loc) for other in tried):
            # What is wrong within tells more than "must be a number", or "is empty" where no entry was good.
            group = [item for item in group if item not in simple and item["type"] != "too_short"]
            simple = []
        if choice is not None and any(item["type"].startswith("bool") for item in simple):
            telling.append({**choice, "ctx": {"expected": f"true, false, {choice['ctx']['expected']}"}})
        elif len(simple) > 1:
            telling.append({**simple[0], "type": "several", "ctx": {"kinds": [item["type"] for item in simple]}})
        else:
            telling.extend(group)
    return telling


def _meant(document: YamlText, noun: type[BaseModel], item: dict[str, Any]) -> Loc:
    """Return the place of the key that an unknown one is a misspelling of."""
    loc = _in_text(document, item["loc"])
    return (*loc[:-1], closest(str(loc[-1]), keys_at(noun, loc[:-1])) or "")


def _explained(document: YamlText, item: dict[str, Any], meant: set[Loc]) -> bool:
    """Say whether a key is missing because it is misspelt, which is told at the misspelt one."""
    return item["type"] == "missing" and _in_text(document, item["loc"]) in meant


def _problem(document: YamlText, noun: type[BaseModel], item: dict[str, Any]) -> tuple[int, int, str]:
    loc = _in_text(document, item["loc"])
    kind = item["type"]
    if kind == "missing" and isinstance(loc[-1], int):
        # An entry of a list of fixed length is missing: the list is too short.
        length = len(document.at(loc[:-1]))
        item = {**item, "type": "too_short", "ctx": {"min_length": length + 1, "actual_length": length}}
        loc = loc[:-1]
    on_key = kind == "extra_forbidden" or (kind == "string_pattern_mismatch" and "[key]" in item["loc"])
    mark = document.mark(loc, key=on_key)
    if kind == "value_error":
        mark = _named_key(document, loc, str(item["ctx"]["error"])) or mark
    error = problem_at(document, mark, sentence(noun, loc, item))
    return mark.line, mark.column, str(error)


def _named_key(document: YamlText, loc: Loc, text: str) -> Mark | None:
    """Return the place of the last key that a sentence about a whole mapping names, in backticks or as first word."""
    words = re.findall(r"`(\w+)`|^(\w+)", text)
    marks = [document.keys.get((*loc, quoted or first)) for quoted, first in words]
    return max((mark for mark in marks if mark is not None), key=lambda mark: (mark.line, mark.column), default=None)


def _in_text(document: YamlText, loc: tuple[str | int, ...]) -> Loc:
    """Drop what pydantic adds to a location (names of union members, `[key]`)."""
    known: list[str | int] = []
    for index, part in enumerate(loc):
        candidate = (*known, part)
        last = index == len(loc) - 1
        if candidate in document.values or (last and part != "[key]" and not _is_member(part)):
            known.append(part)
    return tuple(known)


def _is_member(part: str | int) -> bool:
    """Say whether a location part is the name of a union member rather than a key."""
    return isinstance(part, str) and (part in ("int", "float", "bool", "str") or "[" in part or part[:1].isupper())


__all__ = ["near", "problem_at", "validate"]
