"""Colours of the HTML report: every pair has the contrast of WCAG 2.1 AA, by day and by night."""

from __future__ import annotations

import re
from importlib import resources
from itertools import product

import pytest

TEXT, GRAPHIC = 4.5, 3.0
"""Success criteria 1.4.3 and 1.4.11."""
SHEET = resources.files("assay.reports").joinpath("templates/report.css").read_text("utf-8")
PRINT = resources.files("assay.reports").joinpath("templates/print.css").read_text("utf-8")
TONES = ("good", "bad", "mixed", "open", "none")
PALETTES = dict(
    zip(
        ("light", "dark"),
        (
            dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
            for block in re.findall(r":root \{(.*?)\}", SHEET, re.S)
        ),
        strict=True,
    )
)
TEXT_PAIRS = [
    *product(("ink", "soft", "link"), ("paper", "pale")),
    *((tone, f"{tone}-bg") for tone in TONES),
    *(("ink", f"{tone}-bg") for tone in TONES),
]
GRAPHIC_PAIRS = [
    *product(("ink", "bad"), ("paper", "hatch-bg", "hatch")),
    ("axis", "paper"),
    *((tone, "paper") for tone in TONES),
]
"""Bars, dots and the line of the limit lie on the page or on the hatching; a border of a tone lies on the page."""


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(front: str, back: str) -> float:
    light, dark = sorted((_luminance(front), _luminance(back)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_this_test() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_every_pair_has_its_contrast(palette: str) -> None:
    colours = PALETTES[palette]
    for pairs, least in ((TEXT_PAIRS, TEXT), (GRAPHIC_PAIRS, GRAPHIC)):
        low = [(f, b, contrast(colours[f], colours[b])) for f, b in pairs if contrast(colours[f], colours[b]) < least]
        assert low == []


def test_both_palettes_name_the_same_colours() -> None:
    assert PALETTES["light"].keys() == PALETTES["dark"].keys()


def test_no_colour_stands_outside_the_palettes() -> None:
    rules = re.sub(r":root \{.*?\}", "", SHEET + PRINT, flags=re.S)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?!\))|rgba?\(|hsla?\(", rules.replace("url(#hatch)", ""))
    used = set(re.findall(r"var\(--([a-z-]+)\)", rules))
    assert used == PALETTES["light"].keys()


def test_every_text_colour_and_every_ground_is_in_a_tested_pair() -> None:
    rules = re.sub(r":root \{.*?\}", "", SHEET, flags=re.S)
    fronts = set(re.findall(r"[{; ]color: var\(--([a-z-]+)\)", rules))
    grounds = set(re.findall(r"background: var\(--([a-z-]+)\)", rules))
    assert fronts == {front for front, _ in TEXT_PAIRS}
    assert grounds == {back for _, back in TEXT_PAIRS}
    drawn = set(re.findall(r"(?:stroke|fill): var\(--([a-z-]+)\)", rules))
    assert drawn <= {name for pair in GRAPHIC_PAIRS for name in pair}
