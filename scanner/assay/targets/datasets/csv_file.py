"""Tables in csv: every record counted and checked by line first, then read at once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.datasets.text_lines import text_lines
from assay.targets.extras import need
from assay.targets.foreign import foreign_call

SEPARATORS = ",;\t|"
MISSING = frozenset({"", "NA", "N/A", "#N/A", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>"})
"""Words for 'no value' in a column of numbers; in a column of text only the empty field is missing."""


class CsvTable:
    """A csv file with a header; the separator is the one of `SEPARATORS` that the header holds most often."""

    format = sniff.CSV

    def __init__(self, path: Path, shown: str, packed: bool) -> None:
        self._path, self._shown, self._packed = path, shown, packed
        first = next((line for line in text_lines(path, shown, packed) if line.strip()), "")
        self._separator = max(SEPARATORS, key=first.count)

    def header(self) -> list[str]:
        """Return the first record."""
        return next(self._records())[1]

    def read(self, wanted: Sequence[str]) -> Any:
        """Return the columns `wanted`; numbers where every value is one, true and false as such, else text.

        Raises:
            UnusableInput: a record with more or fewer fields than the header (its line), broken quotes.
        """
        rows = self._check()
        pandas = need(self._shown, "data", "pandas")
        # pandas 3 reads floats to the last bit by itself
        exact = {} if int(pandas.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
        frame = foreign_call(
            lambda: pandas.read_csv(
                self._path,
                sep=self._separator,
                usecols=list(wanted),
                encoding="utf-8-sig",
                compression="gzip" if self._packed else None,
                keep_default_na=False,
                na_values=[""],
                low_memory=False,
                index_col=False,
                **exact,
            ),
            f"{self._shown}: cannot be read as csv",
            "export it again",
        )
        if len(frame) != rows:
            raise UnusableInput(
                f"{self._shown}: two readers disagree on its records ({rows:,} and {len(frame):,}); quote every field"
            )
        return pandas.DataFrame({name: _numbers(pandas, frame[name]) for name in wanted})

    def _check(self) -> int:
        """Return the number of records after the header."""
        records = self._records()
        width = len(next(records)[1])
        rows = 0
        for line, record in records:
            if len(record) != width:
                raise UnusableInput(
                    f"{self._shown}: line {line} has {len(record)} field{'s' if len(record) != 1 else ''} "
                    f"and the header has {width}; correct the line, or quote a field that holds {self._separator!r}"
                )
            rows += 1
        return rows

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield `(line of its start, record)`; the first is the header."""
        reader = csv.reader(text_lines(self._path, self._shown, self._packed), delimiter=self._separator, strict=True)
        line, seen = 1, False
        try:
            for record in reader:
                if record:
                    seen = True
                    yield line, record
                line = reader.line_num + 1
        except csv.Error as error:
            raise UnusableInput(
                f"{self._shown}: the record at line {line} is no csv ({error}); correct its quotes"
            ) from None
        if not seen:
            raise UnusableInput(f"{self._shown}: holds no header; give a csv with column names in its first line")


def _numbers(pandas: Any, series: Any) -> Any:
    """Return a text column as numbers where all of its values are numbers or words of `MISSING`."""
    if pandas.api.types.infer_dtype(series, skipna=True) != "string":
        return series
    known = series[~series.isin(MISSING) & series.notna()]
    if not len(known) or len(known) == series.notna().sum():
        return series
    try:
        values = pandas.to_numeric(known)
    except (ValueError, TypeError):
        return series
    return values.astype(float).reindex(series.index)
