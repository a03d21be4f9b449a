"""zstd streams within the budgets of every other codec; without the package the reason names it."""

from __future__ import annotations

import pickle
import sys

import pytest

from assay_detectors.artifact.sources import Budget, Expanded, Held, Unread

zstandard = pytest.importorskip("zstandard")


def unpack(data: bytes) -> bytes:
    source = Expanded(Held(data), "zstd", Budget())
    return b"".join(iter(lambda: source.read(1 << 16), b""))


def pack(data: bytes) -> bytes:
    packed: bytes = zstandard.ZstdCompressor().compress(data)
    return packed


def test_frames_that_follow_one_another_are_read() -> None:
    data = pickle.dumps(list(range(50_000)))
    assert unpack(pack(data)) == data
    assert unpack(pack(data) + pack(b"more")) == data + b"more"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (pack(pickle.dumps(list(range(9_000))))[:-9], "cut-off"),
        (pack(b"abc" * 900) + b"no frame", "damaged"),
        (pack(bytes(1 << 28)), "bomb"),
    ],
)
def test_what_is_wrong_has_a_reason(data: bytes, rule: str) -> None:
    with pytest.raises(Unread) as caught:
        unpack(data)
    assert caught.value.rule == rule


def test_without_the_package_the_reason_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(Unread, match="package zstandard"):
        unpack(pack(b"abc"))
