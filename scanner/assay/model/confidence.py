"""The interval of a saved statistic at any level. Standard library only: `judge` starts fast, drivers look often."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

from assay.model.interval import Binomial, EProcess, Exact, Guesses, Interval, Quantiles
from assay.model.measurement import Measurement

PRIOR = 0.5
"""Both parameters of the Beta prior of the e-process (Jeffreys)."""
_LOG_PRIOR = 2 * math.lgamma(PRIOR) - math.lgamma(2 * PRIOR)
_SLACK = 1e-12
"""By which a level may be rounded."""


def interval_at(measurement: Measurement, level: float) -> Interval | None:
    """Return the interval at `level` or above; None where the saved statistic cannot give one.

    An interval that is open because something was not looked at stays open on that side.
    """
    saved, statistic = measurement.interval, measurement.statistic
    if isinstance(statistic, Exact):
        return saved if saved.level >= level - _SLACK else None
    ends = _ends(statistic, level)
    if ends is None:
        return None
    low, high = ends
    low, high = (None if saved.low is None else low), (None if saved.high is None else high)
    return Interval(low=low, high=high, level=level, method=saved.method)


def _ends(
    statistic: Binomial | Quantiles | EProcess | Guesses, level: float
) -> tuple[float | None, float | None] | None:
    match statistic:
        case Binomial():
            return clopper_pearson(statistic.k, statistic.n, level)
        case EProcess():
            return confidence_sequence(statistic.k, statistic.n, level)
        case Guesses():
            return least_epsilon(statistic, 1 - level), None
        case Quantiles():
            tail = (1 - level) / 2
            if statistic.levels and statistic.levels[0] <= tail and statistic.levels[-1] >= 1 - tail:
                return _quantile(statistic, tail), _quantile(statistic, 1 - tail)
    return None


def _quantile(statistic: Quantiles, at: float) -> float:
    pairs = list(zip(statistic.levels, statistic.values, strict=True))
    for (left, low), (right, high) in pairwise(pairs):
        if left <= at <= right:
            return low if right == left else low + (high - low) * (at - left) / (right - left)
    return pairs[0][1] if at <= pairs[0][0] else pairs[-1][1]


def least_epsilon(guesses: Guesses, tail: float) -> float:
    """Return the epsilon that so many right guesses rule out to be smaller, with error at most `tail`; at least 0.

    Steinke, Nasr and Jagielski (2023): under epsilon each guess is right with at most
    odds * e^epsilon / (1 + odds * e^epsilon). Clopper and Pearson for each number of guesses, Bonferroni over them.
    """
    share = tail / len(guesses.of)
    found = 0.0
    for right, of in zip(guesses.right, guesses.of, strict=True):
        least = _beta_quantile(share, right, of - right + 1) if right else 0.0
        if 0 < least < 1:
            found = max(found, math.log(least / (1 - least)) - math.log(guesses.odds))
    return found


@lru_cache(maxsize=65536)
def clopper_pearson(k: int, n: int, level: float) -> tuple[float, float]:
    """Return the exact binomial interval of Clopper and Pearson (1934), equal tails."""
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else _beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k == n else _beta_quantile(1 - tail, k + 1, n - k)
    return low, high


def binomial_tail(k: int, n: int, p: float) -> float:
    """Return the probability of at least `k` successes in `n` independent trials."""
    return 1.0 if k <= 0 else 0.0 if k > n else _incomplete_beta(p, k, n - k + 1)


def confidence_sequence(k: int, n: int, level: float) -> tuple[float, float]:
    """Return every proportion that the e-process of `log_evidence` does not refute at `level` after n draws."""
    if n == 0:
        return 0.0, 1.0
    mixture, threshold = _log_mixture(k, n), math.log(1 / (1 - level))

    def refuted(p: float) -> bool:
        return mixture - _log_likelihood(k, n, p) >= threshold

    low = _boundary(refuted, 0.0, k / n) if k else 0.0
    high = _boundary(refuted, 1.0, k / n) if k < n else 1.0
    return low, high


def log_evidence(k: int, n: int, p: float) -> float:
    """Return the logarithm of the mixture likelihood ratio against `p`: see `assay.stats.sequences`."""
    return _log_mixture(k, n) - _log_likelihood(k, n, p)


def _log_mixture(k: int, n: int) -> float:
    a, b = k + PRIOR, n - k + PRIOR
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b) - _LOG_PRIOR


def _log_likelihood(k: int, n: int, p: float) -> float:
    if (p == 0.0 and k) or (p == 1.0 and k < n):
        return -math.inf
    wins = k * math.log(p) if k else 0.0
    return wins + ((n - k) * math.log1p(-p) if k < n else 0.0)


def _boundary(refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """Return the refuted end of a bracket that halving cannot narrow: never too narrow an interval."""
    while abs(outside - inside) > 1e-12:
        middle = (outside + inside) / 2
        if refuted(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _beta_quantile(p: float, a: float, b: float) -> float:
    """Return x with I_x(a, b) = p, by bisection to 1e-15."""
    low, high = 0.0, 1.0
    while high - low > 1e-15 * max(high, 1e-3):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function (continued fraction; DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1 + term * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + term / (c if abs(c) > tiny else tiny)
            step = c * d
            value *= step
        if abs(step - 1) < 1e-16:
            break
    return math.exp(log_front) * value / a
