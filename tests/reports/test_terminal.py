"""The terminal report: what a person sees, on any terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict
from assay.reports.terminal import print_result, render

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def printed(result: ScanResult, encoding: str = "utf-8", **options: object) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="\n")
    print_result(result, Console(file=stream, legacy_windows=False, **options))  # type: ignore[arg-type]
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [100, 40, 12])
def test_the_last_line_is_the_coverage_sentence_at_any_width(
    cases: dict[str, ScanResult], case: ScanResult, width: int
) -> None:
    lines = render(case, width).splitlines()
    if case is cases["hostile"]:
        assert lines[-1].startswith("checked 1 of 1 required; 0 inconclusive; not covered: <script>")
    else:
        assert lines[-1] == case.verdict.coverage.sentence


def test_the_line_before_says_verdict_exit_code_and_policy(cases: dict[str, ScanResult]) -> None:
    lines = render(cases["failing"]).splitlines()
    assert lines[-3] == "FAIL  exit code 1  policy builtin:baseline"
    assert lines[-2].startswith("May this model be released? No: 2 rules are violated")


def test_a_clean_scan_is_quiet(cases: dict[str, ScanResult]) -> None:
    text = render(cases["clean"])
    assert len(text.splitlines()) <= 7
    assert "passed 2: no-unsafe-code, no-secrets-in-logs" in text


def test_a_rule_that_passed_for_one_label_and_failed_for_another_has_not_passed(cases: dict[str, ScanResult]) -> None:
    whole = cases["failing"]
    half = whole.verdict.decisions[2].model_copy(
        update={"verdict": DecisionVerdict.PASS, "blocks": False, "labels": {"entity": "IBAN"}}
    )
    verdict = whole.verdict.model_copy(update={"decisions": (*whole.verdict.decisions, half)})
    assert "passed 1: integrity\n" in render(whole.model_copy(update={"verdict": verdict}))


def test_no_line_ends_in_blanks(case: ScanResult) -> None:
    assert all(line == line.rstrip() for line in printed(case, width=60).splitlines())


def test_a_finding_names_severity_rule_sentence_place_and_how_many_more(cases: dict[str, ScanResult]) -> None:
    text = render(cases["failing"])
    assert "FAIL  critical  no-unsafe-code  (blocks)" in text
    assert "where: model.pkl, byte 31, opcode REDUCE and 1 more" in text
    assert "where: logs/app.log:1:9 and 39 more" in text
    assert text.count("do: Save the weights") == 1


def test_the_sample_size_that_would_decide_is_named(cases: dict[str, ScanResult]) -> None:
    assert "n = 4,200 would decide" in render(cases["inconclusive"])


def test_what_did_not_run_has_reason_and_install_line(cases: dict[str, ScanResult]) -> None:
    text = render(cases["not-assessed"])
    assert "failed  artifact.unsafe-code  the worker died twice on model.pkl." in text
    assert "install: pip install 'model-assay[pii]'" in text
    assert "The manifest does not declare data.train." in text
    assert "unusable  model  model.pkl: model.pkl: ends at byte 12" in text
    assert "It may not be loaded because of artifact.unsafe-code.calls" in text


def test_a_waiver_is_always_listed(cases: dict[str, ScanResult]) -> None:
    assert "W-7: valid, approved by Ada Officer until 2027-01-31: vetted by hand" in render(cases["waived"])
    assert "W-7: expired" in render(cases["expired-waiver"])


def test_hostile_names_neither_style_nor_move_the_cursor(cases: dict[str, ScanResult]) -> None:
    text = printed(cases["hostile"], force_terminal=True, color_system="truecolor", width=100)
    plain = ESCAPE.sub("", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b]", plain)
    assert "[bold red]x[/]" in plain.replace("\n", " ").replace("bold  red", "bold red")
    assert len(text) < 60_000


def test_colour_only_on_a_terminal_that_wants_it(cases: dict[str, ScanResult], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in printed(cases["failing"])
    coloured = printed(cases["failing"], force_terminal=True, color_system="standard", width=100)
    assert "\x1b[1;31mFAIL" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    muted = printed(cases["failing"], force_terminal=True, color_system="standard", width=100)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", muted)


def test_no_meaning_by_colour_alone(cases: dict[str, ScanResult], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = printed(cases["failing"], force_terminal=True, color_system="truecolor", width=100)
    stripped = [line.rstrip() for line in ESCAPE.sub("", coloured).splitlines()]
    assert stripped == render(cases["failing"], 100).splitlines()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_another_encoding_gets_plain_ascii(case: ScanResult, encoding: str) -> None:
    assert printed(case, encoding, width=80).isascii()


def test_no_line_is_wider_than_the_terminal_but_the_last(case: ScanResult) -> None:
    assert all(len(line) <= 60 for line in render(case, 60).splitlines()[:-1])


def test_five_thousand_findings_are_cut_and_counted(crowd: ScanResult) -> None:
    text = render(crowd)
    assert "and 4,950 more findings" in text
    assert len(text) < 50_000


def test_the_same_result_gives_the_same_text(case: ScanResult) -> None:
    assert render(case) == render(case)


def test_what_is_undecided_for_one_reason_is_told_once(cases: dict[str, ScanResult]) -> None:
    full = cases["failing"]
    model = next(f for f in full.verdict.findings if f.waiver is None)
    kinds = [f"KIND_{n}" for n in range(30)]
    findings = tuple(
        model.model_copy(
            update={
                "verdict": DecisionVerdict.INCONCLUSIVE,
                "fingerprint": f"{n:032x}",
                "text": f"{kind}: at least 0; it was not read",
            }
        )
        for n, kind in enumerate(kinds)
    )
    verdict = full.verdict.model_copy(update={"findings": findings})
    text = " ".join(render(full.model_copy(update={"verdict": verdict})).split())
    assert text.count("at least 0; it was not read") == 1
    assert "KIND_0: at least 0" in text
    assert "the same of KIND_1, KIND_2" in text
    assert "and 17 more" in text
