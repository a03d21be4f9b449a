"""Coverage of ROC curves, and size of the tests that compare two groups of scores."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from assay.stats.auc import auc
from assay.stats.conformal import benjamini_hochberg, conformal_p_values, excess, outlier_share
from assay.stats.contamination import Contest, contest, together
from assay.stats.epsilon import epsilon
from assay.stats.exchangeable import exchangeability
from assay.stats.roc import tpr_at_fpr
from benchmarks.simulation import APPROXIMATE, CONSERVATIVE, EXACT, Case, One, Rng, held, width


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


def labels() -> Iterator[Case]:
    """Trusted against tested rows of three labels, one of them much rarer among the tested; some tested labels wrong."""

    def draw(rng: Rng, share: float, apart: float, trusted: int, tested: int) -> tuple[Contest, float]:
        of = np.concatenate([rng.choice(3, trusted, p=[0.4, 0.4, 0.2]), rng.choice(3, tested, p=[0.55, 0.4, 0.05])])
        is_trusted = np.arange(trusted + tested) < trusted
        wrong = ~is_trusted & (rng.random(trusted + tested) < share)
        own = rng.normal(of + apart * wrong, 1.0)
        foul = rng.normal(of + apart, 1.0)
        made = contest(own, is_trusted, foul, is_trusted, seed=int(rng.integers(2**32)), strata=of, draws=1000)
        assert isinstance(made, Contest)
        return made, float(wrong.sum() / tested)

    def size(rng: Rng) -> tuple[bool, float]:
        return draw(rng, 0.0, 2.0, 150, 600)[0].p_value > 0.05, 0.0

    yield Case(method="contest of labels, p > .05", truth="clean", n="150 trusted, 600", claim=EXACT, one=size)

    def low(share: float, apart: float) -> One:
        def ask(rng: Rng) -> tuple[bool, float]:
            made, truth = draw(rng, share, apart, 150, 600)
            found = together([(made, 1.0)])
            assert found.share.interval.low is not None
            return found.share.interval.low <= truth, 1 - found.share.interval.low

        return ask

    for share, apart in ((0.0, 2.0), (0.05, 4.0), (0.1, 2.0), (0.3, 4.0)):
        yield Case(
            method="share of wrong labels, low end", truth=f"share={share} apart={apart}", n="150 trusted, 600",
            nominal=0.975, claim=CONSERVATIVE, one=low(share, apart),
        )  # fmt: skip


def epsilons() -> Iterator[Case]:
    """Randomised response: each row's membership is told truly with odds e^epsilon, the others' score is noise."""

    def one(truth: float, told: float, m: int, n: int) -> One:
        def ask(rng: Rng) -> tuple[bool, float]:
            member = np.arange(m + n) < m
            says = np.where(rng.random(m + n) < 1 / (1 + math.exp(-truth)), member, ~member)
            score = np.where(rng.random(m + n) < told, np.where(says, 1.0, -1.0), 0.0) + 0.1 * rng.normal(size=m + n)
            found = epsilon(score[:m], score[m:])
            assert found.interval.low is not None
            return found.interval.low <= truth, found.interval.low

        return ask

    for truth, told, m, n in ((0.0, 1.0, 600, 250), (1.0, 1.0, 600, 250), (1.0, 0.1, 400, 400), (3.0, 0.2, 300, 600)):
        yield Case(
            method="epsilon, low end", truth=f"epsilon={truth:g} told={told:g}", n=f"{m}+{n}", claim=CONSERVATIVE,
            one=one(truth, told, m, n),
        )  # fmt: skip
