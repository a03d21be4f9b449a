"""Targets in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assay.targets.opened import Opened
from assay.targets.resolve import resolve


@pytest.fixture
def open_target(tmp_path: Path) -> Callable[[str], Opened]:
    """Return a function that writes a manifest (its lines after version and name) and opens its target."""

    def opened(manifest: str) -> Opened:
        path = tmp_path / "assay.yaml"
        path.write_text(f"version: 1\nname: t\n{manifest}\n")
        resolved = resolve(path)
        return Opened(resolved.manifest.model_dump(mode="json"), resolved.inputs)

    return opened
