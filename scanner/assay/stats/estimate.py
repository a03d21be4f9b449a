"""What a statistical function returns: an estimate with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.model.interval import Interval, Statistic


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its interval, what recomputes the interval, and how it was got."""

    value: float
    interval: Interval
    statistic: Statistic
    n: int
    """Units behind the number: trials, rows, scores of both groups together."""
    method: str
    """Names every parameter that changes the number."""

    def fields(self) -> dict[str, Any]:
        """Return value, interval, statistic, n and method, as `Measurement` takes them."""
        return {name: getattr(self, name) for name in ("value", "interval", "statistic", "n", "method")}


@dataclass(frozen=True, kw_only=True)
class Unresolved:
    """A number that these data cannot give, and how many units would."""

    reason: str
    """One sentence: what is missing, how much there is, how much is needed."""
    have: int
    needed: int
    """Units that would do; of the kind that `reason` names."""
