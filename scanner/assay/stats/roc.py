"""TPR at a fixed FPR: an interval that knows that the threshold is estimated, and the rule when to refuse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assay.stats.bands import misses_above, misses_below, rank_above, rank_below
from assay.stats.checks import at_least, fraction, sample
from assay.stats.curve import interval, saved
from assay.stats.estimate import Estimate, Unresolved
from assay.stats.proportions import lower, upper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_SHARE = 0.5
"""Of the error of one end, what the threshold may spend; what it leaves goes to the count of members."""
_MOST = 0.9
"""What it may spend at most, where the top non-member is the only threshold that can be certified."""


def non_members_needed(fpr: float, level: float = 0.95) -> int:
    """Return the non-members without which no threshold has a certified FPR: (1 - fpr)^n <= 1 - level.

    With fewer, even no false positive at all is compatible with a larger FPR. 2,995 for 0.1 % at 95 %.

    Raises:
        ValueError: fpr or level outside (0, 1).
    """
    fraction(fpr, "fpr")
    fraction(level, "level")
    return math.ceil(math.log(1 - level) / math.log1p(-fpr) - 1e-9)


def non_members_for_evidence(fpr: float, level: float = 0.95) -> int:
    """Return the non-members without which the low end of the interval is 0 whatever the scores are.

    Two-sided, and part of the error goes to the count of members: 556 for 1 % at 99.17 %, 3,793 for 0.1 % at 95 %.

    Raises:
        ValueError: fpr or level outside (0, 1).
    """
    fraction(fpr, "fpr")
    fraction(level, "level")
    return math.ceil(math.log(_MOST * (1 - level) / 2) / math.log1p(-fpr) - 1e-9)


def refusal(fpr: float, non_members: int, level: float = 0.95) -> Unresolved | None:
    """Return why `non_members` rows cannot resolve this FPR, or None where they can.

    Raises:
        ValueError: no non-members; fpr or level outside (0, 1).
    """
    at_least(non_members, 1, "non-members")
    needed = non_members_needed(fpr, level)
    if non_members >= needed:
        return None
    reason = f"FPR {fpr:g} at {level:g} needs {needed} non-members, there are {non_members}"
    return Unresolved(reason=reason, have=non_members, needed=needed)


def threshold_at(non_members: ArrayLike, fpr: float) -> float:
    """Return the lowest score that at most a share `fpr` of the non-members exceeds; 'member' means above it.

    Raises:
        ValueError: `non_members` empty, not of shape (n,) or not finite; fpr outside (0, 1).
    """
    import numpy as np

    fraction(fpr, "fpr")
    ordered = np.sort(sample(non_members, "non_members"))
    return float(ordered[_rank(ordered.size, fpr) - 1])


def tpr_at_fpr(members: ArrayLike, non_members: ArrayLike, fpr: float, level: float = 0.95) -> Estimate | Unresolved:
    """Return the share of members above the threshold that a share `fpr` of all non-members exceeds.

    Interval: the threshold lies between two order statistics of the non-members (exact, Scheffé and Tukey 1945);
    the members above each are binomial given it (Clopper and Pearson 1934). The low end takes the higher threshold,
    the high end the lower one; the two errors add up (Bonferroni), so it is conservative: coverage is at least
    `level` for every pair of distributions, ties included. The low end is 0 while (1 - fpr)^n exceeds the error of
    one side; that a threshold can be certified at all asks for less (`non_members_needed`).

    Args:
        members: scores, shape (m,); higher means member.
        non_members: scores, shape (n,), independent of the members.
        fpr: false positive rate in (0, 1).
        level: coverage.

    Returns:
        The estimate, or `Unresolved` with the number of non-members that the FPR needs.

    Raises:
        ValueError: a group empty, not of shape (n,), or not finite; fpr or level outside (0, 1).
    """
    import numpy as np

    fraction(level, "level")
    x, y = np.sort(sample(members, "members")), np.sort(sample(non_members, "non_members"))
    refused = refusal(fpr, int(y.size), level)
    if refused is not None:
        return refused
    at = threshold_at(y, fpr)
    value = _above(x, at) / x.size

    def bounds(tail: float) -> tuple[float, float]:
        return min(_low(x, y, fpr, tail), value), max(_high(x, y, fpr, tail), value)

    return Estimate(
        value=value,
        interval=interval(bounds, level, "order-statistic+clopper-pearson", value),
        statistic=saved(bounds, level),
        n=int(x.size + y.size),
        method=f"TPR at FPR {fpr:g}, threshold {at:.6g}, members={x.size} non-members={y.size}",
    )


def _rank(n: int, fpr: float) -> int:
    """Return the rank of the threshold; the small term undoes the rounding of (1 - 0.1) * 10."""
    return min(max(math.ceil((1 - fpr) * n - 1e-9), 1), n)


def _above(ordered: NDArray[np.float64], threshold: float) -> int:
    import numpy as np

    return int(ordered.size - np.searchsorted(ordered, threshold, side="right"))


def _low(x: NDArray[np.float64], y: NDArray[np.float64], fpr: float, tail: float) -> float:
    n, q = int(y.size), 1 - fpr
    rank = rank_above(n, q, tail * _SHARE)
    if rank > n and misses_above(n, n, q) <= tail * _MOST:
        rank = n
    if rank > n:
        return 0.0
    return lower(_above(x, float(y[rank - 1])), int(x.size), tail - misses_above(rank, n, q))


def _high(x: NDArray[np.float64], y: NDArray[np.float64], fpr: float, tail: float) -> float:
    n, q = int(y.size), 1 - fpr
    rank = rank_below(n, q, tail * _SHARE)
    if rank == 0:
        return 1.0
    return upper(_above(x, float(y[rank - 1])), int(x.size), tail - misses_below(rank, n, q))
