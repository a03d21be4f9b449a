"""TensorFlow models: SavedModel, MetaGraph, bare GraphDef, and the metadata of Keras.

What a graph may do is judged in `tf_graph`; here the messages around it are taken apart: which tensors the saver and
the assets use, what the signatures reach, and the configuration that Keras keeps as JSON. Field numbers:
saved_model.proto, meta_graph.proto, saver.proto, saved_object_graph.proto, and Keras' saved_metadata.proto. Standard
library only.
"""

from __future__ import annotations

from typing import Any

from assay_detectors.artifact.onnx_wire import fields
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread
from assay_detectors.artifact.tf_graph import Graph, outside, text

MAX_METADATA = 64 << 20
"""Bytes of Keras metadata in one file."""
MAX_GRAPHS = 100

_START = ("saved_model_main_op", "legacy_init_op", "saved_model_init_op")
"""Collections whose nodes the loader runs."""


def read_savedmodel(data: Any, report: Report) -> None:
    """Walk a SavedModel (`saved_model.pb`), given as bytes or an mmap.

    Raises:
        Unread: no valid protobuf, or beyond a bound.
    """
    parts = fields(data, 0, len(data))
    if any(field != 2 for field, _, _ in parts):
        report.unread("it has fields that a SavedModel does not have", "two-readings")
    graphs = [(low, high) for field, low, high in parts if field == 2]
    if len(graphs) > MAX_GRAPHS:
        raise Unread(f"it holds more than {MAX_GRAPHS} graphs", "bomb")
    for low, high in graphs:
        _MetaGraph(data, report).read(low, high)


def read_metagraph(data: Any, report: Report) -> None:
    """Walk a MetaGraphDef that stands alone (a checkpoint's `.meta`); raises as `read_savedmodel` does."""
    _MetaGraph(data, report).read(0, len(data))


def read_graph(data: Any, report: Report) -> None:
    """Walk a GraphDef that stands alone (a frozen graph); raises as `read_savedmodel` does."""
    graph = Graph(data, report)
    graph.read(0, len(data))
    graph.judge()


