"""Calls of trusted names that ask for memory or time which nothing in the file accounts for."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import pickle
import random
import re
import uuid
from pathlib import Path
from typing import Any

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


def storage(count: int) -> bytes:
    return b"(" + text("storage") + name("torch.FloatStorage") + text("0") + text("cpu") + integer(count) + b"tQ"


def read(folder: Path, body: bytes) -> dict[str, Any]:
    path = folder / "model.pkl"
    path.write_bytes(b"\x80\x03" + body + b".")
    return read_artifact(path)


BOMBS = {
    "bytes of a number": call("builtins.bytes", integer(10**11)),
    "bytes of a computed number": call("builtins.bytes", call("builtins.int", text("99999999999"))),
    "bytearray": call("builtins.bytearray", integer(10**11)),
    "list of a range": call("builtins.list", call("builtins.range", integer(99_000_000))),
    "counter of a range": call("collections.Counter", call("builtins.range", integer(99_000_000))),
    "deque of a range": call("collections.deque", call("builtins.range", integer(0), integer(9 * 10**8), integer(10))),
    "range": call("builtins.range", integer(10**12)),
    "range of a computed number": call("builtins.range", call("builtins.int", text("9" * 12))),
    "exponent": call("decimal.Decimal", text("1e1000000000")),
    "exponent in a tuple": call("decimal.Decimal", b"(" + integer(0) + numbers(1) + integer(10**9) + b"t"),
    "fraction": call("fractions.Fraction", text("1e999999999")),
    "digits": call("builtins.int", text("9" * 100_000)),
    "rounding": call("builtins.round", integer(1), integer(-(10**9))),
    "text of an object": call("builtins.str", b"]"),
    "pattern": call("re._compile", text("[\x80-\U0010ffff]" * 1000), integer(re.IGNORECASE)),
    "pattern of an object": call("re._compile", call("builtins.list"), integer(0)),
    "array": call("numpy.ndarray", numbers(10**5, 10**6)),
    "array restored": call(
        "numpy._core.multiarray._reconstruct", name("numpy.ndarray"), numbers(10**11), text("b")
    ),
    "array, masked": call(
        "numpy.ma.core._mareconstruct", name("numpy.ma.MaskedArray"), name("numpy.ndarray"), numbers(10**11), text("b")
    ),
    "array of a computed shape": call("numpy.ndarray", b"(" + call("builtins.int", text("99")) + b"t"),
    "array through a helper": call("copyreg.__newobj__", name("numpy.ndarray"), numbers(10**11)),
    "array through a base": call("copyreg._reconstructor", name("numpy.matrix"), name("numpy.ndarray"), numbers(10**11)),
    "array through torch": call(
        "torch._tensor._rebuild_from_type_v2", name("numpy.ndarray"), name("torch.Tensor"),
        b"(" + numbers(10**11) + b"t", b"}",
    ),
    "scalar": call("numpy._core.multiarray.scalar", call("numpy.dtype", text("V2000000000"))),
    "void": call("numpy.void", integer(10**10)),
    "objects": call("numpy._core.multiarray._reconstruct", name("numpy.ndarray"), numbers(0), text("b"))
    + b"(" + integer(1) + numbers(10**9) + call("numpy.dtype", text("O8")) + b"\x89]tb",
    "tensor": call("torch.FloatTensor", integer(10**6), integer(10**6)),
    "tensor made": name("torch.FloatTensor") + numbers(10**12) + b"\x81",
    "storage": call("torch.FloatStorage", integer(10**12)),
    "tensor beyond its storage": call(
        "torch._utils._rebuild_tensor_v2", storage(10), integer(0), numbers(10**11), numbers(1), b"\x89", b"}"
    ),
    "strides beyond its storage": call(
        "torch._utils._rebuild_tensor_v2", storage(10), integer(0), numbers(2, 5), numbers(10**11, 1), b"\x89", b"}"
    ),
    "quantized": call(
        "torch._utils._rebuild_qtensor", storage(10), integer(0), numbers(10**11), numbers(0), b")", b"\x89", b"}"
    ),
    "layer": call("torch.nn.modules.sparse.Embedding", integer(10**9), integer(1000)),
    "sparse matrix": call("scipy.sparse._csr.csr_matrix", numbers(10**9, 10)),
    "tree": call("sklearn.tree._tree.Tree", integer(3), b"N", integer(10**9)),
    "table": call("pandas.core.frame.DataFrame", integer(5), call("pandas.RangeIndex", integer(10**10))),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_what_asks_for_too_much_is_a_bomb(tmp_path: Path, case: str) -> None:
    reading = read(tmp_path, BOMBS[case])
    assert not reading["complete"]
    bombs = [found for found in reading["anomalies"] if found["rule"] == "bomb"]
    assert bombs
    assert bombs[0]["offset"] is not None
    assert "calls" in bombs[0]["note"] or case == "objects"


def test_arguments_that_the_reading_has_lost_are_refused(tmp_path: Path) -> None:
    filler = b"".join(b"K\x01\x85\x94" for _ in range(300_000))  # beyond this the memo holds kinds only
    body = b"\x80\x04(" + filler + b"l0K\x05I100000000000\n\x85\x94j" + (300_000).to_bytes(4, "little")
    lost = name("builtins.bytes") + b"j" + (300_000).to_bytes(4, "little") + b"R"
    assert not read(tmp_path, body + lost)["complete"]


HONEST: dict[str, Any] = {
    "range": range(10**12, 10**12 + 5),
    "decimal": [decimal.Decimal("1.5"), decimal.Decimal("1E+300"), decimal.Decimal("NaN"), decimal.Decimal("-0")],
    "fraction": fractions.Fraction(10**40, 7),
    "pattern": [re.compile("(?i)[a-zäöü]+"), re.compile(rb"\d+")],
    "values": [uuid.uuid4(), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), 1 + 2j, bytearray(b"ab")],
    "containers": [collections.Counter("abca"), collections.deque([1, 2], 3), collections.OrderedDict(a=1), {1, 2}],
    "array": [array.array("d", [1.0]), array.array("u", "ab"), random.Random(0)],
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("case", HONEST)
def test_ordinary_values_are_clean(tmp_path: Path, case: str, protocol: int) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(HONEST[case], protocol))
    reading = read_artifact(path)
    assert (reading["total"], reading["anomalies"], reading["complete"]) == (0, [], True)


def test_a_tensor_within_its_storage_is_clean(tmp_path: Path) -> None:
    body = call("torch._utils._rebuild_tensor_v2", storage(10), integer(2), numbers(2, 4), numbers(4, 1), b"\x89", b"}")
    assert read(tmp_path, body)["complete"]
    wide = call("torch._utils._rebuild_tensor_v2", storage(1), integer(0), numbers(10**9), numbers(0), b"\x89", b"}")
    assert read(tmp_path, wide)["complete"]


def test_a_constructor_that_loads_files_is_trusted_without_arguments_only(tmp_path: Path) -> None:
    called = read(tmp_path, call("xgboost.core.Booster", b"N", b")", text("/etc/passwd")))
    assert called["findings"][0]["name"] == "xgboost.core.Booster"
    made = read(tmp_path, name("xgboost.core.Booster") + b")\x81}" + text("a") + b"Nsb")
    assert (made["total"], made["complete"]) == (0, True)


@pytest.mark.parametrize("helper", ["numpy.random._pickle.__generator_ctor", "numpy.random._pickle.__randomstate_ctor"])
def test_a_helper_that_calls_its_argument_is_given_its_own_only(tmp_path: Path, helper: str) -> None:
    good = name("numpy.random._pickle.__bit_generator_ctor")
    assert read(tmp_path, call(helper, text("MT19937"), good))["total"] == 0
    assert read(tmp_path, call(helper, integer(10**11), name("builtins.bytes")))["total"] == 1


def test_an_index_is_no_other_class(tmp_path: Path) -> None:
    helper = "pandas.core.indexes.base._new_Index"
    assert read(tmp_path, call(helper, name("pandas.RangeIndex"), b"}"))["total"] == 0
    assert read(tmp_path, call(helper, name("builtins.bytes"), b"}" + text("source") + integer(10**11) + b"s"))["total"]
