"""ONNX files, read off the wire: which operators they use, and which files beside them hold their tensors.

An operator that is on no list runs in a library that the file does not hold; a few known ones load compiled engines or
call Python. An external tensor with an absolute path or `..` makes the loader read a file of the author's choice. Field
numbers: onnx.proto3. Subgraphs in attributes, functions of the file and training graphs are walked as well.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from assay.targets import tf_probe
from assay_detectors.artifact.names import judge_path
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread

MAX_FIELDS = 20_000_000
MAX_PATH = 4096
_LIST = Path(__file__).with_name("onnx_ops.json")
_STANDARD = frozenset({"ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"})

# message kind -> field -> kind of the message within; "entry" is a leaf
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
_MODEL_FIELDS = frozenset({2, 3, 4, 6, 7, 8, 14, 20, 25, 26})
_DOMAIN = {"node": 7, "opset": 1, "function": 10}
_OPERATOR = {"node": 4, "function": 1}

_VENDORS = ("com.microsoft", "com.ms.", "org.pytorch.", "ai.onnx.")
"""Domains that exporters and ONNX Runtime ask for whether they use them or not."""
External = dict[str, int]
"""File beside the model -> how many bytes of it are needed (0: not said)."""


@cache
def _data() -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    data = json.loads(_LIST.read_bytes())
    return {domain: frozenset(names) for domain, names in data["operators"].items()}, data["refused"]


def varint(data: Any, at: int, end: int) -> tuple[int, int]:
    """Return (value, index behind it).

    Raises:
        Unread: cut off or longer than ten bytes.
    """
    try:
        return tf_probe.varint(data, at, end)
    except tf_probe.Broken:
        raise Unread("its protobuf is damaged") from None


def fields(data: Any, at: int, end: int) -> list[tuple[int, int, int]]:
    """Return (field, start, stop) of every length-delimited field of one message; pass over the others."""
    found, left = [], MAX_FIELDS
    while at < end:
        left -= 1
        if left < 0:
            raise Unread(f"a message of its protobuf has more than {MAX_FIELDS} fields", "bomb")
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


def _text(data: Any, start: int, stop: int, limit: int = 1000) -> str:
    return bytes(data[start : min(stop, start + limit)]).decode("utf-8", "replace")


class _Model:
    """What the walk has seen."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.used: dict[tuple[str, str], int] = {}
        self.own: dict[tuple[str, str], int] = {}
        self.opsets: dict[str, int] = {}
        self.external: External = {}

    def settle(self) -> None:
        """Judge the operators, now that the functions of the file are known."""
        operators, refused = _data()
        unknown = []
        for (domain, name), at in sorted(self.used.items(), key=lambda item: item[1]):
            full = f"{domain}::{name}"
            self.report.lists("calls", full, at)
            if (domain, name) in self.own or name in operators.get(domain, ()):
                continue
            if full in refused:
                self.report.find("reference", full, f"uses the operator {full}, which {refused[full]}", at, "node")
            elif domain in _STANDARD:
                unknown.append(full)
            else:
                note = f"needs operator {name} of the domain {domain}, which a separate library would run"
                self.report.find("reference", full, note, at, "node")
            judge_path(full, self.report)
        if unknown:
            self.report.unread(f"it uses {len(unknown)} operators that ONNX does not have, e.g. {unknown[0][:80]}")
        for (domain, name), at in self.own.items():
            if name in operators.get(domain, ()):
                note = f"its own function stands in for the standard operator {domain}::{name}"
                self.report.anomaly("two-readings", note[:200], at)
        domains = {domain for domain, _ in self.used} | {domain for domain, _ in self.own} | operators.keys()
        for domain, at in self.opsets.items():
            if domain not in domains and not domain.startswith(_VENDORS):
                self.report.anomaly("outside", f"it asks for the unknown domain {domain[:80]} and uses none of it", at)


