"""A parquet file as a log: its rows as lines of JSON, row group by row group, in flat memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.limits import LARGEST
from assay.targets.log_bytes import CHUNK, Broken
from assay.targets.wording import amount

_ROWS = 1024
_LONG = 10**11
"""From here on a whole number may be that of a card, an account or a person."""
Groups = tuple[int, int]
"""First row group and one past the last."""


def row_groups(path: Path, shown: str) -> int:
    """Return how many row groups there are.

    Raises:
        UnusableInput: the file is damaged, or pyarrow is not installed.
    """
    return int(_open(path, shown).metadata.num_row_groups)


def lines_of(path: Path, shown: str, groups: Groups | None) -> Iterator[bytes]:
    """Yield the rows as lines of JSON, in chunks.

    Raises:
        Broken: a row group cannot be read; what came before was yielded.
        UnusableInput: the file is damaged from its beginning, or pyarrow is not installed.
    """
    file = _open(path, shown)
    first, last = groups or (0, file.metadata.num_row_groups)
    for number in range(first, min(last, file.metadata.num_row_groups)):
        size = file.metadata.row_group(number).total_byte_size
        if size > LARGEST:
            raise Broken(f"row group {number} needs {amount(size)} unpacked, and at most {amount(LARGEST)} is read")
        batches = file.iter_batches(_ROWS, row_groups=[number], use_threads=False)
        while rows := _next(batches, shown, number):
            lines = [json.dumps(row, ensure_ascii=False, default=_text) for row in rows]
            buffer: list[bytes] = []
            held = 0
            for line in lines:
                buffer.append(line.encode("utf-8", "replace") + b"\n")
                held += len(buffer[-1])
                if held >= CHUNK:
                    yield b"".join(buffer)
                    buffer, held = [], 0
            if buffer:
                yield b"".join(buffer)


def content_of(path: Path, shown: str, groups: Groups) -> Any:
    """Return the digest of the footer and of the bytes of these row groups: all that is read for them.

    Raises:
        UnusableInput: the file is damaged, or pyarrow is not installed.
    """
    facts = _open(path, shown).metadata
    digest = hashlib.sha256()
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - 8 - facts.serialized_size))
        digest.update(file.read())
        for number in range(groups[0], min(groups[1], facts.num_row_groups)):
            group = facts.row_group(number)
            for column in (group.column(place) for place in range(group.num_columns)):
                starts = (column.dictionary_page_offset, column.data_page_offset)
                file.seek(min(start for start in starts if start is not None))
                left = column.total_compressed_size
                while left > 0 and (data := file.read(min(left, CHUNK))):
                    digest.update(data)
                    left -= len(data)
    return digest


def _open(path: Path, shown: str) -> Any:
    parquet = need(shown, "data", "pyarrow.parquet")
    return foreign_call(
        lambda: parquet.ParquetFile(path, memory_map=False, pre_buffer=False),
        f"{shown}: is a damaged parquet file",
        "write it again",
    )


def _next(batches: Any, shown: str, number: int) -> list[dict[str, Any]] | None:
    """Return the next rows as plain values; None at the end of the row group."""

    def read() -> Any:
        batch = next(batches, None)
        while batch is not None and not batch.num_rows:
            batch = next(batches, None)
        return None if batch is None else _named_apart(batch).to_pylist()

    try:
        rows: list[dict[str, Any]] | None = foreign_call(read, f"row group {number} is damaged", "write it again")
    except UnusableInput as error:
        raise Broken(str(error)) from None
    return rows


def _named_apart(batch: Any) -> Any:
    """Return the batch with a name of its own for each column and each field of a struct: a dict keeps the last only.

    Whole numbers that are stored as floats become integers, as they were written.
    """
    import pyarrow

    columns = [_field_names_apart(_whole(column)) for column in batch.columns]
    return pyarrow.RecordBatch.from_arrays(columns, names=_apart(batch.schema.names))


def _field_names_apart(column: Any) -> Any:
    import pyarrow

    kind = column.type
    if not pyarrow.types.is_struct(kind):
        return column
    names = [kind.field(place).name for place in range(kind.num_fields)]
    if not names:
        return column
    parts = [_field_names_apart(part) for part in column.flatten()]
    return pyarrow.StructArray.from_arrays(parts, names=_apart(names), mask=column.is_null())


def _apart(names: list[str]) -> list[str]:
    taken: dict[str, None] = {}
    for name in names:
        number, own = 1, name
        while own in taken:
            number += 1
            own = f"{name} ({number})"
        taken[own] = None
    return list(taken)


def _whole(column: Any) -> Any:
    """Return floats as integers where all of them are whole and some have the length of a number of a card."""
    import pyarrow
    import pyarrow.compute as compute

    if not pyarrow.types.is_float32(column.type) and not pyarrow.types.is_float64(column.type):
        return column
    largest = compute.max(column).as_py()
    if largest is None or not _LONG <= largest < 2**63:
        return column
    try:
        return column.cast(pyarrow.int64())
    except pyarrow.ArrowInvalid:
        return column


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


__all__ = ["Groups", "content_of", "lines_of", "row_groups"]
