"""CatBoost models whose trees lead out of their lists: the library verifies the flatbuffer, not the numbers in it."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from assay_detectors.artifact.boosters import read_booster
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held, Unread

Node = dict[int, Any] | list[Any] | tuple[str, list[int]] | bytes
"""A table, a vector of tables, a vector of numbers with their code in `struct`, a text."""


def _read(data: bytes) -> Report:
    report = Report()
    try:
        read_booster("catboost", Held(data), len(data), report)
    except Unread as error:
        report.unread(str(error), error.rule)
    return report


def _clean(report: Report) -> bool:
    return not report.total and not report.reasons and not report.anomalies


def _damaged(report: Report) -> bool:
    return bool(report.reasons) and {anomaly["rule"] for anomaly in report.anomalies.values()} == {"damaged"}


def _flatbuffer(root: Node) -> bytes:
    """Write tables before what they lead to, as offsets only lead forwards."""
    data, waiting = bytearray(4), [(0, root)]
    while waiting:
        slot, node = waiting.pop(0)
        data += bytes(-len(data) % 4)
        at = len(data)
        if isinstance(node, dict):
            top = max(node) + 1
            offsets = [4 + 4 * sorted(node).index(key) if key in node else 0 for key in range(top)]
            vtable = struct.pack(f"<{2 + top}H", 4 + 2 * top, 4 + 4 * len(node), *offsets)
            data += vtable + bytes(-len(vtable) % 4)
            at, begin = len(data), at
            data += struct.pack("<i", at - begin)
            for key in sorted(node):
                if isinstance(node[key], int):
                    data += struct.pack("<i", node[key])
                else:
                    waiting.append((len(data), node[key]))
                    data += bytes(4)
        elif isinstance(node, list):
            data += struct.pack("<I", len(node))
            waiting += [(at + 4 + 4 * index, part) for index, part in enumerate(node)]
            data += bytes(4 * len(node))
        elif isinstance(node, tuple):
            data += struct.pack(f"<I{len(node[1])}{node[0]}", len(node[1]), *node[1])
        else:
            data += struct.pack("<I", len(node)) + node + b"\0"
        struct.pack_into("<I", data, slot, at - slot)
    return b"CBM1" + struct.pack("<I", len(data)) + bytes(data)


TREES: dict[str, list[int]] = {
    "splits": [0, 1, 2],
    "sizes": [2, 1],
    "starts": [0, 2],
    "steps": [],
    "places": [],
    "indices": [0, 1],
    "flat": [0, 1],
}


def _catboost(dimension: int = 1, leaves: int = 6, weights: int = 0, **changed: list[int]) -> bytes:
    """Two features of two borders each, and two trees."""
    lists = TREES | changed
    places = zip(lists["indices"], lists["flat"], strict=True)
    trees = {
        0: dimension,
        1: ("i", lists["splits"]),
        2: ("i", lists["sizes"]),
        3: ("i", lists["starts"]),
        5: [{1: index, 2: flat, 3: ("f", [0.1, 0.2])} for index, flat in places],
        8: ("d", [0.5] * leaves),
        9: ("d", [0.5] * weights),
        10: ("I", lists["steps"]),
        11: ("I", lists["places"]),
    }
    return _flatbuffer({0: b"FlabuffersModel_v1", 1: trees})


UNEVEN: dict[str, Any] = {
    "splits": [0, 1, 0, 0, 0],
    "sizes": [5],
    "starts": [0],
    "steps": [1 | 2 << 16, 2 | 3 << 16, 0, 0, 0],
    "places": [0xFFFFFFFF, 0xFFFFFFFF, 0, 1, 2],
}


def test_good_trees_of_catboost() -> None:
    assert _clean(_read(_catboost())), _read(_catboost()).reasons
    assert _clean(_read(_catboost(dimension=2, leaves=12, weights=6)))
    assert _clean(_read(_catboost(leaves=3, **UNEVEN))), _read(_catboost(**UNEVEN)).reasons


@pytest.mark.parametrize(
    "changed",
    [
        {"splits": [0, 1, 4]},
        {"splits": [0, -1, 2]},
        {"splits": [0, 1]},
        {"sizes": [2, 31]},
        {"sizes": [3, 1]},
        {"sizes": [2]},
        {"starts": [0, 1]},
        {"starts": [0, 99]},
        {"leaves": 5},
        {"weights": 2},
        {"dimension": 0},
        {"dimension": -1},
        {"places": [0, 0, 0]},
        {"indices": [0, 99], "flat": [0, 0]},
        {"indices": [1, 0]},
        {"indices": [-1, 0]},
        UNEVEN | {"leaves": 2},
        UNEVEN | {"leaves": 3, "steps": [1 | 5 << 16, 2 | 3 << 16, 0, 0, 0]},
        UNEVEN | {"leaves": 3, "steps": [1 | 2 << 16, 2 | 4 << 16, 0, 0, 0]},
        UNEVEN | {"leaves": 3, "steps": [0, 0]},
        UNEVEN | {"leaves": 3, "places": [0, 1, 2, 3, 0]},
    ],
)
def test_broken_trees_of_catboost(changed: dict[str, Any]) -> None:
    assert _damaged(_read(_catboost(**changed)))
