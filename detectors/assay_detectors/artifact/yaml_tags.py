"""YAML read into plain values without constructing anything: tags are judged, anchors are counted.

A YAML loader that is not a safe one turns `!!python/object/apply:os.system` into a call while it reads the file. Here
the events of the parser are put into mappings, lists and text; no tag is resolved. ruamel.yaml is imported lazily.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from assay_detectors.artifact.config_names import is_trusted_target, judge_tag_name

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

MAX_YAML = 1 << 20
"""Bytes of YAML that are parsed; its parser is slow, and configuration is small."""
MAX_DEPTH = 200
MAX_EVENTS = 100_000
MAX_EXPANDED = 10_000_000
"""Values that aliases may stand for together."""
_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = frozenset(
    [
        "str",
        "int",
        "float",
        "bool",
        "null",
        "seq",
        "map",
        "set",
        "omap",
        "pairs",
        "binary",
        "timestamp",
        "merge",
        "value",
        "python/none",
        "python/bool",
        "python/str",
        "python/unicode",
        "python/bytes",
        "python/int",
        "python/long",
        "python/float",
        "python/complex",
        "python/list",
        "python/tuple",
        "python/dict",
    ]
)
"""Tags whose loaders make plain values."""
_CALLS = ("python/object/apply:", "python/object/new:", "python/object:")
_TAG = re.compile(r"!!python/[\w./]*:?[\w.]*|!?<tag:yaml\.org,2002:python/[^>\s]*>|tag:yaml\.org,2002:python/[\w./:]*")
MAY_TAG = re.compile(rb"(?:^|[\s\[{,:-])!(?:<|!|[\w%])|^%TAG", re.MULTILINE)
"""A tag, or a directive that renames tags, may stand here."""


class Doubled(dict[str, Any]):
    """A mapping with keys that occur twice; `shadowed` holds the earlier values."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.shadowed = [(key, value) for key, value in pairs if self[key] is not value and key != "<<"]


def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the mapping of these pairs, with the values that a later one hides."""
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else Doubled(pairs)


def _merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping with what its merge keys (`<<`) bring along: only where it has no such key itself."""
    own = {key for key, _ in pairs}
    brought: list[tuple[str, Any]] = []
    for key, value in pairs:
        if key == "<<":
            for other in value if isinstance(value, list) else [value]:
                if isinstance(other, dict):
                    brought += [(name, part) for name, part in other.items() if name not in own]
                    own |= other.keys()
    return mapping([*brought, *pairs])


class NotYaml(Exception):
    """The text is no YAML, or more than this reader takes; the text says why."""


def read_yaml(text: str, report: Report) -> list[Any]:
    """Return the documents of a YAML text as mappings, lists and strings; judge their tags on the way.

    Raises:
        NotYaml: the text is damaged, or nested or long beyond measure. Tags before that place have been judged.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    builder = _Builder(report)
    try:
        for count, event in enumerate(YAML(typ="safe", pure=True).parse(text)):
            if count > MAX_EVENTS:
                raise NotYaml("it has too many values")
            builder.take(event)
    except (YAMLError, ValueError, AttributeError, IndexError, AssertionError, RecursionError):
        raise NotYaml("it is no valid YAML") from None
    if builder.expanded > MAX_EXPANDED:
        report.unread("its aliases stand for more than ten million values, as a bomb does", "bomb")
    return builder.documents


def find_tags(text: str, report: Report) -> None:
    """Report every tag of Python in a text that cannot be parsed; comments are left out."""
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            for found in _TAG.findall(line):
                _judge_tag(found.strip("!<>").removeprefix(_CORE).join((_CORE, "")), None, report)


class _Builder:
    """Events into values, with the number of values that each stands for."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.documents: list[Any] = []
        self.expanded = 0
        self._open: list[tuple[bool, list[Any], str | None, int]] = []
        """Of each open collection: is it a mapping, its parts, its anchor, the values that it stands for."""
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind in ("MappingStartEvent", "SequenceStartEvent"):
            _judge_tag(event.tag, event.start_mark, self.report)
            if len(self._open) >= MAX_DEPTH:
                raise NotYaml("it is nested too deeply")
            self._open.append((kind == "MappingStartEvent", [], event.anchor, 1))
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            is_mapping, parts, anchor, size = self._open.pop()
            value: Any = parts
            if is_mapping:
                keys = [key if isinstance(key, str) else f"<{type(key).__name__}>" for key in parts[::2]]
                value = _merged(list(zip(keys, parts[1::2], strict=False)))
            self._add(value, anchor, size)
        elif kind == "ScalarEvent":
            _judge_tag(event.tag, event.start_mark, self.report)
            self._add(event.value, event.anchor, 1)
        elif kind == "AliasEvent":
            value, size = self._anchors.get(event.anchor, ("", 1))
            self._add(value, None, size)
        elif kind == "DocumentStartEvent":
            self._anchors.clear()

    def _add(self, value: Any, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if self._open:
            is_mapping, parts, outer, before = self._open[-1]
            parts.append(value)
            self._open[-1] = (is_mapping, parts, outer, min(before + size, 1 << 62))
        else:
            self.documents.append(value)
            self.expanded = max(self.expanded, size)


def _judge_tag(tag: str | None, mark: Any, report: Report) -> None:
    if tag is None or tag == "!":
        return
    tag = unquote(str(tag))
    offset = mark.index if mark is not None else None
    if tag.startswith(_CORE):
        short = tag.removeprefix(_CORE)
        if short in _CORE_TAGS:
            return
        for prefix in _CALLS:
            if short.startswith(prefix):
                name = short.removeprefix(prefix)
                if not is_trusted_target(name, called=True):
                    report.find("call", name or f"!!{short}", f"makes the loader call {name} (YAML tag)", offset, "!!")
                return
        name = short.partition(":")[2] or f"!!{short}"
        if not (short.startswith("python/name:") and is_trusted_target(name, called=False)):
            report.find("reference", name, f"makes the loader look up !!{short} (YAML tag)", offset, "!!")
        return
    judge_tag_name(tag, report, offset)
