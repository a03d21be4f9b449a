"""How likely a finding is right: measured for each entity and each level of its rules, on labelled logs.

`calibration_table.py` holds the numbers; `benchmarks/pii_calibration.py` makes it and publishes how well it holds on
logs that were not used. It is true of logs like those: of their mix of values, look-alikes and other lines.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from assay_detectors.pii.calibration_table import POOLED, ROWS

SAME_RULE = {"IP_LOOPBACK": "IP_ADDRESS"}
"""Entities that the rules of another find: one cell for both."""


class Cell(NamedTuple):
    """One entity at one level."""

    entity: str
    level: float
    right: int
    """Findings that a label answered."""
    findings: int
    probability: float
    low: float
    """Of the 95 % interval of the probability."""
    high: float


CELLS: dict[tuple[str, float], Cell] = {(row[0], row[1]): Cell(*row) for row in ROWS}


@cache
def probability(entity: str, level: float) -> float:
    """Return the probability that a finding of this entity at this level is right.

    Where an entity was not measured at a level, it is that of the level over all entities.
    """
    cell = CELLS.get((SAME_RULE.get(entity, entity), level))
    return POOLED[level] if cell is None else cell.probability
