r"""A simpler pattern that matches wherever a given one does, in syntax that Hyperscan, RE2 and `re` share.

Look-arounds become what they look at where they stand at an end, and vanish elsewhere; back-references become a
copy of what they refer to; repeats above a bound become open; `\K` vanishes; letters beyond ASCII become `a` (the
text is folded likewise, see `fold`). So what the given pattern finds in a line, the portable one finds in the folded
line.
"""

from __future__ import annotations

import codecs
import importlib
import unicodedata
from typing import Any

from assay_detectors.pii.lookalike import ODD

_parser: Any = importlib.import_module("re._parser")
_codes: Any = importlib.import_module("re._constants")

_BOUND = 24
"""Repeats beyond this many are open: `x{40}` becomes `x{24,}`; large counted repeats are costly automata."""
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_SPACE": r"\x20\t\r\x0b\x0c",
    "CATEGORY_NOT_SPACE": r"\S",
}
_PLACES = {"AT_BOUNDARY": r"\b"}
"""Ends of a line are left out: to the engines, which see a block of lines, they are something else."""


def portable(pattern: str, *, ignore_case: bool = False) -> str:
    """Return the simpler pattern."""
    tree = _parser.parse(pattern.replace(r"\K", ""))
    body = _sequence(list(tree), {}, top=True)
    return f"(?i:{body})" if ignore_case or tree.state.flags & 2 else body


def prefix(pattern: str) -> str:
    """Return the portable form of the longest part of the pattern, from its first character, that has one length.

    A pattern that begins with something of varying length has none, and is returned whole.
    """
    tree = _parser.parse(pattern.replace(r"\K", ""))
    kept: list[Any] = []
    for item in tree:
        low, high = _width(item, tree.state)
        single = str(item[0]) in ("MAX_REPEAT", "MIN_REPEAT") and _width(item[1][2][0], tree.state)[1] == 1
        if low == high and not (single and low > _BOUND):
            kept.append(item)
            continue
        if single and item[1][0]:
            kept.append((item[0], (min(item[1][0], _BOUND), min(item[1][0], _BOUND), item[1][2])))
        break
    if not any(_width(item, tree.state)[1] for item in kept):
        return portable(pattern)
    body = _sequence(kept, {}, top=True)
    return f"(?i:{body})" if tree.state.flags & 2 else body


def _width(item: Any, state: Any) -> tuple[int, int]:
    width = _parser.SubPattern(state, [item]).getwidth()
    return int(width[0]), int(width[1])


def _sequence(items: list[Any], groups: dict[int, str], *, top: bool = False) -> str:
    parts = []
    for place, (code, value) in enumerate(items):
        name = str(code)
        if name in ("ASSERT", "ASSERT_NOT"):
            first, last = top and place == 0, top and place == len(items) - 1
            parts.append(_looked_at(name, value, groups, first=first, last=last))
        else:
            parts.append(_item(name, value, groups))
    return "".join(parts)


def _looked_at(name: str, value: Any, groups: dict[int, str], *, first: bool, last: bool) -> str:
    behind, inner = value[0] < 0, list(value[1])
    if not (first and behind) and not (last and not behind):
        return ""
    if name == "ASSERT":
        return _sequence(inner, groups)
    if len(inner) != 1 or str(inner[0][0]) not in ("IN", "LITERAL", "NOT_LITERAL"):
        return ""
    members = _members(inner[0])
    char = _class([("NEGATE", None), *members])
    letters = any(code == "RANGE" and value == (97, 122) for code, value in members)
    return f"(?:{char}|a)" if letters else char  # a letter beyond ASCII is folded to `a`


def _item(name: str, value: Any, groups: dict[int, str]) -> str:
    if name == "LITERAL":
        return _char(value)
    if name == "NOT_LITERAL":
        return _class([("NEGATE", None), ("LITERAL", value)])
    if name == "ANY":
        return "."
    if name == "IN":
        return _class([(str(code), argument) for code, argument in value])
    if name == "BRANCH":
        return "(?:" + "|".join(_sequence(list(branch), groups) for branch in value[1]) + ")"
    if name == "SUBPATTERN":
        group, added, _, body = value
        text = f"(?{'i' if added & 2 else ''}:{_sequence(list(body), groups)})"
        if group is not None:
            groups[group] = text
        return text
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return f"(?:{_sequence(list(value[2]), groups)}){_repeat(value[0], value[1])}"
    if name == "ATOMIC_GROUP":
        return f"(?:{_sequence(list(value), groups)})"
    if name == "GROUPREF":
        return groups.get(value, ".*")
    if name == "AT":
        return _PLACES.get(str(value), "")
    raise ValueError(f"the pattern has {name}, which the prefilter does not know; rewrite the pattern without it")


def _repeat(low: int, high: Any) -> str:
    low = min(low, _BOUND)
    if str(high) == "MAXREPEAT" or high > _BOUND:
        return {0: "*", 1: "+"}.get(low, f"{{{low},}}")
    return f"{{{low},{high}}}"


def _members(item: tuple[Any, Any]) -> list[tuple[str, Any]]:
    code, value = item
    if str(code) == "IN":
        members = [(str(inner), argument) for inner, argument in value]
        return members[1:] if members[0][0] == "NEGATE" else members
    return [("LITERAL", value)]


def _class(members: list[tuple[str, Any]]) -> str:
    parts, negated = [], False
    for code, value in members:
        if code == "NEGATE":
            negated = True
        elif code == "LITERAL":
            parts.append(_char(value) if value < 128 or not negated else "")
        elif code == "RANGE":
            parts.append(_range(*value, negated=negated))
        else:
            parts.append(_CATEGORIES[str(value)])
    inside = "".join(parts)
    return f"[{'^' if negated else ''}{inside}]" if inside else r"[\x00-\x7f]"


def _range(low: int, high: int, *, negated: bool) -> str:
    if low > 127:
        return "" if negated else "a"
    wide = "" if high < 128 or negated else "a"
    return f"{_char(low)}-{_char(min(high, 127))}{wide}"


def _char(code: int) -> str:
    if code > 127:
        return _folded(code) if _folded(code).isalnum() else r"\x01"
    return chr(code) if chr(code).isalnum() else f"\\x{code:02x}"


def _folded(code: int) -> str:
    char = chr(code)
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if char.isalnum() or category.startswith("M"):
        return "a"
    return " " if char.isspace() else "\x01"


class _Folding(dict[int, str]):
    def __missing__(self, code: int) -> str:
        self[code] = chr(code) if code < 128 else _folded(code)
        return self[code]


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Return `text` in ASCII, character for character: digits keep their value, letters become `a`."""
    return text if text.isascii() else text.translate(_FOLDING)


_FOLD = "assay.pii.fold"


def fold_block(text: str) -> tuple[str, list[int]]:
    """Return the text as `fold` does, and the places of characters that may hide ASCII ones."""
    if text.isascii():
        return text, []
    odd: list[int] = []

    def folded(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeEncodeError)
        found = text[error.start : error.end]
        if ODD.search(found):
            odd.append(error.start)
        return found.translate(_FOLDING), error.end

    codecs.register_error(_FOLD, folded)  # the encoder finds the few characters ten times as fast as `re` does
    return text.encode("ascii", _FOLD).decode("ascii"), odd
