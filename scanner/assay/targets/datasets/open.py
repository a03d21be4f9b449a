"""Open a data file: its format by content, its columns by the manifest, every value checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.datasets.rows import Rows
from assay.targets.refs import InputRef

if TYPE_CHECKING:
    from assay.targets.datasets.table import TableFile

REMEDY = "give csv, parquet, jsonl (csv and jsonl also as .gz) or an npz with arrays x and y"


def open_dataset(ref: InputRef, manifest: dict[str, Any]) -> Rows:
    """Return the checked rows of the data file `ref`.

    Args:
        ref: the input.
        manifest: `Manifest.model_dump(mode="json")`.

    Raises:
        UnusableInput: the file cannot be used; one sentence with the place and the remedy.
    """
    path = Path(ref.path)
    try:
        found = sniff.sniff(path)
        if found == sniff.NPZ:
            return _from_arrays(path, ref, manifest)
        return _from_table(_table(path, found, ref.shown), ref, manifest)
    except FileNotFoundError:
        raise UnusableInput(f"{ref.shown}: there is no such file; correct the path in the manifest") from None
    except MemoryError:
        raise UnusableInput(
            f"{ref.shown}: needs more memory than a worker may use; give a sample of its rows"
        ) from None
    except OSError as error:
        raise UnusableInput(
            f"{ref.shown}: cannot be read ({error.strerror or type(error).__name__}); check its permissions"
        ) from None


def _table(path: Path, found: str, shown: str) -> TableFile:
    """Return the reader for the format `found`."""
    from assay.targets.datasets import csv_file, jsonl_file, parquet_file, text_lines

    packed = found == sniff.GZIP
    if packed:
        found = sniff.sniff_bytes(text_lines.unpacked_head(path, shown, sniff.HEAD))
    if found == sniff.PARQUET and not packed:
        return parquet_file.ParquetTable(path, shown)
    if found in (sniff.JSONL, sniff.JSON):
        return jsonl_file.JsonlTable(path, shown, packed)
    if found in (sniff.CSV, sniff.TEXT):
        return csv_file.CsvTable(path, shown, packed)
    if found == sniff.EMPTY:
        raise UnusableInput(f"{shown}: is empty; {REMEDY}")
    if found == sniff.UTF16:
        raise UnusableInput(f"{shown}: is text in UTF-16; save it as UTF-8")
    inside = " inside gzip" if packed else ""
    raise UnusableInput(f"{shown}: is no data file that Assay reads, its content is {found}{inside}; {REMEDY}")


def _from_table(table: TableFile, ref: InputRef, manifest: dict[str, Any]) -> Rows:
    from assay.targets.datasets.checks import check_rows, check_table, column_kind
    from assay.targets.datasets.select import choose

    choice = choose(table.header(), ref, manifest)
    frame = table.read(choice.wanted)
    check_rows(len(frame), ref.shown)
    check_table(frame, choice, ref.shown)
    y = None
    if choice.label is not None:
        what = f"label column {choice.label!r}"
        series = frame[choice.label]
        kind = column_kind(series)
        if kind is None:
            raise UnusableInput(f"{ref.shown}: {what} holds neither numbers nor text ({series.dtype}); convert it")
        y = _labels(series.to_numpy(object if kind == "text" else None), ref, manifest, what)
    return Rows(frame[list(choice.features)], y, choice.features, table.format, choice.label)


def _from_arrays(path: Path, ref: InputRef, manifest: dict[str, Any]) -> Rows:
    from assay.targets.datasets.arrays import read_npz
    from assay.targets.datasets.checks import check_array, check_rows

    names = {"x": "x", "y": "y"} | (ref.spec.get("arrays") or {})
    x, y = read_npz(path, ref.shown, names)
    check_rows(len(x), ref.shown)
    check_array(x, ref.shown, names["x"])
    if y is None:
        return Rows(x, None, (), sniff.NPZ)
    if y.dtype.kind == "U":
        y = y.astype(object)
    return Rows(x, _labels(y, ref, manifest, f"array {names['y']!r}"), (), sniff.NPZ, names["y"])


def _labels(y: Any, ref: InputRef, manifest: dict[str, Any], what: str) -> Any:
    """Return the checked labels; class indices become names where the manifest names the classes."""
    from assay.targets.datasets.checks import check_labels
    from assay.targets.labels import by_name, check_classes

    check_labels(y, ref.shown, what)
    if manifest["task"] == "regression" or manifest["io"]["output"] == "value":
        if y.dtype.kind not in "biuf":
            raise UnusableInput(f"{ref.shown}: {what} holds text, and the task is regression; give numbers")
        return y
    classes = manifest["io"]["classes"] or ()
    if classes:
        y = by_name(y, classes)
    check_classes(y, classes, ref.shown, what, several=ref.name != "data.trusted")
    return y
