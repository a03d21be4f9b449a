"""Tested rows against trusted ones, by the strangeness of their labels: of all rows, and class by class.

Three scores over the same tested rows. `consistency`: each row predicted from all others; for scattered wrong labels,
and blind to honest augmentation, which brings its own neighbours. Two `reference` scores: each half of the trusted rows
predicts, and the other half is compared; no trigger is learnt there, so rows that share one stand out. Augmented rows
would too: these scores serve only where few training rows lie away from the trusted ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.stats.conformal import conformal_p_values, outlier_share
from assay.stats.contamination import Contest, contest
from assay.stats.estimate import Unresolved
from assay_detectors.poisoning.predict import LeaveOneOut, Reference, surprise
from assay_detectors.poisoning.spec import SHARES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

LEAST_REFERENCE = 30
"""Trusted rows of a half without which it predicts nothing."""
NEAR = 0.9
"""Share of the trusted rows that stay where training rows lie away from them."""
_MOST_WRONG = 200_000
"""Scores of wrong labels that are used; more are drawn at random."""


@dataclass(frozen=True)
class Rows:
    """Tested and trusted rows below each other."""

    inputs: Floats
    labels: Codes
    trusted: NDArray[np.bool_]
    classes: int
    seed: int


@dataclass(frozen=True)
class Score:
    """The strangeness of every label at every row of one comparison."""

    strange: Floats
    """Shape (n, classes)."""
    labels: Codes
    trusted: NDArray[np.bool_]

    def contest(self, seed: int, of_class: int | None = None) -> Contest | Unresolved:
        """Return trusted against tested rows, of all rows or of those with the label `of_class`."""
        import numpy as np

        n, classes = self.strange.shape
        if of_class is None:
            other = np.ones((n, classes), dtype=np.bool_)
            other[np.arange(n), self.labels] = False
            rows, columns = np.nonzero(other)
            own, trusted = self.strange[np.arange(n), self.labels], self.trusted
        else:
            mine = self.labels == of_class
            if not mine.any():
                return Unresolved(reason="the class has no row", have=0, needed=1)
            rows = np.flatnonzero(~mine)
            columns = np.full(len(rows), of_class)
            own, trusted = self.strange[mine, of_class], self.trusted[mine]
        if len(rows) > _MOST_WRONG:
            some = np.sort(np.random.default_rng(seed).permutation(len(rows))[:_MOST_WRONG])
            rows, columns = rows[some], columns[some]
        strata = self.labels if of_class is None else None
        return contest(own, trusted, self.strange[rows, columns], self.trusted[rows], seed=seed, strata=strata)


class Suspicion:
    """All scores of one set of rows; what does not hang on labels is kept."""

    def __init__(self, rows: Rows) -> None:
        import numpy as np

        self._rows = rows
        self._near = np.ones(len(rows.labels), dtype=np.bool_)
        self._leave_one_out = LeaveOneOut(rows.inputs, rows.seed)
        trusted = np.random.default_rng(rows.seed).permutation(np.flatnonzero(rows.trusted))
        halves = [np.sort(trusted[0::2]), np.sort(trusted[1::2])]
        self._halves: list[tuple[Reference, Codes, Codes]] = []
        if len(trusted) >= 2 * LEAST_REFERENCE:
            for reference, other in (halves, halves[::-1]):
                kept = np.sort(np.concatenate([np.flatnonzero(~rows.trusted), other]))
                self._halves.append((Reference(rows.inputs, reference, rows.seed), reference, kept))

    def drop_reference(self) -> None:
        """Compare by consistency alone from now on."""
        self._halves = []

    def unlike(self, max_share: float) -> float | None:
        """Where more than `max_share` of the tested rows lie away from the trusted ones, judge by the others alone.

        Then the reference scores are dropped, and rows as far from trusted rows as few of these are from each other
        take no part, trusted or not: a rule that looks at inputs alone, never at labels.

        Returns:
            The share that is certain to lie away (`assay.stats.conformal.outlier_share` of the distances), or None.
        """
        import numpy as np

        if not self._halves:
            return None
        trusted = self._rows.trusted
        far = np.where(
            np.random.default_rng(self._rows.seed + 1).random(len(trusted)) < 0.5,
            self._halves[0][0].distance,
            self._halves[1][0].distance,
        )  # a tested row is compared with one half, drawn by lot, as a trusted row is with the other half
        for predictor, reference, kept in self._halves:
            others = np.setdiff1d(kept[trusted[kept]], reference)
            far[others] = predictor.distance[others]
        found = outlier_share(conformal_p_values(far[trusted], far[~trusted]), int(trusted.sum()))
        least = 0.0 if isinstance(found, Unresolved) else found.interval.low or 0.0
        if least <= max_share:
            return None
        self._near = far <= np.quantile(far[trusted], NEAR)
        self.drop_reference()
        return least

    @property
    def near(self) -> NDArray[np.bool_]:
        """Return which rows take part, shape (n,)."""
        return self._near

    @property
    def compared(self) -> int:
        """Return how many tested rows take part."""
        return int((self._near & ~self._rows.trusted).sum())

    @property
    def has_reference(self) -> bool:
        """Say whether trusted halves were compared too."""
        return bool(self._halves)

    def consistency(self, labels: Codes) -> Score:
        """Return the leave-one-out score under `labels`, shape (n,)."""
        strange = surprise(self._leave_one_out.probabilities(labels, self._rows.classes))
        return Score(strange[self._near], labels[self._near], self._rows.trusted[self._near])

    def scores(self) -> list[tuple[Score, Codes]]:
        """Return every score, with the rows that it is about."""
        import numpy as np

        rows = self._rows
        found = [(self.consistency(rows.labels), np.flatnonzero(self._near))]
        for predictor, reference, kept in self._halves:
            strange = surprise(predictor.probabilities(rows.labels[reference], rows.classes))[kept]
            found.append((Score(strange, rows.labels[kept], rows.trusted[kept]), kept))
        return found

    def likely(self) -> Codes:
        """Return the class that each row's inputs speak for most, other than its label, shape (n,)."""
        import numpy as np

        rows = self._rows
        chance = self._leave_one_out.probabilities(rows.labels, rows.classes).copy()
        for predictor, reference, _ in self._halves:
            chance += predictor.probabilities(rows.labels[reference], rows.classes)
        chance[np.arange(len(rows.labels)), rows.labels] = -1.0
        return np.asarray(chance.argmax(axis=1), dtype=np.int64)

    def planted(self, share: float) -> Score:
        """Return the leave-one-out score after a share of the tested rows got random wrong labels."""
        import numpy as np

        rows = self._rows
        rng = np.random.default_rng([rows.seed, round(share * 1e6)])
        tested = np.flatnonzero(~rows.trusted)
        chosen = rng.permutation(tested)[: max(1, round(share * len(tested)))]
        labels = rows.labels.copy()
        labels[chosen] = (labels[chosen] + rng.integers(1, rows.classes, len(chosen))) % rows.classes
        return self.consistency(labels)


def detectable(
    suspicion: Suspicion, scopes: list[tuple[int | None, float]], seed: int, power: float
) -> list[float | None]:
    """Return for each scope (class or None for all, alpha) the smallest planted share that is seen with that power.

    Found by experiment: wrong labels are planted among the tested rows, and everything is computed again.
    """
    found: list[float | None] = [None] * len(scopes)
    for share in SHARES:
        left = [index for index, smallest in enumerate(found) if smallest is None]
        if not left:
            break
        score = suspicion.planted(share)
        for index in left:
            of_class, alpha = scopes[index]
            tried = score.contest(seed, of_class)
            weight = 0.5 if suspicion.has_reference else 1.0
            if isinstance(tried, Contest) and tried.power(share, alpha * weight) >= power:
                found[index] = share
    return found
