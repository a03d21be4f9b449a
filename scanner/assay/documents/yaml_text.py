"""YAML 1.2 text to plain data, with the place of every key and value.

Tags are refused, duplicate keys are errors, aliases may not blow the document up; a document is data, never code.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.documents.yaml_errors import explain, forbidden_character, too_deep
from assay.model.errors import InvalidInput

MAX_BYTES = 1_000_000
MAX_NODES = 200_000
MAX_DEPTH = 60

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Mark:
    """A place in the text, both from 1."""

    line: int
    column: int


@dataclass
class YamlText:
    """One document: plain data, and where each part of it stands."""

    source: str
    """The file as the user named it."""
    lines: list[str]
    data: Any
    sha256: str
    keys: dict[Loc, Mark] = field(default_factory=dict)
    values: dict[Loc, Mark] = field(default_factory=dict)
    ends: dict[Loc, Mark] = field(default_factory=dict)
    """One past the last character of each scalar."""

    def mark(self, loc: Loc, *, key: bool = False) -> Mark:
        """Return the place of `loc`, or of its nearest parent that stands in the text."""
        if key and loc in self.keys:
            return self.keys[loc]
        for length in range(len(loc), -1, -1):
            if loc[:length] in self.values:
                return self.values[loc[:length]]
        return Mark(1, 1)

    def at(self, loc: Loc) -> Any:
        """Return the value at `loc`."""
        value = self.data
        for part in loc:
            value = value[part]
        return value

    def inside(self, loc: Loc, offset: int) -> Mark:
        """Return the place of one character of a text value, counted from 0 in the text as it was understood.

        The characters of the value are looked for one after the other in the file, so that quotes, escapes and the
        line breaks of folded text are stepped over; where that fails, the place of the value itself.
        """
        start, end = self.values.get(loc), self.ends.get(loc)
        value = self.at(loc)
        if start is None or end is None or not isinstance(value, str):
            return self.mark(loc)
        raw = [
            (Mark(line, column), char)
            for line in range(start.line, min(end.line, len(self.lines)) + 1)
            for column, char in enumerate(self.lines[line - 1] + " ", 1)
            if (line, column) >= (start.line, start.column) and (line, column) < (end.line, end.column)
        ]
        if raw and raw[0][1] in "|>":
            raw = [item for item in raw if item[0].line > start.line]
        rest = iter(raw)
        found = start
        for char in value[: offset + 1]:
            if not char.isspace():
                found = next((mark for mark, other in rest if other == char), found)
        return found

    def where(self, loc: Loc, *, key: bool = False) -> str:
        """Return `file:line:column` of `loc`."""
        mark = self.mark(loc, key=key)
        return f"{self.source}:{mark.line}:{mark.column}"

    def show(self, mark: Mark) -> str:
        """Return the line and a caret below the column."""
        line = self.lines[mark.line - 1] if 0 < mark.line <= len(self.lines) else ""
        start = max(0, mark.column - 80)
        cut = "".join(char if char.isprintable() else "·" for char in line[start : start + 160])
        return f"    {cut}\n    {' ' * (mark.column - 1 - start)}^"


def read_bytes(path: Path, source: str) -> bytes:
    """Read a document's bytes.

    Raises:
        InvalidInput: missing, a folder, unreadable, too large.
    """
    try:
        if not path.is_file() and path.exists() and not path.is_dir():
            raise InvalidInput(f"{source}: is no regular file; give a file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidInput(f"{source}: no such file; check the path") from None
    except IsADirectoryError:
        raise InvalidInput(f"{source}: is a folder, not a file; name the YAML file in it") from None
    except OSError as error:
        raise InvalidInput(f"{source}: cannot be read ({error.strerror}); check its permissions") from None
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{source}: larger than {MAX_BYTES:,} bytes, so it is no manifest or policy; check the path")
    return content


def parse(content: bytes, source: str) -> YamlText:
    """Parse one YAML document.

    Raises:
        InvalidInput: with `source:line:column`, the line and a caret.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise InvalidInput(f"{source}:{line}:{column}: not UTF-8 text; save the file as UTF-8") from None
    document = YamlText(source, text.splitlines(), None, hashlib.sha256(content).hexdigest())
    document.data = _Plain(document).value(_compose(text, document), (), 0)
    if document.data is None:
        raise InvalidInput(f"{source}:1:1: the file is empty; write at least `version: 1`")
    if not isinstance(document.data, dict):
        raise _error(document, document.mark(()), "the file must hold `key: value` lines, starting with `version: 1`")
    return document


