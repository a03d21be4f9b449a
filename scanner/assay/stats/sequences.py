"""A confidence sequence for a proportion: intervals that hold at whichever time one looks, and stops.

The e-process is the mixture of likelihood ratios over a Jeffreys prior, Beta(1/2, 1/2):

    M_n(p) = B(k + 1/2, n - k + 1/2) / B(1/2, 1/2) / (p^k (1 - p)^(n - k))

It is a martingale of mean 1 when p is the truth, so it ever reaches 1 / alpha with probability at most alpha (Ville
1939). The interval is every p that has not reached it now (Robbins 1970, Ann. Math. Stat. 41; Howard, Ramdas,
McAuliffe and Sekhon 2021, Ann. Stat. 49). Assumes independent draws with one success probability, or, more weakly,
that each draw has that probability given the past. The update is two additions, the interval the root of a convex
function; standard library only, so that a driver may use it between shards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from assay.model.confidence import PRIOR, confidence_sequence, log_evidence
from assay.model.interval import EProcess, Interval
from assay.stats.checks import at_least, counts, fraction, probability
from assay.stats.estimate import Estimate

METHOD = "confidence-sequence"


class Side(StrEnum):
    """Where the true proportion lies, seen from a limit."""

    BELOW = "below"
    ABOVE = "above"
    OPEN = "open"


@dataclass(frozen=True)
class ProportionSequence:
    """`k` successes in `n` draws so far; nothing else must be remembered."""

    k: int = 0
    n: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible counts."""
        if (self.k, self.n) != (0, 0):
            counts(self.k, self.n)

    def after(self, successes: int, draws: int) -> ProportionSequence:
        """Return the sequence after one more batch, an empty one included.

        Raises:
            ValueError: successes outside 0..draws.
        """
        if draws == 0 and successes == 0:
            return self
        counts(successes, draws)
        return ProportionSequence(self.k + successes, self.n + draws)

    def log_evidence(self, p: float) -> float:
        """Return the natural logarithm of M_n(p): evidence that the truth is not `p`, on either side.

        Raises:
            ValueError: p outside [0, 1].
        """
        probability(p, "p")
        return log_evidence(self.k, self.n, p)

    def interval(self, level: float = 0.95) -> Interval:
        """Return every proportion that is not refuted at `level` now.

        The true proportion lies in the intervals of all times together with probability at least `level`. Before
        the first draw it is [0, 1].

        Raises:
            ValueError: level outside (0, 1).
        """
        fraction(level, "level")
        low, high = confidence_sequence(self.k, self.n, level)
        return Interval(low=low, high=high, level=level, method=METHOD)

    def estimate(self, level: float = 0.95) -> Estimate:
        """Return k / n with the interval at `level`.

        Raises:
            ValueError: nothing drawn yet, or level outside (0, 1).
        """
        at_least(self.n, 1, "n draws")
        return Estimate(
            value=self.k / self.n,
            interval=self.interval(level),
            statistic=EProcess(k=self.k, n=self.n),
            n=self.n,
            method=f"mixture e-process, Beta(1/2, 1/2), level={level:g}, k={self.k} n={self.n}",
        )

    def side(self, limit: float, alpha: float = 0.05, margin: float = 0.0) -> Side:
        """Say on which side of `limit` the truth lies, as far as it is decided now.

        Two one-sided e-processes, each the same mixture cut to its alternative. Only one of the two answers can be
        false, so each may use all of `alpha`: looking after every draw, a false answer ever comes with probability
        at most `alpha`. With a `margin` the truth counts as below when it is refuted that it reaches limit + margin;
        then every truth is decided in the end. A verdict under a policy rests on `interval` instead (`ctx.settled`).

        Raises:
            ValueError: limit or limit + margin outside (0, 1), margin < 0, alpha outside (0, 1).
        """
        fraction(alpha, "alpha")
        fraction(limit, "limit")
        if not margin >= 0:
            raise ValueError(f"margin = {margin}; it must not be negative")
        fraction(limit + margin, "limit + margin")
        if not self.n:
            return Side.OPEN
        threshold = math.log(1 / alpha)
        if self._log_evidence_above(limit) >= threshold:
            return Side.ABOVE
        mirrored = ProportionSequence(self.n - self.k, self.n)
        if mirrored._log_evidence_above(1 - (limit + margin)) >= threshold:
            return Side.BELOW
        return Side.OPEN

    def _log_evidence_above(self, limit: float) -> float:
        """Return the evidence against 'at most `limit`': a supermartingale for every such truth."""
        from scipy.special import betaincc

        after = float(betaincc(self.k + PRIOR, self.n - self.k + PRIOR, limit))
        if after <= 0.0:
            return -math.inf
        before = float(betaincc(PRIOR, PRIOR, limit))
        return self.log_evidence(limit) + math.log(after) - math.log(before)
