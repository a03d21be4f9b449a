"""Tell TensorFlow's protobuf files apart by their fields: SavedModel, MetaGraph, GraphDef, what lies beside them."""

from __future__ import annotations

import re
from mmap import mmap

from assay.targets.repeats import exact

SAVEDMODEL, METAGRAPH, GRAPHDEF = "savedmodel", "tf-metagraph", "tf-graph"
KERAS_METADATA, FINGERPRINT, INDEX, GRAPH_TEXT = "keras-metadata", "tf-fingerprint", "tf-index", "tf-graph-text"
TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
"""The last eight bytes of a checkpoint's index, a table of LevelDB's format."""

_GAP = exact(rb"(?:\s|#[^\n]*\n)*+")
_TEXT_GRAPH = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    + _GAP
    + rb"(?:saved_model_schema_version|meta_graphs|meta_info_def|graph_def|saver_def|collection_def|signature_def|"
    + rb"asset_file_def|object_graph_def|node|library|versions?|debug_info)"
    + _GAP
    + rb"[:{<]"
)
_TEXT_NODE = (re.compile(rb"\bnode(?:_def)?\b"), re.compile(rb"\bop\b"))

MAX_FIELDS = 200_000
MAX_TRIED = 200
"""Fields that are tried, in data with another mark, for a graph."""
_Part = tuple[int, int, int, int]


class Broken(Exception):
    """These bytes are no message of protobuf."""


def is_index(data: bytes | mmap) -> bool:
    """Say whether the whole file is a checkpoint's index: names, shapes and places of numbers, nothing that runs."""
    size = len(data)
    if size < 48 or data[size - 8 :] != TABLE_MAGIC:
        return False
    at, numbers = size - 48, []
    try:
        for _ in range(4):
            number, at = varint(data, at, size - 8)
            numbers.append(number)
    except Broken:
        return False
    return numbers[2] + numbers[3] + 5 + 48 == size and not any(data[at : size - 8])


def is_graph_text(data: bytes | mmap) -> bool:
    """Say whether a text is a graph in protobuf's text form (`.pbtxt`), which TensorFlow loads like the binary one."""
    return bool(_TEXT_GRAPH.match(data)) and all(word.search(data) for word in _TEXT_NODE)


def tensorflow_kind(data: bytes | mmap, cut: bool) -> str | None:
    """Return which message of TensorFlow a file is, None for anything else.

    Args:
        data: the file, or its first bytes.
        cut: whether more may follow.
    """
    end = len(data)
    try:
        parts = _parts(data, 0, end, cut)
    except Broken:
        return None
    wires = {field: wire for field, wire, _, _ in parts}
    first = {field: (low, high) for field, wire, low, high in reversed(parts) if wire == 2}
    if wires in ({2: 2}, {1: 0, 2: 2}) and _is_metagraph(data, *first[2]):
        return SAVEDMODEL
    if wires.get(1) == 2 and wires.keys() <= {1, 2, 3, 4, 5} and wires.get(3, 0) == 0 and _is_node(data, *first[1]):
        return GRAPHDEF
    if wires == {1: 2} and _is_keras_object(data, *first[1]):
        return KERAS_METADATA
    if len(wires) >= 3 and end <= 1000 and _is_fingerprint(wires):
        return FINGERPRINT
    return METAGRAPH if 2 in wires and _is_metagraph(data, 0, end + cut) else None


def is_graph_behind(data: bytes | mmap, cut: bool) -> bool:
    """Say whether data with another mark is a message of protobuf too, with a field where models keep their graph.

    A loader skips fields that it does not know: eight bytes of an image's mark can be one.
    """
    try:
        parts = _parts(data, 0, len(data), cut)
    except Broken:
        return False
    places = [(low, high) for field, wire, low, high in parts if wire == 2 and field in (1, 2, 7) and high > low]
    return any(_may_be_message(data, low, high) for low, high in places[:MAX_TRIED]) or len(places) > MAX_TRIED