class _MetaGraph:
    """The reading of one MetaGraphDef."""

    def __init__(self, data: Any, report: Report) -> None:
        self.data = data
        self.report = report
        self.graph = Graph(data, report)
        self.roots: dict[str, list[str]] = {}
        """What the loader or a client runs -> the tensors or nodes it asks for."""
        self.exposed: dict[str, int] = {}
        """Nodes that a client gives values to, and where that is said."""

    def read(self, start: int, stop: int) -> None:
        parts = fields(self.data, start, stop)
        for field, low, high in parts:
            if field == 1:
                self._description(low, high)
            elif field == 2:
                self.graph.read(low, high)
            elif field == 3:
                self._saver(low, high)
            elif field == 4:
                self._collection(low, high)
            elif field == 5:
                self._signature(low, high)
            elif field == 6:
                self._asset(low, high)
        self.graph.judge()
        self._savers_in_use()
        for field, low, high in parts:
            if field == 7:
                self._objects(low, high)

    def _description(self, start: int, stop: int) -> None:
        """Refuse a MetaInfoDef that is a node where the same bytes are read as a GraphDef."""
        for field, low, high in fields(self.data, start, stop):
            if field == 2 and high > low and text(self.data, low, high).isprintable():
                self.report.unread("its description may be read as a node of a graph", "two-readings", start)

    def _saver(self, start: int, stop: int) -> None:
        for field, low, high in fields(self.data, start, stop):
            if field == 1:
                self.graph.savers.add(text(self.data, low, high).split(":", 1)[0])

    def _asset(self, start: int, stop: int) -> None:
        """Take in one AssetFileDef; its file must lie in the folder of assets."""
        for field, low, high in fields(self.data, start, stop):
            if field == 1:
                self.graph.assets.update(_tensor_name(self.data, low, high))
            elif field == 2:
                path = text(self.data, low, high)
                self.report.lists("contains", f"asset {path}", low)
                if outside(path):
                    note = f"reads the file {path}, outside the folder of assets"
                    self.report.find("reference", f"asset {path}", note, low, "asset_file_def")

    def _collection(self, start: int, stop: int) -> None:
        """Take in one entry of the collections: what runs at the start, and assets of the older kind."""
        key, value = _entry(self.data, start, stop)
        for field, low, high in fields(self.data, *value):
            if field == 1 and key in _START:
                names = [text(self.data, a, b) for inner, a, b in fields(self.data, low, high) if inner == 1]
                self.roots.setdefault(key, []).extend(names)
            elif field == 5 and key == "saved_model_assets":
                for inner, low_any, high_any in fields(self.data, low, high):
                    if inner == 1:
                        for part, a, b in fields(self.data, low_any, high_any):
                            if part == 2:
                                self._asset(a, b)

    def _signature(self, start: int, stop: int) -> None:
        key, value = _entry(self.data, start, stop)
        self.report.lists("contains", f"signature {key}", start)
        for field, low, high in fields(self.data, *value):
            if field in (1, 2):
                _, tensor = _entry(self.data, low, high)
                names = _tensor_name(self.data, *tensor)
                if field == 1:
                    self.exposed.update(dict.fromkeys(names, low))
                else:
                    self.roots.setdefault(f"signature {key}", []).extend(names)

    def _savers_in_use(self) -> None:
        """Report a saver that a signature, or the start of the model, lets run."""
        for name in sorted(self.graph.savers & self.exposed.keys()):
            note = "a signature lets its caller say which file the saver reads and writes"
            self.report.find("reference", f"saver {name}", note, self.exposed[name], "signature_def")
        for what, names in self.roots.items():
            node = self.graph.reaches_saver(names)
            if node is not None:
                note = f"reads or writes files: run by {what}"
                self.report.find("call", node.op, note, node.at, "node")

    def _objects(self, start: int, stop: int) -> None:
        """Take the configuration of Keras out of the objects (SavedObjectGraph), where older releases kept it."""
        budget = MAX_METADATA
        for field, low, high in fields(self.data, start, stop):
            if field != 1:
                continue
            for kind, at, end in fields(self.data, low, high):
                if kind == 4:
                    user = {part: (a, b) for part, a, b in fields(self.data, at, end)}
                    identifier = text(self.data, *user.get(1, (at, at)))
                    if identifier.startswith("_tf_keras_") and 3 in user:
                        budget -= user[3][1] - user[3][0]
                        _configuration(self.data, *user[3], budget, self.report)


def _entry(data: Any, start: int, stop: int) -> tuple[str, tuple[int, int]]:
    """Return key and place of the value of one entry of a map."""
    key, value = "", (start, start)
    for field, low, high in fields(data, start, stop):
        if field == 1:
            key = text(data, low, high)
        elif field == 2:
            value = low, high
    return key, value


def _tensor_name(data: Any, start: int, stop: int) -> list[str]:
    """Return the nodes that a TensorInfo names, the parts of a composite tensor as well."""
    names = []
    for field, low, high in fields(data, start, stop):
        if field == 1:
            names.append(text(data, low, high).split(":", 1)[0])
        elif field in (4, 5):
            for _, a, b in fields(data, low, high):
                try:
                    parts = fields(data, a, b)
                except Unread:
                    parts = []
                names += [text(data, x, y).split(":", 1)[0] for part, x, y in parts if part == 1]
                if field == 4:
                    names.append(text(data, a, b).split(":", 1)[0])
    return names


def read_keras_metadata(data: Any, report: Report) -> None:
    """Read `keras_metadata.pb` (SavedMetadata): the configuration of each layer, as JSON.

    Raises:
        Unread: no valid protobuf.
    """
    budget = MAX_METADATA
    for field, low, high in fields(data, 0, len(data)):
        if field == 1:
            for part, a, b in fields(data, low, high):
                if part == 5:
                    budget -= b - a
                    _configuration(data, a, b, budget, report)
                elif part == 4:
                    report.lists("contains", f"Keras object {text(data, a, b)}", low)


def _configuration(data: Any, start: int, stop: int, budget: int, report: Report) -> None:
    """Give one JSON text to the reader of Keras configurations."""
    if stop == start:
        return
    if budget < 0:
        raise Unread(f"its Keras metadata is larger than {MAX_METADATA} bytes", "bomb")
    from assay_detectors.artifact.keras_config import read_config_text

    try:
        read_config_text(bytes(data[start:stop]), report, offset=start, revived=True)
    except Unread as error:
        report.unread(str(error), error.rule, start)
