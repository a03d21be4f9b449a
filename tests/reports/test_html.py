"""The HTML report: well formed, inert, small, and honest on page 1."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from assay.model.result import ScanResult
from assay.reports.html import render
from assay.reports.html_words import GLOSSARY

VOID = {"meta", "link", "br", "rect", "line", "path", "circle"}
"""Elements without an end tag; those of SVG are written `<line/>`."""


class Page(HTMLParser):
    """Checks nesting while it reads, and keeps what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.headings: list[int] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_the_parser_of_this_test_sees_bad_nesting() -> None:
    with pytest.raises(AssertionError):
        Page("<p><b></p></b>")


def test_every_page_is_well_formed_and_has_no_way_to_act(case: ScanResult) -> None:
    text = render(case)
    page = Page(text)
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "object", "embed", "form", "base", "img"})
    for _, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action", "xlink:href", "srcset"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    assert not re.search(r"@import|url\((?!#)", text)
    assert "\ufeff" not in text


def test_headings_go_down_one_step_at_a_time(case: ScanResult) -> None:
    headings = Page(render(case)).headings
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_language_title_and_table_headers_are_there(case: ScanResult) -> None:
    page = Page(render(case))
    assert ("html", {"lang": "en"}) in page.tags
    assert "title" in {tag for tag, _ in page.tags}
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.tags if tag == "th")
    assert all("aria-label" in a or "aria-hidden" in a for tag, a in page.tags if tag == "svg")


def test_page_1_asks_and_answers_and_ends_with_the_coverage(cases: dict[str, ScanResult]) -> None:
    text = Page(render(cases["failing"])).text
    parts = [
        "May this model be released?",
        "No",
        "2 rules are violated",
        "What is wrong",
        "model.pkl: 2 forbidden calls",
        "What could not be checked",
        "names in prose without NER",
        "What was accepted",
        cases["failing"].verdict.coverage.sentence,
        "Scope",
        "sha256 " + "a" * 64,
        "b" * 64,
        "Decisions",
        "Measurements",
        "Evidence",
        "Checks",
        "How to repeat this",
        "assay scan target/assay.yaml --policy baseline",
        "Glossary",
    ]
    at = 0
    for part in parts:
        at = text.find(part, at)
        assert at >= 0, part


def test_a_verdict_is_a_word_and_a_symbol(cases: dict[str, ScanResult]) -> None:
    page = render(cases["failing"])
    assert '<span class="mark bad">✖ Fail</span>' in page
    assert '<span class="mark mixed">! Warning</span>' in page
    assert '<span class="mark good">✔ Pass</span>' in page


def test_what_did_not_run_is_on_page_1(cases: dict[str, ScanResult]) -> None:
    text = Page(render(cases["not-assessed"])).text.partition(" Scope ")[0]
    for part in ("Not decided", "ends at byte 12", "died twice", "pip install 'model-assay[pii]'", "data.train"):
        assert part in text


def test_a_waiver_names_who_and_until_when(cases: dict[str, ScanResult]) -> None:
    accepted = Page(render(cases["waived"])).text.partition("What was accepted")[2]
    assert all(part in accepted for part in ("W-7", "Ada Officer", "2027-01-31", "vetted by hand"))
    refused = Page(render(cases["expired-waiver"])).text
    assert "Waiver W-7 is expired" in refused
    assert "Nothing was accepted by waiver" in refused


def test_an_interval_is_drawn_against_its_limit(cases: dict[str, ScanResult]) -> None:
    page = render(cases["inconclusive"])
    assert 'aria-label="value 0.04, interval [0.01, 0.1]"' in page
    assert page.count('class="s-limit"') == 2
    assert page.count('class="s-arrow"') == 1


def test_a_partial_result_says_so(cases: dict[str, ScanResult]) -> None:
    assert "the scan was interrupted; this is a partial result" in Page(render(cases["interrupted"])).text


def test_hostile_text_is_shown_and_inert(cases: dict[str, ScanResult]) -> None:
    page = render(cases["hostile"])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in Page(page).text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b]", page)
    assert len(page.encode()) < 200_000


def test_a_string_that_the_view_forgot_is_made_safe_by_the_template(
    cases: dict[str, ScanResult], hostile_text: str
) -> None:
    whole = cases["clean"]
    record = whole.provenance.inputs[0].model_copy(update={"format": hostile_text * 40_000})
    inputs = (record, *whole.provenance.inputs[1:])
    page = render(whole.model_copy(update={"provenance": whole.provenance.model_copy(update={"inputs": inputs})}))
    Page(page)
    assert "\u202e" not in page
    assert len(page) < 60_000


def test_twenty_findings_fit_in_500_kb(cases: dict[str, ScanResult]) -> None:
    assert len(render(cases["twenty"]).encode()) <= 500_000


def test_five_thousand_findings_fit_in_3_mb_and_the_rest_is_counted(crowd: ScanResult) -> None:
    page = render(crowd)
    assert len(page.encode()) <= 3_000_000
    text = Page(page).text
    for part in (
        "4,900 more findings",
        "4,600 more decisions",
        "4,700 more measurements",
        "4,960 more tables of evidence",
    ):
        assert part in text


def test_the_glossary_is_sorted_and_complete_in_the_page(cases: dict[str, ScanResult]) -> None:
    words = [word for word, _ in GLOSSARY]
    assert words == sorted(words, key=str.casefold)
    assert all(meaning in Page(render(cases["clean"])).text for _, meaning in GLOSSARY)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_the_contrast_that_wcag_aa_asks(cases: dict[str, ScanResult]) -> None:
    """Contrast ratio of WCAG 2.1, success criterion 1.4.3: 4.5 to 1."""
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", render(cases["clean"])))
    pairs = [(colours[name], colours[f"{name}-bg"]) for name in ("good", "bad", "mixed", "open", "none")]
    pairs += [(colours[name], back) for name in ("ink", "soft") for back in ("#ffffff", colours["pale"])]
    for front, back in pairs:
        light, dark = sorted((_luminance(front), _luminance(back)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


def test_the_same_result_gives_the_same_page(case: ScanResult) -> None:
    assert render(case) == render(case)
