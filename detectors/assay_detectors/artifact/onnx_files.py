"""Files that hold the tensors of an ONNX model beside it: known by the model that names them, never by their name."""

from __future__ import annotations

from collections.abc import Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path

from assay.targets import sniff
from assay_detectors.artifact.onnx_wire import read_onnx
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Unread

MAX_MODELS = 20
"""Files of a folder that are asked."""


def is_external(path: Path, models: Iterable[Path] = ()) -> bool:
    """Say whether an ONNX model in the same folder keeps its tensors in this file, and the file is long enough.

    Args:
        path: the file.
        models: models in its folder that are known already; a sealed worker may be unable to list the folder.
    """
    asked = 0
    try:
        for model in sorted({*models, *path.parent.glob("*.onnx")}):
            asked += 1
            if asked > MAX_MODELS or model == path:
                continue
            needed = _tensors(model).get(path.name)
            if needed is not None and needed <= path.stat().st_size:
                return True
    except OSError:
        return False
    return False


def _tensors(model: Path) -> dict[str, int]:
    if not model.is_file() or sniff.sniff(model) != sniff.ONNX:
        return {}
    with model.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        try:
            return read_onnx(data, Report())
        except Unread:
            return {}
