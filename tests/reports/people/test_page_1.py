"""Page 1: what an officer reads, in words that he knows, on one sheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import pytest

from assay.model.result import RunFacts, ScanResult
from assay.model.verdict import Coverage
from assay.reports.html import render
from assay.reports.html_plain import plain

Parse = Callable[[str], Any]


def officer(parse: Parse, result: ScanResult) -> str:
    """Page 1 as text."""
    return re.sub(r"\s+", " ", parse(render(result).partition("<nav")[0] + "</main></body></html>").text)


def test_what_is_wrong_is_said_once_and_counted(cases: dict[str, ScanResult], parse: Parse) -> None:
    text = officer(parse, cases["failing"])
    assert text.count("A model file can run commands on the computer that opens it.") == 1
    assert (
        "critical severity, blocks the release · 2 findings under rule no-unsafe-code · in model.pkl and others" in text
    )
    assert "forbidden calls" not in text


def test_what_did_not_run_is_on_page_1(cases: dict[str, ScanResult], parse: Parse) -> None:
    text = officer(parse, cases["not-assessed"])
    for part in (
        "Not decided",
        "Commands hidden in model files: the check broke off. This blocks the release.",
        "Personal data, passwords and keys in the logs: the check was not made.",
        "Whose records the model was trained on: the check was not made.",
        "Not used, so not known to be safe: model, models[1].",
    ):
        assert part in text


def test_causes_and_remedies_of_what_did_not_run_stand_in_the_section(cases: dict[str, ScanResult]) -> None:
    page = render(cases["not-assessed"])
    for part in ("ends at byte 12", "died twice", "model-assay[pii]", "data.train"):
        assert part in page.partition('<h2 id="unchecked">')[2].partition('<h2 id="scope">')[0]


def test_what_was_accepted_names_who_and_until_when(cases: dict[str, ScanResult], parse: Parse) -> None:
    accepted = officer(parse, cases["waived"]).partition("What was accepted, by whom, until when")[2]
    assert all(part in accepted for part in ("W-7", "Ada Officer", "2027-01-31", "vetted by hand"))
    refused = officer(parse, cases["expired-waiver"])
    assert "Nothing was accepted by waiver. 1 waiver has expired or is void, and accepts nothing." in refused


def test_a_waiver_that_ends_soon_says_so_in_words(cases: dict[str, ScanResult], parse: Parse) -> None:
    whole = cases["waived"]

    def at(started: str) -> str:
        provenance = whole.provenance.model_copy(update={"run": RunFacts(started=started)})
        return officer(parse, whole.model_copy(update={"provenance": provenance}))

    assert "2027-01-31 (expires soon: 12 days after the scan)" in at("2027-01-19T08:00:00+00:00")
    assert "2027-01-31 (expires soon: on the day of the scan)" in at("2027-01-31T08:00:00+00:00")
    for far in ("2026-12-31T08:00:00+00:00", "2027-02-01T08:00:00+00:00", "", "yesterday"):
        assert "expires soon" not in at(far)


def test_everything_accepted_in_other_ways_is_told(full: ScanResult, parse: Parse) -> None:
    text = officer(parse, full)
    for part in (
        "Since the last scan: new 2, worse 1, same 14, better 0, gone 2.",
        "1 more waiver in force; see the register.",
        "1 waiver ends soon, within 30 days of the scan.",
        "2 waivers have expired or are void, and accept nothing.",
        "3 findings that stood before this scan: shown, but not held against this release.",
        "1 name in model files trusted by the user, not by Assay; see Scope.",
    ):
        assert part in text


def test_the_coverage_sentence_is_there_and_long_gaps_are_counted(
    cases: dict[str, ScanResult], change: Callable[..., ScanResult], parse: Parse
) -> None:
    assert cases["failing"].verdict.coverage.sentence in officer(parse, cases["failing"])
    gaps = tuple(f"gap {number} " + "x" * 80 for number in range(20))
    long = change(cases["failing"], coverage=Coverage(required=3, checked=2, inconclusive=1, not_covered=gaps))
    text = officer(parse, long)
    assert "checked 2 of 3 required; 1 inconclusive; not covered: gap 0" in text
    assert "; and 18 more" in text
    page = render(long)
    assert all(gap in page for gap in gaps)


def test_a_partial_result_says_so(cases: dict[str, ScanResult], parse: Parse) -> None:
    assert "the scan was interrupted; this is a partial result" in officer(parse, cases["interrupted"])


def test_long_lists_are_cut_and_counted(
    full: ScanResult, multiply: Callable[[ScanResult, int], ScanResult], change: Callable[..., ScanResult], parse: Parse
) -> None:
    crowd = multiply(full, 200)
    strange = tuple(
        f.model_copy(update={"detector": "acme.check", "metric": None, "text": f"{number} is wrong " + "so " * 80})
        for number, f in enumerate(crowd.verdict.findings)
    )
    text = officer(parse, change(crowd, findings=strange))
    assert re.search(r"[0-9]+ more under Findings", text)
    assert len(text) < 4500


def test_every_detector_has_words_for_an_officer() -> None:
    names = [entry.name for entry in entry_points(group="assay.detectors") if entry.value.startswith("assay_detectors")]
    assert names
    for name in names:
        words = plain(name)
        assert words is not None, name
        assert words.broken.endswith(".")
        assert words.attacker
    assert plain("acme.other") is None


def _syllables(word: str) -> int:
    word = word.lower()
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith("le")
    return max(1, groups - silent)


def _grade(blocks: list[str]) -> float:
    """Flesch and Kincaid (1975), over the sentences of four words and more: short labels would flatter the page."""
    pieces = (piece for block in blocks for piece in re.split(r"[.!?](?=\s|$)", block))
    sentences = [words for piece in pieces if len(words := re.findall(r"[A-Za-z][A-Za-z'-]*", piece)) >= 4]
    words = [word for sentence in sentences for word in sentence]
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59


def test_the_grade_of_known_texts() -> None:
    assert _grade(["The cat sat on the mat. The dog ran to the cat."]) < 2
    hard = "Organisational accountability necessitates comprehensive methodological documentation of probabilistic"
    assert _grade([f"{hard} characterisations, notwithstanding administrative considerations."]) > 20


@pytest.mark.parametrize("name", ["clean", "failing", "inconclusive", "not-assessed", "waived", "full"])
def test_page_1_reads_at_grade_10_or_below(
    cases: dict[str, ScanResult], full: ScanResult, parse: Parse, name: str
) -> None:
    page = parse(render(full if name == "full" else cases[name]))
    assert _grade(page.officer) <= 10


def test_a_name_that_nobody_may_vouch_for_is_told_in_plain_words(cases: dict[str, ScanResult], parse: Parse) -> None:
    whole = cases["failing"]
    trust: dict[str, Any] = {"rule": "trust", "metric": None, "detector": None, "labels": {}}
    decisions = tuple(d.model_copy(update=trust) for d in whole.verdict.decisions[:1])
    findings = tuple(f.model_copy(update=trust | {"text": "acme.Scaler by bob"}) for f in whole.verdict.findings[:1])
    verdict = whole.verdict.model_copy(update={"decisions": decisions, "findings": findings})
    text = officer(parse, whole.model_copy(update={"verdict": verdict}))
    assert "Somebody vouched for code in a model file who is not among those whom the policy lets accept" in text
    assert "acme.Scaler by bob" not in text
