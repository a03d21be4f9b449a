"""What a sample could have shown: smallest detectable effects, and the sample that would decide."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Literal

from assay.stats.checks import at_least, fraction, probability
from assay.stats.conformal import CUTS, beta_binomial_tail, usable_ranks

POWER = 0.8
_NODES = 200
"""Points of the quadrature over the unknown share beyond the trusted rows' order statistic."""


def detectable_proportion(
    n: int, limit: float, tail: float = 0.025, power: float = POWER, side: Literal["above", "below"] = "above"
) -> float | None:
    """Return the proportion nearest to `limit` whose exact interval lies wholly beyond it with probability `power`.

    Exact: the Clopper-Pearson end with error `tail` passes the limit from a critical count on; the proportion that
    reaches this count with probability `power` is a beta quantile.

    Args:
        n: independent trials, fixed beforehand.
        limit: proportion in [0, 1].
        tail: error of the end that is judged: (1 - level) / 2 of a two-sided interval.
        power: probability of seeing it.
        side: where the effect lies.

    Returns:
        The proportion, or None where no outcome of n trials would show one.

    Raises:
        ValueError: n < 1, limit outside [0, 1], tail or power outside (0, 1).
    """
    from scipy.special import betaincinv

    at_least(n, 1, "n")
    probability(limit, "limit")
    fraction(tail, "tail")
    fraction(power, "power")
    if side == "below":
        found = detectable_proportion(n, 1 - limit, tail, power)
        return None if found is None else 1 - found
    critical = _critical_count(n, limit, tail)
    return None if critical > n else float(betaincinv(critical, n - critical + 1, power))


def trials_to_decide(p: float, limit: float, level: float = 0.95, power: float = POWER) -> int | None:
    """Return a number of trials with which the exact interval misses `limit` on the right side, with that power.

    Found by bisection over a power that rises in saw teeth: the number suffices, and is at most a tooth too large.

    Args:
        p: true proportion, in [0, 1].
        limit: proportion in (0, 1).
        level: of the two-sided Clopper-Pearson interval.
        power: probability of a decision.

    Returns:
        The number of trials; None where p equals the limit, or more than 2^40 would be needed.

    Raises:
        ValueError: p outside [0, 1]; limit, level or power outside (0, 1).
    """
    probability(p, "p")
    for value, name in ((limit, "limit"), (level, "level"), (power, "power")):
        fraction(value, name)
    if p < limit:
        p, limit = 1 - p, 1 - limit
    if p == limit:
        return None
    tail = (1 - level) / 2
    enough = 1
    while _power(enough, p, limit, tail) < power:
        enough *= 2
        if enough > 2**40:
            return None
    short = enough // 2
    while enough - short > 1:
        middle = (enough + short) // 2
        if _power(middle, p, limit, tail) >= power:
            enough = middle
        else:
            short = middle
    return enough


def detectable_share(
    tests: int,
    calibration: int,
    alpha: float = 0.05,
    power: float = POWER,
    *,
    caught: float = 1.0,
    cuts: Sequence[float] = CUTS,
) -> float | None:
    """Return the smallest share of outliers at which `assay.stats.conformal.excess` gives p < alpha with that power.

    Args:
        tests: tested rows, m.
        calibration: trusted rows, n.
        alpha: error rate of the rule.
        power: probability of the alarm.
        caught: share of the outliers that the score puts beyond every cut; the others pass as clean rows.
        cuts: those of the test.

    Returns:
        The share in (0, 1], or None where no share is enough.

    Raises:
        ValueError: no rows, alpha or power outside (0, 1), caught not in (0, 1], a cut outside (0, 1).
    """
    at_least(tests, 1, "tests")
    fraction(alpha, "alpha")
    fraction(power, "power")
    if not 0 < caught <= 1:
        raise ValueError(f"caught = {caught}; it must lie above 0 and at most at 1")
    ranks = usable_ranks(calibration, cuts)
    found = [_share_beyond(tests, calibration, rank, alpha / len(ranks), power) for rank in ranks]
    shares = [share / caught for share in found if share is not None and share <= caught]
    return min(shares) if shares else None


