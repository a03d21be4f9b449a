"""One row of the table of coverage: a method, a truth, a claim, and its simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.model.interval import Interval
from assay.stats.estimate import Estimate

EXACT, CONSERVATIVE, APPROXIMATE, NONE = "exact", "conservative", "approximate", "none"
Rng = np.random.Generator
One = Callable[[Rng], tuple[bool, float]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table."""

    method: str
    truth: str
    n: str
    claim: str
    """exact: neither under the level nor 2 points above it; conservative: not under it; approximate: not under it here, where
    the approximation should hold; none: known to fall short, shown as a warning."""
    nominal: float = 0.95
    one: One | None = None
    """One simulation: (held, width)."""
    whole: Callable[[], tuple[float, float]] | None = None
    """Or the coverage itself, and a width."""
    share: float = 1.0
    """Of the runs: a costly case takes fewer."""

    @property
    def id(self) -> str:
        return f"{self.method}, {self.truth}, {self.n}"

    def run(self, runs: int, seed: int) -> tuple[int, float, float]:
        """Return (simulations, coverage, mean width); 0 simulations: computed."""
        if self.whole is not None:
            return 0, *self.whole()
        assert self.one is not None
        rng = np.random.default_rng([seed, *self.id.encode()])
        done = max(1, round(runs * self.share))
        results = [self.one(rng) for _ in range(done)]
        return done, sum(held for held, _ in results) / done, sum(width for _, width in results) / done

    def fails(self, done: int, coverage: float) -> bool:
        """Say whether the coverage breaks the claim, beyond three standard errors: of 50 rows that keep it, one does so in
        about one of 14 choices of the seed."""
        slack = 3 * math.sqrt(self.nominal * (1 - self.nominal) / done) if done else 1e-9
        too_low = coverage < self.nominal - slack
        return self.claim != NONE and (too_low or (self.claim == EXACT and coverage > self.nominal + 0.02))


def width(interval: Interval) -> float:
    assert interval.low is not None and interval.high is not None
    return interval.high - interval.low


def held(estimate: object, truth: float) -> tuple[bool, float]:
    """Return whether the interval holds the truth, and its width; a refusal ends the run, it is never left out."""
    assert isinstance(estimate, Estimate), estimate
    return estimate.interval.holds(truth), width(estimate.interval)
