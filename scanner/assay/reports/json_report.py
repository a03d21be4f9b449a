"""The JSON report: the result itself, as `judge` and `report` read it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.model.evidence import Observation
from assay.model.result import ScanResult


def render(result: ScanResult) -> str:
    """Return the versioned JSON document."""
    return result.to_json()


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the document whole; observations have their own format."""
    del observations
    yield render(result)
