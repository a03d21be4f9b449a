"""Add one waiver to the text of a policy file: every other byte stays as it is, comments and order included."""

from __future__ import annotations

import io
import json
from typing import Any

from assay.model.errors import InvalidInput

_KEY = "waivers"


def with_waiver(text: str, waiver: dict[str, Any], source: str) -> str:
    """Return the policy's text with the waiver at the end of its `waivers`.

    Args:
        text: a policy that has passed `load_policy`.
        waiver: plain data, in the order in which it is to be written.
        source: the file, for the error.

    Raises:
        InvalidInput: the file is written in a way that cannot be added to line by line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    root = YAML(typ="rt", pure=True).compose(text)
    if not isinstance(root, MappingNode) or root.flow_style:
        raise InvalidInput(f"{source}: is written on one line, in braces; write it as `key: value` lines first")
    end = "\r\n" if "\r\n" in text else "\n"
    found = next((value for key, value in root.value if key.value == _KEY), None)
    if found is None:
        return _at_the_end(text, root.end_mark.index, waiver, end)
    if isinstance(found, SequenceNode) and found.value and not found.flow_style:
        column = _dash_column(text, found.start_mark.index)
        return _after_lines(text, found.value[-1].end_mark.index, _block(waiver, column, end), end)
    if isinstance(found, SequenceNode) and found.value:
        last = found.value[-1].end_mark.index
        return f"{text[:last]}, {json.dumps(waiver, ensure_ascii=False, default=str)}{text[last:]}"
    start, stop = found.start_mark.index, found.end_mark.index  # `waivers: []`
    return f"{text[:start].rstrip(' ')}{end}{_block(waiver, 2, end).rstrip()}{text[stop:]}"


def _dash_column(text: str, index: int) -> int:
    return index - (text.rfind("\n", 0, index) + 1)


def _at_the_end(text: str, index: int, waiver: dict[str, Any], end: str) -> str:
    """Add the key after the last line of content; what ends the document (`...`) stays behind it."""
    stop = text.rfind(f"{end}...")
    cut = len(text) if stop < 0 or stop + len(end) < index - len(end) else stop + len(end)
    body, rest = text[:cut], text[cut:]
    newline = "" if body.endswith("\n") else end
    return f"{body}{newline}{_KEY}:{end}{_block(waiver, 2, end)}{rest}"


def _after_lines(text: str, index: int, block: str, end: str) -> str:
    """Insert after the last line that holds content before `index`: comments that follow stay behind."""
    lines = text[:index].splitlines(keepends=True)
    at = len(lines)
    if not lines[-1].endswith("\n"):  # the node ends within a line
        rest = text[index:].split("\n", 1)
        lines[-1] += rest[0] + ("\n" if len(rest) > 1 else "")
    while at > 1 and (not lines[at - 1].strip() or lines[at - 1].lstrip().startswith("#")):
        at -= 1
    head = "".join(lines[:at])
    tail = text[len(head) :]
    return f"{head}{'' if head.endswith(chr(10)) else end}{block}{tail}"


def _block(waiver: dict[str, Any], column: int, end: str) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.width = 100
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(CommentedMap(waiver), stream)
    lines = stream.getvalue().splitlines()
    first = f"{' ' * column}- {lines[0]}"
    return end.join([first, *(f"{' ' * (column + 2)}{line}" for line in lines[1:])]) + end
