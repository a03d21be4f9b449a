"""The SARIF 2.1.0 report for archives: passes, open questions and waived findings are kept, nothing is capped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.reports import sarif
from assay.reports.sarif_profile import ARCHIVE


def render(result: ScanResult) -> str:
    """Return the SARIF log as ASCII JSON."""
    return sarif.render(result, ARCHIVE)


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the log whole; observations have their own format."""
    del observations
    yield render(result)
