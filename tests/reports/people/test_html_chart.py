"""The chart: value, interval and limit on one line, at any magnitude."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from assay.model.interval import Interval
from assay.reports.html_chart import NO_BOUNDS, WIDTH, Bounds, chart


def test_order_on_the_page_is_order_of_the_numbers() -> None:
    drawn = chart(0.04, Interval(low=0.01, high=0.1, level=0.95, method="x"), Bounds(0.05, None))
    places = [drawn.low, drawn.value, drawn.limits[0], drawn.high]
    assert all(before < after for before, after in pairwise(places))
    assert drawn.zones[0].x == drawn.limits[0]


def test_at_least_forbids_the_left_side() -> None:
    (zone,) = chart(0.95, Interval.exact(0.95), Bounds(None, 0.9)).zones
    assert zone.x == 0.0
    assert 0 < zone.width < WIDTH / 2


def test_an_interval_without_an_end_reaches_the_edge() -> None:
    drawn = chart(3, Interval.at_least(3), Bounds(0, None))
    assert drawn.open_high
    assert drawn.value < WIDTH - 20
    assert drawn.high == WIDTH - 1


@pytest.mark.parametrize("value", [0.0, -5.0, 1e-300, 1.7e308, -1.7e308])
@pytest.mark.parametrize("limit", [Bounds(0, None), Bounds(None, 1e308), NO_BOUNDS], ids=str)
def test_any_finite_number_stays_inside(value: float, limit: Bounds) -> None:
    for interval in (Interval.exact(value), Interval.at_least(value), Interval(low=None, high=None, method="x")):
        drawn = chart(value, interval, limit)
        for x in (drawn.value, drawn.low, drawn.high, *drawn.limits, *(z.width for z in drawn.zones)):
            assert math.isfinite(x)
            assert 0 <= x <= WIDTH
