"""Measurement: one number with its interval, its method and its evidence."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from assay.model.base import Finite, Labels, MetricId, Noun
from assay.model.evidence import Evidence
from assay.model.interval import Exact, Interval, Statistic

EVIDENCE_CAP = 25
"""Pieces of evidence that a measurement carries at most; the rest is counted in `truncated`."""


class Measurement(Noun):
    """What a detector says: never 'bad', always 'this much, between here and there, by this method'."""

    metric: MetricId
    value: Finite
    interval: Interval
    statistic: Statistic = Exact()
    n: Annotated[int, Field(gt=0)]
    """Units looked at: files, lines, rows, trials."""
    labels: Labels = {}
    method: str
    """Names every parameter that changes the number."""
    p_value: Annotated[float, Field(ge=0, le=1)] | None = None
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    null_rows: int | None = None
    """Rows behind the null distribution."""
    detectable: Finite | None = None
    """Smallest effect that this n shows at 80 % power."""
    evidence: tuple[Evidence, ...] = ()
    truncated: Annotated[int, Field(ge=0)] = 0
    """How many more pieces of evidence there are."""
    distinct: Annotated[int, Field(ge=0)] | None = None
    """Different values among what was counted, where they were told apart."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.interval.holds(self.value):
            raise ValueError(
                f"{self.metric}: value {self.value} lies outside its interval "
                f"[{self.interval.low}, {self.interval.high}]"
            )
        if len(self.evidence) > EVIDENCE_CAP:
            raise ValueError(
                f"{self.metric}: more than {EVIDENCE_CAP} pieces of evidence; count the rest in `truncated`"
            )
        return self
