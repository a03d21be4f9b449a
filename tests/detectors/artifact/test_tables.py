"""Parquet and Arrow: a type that old readers unpickle, plain and in Base64 at each of its three alignments."""

from __future__ import annotations

from base64 import b64encode

import pytest

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import CHUNK, Held
from assay_detectors.artifact.tables import read_table

NAME = b"arrow.py_extension_type"


def _found(data: bytes) -> list[int]:
    report = Report()
    read_table(Held(data), report)
    return [finding["offset"] for finding in report.findings]


@pytest.mark.parametrize("shift", range(6))
def test_the_type_is_found_in_any_coat(shift: int) -> None:
    head = b"PAR1" + bytes(range(shift))
    schema = b64encode(b"s" * shift + NAME + b"rest")
    (place,) = _found(head + b"ARROW:schema" + schema + b"PAR1")
    assert place == len(head) + 12 + (shift * 8 + 5) // 6
    assert _found(head + NAME) == [len(head)]


def test_a_type_across_two_chunks() -> None:
    head = b"PAR1".ljust(CHUNK - 7, b"x")
    assert _found(head + NAME) == [len(head)]
    assert not _found(head + NAME[:-1] + b"PAR1")
    assert not _found(b"PAR1" + b64encode(b"arrow.json") * 1000)
