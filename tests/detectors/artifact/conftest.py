"""Targets of a few files, and a run of the detector over them in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.model.manifest import Manifest
from assay.targets.base import Target
from assay.targets.refs import InputRef
from assay.testing.direct import DirectRun, run_detector
from assay_detectors.artifact.unsafe_code import UnsafeCode

Scan = Callable[..., DirectRun]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Scan files of `tmp_path`: `scan(model="a.pkl")` or `scan("a.pkl", "b.csv")` for artifacts."""

    def run(*artifacts: str, model: str | None = None) -> DirectRun:
        refs = [InputRef("model", "model", str(tmp_path / model), model)] if model else []
        refs += [InputRef(f"artifacts:{name}", "artifact", str(tmp_path / name), name) for name in artifacts]
        target = Target(Manifest(version=1, name="t"), tmp_path, tuple(refs))
        return run_detector(UnsafeCode(), target)

    return run


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, Any]]:
    """Write bytes to a file and read it."""
    from assay_detectors.artifact.reading import read_artifact

    def run(data: bytes) -> dict[str, Any]:
        path = tmp_path / "model.bin"
        path.write_bytes(data)
        return read_artifact(path)

    return run
