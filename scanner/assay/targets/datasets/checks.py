"""Values of features and labels: finite, of one kind per column, none missing that may not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.wording import SHOWN, rows_at, shown_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.targets.datasets.select import Choice

BLOCK = 4096
"""Rows of an array that are looked at together."""


def check_rows(count: int, shown: str) -> None:
    """Refuse a file with fewer than two rows."""
    if count < 2:
        raise UnusableInput(
            f"{shown}: has {'one row' if count else 'no rows'}; give at least two, of different classes"
        )


def column_kind(series: Any) -> str | None:
    """Return `number`, `flag` (true and false) or `text`; None for anything else: dates, mixed values."""
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(series.dtype):
        return "flag"
    if types.is_numeric_dtype(series.dtype) and not types.is_complex_dtype(series.dtype):
        return "number"
    found = pd.api.types.infer_dtype(series, skipna=True)
    return {"string": "text", "boolean": "flag", "empty": "text"}.get(found)


def check_table(frame: Any, choice: Choice, shown: str) -> None:
    """Check the feature columns of a table.

    Raises:
        UnusableInput: values of no usable kind, missing values where the column is not `nullable`, infinite
            values; the sentence names the column, the first rows and how many there are.
    """
    import numpy as np

    for name in choice.features:
        series = frame[name]
        kind = column_kind(series)
        if kind is None:
            raise UnusableInput(
                f"{shown}: column {shown_name(name)!r} holds neither numbers nor text nor true and false "
                f"({series.dtype}); give it the role `time` or `ignore` under `columns`, or convert it"
            )
        missing = np.flatnonzero(series.isna().to_numpy())
        if len(missing) == len(series):
            raise UnusableInput(
                f"{shown}: column {shown_name(name)!r} is empty in every row; give it the role `ignore` under "
                "`columns`, or fill it"
            )
        if len(missing) and name not in choice.nullable:
            raise UnusableInput(
                f"{shown}: column {shown_name(name)!r} has no value in {rows_at(missing)}; fill {_them(missing)}, or "
                f"set columns.{shown_name(name)}.nullable: true if the model takes missing values"
            )
        if kind == "number":
            _check_finite(series.to_numpy(dtype=float, na_value=0.0), f"{shown}: column {shown_name(name)!r}")


def check_labels(y: NDArray[np.generic], shown: str, label: str) -> None:
    """Refuse missing and infinite labels."""
    import numpy as np

    bad = (
        np.array([value is None or value != value for value in y])
        if y.dtype == object
        else (~np.isfinite(y) if y.dtype.kind == "f" else np.zeros(len(y), dtype=bool))
    )
    rows = np.flatnonzero(bad)
    if len(rows):
        raise UnusableInput(
            f"{shown}: {label} has no label in {rows_at(rows)}; label {_them(rows)} or remove {_them(rows)}"
        )


def check_array(x: NDArray[np.generic], shown: str, name: str) -> None:
    """Refuse NaN and infinite values in a feature array of shape (n, ...); by blocks, to spare memory."""
    import numpy as np

    if x.dtype.kind != "f":
        return
    rows: list[int] = []
    count, kind = 0, ""
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        bad = np.flatnonzero(~np.isfinite(block).all(axis=tuple(range(1, x.ndim))))
        count += len(bad)
        if len(bad) and not rows:
            kind = "NaN" if np.isnan(block[bad[0]]).any() else "infinite values"
        rows.extend((start + bad[: SHOWN - len(rows)]).tolist())
    if count:
        raise UnusableInput(
            f"{shown}: the array {name!r} holds {kind} in {rows_at(rows, count)}; fill or remove these rows"
        )


def _check_finite(values: NDArray[np.float64], what: str) -> None:
    import numpy as np

    rows = np.flatnonzero(np.isinf(values))
    if len(rows):
        raise UnusableInput(f"{what} is infinite in {rows_at(rows)}; correct or remove {_them(rows)}")


def _them(rows: Any) -> str:
    return "them" if len(rows) > 1 else "it"