def trusted_rows_needed(rows: int, selected: int, q: float, families: int = 1) -> int:
    """Return the trusted rows without which Benjamini and Hochberg at q cannot select `selected` of `rows`.

    The smallest conformal p-value is 1 / (n + 1), and it must reach q * selected / (rows * families).

    Raises:
        ValueError: a count below 1, selected > rows, q outside (0, 1).
    """
    for value, name in ((rows, "rows"), (selected, "selected"), (families, "families")):
        at_least(value, 1, name)
    fraction(q, "q")
    if selected > rows:
        raise ValueError(f"selected = {selected} of rows = {rows}; it cannot be more")
    return max(1, math.ceil(rows * families / (q * selected) - 1e-9) - 1)


def detectable_auc(members: int, non_members: int, tail: float = 0.025, power: float = POWER) -> float | None:
    """Return the smallest AUC above 0.5 whose interval lies above 0.5 with probability `power`.

    Normal approximation with the exact variance without ties at 0.5 and that of Hanley and McNeil (1982, Radiology
    143) at the alternative; ties lower the power.

    Args:
        members: rows of one group.
        non_members: rows of the other.
        tail: error of the low end.
        power: probability of seeing it.

    Returns:
        The AUC, or None where none below 1 would be seen.

    Raises:
        ValueError: a group empty; tail or power outside (0, 1).
    """
    from scipy.special import ndtri

    at_least(members, 1, "members")
    at_least(non_members, 1, "non_members")
    fraction(tail, "tail")
    fraction(power, "power")
    null = math.sqrt((members + non_members + 1) / (12 * members * non_members))
    z_tail, z_power = -float(ndtri(tail)), float(ndtri(power))

    def seen(value: float) -> bool:
        return value - 0.5 >= z_tail * null + z_power * _hanley_mcneil(value, members, non_members)

    return _smallest(seen, 0.5, 1 - 1e-9)


def _critical_count(n: int, limit: float, tail: float) -> int:
    """Return the smallest count with P(at least that many | limit) <= tail; n + 1 where there is none."""
    from scipy.special import bdtrc

    return bisect_left(range(1, n + 1), -tail, key=lambda count: -float(bdtrc(count - 1, n, limit))) + 1


def _power(n: int, p: float, limit: float, tail: float) -> float:
    from scipy.special import bdtrc

    critical = _critical_count(n, limit, tail)
    return 0.0 if critical > n else float(bdtrc(critical - 1, n, p))


def _share_beyond(tests: int, calibration: int, rank: int, alpha: float, power: float) -> float | None:
    """Return the share of rows beyond the cut, on top of clean ones, that the test of one rank detects."""
    import numpy as np
    from scipy.special import bdtrc, betaincinv

    counts = range(1, tests + 1)
    critical = bisect_left(counts, -alpha, key=lambda k: -beta_binomial_tail(k, tests, rank, calibration)) + 1
    if critical > tests:
        return None
    middles = (np.arange(_NODES) + 0.5) / _NODES
    clean = betaincinv(rank, calibration + 1 - rank, middles)

    def seen(share: float) -> bool:
        return float(bdtrc(critical - 1, tests, share + (1 - share) * clean).mean()) >= power

    return _smallest(seen, 0.0, 1.0)


def _hanley_mcneil(value: float, m: int, n: int) -> float:
    """Return the standard error of an AUC of exponential scores."""
    q1, q2 = value / (2 - value), 2 * value * value / (1 + value)
    variance = value * (1 - value) + (m - 1) * (q1 - value * value) + (n - 1) * (q2 - value * value)
    return math.sqrt(max(variance, 0.0) / (m * n))


def _smallest(seen: Callable[[float], bool], low: float, high: float) -> float | None:
    """Return the smallest value that is seen, to 1e-7; None where not even `high` is."""
    if not seen(high):
        return None
    while high - low > 1e-7:
        middle = (low + high) / 2
        if seen(middle):
            high = middle
        else:
            low = middle
    return high
