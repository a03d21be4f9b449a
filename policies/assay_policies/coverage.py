"""Coverage: how many of the required checks were made, and what nobody looked at, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assay.model.outcome import Status
from assay.model.result import RunRecord
from assay.model.spec import DetectorSpec
from assay.model.verdict import Coverage, Decision, DecisionVerdict

V = DecisionVerdict

_UNSEEN = {
    "model": "how the model behaves (no detector that ran queries it)",
    "data.train": "the training data (no detector that ran examines them)",
    "data.test": "the test data (no detector that ran examines them)",
}
"""Declared inputs that nothing looked at, in plain words."""


def coverage(decisions: Sequence[Decision], record: RunRecord, specs: Mapping[str, DetectorSpec]) -> Coverage:
    """Return what was checked of what is required, and all that was not covered."""
    made = checks(decisions)
    sentences = [*record.provenance.not_covered]
    for outcome in record.outcomes:
        sentences += [*outcome.not_covered, *(entry.reason for entry in outcome.unresolved)]
    done = {outcome.detector for outcome in record.outcomes if outcome.status is Status.RAN}
    for outcome in record.outcomes:
        if outcome.status is not Status.RAN:
            sentences.append(f"{outcome.detector} ({outcome.reason or outcome.status.value.replace('_', ' ')})")
    looked_at = {need.value for name in done if name in specs for need in specs[name].needs}
    sentences.extend(
        text for name, text in _UNSEEN.items() if name in record.provenance.declared and name not in looked_at
    )
    return Coverage(
        required=len(made),
        checked=sum(made.values()),
        inconclusive=sum(d.verdict is V.INCONCLUSIVE for d in decisions),
        not_covered=tuple(dict.fromkeys(sentences)),
    )


def checks(decisions: Iterable[Decision]) -> dict[tuple[str, tuple[tuple[str, str], ...]], bool]:
    """Return the required checks, by rule, and whether each was made to its end.

    What was not read to its end is not checked, whether or not something bad was found in the part that was read.
    """
    required: dict[tuple[str, tuple[tuple[str, str], ...]], bool] = {}
    for decision in decisions:
        if decision.required and decision.verdict is not V.NOT_APPLICABLE:
            key = (decision.rule, tuple(decision.labels.items()) if decision.metric is None else ())
            ran = decision.verdict not in (V.ERROR, V.SKIPPED) and decision.complete
            required[key] = required.get(key, True) and ran
    return required
