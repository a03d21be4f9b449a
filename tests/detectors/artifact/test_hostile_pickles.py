"""Pickles that are made to cost: bounded time and memory, and one reasoned outcome each; long runs are read exactly."""

from __future__ import annotations

import pickle
import resource
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest

from assay_detectors.artifact import machine

Read = Callable[[bytes], dict[str, Any]]
HEAD = b"\x80\x04"
HOSTILE = {
    "nested lists": (HEAD + b"]" * 400_000 + b"a" * 399_999 + b".", "bomb"),
    "marks": (b"(" * 3_000_000 + b".", "bomb"),
    "values": (HEAD + b"(" + b"N" * 9_000_000 + b"t.", "bomb"),
    "declared bytes": (HEAD + b"B\xff\xff\xff\x7fabc.", "cut-off"),
    "declared long bytes": (HEAD + b"\x8e" + struct.pack("<Q", 1 << 40) + b"abc.", "cut-off"),
    "declared bytes beyond 64 bits": (HEAD + b"\x8e" + b"\xff" * 8 + b"abc.", "damaged"),
    "declared text": (HEAD + b"X\xff\xff\xff\x7fabc.", "cut-off"),
    "declared frame": (HEAD + b"\x95" + struct.pack("<Q", 1 << 40) + b"N.", "two-readings"),
    "memo index": (HEAD + b"Nr\xff\xff\xff\x7f.", "bomb"),
    "memo index as text": (b"Np2147483648\n.", "bomb"),
    "memo gap": (HEAD + b"N" + b"\x94" * 4_100_000 + b"r\xff\xff\x7f\x00.", "bomb"),
    "a line without end": (HEAD + b"cos\n" + b"x" * (18 << 20), "bomb"),
    "digits": (b"I" + b"9" * 500_000 + b"\n.", "bomb"),
    "a memo of gaps": (
        b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", place) for place in range(5, 2_100_000, 2)) + b".",
        "bomb",
    ),
    "pickles behind pickles": (b"N." * 400_000, "bomb"),
    "bytes that are pickles": (HEAD + b"C\x04\x80\x04N.0" * 300_000 + b"N.", "bomb"),
    "imports": (HEAD + b"cos\nsystem\n0" * 200_000 + b"N.", "bomb"),
    "a list that grows by one": (HEAD + b"]" + b"(K\x01e" * 1_000_000 + b"K\x01a" * 1_000_000 + b".", None),
    "shared tuples as a key": (HEAD + b")" + b"2\x86" * 60 + b"}" + b"q\x00" + b"0" + b"}h\x000.", None),
    "a doubling key": (HEAD + b"}N\x85" + b"2\x86" * 60 + b"Ns.", "bomb"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickles_end_soon_and_with_a_reason(read: Read, name: str) -> None:
    data, rule = HOSTILE[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    result = read(data)
    assert time.process_time() - started < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10
    if rule:
        assert not result["complete"] and len(result["reasons"]) <= 2, result["reasons"]
        assert rule in {anomaly["rule"] for anomaly in result["anomalies"]}, result["anomalies"]


def test_ten_thousand_nested_tuples_are_read(read: Read) -> None:
    result = read(HEAD + b")" + b"\x85" * 10_000 + b".")
    assert result["complete"] and not result["total"]


def test_a_cyclic_memo_is_read(read: Read) -> None:
    cyclic: list[Any] = []
    cyclic.append((cyclic, {"again": cyclic}))
    for protocol in range(6):
        result = read(pickle.dumps(cyclic, protocol))
        assert result["complete"] and not result["total"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (HEAD + b"N.trailing", "hidden"),
        (HEAD + b"](K\x01", "cut-off"),
        (HEAD + b"K\x01K\x02a.", "damaged"),
        (b"I010\n.", "two-readings"),
        (HEAD + b"\x97.", "outside"),
        (b"Pmodel\n.", "outside"),
        (HEAD + b"\x8c\x01a\x8c\x01b\x86Q.", "outside"),
    ],
)
def test_each_reason_has_its_rule_and_place(read: Read, data: bytes, rule: str) -> None:
    result = read(data)
    assert not result["complete"]
    assert [anomaly["rule"] for anomaly in result["anomalies"]] == [rule], result["anomalies"]
    assert result["anomalies"][0]["offset"] is not None


def test_storages_are_the_only_persistent_ids_that_are_known(read: Read) -> None:
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x08tQ."
    assert read(b"\x80\x02" + storage)["complete"]
    other = storage.replace(b"ctorch\nFloatStorage\n", b"X\x05\x00\x00\x00Float")
    assert not read(b"\x80\x02" + other)["complete"]
    hostile = read(b"\x80\x02" + storage.replace(b"torch\nFloatStorage", b"os\nsystem"))
    assert [finding["name"] for finding in hostile["findings"]] == ["os.system"]


@pytest.mark.parametrize("code", [b"\x82\xf0", b"\x83\xf0\x00", b"\x84\xf0\x00\x00\x00"])
def test_extension_codes_are_findings(read: Read, code: bytes) -> None:
    result = read(HEAD + code + b")R.")
    assert [finding["name"] for finding in result["findings"]] == ["copyreg extension 240"]


def _dense() -> list[Any]:
    return [
        [(i % 256, i) for i in range(3_000)], {f"key{i}": i for i in range(3_000)}, [[i % 7, 1.5] for i in range(3_000)],
        [{"x": i, "y": None} for i in range(3_000)], [(f"w{i}", i) for i in range(3_000)], [f"w{i % 50}" for i in range(3_000)],
    ]  # fmt: skip


@pytest.mark.parametrize("full", [50, 300_000])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_an_import_behind_or_within_long_runs_is_found(
    read: Read, protocol: int, full: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bad:
        def __reduce__(self) -> Any:
            return (pickle.loads, (b"N.",))

    monkeypatch.setattr(machine, "FULL_MEMO", full)
    for value in _dense():
        good = read(pickle.dumps(value, protocol))
        assert good["complete"] and not good["total"], good["reasons"]
        for place in (0, 1_500, 2_999):
            keys = list(value)
            data = pickle.dumps([keys[:place], Bad(), keys[place:], value], protocol)
            result = read(data)
            assert result["complete"], result["reasons"]
            assert [f["name"].lstrip("_") for f in result["findings"]] == ["pickle.loads"], place
            assert result["findings"][0]["kind"] == "call"


def test_names_that_the_memo_lets_go_are_still_findings(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FULL_MEMO", 0)
    result = read(HEAD + b"\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93)R.")
    assert result["total"] == 1 and result["findings"][0]["kind"] == "call"
    kept = read(HEAD + b"\x8c\x0bcollections\x940\x8c\x0bOrderedDict\x940h\x00h\x01\x93)R.")
    assert kept["complete"] and not kept["total"]