def _compose(text: str, document: YamlText) -> Any:
    """Run ruamel's composer: nodes with marks, nothing constructed."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        wrong = explain(error, document.lines)
    except ReaderError as error:
        wrong = forbidden_character(error, text)
    except RecursionError:
        wrong = too_deep(document.lines, MAX_DEPTH)
    except (YAMLError, ValueError) as error:
        first = " ".join(str(error).split())[:200]
        raise InvalidInput(f"{document.source}:1:1: not valid YAML: {first or type(error).__name__}") from None
    raise _error(document, Mark(wrong.line, wrong.column), wrong.sentence)


def _error(document: YamlText, mark: Mark, sentence: str) -> InvalidInput:
    return InvalidInput(f"{document.source}:{mark.line}:{mark.column}: {sentence}\n{document.show(mark)}")


class _Plain:
    """Turn composed nodes into plain data, noting places; resolves scalars by the YAML 1.2 core schema."""

    def __init__(self, document: YamlText) -> None:
        from ruamel.yaml import YAML

        self.document = document
        self.nodes = 0
        self.open: set[int] = set()
        """Nodes that are being turned into data; one that stands in itself has no end."""
        self.constructor = YAML(typ="safe", pure=True).constructor

    def value(self, node: Any, loc: Loc, depth: int) -> Any:
        if node is None:
            return None
        mark = Mark(node.start_mark.line + 1, node.start_mark.column + 1)
        self.document.values.setdefault(loc, mark)
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise _error(self.document, mark, "too deep or too large; aliases may not multiply the document")
        if id(node) in self.open:
            alias = self._alias(node, mark)
            raise _error(self.document, alias, "this holds itself; aliases may not multiply the document")
        kind = type(node).__name__
        tag = str(getattr(node.ctag, "trval", None) or node.tag or "")
        if not tag.startswith("tag:yaml.org,2002:") or "python" in tag or tag.endswith((":binary", ":set", ":omap")):
            raise _error(self.document, mark, f"the tag {tag!r} is not allowed here; write plain values")
        if kind in ("MappingNode", "SequenceNode"):
            self.open.add(id(node))
            found = (
                self._mapping(node, loc, depth)
                if kind == "MappingNode"
                else [self.value(item, (*loc, index), depth + 1) for index, item in enumerate(node.value)]
            )
            self.open.discard(id(node))
            return found
        self.document.ends.setdefault(loc, Mark(node.end_mark.line + 1, node.end_mark.column + 1))
        return self._scalar(node, mark)

    def _mapping(self, node: Any, loc: Loc, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = Mark(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if type(key_node).__name__ != "ScalarNode":
                raise _error(self.document, mark, "a key must be a single word or text")
            key = str(key_node.value)
            if key == "<<":
                raise _error(self.document, mark, "merge keys (`<<`) are not YAML 1.2; write the values out")
            if key in found:
                first = self.document.keys[(*loc, key)]
                raise _error(
                    self.document,
                    mark,
                    f"duplicate key {key!r}, first given in line {first.line}; remove one of them",
                )
            self.document.keys[(*loc, key)] = mark
            found[key] = self.value(value_node, (*loc, key), depth + 1)
        return found

    def _alias(self, node: Any, anchor: Mark) -> Mark:
        """Return the place of the first alias of `node` after its anchor."""
        for number, line in enumerate(self.document.lines[anchor.line - 1 :], anchor.line):
            column = line.find(f"*{node.anchor}")
            if column >= 0:
                return Mark(number, column + 1)
        return anchor

    def _scalar(self, node: Any, mark: Mark) -> Any:
        half = next((char for char in str(node.value) if "\ud800" <= char <= "\udfff"), None)
        if half is not None:
            raise _error(self.document, mark, f"U+{ord(half):04X} is half a character; remove it")
        try:
            value = self.constructor.construct_object(node, deep=True)
        except (ValueError, OverflowError) as error:
            if re.match(r"\d{4}-\d", str(node.value)):
                sentence = f"{str(node.value)!r:.40}: there is no such day ({error}); write it like 2027-01-31"
                raise _error(self.document, mark, sentence) from None
            raise _error(self.document, mark, f"not a valid value ({error}); put it in quotes if it is text") from None
        if isinstance(value, datetime.datetime | datetime.date):
            return str(node.value)
        return value
