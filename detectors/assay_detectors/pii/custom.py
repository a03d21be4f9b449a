"""Rules that the user brings, as plain data: read and carried out in workers.

Sources: rules of gitleaks (TOML) and pattern recognizers of Presidio (YAML). A rule that cannot be taken over exactly
is refused with its reason, never weakened. Keywords of gitleaks are looked for first only where no match is without
one; else the rule is tried without them, and finds no less.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from assay.attempt import attempt
from assay_detectors.pii.implied import implied
from assay_detectors.pii.portable import portable
from assay_detectors.pii.prefilter import word_pattern
from assay_detectors.pii.rule import CERTAIN, Rule
from assay_detectors.pii.timed import SECONDS, timed
from assay_detectors.pii.validate import entropy

SECRET, PERSONAL = "CUSTOM_SECRET", "CUSTOM_PERSONAL"
"""Entities of what such rules find; the evidence names the rule."""
MOST_RULES = 5000
_LONGEST_PATTERN = 1 << 14
_MOST_TEXT = 8 << 20
"""Characters of all rules together, an allowlist counted for each rule for which it is."""
_LONGEST_NAME = 80
_WHOLE_LINE = 1 << 14
_CONTEXT_GAIN, _CONTEXT_LEAST = 0.35, 0.4
"""What Presidio adds for a context word, and its least score then."""


@dataclass(frozen=True)
class Brought:
    """The rules of a file, and sentences on what of it is not applied."""

    rules: tuple[dict[str, Any], ...]
    refused: tuple[str, ...]


def read_gitleaks(text: str) -> Brought:
    """Return the rules of a gitleaks configuration.

    Raises:
        ValueError: the text is none. What a parser says is not told, for it quotes the text.
    """
    import tomllib

    tried = attempt(lambda: tomllib.loads(text))
    if tried.value is None:
        raise ValueError(f"is no gitleaks configuration ({type(tried.error).__name__})")
    everywhere, refused = _everywhere(tried.value)
    found = _taken(tried.value, "rules", "is no gitleaks configuration", partial(_from_gitleaks, everywhere))
    return Brought(found.rules, (*refused, *found.refused))


def read_recognizers(text: str) -> Brought:
    """Return the pattern recognizers of a Presidio YAML file.

    Raises:
        ValueError: the text is none, or has aliases, a few of which make millions of entries.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import AliasEvent

    tried = attempt(lambda: any(isinstance(event, AliasEvent) for event in YAML(typ="safe").parse(text)))
    if tried.value:
        raise ValueError("is no list of Presidio recognizers that is read: it has aliases (*name); write them out")
    loaded = attempt(lambda: YAML(typ="safe").load(text)) if tried.error is None else tried
    if loaded.error is not None:
        raise ValueError(f"is no list of Presidio recognizers ({type(loaded.error).__name__})")
    return _taken(loaded.value, "recognizers", "is no list of Presidio recognizers", _from_presidio)


READERS = {"gitleaks": read_gitleaks, "recognizers": read_recognizers}
"""By the option that names the file."""


def _taken(tables: Any, key: str, is_none: str, convert: Callable[[str, Mapping[str, Any]], Any]) -> Brought:
    listed = tables.get(key) if isinstance(tables, Mapping) else None
    if not isinstance(listed, list):
        raise ValueError(f"{is_none} (it has no list `{key}`)")
    if len(listed) > MOST_RULES:
        raise ValueError(f"has {len(listed):,} rules; at most {MOST_RULES:,} are read")
    rules: list[dict[str, Any]] = []
    refused: list[str] = []
    size = 0
    for number, table in enumerate(listed):
        name = _name(table, number)
        try:
            for plain in convert(name, _table(table)):
                rule_of(plain)
                size += _size(plain)
                if size > _MOST_TEXT:
                    raise ValueError(f"the rules before it take {_MOST_TEXT >> 20} MB already")
                rules.append(plain)
        except re.error as error:
            refused.append(f"rule {name} is not applied: its regex is none ({error.msg[:80]})")
        except (ValueError, OverflowError, RecursionError) as error:
            refused.append(f"rule {name} is not applied: {str(error) or type(error).__name__}")
    return Brought(tuple(rules), tuple(refused))


def _size(plain: Mapping[str, Any]) -> int:
    lists = [value for value in plain.values() if isinstance(value, list)]
    return len(plain["pattern"]) + sum(len(text) for texts in lists for text in texts)


