"""Do tested rows hold more wrong labels than trusted ones? A score test whose null holds exactly, by exchangeability.

Every row, trusted or tested, has a score of strangeness under its own label, and scores that wrong labels would have
given it. The likelihood ratio of "wrong" against "as it is" is estimated from these two distributions by isotonic
regression, from all rows alike; the evidence of a row is log(1 + share * (ratio - 1)), the log-likelihood of a small
share of wrong labels. If the tested rows are clean, trusted and tested rows of one label are exchangeable, so the sum
of the trusted rows' evidence is that of a random draw of as many rows of each label: the p-value is exact (a stratified
permutation test, Pitman 1937; locally most powerful for the estimated ratio, Neyman and Pearson 1933), and a label may
be more frequent here than there. Removing the strangest tested
rows until nothing is left to see bounds their number from below.

Against the excess of conformal p-values (`assay.stats.conformal.excess`), which counts beyond three fixed cuts, it
uses the whole distribution: docs/adr/0014. Assumes that scores are computed alike for trusted and tested rows, no row
having a part in its own prediction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.stats.checks import fraction, sample
from assay.stats.curve import interval, saved
from assay.stats.estimate import Estimate, Unresolved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

SHARE = 0.02
"""Share of wrong labels for which the test is made; others are found as well."""
DRAWS = 20_000
"""Permutations: the smallest p-value is 1 / 20,001."""
LEAST = 4
"""Trusted rows, and tested rows, below which nothing is tested."""
_RATIO = 1e4
"""Largest likelihood ratio of one row."""
_STEP = 1.12
"""Factor between the numbers of rows that are removed in turn."""


@dataclass(frozen=True, eq=False)
class Contest:
    """Trusted against tested rows under one score."""

    evidence: NDArray[np.float64]
    """Of each row, shape (n,): log-likelihood ratio of a small share of wrong labels."""
    trusted: NDArray[np.bool_]
    wrong: NDArray[np.float64]
    """Evidence that trusted rows would give with wrong labels, shape (m,)."""
    strata: NDArray[np.int64]
    """Label of each row, shape (n,): rows are exchanged within one label only."""
    seed: int
    draws: int = DRAWS
    _known: dict[int, float] = field(default_factory=dict)

    @property
    def p_value(self) -> float:
        """Return the p-value of 'the tested rows are like the trusted ones'."""
        return self._without(0)

    @property
    def share(self) -> float:
        """Return the share of wrong labels among the tested rows, if these fall at random; at least 0."""
        import numpy as np

        chance, total, above = _posterior(self.evidence), 0, 0.0
        for label in np.unique(self.strata[self.trusted]):
            mine = self.strata == label
            tested = chance[mine & ~self.trusted]
            above += float((tested - chance[mine & self.trusted].mean()).sum())
            total += tested.size
        high = float(_posterior(self.wrong).mean()) - float(chance[self.trusted].mean())
        return max(0.0, above / total / high) if total and high > 0 else 0.0

    def chances(self, share: float) -> NDArray[np.float64]:
        """Return for each row how probably its label is wrong, where a share of the tested labels is; shape (n,).

        The ratio is against all rows, wrong ones among them, so Bayes' rule is a product.
        """
        import numpy as np

        ratio = np.maximum((np.exp(self.evidence) - 1) / SHARE + 1, 0.0)
        return np.asarray(np.minimum(1.0, share * ratio), dtype=np.float64)

    def least(self, tail: float) -> int:
        """Return a number of wrong rows that is too large with probability at most `tail`."""
        tested = int((~self.trusted).sum())
        count, found = 0, 0
        while count < tested and self._without(count) <= tail:
            found = count + 1
            count = max(count + 1, math.floor(count * _STEP))
        return min(found, tested)

    def power(self, share: float, alpha: float) -> float:
        """Return about how often p <= alpha for such a share of wrong labels, by drawing from the trusted rows.

        Wrong labels spoil predictions too: plant them among the tested rows, at this share, before the scores are
        computed; otherwise the answer is too good where the share is large.

        Args:
            share: of wrong labels among the tested rows, in (0, 1).
            alpha: error rate of the test.
        """
        import numpy as np

        if alpha < 1 / (self.draws + 1):  # no p-value can be so small
            return 0.0
        clean, bad = self.evidence[self.trusted], self.wrong
        values, where = np.unique(np.concatenate([clean, bad]), return_inverse=True)
        pure = np.bincount(where[: clean.size], minlength=values.size) / clean.size
        foul = np.bincount(where[clean.size :], minlength=values.size) / bad.size
        n, m = clean.size, int((~self.trusted).sum())
        pooled = np.rint((n + m * (1 - share)) * pure + m * share * foul).astype(np.int64)
        rng = np.random.default_rng(self.seed)
        draws = int(min(max(4000, 40 / alpha), 100_000))
        null = np.sort(rng.multivariate_hypergeometric(pooled, min(n, int(pooled.sum())), size=draws) @ values)
        rank = math.floor(alpha * draws)
        if rank < 1:
            return 0.0
        critical = null[rank - 1]
        if np.searchsorted(null, critical + 1e-9, side="right") > alpha * draws * (1 + 1e-9):
            below = null[null < critical - 1e-9]  # many draws tie: the critical value is the next lower one
            if not below.size:
                return 0.0
            critical = below[-1]
        seen = rng.multinomial(n, pure, size=4000) @ values
        return float((seen <= critical + 1e-9).mean())

    def _without(self, removed: int) -> float:
        """Return the p-value when the `removed` tested rows with most evidence are left out."""
        import numpy as np

        if removed not in self._known:
            tested = np.flatnonzero(~self.trusted)
            order = tested[np.argsort(self.evidence[tested], kind="stable")]
            kept = np.concatenate([np.flatnonzero(self.trusted), order[: order.size - removed]])
            parts = self.evidence[kept], self.trusted[kept], self.strata[kept]
            self._known[removed] = _permuted(*parts, self.draws, self.seed)
        return self._known[removed]


def contest(
    own: ArrayLike,
    trusted: ArrayLike,
    wrong: ArrayLike,
    wrong_trusted: ArrayLike,
    *,
    seed: int,
    strata: ArrayLike | None = None,
    draws: int = DRAWS,
) -> Contest | Unresolved:
    """Return the contest of trusted against tested rows.

    Args:
        own: strangeness of each row under its label, shape (n,); higher is stranger.
        trusted: which rows are trusted, shape (n,), bool; the others are tested.
        wrong: strangeness under wrong labels, of all rows alike, shape (m,).
        wrong_trusted: which of these belong to trusted rows, shape (m,), bool.
        seed: of the permutations.
        strata: label of each row, shape (n,); None where all have the same.
        draws: permutations; the smallest p-value is 1 / (draws + 1).

    Returns:
        The contest, or `Unresolved` with fewer than 4 trusted or tested rows.

    Raises:
        ValueError: shapes that do not fit, values that are not finite.
    """
    import numpy as np

    scores, foul = sample(own, "own"), sample(wrong, "wrong")
    known, known_foul = np.asarray(trusted, dtype=np.bool_), np.asarray(wrong_trusted, dtype=np.bool_)
    labels = np.zeros(scores.size, np.int64) if strata is None else np.asarray(strata, dtype=np.int64)
    if known.shape != scores.shape or labels.shape != scores.shape or known_foul.shape != foul.shape:
        raise ValueError(f"masks have shapes {known.shape} and {known_foul.shape}, scores {scores.shape}, {foul.shape}")
    for rows, name in (
        (int(known.sum()), "trusted"),
        (int((~known).sum()), "tested"),
        (int(known_foul.sum()), "wrong"),
    ):
        if rows < LEAST:
            reason = f"a comparison of labels needs {LEAST} {name} rows, there are {rows}"
            return Unresolved(reason=reason, have=rows, needed=LEAST)
    ratio = _ratios(scores, foul)
    evidence, bad = (np.log1p(SHARE * (part - 1)) for part in (ratio[: scores.size], ratio[scores.size :]))
    return Contest(evidence, known, bad[known_foul], labels, seed, draws)


@dataclass(frozen=True, kw_only=True)
class Contamination:
    """What several contests over the same tested rows say together."""

    p_value: float
    share: Estimate
    """Share of the tested rows that are unlike the trusted ones; the high end is 1."""


def together(contests: Sequence[tuple[Contest, float]], level: float = 0.95) -> Contamination:
    """Return p-value and share over contests with weights that add up to at most 1 (weighted Bonferroni).

    Low end of the share: of the rows of this very file, no model of how labels became wrong; conservative. High end:
    wrong rows that look like clean ones cannot be excluded, so it is 1. Value: that of the contest with the highest
    low end; it takes wrong labels to fall at random.

    Raises:
        ValueError: no contest, weights that add up to more than 1, level outside (0, 1).
    """
    fraction(level, "level")
    if not contests or math.fsum(weight for _, weight in contests) > 1 + 1e-9:
        raise ValueError("give at least one contest, with weights that add up to at most 1")
    tested = int((~contests[0][0].trusted).sum())
    tail_here = (1 - level) / 2
    best = max(contests, key=lambda entry: (entry[0].least(tail_here * entry[1]), -entry[0].p_value / entry[1]))[0]

    def low(tail: float) -> float:
        return max(contest.least(tail * weight) for contest, weight in contests) / tested

    value = min(1.0, max(best.share, low(tail_here)))

    def bounds(tail: float) -> tuple[float, float]:
        return min(low(tail), value), 1.0

    return Contamination(
        p_value=min([1.0, *(contest.p_value / weight for contest, weight in contests)]),
        share=Estimate(
            value=value,
            interval=interval(bounds, level, "permutation-share", value),
            statistic=saved(bounds, level),
            n=tested,
            method=f"strangest rows removed until a permutation test sees none, scores={len(contests)} tested={tested}",
        ),
    )


def _posterior(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability that a row's label is wrong, at the share of the test: 1 - (1 - share) / e^evidence."""
    import numpy as np

    return np.asarray(1 - (1 - SHARE) * np.exp(-evidence), dtype=np.float64)


