"""The findings report: every located observation, one JSON object a line, for a SIEM or a benchmark.

A line holds `detector`, `metric`, `labels`, `locator`, `score`, `excerpt` (masked), `note`, `kind`, `group` and
`fingerprint`. What the scan did not record as an observation comes from the evidence of its measurement; where that was
cut, a line `{"truncated": n, "metric": ..., "labels": ...}` says how many are missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from assay.model.base import Labels
from assay.model.evidence import Evidence, Observation
from assay.model.outcome import Outcome
from assay.model.result import ScanResult


def render(result: ScanResult, observations: Iterable[Observation] = ()) -> str:
    """Return all lines as one text."""
    return "".join(render_findings(result, observations))


def render_findings(result: ScanResult, observations: Iterable[Observation] = ()) -> Iterator[str]:
    """Yield lines, each ended by a newline, in the order of the observations; holds one line at a time.

    A measurement none of whose evidence was observed speaks through the evidence that it carries, so a saved result
    without observations still gives up to the evidence cap per measurement.
    """
    target = result.provenance.target
    observed: set[tuple[str, str]] = set()
    for observation in observations:
        observed.add(_key(observation.metric, observation.labels))
        yield _line(target, observation.detector, observation.metric, observation.labels, observation.evidence)
    for outcome in result.outcomes:
        yield from _carried(target, outcome, observed)


def fingerprint(target: str, metric: str, labels: Labels, evidence: Evidence) -> str:
    """Return the stable name of an observation: sha256 over target, metric, labels and place, 32 hex digits."""
    place = evidence.locator.model_dump(mode="json", exclude_none=True)
    name = json.dumps([target, metric, labels, place], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _carried(target: str, outcome: Outcome, observed: set[tuple[str, str]]) -> Iterator[str]:
    for measurement in outcome.measurements:
        if _key(measurement.metric, measurement.labels) in observed:
            continue
        for evidence in measurement.evidence:
            yield _line(target, outcome.detector, measurement.metric, measurement.labels, evidence)
        if measurement.truncated:
            rest = {"truncated": measurement.truncated, "metric": measurement.metric, "labels": measurement.labels}
            yield _dump(rest)


def _line(target: str, detector: str, metric: str, labels: Labels, evidence: Evidence) -> str:
    return _dump(
        {
            "detector": detector,
            "metric": metric,
            "labels": labels,
            "locator": evidence.locator.model_dump(mode="json", exclude_none=True),
            "score": evidence.score,
            "excerpt": evidence.excerpt,
            "note": evidence.note,
            "kind": evidence.kind,
            "group": evidence.group,
            "fingerprint": fingerprint(target, metric, labels, evidence),
        }
    )


def _dump(line: dict[str, object]) -> str:
    # ASCII: no reader may take U+2028 or NEL from a hostile name for the end of a line.
    return json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n"


def _key(metric: str, labels: Labels) -> tuple[str, str]:
    return metric, json.dumps(labels, sort_keys=True)


chunks = render_findings
"""The name under which the registry finds every renderer."""
