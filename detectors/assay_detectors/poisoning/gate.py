"""May labels be compared at all? Only where training inputs are like trusted ones, given the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.stats.estimate import Unresolved
from assay.stats.exchangeable import Gate, exchangeability
from assay_detectors.poisoning.suspicion import Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def told_apart(
    inputs: NDArray[np.float64], rows: Rows, near: NDArray[np.bool_], seed: int, max_shift: float
) -> str | None:
    """Say why labels cannot be compared: blind classifiers tell training inputs from trusted ones. None: they can.

    Two questions, and both must be answered with yes. Do the inputs differ? A share s of rows unlike all others cannot
    give a classifier an AUC above 0.5 + s / 2, so a certain AUC above 0.5 + max_shift / 2 means that more of the rows
    do. And do they still where both sides hold each class equally often? If not, the classes alone are mixed otherwise,
    and the test, made within each label, is exact. Wrong labels alone change no input, so they never get past the
    first question; augmentation, drift and another origin get past both.

    Args:
        inputs: what the classifiers see, shape (n, d).
        rows: labels, and which rows are trusted, shape (n,).
        near: which rows take part, shape (n,).
        seed: of draws and classifiers.
        max_shift: share of training rows that may differ.
    """
    differ = _low(inputs, rows.trusted, near, seed)
    if differ is None or differ <= 0.5 + max_shift / 2:
        return None
    within = _low(inputs, rows.trusted, near & _alike_in_classes(rows, near, seed), seed)
    if within is not None and within <= 0.5:
        return None
    told = (
        "and there are too few rows to tell whether only the classes are mixed otherwise"
        if within is None
        else "and not only because the classes are mixed otherwise: by augmentation, drift or another origin"
    )
    return (
        f"the inputs of {2 * differ - 1:.0%} or more of the training rows differ from the trusted ones, {told}; give "
        "trusted rows that were made as the training rows were"
    )


def _low(inputs: NDArray[np.float64], trusted: NDArray[np.bool_], kept: NDArray[np.bool_], seed: int) -> float | None:
    """Return the AUC that blind classifiers certainly have; None with too few rows to say."""
    found: Gate | Unresolved = exchangeability(inputs[kept & ~trusted], inputs[kept & trusted], seed=seed)
    return None if isinstance(found, Unresolved) else found.auc.interval.low or 0.0


def _alike_in_classes(rows: Rows, near: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Return rows drawn such that each class has the same share on both sides, as many as there are, shape (n,)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    ratio = (near & ~rows.trusted).sum() / (near & rows.trusted).sum()
    kept = np.zeros(len(rows.labels), dtype=np.bool_)
    for code in range(rows.classes):
        tested, trusted = (
            np.flatnonzero((rows.labels == code) & near & side) for side in (~rows.trusted, rows.trusted)
        )
        kept[rng.permutation(tested)[: round(ratio * len(trusted))]] = True
        kept[rng.permutation(trusted)[: round(len(tested) / ratio)]] = True
    return kept
