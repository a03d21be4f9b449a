"""The exit code is that of the verdict, whatever format is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from assay.cli.report import report
from assay.model.result import ScanResult
from assay.reports.registry import formats


@pytest.mark.parametrize("name", [entry.name for entry in formats()])
def test_each_format_leaves_the_exit_code_as_it_is(cases: dict[str, ScanResult], name: str, tmp_path: Path) -> None:
    for case, result in cases.items():
        if case == "hostile":
            continue
        saved, out = tmp_path / f"{case}.json", tmp_path / f"{case}.out"
        saved.write_text(result.to_json(), encoding="utf-8")
        done = CliRunner().invoke(report, [str(saved), "-o", f"{name}={out}"], standalone_mode=False)
        assert (case, done.return_value, done.exception) == (case, result.verdict.exit_code, None)
        assert out.exists()
