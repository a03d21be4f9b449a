"""The JSON report reads back as the same result."""

from __future__ import annotations

from assay.model.result import ScanResult, read_result
from assay.reports.json_report import render


def test_every_result_survives_the_round_trip(case: ScanResult) -> None:
    text = render(case)
    assert read_result(text, "result.json") == case
    assert render(read_result(text, "result.json")) == text
