"""Conformal p-values, the test for an excess of small ones, the share of outliers, and the selection of rows.

Higher score = stranger. Assumes that trusted rows and clean tested rows are exchangeable and scored alike (neither
shaped the score): honest augmentation and drift break that, and look like an excess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.stats.checks import at_least, fraction, sample
from assay.stats.curve import interval, saved
from assay.stats.estimate import Estimate, Unresolved
from assay.stats.proportions import lower, upper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

CUTS = (0.01, 0.05, 0.2)
"""Sizes below which a p-value counts as small, fixed before the data: rare and clear outliers, many and faint ones."""


@dataclass(frozen=True, kw_only=True)
class Excess:
    """Whether more p-values are small than clean rows would give."""

    p_value: float
    """Over all cuts (Bonferroni)."""
    cut: float
    """The cut that shows it best."""
    count: int
    """p-values at or below that cut."""
    expected: float
    """How many clean rows would give on the average."""
    tests: int
    calibration: int
    method: str


def conformal_p_values(calibration: ArrayLike, tests: ArrayLike, *, tie_seed: int | None = None) -> NDArray[np.float64]:
    """Return (1 + trusted rows at least as strange) / (n + 1) for each tested row, shape (m,).

    Vovk, Gammerman and Shafer (2005); under exchangeability P(p <= t) <= t for each row, and equal to t on the grid
    of 1 / (n + 1) without ties. For p-values within a class, call it class by class.

    Args:
        calibration: scores of trusted rows, shape (n,).
        tests: scores of tested rows, shape (m,).
        tie_seed: None counts every tie against the alarm (conservative); a seed orders equal scores at random, one
            order for all rows, so that discrete scores too give exact p-values.

    Raises:
        ValueError: a sample empty, not of shape (n,) or not finite.
    """
    import numpy as np

    trusted, tested = sample(calibration, "calibration"), sample(tests, "tests")
    n, m = trusted.size, tested.size
    if tie_seed is None:
        stranger = n - np.searchsorted(np.sort(trusted), tested, side="left")
        return np.asarray((1 + stranger) / (n + 1), dtype=np.float64)
    luck = np.random.default_rng(tie_seed).random(n + m)
    order = np.lexsort((luck, np.concatenate([trusted, tested])))[::-1]
    before = np.empty(n + m)
    before[order] = np.cumsum(order < n)
    return np.asarray((1 + before[n:]) / (n + 1), dtype=np.float64)


def excess(p_values: ArrayLike, calibration: int, cuts: Sequence[float] = CUTS) -> Excess | Unresolved:
    """Return the p-value of 'no more small p-values than clean rows give'.

    The p-values share their trusted rows, so the number at or below j / (n + 1) is beta-binomial(m, j, n + 1 - j), not
    binomial (Bates, Candès, Lei, Romano and Sesia 2023, Ann. Stat. 51); exact for each cut, Bonferroni
    over the cuts.

    Args:
        p_values: conformal, shape (m,), all against the same `calibration` rows.
        calibration: trusted rows behind them, n.
        cuts: sizes that count as small, fixed before the data were seen.

    Returns:
        The excess, or `Unresolved` where even the largest cut is below the smallest p-value, 1 / (n + 1).

    Raises:
        ValueError: p-values empty, not of shape (m,), not in (0, 1]; n < 1; no cut or one outside (0, 1).
    """
    p, ranks = _small(p_values, calibration, cuts)
    if isinstance(ranks, Unresolved):
        return ranks
    found = []
    for rank in ranks:
        count = _at_or_below(p, rank, calibration)
        found.append((beta_binomial_tail(count, p.size, rank, calibration), rank, count))
    least, rank, count = min(found)
    shown = ", ".join(f"{rank / (calibration + 1):.3g}" for rank in ranks)
    return Excess(
        p_value=min(1.0, least * len(ranks)),
        cut=rank / (calibration + 1),
        count=count,
        expected=p.size * rank / (calibration + 1),
        tests=int(p.size),
        calibration=calibration,
        method=f"beta-binomial excess of conformal p-values, cuts {shown}, trusted={calibration} tested={p.size}",
    )


def beta_binomial_tail(count: int, tests: int, rank: int, calibration: int) -> float:
    """Return P(at least `count` of `tests` clean rows are stranger than the `rank`-th strangest of `calibration`).

    Raises:
        ValueError: no tests, no calibration rows, or rank outside 1..calibration.
    """
    import numpy as np
    from scipy.special import betaln, gammaln

    at_least(tests, 1, "tests")
    at_least(calibration, 1, "calibration rows")
    if not 1 <= rank <= calibration:
        raise ValueError(f"rank = {rank}; it must lie between 1 and the {calibration} calibration rows")
    if count <= 0:
        return 1.0
    if count > tests:
        return 0.0
    k = np.arange(count, tests + 1)
    ways = gammaln(tests + 1) - gammaln(k + 1) - gammaln(tests - k + 1)
    rest = calibration + 1 - rank
    terms = ways + betaln(k + rank, tests - k + rest) - betaln(rank, rest)
    return min(1.0, float(np.exp(terms).sum()))


def outlier_share(
    p_values: ArrayLike,
    calibration: int,
    level: float = 0.95,
    *,
    separated: bool = False,
    cuts: Sequence[float] = CUTS,
) -> Estimate | Unresolved:
    """Return the share of tested rows that are not like the trusted ones, with its interval.

    Value: Storey (2002, JRSS B 64) at the cut that shows most. Low end: the clean rows beyond a cut are a share c of
    all clean ones, c ~ Beta(j, n + 1 - j) exactly, and the tested rows not beyond it bound (1 - share)(1 - c) by
    Clopper and Pearson; the errors add up over both and over the cuts, so it is conservative and needs nothing but
    exchangeability. High end: outliers that look like clean rows cannot be excluded, so it is 1; unless `separated`
    says that every outlier lies beyond every cut (then use `tie_seed` where scores tie).

    Args:
        p_values: conformal, shape (m,), all against the same `calibration` rows.
        calibration: trusted rows behind them, n.
        level: coverage.
        separated: whether the caller vouches that outliers have small p-values.
        cuts: sizes that count as small, fixed before the data were seen.

    Returns:
        The estimate, or `Unresolved` where even the largest cut is below the smallest p-value, 1 / (n + 1).

    Raises:
        ValueError: p-values empty, not of shape (m,), not in (0, 1]; n < 1; level or a cut outside (0, 1); no cut.
    """
    fraction(level, "level")
    p, ranks = _small(p_values, calibration, cuts)
    if isinstance(ranks, Unresolved):
        return ranks
    m = int(p.size)
    left = {rank: m - _at_or_below(p, rank, calibration) for rank in ranks}

    def low_at(rank: int, tail: float) -> float:
        share = tail / len(ranks) / 2
        return max(0.0, 1 - upper(left[rank], m, share) / _beta(share, calibration + 1 - rank, rank))

    def high_at(rank: int, tail: float) -> float:
        share = tail / len(ranks) / 2
        return max(0.0, 1 - lower(left[rank], m, share) / _beta(1 - share, calibration + 1 - rank, rank))

    best = max(ranks, key=lambda rank: (low_at(rank, (1 - level) / 2), rank))
    value = max(0.0, 1 - left[best] / m * (calibration + 1) / (calibration + 1 - best))

    def bounds(tail: float) -> tuple[float, float]:
        low = max(low_at(rank, tail) for rank in ranks)
        high = min(high_at(rank, tail) for rank in ranks) if separated else 1.0
        return min(low, value), max(high, value)

    name = "conformal-share-separated" if separated else "conformal-share"
    return Estimate(
        value=value,
        interval=interval(bounds, level, name, value),
        statistic=saved(bounds, level),
        n=m,
        method=f"{name}, cut {best / (calibration + 1):.3g} of {len(ranks)}, trusted={calibration} tested={m}",
    )


def benjamini_hochberg(p_values: ArrayLike, q: float) -> NDArray[np.bool_]:
    """Return which rows to select so that on the average at most a share q of them is clean, shape (m,).

    Benjamini and Hochberg (1995, JRSS B 57); valid for conformal p-values, which are positively dependent (Bates et
    al. 2023). With n trusted rows no p-value is below 1 / (n + 1): see `assay.stats.power.trusted_rows_needed`.

    Args:
        p_values: shape (m,).
        q: false discovery rate.

    Raises:
        ValueError: p-values empty, not of shape (m,), not in (0, 1]; q outside (0, 1).
    """
    import numpy as np

    fraction(q, "q")
    p = _p_values(p_values)
    ordered = np.sort(p)
    passing = np.flatnonzero(ordered <= q * np.arange(1, p.size + 1) / p.size * (1 + 1e-12))
    if not passing.size:
        return np.zeros(p.size, dtype=np.bool_)
    return np.asarray(p <= ordered[passing[-1]], dtype=np.bool_)


def usable_ranks(calibration: int, cuts: Sequence[float] = CUTS) -> list[int]:
    """Return the ranks j with j / (n + 1) at or below each cut, those that exist, without repeats.

    Raises:
        ValueError: n < 1, no cut, or a cut outside (0, 1).
    """
    at_least(calibration, 1, "calibration rows")
    at_least(len(cuts), 1, "number of cuts")
    for cut in cuts:
        fraction(cut, "cut")
    ranks = {min(calibration, math.floor(cut * (calibration + 1) + 1e-9)) for cut in cuts}
    return sorted(rank for rank in ranks if rank >= 1)


def _small(
    p_values: ArrayLike, calibration: int, cuts: Sequence[float]
) -> tuple[NDArray[np.float64], list[int] | Unresolved]:
    p, ranks = _p_values(p_values), usable_ranks(calibration, cuts)
    if ranks:
        return p, ranks
    needed = math.ceil(1 / max(cuts) - 1e-9) - 1
    reason = f"a p-value of {max(cuts):g} needs {needed} trusted rows, there are {calibration}"
    return p, Unresolved(reason=reason, have=calibration, needed=needed)


def _p_values(values: ArrayLike) -> NDArray[np.float64]:
    p = sample(values, "p_values")
    if p.min() <= 0 or p.max() > 1:
        raise ValueError(f"p_values lie between {p.min():g} and {p.max():g}; a conformal p-value lies in (0, 1]")
    return p


def _at_or_below(p: NDArray[np.float64], rank: int, calibration: int) -> int:
    """Return how many p-values are at most rank / (n + 1), whichever way the quotient was rounded."""
    return int((p * (calibration + 1) <= rank + 1e-6).sum())


def _beta(level: float, a: float, b: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(a, b, level))
