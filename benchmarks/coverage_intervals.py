"""Coverage of proportions, confidence sequences, quantiles and bootstraps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from assay.stats.bands import dkw_band, quantile_estimate
from assay.stats.bootstrap import bootstrap
from assay.stats.estimate import Unresolved
from assay.stats.proportions import clopper_pearson, wilson
from assay.stats.sequences import ProportionSequence, Side
from benchmarks.simulation import APPROXIMATE, CONSERVATIVE, EXACT, NONE, Case, One, Rng, held, width


def proportions() -> Iterator[Case]:
    exact, score = lru_cache(None)(clopper_pearson), lru_cache(None)(wilson)

    def one(p: float, n: int) -> One:
        def draw(rng: Rng) -> tuple[bool, float]:
            interval = exact(int(rng.binomial(n, p)), n)
            return interval.holds(p), width(interval)

        return draw

    for p, n, claim in (
        (0.5, 20, CONSERVATIVE),
        (0.05, 50, CONSERVATIVE),
        (0.01, 300, CONSERVATIVE),
        (0.3, 2000, EXACT),
    ):
        yield Case(method="Clopper-Pearson", truth=f"p={p}", n=f"n={n}", claim=claim, one=one(p, n))

    def average(rng: Rng) -> tuple[bool, float]:
        p = float(rng.random())
        interval = score(int(rng.binomial(40, p)), 40)
        return interval.holds(p), width(interval)

    yield Case(method="Wilson", truth="p uniform", n="n=40", claim=APPROXIMATE, one=average)


def ever(p: float, n: int, errs: Callable[[ProportionSequence], bool]) -> float:
    """Return the probability that any of n looks errs, when each draw succeeds with probability p.

    `errs` must be true for the counts up to one and from another on, as intervals and one-sided tests are.
    """
    alive = np.zeros(n + 2)
    alive[0], lost = 1.0, 0.0
    from_below, from_above = -1, 1  # counts k <= from_below or k >= from_above err; both only grow with the draws
    for drawn in range(1, n + 1):
        alive[1:] = alive[1:] * (1 - p) + alive[:-1] * p
        alive[0] *= 1 - p
        while (
            from_below + 1 <= drawn and from_below + 1 < p * drawn and errs(ProportionSequence(from_below + 1, drawn))
        ):
            from_below += 1
        from_above = max(from_above, math.ceil(p * drawn))
        while from_above <= drawn and not errs(ProportionSequence(from_above, drawn)):
            from_above += 1
        lost += alive[: from_below + 1].sum() + alive[from_above : drawn + 1].sum()
        alive[: from_below + 1] = 0
        alive[from_above : drawn + 1] = 0
    return float(lost)


def sequences() -> Iterator[Case]:
    looks = 3000
    threshold = math.log(1 / 0.05)

    def interval(p: float) -> Callable[[], tuple[float, float]]:
        def whole() -> tuple[float, float]:
            lost = ever(p, looks, lambda s: s.log_evidence(p) >= threshold)
            return 1 - lost, width(ProportionSequence(round(p * looks), looks).interval())

        return whole

    for p in (0.02, 0.1, 0.5, 0.8, 0.95):
        yield Case(
            method="confidence sequence, every look",
            truth=f"p={p}",
            n=f"n<={looks}",
            claim=CONSERVATIVE,
            whole=interval(p),
        )

    def side(p: float, limit: float, margin: float, wrong: Side) -> Callable[[], tuple[float, float]]:
        return lambda: (1 - ever(p, looks, lambda s: s.side(limit, margin=margin) is wrong), 0.0)

    for limit in (0.5, 0.8, 0.9):
        yield Case(
            method="sequential decision, every look",
            truth=f"p=limit={limit}",
            n=f"n<={looks}",
            claim=CONSERVATIVE,
            whole=side(limit, limit, 0.0, Side.ABOVE),
        )
    yield Case(
        method="sequential decision, margin .05",
        truth="p=.85 limit=.8",
        n=f"n<={looks}",
        claim=CONSERVATIVE,
        whole=side(0.85, 0.8, 0.05, Side.BELOW),
    )


def bands() -> Iterator[Case]:
    def whole_band(rng: Rng) -> tuple[bool, float]:
        values = np.sort(rng.random(100))
        band = dkw_band(values)
        inside = all(
            band.at(float(x)).holds(float(x)) and band.at(float(np.nextafter(x, 0))).holds(float(x)) for x in values
        )
        return inside, 2 * band.half_width

    yield Case(method="DKW band, all points", truth="uniform", n="n=100", claim=CONSERVATIVE, one=whole_band)

    def quantile(q: float, n: int) -> One:
        truth = -math.log(1 - q)
        return lambda rng: held(quantile_estimate(rng.exponential(size=n), q), truth)

    for q, n, claim in ((0.5, 25, CONSERVATIVE), (0.5, 1000, EXACT), (0.99, 1000, CONSERVATIVE)):
        yield Case(
            method="quantile, order statistics", truth=f"q={q} exponential", n=f"n={n}", claim=claim, one=quantile(q, n)
        )


def bootstraps() -> Iterator[Case]:
    def mean(rows: np.ndarray) -> float:
        return float(rows.mean())

    def one(draw: Callable[[Rng], np.ndarray], truth: float) -> One:
        def ask(rng: Rng) -> tuple[bool, float]:
            rows, seed = draw(rng), int(rng.integers(2**32))
            found = bootstrap(mean, [rows], seed=seed, resamples=2500)
            if isinstance(found, Unresolved):  # do as it says
                found = bootstrap(mean, [rows], seed=seed, resamples=2 * found.needed)
            return held(found, truth)

        return ask

    def normal(n: int) -> Callable[[Rng], np.ndarray]:
        return lambda rng: rng.normal(size=n)

    def exponential(n: int) -> Callable[[Rng], np.ndarray]:
        return lambda rng: rng.exponential(size=n)

    for name, draw, truth, n, claim in (
        ("normal", normal, 0.0, 30, APPROXIMATE),
        ("exponential", exponential, 1.0, 150, APPROXIMATE),
        ("exponential", exponential, 1.0, 20, NONE),
    ):
        yield Case(method="BCa bootstrap, mean", truth=name, n=f"n={n}", claim=claim, one=one(draw(n), truth))
