"""Tables in JSON lines: one object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.model.strict_json import once
from assay.targets import sniff
from assay.targets.datasets.text_lines import text_lines
from assay.targets.extras import need
from assay.targets.wording import shown_name

_KIND = {bool: "true or false", int: "a number", float: "a number", str: "text"}


class JsonlTable:
    """A JSON lines file; a key that a line leaves out is a missing value."""

    format = sniff.JSONL

    def __init__(self, path: Path, shown: str, packed: bool) -> None:
        self._path, self._shown, self._packed = path, shown, packed
        self._columns: dict[str, list[Any]] = {}
        self._lines: list[int] = []

    def header(self) -> list[str]:
        """Return all keys, in the order in which they first appear."""
        self._load()
        return list(self._columns)

    def read(self, wanted: Sequence[str]) -> Any:
        """Return the columns `wanted`.

        Raises:
            UnusableInput: a line that is no object, a value that is an object or a list, mixed kinds.
        """
        pandas = need(self._shown, "data", "pandas")
        self._load()
        for name in wanted:
            self._check_kind(name)
        return pandas.DataFrame({name: pandas.Series(self._columns[name]) for name in wanted})

    def _load(self) -> None:
        if self._lines:
            return
        for line, record in self._records():
            for name, value in record.items():
                if name not in self._columns:
                    self._columns[name] = [None] * len(self._lines)
                self._columns[name].append(value)
            self._lines.append(line)
            for values in self._columns.values():
                if len(values) < len(self._lines):
                    values.append(None)

    def _records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, text in enumerate(text_lines(self._path, self._shown, self._packed), 1):
            if not text.strip():
                continue
            try:
                record = json.loads(text, object_pairs_hook=once)
            except RecursionError:
                raise self._wrong(line, "is nested too deep") from None
            except json.JSONDecodeError as error:
                raise self._wrong(line, f"is no JSON ({str(error)[:80]})") from None
            except ValueError as error:
                name = shown_name(str(error).partition(" stands twice")[0].strip("'\""))
                raise self._wrong(line, f"is no JSON ({name!r} stands twice in one object)") from None
            if not isinstance(record, dict):
                raise self._wrong(line, "is no JSON object")
            yield line, record

    def _wrong(self, line: int, what: str) -> UnusableInput:
        return UnusableInput(f'{self._shown}: line {line} {what}; write one object a line: {{"age": 41, ...}}')

    def _check_kind(self, name: str) -> None:
        first = None
        for line, value in zip(self._lines, self._columns[name], strict=True):
            if value is None:
                continue
            kind = _KIND.get(type(value))
            if kind is None:
                raise UnusableInput(
                    f"{self._shown}: line {line} holds a list or an object in {shown_name(name)!r}; give numbers or "
                    f"text, or leave the column out"
                )
            first = first or kind
            if kind != first:
                raise UnusableInput(
                    f"{self._shown}: line {line} holds {kind} in {shown_name(name)!r} where earlier lines hold "
                    f"{first}; give one kind"
                )
