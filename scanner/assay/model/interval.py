"""Intervals, and the statistics that recompute them at any level."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from assay.model.base import Finite, Noun

LOWER_BOUND: Final = "lower-bound"
"""Method of an interval that is open above because something was not read."""
UPPER_BOUND: Final = "upper-bound"
"""Method of an interval that is open below because the measuring itself may have failed to see."""


class Interval(Noun):
    """What the data say about one number: every value that they do not rule out."""

    low: Finite | None
    """Lower end; null: unbounded below."""
    high: Finite | None
    """Upper end; null: unbounded above (for instance a file that could not be read to its end)."""
    level: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Coverage that the method promises; 1.0 for a complete count."""
    method: str
    """`exact`, `lower-bound`, `upper-bound`, `clopper-pearson`, `confidence-sequence`, ..."""

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
        return cls(low=value, high=None, level=1.0, method=LOWER_BOUND)

    @property
    def complete(self) -> bool:
        """Say whether all was looked at that the number is about; no way of judging makes a pass of it otherwise."""
        return self.method not in (LOWER_BOUND, UPPER_BOUND)


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
    """`k` successes in `n` draws, looked at as often as one liked: a confidence sequence at any level."""

    kind: Literal["e-process"] = "e-process"
    k: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(gt=0)]


class Guesses(Noun):
    """Guesses of an attacker who may stop at several numbers of guesses: a lower bound of epsilon at any level."""

    kind: Literal["guesses"] = "guesses"
    right: tuple[Annotated[int, Field(ge=0)], ...]
    """Right ones among the surest `of`."""
    of: tuple[Annotated[int, Field(gt=0)], ...]
    """Numbers of guesses, fixed beforehand."""
    odds: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Odds that a guess without knowledge is right."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.of or len(self.right) != len(self.of):
            raise ValueError(f"{len(self.right)} counts of right guesses for {len(self.of)} numbers of guesses")
        if any(right > of for right, of in zip(self.right, self.of, strict=True)):
            raise ValueError(f"more right guesses than guesses: {self.right} of {self.of}")
        return self


Statistic = Annotated[Exact | Binomial | Quantiles | EProcess | Guesses, Field(discriminator="kind")]
"""What recomputes the interval of a measurement at another level."""
