"""Scores of membership from probabilities alone: no model, no data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

A = 0.3
"""How much a reference gains by having seen a row: the one parameter of RMIA, fixed; with two references it cannot be
chosen by looking (a pair picks a bad value)."""


def rmia(target: Floats, references: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return the likelihood ratio of membership for each row, shape (n,); higher means member.

    Both-sides RMIA: of a reference that has seen the row, its probability is brought down to what it would be without;
    their mean, brought up for the chance that a row is a member, stands for the probability under all models
    (Zarifzadeh, Liu and Shokri 2024, with privacy_meter's rule for one model applied to each).

    Args:
        target: probability that the model gives the row's label, shape (n,).
        references: the same of each reference, shape (k, n).
        seen: which references were trained on which rows, shape (k, n).
    """
    import numpy as np

    without = np.where(seen, np.maximum(0.0, (references + A - 1) / A), references)
    expected = ((1 + A) * without.mean(axis=0) + 1 - A) / 2
    return np.asarray(target / expected, dtype=np.float64)
