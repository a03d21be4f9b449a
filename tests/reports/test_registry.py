"""Formats are found by name and imported late."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assay.model.errors import InvalidInput
from assay.model.result import ScanResult
from assay.reports.registry import formats, render


def test_each_format_renders_each_result(case: ScanResult) -> None:
    assert [f.name for f in formats()] == ["terminal", "json", "findings", "sarif", "html"]
    for entry in formats():
        assert isinstance(render(entry.name, case), str)


def test_an_unknown_format_names_those_that_there_are(cases: dict[str, ScanResult]) -> None:
    with pytest.raises(InvalidInput, match="'sarrif' is no report format; use one of terminal, json, findings, sarif"):
        render("sarrif", cases["clean"])


def test_listing_formats_imports_no_renderer() -> None:
    script = (
        "import sys; from assay.reports.registry import formats; formats();"
        "from assay.reports import answer, findings, html, html_chart, issues, sarif, terminal, text, write;"
        "print([m for m in ('rich', 'jinja2', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
