"""An error of pydantic in one plain sentence with its remedy."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel

from assay.documents.yaml_text import Loc
from assay.model.near import closest

SIMPLE: Final = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
}
"""Errors about the kind of a value, with the kind in words."""

PATTERNS: Final = {
    r"^[a-z0-9][a-z0-9-]*$": "use lower case letters, digits and dashes, such as `no-secrets-in-logs`",
    r"^[a-z0-9][\w.-]*([/:][\w.-]+)*$": "start with a lower case letter, no spaces, such as `acme/credit-release`",
    r"^[0-9a-f]{16}$": "give digests of labels, 16 hexadecimal digits each, as `assay waive` writes them",
    r"^[0-9a-f]{32}$": "give the fingerprint of the finding, 32 hexadecimal digits, as the reports print it",
    r"^[0-9a-f]{64}$": "give a SHA-256 digest: 64 hexadecimal digits in lower case",
    r"^[0-9a-fA-F]{64}$": "give a SHA-256 digest: 64 hexadecimal digits",
    r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$": "a detector is written like `pii.logs`",
    r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){2,}$": "a metric is written like `pii.logs.count`",
    r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$": "write it as `package.module:name`",
    r"^[^\x00-\x1f\x7f]+$": "line breaks and control characters are not allowed, and it may not be empty",
    r"^[^\x00]+$": "a path cannot hold NUL and may not be empty",
}
"""What a pattern asks for; a test holds this to all patterns that a user's text can meet."""

_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_YES = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def near(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` or nothing."""
    hit = closest(word, known)
    return f"; did you mean {hit!r}?" if hit is not None else ""


def sentence(noun: type[BaseModel], loc: Loc, item: dict[str, Any]) -> str:
    """Return one error of pydantic in words.

    Args:
        noun: what the document was read as.
        loc: the place in the document.
        item: the error, as pydantic tells it; `several` is ours, for a union of simple kinds.
    """
    kind, path, context = item["type"], _path(loc), item.get("ctx", {})
    if kind == "extra_forbidden":
        known = keys_at(noun, loc[:-1])
        hint = near(str(loc[-1]), known) or (f"; known here: {', '.join(known)}" if known else "")
        return f"unknown key {str(loc[-1])!r}{hint}"
    if kind == "missing":
        return f"{path}: is missing; add it"
    if kind in ("literal_error", "enum"):
        return f"{path}: {_choice(item['input'], str(context['expected']))}"
    if kind == "value_error":
        return f"{path + ': ' if path else ''}{context['error']}"
    if kind == "several":
        words = list(dict.fromkeys(SIMPLE[name] for name in context["kinds"]))
        return f"{path}: must be {', '.join(words[:-1])} or {words[-1]}, not {shown(item['input'])}"
    if kind in SIMPLE:
        return f"{path}: must be {SIMPLE[kind]}, not {shown(item['input'])}{_remedy(kind, item['input'])}"
    if kind in ("tuple_type", "list_type"):
        return f"{path}: must be a list (`- ...` lines or `[...]`), not {shown(item['input'])}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"{path}: must hold `key: value` entries, not {shown(item['input'])}"
    return f"{path}: {_constraint(kind, context, item)}"


def _choice(given: Any, expected: str) -> str:
    choices = [part.strip("' ") for part in expected.replace(" or ", ", ").split(",")]
    word = str(given)
    if word in choices and "'" not in expected:
        return f"{shown(given)} is text; remove the quotes"
    meant = _YES.get(word.casefold())
    hint = f"; did you mean {meant!r}?" if meant in choices else near(word, choices)
    return f"{shown(given)} is not one of {', '.join(choices)}{hint}"


def _constraint(kind: str, context: dict[str, Any], item: dict[str, Any]) -> str:
    given = shown(item["input"])
    if kind in ("too_long", "too_short"):
        limit = context.get("max_length", context.get("min_length"))
        if limit == 1 and kind == "too_short":
            return "is empty; give at least one entry"
        return f"must have {limit} entries, not {context['actual_length']}"
    if kind == "string_too_short":
        return f"must have at least {context['min_length']} characters, not {given}"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']} characters; shorten it"
    if kind == "string_pattern_mismatch":
        return f"{given} is not understood; {PATTERNS.get(context['pattern'], context['pattern'])}"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"must be {word} {context[key]:g}, not {given}"
    if kind == "finite_number":
        return f"must be a finite number, not {given}; leave the key out where there is no limit"
    if kind.startswith("date"):
        return f"{given} is no date; write it like 2027-01-31"
    message = item["msg"][0].lower() + item["msg"][1:]
    return f"{message.replace('input should be', 'must be')} (it is {given})"


def shown(value: Any) -> str:
    """Return a value as YAML shows it, shortened."""
    word = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return word if len(word) <= 60 else word[:60] + "..."


def _remedy(kind: str, value: Any) -> str:
    """Return the remedy where only the quotes are wrong, or a word of YAML 1.1 was meant."""
    if kind.startswith("string"):
        return "; put it in quotes" if isinstance(value, bool | int | float) else ""
    if not isinstance(value, str):
        return ""
    if kind.startswith("bool"):
        word = _YES.get(value.casefold(), value.casefold())
        return f"; write {word}" if word in ("true", "false") else near(value, ("true", "false"))
    if re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", value.strip()):
        return "; remove the quotes"
    share = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", value.strip())
    return f"; write {float(share[1]) / 100:g}" if share else ""


def _path(loc: Loc) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def keys_at(noun: type[BaseModel], loc: Loc) -> list[str]:
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
