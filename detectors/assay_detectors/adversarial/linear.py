"""Linear models exactly: the worst change within the budget in closed form, no search and no gradient.

The score of a class is affine in the numbers that may move, so the margin against another class is least at a corner
of the box (L-infinity), or on the sphere cut by the box (L2; water-filling). What the transformers of a pipeline make
of a number is measured by moving it, and believed only where the types of all steps are affine and random moves agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay_detectors.adversarial.threat import Space

    Floats = NDArray[np.float64]

CLASSIFIERS = frozenset(
    {
        "LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "Perceptron", "PassiveAggressiveClassifier",
        "RidgeClassifier", "RidgeClassifierCV", "LinearSVC", "LinearDiscriminantAnalysis",
    }
)  # fmt: skip
"""Classifiers of scikit-learn whose decision is affine in what they are given."""
AFFINE = frozenset(
    {
        "StandardScaler", "MaxAbsScaler", "RobustScaler", "PCA", "TruncatedSVD", "VarianceThreshold", "SelectKBest",
        "SelectPercentile", "SelectFromModel", "RFE", "SimpleImputer",
    }
)  # fmt: skip
"""Transformers that are affine in numbers without gaps."""
_CHECKS = 16
"""Rows that are moved at random to see whether the scores move as computed."""
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Worst:
    """The worst change of each row."""

    values: Floats
    """Shape (n, d)."""
    margin: Floats
    """Score of the row's class less that of the best other one, after the change; shape (n,)."""


def linear_reason(estimator: Any) -> str | None:
    """Return why the estimator is not known to be linear, or None where every step of it is."""
    name = type(estimator).__name__
    if not type(estimator).__module__.startswith("sklearn."):
        return f"{name} is not of scikit-learn"
    if name == "Pipeline":
        for _, step in estimator.steps[:-1]:
            if (reason := _affine_reason(step)) is not None:
                return reason
        return linear_reason(estimator.steps[-1][1])
    return None if name in CLASSIFIERS else f"{name} is not linear"


def _affine_reason(step: Any) -> str | None:
    name = type(step).__name__
    if step is None or step in ("passthrough", "drop"):
        return None
    if not type(step).__module__.startswith("sklearn."):
        return f"{name} is not of scikit-learn"
    if name == "Pipeline":
        return next((reason for _, inner in step.steps if (reason := _affine_reason(inner)) is not None), None)
    if name == "ColumnTransformer":
        parts = [inner for key, inner, _ in step.transformers_ if key != "remainder" or not isinstance(inner, str)]
        return next((reason for inner in parts if (reason := _affine_reason(inner)) is not None), None)
    if name == "FunctionTransformer" and step.func is None:
        return None  # what ColumnTransformer makes of `passthrough`
    if name in AFFINE or name in ("OneHotEncoder", "OrdinalEncoder"):
        return None  # an encoder of a number that moves is found out by moving it
    if name == "MinMaxScaler":
        return "MinMaxScaler cuts off" if step.clip else None
    return f"{name} is not affine"


def slopes(model: Any, found: Space, seed: int) -> Floats | str:
    """Return the change of each class score per raw unit of each number, shape (classes, d), or why there is none.

    Args:
        model: a `SklearnModel` whose estimator has no `linear_reason` against it.
        found: where rows may move.
        seed: of the random moves that check the result.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    whole_rows = np.flatnonzero(~np.isnan(found.values).any(axis=1))
    if not len(whole_rows):
        return "no row is without gaps"
    base = int(whole_rows[0])
    size = np.where(found.whole, np.maximum(1.0, np.rint(found.scale)), np.maximum(found.scale, 1e-12))
    moved = np.repeat(found.values[base : base + 1], found.width, axis=0) + np.diag(size)
    many = np.full(found.width, base, dtype=np.intp)
    start = _scores(model, found.rebuilt(np.array([base]), found.values[base : base + 1]))
    per_unit = ((_scores(model, found.rebuilt(many, moved)) - start) / size[:, None]).T
    rows = rng.integers(0, len(found.values), _CHECKS)
    shift = rng.uniform(-2, 2, (_CHECKS, found.width)) * size
    shift = np.where(found.whole, np.rint(shift), shift)
    shift = np.where(np.isnan(found.values[rows]), 0.0, shift)
    before = _scores(model, found.rebuilt(rows, found.values[rows]))
    after = _scores(model, found.rebuilt(rows, found.values[rows] + shift))
    error = np.abs(after - before - shift @ per_unit.T).max()
    if error > _TOLERANCE * max(1.0, float(np.abs(after - before).max())):
        return f"its scores do not move in a straight line (off by {error:.2g})"
    return np.asarray(per_unit, dtype=np.float64)


def worst(model: Any, found: Space, labels: NDArray[np.intp], per_unit: Floats) -> Worst:
    """Return the change of each row that takes its class furthest down against another one.

    Args:
        model: the model.
        found: rows and budget.
        labels: class of each row, as index into the model's own classes, shape (n,).
        per_unit: of `slopes`.
    """
    import numpy as np

    scores = _scores(model, found.form)
    n = len(labels)
    best, margin = found.values.copy(), np.full(n, np.inf)
    for other in range(scores.shape[1]):
        slope = per_unit[labels] - per_unit[other]
        slope = np.where(np.isnan(found.values), 0.0, slope)
        moved = _corner(found, slope) if found.norm == "linf" else _sphere(found, slope)
        step = np.where(np.isnan(found.values), 0.0, moved - found.values)
        after = scores[np.arange(n), labels] - scores[:, other] + (slope * step).sum(axis=1)
        better = (labels != other) & (after < margin)
        best[better], margin[better] = moved[better], after[better]
    return Worst(best, margin)


def _corner(found: Space, slope: Floats) -> Floats:
    import numpy as np

    return np.asarray(np.where(slope > 0, found.low, np.where(slope < 0, found.high, found.values)))


def _sphere(found: Space, slope: Floats) -> Floats:
    """Return the point of the L2 ball, cut by the box, at which the slope leads down furthest."""
    import numpy as np

    scale = np.where(found.scale > 0, found.scale, 1.0)
    down = -slope * scale**2
    size = np.linalg.norm(slope * scale, axis=1)
    reach = found.eps * found.scale  # beyond the box of declared bounds, the ball itself bounds each number
    low, high = np.maximum(found.low, found.values - reach), np.minimum(found.high, found.values + reach)
    short, long = np.zeros(len(slope)), np.where(size > 0, found.eps / np.where(size > 0, size, 1.0), 0.0)

    def at(factor: Floats) -> Floats:
        return np.asarray(np.clip(found.values + factor[:, None] * down, low, high))

    def length(factor: Floats) -> Floats:
        return np.asarray(np.linalg.norm(np.nan_to_num((at(factor) - found.values) / scale), axis=1))

    for _ in range(40):  # numbers that meet a bound leave budget to the others
        long = np.where(length(long) < found.eps * (1 - 1e-9), long * 2, long)
    for _ in range(60):
        middle = (short + long) / 2
        inside = length(middle) <= found.eps
        short, long = np.where(inside, middle, short), np.where(inside, long, middle)
    return at(short)


def _scores(model: Any, x: Any) -> Floats:
    """Return one score for each class, shape (n, classes)."""
    import numpy as np

    raw = np.asarray(model.decisions(x), dtype=np.float64)
    return np.stack([np.zeros(len(raw)), raw], axis=1) if raw.ndim == 1 else raw
