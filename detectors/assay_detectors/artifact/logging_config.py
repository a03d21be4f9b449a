"""Configuration of `logging` (`logging.config.dictConfig`): it imports classes, factories and `ext://` names.

Standard library only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

_PARTS = ("handlers", "formatters", "filters", "loggers", "root")
_MODULES = frozenset(
    str.split(
        "logging logging.handlers colorlog colorlog.formatter rich.logging uvicorn.logging pythonjsonlogger.json "
        "pythonjsonlogger.jsonlogger"
    )
)
_CLASS = re.compile(r"[A-Z]\w*(?:Handler|Formatter|Filter)")
_STREAMS = frozenset({"ext://sys.stdout", "ext://sys.stderr"})
MAX_VALUES = 100_000


def is_logging(node: dict[str, Any]) -> bool:
    """Say whether a mapping configures logging: version 1, as a number or as YAML's text."""
    return node.get("version") in (1, "1") and any(isinstance(node.get(part), dict) for part in _PARTS[:3])


def judge_logging(node: dict[str, Any], report: Report) -> None:
    """Report what such a mapping makes `logging` import, unless it is one of its own classes."""
    stack: list[Any] = [node[part] for part in _PARTS if part in node]
    seen = set[int]()
    for _ in range(MAX_VALUES):
        if not stack:
            return
        part = stack.pop()
        if isinstance(part, str):
            if part.startswith("ext://") and part not in _STREAMS:
                report.find("reference", part, f"makes logging import {part[6:]}", None, "ext")
        elif isinstance(part, list | dict) and id(part) not in seen:
            seen.add(id(part))
            stack.extend(part.values() if isinstance(part, dict) else part)
            if isinstance(part, dict):
                judge_factory(part, report)
    report.unread("its configuration of logging holds too many values to judge", "bomb")


def judge_factory(node: dict[str, Any], report: Report) -> None:
    """Judge the class, or the factory, of one part of a configuration."""
    for key in ("()", "class"):
        name = node.get(key)
        if name is None or (key == "class" and not (isinstance(name, str) and "." in name)):
            continue
        module, _, last = str(name).removeprefix("ext://").rpartition(".")
        if not (module in _MODULES and _CLASS.fullmatch(last)):
            report.find("call", str(name), f"makes logging import and call {name}", None, key)
