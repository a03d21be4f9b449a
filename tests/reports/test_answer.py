"""May this model be released? One word for each exit code, and a reason that counts."""

from __future__ import annotations

import pytest

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict
from assay.reports.answer import answer, status_word


@pytest.mark.parametrize(
    ("name", "word", "status", "reason"),
    [
        ("clean", "Yes", "PASS", "2 decisions passed"),
        ("failing", "No", "FAIL", "2 rules are violated, by 3 findings; 1 warning"),
        ("inconclusive", "Not decided", "INCONCLUSIVE", "2 checks are inconclusive"),
        ("not-assessed", "Not decided", "NOT ASSESSED", "1 check failed to run; 2 checks were not made"),
        ("waived", "Yes, with reservations", "WAIVED", "1 finding is accepted by waiver"),
        ("expired-waiver", "No", "WAIVER NOT VALID", "expired"),
        ("interrupted", "Not decided", "INTERRUPTED", "interrupted"),
        ("nothing", "Not decided", "NOT ASSESSED", "could not all be made"),
    ],
)
def test_each_situation(cases: dict[str, ScanResult], name: str, word: str, status: str, reason: str) -> None:
    said = answer(cases[name].verdict)
    assert said.word == word
    assert reason in said.why
    assert status_word(cases[name].verdict) == status


def test_a_blocking_violation_in_half_a_scan_is_a_no(cases: dict[str, ScanResult]) -> None:
    half = cases["failing"].verdict.model_copy(update={"exit_code": 3, "status": "error"})
    assert answer(half).word == "No"


def test_an_open_gate_without_a_single_pass_is_no_plain_yes(cases: dict[str, ScanResult]) -> None:
    empty = cases["clean"].verdict.model_copy(update={"decisions": ()})
    assert answer(empty).word == "Yes, with reservations"


def test_an_open_gate_with_a_required_check_missing_is_no_plain_yes(cases: dict[str, ScanResult]) -> None:
    whole = cases["clean"].verdict
    short = whole.model_copy(update={"coverage": whole.coverage.model_copy(update={"checked": 1})})
    assert "only 1 of 2 required checks made" in answer(short).why
    assert answer(short).word == "Yes, with reservations"
    assert answer(whole).word == "Yes"


def test_a_check_not_made_is_never_silent_at_exit_0(cases: dict[str, ScanResult]) -> None:
    whole = cases["clean"].verdict
    skipped = whole.decisions[1].model_copy(update={"verdict": DecisionVerdict.SKIPPED, "required": False})
    said = answer(whole.model_copy(update={"decisions": (whole.decisions[0], skipped)}))
    assert "1 check was not made" in said.why
    assert said.tone == "mixed"
