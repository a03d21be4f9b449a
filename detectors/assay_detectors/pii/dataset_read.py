"""The columns of a data file, one by one, whatever their roles: what cannot be read is said, the rest is kept."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.wording import clip

if TYPE_CHECKING:
    from assay.targets.datasets.table import TableFile
    from assay.targets.refs import InputRef

_EXACT = 2**53
_MOST_DIGITS = 40
_NUMBER = re.compile(r"\d{1,40}(?:\.\d{0,40})?(?:[eE]\+?\d{1,3})?")
_NAMED_PROBLEMS = 5
"""Columns that cannot be read and are named; the rest is counted."""


@dataclass
class Columns:
    """A data file that is open; `each` is gone through once."""

    each: Iterator[tuple[str, Any]]
    """Name and pandas Series of every column that can be read."""
    problems: list[str] = field(default_factory=list)
    """What could not be read, complete when `each` is at its end."""


def open_columns(ref: InputRef) -> Columns:
    """Open the file of `ref`: csv, parquet, jsonl or npz, by content.

    Raises:
        UnusableInput: nothing of it can be read.
    """
    path = Path(ref.path)
    try:
        found = sniff.sniff(path)
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else "it cannot be read"
        raise UnusableInput(f"{ref.shown}: {why}; correct the path in the manifest") from None
    if found == sniff.NPZ:
        return _arrays(path, ref)
    packed = found == sniff.GZIP
    if packed:
        from assay.targets.datasets.text_lines import unpacked_head

        found = sniff.sniff_bytes(unpacked_head(path, ref.shown, sniff.HEAD))
    if found == sniff.PARQUET and not packed:
        return _parquet(path, ref)
    if found in (sniff.JSONL, sniff.JSON):
        return _jsonl(path, ref, packed)
    if found in (sniff.CSV, sniff.TEXT):
        return _csv(path, ref, packed)
    what = "is empty" if found == sniff.EMPTY else f"is no data file that Assay reads, its content is {found}"
    raise UnusableInput(f"{ref.shown}: {what}; give csv, parquet, jsonl or npz")


def _whole(table: TableFile, names: list[str], other: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
    frame = table.read(names)
    for name in names:
        yield name, other(name) if _rounded(frame[name]) else frame[name]


def _rounded(series: Any) -> bool:
    """Say whether floats stand for whole numbers of more digits than they can hold: long numbers beside empty cells."""
    if series.dtype.kind != "f":
        return False
    size = series.abs()
    return bool(((size >= _EXACT) & (size < 10.0**_MOST_DIGITS)).any())


def _csv(path: Path, ref: InputRef, packed: bool) -> Columns:
    from assay.targets.datasets.csv_file import CsvTable

    table = CsvTable(path, ref.shown, packed)
    names = table.header()
    if len(set(names)) == len(names):
        try:
            return Columns(
                iter(list(_whole(table, names, lambda name: _csv_texts(path, ref, packed, names.index(name)))))
            )
        except UnusableInput as error:
            problem = str(error)
    else:
        problem = f"{ref.shown}: its header names a column twice"
    columns = Columns(iter(()), [problem])
    columns.each = _fitting(path, ref, packed, names, columns.problems)
    return columns


def _csv_texts(path: Path, ref: InputRef, packed: bool, place: int) -> Any:
    """Return a column of a csv that was read to its end, its cells as text: long numbers digit by digit."""
    from assay.targets.datasets.csv_file import MISSING, SEPARATORS
    from assay.targets.datasets.text_lines import text_lines

    pandas = need(ref.shown, "data", "pandas")
    head = next(line for line in text_lines(path, ref.shown, packed) if line.strip())
    records = csv.reader(text_lines(path, ref.shown, packed), delimiter=max(SEPARATORS, key=head.count), strict=True)
    cells = [record[place].strip() for record in records if record][1:]
    return pandas.Series([None if cell in MISSING else _digits(cell) for cell in cells], dtype=object)


def _digits(text: str) -> str:
    """Return a number without exponent and without zeros behind its point, where it is a whole one."""
    if not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    return f"{number:.0f}" if number.adjusted() < _MOST_DIGITS and number == number.to_integral_value() else text


def _fitting(
    path: Path, ref: InputRef, packed: bool, names: list[str], problems: list[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the columns of those records that have as many fields as the header; the index counts all records."""
    from assay.targets.datasets.csv_file import SEPARATORS
    from assay.targets.datasets.text_lines import text_lines

    pandas = need(ref.shown, "data", "pandas")
    lines = text_lines(path, ref.shown, packed)
    head = next(line for line in lines if line.strip())
    rows: list[int] = []
    cells: list[list[str]] = [[] for _ in names]
    seen = 0
    try:
        for record in csv.reader(lines, delimiter=max(SEPARATORS, key=head.count)):
            if not record:
                continue
            if len(record) == len(names):
                rows.append(seen)
                for column, cell in zip(cells, record, strict=True):
                    column.append(cell)
            seen += 1
    except (UnusableInput, csv.Error) as error:
        problems.append(f"{ref.shown}: was read as far as record {seen}: {clip(str(error), 160)}")
    problems.append(f"{ref.shown}: {len(rows):,} of {seen:,} records fit the header; only they were searched")
    for place, (name, column) in enumerate(zip(names, cells, strict=True)):
        shown = name if names.count(name) == 1 else f"{name} ({place + 1})"
        yield shown, pandas.Series(column, index=rows, dtype=object)


