"""Read one model file without running it: `read_artifact`, and the detectors' work function. Standard library only."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.targets import sniff
from assay.targets.allowlist import extended
from assay.targets.refs import shared
from assay_detectors.artifact.empty import is_model_name
from assay_detectors.artifact.names import judge_extension, judge_path
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import FilePart, Unread

if TYPE_CHECKING:
    from assay.targets.base import OpenTarget, Shard
    from assay_detectors.artifact.reader import Reader


def read_artifact(path: Path, *, listing: bool = False, models: Sequence[Path] = ()) -> dict[str, Any]:
    """Return what the file would do when it is loaded, as plain data; nothing in it is run.

    Keys: `format`; `data` (true where no loader of models executes this format); `findings` (`kind`, `name`, `member`,
    `offset`, `opcode`, `note`; at most 10,000); `total` of findings; `anomalies` (`rule`, `member`, `offset`, `note`;
    at most 1,000); `anomalies_total`; `complete`; `reasons` why it is not; `notes`; with `listing` also `listing`:
    everything that was read, trusted or not (`what`, `name`, `member`, `offset`, ...; at most 20,000). `models` are
    ONNX files in the same folder, one of which may keep its tensors in this file.
    """
    # the readers are for workers: a driver that only names this function does not pay for them
    from assay_detectors.artifact.reader import NOT_YET, Reader

    report = Report(listing=[] if listing else None)
    reader = Reader(path.parent)
    form, nothing = "unreadable", False
    try:
        form = sniff.sniff(path)
        nothing = form == sniff.EMPTY and not is_model_name(path.name)
        if nothing:
            reader.notes.add("it is empty")
        elif form in (sniff.FOLDER, sniff.SPECIAL, sniff.EMPTY):
            report.unread(NOT_YET[form])
        else:
            if form in (sniff.BINARY, sniff.MSGPACK):
                form = _beside(path, models, form)
            judge_path(path.name, report)
            judge_extension(path.name, form, report)
            with path.open("rb") as file:
                _read_file(file, form, reader, report, path.name)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        report.unread(f"it cannot be read ({why})")
    return {
        "format": form,
        "data": (nothing or form in sniff.DATA | sniff.HOLDERS)
        and not (reader.recognised or report.total or report.reasons),
        "findings": report.findings,
        "total": report.total,
        "anomalies": list(report.anomalies.values()),
        "anomalies_total": report.anomalies_total,
        "complete": not report.reasons,
        "reasons": report.reasons,
        "notes": sorted(reader.notes)[:20],
    } | ({"listing": report.listing} if listing else {})


def _beside(path: Path, models: Sequence[Path], otherwise: str) -> str:
    """Return what unknown bytes are by the file beside them that names them."""
    from assay_detectors.artifact.onnx_files import is_external
    from assay_detectors.artifact.tf_checkpoint import is_shard

    return sniff.TF_SHARD if is_shard(path) else sniff.ONNX_TENSORS if is_external(path, models) else otherwise


def _read_file(file: Any, form: str, reader: Reader, report: Report, name: str) -> None:
    descriptor = file.fileno()
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        raise OSError(0, "it is no regular file")
    size = info.st_size
    reader.budget.size = size
    if form == sniff.ONNX:
        with mmap(descriptor, 0, access=ACCESS_READ) as data:
            try:
                reader.onnx(data, report)
            except Unread as error:
                report.unread(str(error), error.rule)
    else:
        reader.read(FilePart(descriptor, 0, size), size, form, report, name)
    if form not in sniff.ZIP_BASED and form != sniff.TAR and zipfile.is_zipfile(file):
        inner = report.inner("zip at its end")
        reader.read(FilePart(descriptor, 0, size), size, sniff.ZIP, inner)
        report.absorb(inner)
        if form == sniff.TFLITE:
            reader.notes.add("the zip behind a TFLite model holds its labels and vocabulary")
            return
        report.unread("it is a zip as well, so what it holds depends on who reads it", "polyglot")


@shared
def read_file(opened: OpenTarget, shard: Shard) -> dict[str, Any]:
    """Work function: read one file of the target, or one file below a folder that it names.

    `shard.extra` may hold `below`, the path below the folder, `trust`, [module, name, power] of what the user
    trusts, and `models`, [input, sha256] of ONNX files in the same folder. The reading has `granted` too: the names
    among the trusted ones that made a difference.
    """
    path = opened.path(shard.input)
    below = shard.extra.get("below")
    models = [opened.path(name) for name, _ in shard.extra.get("models", ())]
    with extended([(module, name, power) for module, name, power in shard.extra.get("trust", ())]) as extension:
        reading = read_artifact(path / below if below else path, models=models)
    return reading | {"granted": sorted(f"{module}.{name}" for module, name in extension.used)}
