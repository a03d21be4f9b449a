"""The base of all nouns: frozen, closed, finite numbers only."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Labels = dict[str, str]
"""Label name -> label value; tells apart what one quantity is measured for."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
"""A number that JSON can hold."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

DetectorId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$")]
MetricId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){2,}$")]


class Noun(BaseModel):
    """A frozen value; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
