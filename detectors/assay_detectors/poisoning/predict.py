"""Label probabilities from inputs alone: votes of the nearest rows, and ridge regression on random features.

Two views of the same rows. `LeaveOneOut`: every row is predicted from all others; a poisoned row that resembles other
poisoned rows is believed. `Reference`: every row is predicted from reference rows alone, which nobody tampered with.
What does not hang on labels is computed once, so that other labels cost little.

Sources: ridge on random Fourier features, Rahimi and Recht (2007); leave-one-out in closed form, Allen (1974); votes
weighted by a Gaussian of the distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

NEIGHBOURS = 20
REFERENCE_NEIGHBOURS = 15
FEATURES = 1000
PENALTY = 1.0
NARROWNESS = 2.0
"""Inverse width of the kernel, in median squared distances."""
FAITH = 20.0
"""Weight of the votes against that of the classes' own frequency, 1."""
_BLOCK = 512
_SAMPLE = 500
"""Rows between which the median distance is taken."""


@dataclass(frozen=True)
class _Votes:
    """The nearest rows of each row, with their weights, shape (n, k)."""

    rows: Codes
    weights: Floats
    distance: Floats
    """Mean squared distance to them, shape (n,)."""

    def shares(self, labels: Codes, classes: int) -> Floats:
        """Return the share of the votes for each class, shape (n, classes)."""
        import numpy as np

        n = len(self.rows)
        found = np.zeros((n, classes))
        for column in range(self.rows.shape[1]):
            found[np.arange(n), labels[self.rows[:, column]]] += self.weights[:, column]
        return np.asarray(found / found.sum(axis=1, keepdims=True))


class LeaveOneOut:
    """Predict each row from all the others."""

    def __init__(self, rows: Floats, seed: int) -> None:
        """Prepare `rows`, shape (n, d)."""
        import numpy as np
        from scipy.linalg import cho_factor, solve_triangular

        self._votes = _nearest(rows, rows, min(NEIGHBOURS, len(rows) - 1), itself=True, relative=False)
        self._features = _random_features(rows, _scale(rows, seed), seed)
        gram = self._features.T @ self._features + PENALTY * np.eye(self._features.shape[1])
        self._factor = cho_factor(gram, lower=True)
        lower = np.tril(self._factor[0])
        self._leverage = (solve_triangular(lower, self._features.T, lower=True) ** 2).sum(axis=0)

    def probabilities(self, labels: Codes, classes: int) -> Floats:
        """Return the probability of each class for each row, shape (n, classes), its own label playing no part."""
        targets = _centred(labels, classes)
        fitted = self._features @ _solve(self._factor, self._features.T @ targets)
        left_out = (fitted - self._leverage[:, None] * targets) / (1 - self._leverage)[:, None]
        frequency = _frequency(labels, classes)
        votes = (FAITH * self._votes.shares(labels, classes) + frequency) / (FAITH + 1)
        return 0.5 * votes + 0.5 * _probable(left_out, _sharpness(left_out, labels), frequency)


class Reference:
    """Predict each row from reference rows alone.

    `distance`: of each row from the reference rows nearest to it, shape (n,); of reference rows themselves no use.
    """

    def __init__(self, rows: Floats, reference: Codes, seed: int) -> None:
        """Prepare `rows`, shape (n, d); `reference` are the indices of the reference rows among them."""
        import numpy as np
        from scipy.linalg import cho_factor, solve_triangular

        known = rows[reference]
        self._reference = reference
        self._votes = _nearest(rows, known, min(REFERENCE_NEIGHBOURS, len(known) - 1), itself=False, relative=True)
        self.distance = self._votes.distance
        self._features = _random_features(rows, _scale(known, seed), seed)
        inner = self._features[reference]
        self._factor = cho_factor(inner.T @ inner + PENALTY * np.eye(inner.shape[1]), lower=True)
        self._leverage = (solve_triangular(np.tril(self._factor[0]), inner.T, lower=True) ** 2).sum(axis=0)

    def probabilities(self, labels: Codes, classes: int) -> Floats:
        """Return the probability of each class for each row, shape (n, classes); `labels` of the reference rows."""
        targets = _centred(labels, classes)
        fitted = self._features @ _solve(self._factor, self._features[self._reference].T @ targets)
        inner = (fitted[self._reference] - self._leverage[:, None] * targets) / (1 - self._leverage)[:, None]
        frequency = _frequency(labels, classes)
        votes = (FAITH * self._votes.shares(labels, classes) + frequency) / (FAITH + 1)
        return 0.5 * votes + 0.5 * _probable(fitted, _sharpness(inner, labels), frequency)