def _name(table: Any, number: int) -> str:
    given = (table.get("id") or table.get("name")) if isinstance(table, Mapping) else None
    shown = "".join(char for char in given if char.isprintable())[:_LONGEST_NAME] if isinstance(given, str) else ""
    return shown or f"{number + 1}"


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("it is no table")
    return value


def _texts(table: Mapping[str, Any], key: str) -> list[str]:
    value = table.get(key)
    texts = [] if value is None else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f"its `{key}` is no list of texts; put quotation marks around each")
    return texts


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("its regex is no text")
    if len(value) > _LONGEST_PATTERN:
        raise ValueError(f"its regex is longer than {_LONGEST_PATTERN >> 10} KB")
    return value


def _number(table: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"its `{key}` is no number")
    return float(value)


@dataclass(frozen=True)
class _Allowed:
    """What gitleaks lets pass, by the secret alone."""

    regexes: list[str]
    stopwords: list[str]
    rules: frozenset[str] = frozenset()
    """Ids of the rules for which that is so; empty: all."""


def _allowed(table: Any) -> _Allowed:
    one = _table(table)
    if str(one.get("condition", "OR")).upper() in ("AND", "&&") or one.get("regexTarget", "secret") not in (
        "secret",
        "match",
    ):
        raise ValueError("its allowlist looks at more than the secret")
    regexes = [from_go(_pattern(pattern)) for pattern in _texts(one, "regexes")]
    for regex in regexes:
        re.compile(regex)
    stopwords = [word.lower() for word in _texts(one, "stopwords")]
    return _Allowed(regexes, stopwords, frozenset(_texts(one, "targetRules")))


def _allowlists(table: Mapping[str, Any]) -> list[Any]:
    listed = table.get("allowlists") or []
    if not isinstance(listed, list):
        raise ValueError("its `allowlists` are no list of tables")
    return [*listed, *([table["allowlist"]] if "allowlist" in table else ())]


def _everywhere(tables: Mapping[str, Any]) -> tuple[list[_Allowed], list[str]]:
    """Return what is allowed for all rules, and sentences on what is not applied."""
    refused: list[str] = []
    if isinstance(extend := tables.get("extend"), Mapping):
        if extend.get("useDefault"):
            refused.append("[extend] is not followed: gitleaks' default rules are not applied")
        if extend.get("path") or extend.get("url"):
            refused.append("[extend] is not followed: the rules of the file that it names are not applied")
    kept: list[_Allowed] = []
    try:
        tables_of = _allowlists(tables)
    except ValueError as error:
        return kept, [*refused, f"the global allowlist is not applied: {error}"]
    for table in tables_of:
        try:
            kept.append(_allowed(table))
        except (ValueError, re.error, OverflowError, RecursionError):
            refused.append("a global allowlist is not applied: it looks at more than the secret, or is no allowlist")
            continue
        if table.get("paths") or table.get("commits"):
            refused.append(
                "`paths` and `commits` of a global allowlist are not applied, only its regexes and stopwords"
            )
    return kept, refused


