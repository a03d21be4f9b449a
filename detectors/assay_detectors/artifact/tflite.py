"""TFLite models, read off the flatbuffer by hand: custom operators, TensorFlow operators, and data outside the buffer.

The built-in operators compute. A custom one is code that the application, or a library, has to bring along; one whose
name begins with `Flex` runs an operator of TensorFlow, and is judged as such. Slots: TFLite's schema.fbs. Standard
library only.
"""

from __future__ import annotations

import struct
from typing import Any

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread
from assay_detectors.artifact.tf_graph import POWERS, Graph, operators, outside, text

MAX_TABLES = 1_000_000
MAX_VECTOR = 4_000_000

CUSTOM, STABLEHLO_CUSTOM_CALL = 32, 173
"""Of the enumeration BuiltinOperator: those that name a function of someone else."""

KNOWN_CUSTOM = frozenset(
    [
        "Atan2",
        "AudioSpectrogram",
        "AvgPool3D",
        "AvgPool3DGrad",
        "Convolution2DTransposeBias",
        "HashtableFind",
        "HashtableImport",
        "HashtableSize",
        "HashtableV2",
        "Irfft2d",
        "Landmarks2TransformMatrix",
        "MaxPool3D",
        "MaxPool3DGrad",
        "MaxPoolingWithArgmax2D",
        "MaxUnpooling2D",
        "Mfcc",
        "Multinomial",
        "NumericVerify",
        "RandomStandardNormal",
        "RandomUniform",
        "Roll",
        "Sign",
        "TFLite_Detection_PostProcess",
        "Table",
        "TransformLandmarks",
        "TransformTensorBilinear",
    ]
)
"""Custom operators that TFLite's own runtime and MediaPipe register; all of them compute."""


class _Buffer:
    """Access to a flatbuffer; every position is checked."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.size = len(data)
        self._tables = MAX_TABLES

    def number(self, at: int, form: str) -> int:
        """Return the number at `at`; `form` as in `struct`."""
        size = struct.calcsize(form)
        if at < 0 or at + size > self.size:
            raise Unread("a position leads out of the file")
        value: int = struct.unpack("<" + form, self.data[at : at + size])[0]
        return value

    def slots(self, table: int) -> list[int]:
        """Return where each field of a table lies, 0 for one that is not set."""
        self._tables -= 1
        if self._tables < 0:
            raise Unread(f"it has more than {MAX_TABLES} tables", "bomb")
        layout = table - self.number(table, "i")
        length = self.number(layout, "H")
        if length < 4 or length % 2 or length > 1000 or layout + length > self.size:
            raise Unread("the layout of a table is damaged")
        offsets = struct.unpack(f"<{length // 2 - 2}H", self.data[layout + 4 : layout + length])
        return [table + offset if offset else 0 for offset in offsets]

    def follow(self, at: int) -> int:
        """Return where the offset at `at` leads."""
        target = at + self.number(at, "I")
        if target + 4 > self.size:
            raise Unread("an offset leads out of the file")
        return target

    def vector(self, at: int, width: int) -> tuple[int, int]:
        """Return (count, first element) of the vector that the offset at `at` leads to; nothing for an unset field."""
        if not at:
            return 0, 0
        start = self.follow(at)
        count = self.number(start, "I")
        if start + 4 + count * width > self.size:
            raise Unread("a vector ends behind the file", "cut-off")
        return count, start + 4

    def tables(self, at: int) -> list[int]:
        """Return the tables of a vector, each once."""
        count, first = self.vector(at, 4)
        if count > MAX_VECTOR:
            raise Unread(f"it has a list of {count} tables", "bomb")
        return list(dict.fromkeys(self.follow(first + 4 * index) for index in range(count)))

    def string(self, at: int) -> str:
        """Return a string; empty for an unset field."""
        count, first = self.vector(at, 1)
        return text(self.data, first, first + count)


def _slot(slots: list[int], index: int) -> int:
    return slots[index] if index < len(slots) else 0


def read_tflite(data: Any, report: Report) -> None:
    """Walk a TFLite model, given as bytes or an mmap.

    A zip behind the model holds its labels and vocabulary (metadata of TFLite); whoever calls this reads that zip too.

    Raises:
        Unread: the flatbuffer is damaged, or beyond a bound.
    """
    buffer = _Buffer(data)
    if bytes(data[4:8]) != b"TFL3":
        raise Unread("it does not begin as TFLite does")
    model = buffer.slots(buffer.follow(0))
    report.lists("contains", f"TFLite model {buffer.string(_slot(model, 3))}", 0)
    flex = _operators(buffer, model, report)
    for graph in buffer.tables(_slot(model, 2)):
        for operator in buffer.tables(_slot(buffer.slots(graph), 3)):
            slots = buffer.slots(operator)
            at = _slot(slots, 0)
            name = flex.get(buffer.number(at, "I") if at else 0)
            _data_outside(buffer, _slot(slots, 9), _slot(slots, 10), report)
            if name is not None:
                _flex_node(buffer, slots, name, report)
    for part in buffer.tables(_slot(model, 4)):
        slots = buffer.slots(part)
        buffer.vector(_slot(slots, 0), 1)
        _data_outside(buffer, _slot(slots, 1), _slot(slots, 2), report)
    for group in buffer.tables(_slot(model, 8)):
        _external(buffer.string(_slot(buffer.slots(group), 0)), group, report)


def _operators(buffer: _Buffer, model: list[int], report: Report) -> dict[int, str]:
    """Judge the operators that the model declares; return index -> TensorFlow operator for those of Flex."""
    flex: dict[int, str] = {}
    count, first = buffer.vector(_slot(model, 1), 4)
    if count > MAX_TABLES:
        raise Unread(f"it declares {count} operators", "bomb")
    for index in range(count):
        table = buffer.follow(first + 4 * index)
        slots = buffer.slots(table)
        old, new = _slot(slots, 0), _slot(slots, 3)
        code = max(buffer.number(old, "b") if old else 0, buffer.number(new, "i") if new else 0)
        name = buffer.string(_slot(slots, 1))
        if code == STABLEHLO_CUSTOM_CALL:
            report.find("reference", "STABLEHLO_CUSTOM_CALL", "calls a function of another library", table, "operator")
        elif code == CUSTOM:
            report.lists("contains", f"custom operator {name}", table)
            if name.startswith("Flex"):
                flex[index] = name.removeprefix("Flex")
                _flex_name(flex[index], table, report)
            elif name not in KNOWN_CUSTOM and name not in operators()[2]:
                note = f"needs the custom operator {name}, which a separate library would run"
                report.find("reference", name or "(custom operator without a name)", note, table, "operator")
    return flex


def _flex_name(name: str, at: int, report: Report) -> None:
    trusted, refused, _ = operators()
    if name in refused:
        report.find("call", name, f"{POWERS[refused[name]]}; an operator of TensorFlow (Flex)", at, "operator")
    elif name not in trusted:
        note = "an operator that TensorFlow itself does not have, or that is not trusted (Flex)"
        report.find("reference", name or "(Flex operator without a name)", note, at, "operator")


def _flex_node(buffer: _Buffer, slots: list[int], name: str, report: Report) -> None:
    """Judge the NodeDef that a Flex operator carries: that is what TensorFlow runs, whatever the operator's name."""
    count, first = buffer.vector(_slot(slots, 5), 1)
    if not count and _slot(slots, 9) and _slot(slots, 10):
        first, count = buffer.number(slots[9], "Q"), buffer.number(slots[10], "Q")
        if first + count > buffer.size:
            return
    if not count:
        report.unread(f"the operator Flex{name} says not what it runs", "damaged", first)
        return
    low, high = _second_string(buffer, first, first + count)
    graph = Graph(buffer.data, report)
    graph.node(low, high, graph.top)
    if any(node.op != name for node in graph.top.all):
        report.unread(f"the operator Flex{name} carries another one", "two-readings", low)
    graph.judge()


