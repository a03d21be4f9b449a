"""The trust file: names that a user trusts besides the allowlist, each with its power and a reason."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from assay.model.base import Noun

Text = Annotated[str, Field(max_length=500)]
Power = Literal["constructor", "rebuild", "data", "function", "caller", "loader"]


class TrustEntry(Noun):
    """One name."""

    name: Annotated[str, Field(max_length=300)]
    """Module and name, joined by a dot: `mypkg.models.Scaler`; the last part is the name."""
    power: Power
    """What it may do while a file is loaded; see docs/allowlist.md."""
    reason: Text
    """Why it is harmless."""
    by: Text
    """Who says so."""
    until: date | None = None
    """Last day on which it counts; None: until it is removed."""
    i_accept_that_this_runs_code: bool = False
    """Needed for names that run code, load files or build functions."""

    @field_validator("reason", "by")
    @classmethod
    def _said(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; somebody must answer for this name, so write it down")
        return value

    @field_validator("name")
    @classmethod
    def _has_module(cls, value: str) -> str:
        if not all(value.rpartition(".")):
            raise ValueError("must be module and name, such as mypkg.models.Scaler")
        return value

    @property
    def pair(self) -> tuple[str, str]:
        """Return module and name."""
        module, _, name = self.name.rpartition(".")
        return module, name


class TrustFile(Noun):
    """What `assay scan --trust FILE` reads."""

    version: Literal[1]
    trust: tuple[TrustEntry, ...] = ()
