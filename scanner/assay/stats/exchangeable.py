"""The exchangeability gate: can the two groups be told apart without the model?

If a classifier that never saw the model tells members from non-members, an attack on the model cannot be read as
leakage (Das, Zhang and Tramèr 2024, arXiv 2406.16201). Rows are scored by a classifier fitted on other rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.stats.auc import auc
from assay.stats.checks import fraction
from assay.stats.estimate import Estimate, Unresolved
from assay.stats.power import detectable_auc

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

CLASSIFIERS = ("logistic", "forest")
LEAST = 25
"""Rows of each group without which a half has too few pairs."""
MOST = 4000
"""Rows of each group that are used; more are drawn at random."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Whether the groups look drawn from one population."""

    exchangeable: bool
    """False: the interval of the blind AUC lies above 0.5, and nothing that compares the groups is assessable."""
    reason: str
    auc: Estimate
    """Of the classifier, and the half, that tells them apart best."""
    classifier: str
    detectable: float | None
    """Smallest blind AUC that so many rows show at 80 % power: what 'exchangeable' may still hide."""


def exchangeability(
    members: ArrayLike,
    non_members: ArrayLike,
    *,
    seed: int,
    level: float = 0.95,
    classifiers: Sequence[str] = CLASSIFIERS,
) -> Gate | Unresolved:
    """Return whether blind classifiers, a logistic regression and a forest, tell the groups apart out of fold.

    Each half is scored by a classifier fitted on the other half; given that half its rows are independent, so the
    AUC's interval holds (`assay.stats.auc.auc`). The error is split over halves and classifiers: groups drawn from one
    population are called different at most in (1 - level) / 2 of the cases, up to the approximation. Pooling the folds
    of a cross-validation instead gave 7 % for 2.5 %, because classifiers that share rows err alike. Assumes that no
    row (nor its twin) is in both groups. Seeing no difference proves none: report `detectable` with it.

    Args:
        members: features (labels as further columns), shape (m, d); NaN stands for missing, and that it is missing
            is used as well.
        non_members: the same columns, shape (n, d).
        seed: of halves, draws and forest.
        level: of the intervals, together.
        classifiers: some of `CLASSIFIERS`; the forest costs most, and alone sees differences that are not monotone.

    Returns:
        The gate, or `Unresolved` with fewer than 25 rows in a group.

    Raises:
        ValueError: not two-dimensional, no columns, columns that differ, infinite values, level outside (0, 1),
            no classifier or an unknown one.
    """
    import numpy as np

    fraction(level, "level")
    for name in classifiers or [""]:
        if name not in CLASSIFIERS:
            raise ValueError(f"unknown classifier {name!r}; give some of {', '.join(CLASSIFIERS)}")
    first, second = _table(members, "members"), _table(non_members, "non_members")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"members have {first.shape[1]} columns, non_members {second.shape[1]}; give the same columns")
    fewest = min(len(first), len(second))
    if fewest < LEAST:
        reason = f"the exchangeability gate needs {LEAST} rows in each group, one has {fewest}"
        return Unresolved(reason=reason, have=fewest, needed=LEAST)
    rng = np.random.default_rng(seed)
    first, second = (rng.permutation(group)[:MOST] for group in (first, second))
    rows = _complete(np.concatenate([first, second]))
    member = np.arange(len(rows)) < len(first)
    half = np.concatenate([np.arange(len(first)) % 2, np.arange(len(second)) % 2])
    share = (1 - level) / len(classifiers) / 2
    found: list[tuple[str, Estimate]] = []
    for name in classifiers:
        for held in (half == 0, half == 1):
            classifier = (_forest(seed) if name == "forest" else _logistic()).fit(rows[~held], member[~held])
            scores = classifier.predict_proba(rows[held])[:, 1]
            found.append((name, auc(scores[member[held]], scores[~member[held]], level=1 - share)))
    name, best = max(found, key=lambda item: (item[1].interval.low or 0.0, item[1].value))
    return _gate(name, best, detectable_auc(len(first) // 2, len(second) // 2, share / 2))


def _gate(name: str, blind: Estimate, detectable: float | None) -> Gate:
    low, high = blind.interval.low or 0.0, blind.interval.high or 1.0
    apart = low > 0.5
    told = f"a {name} classifier that never saw the model has AUC {blind.value:.3f} [{low:.3f}, {high:.3f}]"
    smallest = "none" if detectable is None else f"{detectable:.3f}"
    reason = (
        f"{told}: the groups differ by themselves; draw both from one population, or re-weight them"
        if apart
        else f"{told}: no difference seen; smallest AUC that so many rows would show: {smallest}"
    )
    return Gate(exchangeable=not apart, reason=reason, auc=blind, classifier=name, detectable=detectable)


def _table(values: ArrayLike, name: str) -> NDArray[np.float64]:
    import numpy as np

    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"{name} has shape {table.shape}; give rows and columns, shape (n, d)")
    bad = np.argwhere(np.isinf(table))
    if len(bad):
        raise ValueError(f"{name} is infinite in row {bad[0][0]}, column {bad[0][1]}; give NaN for a missing value")
    return table


def _complete(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the columns standardized, gaps filled with 0, and a column that says where each gap was.

    Mean and deviation are those of both groups together: they know no group, so no half learns of the other's groups.
    """
    import numpy as np

    gaps = np.isnan(rows)
    some = gaps.any(axis=0)
    known = np.where(gaps, 0.0, rows)
    count = np.maximum((~gaps).sum(axis=0), 1)
    scale = np.maximum(np.abs(known).max(axis=0), 1e-300)
    known = known / scale
    mean = known.sum(axis=0) / count
    centred = np.where(gaps, 0.0, known - mean)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    filled = centred / np.where(deviation > 0, deviation, 1.0)
    return np.asarray(np.hstack([filled, gaps[:, some].astype(np.float64)]), dtype=np.float64)


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=200)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, min_samples_leaf=3, n_jobs=1, random_state=seed % 2**32)
