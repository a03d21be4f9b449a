"""One interval against one limit, in three values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from assay.model.confidence import interval_at
from assay.model.interval import Binomial, EProcess, Guesses, Interval
from assay.model.measurement import Measurement
from assay_policies.schema import Limit

_INFINITY = float("inf")


class Standing(StrEnum):
    """Where an interval stands."""

    WITHIN = "within"
    BEYOND = "beyond"
    OPEN = "open"


class Comparison(NamedTuple):
    """The standing, and how far the deciding end is from the limit (negative: beyond it)."""

    standing: Standing
    distance: float | None


def compare(interval: Interval, value: float, limit: Limit) -> Comparison:
    """Compare by `limit.judge`; see DESIGN section 5.

    - `interval`: within when the whole interval is within limit + margin, beyond when wholly beyond the limit.
    - `lower`: beyond when even the end nearest to safety is beyond; within otherwise.
    - `upper`: within when even the end farthest from safety is within; beyond as for `interval`; open otherwise.
    - `point`: by the value alone.
    """
    low = -_INFINITY if interval.low is None else interval.low
    high = _INFINITY if interval.high is None else interval.high
    if limit.judge == "point":
        low = high = value
    sides = []
    if limit.max is not None:
        sides.append(_side(low, high, limit.max, limit))
    if limit.min is not None:
        sides.append(_side(-high, -low, -limit.min, limit))
    return min(sides, key=lambda side: (_ORDER[side.standing], side.distance or 0.0))


_ORDER = {Standing.BEYOND: 0, Standing.OPEN: 1, Standing.WITHIN: 2}


def _side(low: float, high: float, most: float, limit: Limit) -> Comparison:
    """Compare [low, high] with `at most most`; the other side is mirrored."""
    if low > most and not (limit.judge != "lower" and high <= most + limit.margin):
        return Comparison(Standing.BEYOND, _finite(most - low))
    if limit.judge == "lower" or high <= most + limit.margin:
        return Comparison(Standing.WITHIN, _finite(most - (low if limit.judge == "lower" else high)))
    return Comparison(Standing.OPEN, _finite(most - high))


def _finite(number: float) -> float | None:
    return number if abs(number) != _INFINITY else None


def could_break(measurement: Measurement, level: float, limit: Limit) -> bool:
    """Say whether the worst data of this size would break a limit that only evidence of harm breaks."""
    if limit.judge != "lower":
        return True
    worst: Binomial | EProcess | Guesses
    match measurement.statistic:
        case Binomial(n=n):
            worst = Binomial(k=n if limit.max is not None else 0, n=n)
        case EProcess(n=n):
            worst = EProcess(k=n if limit.max is not None else 0, n=n)
        case Guesses(of=of, odds=odds):
            worst = Guesses(right=of, of=of, odds=odds)
        case _:
            return True
    ends = interval_at(measurement.model_copy(update={"statistic": worst}), level)
    return ends is None or compare(ends, measurement.value, limit).standing is Standing.BEYOND


def in_words(limit: Limit) -> str:
    """Return the limit in words: `at most 0, proof needed`."""
    parts = []
    if limit.max is not None:
        parts.append(f"at most {limit.max:g}")
    if limit.min is not None:
        parts.append(f"at least {limit.min:g}")
    if limit.max_detectable is not None:
        parts.append(f"effects above {limit.max_detectable:g} would be seen")
    text = " and ".join(parts) or "p-value not below alpha"
    if limit.margin:
        text += f" (margin {limit.margin:g})"
    tail = {
        "upper": ", shown for the whole interval",
        "lower": f", judged by the {'upper' if limit.max is None else 'lower'} end",
        "point": ", point value",
    }
    return text + tail.get(limit.judge, "")
