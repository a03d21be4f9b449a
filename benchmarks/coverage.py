"""Coverage of every interval and size of every test of `assay.stats`, by simulation.

    python benchmarks/coverage.py [--runs 2000] [--seed 0]

One row per method and truth: how often the interval held the truth (for a test: how often it raised no alarm on clean
data), beside what the method promises. Confidence sequences are not simulated: the probability that any of the looks
errs is computed exactly, by recursion over the counts. `make soak` holds these rows to their claims.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assay.model.interval import Interval
from assay.stats.auc import auc
from assay.stats.bands import dkw_band, quantile_estimate
from assay.stats.bootstrap import bootstrap
from assay.stats.conformal import benjamini_hochberg, conformal_p_values, excess, outlier_share
from assay.stats.estimate import Estimate, Unresolved
from assay.stats.exchangeable import exchangeability
from assay.stats.proportions import clopper_pearson, wilson
from assay.stats.roc import tpr_at_fpr
from assay.stats.sequences import ProportionSequence, Side

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


def width(interval: Interval) -> float:
    assert interval.low is not None and interval.high is not None
    return interval.high - interval.low


def held(estimate: object, truth: float) -> tuple[bool, float]:
    """Return whether the interval holds the truth, and its width; a refusal ends the run, it is never left out."""
    assert isinstance(estimate, Estimate), estimate
    return estimate.interval.holds(truth), width(estimate.interval)


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


def scores(rng: Rng, shift: float, n: int, step: float) -> np.ndarray:
    values = rng.normal(shift, 1.0, n)
    return np.rint(values / step) * step if step else values


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def auc_truth(shift: float, step: float) -> float:
    if not step:
        return normal_cdf(shift / math.sqrt(2))
    grid = [step * i for i in range(-60, 61)]
    mass = [[normal_cdf(g + step / 2 - s) - normal_cdf(g - step / 2 - s) for g in grid] for s in (shift, 0.0)]
    below = 0.0
    total = 0.0
    for member, other in zip(*mass, strict=True):
        total += member * (below + other / 2)
        below += other
    return total


def aucs() -> Iterator[Case]:
    def one(shift: float, m: int, n: int, step: float) -> One:
        truth = auc_truth(shift, step)
        return lambda rng: held(auc(scores(rng, shift, m, step), scores(rng, 0.0, n, step)), truth)

    table = (
        (0.0, 100, 100, 0.0, APPROXIMATE), (0.0, 25, 400, 0.0, APPROXIMATE), (0.0, 200, 200, 1.0, APPROXIMATE),
        (0.742, 200, 200, 0.0, APPROXIMATE), (1.812, 60, 60, 0.0, APPROXIMATE), (1.812, 300, 300, 1.0, APPROXIMATE),
        (2.66, 300, 300, 0.0, APPROXIMATE), (3.29, 50, 50, 0.0, CONSERVATIVE), (0.5, 8, 8, 0.0, CONSERVATIVE),
    )  # fmt: skip
    for shift, m, n, step, claim in table:
        truth = f"AUC={auc_truth(shift, step):.3f}" + (", tied" if step else "")
        yield Case(method="AUC", truth=truth, n=f"{m}+{n}", claim=claim, one=one(shift, m, n, step))


def binary_aucs() -> Iterator[Case]:
    """Yes-or-no scores, as of an attack that sees labels only: nearly all rows of a group tie."""

    def one(p: float, q: float, m: int, n: int) -> One:
        return lambda rng: held(auc(rng.random(m) < p, rng.random(n) < q), 0.5 + (p - q) / 2)

    for p, q, m, n in ((0.3, 0.1, 400, 40), (0.3, 0.1, 400, 400), (0.05, 0.05, 200, 200), (0.98, 0.9, 300, 100)):
        yield Case(
            method="AUC, yes or no", truth=f"{p} against {q}", n=f"{m}+{n}", claim=APPROXIMATE, one=one(p, q, m, n)
        )


def tprs() -> Iterator[Case]:
    def one(shift: float, fpr: float, m: int, n: int) -> One:
        low, high = -10.0, 10.0
        while high - low > 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if 1 - normal_cdf(middle) > fpr else (low, middle)
        truth = 1 - normal_cdf(low - shift)
        return lambda rng: held(tpr_at_fpr(scores(rng, shift, m, 0.0), scores(rng, 0.0, n, 0.0), fpr), truth)

    for shift, fpr, m, n in (
        (0.0, 0.1, 200, 200),
        (0.0, 0.01, 500, 500),
        (1.5, 0.01, 500, 500),
        (1.5, 0.05, 300, 2000),
        (2.0, 0.001, 4000, 4000),
    ):
        yield Case(
            method="TPR at fixed FPR",
            truth=f"fpr={fpr} shift={shift}",
            n=f"{m}+{n}",
            claim=CONSERVATIVE,
            one=one(shift, fpr, m, n),
        )


def conformal() -> Iterator[Case]:
    def p_values(rng: Rng, trusted: int, tested: int, share: float, step: float) -> np.ndarray:
        outliers = rng.random(tested) < share
        strange = np.where(outliers, scores(rng, 6.0, tested, step), scores(rng, 0.0, tested, step))
        return conformal_p_values(scores(rng, 0.0, trusted, step), strange, tie_seed=int(rng.integers(2**32)))

    def size(rng: Rng) -> tuple[bool, float]:
        return bool(p_values(rng, 199, 1, 0.0, 1.0)[0] > 0.05), 0.0

    yield Case(method="conformal p > .05, random ties", truth="clean, tied", n="199 trusted", claim=EXACT, one=size)

    def alarm(trusted: int, tested: int, cuts: tuple[float, ...]) -> One:
        return lambda rng: (excess(p_values(rng, trusted, tested, 0.0, 0.0), trusted, cuts).p_value > 0.05, 0.0)  # type: ignore[union-attr]

    yield Case(
        method="excess test, one cut", truth="clean", n="500 trusted, 1300", claim=EXACT, one=alarm(500, 1300, (0.2,))
    )
    for trusted, tested in ((500, 1300), (60, 2000)):
        counted = alarm(trusted, tested, (0.01, 0.05, 0.2))
        n = f"{trusted} trusted, {tested}"
        yield Case(method="excess test, three cuts", truth="clean", n=n, claim=CONSERVATIVE, one=counted)

    def share(truth: float, separated: bool) -> One:
        return lambda rng: held(outlier_share(p_values(rng, 500, 1300, truth, 0.0), 500, separated=separated), truth)

    for truth, separated in ((0.0, False), (0.05, False), (0.05, True), (0.3, True)):
        name = "share of outliers" + (", separated" if separated else "")
        yield Case(
            method=name, truth=f"share={truth}", n="500 trusted, 1300", claim=CONSERVATIVE, one=share(truth, separated)
        )

    def discoveries(rng: Rng) -> tuple[bool, float]:
        p = conformal_p_values(rng.normal(size=500), np.concatenate([rng.normal(6, 1, 60), rng.normal(size=540)]))
        chosen = benjamini_hochberg(p, 0.1)
        false = chosen[60:].sum() / max(1, chosen.sum())
        return bool(rng.random() >= false), 0.0  # its mean is 1 - FDR

    yield Case(
        method="Benjamini-Hochberg, 1 - FDR", truth="60 of 600 strange", n="500 trusted", nominal=0.9,
        claim=CONSERVATIVE, one=discoveries,
    )  # fmt: skip


def gates() -> Iterator[Case]:
    def one(classifiers: tuple[str, ...], n: int) -> One:
        def draw(rng: Rng) -> tuple[bool, float]:
            gate = exchangeability(
                rng.normal(size=(n, 5)), rng.normal(size=(n, 5)), seed=int(rng.integers(2**32)), classifiers=classifiers
            )
            return gate.exchangeable, width(gate.auc.interval)  # type: ignore[union-attr]

        return draw

    for name, classifiers, share in (("logistic", ("logistic",), 1.0), ("both", ("logistic", "forest"), 0.15)):
        yield Case(
            method=f"exchangeability gate, {name}", truth="one population", n="100+100", nominal=0.975,
            claim=APPROXIMATE, one=one(classifiers, 100), share=share,
        )  # fmt: skip


def cases() -> list[Case]:
    """Return every row, cheap ones first."""
    return [
        case
        for family in (proportions, sequences, bands, aucs, binary_aucs, tprs, conformal, bootstraps, gates)
        for case in family()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print("| method | truth | n | nominal | coverage | Monte-Carlo error | mean width | runs | claim |")
    print("|---|---|---|---|---|---|---|---|---|")
    started = time.process_time()
    for case in cases():
        done, coverage, mean = case.run(asked.runs, asked.seed)
        error = f"{1.96 * math.sqrt(case.nominal * (1 - case.nominal) / done):.4f}" if done else "none"
        shown = f"{mean:.4f}" if mean else "–"
        print(
            f"| {case.method} | {case.truth} | {case.n} | {case.nominal:g} | {coverage:.4f} | {error} | {shown} "
            f"| {done or 'computed'} | {case.claim} |",
            flush=True,
        )
    print(f"\n{time.process_time() - started:.0f} CPU seconds")


if __name__ == "__main__":
    main()
