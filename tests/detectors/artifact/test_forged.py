"""Pickles that forge what loading trusts: types of arrays, methods of objects, and classes behind a helper."""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay_detectors.artifact.reading import read_artifact


def integer(value: int) -> bytes:
    return b"I%d\n" % value


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + len(raw).to_bytes(4, "little") + raw


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(map(integer, values)) + b"t"


def name(dotted: str) -> bytes:
    module, _, last = dotted.rpartition(".")
    return f"c{module}\n{last}\n".encode()


def call(dotted: str, *arguments: bytes) -> bytes:
    return name(dotted) + b"(" + b"".join(arguments) + b"tR"


def read(folder: Path, body: bytes) -> dict[str, Any]:
    path = folder / "model.pkl"
    path.write_bytes(b"\x80\x03" + body + b".")
    return read_artifact(path)


ADDRESS = b"C\x08AAAAAAAA"
MANY = integer(10**11)
SPACE = name("types.SimpleNamespace") + b")R"


def made(*arguments: bytes) -> bytes:
    return b"(" + b"".join(arguments) + b"t"


def dtype(code: str, state: bytes = b"") -> bytes:
    return call("numpy.dtype", text(code), b"\x89", b"\x88") + (state and state + b"b")


def state(order: str, base: bytes, names: bytes, fields: bytes, size: int, flags: int) -> bytes:
    return made(integer(3), text(order), base, names, fields, integer(size), integer(1), integer(flags))


def attribute(key: str, value: bytes) -> bytes:
    return b"}" + text(key) + value + b"s"


OBJECT = dtype("O8", state("|", b"N", b"N", b"N", -1, 63))


def record(field: bytes, offset: int, flags: int) -> bytes:
    fields = b"}" + text("a") + made(field, integer(offset)) + b"s"
    return dtype("V8", state("|", b"N", made(text("a")), fields, 8, flags))


def array(kind: bytes) -> bytes:
    empty = call("numpy.core.multiarray._reconstruct", name("numpy.ndarray"), numbers(0), b"C\x01b")
    return empty + made(integer(1), numbers(1), kind, b"\x89", ADDRESS) + b"b"


HELD = b"q\x05"
FORGED_TYPES = {
    "a hidden object": array(record(OBJECT, 0, 0)),
    "a field outside": array(record(dtype("i8"), 1 << 20, 0)),
    "a hidden base": array(dtype("V8", state("|", made(OBJECT, numbers(1)), b"N", b"N", 8, 0))),
    "an object that says it is none": array(dtype("O8", state("|", b"N", b"N", b"N", -1, 0))),
    "objects out of bytes": array(OBJECT),
    "a number with a size of its own": array(dtype("i8", state("<", b"N", b"N", b"N", 1 << 20, 0))),
    "fields made before": attribute("a", made(OBJECT, integer(0)))
    + HELD
    + dtype("V8", state("|", b"N", made(text("a")), b"h\x05", 8, 27)),
    "a type changed after its use": dtype("V8")
    + HELD
    + array(b"h\x05")
    + b"0"
    + state("|", b"N", b"N", b"N", 8, 0)
    + b"b",
    "the type that all arrays share": call("numpy.dtype", text("i8")) + state("<", b"N", b"N", b"N", -1, 0) + b"b",
}


@pytest.mark.parametrize("case", FORGED_TYPES)
def test_a_type_that_cannot_be_true_is_damaged(tmp_path: Path, case: str) -> None:
    result = read(tmp_path, FORGED_TYPES[case])

    assert not result["complete"]
    assert "damaged" in {anomaly["rule"] for anomaly in result["anomalies"]}


