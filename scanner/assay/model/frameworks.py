"""Tables of published frameworks: which controls there are, in which edition, and what became of retired ones.

A control is written `prefix:id`, such as `atlas:AML.T0010`, `eu:Art.15(5)` or `nist-rmf:MEASURE 2.7`. The tables are
data (`frameworks.json`); an entry marked `secondary` was read in third-party material only.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple

from assay.model.near import closest

SourceStatus = Literal["primary", "secondary"]


class Framework(NamedTuple):
    """One published framework."""

    prefix: str
    """What stands before the colon of a control: `atlas`."""
    title: str
    edition: str
    status: SourceStatus
    note: str


class Control(NamedTuple):
    """One control of one framework, as published."""

    framework: str
    """Title of the framework: `MITRE ATLAS`."""
    edition: str
    id: str
    name: str
    status: SourceStatus
    """`secondary`: read in third-party material only."""
    retired_by: str | None
    """Id of the control that a newer edition put in its place."""
    prefix: str

    @property
    def text(self) -> str:
        """Return the control as a policy writes it: `owasp-ml:ML04:2023`."""
        return f"{self.prefix}:{self.id}"


def frameworks() -> tuple[Framework, ...]:
    """Return every framework that has a table of controls."""
    return tuple(
        Framework(prefix, table["title"], table["edition"], table["status"], table["note"])
        for prefix, table in _tables().items()
    )


def known(control: str) -> bool | None:
    """Say whether `prefix:id` stands in its table; None where there is no table of that prefix."""
    if _prefix(control) not in _tables():
        return None
    return control in _controls()


def well_formed(control: str) -> bool:
    """Say whether an id that is not in its table looks like those of its framework, and the table is a part of it."""
    table = _tables().get(_prefix(control))
    form = table.get("form") if table is not None else None
    return form is not None and re.fullmatch(form, control.partition(":")[2], re.ASCII) is not None


def name(control: str) -> str | None:
    """Return the published name of `prefix:id`; None where no table has it."""
    entry = _controls().get(control)
    return entry.name if entry else None


def describe(control: str) -> Control | None:
    """Return all that the tables say of `prefix:id`; None where no table has it."""
    return _controls().get(control)


def near(control: str) -> str | None:
    """Return the known control that is most like `control`: within its framework, where the prefix has a table."""
    prefix = _prefix(control)
    if prefix in _tables():
        written = f"{prefix}:{control.partition(':')[2]}"
        return closest(written, (text for text in _controls() if text.startswith(f"{prefix}:")))
    corrected = f"{closest(prefix, (*_tables(), *_short_prefixes()))}:{control.partition(':')[2]}"
    return corrected if corrected in _controls() else closest(control, _controls())


def all_controls(framework: str) -> tuple[Control, ...]:
    """Return every control of the framework with this prefix, once each; empty for a prefix without a table."""
    prefix = _prefix(framework)
    return tuple(_of_table(prefix, _tables()[prefix]).values()) if prefix in _tables() else ()


def mapped(detector_id: str) -> tuple[str, ...]:
    """Return the controls that a detector gives evidence for; a proposal, and empty for a detector that is not ours."""
    entry = _document()["detector_map"].get(detector_id)
    return tuple(entry["controls"]) if entry else ()


def mapped_detectors() -> tuple[str, ...]:
    """Return the detectors that the map knows, those to come among them."""
    return tuple(_document()["detector_map"])


def mitigations(detector_id: str) -> tuple[str, ...]:
    """Return the mitigations that ATLAS links to the techniques of `mapped(detector_id)`."""
    entry = _document()["detector_map"].get(detector_id)
    return tuple(entry["mitigations"]) if entry else ()


@cache
def _document() -> dict[str, Any]:
    text = resources.files("assay.model").joinpath("frameworks.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _tables() -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = _document()["frameworks"]
    return tables


def _short_prefixes() -> dict[str, str]:
    short: dict[str, str] = _document()["short_prefixes"]
    return short


def _prefix(control: str) -> str:
    """Return the prefix of a control in full: `rmf:MAP 4.1` is of `nist-rmf`."""
    prefix = control.partition(":")[0]
    return _short_prefixes().get(prefix, prefix)


@cache
def _controls() -> dict[str, Control]:
    """Return every way to write a control: `owasp-ml:ML04` as `owasp-ml:ML04:2023`, `rmf:...` as `nist-rmf:...`."""
    found: dict[str, Control] = {}
    for prefix, table in _tables().items():
        controls = _of_table(prefix, table)
        found |= {entry.text: entry for entry in controls.values()}
        found |= {f"{prefix}:{short}": controls[full] for short, full in table["aliases"].items()}
    for short, prefix in _short_prefixes().items():
        found |= {f"{short}:{entry.id}": entry for entry in list(found.values()) if entry.prefix == prefix}
    return found


def _of_table(prefix: str, table: dict[str, Any]) -> dict[str, Control]:
    newer = table.get("newer", {"edition": "", "status": "secondary", "controls": {}})
    entries: dict[str, Control] = {}
    for part in (table, newer):
        for identity, title in part["controls"].items():
            retired_by = table["retired"].get(identity)
            entries[identity] = Control(
                table["title"], part["edition"], identity, title, part["status"], retired_by, prefix
            )
    return entries
