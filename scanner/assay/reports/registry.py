"""The formats that a result can be written in; a renderer is imported only when it is asked for."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, cast

from assay.model.errors import InvalidInput
from assay.model.evidence import Observation
from assay.model.result import ScanResult


class Format(NamedTuple):
    """One format of `-o NAME=PATH`."""

    name: str
    title: str
    suffix: str
    """Ending that a file of this format usually has."""
    body: str
    """Module with `chunks(result, observations) -> Iterator[str]`."""
    module: str = ""
    """Library that it needs beyond the core install."""
    extra: str = ""
    """Extra of the distribution that holds it."""

    @property
    def missing(self) -> str:
        """Return one sentence with the install line where its library is not there; empty otherwise."""
        if not self.module or importlib.util.find_spec(self.module) is not None:
            return ""
        return f"needs {self.module}, which is not installed: pip install 'model-assay[{self.extra}]'"


_FORMATS = (
    Format("terminal", "text for people, without colour", ".txt", "assay.reports.terminal"),
    Format("json", "the whole result; read again by `judge` and `report`", ".json", "assay.reports.json_report"),
    Format("findings", "every located observation, one JSON object a line", ".jsonl", "assay.reports.findings"),
    Format("sarif", "SARIF 2.1.0, for code scanning", ".sarif", "assay.reports.sarif"),
    Format("html", "one self-contained page for release officers", ".html", "assay.reports.html"),
    Format("markdown", "summary for a CI job, at most 60 lines", ".md", "assay.reports.markdown"),
    Format("junit", "JUnit XML, a case per decision", ".xml", "assay.reports.junit", "junitparser", "junit"),
    Format("codequality", "GitLab code quality", ".json", "assay.reports.codequality"),
    Format("defectdojo", "DefectDojo generic findings import", ".json", "assay.reports.defectdojo"),
    Format("mlbom", "CycloneDX 1.6 ML-BOM with a model card of what was measured", ".json", "assay.reports.mlbom"),
    Format("oscal", "OSCAL assessment results", ".json", "assay.reports.oscal"),
    Format(
        "inventory", "personal data found, as a table for a record of processing", ".csv", "assay.reports.inventory_csv"
    ),
    Format("inventory-json", "the same as JSON", ".json", "assay.reports.inventory_json"),
    Format("sarif-archive", "SARIF 2.1.0 with passes and waived findings", ".sarif", "assay.reports.sarif_archive"),
)


def formats() -> tuple[Format, ...]:
    """Return every format, in the order in which help shows them."""
    return _FORMATS


def chunks(name: str, result: ScanResult, observations: Iterable[Observation] = ()) -> Iterator[str]:
    """Yield the report of this format piece by piece.

    Raises:
        InvalidInput: no such format, or its library is not installed; the sentence says what there is to do.
    """
    chosen = next((f for f in _FORMATS if f.name == name), None)
    if chosen is None:
        known = ", ".join(f.name for f in _FORMATS)
        raise InvalidInput(f"{name!r} is no report format; use one of {known}")
    if chosen.missing:
        raise InvalidInput(f"the {name} report {chosen.missing}")
    renderer = cast(
        Callable[[ScanResult, Iterable[Observation]], Iterator[str]],
        importlib.import_module(chosen.body).chunks,
    )
    return renderer(result, observations)


def render(name: str, result: ScanResult, observations: Iterable[Observation] = ()) -> str:
    """Return the report of this format as one text; errors as in `chunks`."""
    return "".join(chunks(name, result, observations))
