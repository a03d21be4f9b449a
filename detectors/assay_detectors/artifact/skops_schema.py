"""skops files: every type that `schema.json` names, against the same allowlist as pickles."""

from __future__ import annotations

import json
from typing import Any

from assay.targets.allowlist import trusted
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread

MAX_SCHEMA = 64 << 20
_OPERATORS = "operator"


def read_schema(raw: bytes, report: Report) -> None:
    """Check `schema.json`.

    Raises:
        Unread: it is no JSON object.
    """
    try:
        schema = json.loads(raw)
    except (ValueError, RecursionError):
        raise Unread("its schema.json cannot be read") from None
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise Unread("its schema.json is no skops schema")
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            pending.extend(value for value in node.values() if isinstance(value, dict | list))
            if "__loader__" in node or "__class__" in node:
                _check(node, report)


def _check(node: dict[str, Any], report: Report) -> None:
    loader, module, name = (node.get(key) for key in ("__loader__", "__module__", "__class__"))
    if not isinstance(loader, str) or not isinstance(module, str) or not isinstance(name, str):
        report.find("reference", "<computed>", "a node of schema.json has no plain loader, module and class")
        return
    if loader == "TypeNode":
        inner = node.get("content")
        if isinstance(inner, dict):
            module, name = str(inner.get("__module__")), str(inner.get("__class__"))
    elif loader == "FunctionNode":
        inner = node.get("content")
        if isinstance(inner, dict):
            module, name = str(inner.get("module_path")), str(inner.get("function"))
    if trusted(module, name) is None and (module, name) not in _CONTAINERS:
        full = f"{module}.{name}"
        report.find("reference", full, f"its schema names {full}", None, loader)


_CONTAINERS = frozenset({("builtins", "NoneType"), ("types", "NoneType"), ("json", "dumps")})
