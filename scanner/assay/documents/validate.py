"""Plain data with places to a noun: every error as `file:line:column`, the line, a caret, the near miss."""

from __future__ import annotations

import typing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from assay.documents.yaml_text import Loc, YamlText
from assay.model.errors import InvalidInput
from assay.model.near import closest

MAX_SHOWN = 10

N = TypeVar("N", bound=BaseModel)


def validate(document: YamlText, noun: type[N]) -> N:
    """Return the document as `noun`.

    Raises:
        InvalidInput: all that is wrong, ten problems at most, in the order of the text.
    """
    try:
        return noun.model_validate(document.data)
    except ValidationError as error:
        problems = [_problem(document, noun, dict(item)) for item in error.errors(include_url=False)]
    problems = sorted(dict.fromkeys(problems))
    shown = [text for _, _, text in problems[:MAX_SHOWN]]
    if len(problems) > MAX_SHOWN:
        shown.append(f"{document.source}: and {len(problems) - MAX_SHOWN} more problems")
    raise InvalidInput("\n".join(shown)) from None


def problem_at(document: YamlText, loc: Loc, sentence: str, *, key: bool = False) -> InvalidInput:
    """Return the error for a problem that pydantic cannot see."""
    mark = document.mark(loc, key=key)
    return InvalidInput(f"{document.source}:{mark.line}:{mark.column}: {sentence}\n{document.show(mark)}")


def near(word: str, known: typing.Iterable[str]) -> str:
    """Return `; did you mean 'x'?` or nothing."""
    hit = closest(word, known)
    return f"; did you mean {hit!r}?" if hit is not None else ""


def _problem(document: YamlText, noun: type[BaseModel], item: dict[str, Any]) -> tuple[int, int, str]:
    loc = _in_text(document, item["loc"])
    kind = item["type"]
    on_key = kind == "extra_forbidden" or (kind == "string_pattern_mismatch" and "[key]" in item["loc"])
    mark = document.mark(loc, key=on_key)
    sentence = _sentence(noun, loc, item)
    return (
        mark.line,
        mark.column,
        f"{document.source}:{mark.line}:{mark.column}: {sentence}\n{document.show(mark)}",
    )


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
    return isinstance(part, str) and (part in ("int", "float", "bool", "str") or "[" in part)


def _sentence(noun: type[BaseModel], loc: Loc, item: dict[str, Any]) -> str:
    kind, path = item["type"], _path(loc)
    if kind == "extra_forbidden":
        known = _keys_at(noun, loc[:-1])
        hint = near(str(loc[-1]), known) or (f"; known here: {', '.join(known)}" if known else "")
        return f"unknown key {str(loc[-1])!r}{hint}"
    if kind == "missing":
        return f"{path}: is missing; add it"
    if kind in ("literal_error", "enum"):
        expected = str(item["ctx"]["expected"])
        choices = [part.strip("' ") for part in expected.replace(" or ", ", ").split(",")]
        return f"{path}: {item['input']!r:.80} is not one of {', '.join(choices)}{near(str(item['input']), choices)}"
    if kind == "value_error":
        return f"{path + ': ' if path else ''}{item['ctx']['error']}"
    if kind in (
        "string_type",
        "bool_type",
        "int_type",
        "float_type",
        "int_parsing",
        "float_parsing",
        "bool_parsing",
    ):
        wanted = kind.split("_")[0]
        word = {"string": "text", "bool": "true or false", "int": "a whole number", "float": "a number"}[wanted]
        quote = "; put it in quotes" if wanted == "string" and isinstance(item["input"], int | float) else ""
        return f"{path}: must be {word}, not {item['input']!r:.60}{quote}"
    if kind in ("tuple_type", "list_type"):
        return f"{path}: must be a list (`- ...` lines or `[...]`), not {item['input']!r:.60}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{path}: must hold `key: value` entries, not {item['input']!r:.60}"
    if kind in ("too_long", "too_short"):
        limit = item["ctx"].get("max_length", item["ctx"].get("min_length"))
        return f"{path}: must have {limit} entries, not {item['ctx']['actual_length']}"
    message = item["msg"][0].lower() + item["msg"][1:]
    return f"{path}: {message.replace('input should be', 'must be')} (it is {item['input']!r:.60})"


def _path(loc: Loc) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def _keys_at(noun: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that are known at `loc`, by walking the types."""
    current: Any = noun
    for part in loc:
        nouns = list(_nouns(current))
        owner = next((n for n in nouns if isinstance(part, str) and part in n.model_fields), None)
        current = owner.model_fields[str(part)].annotation if owner else current
    return sorted({name for found in _nouns(current) for name in found.model_fields})


def _nouns(annotation: Any) -> typing.Iterator[type[BaseModel]]:
    """Yield the models inside a type: unions, tuples, dicts, Annotated."""
    inner = typing.get_args(annotation)
    if not inner and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in inner:
        yield from _nouns(part)
