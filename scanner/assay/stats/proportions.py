"""Intervals of a proportion, k of n."""

from __future__ import annotations

import math

from assay.model.interval import Binomial, Interval
from assay.stats.checks import counts, fraction
from assay.stats.estimate import Estimate


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Interval:
    """Return the exact interval, equal tails (Clopper and Pearson 1934, Biometrika 26).

    Assumes independent trials with one success probability. Covers at least `level` for every n and every truth;
    each end errs with at most (1 - level) / 2.

    Raises:
        ValueError: n < 1, k outside 0..n, level outside (0, 1).
    """
    fraction(level, "level")
    tail = (1 - level) / 2
    return Interval(low=lower(k, n, tail), high=upper(k, n, tail), level=level, method="clopper-pearson")


def lower(k: int, n: int, tail: float) -> float:
    """Return the end that lies above the true proportion with probability at most `tail` (Clopper and Pearson).

    Raises:
        ValueError: n < 1, k outside 0..n, tail outside (0, 1).
    """
    from scipy.special import betaincinv

    counts(k, n)
    fraction(tail, "tail")
    return 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))


def upper(k: int, n: int, tail: float) -> float:
    """Return the end that lies below the true proportion with probability at most `tail` (Clopper and Pearson).

    Raises:
        ValueError: n < 1, k outside 0..n, tail outside (0, 1).
    """
    from scipy.special import betainccinv

    counts(k, n)
    fraction(tail, "tail")
    return 1.0 if k == n else float(betainccinv(k + 1, n - k, tail))


def wilson(k: int, n: int, level: float = 0.95) -> Interval:
    """Return the score interval (Wilson 1927, JASA 22), without continuity correction.

    Assumes independent trials with one success probability. Covers `level` on the average over the truth, not for
    every truth: narrower than Clopper and Pearson, for tables rather than verdicts.

    Raises:
        ValueError: n < 1, k outside 0..n, level outside (0, 1).
    """
    from scipy.special import ndtri

    counts(k, n)
    fraction(level, "level")
    z = -float(ndtri((1 - level) / 2))
    share, scale = k / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, middle - half)
    high = 1.0 if k == n else min(1.0, middle + half)
    return Interval(low=low, high=high, level=level, method="wilson")


def proportion(k: int, n: int, level: float = 0.95) -> Estimate:
    """Return k / n with its exact interval and the statistic that recomputes it at any level.

    Assumes independent trials; a number of trials that was fixed beforehand (else `assay.stats.sequences`).

    Raises:
        ValueError: n < 1, k outside 0..n, level outside (0, 1).
    """
    return Estimate(
        value=k / n if n else 0.0,
        interval=clopper_pearson(k, n, level),
        statistic=Binomial(k=k, n=n),
        n=n,
        method=f"Clopper-Pearson, k={k} n={n}",
    )
