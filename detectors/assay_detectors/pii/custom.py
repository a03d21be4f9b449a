"""Rules that the user brings, as plain data: read in the driver, carried out in workers.

Sources: rules of gitleaks (TOML) and pattern recognizers of Presidio (YAML). A rule that cannot be taken over exactly
is refused with its reason, never weakened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay_detectors.pii.portable import portable
from assay_detectors.pii.prefilter import word_pattern
from assay_detectors.pii.rule import CERTAIN, Rule
from assay_detectors.pii.validate import entropy

SECRET, PERSONAL = "CUSTOM_SECRET", "CUSTOM_PERSONAL"
"""Entities of what such rules find; the evidence names the rule."""
_WHOLE_LINE = 1 << 14
_CONTEXT_GAIN, _CONTEXT_LEAST = 0.35, 0.4
"""What Presidio adds for a context word, and its least score then."""


@dataclass(frozen=True)
class Brought:
    """The rules of a file, and those that were refused."""

    rules: tuple[dict[str, Any], ...]
    refused: tuple[str, ...]


def read_gitleaks(path: Path) -> Brought:
    """Return the rules of a gitleaks configuration.

    Raises:
        ValueError: the file cannot be read as one.
    """
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["rules"]
        return _taken(tables, _from_gitleaks)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is no gitleaks configuration ({type(error).__name__})") from None


def read_recognizers(path: Path) -> Brought:
    """Return the pattern recognizers of a Presidio YAML file.

    Raises:
        ValueError: the file cannot be read as one.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        tables = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["recognizers"]
        return _taken(tables, _from_presidio)
    except (OSError, UnicodeDecodeError, YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is no list of Presidio recognizers ({type(error).__name__})") from None


def _taken(tables: Any, convert: Any) -> Brought:
    rules: list[dict[str, Any]] = []
    refused: list[str] = []
    for number, table in enumerate(tables):
        name = str(table.get("id") or table.get("name") or f"rule {number + 1}")
        try:
            for plain in convert(name, table):
                rule_of(plain)
                rules.append(plain)
        except (ValueError, re.error, OverflowError, RecursionError) as error:
            refused.append(f"rule {name} is not applied: {error}")
    return Brought(tuple(rules), tuple(refused))


def _from_gitleaks(name: str, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "regex" not in table:
        raise ValueError("it has no `regex`, and rules by path alone are not for logs")
    allow: list[str] = []
    stop: list[str] = []
    for one in [*table.get("allowlists", ()), *([table["allowlist"]] if "allowlist" in table else ())]:
        if one.get("condition", "OR").upper() == "AND" or one.get("regexTarget", "secret") not in ("secret", "match"):
            raise ValueError("its allowlist looks at more than the secret")
        allow.extend(from_go(pattern) for pattern in one.get("regexes", ()))
        stop.extend(str(word).lower() for word in one.get("stopwords", ()))
    return [
        {
            "entity": SECRET,
            "name": name,
            "pattern": from_go(str(table["regex"])),
            "keywords": [str(word).lower() for word in table.get("keywords", ())],
            "group": int(table.get("secretGroup", 0)),
            "entropy": float(table.get("entropy", 0.0)),
            "allow": allow,
            "stop": stop,
            "score": CERTAIN,
        }
    ]


def _from_presidio(name: str, table: Mapping[str, Any]) -> list[dict[str, Any]]:
    if table.get("type", "custom") != "custom" or not (table.get("patterns") or table.get("deny_list")):
        raise ValueError("only recognizers with `patterns` or a `deny_list` are read")
    patterns = [(str(one["regex"]), float(one["score"])) for one in table.get("patterns") or ()]
    if table.get("deny_list"):
        words = "|".join(re.escape(str(word)) for word in table["deny_list"])
        patterns.append((rf"(?:^|(?<=\W))(?:{words})(?=\W|$)", float(table.get("deny_list_score", 1.0))))
    context = [str(word).lower() for word in table.get("context") or ()]
    named = f"{name} ({table['supported_entity']})" if "supported_entity" in table else name
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


def rule_of(plain: Mapping[str, Any]) -> Rule:
    """Return the rule that the plain data describe.

    Raises:
        ValueError: its pattern is not understood.
        re.error: its pattern is not Python's.
    """
    pattern = str(plain["pattern"])
    compiled = re.compile(pattern)
    keywords = tuple(plain["keywords"])
    anchor = word_pattern(keywords) if keywords else portable(pattern)
    if re.search(anchor, "") is not None:
        raise ValueError("its pattern matches the empty text, and so everywhere")
    allow = [re.compile(one) for one in plain.get("allow", ())]
    stop, least = tuple(plain.get("stop", ())), float(plain.get("entropy", 0.0))

    def holds(value: str) -> bool:
        if entropy(value) < least or any(word in value.lower() for word in stop):
            return False
        return not any(one.search(value) for one in allow)

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