def _may_be_message(data: bytes | mmap, low: int, high: int) -> bool:
    end = min(high, low + 4096, len(data))
    try:
        return bool(_parts(data, low, end, end < high))
    except Broken:
        return False


def varint(data: bytes | mmap, at: int, end: int) -> tuple[int, int]:
    """Return (value, next position); raises `Broken` where it is cut off or longer than ten bytes."""
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise Broken


def _parts(data: bytes | mmap, start: int, stop: int, cut: bool) -> list[_Part]:
    """Return (field, wire, start, stop) of the fields of one message; with `cut`, of those that begin before `stop`."""
    found: list[_Part] = []
    at = start
    while at < stop and len(found) < MAX_FIELDS:
        try:
            key, at = varint(data, at, stop)
            wire, low = key & 7, at
            if wire == 0:
                _, at = varint(data, at, stop)
            elif wire == 2:
                length, low = varint(data, at, stop)
                at = low + length
            elif wire in (1, 5):
                at += 8 if wire == 1 else 4
            else:
                raise Broken
        except Broken:
            if cut and stop - at < 10:
                break
            raise
        if not key >> 3 or (at > stop and not cut):
            raise Broken
        found.append((key >> 3, wire, low, at))
    return found


def _message(data: bytes | mmap, start: int, stop: int) -> dict[int, tuple[int, int]] | None:
    """Return the first place of each length-delimited field, as far as the data goes; None where it is no message."""
    end = len(data)
    try:
        parts = _parts(data, start, min(stop, end), stop > end)
    except Broken:
        return None
    return {field: (low, high) for field, wire, low, high in reversed(parts) if wire == 2}


def _text(data: bytes | mmap, start: int, stop: int) -> str:
    return bytes(data[start : min(stop, start + 200)]).decode("utf-8", "replace")


def _is_node(data: bytes | mmap, start: int, stop: int) -> bool:
    """NodeDef: a name and an operator, both readable."""
    parts = _message(data, start, stop)
    if parts is None or not parts.keys() <= {1, 2, 3, 4, 5, 6, 7} or not {1, 2} <= parts.keys():
        return False
    return all(_text(data, *parts[field]).isprintable() for field in (1, 2))


def _is_metagraph(data: bytes | mmap, start: int, stop: int) -> bool:
    """MetaGraphDef: a graph whose first node is one; where the data ends before it, the description of a graph."""
    parts = _message(data, start, stop)
    if not parts or not parts.keys() <= {1, 2, 3, 4, 5, 6, 7}:
        return False
    if 2 not in parts:
        return stop > len(data) and 1 in parts and _is_description(data, *parts[1])
    low, high = parts[2]
    graph = _message(data, low, high)
    if graph is None or not graph.keys() <= {1, 2, 4, 5}:
        return False
    return _is_node(data, *graph[1]) if 1 in graph else bool(graph)


def _is_description(data: bytes | mmap, start: int, stop: int) -> bool:
    """MetaInfoDef: a list of operators, each with a readable name."""
    parts = _message(data, start, stop)
    if not parts or 2 not in parts or not parts.keys() <= {1, 2, 3, 4, 5, 6, 8}:
        return False
    operators = _message(data, *parts[2])
    operator = _message(data, *operators[1]) if operators and operators.keys() == {1} else None
    return operator is not None and 1 in operator and _text(data, *operator[1]).isprintable()


def _is_keras_object(data: bytes | mmap, start: int, stop: int) -> bool:
    """SavedObject of Keras: an identifier such as `_tf_keras_layer`."""
    parts = _message(data, start, stop)
    if parts is None or not parts.keys() <= {3, 4, 5, 6} or 4 not in parts:
        return False
    return _text(data, *parts[4]).startswith("_tf_keras_")


def _is_fingerprint(wires: dict[int, int]) -> bool:
    """FingerprintDef: hashes as numbers, a version, an identifier."""
    return wires.keys() <= set(range(1, 8)) and all(wire == (0 if field < 6 else 2) for field, wire in wires.items())
