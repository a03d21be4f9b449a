"""The rows of one opened data file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rows:
    """Rows of one data file, checked: what `open_dataset` returns."""

    x: Any
    """Features: a pandas DataFrame for tables; a numeric array (n, d), (n, h, w) or (n, h, w, c) for npz."""
    y: Any
    """Labels, shape (n,): numbers as in the file, or names (`str`); None where the file has none."""
    columns: tuple[str, ...]
    """Names of the feature columns; empty for arrays."""
    format: str
    """As `sniff` names it; of a compressed file, what is inside."""
    label: str | None = None
    """Column or array that holds the labels."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.x)