def surprise(probabilities: Floats) -> Floats:
    """Return how strange each label would be at each row, shape (n, classes): -log p less its expectation.

    The expectation is the entropy of the row's own probabilities: an ambiguous row is no evidence, so that honest
    augmentation and drift, which make rows ambiguous, raise no alarm.
    """
    import numpy as np

    logs = np.log(probabilities)
    return np.asarray(-logs + (probabilities * logs).sum(axis=1, keepdims=True))


def _nearest(rows: Floats, among: Floats, k: int, *, itself: bool, relative: bool) -> _Votes:
    """Return the `k` rows of `among` nearest to each row.

    Args:
        rows: shape (n, d).
        among: shape (m, d).
        k: how many.
        itself: whether `among` is `rows`, and a row is no neighbour of itself.
        relative: whether weights fall with the distance beyond that of the nearest row, as for rows that all
            lie far away.
    """
    import numpy as np

    squares = (among * among).sum(axis=1)
    found, distances = np.empty((len(rows), k), np.int64), np.empty((len(rows), k))
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        apart = np.maximum((part * part).sum(axis=1)[:, None] + squares[None, :] - 2 * part @ among.T, 0.0)
        if itself:
            apart[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        near = np.argpartition(apart, k - 1, axis=1)[:, :k]
        order = np.lexsort((near, np.take_along_axis(apart, near, axis=1)), axis=1)
        near = np.take_along_axis(near, order, axis=1)
        found[start : start + len(part)] = near
        distances[start : start + len(part)] = np.take_along_axis(apart, near, axis=1)
    away = distances.mean(axis=1)
    if relative:
        distances = distances - distances[:, :1]
    weights = np.exp(-distances / (distances[:, k // 2 : k // 2 + 1] + 1e-12))
    return _Votes(found, np.maximum(weights, 1e-12), away)


def _scale(rows: Floats, seed: int) -> float:
    """Return the median squared distance between rows of a random sample."""
    import numpy as np

    some = np.random.default_rng(seed).permutation(len(rows))[:_SAMPLE]
    part = rows[some]
    squares = (part * part).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares[None, :] - 2 * part @ part.T, 0.0)
    middle = float(np.median(apart[~np.eye(len(part), dtype=np.bool_)]))
    return middle if middle > 0 else 1.0


def _random_features(rows: Floats, scale: float, seed: int) -> Floats:
    """Return random Fourier features of a Gaussian kernel, shape (n, FEATURES)."""
    import numpy as np

    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(rows.shape[1], FEATURES)) * np.sqrt(2 * NARROWNESS / scale)
    shifts = rng.uniform(0, 2 * np.pi, FEATURES)
    return np.asarray(np.sqrt(2 / FEATURES) * np.cos(rows @ directions + shifts))


def _centred(labels: Codes, classes: int) -> Floats:
    import numpy as np

    return np.asarray(np.eye(classes)[labels] - 1 / classes)


def _solve(factor: tuple[Floats, bool], right: Floats) -> Floats:
    import numpy as np
    from scipy.linalg import cho_solve

    return np.asarray(cho_solve(factor, right))


def _frequency(labels: Codes, classes: int) -> Floats:
    """Return the frequency of each class, none of them 0."""
    import numpy as np

    counts = np.bincount(labels, minlength=classes)
    return np.asarray((counts + 0.5) / (len(labels) + 0.5 * classes))


def _sharpness(scores: Floats, labels: Codes) -> float:
    """Return the factor of the scores under which a softmax fits the labels best; rows far off count little."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    def loss(log_factor: float) -> float:
        chance = _softmax(scores * np.exp(log_factor))[np.arange(len(labels)), labels]
        return -float(np.log(np.maximum(chance, np.exp(-5))).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(0.0, 5.0), method="bounded").x))


def _probable(scores: Floats, factor: float, frequency: Floats) -> Floats:
    return 0.98 * _softmax(scores * factor) + 0.02 * frequency


def _softmax(scores: Floats) -> Floats:
    import numpy as np

    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
