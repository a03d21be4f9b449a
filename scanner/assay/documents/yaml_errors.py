"""What is wrong with a text that is no YAML: the place where the mistake was made, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple


class Wrong(NamedTuple):
    """One sentence about one place, both numbers from 1."""

    line: int
    column: int
    sentence: str


def explain(error: Any, lines: Sequence[str]) -> Wrong:
    """Return the place and the sentence for an error of ruamel's parser that has marks."""
    problem = " ".join(str(error.problem or error.context or "not YAML").split())
    context = str(error.context or "")
    at, opened = error.problem_mark or error.context_mark, error.context_mark
    if at is None:
        return Wrong(1, 1, f"not valid YAML: {problem}")
    line, column = at.line + 1, at.column + 1
    if "quoted scalar" in context and opened is not None and "escape" not in problem:
        return Wrong(opened.line + 1, opened.column + 1, "the quote that opens here is never closed; close the quote")
    if "flow" in context and opened is not None and opened.line < at.line:
        sentence = f"the bracket that opens here is not closed in line {line}; close the bracket, or add the comma"
        return Wrong(opened.line + 1, opened.column + 1, sentence)
    if "simple key" in context and opened is not None:
        sentence = "this line is no `key: value`; write a space after the colon, or `#` before a comment"
        return Wrong(opened.line + 1, opened.column + 1, sentence)
    if "escape" in problem:
        sentence = "a backslash has a meaning in double quotes; write it twice, or use single quotes"
        return Wrong(line, max(1, column - 1), sentence)
    return Wrong(line, column, _sentence(problem, context, lines[at.line] if at.line < len(lines) else "", at.column))


def _sentence(problem: str, context: str, line: str, column: int) -> str:
    if "single document" in context:
        return "a second document starts here; keep one document a file"
    if "undefined alias" in problem:
        return f"not valid YAML: {problem}; write the value out, or put text that starts with `*` in quotes"
    start = re.search(r"found character '(.+?)'(?: \(.*\))? that cannot start", problem)
    if start is not None:
        if start[1] in ("\\t", "\t") or line[column : column + 1] == "\t":
            return "a tab cannot indent in YAML; use spaces"
        return f"text cannot start with {start[1]!r}; put it in quotes"
    if "mapping values are not allowed" in problem:
        return "a colon cannot stand here; put text that holds `: ` in quotes, or check how the line is indented"
    if "expected <block end>" in problem:
        return "this line stands neither beside nor below the one before; indent it by as many spaces as its siblings"
    if "flow" in context:
        return f"not valid YAML: {problem}; add the comma, or close the bracket before it"
    return f"not valid YAML: {problem}"


def forbidden_character(error: Any, text: str) -> Wrong:
    """Return the place and the sentence for a character that no YAML may hold."""
    code = error.character if isinstance(error.character, int) else ord(error.character)
    before = text[: error.position]
    line = before.count("\n") + 1
    return Wrong(
        line, len(before) - (before.rfind("\n") + 1) + 1, f"the character U+{code:04X} is not allowed; remove it"
    )


def too_deep(lines: Sequence[str], most: int) -> Wrong:
    """Return the place where brackets are nested deeper than `most`."""
    depth = 0
    for number, line in enumerate(lines, 1):
        for column, char in enumerate(line, 1):
            depth += (char in "[{") - (char in "]}")
            if depth > most:
                return Wrong(number, column, f"nested too deep; {most} levels are the most, write it flatter")
    return Wrong(1, 1, f"nested too deep; {most} levels are the most, write it flatter")