def _from_gitleaks(everywhere: list[_Allowed], name: str, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "regex" not in table:
        raise ValueError("it has no `regex`, and rules by path alone are not for logs")
    own = [_allowed(one) for one in _allowlists(table)]
    allowed = [*own, *(one for one in everywhere if not one.rules or table.get("id") in one.rules)]
    return [
        {
            "entity": SECRET,
            "name": name,
            "pattern": from_go(_pattern(table["regex"])),
            "keywords": [word.lower() for word in _texts(table, "keywords")],
            "group": int(_number(table, "secretGroup", 0)),
            "entropy": _number(table, "entropy", 0.0),
            "allow": [regex for one in allowed for regex in one.regexes],
            "stop": [word for one in allowed for word in one.stopwords],
            "score": CERTAIN,
        }
    ]


def _from_presidio(name: str, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed, denied = table.get("patterns") or [], _texts(table, "deny_list")
    if table.get("type", "custom") != "custom" or not (listed or denied):
        raise ValueError("only recognizers with `patterns` or a `deny_list` are read")
    if not isinstance(listed, list):
        raise ValueError("its `patterns` are no list")
    patterns = [(_pattern(one.get("regex")), _number(one, "score")) for one in map(_table, listed)]
    if denied:
        words = "|".join(map(re.escape, denied))
        patterns.append((rf"(?:^|(?<=\W))(?:{words})(?=\W|$)", _number(table, "deny_list_score", 1.0)))
    context = [word.lower() for word in _texts(table, "context")]
    entity = table.get("supported_entity")
    named = f"{name} ({_name({'id': entity}, 0)})" if isinstance(entity, str) else name
    return [
        {
            "entity": PERSONAL,
            "name": named,
            "pattern": f"(?i:{pattern})",
            "keywords": [],
            "context": context,
            "score": score,
        }
        for pattern, score in patterns
    ]


_POSIX = {
    "alnum": "A-Za-z0-9", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "space": r"\s",
    "xdigit": "0-9A-Fa-f", "word": r"\w", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip
_GO_FLAGS = re.compile(r"\(\?([a-zA-Z\-]+)\)")


def from_go(pattern: str) -> str:
    """Return a Go regular expression in Python's syntax.

    Raises:
        ValueError: it uses what Python has not, such as `\\p{L}` or `\\Q`.
    """
    if found := re.search(r"(?<!\\)(?:\\\\)*(\\[pPQC]|\\x\{)", pattern):
        raise ValueError(f"its regex uses {found[1]}, which Python's `re` does not know")
    text = re.sub(r"\[:(\w+):\]", lambda m: _POSIX.get(m[1], m[0]), pattern).replace(r"\z", r"\Z")
    at = 0
    while found := _GO_FLAGS.search(text, at):
        if _in_class(text, found.start()):
            at = found.end()
            continue
        if not set(found[1]) <= set("ims-"):
            raise ValueError(f"its regex uses the flags {found[1]}")
        end = _group_end(text, found.end())
        text = f"{text[: found.start()]}(?{found[1]}:{text[found.end() : end]}){text[end:]}"
    return text


def _in_class(text: str, place: int) -> bool:
    """Say whether the place is inside `[...]`."""
    inside, at = False, 0
    while at < place:
        if text[at] == "\\":
            at += 1
        elif inside:
            inside = text[at] != "]" or text[at - 1] == "["
        else:
            inside = text[at] == "["
        at += 1
    return inside


def _group_end(text: str, start: int) -> int:
    """Return where the group ends in which `start` stands; the end of the text for none."""
    depth, at, in_class = 0, start, False
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]" or text[at - 1] == "["
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            if not depth:
                return at
            depth -= 1
        at += 1
    return len(text)


def _tell(keywords: tuple[str, ...], pattern: str) -> bool:
    return all(word.isascii() for word in keywords) and implied(pattern, keywords)


def rule_of(plain: Mapping[str, Any]) -> Rule:
    """Return the rule that the plain data describe.

    Raises:
        ValueError: its pattern is not understood, or engines read it differently.
        re.error: its pattern is not Python's.
    """
    pattern = str(plain["pattern"])
    compiled = re.compile(pattern)
    keywords = tuple(plain["keywords"])
    anchor = word_pattern(keywords) if keywords and _tell(keywords, pattern) else portable(pattern)
    if re.search(anchor, "") is not None:
        raise ValueError("its pattern matches the empty text, and so everywhere")
    timed(pattern)
    allow = [timed(one) for one in plain.get("allow", ())]
    stop, least = tuple(plain.get("stop", ())), float(plain.get("entropy", 0.0))

    def holds(value: str) -> bool:
        if entropy(value) < least or any(word in value.lower() for word in stop):
            return False
        try:
            return not any(one.search(value, timeout=SECONDS) for one in allow)
        except TimeoutError:
            return True

    group = int(plain.get("group", 0)) or (1 if plain["entity"] == SECRET and compiled.groups else 0)
    if group > compiled.groups:
        raise ValueError(f"its regex has no group {group}")
    score = min(1.0, max(0.0, float(plain["score"])))
    return Rule(
        str(plain["entity"]),
        pattern,
        score,
        max(_CONTEXT_LEAST, min(1.0, score + _CONTEXT_GAIN)) if plain.get("context") else score,
        tuple(plain.get("context", ())),
        check=holds if least or stop or allow else None,
        anchor=anchor,
        reach=_WHOLE_LINE,
        tail=_WHOLE_LINE,
        group=group,
        name=str(plain["name"]),
    )