def read_onnx(data: Any, report: Report) -> External:
    """Walk a model (bytes or mmap).

    Args:
        data: the whole file.
        report: where findings go.

    Returns:
        The files beside it that hold tensors, relative paths only, for `judge_external`.

    Raises:
        Unread: no valid protobuf.
    """
    pending: list[tuple[str, int, int]] = [("model", 0, len(data))]
    model, budget = _Model(report), MAX_FIELDS
    while pending:
        kind, start, stop = pending.pop()
        domain, operator = "", ""
        shape: dict[int, str] = _SHAPE.get(kind, {})
        entries = []
        for field, low, high in fields(data, start, stop):
            budget -= 1
            if field in shape:
                if shape[field] == "entry":
                    entries.append((low, high))
                else:
                    pending.append((shape[field], low, high))
            elif field == _DOMAIN.get(kind):
                domain = _text(data, low, high)
            elif field == _OPERATOR.get(kind):
                operator = _text(data, low, high)
            elif kind == "model" and field not in _MODEL_FIELDS:
                report.anomaly("hidden", f"it carries a field {field} that ONNX does not have", low)
        if budget < 0:
            raise Unread(f"it has more than {MAX_FIELDS} fields", "bomb")
        domain = domain or "ai.onnx"
        if kind == "function":
            model.own.setdefault((domain, operator), start)
        elif kind == "node":
            model.used.setdefault((domain, operator), start)
        elif kind == "opset":
            model.opsets.setdefault(domain, start)
        elif entries:
            _external(data, entries, model)
    model.settle()
    return model.external


def _external(data: Any, entries: list[tuple[int, int]], model: _Model) -> None:
    """Judge where an external tensor lies; of a key that is given twice, the last counts, but all are judged."""
    values: dict[str, str] = {}
    for start, stop in entries:
        parts = {field: (low, high) for field, low, high in fields(data, start, stop)}
        key = _text(data, *parts[1]) if 1 in parts else ""
        low, high = parts.get(2, (start, start))
        if high - low > MAX_PATH:
            raise Unread(f"the place of an external tensor is longer than {MAX_PATH} bytes", "bomb")
        values[key] = _text(data, low, high, MAX_PATH)
        if key == "location":
            _judge_location(values[key], start, model)
    path = values.get("location")
    if path is None:
        return
    offset, length = values.get("offset", "0"), values.get("length", "0")
    if not (offset.isdecimal() and length.isdecimal() and len(offset) < 20 and len(length) < 20):
        model.report.unread("an external tensor has an offset or length that is no number", "damaged")
    elif path in model.external:
        model.external[path] = max(model.external[path], int(offset) + int(length))


def _judge_location(path: str, start: int, model: _Model) -> None:
    parts = path.replace("\\", "/").split("/")
    if path.startswith(("/", "\\", "~")) or ".." in parts or path[1:2] == ":" or "://" in path or "\0" in path:
        note = f"reads the file {path}, outside its folder"
        model.report.find("reference", f"external data {path}", note, start, "external_data")
    elif not path.strip("./"):
        model.report.unread("an external tensor names no file", "damaged")
    else:
        model.external.setdefault(path, 0)
        judge_path(path, model.report)


def judge_external(external: External, folder: Path, report: Report) -> None:
    """Look for the files beside a model that hold its tensors: they must be there, be files, and be long enough.

    Args:
        external: what `read_onnx` returned.
        folder: where the model lies.
        report: where absent, short or linked files go.
    """
    for name, needed in sorted(external.items())[:1000]:
        path = folder / name.replace("\\", "/")
        try:
            info = path.stat()
            if path.is_symlink():
                report.anomaly("link", f"its tensors lie in {name[:80]}, which is a link")
            if not path.is_file():
                report.unread(f"its tensors lie in {name[:80]}, which is no file", "outside")
            elif info.st_size < needed:
                report.unread(f"its tensors reach beyond the end of {name[:80]}", "cut-off")
        except (OSError, ValueError):
            report.unread(f"its tensors lie in {name[:80]}, which is not there", "outside")
