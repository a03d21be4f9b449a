"""Names: those that lead out of a folder or are shown otherwise than they are, and what a file's extension promises."""

from __future__ import annotations

import unicodedata

from assay.targets import sniff
from assay_detectors.artifact.report import Report

_TEXTS = frozenset({sniff.JSON, sniff.JSONL, sniff.CSV, sniff.TEXT, sniff.UTF16, sniff.LIGHTGBM, sniff.XGBOOST_JSON})
_RUNS = sniff.PICKLES | sniff.COMPRESSED | sniff.ZIP_BASED | {sniff.TAR, sniff.EXECUTABLE, sniff.BYTECODE}
"""Formats that no loader expects under the name of a format without code."""
_ONLY: dict[str, frozenset[str]] = {
    "safetensors": frozenset({sniff.SAFETENSORS}),
    "onnx": frozenset({sniff.ONNX, sniff.BINARY}),  # large tensors may stand beside the model, in any file
    "gguf": frozenset({sniff.GGUF}),
    "tflite": frozenset({sniff.TFLITE}),
    "npy": frozenset({sniff.NPY}),
    "npz": frozenset({sniff.NPZ, sniff.ZIP}),
    "h5": frozenset({sniff.HDF5}),
    "hdf5": frozenset({sniff.HDF5}),
    "keras": frozenset({sniff.KERAS, sniff.HDF5, sniff.ZIP}),
    "skops": frozenset({sniff.SKOPS}),
    "parquet": frozenset({sniff.PARQUET}),
    "ubj": frozenset({sniff.XGBOOST_UBJ}),
}
_TEXT_NAMES = frozenset(
    {"json", "jsonl", "txt", "md", "csv", "tsv", "yaml", "yml", "toml", "ini", "cfg", "xml", "html", "py", "rst", "log"}
    | {"jinja", "jinja2", "j2"}
)
_IMAGE_NAMES = frozenset(["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "pdf"])


def judge_extension(name: str, form: str, report: Report) -> None:
    """Note where the name of a file promises a format without code, and its bytes are something else.

    Nothing is decided by a name: the file is read as what its bytes are. But a loader, a mail filter or a reviewer may
    go by the name, and who renames a pickle to `.json` or `.safetensors` counts on that.
    """
    if form in (sniff.EMPTY, sniff.FOLDER, sniff.SPECIAL):
        return
    suffix = name.rsplit("/", 1)[-1].rpartition(".")[2].lower() if "." in name else ""
    promised = _ONLY.get(suffix)
    wrong = promised is not None and form not in promised
    if suffix in _TEXT_NAMES:
        wrong = form in _RUNS and not (suffix == "py" and form in _TEXTS)
    elif suffix in _IMAGE_NAMES:
        wrong = form in _RUNS
    if wrong:
        report.anomaly("extension", f"its name ends in .{suffix}, its bytes are {form}")


def judge_name(name: str, report: Report) -> None:
    """Note a member's name that leads out of the folder it is unpacked to, or that is shown otherwise than it is."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or (name[1:2] == ":" and name[:1].isalpha()):
        report.anomaly("name", "its name leads out of the folder that it is unpacked to")
    judge_path(name, report)


def judge_path(name: str, report: Report) -> None:
    """Note a name with control or direction characters."""
    strange = sorted({f"U+{ord(char):04X}" for char in name if unicodedata.category(char) in ("Cc", "Cf", "Cs")})
    if strange:
        report.anomaly(
            "name", f"its name holds characters that are not shown or turn the text round: {', '.join(strange[:5])}"
        )
