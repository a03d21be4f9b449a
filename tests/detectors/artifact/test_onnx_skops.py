"""ONNX, skops and safetensors: strict by their formats; each attack beside its honest twin."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from assay_detectors.artifact.onnx_wire import judge_external, read_onnx
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.safetensors_header import read_header
from assay_detectors.artifact.skops_schema import read_schema
from assay_detectors.artifact.sources import Held, Unread


def _names(report: Report) -> list[str]:
    return [finding["name"] for finding in report.findings]


def _rules(report: Report) -> set[str]:
    return {anomaly["rule"] for anomaly in report.anomalies.values()}


# ONNX -----------------------------------------------------------------------------------------------------------------


def _field(number: int, content: bytes | str | int) -> bytes:
    def varint(value: int) -> bytes:
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*out, value])

    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def _node(operator: str, domain: str = "", attribute: bytes = b"") -> bytes:
    body = _field(1, "x") + _field(4, operator) + (_field(7, domain) if domain else b"")
    return body + (_field(5, attribute) if attribute else b"")


def _model(*nodes: bytes, graph: bytes = b"", more: bytes = b"") -> bytes:
    body = b"".join(_field(1, node) for node in nodes) + _field(2, "g") + graph
    return _field(1, 8) + _field(7, body) + _field(8, _field(1, "") + _field(2, 17)) + more


def _tensor(*entries: tuple[str, str]) -> bytes:
    inner = b"".join(_field(13, _field(1, key) + _field(2, value)) for key, value in entries)
    return _field(5, _field(1, 4) + _field(8, "w") + inner + _field(14, 1))


def _onnx(data: bytes) -> Report:
    report = Report()
    try:
        report.external = read_onnx(data, report)  # type: ignore[attr-defined]
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def _clean(report: Report) -> bool:
    return not report.total and not report.reasons and not report.anomalies


def test_ordinary_models() -> None:
    nodes = _node("Conv"), _node("TreeEnsembleClassifier", "ai.onnx.ml"), _node("FusedMatMul", "com.microsoft")
    assert _clean(_onnx(_model(*nodes)))
    assert _clean(_onnx(_model(_node("Add", "ai.onnx"))))


@pytest.mark.parametrize(
    ("operator", "domain"),
    [
        ("PyOp", "ai.onnx.contrib"),
        ("ATen", "org.pytorch.aten"),
        ("EPContext", "com.microsoft"),
        ("PythonOp", "com.microsoft"),
        ("NoSuchOp", "com.microsoft"),
        ("Conv", "evil"),
        ("Conv", "com.microsoft.evil"),
    ],
)
def test_operators_that_run_other_code(operator: str, domain: str) -> None:
    node = _node(operator, domain)
    assert _names(_onnx(_model(_node("Add"), node))) == [f"{domain}::{operator}"]
    in_graph = _field(1, "then_branch") + _field(6, _field(1, node))
    assert _names(_onnx(_model(_node("If", attribute=in_graph)))) == [f"{domain}::{operator}"]
    in_graphs = _field(11, _field(1, node))
    assert _names(_onnx(_model(_node("If", attribute=in_graphs)))) == [f"{domain}::{operator}"]
    function = _field(25, _field(1, "F") + _field(7, node) + _field(10, "own"))
    assert _names(_onnx(_model(_node("F", "own"), more=function))) == [f"{domain}::{operator}"]
    training = _field(20, _field(1, _field(1, node)))
    assert _names(_onnx(_model(_node("Add"), more=training))) == [f"{domain}::{operator}"]


def test_functions_of_the_file() -> None:
    function = _field(25, _field(1, "F") + _field(7, _node("Add")) + _field(10, "own"))
    assert _clean(_onnx(_model(_node("F", "own"), more=function)))
    assert _names(_onnx(_model(_node("G", "own"), more=function))) == ["own::G"]
    shadow = _field(25, _field(1, "Relu") + _field(7, _node("Add")))
    assert _rules(_onnx(_model(_node("Relu"), more=shadow))) == {"two-readings"}


def test_unknown_operators_and_domains() -> None:
    report = _onnx(_model(_node("NoSuchOp"), _node("Other")))
    assert not report.total and "2 operators" in report.reasons[0]
    unused = _onnx(_model(_node("Add"), more=_field(8, _field(1, "evil"))))
    assert not unused.total and not unused.reasons and _rules(unused) == {"outside"}
    assert _rules(_onnx(_model(_node("Add"), more=_field(1000, b"\x80\x04.")))) == {"hidden"}


@pytest.mark.parametrize(
    "place",
    ["/etc/passwd", "../x", "a/../../x", "..\\x", "C:\\x", "\\\\host\\x", "file://x", "a\0b", "x" * 1200 + "/../.."],
)
def test_external_tensors_outside_the_folder(place: str) -> None:
    report = _onnx(_model(_node("Add"), graph=_tensor(("location", place))))
    assert report.total == 1 and report.findings[0]["opcode"] == "external_data"
    twice = _onnx(_model(_node("Add"), graph=_tensor(("location", place), ("location", "good.bin"))))
    assert twice.total == 1


def test_external_tensors(tmp_path: Path) -> None:
    def judge(*entries: tuple[str, str]) -> Report:
        report = _onnx(_model(_node("Add"), graph=_tensor(*entries)))
        if hasattr(report, "external"):
            judge_external(report.external, tmp_path, report)
        return report

    (tmp_path / "w.bin").write_bytes(bytes(100))
    (tmp_path / "link.bin").symlink_to("w.bin")
    assert _clean(judge(("location", "w.bin"), ("offset", "40"), ("length", "60")))
    assert _rules(judge(("location", "w.bin"), ("offset", "41"), ("length", "60"))) == {"cut-off"}
    assert _rules(judge(("location", "link.bin"))) == {"link"}
    assert judge(("location", "absent.bin")).reasons and judge(("location", ".")).reasons
    assert judge(("location", "w.bin"), ("length", "-1")).reasons
    assert judge(("location", "x" * 5000)).reasons


def test_damaged_and_deep_models() -> None:
    good = _model(_node("Add"))
    for data in (good[:-1], b"\x0a\xff\xff\xff\xff\x7f", b"\xff" * 20, b"\x3b"):
        assert _onnx(data).reasons
    node = _node("PyOp", "ai.onnx.contrib")
    for _ in range(2000):
        node = _node("If", attribute=_field(6, _field(1, node)))
    started = time.process_time()
    assert _onnx(_model(node)).total == 1
    assert time.process_time() - started < 5


# skops ----------------------------------------------------------------------------------------------------------------


def _json(value: str) -> dict[str, Any]:
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": value}


def _type(module: str, name: str, loader: str = "TypeNode") -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader}


def _list(*items: Any) -> dict[str, Any]:
    return {**_type("builtins", "list", "ListNode"), "content": list(items)}


def _dict(content: dict[str, Any], *types: Any) -> dict[str, Any]:
    keys = _list(*(types or [_type("builtins", "str")] * len(content)))
    return {**_type("builtins", "dict", "DictNode"), "content": content, "key_types": keys}


def _estimator(**attributes: Any) -> dict[str, Any]:
    inner = {"C": _json("1.0"), **attributes}
    return {**_type("sklearn.linear_model._logistic", "LogisticRegression", "ObjectNode"), "content": _dict(inner)}


def _skops(schema: Any, members: list[str] | None = None, **more: Any) -> Report:
    report = Report()
    raw = schema if isinstance(schema, bytes) else json.dumps({"protocol": 2, **schema, **more}).encode()
    try:
        read_schema(raw, report, members)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def test_an_ordinary_schema() -> None:
    array = {**_type("numpy", "ndarray", "NdArrayNode"), "type": "numpy", "file": "1.npy", "__id__": 5}
    cached = {"__class__": None, "__module__": None, "__loader__": "CachedNode", "__id__": 5}
    report = _skops(_estimator(coef_=array, again=cached), ["schema.json", "1.npy"])
    assert _clean(report), (report.findings, report.reasons, report.anomalies)


_BITS = {"bit_generator": _json('"PCG64"'), "state": _json("1")}


def _random(name: str) -> dict[str, Any]:
    content = {"bit_generator": _dict({"bit_generator": _json(json.dumps(name))}), "seed_seq": _dict({})}
    return {**_type("numpy.random._generator", "Generator", "RandomGeneratorNode"), "content": content}


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (_type("os", "system"), "os.system"),
        (_type("os", "system", "FunctionNode"), "os.system"),
        ({**_type("x", "y", "FunctionNode"), "content": {"module_path": "os", "function": "system"}}, "os.system"),
        ({**_type("subprocess", "Popen", "ObjectNode"), "content": _dict({})}, "subprocess.Popen"),
        ({**_type("os", "system", "ConstructorFromReduceNode"), "content": _list()}, "os.system"),
        ({**_type("functools", "partial", "PartialNode"), "content": {}}, "functools.partial"),
        ({**_type("operator", "methodcaller", "OperatorFuncNode"), "attrs": _list()}, "operator.methodcaller"),
        ({**_type("numpy", "ndarray", "MethodNode"), "content": {"func": "tofile"}}, "numpy.ndarray.tofile"),
        (_random("set_bit_generator"), "numpy.random.set_bit_generator"),
        (_type("numpy", "ndarray", "EvilNode"), "EvilNode of numpy.ndarray"),
        ({**_type("os", "system", "LossNode"), "__reduce__": {}, "content": _dict({})}, "os.system"),
        ({"__loader__": "TypeNode", "__class__": ["system"], "__module__": "os"}, "<computed>"),
    ],
)
def test_nodes_that_act(node: dict[str, Any], name: str) -> None:
    assert name in _names(_skops(_estimator(hook=node)))
    assert name in _names(_skops(_estimator(hook=_list(_list(node))), trusted=[name]))


def test_keys_of_dictionaries_are_called() -> None:
    assert not _skops(_dict({"1": _json("2")}, _type("builtins", "int"))).total
    assert "os.system" in _names(_skops(_dict({"id": _json("2")}, _type("os", "system"))))
    assert "builtins.len" in _names(_skops(_dict({"id": _json("2")}, _type("builtins", "len"))))


def test_generators_of_random_numbers() -> None:
    assert not _skops(_estimator(rng=_random("PCG64"))).total


def test_schemas_that_contradict_themselves() -> None:
    array = {**_type("numpy", "ndarray", "NdArrayNode"), "type": "numpy", "file": "../1.npy"}
    assert _skops(_estimator(coef_=array), ["schema.json", "1.npy"]).reasons
    assert _rules(_skops(_estimator(), ["schema.json", "evil.npy"])) == {"hidden"}
    assert _rules(_skops(_estimator(), trusted=["os.system"])) == {"hidden"}
    lost = {"__class__": None, "__module__": None, "__loader__": "CachedNode", "__id__": 9}
    assert _skops(_estimator(again=lost)).reasons
    for protocol in (True, -1, "2", 3):
        assert _skops(_estimator(), protocol=protocol).reasons
    assert _rules(_skops(b'{"__loader__": "JsonNode", "__loader__": "TypeNode"}')) == {"two-readings"}
    for raw in (b"", b"[]", b"{}", b"[" * 100_000, b'{"__loader__":'):
        assert _skops(raw).reasons


# safetensors ----------------------------------------------------------------------------------------------------------


def _safetensors(header: Any, data: bytes = bytes(8), padding: bytes = b"", length: int | None = None) -> Report:
    raw = (header if isinstance(header, bytes) else json.dumps(header).encode()) + padding
    content = struct.pack("<Q", len(raw) if length is None else length) + raw + data
    report = Report()
    try:
        read_header(Held(content), len(content), report)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def _entry(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


W = _entry(0, 8, [2])


def test_ordinary_headers() -> None:
    assert _clean(_safetensors({"w": W, "__metadata__": {"format": "pt"}}, padding=b"   "))
    assert _clean(_safetensors({"b": _entry(4, 8, []), "a": _entry(0, 4, [1, 1]), "empty": _entry(4, 4, [0, 7])}))
    assert _clean(_safetensors({"gewicht_ä": W})) and _clean(_safetensors({}, b""))
    assert _clean(_safetensors({"w": _entry(0, 3, [2, 3], "F4")}, bytes(3)))


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({"w": W, "v": W}, "two-readings"),
        ({"a": _entry(0, 4, [1]), "b": _entry(2, 6, [1])}, "two-readings"),
        ({"w": _entry(4, 8, [1])}, "hidden"),
        ({"w": _entry(0, 4, [1])}, "hidden"),
        ({"w": _entry(0, 16, [4])}, "cut-off"),
        ({"w": _entry(0, 8, [3])}, "damaged"),
        ({"w": _entry(0, 8, [-2])}, "damaged"),
        ({"w": _entry(0, 8, [2.0])}, "damaged"),  # type: ignore[list-item]
        ({"w": _entry(0, 8, [True, 2])}, "damaged"),
        ({"w": _entry(0, 8, [2], "OBJECT")}, "damaged"),
        ({"w": {**W, "code": "x"}}, "damaged"),
        ({"w": [1]}, "damaged"),
        ({"w": W, "__metadata__": {"a": 1}}, "damaged"),
        ({"w": W, "__metadata__": []}, "damaged"),
        (b'{"w": 1, "w": 2}', "two-readings"),
        (b' {"w": 1}', "damaged"),
        (b'{"w": NaN}', "damaged"),
        (b"{" + b'"a":{' * 100_000, "hidden"),
        (b"\xff\xfe}", "damaged"),
    ],
)
def test_headers_that_break_a_rule(header: Any, rule: str) -> None:
    report = _safetensors(header)
    assert report.reasons and _rules(report) == {rule}


def test_lengths_padding_and_names() -> None:
    assert _rules(_safetensors({"w": W}, padding=b"\0\0")) == {"hidden"}
    assert _rules(_safetensors({"w": W}, length=1 << 60)) == {"bomb"}
    assert _rules(_safetensors({"w": W}, length=1000)) == {"cut-off"}
    bidi = _safetensors({"w\u202egnp": W})
    assert not bidi.reasons and _rules(bidi) == {"name"}
