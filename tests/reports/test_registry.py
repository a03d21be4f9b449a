"""Formats are found by name and imported late."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.cli.outputs import parse_outputs
from assay.model.errors import InvalidInput
from assay.model.result import ScanResult
from assay.reports.registry import formats, render


def test_each_format_renders_each_result(case: ScanResult) -> None:
    first = ["terminal", "json", "findings", "sarif", "html", "markdown", "junit", "codequality", "defectdojo"]
    assert [f.name for f in formats()] == [*first, "mlbom", "oscal", "inventory", "inventory-json", "sarif-archive"]
    for entry in formats():
        assert isinstance(render(entry.name, case), str)


def test_an_unknown_format_names_those_that_there_are(cases: dict[str, ScanResult]) -> None:
    with pytest.raises(InvalidInput, match="'sarrif' is no report format; use one of terminal, json, findings, sarif"):
        render("sarrif", cases["clean"])


def test_a_format_without_its_library_says_what_to_install(
    cases: dict[str, ScanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "junitparser" else name)
    with pytest.raises(InvalidInput, match=r"junitparser, which is not installed: pip install 'model-assay\[junit\]'$"):
        render("junit", cases["clean"])
    with pytest.raises(InvalidInput, match=r"^-o junit=-: needs junitparser, .*'model-assay\[junit\]'$"):
        parse_outputs(["junit=-"])
    assert parse_outputs(["oscal=-"])[0].format == "oscal"


def test_listing_formats_imports_no_renderer() -> None:
    script = (
        "import sys; from assay.reports.registry import formats; formats();"
        "from assay.reports import answer, findings, html, html_chart, issues, sarif, terminal, text, write;"
        "from assay.reports import codequality, defectdojo, junit, markdown, mlbom, oscal, sarif_archive;"
        "print([m for m in ('rich', 'jinja2', 'numpy', 'junitparser') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_file_in_two_spellings_is_named_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.json").symlink_to("x.html")
    (tmp_path / "sub").mkdir()
    for other in ("x.html", "./x.html", "sub/../x.html", str(tmp_path / "x.html"), "link.json"):
        with pytest.raises(InvalidInput, match="is named twice"):
            parse_outputs(["html=x.html", f"json={other}"])
    with pytest.raises(InvalidInput, match="is named twice"):
        parse_outputs(["html=-", "json=-"])
    assert len(parse_outputs(["html=x.html", "json=sub/x.html", "oscal=-"])) == 3
