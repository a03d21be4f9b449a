"""Words of the HTML report: the mark of each verdict, and the glossary."""

from __future__ import annotations

from typing import NamedTuple

from assay.model.verdict import DecisionVerdict


class Mark(NamedTuple):
    """A verdict as word and symbol; the tone is for colour, which never stands alone."""

    word: str
    symbol: str
    tone: str


VERDICTS = {
    DecisionVerdict.PASS: Mark("Pass", "✔", "good"),
    DecisionVerdict.WARN: Mark("Warning", "!", "mixed"),
    DecisionVerdict.FAIL: Mark("Fail", "✖", "bad"),
    DecisionVerdict.INCONCLUSIVE: Mark("Inconclusive", "?", "open"),
    DecisionVerdict.ERROR: Mark("Error", "✖", "bad"),
    DecisionVerdict.SKIPPED: Mark("Not checked", "–", "open"),
    DecisionVerdict.NOT_APPLICABLE: Mark("Not applicable", "–", "none"),
    DecisionVerdict.WAIVED: Mark("Waived", "W", "mixed"),
}

GLOSSARY = (
    ("Blocks", "As long as this finding stands, the policy forbids the release."),
    (
        "Coverage",
        "How many of the checks that the policy requires were made. What was not checked is not known to be safe.",
    ),
    ("Decision", "One rule of the policy applied to what was measured."),
    ("Error", "A check broke before its end; nothing may be concluded from it."),
    ("Evidence", "The places that a measurement rests on. Personal data and secrets are masked."),
    ("Finding", "A decision that is not a pass."),
    (
        "Inconclusive",
        "The interval lies across the limit: with so few observations the measurement can neither clear nor convict.",
    ),
    ("Interval", "Every value that the data do not rule out. A 95 % interval misses the truth once in twenty times."),
    ("Limit", "The value up to which (or from which) the policy accepts a measurement."),
    ("Measurement", "A number with its interval, its method, and n, the count of things looked at."),
    ("Not checked", "The check did not run: an input or a piece of software was missing, or loading was refused."),
    ("Policy", "The written standard that measurements are held against; named by its sha256."),
    ("Seed", "The number that fixes all random choices; the same seed gives the same numbers again."),
    ("Severity", "How bad it would be if true: critical, high, medium, low or info."),
    ("sha256", "A fingerprint of a file; any change to the file changes it."),
    ("Waiver", "A written acceptance of one finding, by a named person, until a date."),
)


def mark(verdict: DecisionVerdict) -> Mark:
    """Return the mark of a verdict."""
    return VERDICTS[verdict]
