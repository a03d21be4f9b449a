"""Tables in parquet: the footer says what there is, then the chosen columns are read by batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.limits import LARGEST
from assay.targets.wording import amount, clip, shown_name

T = TypeVar("T")

BATCH = 65_536
INDEX = "__index_level_"
"""Beginning of the columns in which pandas stores a row index; never a feature."""


class ParquetTable:
    """A parquet file. The notes of pandas in its metadata are ignored: they could hide a column."""

    format = sniff.PARQUET

    def __init__(self, path: Path, shown: str) -> None:
        self._shown = shown
        self._arrow = need(shown, "data", "pandas", "pyarrow")
        parquet = need(shown, "data", "pyarrow.parquet")
        self._file = self._try(lambda: parquet.ParquetFile(path, memory_map=False, pre_buffer=False))

    def header(self) -> list[str]:
        """Return the names of the columns of the file."""
        schema = self._try(lambda: self._file.schema_arrow)
        return [name for name in schema.names if not name.startswith(INDEX)]

    def read(self, wanted: Sequence[str]) -> Any:
        """Return the columns `wanted`.

        Raises:
            UnusableInput: larger than `LARGEST` by its footer or once unpacked, nested types, damaged.
        """
        schema, facts = self._file.schema_arrow, self._file.metadata
        for name in wanted:
            self._check_type(name, schema.field(name).type)
        declared = max(
            facts.num_rows * len(wanted) * 8,
            sum(facts.row_group(index).total_byte_size for index in range(facts.num_row_groups)),
        )
        if declared > LARGEST:
            raise self._too_large(declared)
        table = self._try(lambda: self._batches(wanted))
        return self._try(lambda: table.to_pandas(ignore_metadata=True, use_threads=False))

    def _batches(self, wanted: Sequence[str]) -> Any:
        arrow, batches, total = self._arrow, [], 0
        for batch in self._file.iter_batches(BATCH, columns=list(wanted), use_threads=False):
            total += batch.nbytes
            if total > LARGEST:
                raise self._too_large(total)
            batches.append(batch)
        schema = self._file.schema_arrow
        kept = arrow.schema([schema.field(name) for name in wanted])
        table = arrow.Table.from_batches(batches).select(list(wanted)) if batches else kept.empty_table()
        plain = arrow.schema([arrow.field(field.name, self._plain(field.type)) for field in table.schema])
        return table.cast(plain)

    def _plain(self, kind: Any) -> Any:
        """Return the type that pandas holds as numbers, text or true and false."""
        types = self._arrow.types
        if types.is_dictionary(kind):
            return self._plain(kind.value_type)
        return self._arrow.float64() if types.is_decimal(kind) or types.is_float16(kind) else kind

    def _check_type(self, name: str, kind: Any) -> None:
        types = self._arrow.types
        inner = kind.value_type if types.is_dictionary(kind) else kind
        tests = (
            types.is_integer,
            types.is_floating,
            types.is_boolean,
            types.is_string,
            types.is_large_string,
            types.is_decimal,
        )
        if not any(test(inner) for test in tests) and not types.is_string_view(inner):
            raise UnusableInput(
                f"{self._shown}: column {shown_name(name)!r} is of type {clip(str(kind), 60)}; give numbers, text or "
                f"true and false, or give it the role `time` or `ignore` under `columns`"
            )

    def _too_large(self, size: int) -> UnusableInput:
        return UnusableInput(
            f"{self._shown}: needs {amount(size)} unpacked, and at most {amount(LARGEST)} is read; give a "
            f"sample of its rows"
        )

    def _try(self, call: Callable[[], T]) -> T:
        return foreign_call(call, f"{self._shown}: is a damaged parquet file", "write it again")
