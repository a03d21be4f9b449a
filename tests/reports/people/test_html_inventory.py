"""The data inventory in the HTML report: what was found, where, and what was not looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.model.result import ScanResult
from assay.reports.html import render

Parse = Callable[[str], Any]


def words(page: str, parse: Parse) -> str:
    text: str = parse(page).text
    return text.partition("10 Control matrix")[0].rpartition("9 Data inventory")[2]


def test_kinds_sources_and_laws_stand_in_the_inventory(cases: dict[str, ScanResult], parse: Parse) -> None:
    text = words(render(cases["failing"]), parse)
    assert "E-mail addresses EMAIL_ADDRESS contact tier A at least 1" in text
    assert "40 occurrences" in text
    assert "lines looked at" in text
    assert "contact: 1 kind in" in text
    assert "GDPR Art. 4(1)" in text
    assert "HIPAA Safe Harbor (F)" in text


def test_nothing_found_and_nobody_looked_are_not_the_same(cases: dict[str, ScanResult], parse: Parse) -> None:
    assert "No personal data and no secrets were found in what was read." in words(render(cases["clean"]), parse)
    assert "Nobody looked for personal data or secrets." in words(render(cases["not-assessed"]), parse)


def test_what_was_not_scanned_is_said(cases: dict[str, ScanResult], parse: Parse) -> None:
    assert "pii.logs presidio is missing." in words(render(cases["not-assessed"]), parse)
