"""Refusals of input that no statistic can use: one sentence each, as ValueError."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def sample(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return `values` as float64 of shape (n,).

    Raises:
        ValueError: not one-dimensional, empty, or not all finite.
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; give one number per row, shape (n,)")
    if array.size == 0:
        raise ValueError(f"{name} is empty; give at least one row")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"{name} holds {array[bad[0]]} in row {bad[0]} ({bad.size} such rows); leave those rows out")
    return array


def counts(k: int, n: int) -> None:
    """Refuse what is no count of successes among trials.

    Raises:
        ValueError: n < 1, k < 0 or k > n.
    """
    if n < 1:
        raise ValueError(f"n = {n} trials say nothing about a proportion; give at least one")
    if not 0 <= k <= n:
        raise ValueError(f"k = {k} successes in n = {n} trials; k must lie between 0 and n")


def at_least(value: int, least: int, name: str) -> None:
    """Refuse a count that is too small.

    Raises:
        ValueError: `value` < `least`.
    """
    if value < least:
        raise ValueError(f"{name} = {value}; at least {least} needed")


def fraction(value: float, name: str) -> None:
    """Refuse what does not lie strictly between 0 and 1.

    Raises:
        ValueError: value <= 0, value >= 1 or NaN.
    """
    if math.isnan(value) or not 0.0 < value < 1.0:
        raise ValueError(f"{name} = {value}; it must lie strictly between 0 and 1")


def probability(value: float, name: str) -> None:
    """Refuse what does not lie between 0 and 1, ends included.

    Raises:
        ValueError: value < 0, value > 1 or NaN.
    """
    if math.isnan(value) or not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} = {value}; it must lie between 0 and 1")
