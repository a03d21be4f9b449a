"""A control as reports cite it: never without its edition."""

from __future__ import annotations

from assay.model.frameworks import describe
from assay.reports.text import safe


def cited(control: str) -> str:
    """Return a control with framework, edition, id and name, as far as the tables know it."""
    known = describe(control)
    return f"{known.framework} {known.edition}, {known.id} {known.name}" if known else safe(control, 200) or "(unnamed)"
