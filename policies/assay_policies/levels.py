"""The interval of a measurement at the level that a rule asks for. Standard library only: `judge` starts fast."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

from assay.model.interval import Binomial, Exact, Interval, Quantiles
from assay.model.measurement import Measurement


def interval_at(measurement: Measurement, level: float) -> Interval | None:
    """Return the interval at `level` or above; None where the saved statistic cannot give one."""
    saved, statistic = measurement.interval, measurement.statistic
    if isinstance(statistic, Exact) and saved.level >= 1.0:
        return saved
    if isinstance(statistic, Binomial):
        low, high = clopper_pearson(statistic.k, statistic.n, level)
        return Interval(low=low, high=high, level=level, method="clopper-pearson")
    if isinstance(statistic, Quantiles):
        tail = (1 - level) / 2
        if statistic.levels and statistic.levels[0] <= tail and statistic.levels[-1] >= 1 - tail:
            low, high = _quantile(statistic, tail), _quantile(statistic, 1 - tail)
            return Interval(low=low, high=high, level=level, method="bootstrap-quantiles")
        return None
    return saved if saved.level >= level - 1e-12 else None


def _quantile(statistic: Quantiles, at: float) -> float:
    pairs = list(zip(statistic.levels, statistic.values, strict=True))
    for (left, low), (right, high) in pairwise(pairs):
        if left <= at <= right:
            return low if right == left else low + (high - low) * (at - left) / (right - left)
    return pairs[0][1] if at <= pairs[0][0] else pairs[-1][1]


@lru_cache(maxsize=65536)
def clopper_pearson(k: int, n: int, level: float) -> tuple[float, float]:
    """Return the exact binomial interval of Clopper and Pearson (1934), equal tails."""
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else _beta_quantile(tail, k, n - k + 1)
    high = 1.0 if k == n else _beta_quantile(1 - tail, k + 1, n - k)
    return low, high


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
