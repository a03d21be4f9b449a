"""AUC with its interval: the probability that a member scores above a non-member, ties counting half."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.stats.checks import fraction, sample
from assay.stats.curve import interval, saved
from assay.stats.estimate import Estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

FEW = 5
"""Fewer effective misorderings than this, min(m, n) * min(AUC, 1 - AUC): the normal approximation is not trusted."""
FEW_UNTIED = 10
"""Fewer rows of a group than this beside its most common placement (a yes-or-no score): nor is it there."""


@dataclass(frozen=True)
class _Part:
    """One AUC with its variance, before an interval is made of it."""

    auc: float
    by_members: float
    """Share of the variance that members cause."""
    by_others: float
    members: int
    others: int
    untied_members: int
    """Members whose placement is not the most common one; all but one where no scores tie."""
    untied_others: int

    @property
    def pairs(self) -> int:
        """Independent pairs that can be formed."""
        return min(self.members, self.others)


def auc(members: ArrayLike, non_members: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the AUC with its interval; higher scores should mean member.

    Interval: DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44) variance, which is that of Brunner and Munzel
    (2000), on the logit scale, with their t quantile. Where few pairs are misordered (`FEW`) or nearly all rows of a
    group tie (`FEW_UNTIED`), limits found by simulation (benchmarks/coverage.py): the exact one of
    Hoeffding (1963, JASA 58, sections 2 and 5), by which an AUC deviates no more than a mean of min(m, n) coins;
    it holds for every distribution and is wide. Assumes independent rows within and between the groups.

    Args:
        members: scores, shape (m,).
        non_members: scores, shape (n,).
        level: coverage.

    Raises:
        ValueError: a group empty, not of shape (n,), or not finite; level outside (0, 1).
    """
    return stratified_auc([(members, non_members)], level)


def stratified_auc(strata: Sequence[tuple[ArrayLike, ArrayLike]], level: float = 0.95) -> Estimate:
    """Return the AUC over pairs within strata (classes, sites), strata weighted by min(m, n); interval as in `auc`.

    Scores of different strata need not be comparable. Assumes independent strata: classes, sites. Not for the
    folds of a cross-validation, whose classifiers share rows: the interval is too narrow there (see `exchangeable`).

    Args:
        strata: pairs of scores, shapes (m_i,) and (n_i,).
        level: coverage.

    Raises:
        ValueError: no stratum, a group empty, not of shape (n,), or not finite; level outside (0, 1).
    """
    fraction(level, "level")
    if not strata:
        raise ValueError("there is no stratum; give at least one pair of members and non-members")
    parts = [_part(members, others) for members, others in strata]
    total = sum(part.pairs for part in parts)
    value = sum(part.auc * part.pairs for part in parts) / total
    weights = [part.pairs / total for part in parts]
    terms = [
        (weight**2 * variance, rows - 1)
        for weight, part in zip(weights, parts, strict=True)
        for variance, rows in ((part.by_members, part.members), (part.by_others, part.others))
    ]
    variance = sum(term for term, _ in terms)
    untied = min(sum(part.untied_members for part in parts), sum(part.untied_others for part in parts))
    few = total * min(value, 1 - value) < FEW or untied < FEW_UNTIED or variance <= 0
    few = few or any(part.pairs < 2 for part in parts)
    name = "hoeffding" if few else "delong-logit"

    def bounds(tail: float) -> tuple[float, float]:
        return _hoeffding(value, total, tail) if few else _logit(value, terms, tail)

    n = sum(part.members + part.others for part in parts)
    sizes = f"members={sum(part.members for part in parts)} non-members={sum(part.others for part in parts)}"
    return Estimate(
        value=value,
        interval=interval(bounds, level, name, value),
        statistic=saved(bounds, level),
        n=n,
        method=f"AUC, ties half, {name}, {sizes}, strata={len(parts)}",
    )


def _part(members: ArrayLike, others: ArrayLike) -> _Part:
    """Return the AUC of one stratum, from placements (Sun and Xu 2014): n log n, ties half."""
    import numpy as np

    x, y = sample(members, "members"), sample(others, "non_members")
    xs, ys = np.sort(x), np.sort(y)
    of_x = (np.searchsorted(ys, x, "left") + np.searchsorted(ys, x, "right")) / (2 * y.size)
    of_y = 1 - (np.searchsorted(xs, y, "left") + np.searchsorted(xs, y, "right")) / (2 * x.size)
    by_x = float(of_x.var(ddof=1)) / x.size if x.size > 1 else 0.0
    by_y = float(of_y.var(ddof=1)) / y.size if y.size > 1 else 0.0
    value = min(1.0, max(0.0, float(of_x.mean())))
    return _Part(
        auc=value,
        by_members=by_x,
        by_others=by_y,
        members=int(x.size),
        others=int(y.size),
        untied_members=_untied(of_x),
        untied_others=_untied(of_y),
    )


def _untied(placements: NDArray[np.float64]) -> int:
    import numpy as np

    return int(placements.size - np.unique(placements, return_counts=True)[1].max())


def _logit(value: float, terms: Sequence[tuple[float, int]], tail: float) -> tuple[float, float]:
    """Return the ends on the logit scale, with the degrees of freedom of Welch and Satterthwaite."""
    from scipy.special import stdtrit

    variance = sum(term for term, _ in terms)
    freedom = variance**2 / sum(term**2 / rows for term, rows in terms)
    middle = math.log(value / (1 - value))
    half = -float(stdtrit(freedom, tail)) * math.sqrt(variance) / (value * (1 - value))
    return _expit(middle - half), _expit(middle + half)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _hoeffding(value: float, pairs: int, tail: float) -> tuple[float, float]:
    """Return every AUC t with pairs * KL(value, t) <= log(1 / tail)."""
    budget = math.log(1 / tail) / pairs
    return _kl_end(value, 0.0, budget), _kl_end(value, 1.0, budget)


def _kl_end(value: float, outside: float, budget: float) -> float:
    if value == outside:
        return value
    inside = value
    while abs(outside - inside) > 1e-12:
        middle = (outside + inside) / 2
        if _kl(value, middle) > budget:
            outside = middle
        else:
            inside = middle
    return outside


def _kl(p: float, q: float) -> float:
    first = p * math.log(p / q) if p > 0 else 0.0
    return first + ((1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0)
