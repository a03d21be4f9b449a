"""Confidence curves: the ends of an interval at many levels, saved so that a policy can read it at its own level.

A saved curve is a staircase: at a level between two saved ones it answers with the ends of the higher level.
"""

from __future__ import annotations

from collections.abc import Callable

from assay.model.interval import Interval, Quantiles

TAILS = (
    1e-6, 1e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 7.5e-4, 1e-3, 1.25e-3, 1.6e-3, 2e-3, 2.5e-3, 3.125e-3, 4e-3, 5e-3, 6.25e-3,
    8e-3, 1e-2, 1.25e-2, 1.6e-2, 2e-2, 2.5e-2, 3.125e-2, 5e-2, 0.1, 0.25,
)  # fmt: skip
"""Error on one side at which the ends are saved: levels from 50 % to 99.9998 %."""
_BEFORE = 1 - 1e-9
"""So that a level of 1 - 0.05 finds the tail 0.025 whichever way it was rounded."""

Bounds = Callable[[float], tuple[float, float]]
"""Error on one side -> (low, high)."""


def saved(bounds: Bounds, level: float, least: float = 0.0) -> Quantiles:
    """Return the staircase of `bounds` over `TAILS` and the tail of `level`.

    Args:
        bounds: both ends for an error on one side.
        level: a level at which the staircase is exact.
        least: smallest tail that the method can answer.
    """
    tails = sorted({(1 - level) / 2, *(tail for tail in TAILS if tail >= least)})
    knots = [tail * _BEFORE for tail in tails]
    lows: list[tuple[float, float]] = []
    highs: list[tuple[float, float]] = []
    for knot, end in zip(knots, [*knots[1:], 0.5], strict=True):
        low, high = bounds(knot)
        lows += [(knot, low), (end * _BEFORE, low)]
        highs += [(1 - knot, high), (1 - end * _BEFORE, high)]
    steps = [*lows, *reversed(highs)]
    return Quantiles(levels=tuple(level for level, _ in steps), values=tuple(value for _, value in steps))


def interval(bounds: Bounds, level: float, method: str, value: float) -> Interval:
    """Return the interval of `bounds` at `level`, widened where rounding would leave `value` outside."""
    low, high = bounds((1 - level) / 2)
    return Interval(low=min(low, value), high=max(high, value), level=level, method=method)
