"""Bands around a distribution function, and exact intervals of its quantiles."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.model.interval import Interval
from assay.stats.checks import at_least, fraction, sample
from assay.stats.curve import saved
from assay.stats.estimate import Estimate, Unresolved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_ROUNDING = 1 + 1e-6
"""A tail that is met only by this much is not met: curves are saved a little beyond the round levels."""


@dataclass(frozen=True, eq=False)
class Band:
    """The distribution functions that a sample does not rule out, all points at once."""

    points: NDArray[np.float64]
    """The sample, ascending, shape (n,)."""
    half_width: float
    level: float

    def at(self, x: float) -> Interval:
        """Return the interval of P(X <= x).

        Raises:
            ValueError: x is NaN.
        """
        import numpy as np

        if math.isnan(x):
            raise ValueError("x is NaN; a distribution function has no value there")
        share = float(np.searchsorted(self.points, x, side="right")) / self.points.size
        low, high = max(0.0, share - self.half_width), min(1.0, share + self.half_width)
        return Interval(low=low, high=high, level=self.level, method="dkw")


def dkw_half_width(n: int, level: float = 0.95) -> float:
    """Return the half-width sqrt(ln(2 / (1 - level)) / (2 n)), in units of probability.

    Dvoretzky, Kiefer and Wolfowitz (1956) with the constant of Massart (1990, Ann. Prob. 18).

    Raises:
        ValueError: n < 1, level outside (0, 1).
    """
    at_least(n, 1, "n")
    fraction(level, "level")
    return math.sqrt(math.log(2 / (1 - level)) / (2 * n))


def dkw_band(values: ArrayLike, level: float = 0.95) -> Band:
    """Return the band that holds the whole distribution function with probability at least `level`.

    Assumes independent draws of one distribution, continuous or not.

    Args:
        values: shape (n,).
        level: coverage of all points at once.

    Raises:
        ValueError: `values` empty, not of shape (n,) or not finite; level outside (0, 1).
    """
    import numpy as np

    points = np.sort(sample(values, "values"))
    points.flags.writeable = False
    return Band(points=points, half_width=dkw_half_width(points.size, level), level=level)


def rank_below(n: int, q: float, tail: float) -> int:
    """Return the highest rank (from 1) whose order statistic exceeds the q-quantile with probability <= tail; else 0.

    Scheffé and Tukey (1945): holds for every distribution, exact for continuous ones.
    """
    return bisect_right(range(1, n + 1), tail, key=lambda rank: misses_below(rank, n, q))


def rank_above(n: int, q: float, tail: float) -> int:
    """Return the lowest rank whose order statistic is under the q-quantile with probability <= tail; else n + 1."""
    return bisect_left(range(1, n + 1), -tail, key=lambda rank: -misses_above(rank, n, q)) + 1


def misses_below(rank: int, n: int, q: float) -> float:
    """Return the probability that the order statistic of `rank` exceeds the q-quantile."""
    from scipy.special import bdtr

    return float(bdtr(rank - 1, n, q))


def misses_above(rank: int, n: int, q: float) -> float:
    """Return the probability that the order statistic of `rank` falls short of the q-quantile."""
    from scipy.special import bdtrc

    return float(bdtrc(rank - 1, n, q))


def needed_for_quantile(q: float, level: float = 0.95) -> int:
    """Return the n from which the exact interval of the q-quantile is bounded on both sides.

    Raises:
        ValueError: q or level outside (0, 1).
    """
    fraction(q, "q")
    fraction(level, "level")
    return math.ceil(math.log((1 - level) / 2 / _ROUNDING) / math.log(max(q, 1 - q)))


def quantile_estimate(values: ArrayLike, q: float, level: float = 0.95) -> Estimate | Unresolved:
    """Return the q-quantile with its exact interval between two order statistics, equal tails.

    Distribution-free: covers at least `level` for every distribution (Scheffé and Tukey 1945; Conover 1999, 3.2).
    The value is the lowest observation below or at which a share q lies.

    Args:
        values: shape (n,), independent draws of one distribution.
        q: share below or at the quantile, in (0, 1).
        level: coverage.

    Returns:
        The estimate, or `Unresolved` where an end of the interval would be unbounded.

    Raises:
        ValueError: `values` empty, not of shape (n,) or not finite; q or level outside (0, 1).
    """
    import numpy as np

    fraction(q, "q")
    ordered = np.sort(sample(values, "values"))
    n, needed = int(ordered.size), needed_for_quantile(q, level)
    if n < needed:
        reason = f"the {q:g} quantile needs {needed} rows for an interval at {level:g}, there are {n}"
        return Unresolved(reason=reason, have=n, needed=needed)
    middle = min(max(math.ceil(q * n - 1e-9), 1), n)

    def bounds(tail: float) -> tuple[float, float]:
        low, high = min(rank_below(n, q, tail), middle), max(rank_above(n, q, tail), middle)
        return float(ordered[low - 1]), float(ordered[high - 1])

    low, high = bounds((1 - level) / 2)
    return Estimate(
        value=float(ordered[middle - 1]),
        interval=Interval(low=low, high=high, level=level, method="order-statistics"),
        statistic=saved(bounds, level, least=max(q, 1 - q) ** n * _ROUNDING),
        n=n,
        method=f"order statistics of {n} rows, q={q:g}",
    )
