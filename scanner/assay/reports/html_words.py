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

STATES = {
    "valid": "In force",
    "expired": "Expired: accepts nothing",
    "void": "Void: accepts nothing",
    "unused": "Unused: meets no finding of this scan",
    "recorded": "Recorded: accepts nothing",
}

KINDS = {
    "accepted_risk": "the risk is accepted",
    "false_positive": "the finding is wrong",
    "compensating_control": "another measure stands against it",
    "not_affected": "the use of the model is not affected",
    "confirmed": "somebody looked, and it is real",
}

NEVER_THE_GATE = (
    "The score is never the gate: the rules of the policy decide, one by one, and a high score opens nothing."
)

GLOSSARY = (
    ("Blocks", "As long as this finding stands, the policy forbids the release."),
    (
        "Control",
        "One demand of a published framework or law. A report can be evidence for it, and never shows that it is met.",
    ),
    (
        "Coverage",
        "How many of the checks that the policy requires were made. What was not checked is not known to be safe.",
    ),
    ("Decision", "One rule of the policy applied to what was measured."),
    ("Error", "A check broke before its end; nothing may be concluded from it."),
    ("Evidence", "The places that a measurement rests on. Personal data and secrets are masked."),
    ("Field precision", "Of the findings that people looked at, the share that was real; with its interval."),
    ("Finding", "A decision that is not a pass."),
    ("Fingerprint", "The name of a finding; it stays the same from scan to scan."),
    ("Headroom", "How far a measurement stays away from its limit; below zero: beyond it."),
    (
        "Inconclusive",
        "The interval lies across the limit: with so few observations the measurement can neither clear nor convict.",
    ),
    ("Interval", "Every value that the data do not rule out. A 95 % interval misses the truth once in twenty times."),
    ("Limit", "What the policy allows for one measurement."),
    ("Measurement", "A number with its interval, its method, and n, the count of things looked at."),
    ("Not checked", "The check did not run: an input or a piece of software was missing, or loading was refused."),
    ("Policy", "The written standard that measurements are held against; named by its sha256."),
    ("Seed", "The number that fixes all random choices; the same seed gives the same numbers again."),
    ("Severity", "How bad it would be if true: critical, high, medium, low or info."),
    ("sha256", "A fingerprint of a file; any change to the file changes it."),
    ("Threat model", "Who is taken for the attacker, with what knowledge, and with what means."),
    ("Waiver", "A written acceptance of one finding, by a named person, until a date."),
)


def mark(verdict: DecisionVerdict) -> Mark:
    """Return the mark of a verdict."""
    return VERDICTS[verdict]
