"""The threat model: how far an attacker may move which numbers of a row.

A budget `eps` counts in units of each number: `range` (of the declared bounds), `sd` (standard deviations of the test
data) or `raw`. Whole numbers stay whole (L-infinity), declared bounds hold, categories, missing values and immutable
columns stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.wording import rows_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GREY, COLOUR, TABLE = 0.1, 8 / 255, 0.1
"""Budgets where none is asked for: images of one channel (Wong and Kolter 2018), of colours (RobustBench), tables."""


@dataclass(frozen=True)
class Threat:
    """What a rule asks for; `eps` 0 and unit `auto` mean what is usual for the kind of data."""

    norm: str
    """`linf` or `l2`."""
    eps: float = 0.0
    unit: str = "auto"


@dataclass(frozen=True)
class Space:
    """The rows that are attacked, as numbers that may move, and how far."""

    form: Any
    """The rows as they came: a DataFrame, or an array (n, ...)."""
    names: tuple[str, ...]
    """Columns that may move; empty for arrays, where all numbers may."""
    values: Floats
    """Shape (n, d)."""
    low: Floats
    """Lowest value that each number may take, shape (n, d)."""
    high: Floats
    scale: Floats
    """Raw size of one unit of eps for each number, shape (d,)."""
    whole: NDArray[np.bool_]
    """Numbers that stay whole, shape (d,)."""
    inside: NDArray[np.bool_]
    """Rows that keep to the declared bounds, shape (n,)."""
    norm: str
    eps: float
    unit: str

    @property
    def width(self) -> int:
        """Return how many numbers of a row may move."""
        return int(self.values.shape[1])

    def rebuilt(self, rows: NDArray[np.intp], values: Floats) -> Any:
        """Return these rows in their own form with other values, shape (len(rows), d)."""
        import numpy as np

        if self.names:
            frame = self.form.iloc[rows].copy()
            for column, name in enumerate(self.names):
                kind = frame[name].dtype
                moved = np.rint(values[:, column]) if self.whole[column] else values[:, column]
                frame[name] = moved.astype(kind) if self.whole[column] else moved
            return frame
        moved = np.where(self.whole, np.rint(values), values) if self.whole.any() else values
        return moved.reshape((len(rows), *self.form.shape[1:])).astype(self.form.dtype)


def space(data: Any, rows: NDArray[np.intp], manifest: dict[str, Any], threat: Threat, shown: str) -> Space:
    """Return the space in which `rows` of the test data may be moved.

    Args:
        data: features of all test rows, for their standard deviation.
        rows: indices of those that are attacked.
        manifest: as plain data.
        threat: the budget.
        shown: name of the file, for sentences.

    Raises:
        UnusableInput: bounds that leave no width.
    """
    return (
        _of_table(data, rows, manifest, threat, shown)
        if hasattr(data, "columns")
        else _of_array(data, rows, manifest, threat, shown)
    )


def outside(found: Space, rows: NDArray[np.intp], shown: str) -> str | None:
    """Return a sentence about rows that break the declared bounds, or None where all keep to them."""
    import numpy as np

    broken = np.flatnonzero(~found.inside)
    if not len(broken):
        return None
    where = rows_at(rows[broken])
    return f"{shown}: {where} outside the declared bounds, and so not attacked; correct the bounds or the rows"


def _of_array(data: Any, rows: NDArray[np.intp], manifest: dict[str, Any], threat: Threat, shown: str) -> Space:
    import numpy as np

    part = data[rows]
    values = part.reshape(len(rows), -1).astype(np.float64)
    declared = manifest["inputs"]["bounds"]
    image, whole = data.ndim > 2, data.dtype.kind in "iu"
    unit = threat.unit if threat.unit != "auto" else ("range" if image or declared else "sd")
    eps = threat.eps or (TABLE if not image else COLOUR if data.ndim == 4 and data.shape[3] == 3 else GREY)
    if declared:
        floor, top = map(float, declared)
    elif data.dtype == np.uint8:
        floor, top = 0.0, 255.0
    else:
        floor, top = (float(data.min()), float(data.max())) if image else (-np.inf, np.inf)
    ends = (floor, top) if np.isfinite(top - floor) else (float(data.min()), float(data.max()))
    if unit == "range" and not ends[1] > ends[0]:
        raise UnusableInput(
            f"{shown}: the inputs have a range without width ({ends[0]:g} to {ends[1]:g}); set inputs.bounds"
        )
    size = {"range": np.full(values.shape[1], ends[1] - ends[0]), "raw": np.ones(values.shape[1])}
    scale = size[unit] if unit in size else data.reshape(len(data), -1).astype(np.float64).std(axis=0)
    low, high, free = _of_columns(manifest, data, floor, top)
    scale = np.where(free, scale, 0.0)
    inside = ((values >= low - 1e-9) & (values <= high + 1e-9)).all(axis=1)
    kinds = np.full(values.shape[1], whole)
    _check_whole(kinds, scale, threat.norm, shown)
    return _boxed(part, (), values, scale, kinds, (low, high), inside, threat.norm, eps, unit)


def _of_columns(manifest: dict[str, Any], data: Any, floor: float, top: float) -> tuple[Floats, Floats, Any]:
    """Return lower and upper bounds of each number of a row, and whether it may change, by what the manifest says."""
    import numpy as np

    width = int(np.prod(data.shape[1:]))
    low, high, free = np.full(width, floor), np.full(width, top), np.ones(width, dtype=np.bool_)
    names = (manifest.get("io") or {}).get("columns") or []
    if data.ndim == 2 and len(names) == width:
        for at, name in enumerate(names):
            told = manifest["columns"].get(name, {})
            low[at], high[at] = told.get("bounds") or (floor, top)
            free[at] = not told.get("immutable")
    return low, high, free


def _check_whole(whole: Any, scale: Floats, norm: str, shown: str) -> None:
    """Refuse a budget of L2 for whole numbers, whose nearest allowed values may lie beyond it."""
    if norm == "l2" and (whole & (scale > 0)).any():
        raise UnusableInput(
            f"{shown}: whole numbers cannot be changed by a budget of L2; set norm: linf, or give floats"
        )


def _of_table(data: Any, rows: NDArray[np.intp], manifest: dict[str, Any], threat: Threat, shown: str) -> Space:
    import numpy as np
    from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

    columns, general = manifest["columns"], manifest["inputs"]["bounds"]
    names = tuple(
        str(name)
        for name in data.columns
        if is_numeric_dtype(data[name].dtype)
        and not is_bool_dtype(data[name].dtype)
        and not columns.get(str(name), {}).get("immutable")
    )
    part = data.iloc[rows].reset_index(drop=True)
    every = data[list(names)].to_numpy(dtype=np.float64, na_value=np.nan).reshape(len(data), len(names))
    bounds = np.array(
        [columns.get(name, {}).get("bounds") or general or (-np.inf, np.inf) for name in names], np.float64
    )
    bounds = bounds.reshape(len(names), 2)
    unit = threat.unit if threat.unit != "auto" else "sd"
    if unit == "range":
        seen = np.array([np.nanmin(every, axis=0), np.nanmax(every, axis=0)]).T.reshape(len(names), 2)
        ends = np.where(np.isfinite(bounds), bounds, seen)
        scale = ends[:, 1] - ends[:, 0]
    else:
        scale = np.nanstd(every, axis=0) if unit == "sd" and len(names) else np.ones(len(names))
    whole = np.array([is_integer_dtype(data[name].dtype) for name in names], dtype=np.bool_)
    values = every[rows]
    gaps = np.isnan(values)
    inside = ((values >= bounds[:, 0] - 1e-9) & (values <= bounds[:, 1] + 1e-9) | gaps).all(axis=1)
    limits = (bounds[:, 0], bounds[:, 1])
    _check_whole(whole, scale, threat.norm, shown)
    return _boxed(part, names, values, scale, whole, limits, inside, threat.norm, threat.eps or TABLE, unit)


def _boxed(
    form: Any,
    names: tuple[str, ...],
    values: Floats,
    scale: Floats,
    whole: NDArray[np.bool_],
    limits: tuple[Any, Any],
    inside: NDArray[np.bool_],
    norm: str,
    eps: float,
    unit: str,
) -> Space:
    import numpy as np

    step = eps * scale
    if norm == "linf":
        step = np.where(whole, np.floor(step + 1e-9), step)
    low = np.maximum(values - step, np.minimum(limits[0], values))
    high = np.minimum(values + step, np.maximum(limits[1], values))
    if norm == "linf":
        low, high = np.where(whole, np.ceil(low - 1e-9), low), np.where(whole, np.floor(high + 1e-9), high)
    low, high = np.where(np.isnan(values), values, low), np.where(np.isnan(values), values, high)
    return Space(form, names, values, low, high, scale, whole, inside, norm, float(eps), unit)
