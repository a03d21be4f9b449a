"""TensorFlow graphs: operators by their exact names, and files only where the saver or an asset needs them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from assay.targets.tf_probe import TABLE_MAGIC, is_graph_text, is_index, tensorflow_kind
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.savedmodel import read_graph, read_keras_metadata, read_metagraph, read_savedmodel
from assay_detectors.artifact.sources import Unread
from assay_detectors.artifact.tf_checkpoint import is_shard


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _node(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    parts = [_field(1, name), _field(2, op), *(_field(3, given) for given in inputs)]
    parts += [_field(5, _field(1, key) + _field(2, value)) for key, value in attributes.items()]
    return b"".join(parts)


def _call(name: str, function: str, *inputs: str, op: str = "StatefulPartitionedCall") -> bytes:
    return _node(name, op, *inputs, f=_field(10, _field(1, function)))


def _const(name: str, value: str) -> bytes:
    return _node(name, "Const", value=_field(8, _field(8, value)))


def _function(name: str, arguments: list[str], *nodes: bytes) -> bytes:
    signature = _field(1, name) + b"".join(_field(2, _field(1, argument)) for argument in arguments)
    return _field(1, signature) + b"".join(_field(3, node) for node in nodes)


def _graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    library = _field(2, b"".join(_field(1, function) for function in functions)) if functions else b""
    return b"".join(_field(1, node) for node in nodes) + library


def _meta(graph: bytes, *more: bytes, saver: str = "saver_filename:0") -> bytes:
    return _field(2, graph) + _field(3, _field(1, saver)) + b"".join(more)


def _signature(inputs: list[str], outputs: list[str]) -> bytes:
    maps = [(1, name) for name in inputs] + [(2, name) for name in outputs]
    body = b"".join(_field(n, _field(1, f"k{i}") + _field(2, _field(1, name))) for i, (n, name) in enumerate(maps))
    return _field(5, _field(1, "serving_default") + _field(2, body))


def _asset(tensor: str, path: str) -> bytes:
    return _field(6, _field(1, _field(1, tensor)) + _field(2, path))


def _saved(*graphs: bytes) -> bytes:
    return _field(1, 1) + b"".join(_field(2, graph) for graph in graphs)


def _read(data: bytes, read: Any = read_savedmodel) -> Report:
    report = Report()
    try:
        read(data, report)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def _names(data: bytes, read: Any = read_savedmodel) -> list[str]:
    report = _read(data, read)
    assert not report.reasons, report.reasons
    return [finding["name"] for finding in report.findings]


SAVE = _function(
    "__inference__traced_save_1",
    ["file_prefix", "value"],
    _const("part", "_temp/part"),
    _const("s3", ".part"),
    _node("match", "StaticRegexFullMatch", "file_prefix"),
    _node("suffix", "Select", "match:output:0", "s3:output:0", "part:output:0"),
    _node("join", "StringJoin", "file_prefix", "suffix:output:0"),
    _node("shard", "ShardedFilename", "join:output:0", "i:output:0", "n:output:0"),
    _node("save", "SaveV2", "shard:filename:0", "t:output:0", "s:output:0", "value"),
    _node("pack", "Pack", "shard:filename:0", "^save"),
    _node("merge", "MergeV2Checkpoints", "pack:output:0", "file_prefix"),
)
RESTORE = _function("__inference__traced_restore_2", ["file_prefix"], _node("r", "RestoreV2", "file_prefix", "t", "s"))
SAVER = (
    _node("saver_filename", "Placeholder"),
    _call("SaveCall", "__inference__traced_save_1", "saver_filename", "v"),
    _call("RestoreCall", "__inference__traced_restore_2", "saver_filename"),
)
MODEL = (_node("x", "Placeholder"), _node("w", "VarHandleOp"), _node("y", "MatMul", "x", "w"))


def test_a_model_of_tensorflow_two_with_its_saver() -> None:
    graph = _graph(*MODEL, *SAVER, functions=(SAVE, RESTORE))
    assert _names(_saved(_meta(graph, _signature(["x:0"], ["y:0"])))) == []


def test_a_model_of_tensorflow_one_with_its_saver() -> None:
    saver = (
        _const("save/filename/input", "model"),
        _node("save/filename", "PlaceholderWithDefault", "save/filename/input"),
        _node("save/Const", "PlaceholderWithDefault", "save/filename"),
        _node("save/SaveV2", "SaveV2", "save/Const", "a", "b"),
        _node("save/RestoreV2", "RestoreV2", "save/Const", "a", "b"),
    )
    assert _names(_saved(_meta(_graph(*MODEL, *saver), _signature(["x:0"], ["y:0"]), saver="save/Const:0"))) == []
    assert _names(_graph(*MODEL, *saver), read_graph) == []
    elsewhere = (_const("save/filename/input", "/etc/passwd"), *saver[1:])
    assert _names(_saved(_meta(_graph(*elsewhere), saver="save/Const:0"))) == ["SaveV2", "RestoreV2"]


@pytest.mark.parametrize("op", ["PyFunc", "WriteFile", "MatchingFiles", "Abort", "DebugIdentityV2", "DatasetFromGraph"])
def test_known_operators_that_do_more_than_compute(op: str) -> None:
    data = _saved(_meta(_graph(_node("n", op, "x"))))
    report = _read(data)
    assert [(f["kind"], f["name"]) for f in report.findings] == [("call", op)]
    assert data[report.findings[0]["offset"] :].startswith(_field(1, "n") + _field(2, op))
    inside = _function("f", ["x"], _node("n", op, "x"))
    assert _names(_saved(_meta(_graph(_call("c", "f", "x"), functions=(inside,))))) == [op]
    assert _names(_saved(_meta(_graph(*MODEL)), _meta(_graph(_node("n", op))))) == [op]
    assert _names(_graph(_node("n", op)), read_graph) == [op]
    assert _names(_meta(_graph(_node("n", op))), read_metagraph) == [op]


def test_unknown_operators_are_references() -> None:
    assert [f["kind"] for f in _read(_saved(_meta(_graph(_node("n", "OwnOp"))))).findings] == ["reference"]
    assert _names(_saved(_meta(_graph(_node("n", "matmul"), _node("m", "TFText>Utf8Binarize"))))) == ["matmul"]
    own = _function("own", ["x"], _node("n", "Relu", "x"))
    assert _names(_saved(_meta(_graph(_node("c", "own", "x"), functions=(own,))))) == []


def test_an_operator_named_as_a_function() -> None:
    assert "WriteFile" in _names(_saved(_meta(_graph(_call("c", "WriteFile", "x")))))
    listed = _node("c", "Case", "i", branches=_field(1, _field(9, _field(1, "PyFunc"))))
    assert _names(_saved(_meta(_graph(listed)))) == ["PyFunc"]


@pytest.mark.parametrize(
    "graph",
    [
        _graph(*MODEL, _const("name", "model"), _node("r", "RestoreV2", "other", "t", "s"), _const("other", "x")),
        _graph(_node("p", "Placeholder"), _node("r", "RestoreV2", "p", "t", "s")),
        _graph(_node("r", "RestoreV2")),
        _graph(_node("r", "RestoreV2", "missing")),
        _graph(_call("c", "__inference__traced_restore_2", "x"), *SAVER, *MODEL, functions=(SAVE, RESTORE)),
        _graph(
            *SAVER, functions=(SAVE, RESTORE, _function("f", ["a"], _call("c", "__inference__traced_restore_2", "a")))
        ),
        _graph(*MODEL, functions=(RESTORE,)),
        _graph(
            *SAVER,
            _const("up", "/../../etc/cron.d/x"),
            _node("j", "StringJoin", "saver_filename", "up"),
            _node("r", "RestoreV2", "j", "t", "s"),
            functions=(SAVE, RESTORE),
        ),
        _graph(
            *SAVER,
            _node("j", "StringJoin", "x", "saver_filename"),
            _node("r", "RestoreV2", "j", "t", "s"),
            functions=(SAVE, RESTORE),
        ),
        _graph(
            _node("saver_filename", "Placeholder"),
            _const("saver_filename", "/etc/passwd"),
            _node("r", "RestoreV2", "saver_filename", "t", "s"),
        ),
    ],
)
def test_a_checkpoint_operator_on_another_file(graph: bytes) -> None:
    assert set(_names(_saved(_meta(graph)))) == {"RestoreV2"}


def test_a_saver_that_a_client_reaches() -> None:
    graph = _graph(*MODEL, *SAVER, functions=(SAVE, RESTORE))
    fed = _read(_saved(_meta(graph, _signature(["saver_filename:0"], ["y:0"]))))
    assert [f["name"] for f in fed.findings] == ["saver saver_filename"]
    run = _read(_saved(_meta(graph, _signature(["x:0"], ["SaveCall:0"]))))
    assert "signature serving_default" in run.findings[0]["note"]
    start = _field(4, _field(1, "saved_model_main_op") + _field(2, _field(1, _field(1, "RestoreCall"))))
    assert _read(_saved(_meta(graph, start))).total == 1


def test_assets_may_be_read() -> None:
    asset = (
        _node("asset", "Placeholder"),
        _node("var", "VarHandleOp"),
        _node("set", "AssignVariableOp", "var", "asset"),
    )
    read = _function("f", ["path"], _node("t", "InitializeTableFromTextFileV2", "table", "path"))
    graph = _graph(*asset, _node("get", "ReadVariableOp", "var"), _call("c", "f", "get"), functions=(read,))
    assert _names(_saved(_meta(graph, _asset("asset:0", "vocab.txt")))) == []
    assert _names(_saved(_meta(graph))) == ["InitializeTableFromTextFileV2"]
    fixed = _graph(*asset, _const("secret", "/etc/passwd"), _node("r", "ReadFile", "secret"))
    assert _names(_saved(_meta(fixed, _asset("asset:0", "vocab.txt")))) == ["ReadFile"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../../x", "a/../../x", "C:\\x", "gs://bucket/x"])
def test_assets_outside_their_folder(path: str) -> None:
    assert _names(_saved(_meta(_graph(*MODEL), _asset("x:0", path)))) == [f"asset {path}"]
    old = _field(5, _field(1, _field(1, "type") + _field(2, _asset("x:0", path)[2:])))
    collection = _field(4, _field(1, "saved_model_assets") + _field(2, old))
    assert _names(_saved(_meta(_graph(*MODEL), collection))) == [f"asset {path}"]


@pytest.mark.parametrize(
    ("op", "attribute", "good", "bad"),
    [
        ("PrintV2", "output_stream", "stderr", "file:///tmp/x"),
        ("DecodeProtoV2", "descriptor_source", "bytes://abc", "/etc/x"),
        ("FixedUnigramCandidateSampler", "vocab_file", "", "/etc/passwd"),
    ],
)
def test_attributes_that_name_a_file(op: str, attribute: str, good: str, bad: str) -> None:
    assert _names(_saved(_meta(_graph(_node("n", op, **{attribute: _field(2, good)}))))) == []
    assert _names(_saved(_meta(_graph(_node("n", op, **{attribute: _field(2, bad)}))))) == [op]


def test_compiled_programs_that_call_out_are_not_read() -> None:
    plain = _node("n", "XlaCallModule", module=_field(2, b"ML\xefR stablehlo add"))
    assert _names(_saved(_meta(_graph(plain)))) == []
    assert _read(_saved(_meta(_graph(_node("n", "XlaCallModule", module=_field(2, b"custom_call")))))).reasons


def test_keras_metadata_reaches_its_reader() -> None:
    config = {"class_name": "Lambda", "config": {}}
    entry = _field(2, 1) + _field(3, "root.layer") + _field(4, "_tf_keras_layer") + _field(5, json.dumps(config))
    data = _field(1, entry)
    assert tensorflow_kind(data, False) == "keras-metadata"
    found = _read(data, read_keras_metadata)
    assert [finding["name"] for finding in found.findings] == ["keras.layers.Lambda"]
    user = _field(4, _field(1, "_tf_keras_layer") + _field(3, json.dumps(config)))
    assert _names(_saved(_meta(_graph(*MODEL), _field(7, _field(1, user))))) == ["keras.layers.Lambda"]
    assert _read(_field(1, _field(4, "_tf_keras_layer") + _field(5, "[" * 100_000)), read_keras_metadata).reasons


def test_two_readings_of_one_file_are_not_clean() -> None:
    assert _read(_saved(_meta(_graph(*MODEL))) + _field(7, b"")).reasons
    node_before = _field(1, _node("n", "PyFunc")) + _meta(_graph(*MODEL))
    assert _read(_saved(node_before)).reasons
    twice = _graph(*MODEL, functions=(_function("f", []), _function("f", [], _node("n", "PyFunc"))))
    report = _read(_saved(_meta(twice)))
    assert report.reasons and report.total == 1
    ops = _field(1, "n") + _field(2, "Relu") + _field(2, "PyFunc")
    assert _read(_saved(_meta(_graph(ops)))).total == 1


def test_every_truncation_has_a_reason_or_the_finding() -> None:
    data = _saved(_meta(_graph(*MODEL, _node("n", "PyFunc"))))
    for stop in range(3, len(data)):
        report = _read(data[:stop])
        assert report.reasons or report.total


def test_large_and_hostile_graphs_end_soon() -> None:
    started = time.process_time()
    big = _graph(*(_node(f"n{i}", "Relu", f"n{i - 1}", T=_field(6, 1)) for i in range(20_000)))
    assert _names(_saved(_meta(big))) == []
    wide = _node("wide", "Pack", *["saver_filename"] * 20_000)
    hostile = _graph(wide, *(_node(f"r{i}", "RestoreV2", "wide", "t", "s") for i in range(2_000)))
    assert _read(_saved(_meta(hostile))).reasons
    chain = _graph(*(_node(f"i{i}", "Identity", f"i{i + 1}") for i in range(20_000)), _node("r", "ReadFile", "i0"))
    assert _names(_saved(_meta(chain))) == ["ReadFile"]
    loop = _graph(_node("a", "Identity", "b"), _node("b", "Identity", "a"), _node("r", "ReadFile", "a"))
    _read(_saved(_meta(loop)))
    assert time.process_time() - started < 8


def test_the_kinds_of_messages() -> None:
    graph = _graph(*MODEL, _const("c", "x" * 50_000))
    description = _field(1, _field(2, _field(1, _field(1, "MatMul"))) + _field(4, "serve"))
    kinds = {
        "savedmodel": _saved(description + _meta(graph)),
        "tf-metagraph": description + _meta(graph),
        "tf-graph": graph,
        "tf-fingerprint": b"".join(_field(i, 99) for i in range(1, 6)) + _field(6, _field(1, 1)),
    }
    for kind, data in kinds.items():
        assert tensorflow_kind(data, False) == kind
        assert tensorflow_kind(data[:1000], True) == kind
    for other in (b"hello, world", b"\x08\x08\x12\x07pytorch\x3a\x00", b"", b"\xff" * 99, bytes(99)):
        assert tensorflow_kind(other, False) is None
    assert is_graph_text(b'# a comment\nnode {\n  name: "x"\n  op: "PyFunc"\n}\n')
    assert is_graph_text(b'meta_graphs <graph_def { node { op: "PyFunc" } }>')
    assert not is_graph_text(b"item { id: 1 name: 'cat' }\n") and not is_graph_text(b"node of the op {")


def _index(size: int) -> bytes:
    """An index with one entry: `size` bytes from the start of the first data file."""

    def block(*pairs: tuple[bytes, bytes]) -> bytes:
        body = b"".join(b"\0" + _varint(len(k)) + _varint(len(v)) + k + v for k, v in pairs)
        return body + bytes(4) + (1).to_bytes(4, "little")

    first = block((b"", _field(1, 1)), (b"w", _field(1, 1) + _field(4, 0) + _field(5, size)))
    names = block()
    top = block((b"x", _varint(0) + _varint(len(first))))
    starts = [len(first) + 5, len(first) + len(names) + 10]
    footer = _varint(starts[0]) + _varint(len(names)) + _varint(starts[1]) + _varint(len(top))
    return first + bytes(5) + names + bytes(5) + top + bytes(5) + footer + bytes(40 - len(footer)) + TABLE_MAGIC


def test_the_numbers_of_a_checkpoint_are_known_by_their_index(tmp_path: Path) -> None:
    index = tmp_path / "variables.index"
    index.write_bytes(_index(64))
    data = tmp_path / "variables.data-00000-of-00001"
    data.write_bytes(bytes(64))
    assert is_index(index.read_bytes()) and is_shard(data)
    data.write_bytes(bytes(65))
    assert not is_shard(data)
    data.write_bytes(bytes(64))
    index.write_bytes(b"anything" * 9 + TABLE_MAGIC)
    assert not is_index(index.read_bytes()) and not is_shard(data)
    assert not is_shard(tmp_path / "model.bin")
