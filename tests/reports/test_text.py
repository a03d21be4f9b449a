"""Foreign text on one harmless line; numbers and places in words."""

from __future__ import annotations

import unicodedata

import pytest

from assay.model.evidence import Locator
from assay.model.interval import Interval
from assay.model.outcome import Outcome, Status
from assay.reports.text import install_line, interval, level, measured, number, place, safe, sentence, to_ascii


def test_hostile_text_keeps_no_control_format_or_line_separator(hostile_text: str) -> None:
    shown = safe(hostile_text)
    assert {unicodedata.category(char) for char in shown}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    assert "\\x1b[31m" in shown
    assert "\\u202e" in shown
    assert "\\n" in shown


@pytest.mark.parametrize(
    "honest", ["model.pkl", "Überweisungsmodell – v2", "信用風險", "modèle d'été", "नमस्ते", "e\u0301"]
)
def test_honest_text_stays_as_it_is(honest: str) -> None:
    assert safe(honest) == honest


def test_blank_looking_letters_become_visible() -> None:
    assert safe("a\u3164b\u115fc") == "a\\u3164b\\u115fc"


def test_stacked_marks_cannot_paint_over_other_lines() -> None:
    assert safe("Z" + "\u0301" * 500, 5000).count("\u0301") == 3


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\u202e" * 1_000_000])
@pytest.mark.parametrize("keep_end", [False, True])
def test_a_megabyte_is_cut_and_says_so(text: str, keep_end: bool) -> None:
    shown = safe(text, 100, keep_end=keep_end)
    assert len(shown) < 130
    assert shown.endswith("(1,000,000 characters)")


def test_a_long_path_keeps_its_file_name() -> None:
    assert "secret.pkl" in safe("very-long-folder/" * 50 + "secret.pkl", 60, keep_end=True)


def test_ascii_has_a_spelling_for_everything() -> None:
    assert to_ascii("a … b – é ✖") == "a ... b - \\xe9 \\u2716"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1234567.0, "1,234,567"),
        (0.123456, "0.1235"),
        (1234.56, "1,234.6"),
        (1e300, "1e+300"),
        (-2.5, "-2.5"),
    ],
)
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


def test_a_complete_count_has_no_interval_and_an_open_one_says_at_least() -> None:
    assert measured(3, Interval.exact(3)) == "3"
    assert measured(3, Interval.at_least(3)) == "at least 3"
    assert measured(0.1, Interval(low=0.05, high=0.2, level=0.95, method="x")) == "0.1 [0.05, 0.2]"
    assert level(Interval.exact(3)) == "exact"
    assert level(Interval.at_least(3)) == "not complete"
    assert level(Interval(low=0, high=1, level=0.95, method="x")) == "95 % interval"
    assert interval(Interval(low=None, high=None, method="x")) == "unbounded"
    assert interval(Interval(low=None, high=0.0, method="x")) == "at most 0"


@pytest.mark.parametrize(
    ("locator", "words"),
    [
        (Locator(file="app.log", line=14, column=3, end_column=9), "app.log:14:3"),
        (Locator(file="app.log", line=14), "app.log:14"),
        (Locator(file="app.log", line=14, column=3, offset=900), "app.log:14:3"),
        (Locator(file="m.zip", member="a/data.pkl", offset=31), "m.zip!a/data.pkl, byte 31"),
        (Locator(file="train.csv", row=0), "train.csv, row 0"),
        (Locator(), ""),
        (Locator(tensor="fc1"), "tensor fc1"),
    ],
)
def test_places(locator: Locator, words: str) -> None:
    assert place(locator) == words


def test_a_sentence_ends_once_and_keeps_the_case_of_a_file_name() -> None:
    assert sentence("model.pkl: broken") == "model.pkl: broken."
    assert sentence("Done.") == "Done."
    assert sentence("  ") == ""


def test_an_install_line_holds_nothing_but_names_of_extras() -> None:
    outcome = Outcome(detector="pii.logs", status=Status.SKIPPED, missing_extras=("pii", "x]'; rm -rf ~; '"))
    assert install_line(outcome) == "pip install 'model-assay[pii]'"
