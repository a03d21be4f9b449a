"""A small chart of one interval against one limit: numbers for inline SVG, and the words that say the same."""

from __future__ import annotations

from typing import NamedTuple

from assay.model.interval import Interval
from assay.reports.text import interval as interval_words
from assay.reports.text import number

WIDTH = 168
HEIGHT = 26
_EDGE = 10


class Zone(NamedTuple):
    """What the limit forbids, from `x`, `width` wide."""

    x: float
    width: float


class Chart(NamedTuple):
    """Coordinates in user units, left to right."""

    value: float
    low: float
    high: float
    open_low: bool
    """The interval has no lower end; drawn as an arrow."""
    open_high: bool
    limits: tuple[float, ...]
    zones: tuple[Zone, ...]
    words: str


class Bounds(NamedTuple):
    """The limit as numbers."""

    most: float | None
    least: float | None


NO_BOUNDS = Bounds(None, None)


def chart(value: float, interval: Interval, limit: Bounds = NO_BOUNDS, limit_words: str = "") -> Chart:
    """Place value, interval and limit on one line that holds them all; `limit_words` go into the text beside it."""
    most, least = limit
    anchors = [value, *(x for x in (interval.low, interval.high, most, least) if x is not None)]
    low, high = min(anchors), max(anchors)
    if low == high:
        low, high = (0.0, 1.0) if low == 0 else sorted((0.0, 2 * low))
    # Scaled before it is subtracted: two numbers near the largest float lie further apart than floats go.
    scale = max(abs(low), abs(high))
    start, span = low / scale, high / scale - low / scale
    # Room for the arrow of an interval without an end.
    start, span = (
        start - span / 3 * (interval.low is None),
        span * (3 + (interval.low is None) + (interval.high is None)) / 3,
    )

    def at(x: float) -> float:
        share = (x / scale - start) / span if span > 0 else 0.5
        return round(_EDGE + share * (WIDTH - 2 * _EDGE), 1)

    zones = []
    if most is not None:
        zones.append(Zone(at(most), round(WIDTH - at(most), 1)))
    if least is not None:
        zones.append(Zone(0.0, at(least)))
    spread = interval_words(interval)
    words = f"value {number(value)}" + (f", interval {spread}" if spread else "")
    words += f", limit {limit_words}" if limit_words else ""
    return Chart(
        value=at(value),
        low=1.0 if interval.low is None else at(interval.low),
        high=WIDTH - 1.0 if interval.high is None else at(interval.high),
        open_low=interval.low is None,
        open_high=interval.high is None,
        limits=tuple(at(x) for x in (most, least) if x is not None),
        zones=tuple(zones),
        words=words,
    )
