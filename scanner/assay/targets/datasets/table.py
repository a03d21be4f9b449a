"""What every reader of tables offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class TableFile(Protocol):
    """A table in a file: the header first, so that the columns are chosen before the rest is read."""

    format: str

    def header(self) -> Sequence[str]:
        """Return the names of the columns, in their order; raises `UnusableInput`."""

    def read(self, wanted: Sequence[str]) -> Any:
        """Return a pandas DataFrame of the columns `wanted`, rows numbered from 0; raises `UnusableInput`."""
