"""TFLite: custom and Flex operators, data outside the buffer, and damaged flatbuffers."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread
from assay_detectors.artifact.tflite import read_tflite

flatbuffers = pytest.importorskip("flatbuffers")

CUSTOM = 32


def _vector(builder: Any, tables: list[int]) -> int:
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())


def _table(builder: Any, slots: int, offsets: dict[int, int], numbers: dict[int, tuple[str, int]]) -> int:
    builder.StartObject(slots)
    for slot, target in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, target, 0)
    for slot, (kind, value) in numbers.items():
        getattr(builder, f"Prepend{kind}Slot")(slot, value, 0)
    return int(builder.EndObject())


def _model(
    operators: list[tuple[int, str | None]],
    *,
    options: bytes = b"",
    buffer: tuple[int, int] | None = None,
    external: str | None = None,
) -> bytes:
    """Build a model: (built-in code, custom name) of each operator, and one node of each."""
    builder = flatbuffers.Builder(1024)
    codes = []
    for code, name in operators:
        custom = {1: builder.CreateString(name)} if name is not None else {}
        codes.append(_table(builder, 4, custom, {0: ("Int8", min(code, 127)), 3: ("Int32", code)}))
    given = {5: builder.CreateByteVector(options)} if options else {}
    nodes = [_table(builder, 13, given, {0: ("Uint32", index)}) for index in range(len(operators))]
    graph = _table(builder, 5, {3: _vector(builder, nodes)}, {})
    places = {} if buffer is None else {1: ("Uint64", buffer[0]), 2: ("Uint64", buffer[1])}
    part = _table(builder, 3, {0: builder.CreateByteVector(b"\1\2\3\4")} if buffer is None else {}, places)
    fields = {1: _vector(builder, codes), 2: _vector(builder, [graph]), 4: _vector(builder, [part])}
    if external is not None:
        fields[8] = _vector(builder, [_table(builder, 1, {0: builder.CreateString(external)}, {})])
    builder.Finish(_table(builder, 10, fields, {0: ("Uint32", 3)}), b"TFL3")
    return bytes(builder.Output())


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def _flexbuffer(name: str, node: bytes) -> bytes:
    """A flexbuffer's vector of two strings, as TFLite's converter writes it."""
    body = bytes([len(name)]) + name.encode() + b"\0" + bytes([len(node)]) + node + b"\0"
    vector = len(body) + 1
    body += b"\x02" + bytes([vector - 1, vector + 1 - (len(name) + 3)]) + b"\x14\x14"
    return body + bytes([4, 10 << 2, 1])


def _node(op: str, *more: bytes) -> bytes:
    return _field(1, b"n") + _field(2, op.encode()) + b"".join(more)


def _read(data: bytes) -> Report:
    report = Report()
    try:
        read_tflite(data, report)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def _names(report: Report) -> list[str]:
    return [finding["name"] for finding in report.findings]


@pytest.mark.parametrize(
    "operators",
    [
        [(0, None), (3, None), (200, None)],
        [(CUSTOM, "TFLite_Detection_PostProcess"), (CUSTOM, "MaxUnpooling2D"), (CUSTOM, "TFText>Utf8Binarize")],
        [(3, "a name that no loader looks at")],
    ],
)
def test_good_models(operators: list[tuple[int, str | None]]) -> None:
    report = _read(_model(operators))
    assert not report.total and not report.reasons and not report.anomalies


@pytest.mark.parametrize("name", ["MyOperator", "", "mfcc", "TFLite_Detection_PostProcess2"])
def test_a_custom_operator_needs_a_library(name: str) -> None:
    data = _model([(0, None), (CUSTOM, name)])
    report = _read(data)
    assert [f["kind"] for f in report.findings] == ["reference"]
    assert 0 < report.findings[0]["offset"] < len(data)


def test_a_stablehlo_custom_call() -> None:
    assert _names(_read(_model([(173, None)]))) == ["STABLEHLO_CUSTOM_CALL"]


def test_flex_operators_are_judged_as_tensorflows() -> None:
    good = _read(_model([(CUSTOM, "FlexErfinv")], options=_flexbuffer("Erfinv", _node("Erfinv"))))
    assert not good.total and not good.reasons
    bad = _read(_model([(CUSTOM, "FlexWriteFile")], options=_flexbuffer("WriteFile", _node("WriteFile"))))
    assert set(_names(bad)) == {"WriteFile"} and {f["kind"] for f in bad.findings} == {"call"}
    assert _names(_read(_model([(CUSTOM, "FlexOwnThing")], options=_flexbuffer("x", _node("OwnThing"))))).count(
        "OwnThing"
    )


def test_what_a_flex_operator_carries_counts_whatever_its_name() -> None:
    report = _read(_model([(CUSTOM, "FlexErfinv")], options=_flexbuffer("Erfinv", _node("PyFunc"))))
    assert _names(report) == ["PyFunc"]
    assert "carries another" in report.reasons[0]


@pytest.mark.parametrize("options", [b"", b"\0\0\0", bytes(40), b"\xff" * 40])
def test_flex_options_that_cannot_be_read(options: bytes) -> None:
    assert _read(_model([(CUSTOM, "FlexErfinv")], options=options)).reasons


def test_data_behind_the_buffer_lies_within_the_file() -> None:
    assert not _read(_model([(0, None)], buffer=(64, 16))).reasons
    assert "ends behind the file" in _read(_model([(0, None)], buffer=(64, 1 << 40))).reasons[0]


def test_numbers_in_another_file() -> None:
    beside = _read(_model([(0, None)], external="weights.bin"))
    assert [a["rule"] for a in beside.anomalies.values()] == ["outside"] and not beside.total
    assert _names(_read(_model([(0, None)], external="../../etc/passwd"))) == ["external data ../../etc/passwd"]


def test_damage_has_a_reason_or_changes_nothing_that_matters() -> None:
    data = _model([(CUSTOM, "Evil")])
    assert _names(_read(data)) == ["Evil"]
    for stop in range(8, len(data)):
        report = _read(data[:stop])
        assert report.total or report.reasons
    for at in range(0, len(data), 3):
        _read(data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :])


def test_a_list_that_names_one_table_a_million_times_ends_soon() -> None:
    model = bytearray(_model([(0, None)]))
    count = 300_000
    at = len(model) + (-len(model) % 4)
    model += bytes(at - len(model))
    root = struct.unpack_from("<I", model, 0)[0]
    layout = root - struct.unpack_from("<i", model, root)[0]
    slot = root + struct.unpack_from("<H", model, layout + 4 + 2 * 2)[0]
    graph_list = slot + struct.unpack_from("<I", model, slot)[0]
    graph = graph_list + 4 + struct.unpack_from("<I", model, graph_list + 4)[0]
    filler = bytearray(struct.pack("<I", count))
    for index in range(count):
        filler += struct.pack("<I", (graph - (at + 4 + 4 * index)) & 0xFFFFFFFF)
    struct.pack_into("<I", model, slot, at - slot)
    started = time.process_time()
    _read(bytes(model + filler))
    assert time.process_time() - started < 3
