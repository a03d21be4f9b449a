"""Whether a measurement rests on enough: `evidence: {min_n, min_power}`, and the sample size that would do.

Too little evidence never excuses a breach: what is wholly beyond the limit fails as it is. It only takes a pass away,
which becomes inconclusive and says which n is needed.

- `min_n`: the units that the measurement looked at.
- `min_power`: the probability with which a breach of the limit would have been told from nothing wrong, at the rule's
  error rate. A complete count sees every breach. Up to 0.8 it is met where `detectable` (the value of the metric that
  this n shows at 80 % power) lies no farther from the metric's null value than the limit; for a p-value, where it is
  at most the rule's `max_detectable`. Above 0.8, or without `detectable`, it is computed for binomials only: the
  probability that, with the truth at the limit, the interval excludes the null value. Where neither is possible,
  the power is not known, and that is not enough.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from assay.model.confidence import binomial_tail, clopper_pearson
from assay.model.interval import Binomial, Exact, Interval
from assay.model.measurement import Measurement
from assay.model.spec import MetricSpec
from assay_policies.schema import Limit, Rule

_DETECTABLE_POWER = 0.8
"""Power at which detectors state what is detectable."""
_MOST_N = 10_000_000


class Shortfall(NamedTuple):
    """What is missing."""

    sentence: str
    needs_n: int | None


class _Question(NamedTuple):
    """A breach as large as the limit against nothing wrong: the way between them, and the side."""

    null: float
    limit: float
    at_most: bool


def shortfall(rule: Rule, measurement: Measurement, alpha: float, metric: MetricSpec | None) -> Shortfall | None:
    """Return what the evidence lacks of what the rule asks, or None.

    Args:
        rule: with its `evidence`.
        measurement: as it was measured.
        alpha: error rate at which it is judged.
        metric: for its null value; None where its detector is not known here.
    """
    asked, n = rule.evidence, measurement.n
    if asked.min_n is not None and n < asked.min_n:
        needs = asked.min_n
        return Shortfall(f"it rests on n = {n:,}, which is not enough: needs n = {needs:,}", needs)
    if asked.min_power is None or _complete(measurement):
        return None
    return _underpowered(rule, asked.min_power, measurement, alpha, metric)


def decisive_n(interval: Interval, measurement: Measurement, limit: Limit) -> int | None:
    """Return about how many units would decide, if the value stays: widths shrink with the root of n.

    None where it is no question of n: complete counts, open ends, a value on the limit itself.
    """
    if interval.level >= 1 or interval.low is None or interval.high is None or not interval.complete:
        return None
    value, found = measurement.value, list[float]()
    for most, sign in ((limit.max, 1), (limit.min, -1)):
        if most is None:
            continue
        beyond = sign * (value - most)
        end = interval.low if (sign > 0) == (beyond > 0) else interval.high
        way = abs(beyond) if beyond > 0 else abs(beyond) + limit.margin
        if way > 0:
            found.append(measurement.n * (abs(end - value) / way) ** 2)
    most_units = max(found, default=0.0)
    return math.ceil(most_units) if measurement.n < most_units < 1e12 else None


def _complete(measurement: Measurement) -> bool:
    exact = isinstance(measurement.statistic, Exact) and measurement.p_value is None
    return exact and measurement.interval.level >= 1 and measurement.interval.complete


def _underpowered(
    rule: Rule, power: float, measurement: Measurement, alpha: float, metric: MetricSpec | None
) -> Shortfall | None:
    question = _question(rule.limit, metric)
    detectable = measurement.detectable if _holds_at(measurement, alpha) else None
    if measurement.p_value is not None:
        most = rule.limit.max_detectable
        if power <= _DETECTABLE_POWER and most is not None and detectable is not None and detectable <= most:
            return None
        return Shortfall(f"its power is not known to reach {power:g}", None)
    if question is None:
        return Shortfall(f"a power of {power:g} is asked, and the metric has no null value on the near side", None)
    if power <= _DETECTABLE_POWER and detectable is not None:
        way, effect = abs(question.limit - question.null), abs(detectable - question.null)
        if effect <= way:
            return None
        needs = math.ceil(measurement.n * (effect / way) ** 2)
        said = f"{detectable:.3g} would have been seen with a power of 0.8, the limit is {question.limit:g}"
        return Shortfall(f"{said}: needs about n = {needs:,}", needs)
    if not isinstance(measurement.statistic, Binomial):
        return Shortfall(f"its power is not known, and {power:g} is asked; scan again, or ask for `min_n`", None)
    reached = binomial_power(measurement.statistic.n, question.null, question.limit, alpha)
    if reached >= power:
        return None
    needed = _needed(power, question, alpha)
    more = f": needs n = {needed:,}" if needed is not None else ""
    text = f"a breach of the limit would have been seen with a power of {reached:.2f} only, {power:g} is asked{more}"
    return Shortfall(text, needed)


def _holds_at(measurement: Measurement, alpha: float) -> bool:
    """Say whether what is detectable was computed at this error rate or a smaller one."""
    at = measurement.alpha if measurement.alpha is not None else 1 - measurement.interval.level
    return at <= alpha * (1 + 1e-9)


def _question(limit: Limit, metric: MetricSpec | None) -> _Question | None:
    null = metric.null_value if metric is not None else None
    if null is None:
        return None
    if limit.max is not None and null < limit.max:
        return _Question(null, limit.max, True)
    if limit.min is not None and null > limit.min:
        return _Question(null, limit.min, False)
    return None


def binomial_power(n: int, null: float, limit: float, alpha: float) -> float:
    """Return the probability that the interval of `n` trials excludes `null`, where the truth is `limit`."""
    if null > limit:
        null, limit = 1 - null, 1 - limit
    low, high = 0, n + 1  # the least k whose lower end is above null; n + 1: none
    while low < high:
        middle = (low + high) // 2
        if clopper_pearson(middle, n, 1 - alpha)[0] > null:
            high = middle
        else:
            low = middle + 1
    return binomial_tail(low, n, min(max(limit, 0.0), 1.0))


def _needed(power: float, question: _Question, alpha: float) -> int | None:
    def enough(n: int) -> bool:
        return binomial_power(n, question.null, question.limit, alpha) >= power

    high = 1
    while not enough(high):
        high *= 2
        if high > _MOST_N:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
