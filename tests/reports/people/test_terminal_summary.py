"""The terminal report's summary: waivers, changes, score; and silence where there is nothing to say."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from assay.model.result import ScanResult
from assay.reports.terminal import render

Change = Callable[..., ScanResult]


def test_waivers_changes_and_score_stand_before_the_verdict(full: ScanResult) -> None:
    lines = render(full, 200).splitlines()
    at = lines.index(
        "waivers: accepted 2 (1 expires within 30 days of the scan), expired 1, void 1, unused 1, "
        "confirmed, not accepted 1"
    )
    assert lines[at + 1 : at + 4] == [
        "since the last scan: new 2, worse 1, same 14, better 0, gone 2; 3 would block and do not, because they stood "
        "before",
        "  read with care: the policy is another one.",
        "score 41 of 100, never the gate: artifact 0, pii 41, privacy 88",
    ]
    assert lines[at + 4].startswith("FAIL  exit code 1")


def test_a_scan_without_them_says_nothing_of_them(cases: dict[str, ScanResult]) -> None:
    text = render(cases["clean"])
    assert not re.search("waivers|since the last scan|score", text)


def test_a_clean_scan_with_a_score_has_one_line_more(cases: dict[str, ScanResult], change: Change) -> None:
    before, after = render(cases["clean"]), render(change(cases["clean"], score=97.0))
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    assert "score 97 of 100, never the gate\n" in after


def test_a_waiver_that_met_a_finding_is_counted_without_a_register(cases: dict[str, ScanResult]) -> None:
    assert "waivers: accepted 1\n" in render(cases["waived"])
    assert "waivers: expired 1\n" in render(cases["expired-waiver"])


@pytest.mark.parametrize(("word", "said"), [("new", "new"), ("worse", "worse than before"), ("same", "as before")])
def test_a_finding_says_how_it_stands_to_the_last_scan(
    cases: dict[str, ScanResult], change: Change, word: str, said: str
) -> None:
    whole = cases["failing"]
    findings = tuple(f.model_copy(update={"change": word}) for f in whole.verdict.findings)
    assert f"no-secrets-in-logs  (blocks, {said})" in render(change(whole, findings=findings))


@pytest.mark.parametrize("width", [100, 40, 12])
def test_the_last_line_is_the_coverage_sentence_at_any_width(full: ScanResult, width: int) -> None:
    lines = render(full, width).splitlines()
    assert lines[-1] == full.verdict.coverage.sentence
    assert max(map(len, lines[:-1])) <= width


def test_hostile_words_in_the_summary_are_inert(full: ScanResult, change: Change, hostile_text: str) -> None:
    verdict = full.verdict
    assert verdict.changes is not None
    worse = change(
        full,
        areas=(verdict.areas[0].model_copy(update={"family": hostile_text * 1000}),),
        changes=verdict.changes.model_copy(update={"notes": (hostile_text * 1000,) * 9}),
    )
    text = render(worse)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", text)
    assert len(text) < 20_000
