"""The HTML report: well formed, inert, small, and complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from assay.model.result import ScanResult
from assay.reports.html import render
from assay.reports.html_words import GLOSSARY

Parse = Callable[[str], Any]
SECTIONS = (
    *("findings", "unchecked", "scope", "changes", "measurements", "decisions", "threat-model", "evidence"),
    *("inventory", "controls", "register", "score", "checks", "repeat", "glossary", "sign-off"),
)


def section(page: str, anchor: str) -> str:
    """The markup from one numbered heading to the next."""
    return page.partition(f'<h2 id="{anchor}">')[2].partition('<h2 id="')[0]


def test_the_parser_of_this_test_sees_bad_nesting(parse: Parse) -> None:
    with pytest.raises(AssertionError):
        parse("<p><b></p></b>")


def test_every_page_is_well_formed_and_has_no_way_to_act(case: ScanResult, parse: Parse) -> None:
    text = render(case)
    page = parse(text)
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "object", "embed", "form", "base", "img"})
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action", "xlink:href", "srcset"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    assert not re.search(r"@import|url\((?!#)", text)
    assert "\ufeff" not in text


def test_the_full_page_is_well_formed_too(full: ScanResult, parse: Parse) -> None:
    parse(render(full))


def test_every_link_has_a_goal_and_every_id_is_there_once(full: ScanResult, parse: Parse) -> None:
    page = parse(render(full))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    goals = {a["href"][1:] for tag, a in page.tags if tag == "a"}
    labels = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert goals | labels <= set(ids)
    assert set(SECTIONS) <= goals


def test_headings_go_down_one_step_at_a_time(case: ScanResult, parse: Parse) -> None:
    headings = parse(render(case)).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_landmarks_language_title_and_table_headers_are_there(case: ScanResult, parse: Parse) -> None:
    page = parse(render(case))
    assert ("html", {"lang": "en"}) in page.tags
    names = [tag for tag, _ in page.tags]
    assert all(names.count(tag) == 1 for tag in ("title", "header", "main", "nav", "footer"))
    assert next(a for tag, a in page.tags if tag == "a") == {"class": "skip", "href": "#main"}
    assert all(attributes.get("scope") in ("col", "row", "rowgroup") for tag, attributes in page.tags if tag == "th")
    assert all("aria-hidden" in a or (a.get("role") == "img" and a["aria-label"]) for t, a in page.tags if t == "svg")
    assert all(a.get("aria-label") and a.get("tabindex") == "0" for _, a in page.tags if a.get("role") == "region")


def test_the_parts_come_in_order(cases: dict[str, ScanResult], parse: Parse) -> None:
    page = render(cases["failing"])
    starts = [page.index(f'<h2 id="{anchor}">') for anchor in SECTIONS]
    assert starts == sorted(starts)
    text = parse(page).text
    parts = [
        "May this model be released?",
        "No",
        "2 rules are violated",
        "Why",
        "A model file can run commands on the computer that opens it.",
        "What could not be checked",
        "names in prose without NER",
        "What was accepted",
        "1 Findings",
        "model.pkl: 2 forbidden calls",
        "2 What could not be checked",
        "3 Scope",
        "sha256 " + "a" * 64,
        "sha256 " + "d" * 64,
        "b" * 64,
        "14 How to repeat this",
        "assay scan target/assay.yaml --policy baseline --seed 0",
        "15 Glossary",
        "16 Sign-off",
        "Signature",
    ]
    at = 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, part


def test_the_scope_names_every_digest(full: ScanResult) -> None:
    scope = section(render(full), "scope")
    provenance = full.provenance
    files = [provenance.manifest, *provenance.policies, *provenance.trust, *provenance.inputs]
    digests = {file.sha256 for file in files if file is not None and file.sha256}
    assert full.verdict.changes is not None
    for digest in (*digests, full.verdict.changes.sha256):
        assert digest in scope
    for words in ("acme.models.Scaler", "Holds three numbers.", "Ada Officer", "no digest taken"):
        assert words in scope


def test_a_verdict_is_a_word_and_a_symbol(cases: dict[str, ScanResult]) -> None:
    page = render(cases["failing"])
    assert '<span class="mark bad">✖ Fail</span>' in page
    assert '<span class="mark mixed">! Warning</span>' in page
    assert '<span class="mark good">✔ Pass</span>' in page


def test_an_interval_is_drawn_against_its_limit(cases: dict[str, ScanResult]) -> None:
    page = render(cases["inconclusive"])
    assert 'aria-label="value 0.04, interval [0.01, 0.1], limit at most 0.05"' in page
    assert page.count('class="s-limit"') == 2
    assert page.count('class="s-arrow"') == 1


def test_an_interval_is_drawn_as_it_was_judged(cases: dict[str, ScanResult], change: Callable[..., ScanResult]) -> None:
    whole = cases["inconclusive"]
    decision = whole.verdict.decisions[0]
    assert decision.used is not None
    wider = decision.used.interval.model_copy(update={"low": 0.005, "high": 0.2, "level": 0.99})
    judged = decision.model_copy(update={"used": decision.used.model_copy(update={"interval": wider})})
    page = render(change(whole, decisions=(judged, *whole.verdict.decisions[1:])))
    assert 'aria-label="value 0.04, interval [0.005, 0.2], limit at most 0.05"' in page
    assert "99 % interval" in section(page, "measurements")


def test_evidence_that_a_measurement_shows_is_not_shown_again(cases: dict[str, ScanResult]) -> None:
    evidence = section(render(cases["failing"]), "evidence")
    assert evidence.count("logs/app.log:1:9<") == 1
    assert evidence.count("<caption>") == 2
    assert evidence.count('scope="rowgroup"') == 3


def test_hostile_text_is_shown_and_inert(cases: dict[str, ScanResult], parse: Parse) -> None:
    page = render(cases["hostile"])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in parse(page).text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b]", page)
    assert len(page.encode()) < 200_000


def test_hostile_names_in_every_new_place_are_inert(
    full: ScanResult, hostile_text: str, change: Callable[..., ScanResult], parse: Parse
) -> None:
    verdict, bad = full.verdict, hostile_text * 2000
    assert verdict.changes is not None
    strings = {"id": bad, "rule": bad, "reason": bad, "approver": bad, "expires": bad, "note": bad}
    gone = verdict.changes.gone[0].model_copy(update={"rule": bad, "text": bad})
    worse = change(
        full,
        waivers=tuple(w.model_copy(update=strings) for w in verdict.waivers),
        changes=verdict.changes.model_copy(update={"path": bad, "notes": (bad,), "gone": (gone,)}),
        areas=tuple(area.model_copy(update={"family": bad}) for area in verdict.areas),
        field=tuple(f.model_copy(update={"detector": bad}) for f in verdict.field),
        decisions=tuple(d.model_copy(update={"controls": (bad, f"atlas:{bad}")}) for d in verdict.decisions),
    )
    trusted = tuple(t.model_copy(update={"name": bad, "reason": bad, "by": bad}) for t in full.provenance.trusted)
    page = render(worse.model_copy(update={"provenance": full.provenance.model_copy(update={"trusted": trusted})}))
    assert {tag for tag, _ in parse(page).tags}.isdisjoint({"script", "img"})
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b]", page)
    assert len(page.encode()) < 300_000


def test_a_string_that_the_view_forgot_is_made_safe_by_the_template(
    cases: dict[str, ScanResult], hostile_text: str, parse: Parse
) -> None:
    whole = cases["clean"]
    record = whole.provenance.inputs[0].model_copy(update={"format": hostile_text * 40_000})
    inputs = (record, *whole.provenance.inputs[1:])
    page = render(whole.model_copy(update={"provenance": whole.provenance.model_copy(update={"inputs": inputs})}))
    parse(page)
    assert "\u202e" not in page
    assert len(page) < 60_000


def test_twenty_findings_fit_in_500_kb(
    cases: dict[str, ScanResult], full: ScanResult, multiply: Callable[[ScanResult, int], ScanResult]
) -> None:
    for result in (cases["twenty"], multiply(full, 20)):
        assert len(render(result).encode()) <= 500_000


def test_five_thousand_findings_fit_in_3_mb_and_the_rest_is_counted(crowd: ScanResult, parse: Parse) -> None:
    page = render(crowd)
    assert len(page.encode()) <= 3_000_000
    text = parse(page).text
    for part in (
        "4,800 more findings",
        "4,600 more decisions",
        "4,600 more measurements",
        "4,960 more measurements with evidence",
    ):
        assert part in text


def test_a_crowd_of_every_situation_fits_in_3_mb(
    full: ScanResult, multiply: Callable[[ScanResult, int], ScanResult], parse: Parse
) -> None:
    crowd = multiply(full, 5000)
    assert len(crowd.verdict.findings) == 5000
    page = render(crowd)
    assert len(page.encode()) <= 3_000_000
    assert "✖ Fail</span> 1,000" in section(page, "findings")
    parse(page)


def test_no_rule_is_crowded_out_of_the_lists(
    full: ScanResult, multiply: Callable[[ScanResult, int], ScanResult]
) -> None:
    page = render(multiply(full, 5000))
    for rule in ("no-unsafe-code", "no-secrets-in-logs", "no-personal-data-in-logs"):
        assert section(page, "findings").count(f'<code class="rule">{rule}</code>') >= 60
    for metric in ("artifact.unsafe-code.calls", "pii.logs.count", "privacy.membership.tpr"):
        assert f"<code>{metric}</code>" in section(page, "measurements")


def test_the_glossary_is_sorted_and_complete_in_the_page(cases: dict[str, ScanResult], parse: Parse) -> None:
    words = [word for word, _ in GLOSSARY]
    assert words == sorted(words, key=str.casefold)
    text = parse(render(cases["clean"])).text
    assert all(meaning in text for _, meaning in GLOSSARY)


def test_the_same_result_gives_the_same_page(case: ScanResult, full: ScanResult) -> None:
    assert render(case) == render(case)
    assert render(full) == render(full)