BUFFER = made(numbers(1), text("O"), ADDRESS)
FOUND = {
    "REDUCE": (name("numpy.ndarray") + BUFFER + b"R", "numpy.ndarray"),
    "NEWOBJ": (name("numpy.ndarray") + BUFFER + b"\x81", "numpy.ndarray"),
    "copyreg": (call("copyreg.__newobj__", name("numpy.ndarray"), numbers(1), text("O"), ADDRESS), "numpy.ndarray"),
    "recarray": (name("numpy.recarray") + BUFFER + b"R", "numpy.recarray"),
    "append": (SPACE + attribute("append", name("numpy.ones")) + b"b" + MANY + b"a", "types.SimpleNamespace"),
    "extend": (SPACE + attribute("extend", name("numpy.ones")) + b"b(" + MANY + b"e", "types.SimpleNamespace"),
    "a slot": (
        SPACE + made(b"N", attribute("append", name("numpy.ones"))) + b"b" + MANY + b"a",
        "types.SimpleNamespace",
    ),
    "a second state": (SPACE + attribute("x", b"N") + b"b" + MANY + b"b", "types.SimpleNamespace"),
    "__setstate__": (SPACE + attribute("__setstate__", name("numpy.ones")) + b"b", "__setstate__"),
    "an address": (SPACE + attribute("__array_interface__", b"}") + b"b", "__array_interface__"),
    "behind a helper": (
        call("torch._tensor._rebuild_from_type", name("xgboost.core.Booster"), b"N", made(text("/file")), b"}"),
        "xgboost.core.Booster",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_stands_for_something_else_is_found(tmp_path: Path, case: str) -> None:
    body, wanted = FOUND[case]

    found = read(tmp_path, body)["findings"]

    assert wanted in {finding["name"] for finding in found}


BOMBS = {
    "texts": call("numpy.char.chararray", MANY, integer(8)),
    "long texts": call("numpy.core.defchararray.chararray", numbers(1), integer(10**10)),
    "a frame": call("pandas.core.api.DataFrame", text("x"), b"N", text("a")),
    "an index": call("builtins.list", call("pandas.RangeIndex", MANY)),
    "a tensor": name("torch.Tensor")
    + b")R"
    + made(name("torch.FloatStorage") + b")R", integer(0), numbers(10**11), numbers(1))
    + b"b",
}


@pytest.mark.parametrize("case", BOMBS)
def test_memory_that_nothing_accounts_for(tmp_path: Path, case: str) -> None:
    result = read(tmp_path, BOMBS[case])

    assert not result["complete"]
    assert "bomb" in {anomaly["rule"] for anomaly in result["anomalies"]}


def test_a_dotted_name_is_not_answered_from_one_that_is_trusted(tmp_path: Path) -> None:
    trusted = b"csklearn.utils.parallel\n_FuncWrapper\n0"
    dotted = b"\x8c\rsklearn.utils\x8c\x15parallel._FuncWrapper\x93"

    assert read(tmp_path, trusted + dotted)["total"] == 1


HONEST = {
    "records": np.zeros(3, [("a", "i4"), ("b", "f8", (2,)), ("c", "U5")]),
    "records with objects": np.array([(1, {})], [("a", "i4"), ("b", "O")]),
    "records in records": np.zeros(2, [("a", [("x", "i4"), ("y", "S3")])]),
    "titles": np.zeros(2, [(("title", "a"), "i4")]),
    "aligned": np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "a record array": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "dates": np.zeros(2, "M8[ns]"),
    "long numbers": np.zeros(2, "f16"),
    "masked": np.ma.masked_array(np.zeros(2, [("a", "i4"), ("b", "f8")])),
    "objects": np.array([{}, None, "x"], dtype=object),
    "a deque": collections.deque([1, {"append": 2}, (3,)], 5),
    "words": {"append": len, "add": [1], "extend": {"__len__": 3}},
}


@pytest.mark.parametrize("case", HONEST)
@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_what_libraries_write_is_clean(tmp_path: Path, case: str, protocol: int) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(HONEST[case], protocol))

    result = read_artifact(path)

    assert result["total"] == 0
    assert result["complete"], result["reasons"]