def _second_string(buffer: _Buffer, start: int, stop: int) -> tuple[int, int]:
    """Return where the second element of a flexbuffer's vector lies: the serialised NodeDef."""

    def number(at: int, width: int) -> int:
        if not start <= at <= stop - width or width not in (1, 2, 4, 8):
            raise Unread("the options of a Flex operator are damaged")
        return int.from_bytes(buffer.data[at : at + width], "little")

    width, packed = number(stop - 1, 1), number(stop - 2, 1)
    root = stop - 2 - width
    vector, element = root - number(root, width), 1 << (packed & 3)
    count = number(vector - element, element)
    if packed >> 2 != 10 or count < 2:
        raise Unread("the options of a Flex operator are no list")
    kind = number(vector + count * element + 1, 1)
    at = vector + element
    text_at = at - number(at, element)
    size = 1 << (kind & 3)
    length = number(text_at - size, size)
    if kind >> 2 not in (5, 25) or not start <= text_at <= text_at + length <= stop:
        raise Unread("the options of a Flex operator are damaged")
    return text_at, text_at + length


def _data_outside(buffer: _Buffer, offset: int, size: int, report: Report) -> None:
    """Check data that lies behind the flatbuffer, in the same file."""
    start, length = buffer.number(offset, "Q") if offset else 0, buffer.number(size, "Q") if size else 0
    if start > 1 and start + length > buffer.size:
        report.unread("data of a tensor or operator ends behind the file", "cut-off", offset)


def _external(name: str, at: int, report: Report) -> None:
    """Note a file beside the model that holds its numbers."""
    if outside(name):
        report.find("reference", f"external data {name}", f"reads the file {name}, outside its folder", at, "buffer")
    else:
        report.anomaly("outside", f"its numbers lie in the file {name}", at)
