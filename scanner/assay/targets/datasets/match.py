"""Do two data files hold the same kind of rows? Columns, shapes, kinds of values, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.labels import class_counts
from assay.targets.wording import listed, masked, near, shown_name

if TYPE_CHECKING:
    from assay.targets.base import Dataset


def check_match(rows: Dataset, shown: str, reference: Dataset, reference_shown: str, *, classes: bool) -> None:
    """Check that `rows` could have come from where `reference` came from.

    Args:
        rows: the rows of `data.test` or `data.trusted`.
        shown: name of their file.
        reference: the rows of `data.train`.
        reference_shown: name of their file.
        classes: whether the labels of `reference` are all the classes that there are.

    Raises:
        UnusableInput: names `shown`, the column or label, and what to change.
    """
    if hasattr(rows.x, "columns") != hasattr(reference.x, "columns"):
        raise UnusableInput(
            f"{shown}: is {_what(rows)} and {reference_shown} is {_what(reference)}; give both in one form"
        )
    if hasattr(rows.x, "columns"):
        _check_columns(rows, shown, reference, reference_shown)
    else:
        _check_arrays(rows, shown, reference, reference_shown)
    if classes and rows.y is not None and reference.y is not None:
        known = [name for name, _ in class_counts(reference.y)]
        unknown = [name for name, _ in class_counts(rows.y) if name not in set(known)]
        if unknown:
            raise UnusableInput(
                f"{shown}: the label {masked(unknown[0])!r} does not occur in "
                f"{reference_shown}{near(unknown[0], known)}; correct it, or list every class under io.classes"
            )


def _what(rows: Dataset) -> str:
    return "a table" if hasattr(rows.x, "columns") else "an array"


def _check_columns(rows: Dataset, shown: str, reference: Dataset, reference_shown: str) -> None:
    from assay.targets.datasets.checks import column_kind

    missing = [name for name in reference.columns if name not in rows.columns]
    extra = [name for name in rows.columns if name not in reference.columns]
    if missing:
        raise UnusableInput(
            f"{shown}: lacks {listed(missing)}, which {reference_shown} has{near(missing[0], extra)}; give "
            f"both files the same columns"
        )
    if extra:
        raise UnusableInput(
            f"{shown}: has {listed(extra)}, which {reference_shown} lacks; give both files the same columns, or give "
            f"{'them' if len(extra) > 1 else 'it'} the role `ignore` under `columns`"
        )
    for name in reference.columns:
        here, there = column_kind(rows.x[name]), column_kind(reference.x[name])
        if here != there:
            raise UnusableInput(
                f"{shown}: column {shown_name(name)!r} holds {_plural(here)} and in {reference_shown} {_plural(there)}"
                f"{_stray(rows.x[name], here, there)}; give both files the same kind of values"
            )


def _plural(kind: str | None) -> str:
    return {"number": "numbers", "flag": "true and false"}.get(kind or "", "text")


def _stray(series: Any, here: str | None, there: str | None) -> str:
    """Return the first row that keeps a column of numbers from being one."""
    import pandas as pd

    if (here, there) != ("text", "number"):
        return ""
    values = pd.to_numeric(series, errors="coerce")
    stray = (values.isna() & series.notna()).to_numpy().nonzero()[0]
    return f" (row {int(stray[0])} is the first that is no number)" if len(stray) else ""


def _check_arrays(rows: Dataset, shown: str, reference: Dataset, reference_shown: str) -> None:
    if rows.x.shape[1:] != reference.x.shape[1:]:
        raise UnusableInput(
            f"{shown}: rows have the shape {rows.x.shape[1:]} and in {reference_shown} "
            f"{reference.x.shape[1:]}; give both the same shape"
        )
    if rows.x.dtype.kind != reference.x.dtype.kind:
        raise UnusableInput(
            f"{shown}: values are {rows.x.dtype} and in {reference_shown} {reference.x.dtype}, so they may be scaled "
            "differently; give both the same type"
        )