def _ratios(own: NDArray[np.float64], wrong: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the likelihood ratio of wrong against own at each score, non-decreasing in the score."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    scores = np.concatenate([own, wrong])
    is_wrong = np.concatenate([np.zeros(own.size), np.ones(wrong.size)])
    weights = np.concatenate([np.full(own.size, 1 / own.size), np.full(wrong.size, 1 / wrong.size)])
    chance = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, is_wrong, weights).predict(scores)
    return np.asarray(chance / np.maximum(1 - chance, 1 / _RATIO), dtype=np.float64)


def _permuted(
    evidence: NDArray[np.float64], trusted: NDArray[np.bool_], strata: NDArray[np.int64], draws: int, seed: int
) -> float:
    """Return the p-value of the trusted rows having so little evidence, among random draws of as many of each label."""
    import numpy as np

    rng = np.random.default_rng(seed)
    drawn, observed = np.zeros(draws), 0.0
    for label in np.unique(strata):
        mine = strata == label
        count = int((mine & trusted).sum())
        if count == 0:
            continue
        values, where = np.unique(evidence[mine], return_inverse=True)
        observed += float(evidence[mine & trusted].sum())
        if values.size == 1 or count == int(mine.sum()):
            drawn += float(values @ np.bincount(where)) * count / int(mine.sum())
            continue
        drawn += rng.multivariate_hypergeometric(np.bincount(where), count, size=draws) @ values
    slack = 1e-9 * max(1.0, abs(observed))
    return float(1 + (drawn <= observed + slack).sum()) / (draws + 1)
