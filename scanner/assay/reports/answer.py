"""May this model be released? The verdict in one word and one sentence."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from assay.model.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOT_ASSESSED,
    EXIT_OK,
    EXIT_VIOLATED,
    EXIT_WAIVER,
)
from assay.model.verdict import DecisionVerdict, Verdict
from assay.reports.text import count

QUESTION = "May this model be released?"


class Answer(NamedTuple):
    """What an officer reads first."""

    word: str
    """`Yes`, `Yes, with reservations`, `No` or `Not decided`."""
    symbol: str
    tone: str
    """`good`, `mixed`, `bad` or `open`; for colour, which never stands alone."""
    why: str
    """The rest of the sentence, without capital and full stop."""


def status_word(verdict: Verdict) -> str:
    """Return the word that names the verdict in capitals: `PASS`, `FAIL`, `NOT ASSESSED`, ..."""
    by_code = {
        EXIT_VIOLATED: "FAIL",
        EXIT_NOT_ASSESSED: "NOT ASSESSED",
        EXIT_INCONCLUSIVE: "INCONCLUSIVE",
        EXIT_WAIVER: "WAIVER NOT VALID",
        EXIT_INTERRUPTED: "INTERRUPTED",
    }
    return by_code.get(verdict.exit_code, verdict.status.upper())


def answer(verdict: Verdict) -> Answer:
    """Return the answer that the exit code stands for, with its reasons counted from the decisions."""
    code = verdict.exit_code
    if code == EXIT_OK:
        return _open_gate(verdict)
    reasons = "; ".join(_reasons(verdict))
    if code == EXIT_VIOLATED:
        return Answer("No", "✖", "bad", reasons or "the policy is violated")
    if code == EXIT_WAIVER:
        return Answer("No", "✖", "bad", "the waiver of every blocking finding has expired or is void")
    opening = {
        EXIT_INTERRUPTED: "the scan was interrupted before it could finish",
        EXIT_INCONCLUSIVE: "the measurements are not precise enough to decide",
    }.get(code, "the required checks could not all be made")
    why = "; ".join(filter(None, (opening, reasons)))
    # What was not measured does not undo what was: a blocking violation decides, even in half a scan.
    if any(d.verdict is DecisionVerdict.FAIL and d.blocks for d in verdict.decisions):
        return Answer("No", "✖", "bad", why)
    return Answer("Not decided", "?", "open", why)


def _open_gate(verdict: Verdict) -> Answer:
    passed = Counter(d.verdict for d in verdict.decisions)[DecisionVerdict.PASS]
    met = (
        f"{count(passed, 'decision')} passed and none blocks" if passed else "nothing blocks, but nothing passed either"
    )
    reservations = _reasons(verdict)
    coverage = verdict.coverage
    if coverage.checked < coverage.required:
        reservations.append(f"only {coverage.checked} of {count(coverage.required, 'required check')} made")
    if not reservations and passed:
        return Answer("Yes", "✔", "good", f"{met}, as far as this policy asks; what was not looked at stands below")
    return Answer("Yes, with reservations", "!", "mixed", "; ".join((met, *reservations)))


def _reasons(verdict: Verdict) -> list[str]:
    """Count what is not a pass, in the order of weight."""
    seen = Counter(d.verdict for d in verdict.decisions)
    violated = len({d.rule for d in verdict.decisions if d.verdict is DecisionVerdict.FAIL})
    refused = sum(1 for f in verdict.findings if f.waiver is not None and f.waiver.state != "valid")
    words = (
        (violated, "rule is violated", "rules are violated"),
        (seen[DecisionVerdict.ERROR], "check failed to run", "checks failed to run"),
        (seen[DecisionVerdict.SKIPPED], "check was not made", "checks were not made"),
        (seen[DecisionVerdict.INCONCLUSIVE], "check is inconclusive", "checks are inconclusive"),
        (seen[DecisionVerdict.WARN], "warning was given", "warnings were given"),
        (seen[DecisionVerdict.WAIVED], "finding is accepted by waiver", "findings are accepted by waiver"),
        (refused, "waiver has expired or is void", "waivers have expired or are void"),
    )
    reasons = [count(n, one, many) for n, one, many in words if n]
    if seen[DecisionVerdict.FAIL] > violated:
        reasons[0] += f", by {count(seen[DecisionVerdict.FAIL], 'finding')}"
    return reasons
