"""ONNX files, read off the wire: operators outside the standard domains, and tensors outside the file's folder.

A custom operator runs a library that the file does not hold; an external tensor with an absolute path or `..` makes the
loader read a file of the author's choice. Field numbers: onnx.proto3.
"""

from __future__ import annotations

from typing import Any

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread

KNOWN_DOMAINS = frozenset(
    [
        "ai.onnx",
        "ai.onnx.ml",
        "ai.onnx.training",
        "ai.onnx.preview",
        "ai.onnx.preview.training",
        "com.microsoft",
        "com.microsoft.nchwc",
        "com.ms.internal.nhwc",
        "com.microsoft.experimental",
        "com.microsoft.dml",
        "ai.onnx.contrib.none",
    ]
) - {"ai.onnx.contrib.none"} | {""}
MAX_FIELDS = 20_000_000

# message kind -> field -> kind of the message within; "text" and "entries" are leaves
_SHAPE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_DOMAIN = {"node": 7, "opset": 1, "function": 10}
_OPERATOR = {"node": 4, "function": 1}


def varint(data: Any, at: int, end: int) -> tuple[int, int]:
    """Return (value, index behind it).

    Raises:
        Unread: cut off or longer than ten bytes.
    """
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise Unread("its protobuf is damaged")


def fields(data: Any, at: int, end: int) -> list[tuple[int, int, int]]:
    """Return (field, start, stop) of every length-delimited field of one message; pass over the others."""
    found = []
    while at < end:
        key, at = varint(data, at, end)
        wire, field = key & 7, key >> 3
        if wire == 0:
            _, at = varint(data, at, end)
        elif wire == 1:
            at += 8
        elif wire == 5:
            at += 4
        elif wire == 2:
            length, at = varint(data, at, end)
            found.append((field, at, at + length))
            at += length
        else:
            raise Unread("its protobuf is damaged")
        if not field or at > end:
            raise Unread("its protobuf is damaged")
    return found


def _text(data: Any, start: int, stop: int) -> str:
    return bytes(data[start : min(stop, start + 1000)]).decode("utf-8", "replace")


def read_onnx(data: Any, report: Report) -> set[str]:
    """Walk a model (bytes or mmap); return the external files that it names, relative paths only.

    Raises:
        Unread: no valid protobuf.
    """
    pending: list[tuple[str, int, int]] = [("model", 0, len(data))]
    local: set[str] = set()
    operators: list[tuple[str, str, int]] = []
    external: set[str] = set()
    budget = MAX_FIELDS
    while pending:
        kind, start, stop = pending.pop()
        domain, operator = "", ""
        shape = _SHAPE.get(kind, {})
        for field, low, high in fields(data, start, stop):
            budget -= 1
            if field in shape:
                if shape[field] == "entry":
                    _external(data, low, high, report, external)
                else:
                    pending.append((shape[field], low, high))
            elif field == _DOMAIN.get(kind):
                domain = _text(data, low, high)
            elif field == _OPERATOR.get(kind):
                operator = _text(data, low, high)
        if budget < 0:
            raise Unread(f"it has more than {MAX_FIELDS} fields")
        if kind == "function":
            local.add(domain)
        elif kind == "node" and domain not in KNOWN_DOMAINS:
            operators.append((domain, operator, start))
        elif kind == "opset" and domain not in KNOWN_DOMAINS:
            operators.append((domain, "*", start))
    used = {domain for domain, operator, _ in operators if operator != "*"}
    for domain, operator, at in operators:
        if domain not in local and (operator != "*" or domain not in used):
            note = f"needs operator {operator} of the unknown domain {domain}, which a separate library would run"
            report.find("reference", f"{domain}::{operator}", note, at, "node" if operator != "*" else "opset_import")
    return external


def _external(data: Any, start: int, stop: int, report: Report, external: set[str]) -> None:
    entry = {field: _text(data, low, high) for field, low, high in fields(data, start, stop)}
    if entry.get(1) != "location":
        return
    path = entry.get(2, "")
    parts = path.replace("\\", "/").split("/")
    if path.startswith(("/", "\\")) or ".." in parts or path[1:2] == ":" or "://" in path or "\0" in path:
        report.find(
            "reference", f"external data {path}", f"reads the file {path}, outside its folder", start, "external_data"
        )
    else:
        external.add(path)
