"""Headroom: how far a number is from its limit, as a share of the way from the metric's best value to the limit.

The end of the interval nearest to the limit counts, however the rule is judged. 1: at the best value; 0: at the limit;
below 0: beyond it, at -1 as far beyond as the way is long, or more, or unbounded. The best value is what the metric is
where nothing is wrong (`null_value`), else the end of its range in the good direction. Where the limit is the best
value itself there is no way: 1 within, and beyond it the distance in units of the metric. Where a limit has two sides,
the nearer one counts, and the best value lies midway.
"""

from __future__ import annotations

import math

from assay.model.interval import Interval
from assay.model.spec import MetricSpec
from assay.model.verdict import DecisionVerdict
from assay_policies.schema import Limit

V = DecisionVerdict
_UNKNOWN = 0.0
"""Headroom within a limit whose metric has no best value: a pass, and no more than that."""
WORTH = {V.INCONCLUSIVE: 0.25, V.WARN: 0.1}
"""What a decision that is no pass counts in the score; fail, error and skipped count 0, a pass 0.5 to 1."""


def headroom(interval: Interval, limit: Limit, metric: MetricSpec | None) -> float:
    """Return the headroom in [-1, 1]."""
    low = -math.inf if interval.low is None else interval.low
    high = math.inf if interval.high is None else interval.high
    if limit.max is not None and limit.min is not None:
        half = (limit.max - limit.min) / 2
        return _share(min(limit.max - high, low - limit.min), half)
    best = _best(limit, metric)
    if limit.max is not None:
        way = None if best is None else limit.max - best
        return _share(limit.max - high, way)
    assert limit.min is not None
    way = None if best is None else best - limit.min
    return _share(low - limit.min, way)


def worth(verdict: DecisionVerdict, room: float | None) -> float:
    """Return what a decision counts in the score, 0 to 1."""
    if verdict is V.PASS:
        return 0.5 + 0.5 * min(1.0, max(0.0, _UNKNOWN if room is None else room))
    return WORTH.get(verdict, 0.0)


def _share(distance: float, way: float | None) -> float:
    if way is not None and way > 0:
        return _clip(distance / way)
    if distance < 0:
        return _clip(distance)
    return _UNKNOWN if way is None else 1.0


def _clip(share: float) -> float:
    return min(1.0, max(-1.0, share))


def _best(limit: Limit, metric: MetricSpec | None) -> float | None:
    """Return the best value on the good side of the limit, or the limit itself where that is the best there can be."""
    if metric is None:
        return None
    end = metric.low if limit.max is not None else metric.high
    for candidate in (metric.null_value, end):
        if candidate is None:
            continue
        if (limit.max is not None and candidate <= limit.max) or (limit.min is not None and candidate >= limit.min):
            return candidate
    return None
