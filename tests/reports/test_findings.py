"""The findings report: every observation one line, and what was cut is counted."""

from __future__ import annotations

import json
from typing import Any

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.reports.findings import render_findings


def lines(result: ScanResult, observations: tuple[Observation, ...] = ()) -> list[dict[str, Any]]:
    return [json.loads(line) for line in render_findings(result, observations)]


def test_observations_come_uncapped_with_their_place(
    cases: dict[str, ScanResult], observations: tuple[Observation, ...]
) -> None:
    rows = [row for row in lines(cases["failing"], observations) if row.get("metric") == "pii.logs.count"]
    assert len(rows) == 40
    assert rows[6] == {
        "detector": "pii.logs",
        "metric": "pii.logs.count",
        "labels": {"entity": "EMAIL_ADDRESS", "tier": "A"},
        "locator": {"file": "logs/app.log", "line": 7, "column": 9, "end_column": 25},
        "score": 0.95,
        "excerpt": "user=a****@****.example",
        "note": "an e-mail address",
        "kind": "log-span",
        "group": "EMAIL_ADDRESS-1",
        "fingerprint": rows[6]["fingerprint"],
    }


def test_a_measurement_that_nobody_observed_speaks_for_itself(
    cases: dict[str, ScanResult], observations: tuple[Observation, ...]
) -> None:
    rows = lines(cases["failing"], observations)
    assert sum(row["metric"] == "artifact.unsafe-code.calls" for row in rows) == 3
    assert not any("truncated" in row for row in rows)


def test_a_saved_result_gives_its_evidence_and_counts_the_rest(cases: dict[str, ScanResult]) -> None:
    rows = lines(cases["failing"])
    assert len(rows) == 3 + 25 + 1
    assert rows[-1] == {
        "truncated": 15,
        "metric": "pii.logs.count",
        "labels": {"entity": "EMAIL_ADDRESS", "tier": "A"},
    }


def test_fingerprints_are_stable_and_tell_places_apart(
    cases: dict[str, ScanResult], observations: tuple[Observation, ...]
) -> None:
    rows = lines(cases["failing"], observations)
    marks = [row["fingerprint"] for row in rows]
    assert len(set(marks)) == len(rows)
    assert all(len(mark) == 32 and int(mark, 16) >= 0 for mark in marks)


def test_a_fingerprint_does_not_know_score_note_or_excerpt(
    cases: dict[str, ScanResult], observations: tuple[Observation, ...]
) -> None:
    first = observations[0]
    other = first.evidence.model_copy(update={"score": 0.1, "note": "other words", "excerpt": None})
    changed = first.model_copy(update={"evidence": other})
    moved = first.model_copy(
        update={"evidence": other.model_copy(update={"locator": other.locator.model_copy(update={"line": 99})})}
    )
    marks = [lines(cases["failing"], (item,))[0]["fingerprint"] for item in (first, changed, moved)]
    assert marks[0] == marks[1]
    assert marks[0] != marks[2]


def test_a_hostile_name_cannot_end_a_line(cases: dict[str, ScanResult]) -> None:
    for line in render_findings(cases["hostile"]):
        assert line.isascii()
        assert line.count("\n") == 1
        assert line.endswith("\n")


def test_nothing_found_gives_no_line(cases: dict[str, ScanResult]) -> None:
    assert lines(cases["clean"]) == []
