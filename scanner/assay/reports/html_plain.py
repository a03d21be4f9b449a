"""Plain words for page 1: what a broken limit means to the officer, and whom each check takes for the attacker.

The words of an engineer (metric, interval, method) come with the result; these here are for the officer. A detector
that stands in no line below is named by its id, and its finding is quoted.
"""

from __future__ import annotations

from typing import NamedTuple


class Plain(NamedTuple):
    """One family or detector in the words of an officer."""

    broken: str
    """What it means that a limit is broken; one sentence."""
    topic: str
    """What the check is about, to begin a sentence with."""
    attacker: str
    """Who is taken for the attacker, and what may be done; one or two sentences."""


_FILES = (
    "The attacker may have written any byte of the files. The files were read as bytes only; reading starts nothing."
)
_ROWS = "The attacker may have changed training rows or their labels. Rows that somebody checked are taken to be right."
_ASKS = "The attacker can ask the model and see its answers, and wants to learn about the data that it was trained on."
_READS = "No attack is needed. Everyone who can read the text sees what stands in it."

_WORDS = {
    "artifact.unsafe-code": Plain(
        "A model file can run commands on the computer that opens it.", "Commands hidden in model files", _FILES
    ),
    "artifact.structure": Plain(
        "A model file is not built as it should be. Two programs may read two different things in it.",
        "How the model files are built",
        _FILES,
    ),
    "artifact.integrity": Plain(
        "A file is not shown to be the one that was published.", "Whether the files are the published ones", _FILES
    ),
    "poisoning.labels": Plain(
        "Part of the training data is labelled wrongly, by mistake or on purpose.",
        "Wrong labels in the training data",
        _ROWS,
    ),
    "poisoning": Plain(
        "Somebody may have planted harmful examples in the training data.",
        "Harmful examples in the training data",
        _ROWS,
    ),
    "adversarial.whitebox": Plain(
        "Small changes to an input make the model give wrong answers.",
        "Wrong answers after small changes to an input",
        "The attacker knows the model in full, and may change each input within the budget that stands below.",
    ),
    "adversarial.blackbox": Plain(
        "Small changes to an input make the model give wrong answers.",
        "Wrong answers after small changes to an input",
        "The attacker sees only the answers, and may change each input within the budget that stands below.",
    ),
    "adversarial": Plain(
        "Small changes to an input make the model give wrong answers.",
        "Wrong answers after small changes to an input",
        "Inputs may be changed within the budget that stands below.",
    ),
    "privacy.membership": Plain(
        "An outsider can find out whose records the model was trained on.",
        "Whose records the model was trained on",
        "The attacker holds a record, can ask the model, and wants to know whether that record was used for training.",
    ),
    "privacy.extraction": Plain(
        "An outsider can copy the model by asking it questions.",
        "Copying the model by asking it questions",
        "The attacker can ask the model as often as stated below, and builds a copy from its answers.",
    ),
    "privacy": Plain("The model gives away private facts from its training data.", "Private facts in the model", _ASKS),
    "pii.logs": Plain(
        "The logs hold personal data, passwords or keys.", "Personal data, passwords and keys in the logs", _READS
    ),
    "pii": Plain(
        "The data hold personal facts, passwords or keys.", "Personal data, passwords and keys in the data", _READS
    ),
    "requires-inputs": Plain(
        "Something that the policy asks for was not given.", "What the policy asks to be given", ""
    ),
    "manifest-pin": Plain(
        "The description of what is scanned is not the one that the policy was written for.",
        "Whether the description of the target is the agreed one",
        "",
    ),
    "trust": Plain(
        "Somebody vouched for code in a model file who is not among those whom the policy lets accept risks.",
        "Who vouched for code in model files",
        "",
    ),
    "nothing-checked": Plain("Nothing at all was checked.", "Anything at all", ""),
    "inputs": Plain("A file that the policy asks for is missing.", "The files that the policy asks for", ""),
}


def plain(detector: str) -> Plain | None:
    """Return the words for a detector, else those for its family, else None."""
    return _WORDS.get(detector) or _WORDS.get(detector.partition(".")[0])