def _parquet(path: Path, ref: InputRef) -> Columns:
    from assay.targets.datasets.parquet_file import ParquetTable

    table = ParquetTable(path, ref.shown)
    names = list(table.header())
    if len(set(names)) != len(names):
        raise UnusableInput(f"{ref.shown}: its schema names a column twice; give each a name of its own")
    parquet = need(ref.shown, "data", "pyarrow.parquet")
    stored = parquet.read_schema(path).names  # with the row index, which is no feature and may be a name
    names += [name for name in stored if name not in names]
    columns = Columns(iter(()))
    columns.each = _one_by_one(table, names, columns.problems, lambda name: _as_text(path, ref, name))
    return columns


def _one_by_one(table: TableFile, names: list[str], problems: list[str], other: Any) -> Iterator[tuple[str, Any]]:
    """Yield each column by itself; where the reader refuses one, what `other` makes of it."""
    refused = 0
    for name in names:
        try:
            series = table.read([name])[name]
            if _rounded(series):
                series = other(name)
        except UnusableInput as error:
            try:
                series = other(name)
            except UnusableInput:
                refused += 1
                if refused <= _NAMED_PROBLEMS:
                    problems.append(f"a column was not searched: {error}")
                continue
        yield name, series
    if refused > _NAMED_PROBLEMS:
        problems.append(f"{refused - _NAMED_PROBLEMS:,} more columns were not searched, for the like reasons")


def _as_text(path: Path, ref: InputRef, name: str) -> Any:
    """Return a column of dates, bytes or numbers as text, floats as they are.

    Raises:
        UnusableInput: nested types and bytes that are no text.
    """
    arrow = need(ref.shown, "data", "pyarrow")
    parquet = need(ref.shown, "data", "pyarrow.parquet")

    def read() -> Any:
        file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
        if arrow.types.is_floating(file.schema_arrow.field(name).type):
            return file.read(columns=[name]).column(0).to_pandas()
        batches = [batch.column(0).cast(arrow.string()) for batch in file.iter_batches(columns=[name])]
        return arrow.chunked_array(batches, arrow.string()).to_pandas().map(_digits, na_action="ignore")

    return foreign_call(read, f"{ref.shown}: column {clip(name, 60)!r} is no text", "store text")


def _jsonl(path: Path, ref: InputRef, packed: bool) -> Columns:
    from assay.targets.datasets.jsonl_file import JsonlTable

    table = JsonlTable(path, ref.shown, packed)
    names = list(table.header())
    columns = Columns(iter(()))
    columns.each = _one_by_one(table, names, columns.problems, lambda name: _json_texts(path, ref, packed, name))
    return columns


def _json_texts(path: Path, ref: InputRef, packed: bool, name: str) -> Any:
    """Return a key of mixed or nested values as text: numbers as written, lists and objects as JSON."""
    from assay.targets.datasets.text_lines import text_lines

    pandas = need(ref.shown, "data", "pandas")
    texts: list[str | None] = []
    for line in text_lines(path, ref.shown, packed):
        if line.strip():
            value = json.loads(line).get(name)
            plain = value is None or isinstance(value, str)
            texts.append(value if plain else _digits(json.dumps(value, ensure_ascii=False)))
    return pandas.Series(texts, dtype=object)


def _arrays(path: Path, ref: InputRef) -> Columns:
    from assay.targets.datasets.arrays import read_npz

    pandas = need(ref.shown, "data", "pandas")
    names = {"x": "x", "y": "y"} | (ref.spec.get("arrays") or {})
    x, y = read_npz(path, ref.shown, names)
    columns = Columns(iter(()))

    def each() -> Iterator[tuple[str, Any]]:
        for place in range(x.shape[1] if x.ndim == 2 else 0):
            yield f"{names['x']}[{place}]", pandas.Series(x[:, place])
        if y is not None:
            yield names["y"], pandas.Series(y.astype(object) if y.dtype.kind == "U" else y)

    columns.each = each()
    return columns
