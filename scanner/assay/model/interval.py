"""Intervals, and the statistics that recompute them at any level."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from assay.model.base import Finite, Noun


class Interval(Noun):
    """What the data say about one number: every value that they do not rule out."""

    low: Finite | None
    """Lower end; null: unbounded below."""
    high: Finite | None
    """Upper end; null: unbounded above (for instance a file that could not be read to its end)."""
    level: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Coverage that the method promises; 1.0 for a complete count."""
    method: str
    """`exact`, `lower-bound`, `clopper-pearson`, `confidence-sequence`, ..."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"interval is upside down: low {self.low} > high {self.high}")
        return self

    def holds(self, value: float) -> bool:
        """Say whether `value` lies within, ends included."""
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    @classmethod
    def exact(cls, value: float) -> Interval:
        """Return the interval of a complete count: one point."""
        return cls(low=value, high=value, level=1.0, method="exact")

    @classmethod
    def at_least(cls, value: float) -> Interval:
        """Return the interval of a count that may not be complete: at least `value`."""
        return cls(low=value, high=None, level=1.0, method="lower-bound")


class Exact(Noun):
    """A complete count or a certain bound: the interval is the same at every level."""

    kind: Literal["exact"] = "exact"


class Binomial(Noun):
    """`k` successes in `n` independent trials; Clopper and Pearson (1934) at any level."""

    kind: Literal["binomial"] = "binomial"
    k: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.k > self.n:
            raise ValueError(f"k = {self.k} successes in n = {self.n} trials")
        return self


class Quantiles(Noun):
    """Quantiles of a resampling distribution (bootstrap, permutation); `levels` ascending in (0, 1)."""

    kind: Literal["bootstrap-quantiles"] = "bootstrap-quantiles"
    levels: tuple[Finite, ...]
    values: tuple[Finite, ...]


class EProcess(Noun):
    """A sequential test; the interval holds at `level` only, at whichever time one looked."""

    kind: Literal["e-process"] = "e-process"
    k: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(gt=0)]


Statistic = Annotated[Exact | Binomial | Quantiles | EProcess, Field(discriminator="kind")]
"""What recomputes the interval of a measurement at another level."""
