"""What shuts the gate, the exit code and the status; in a fixed order, the same in every format.

A worse measurement never opens the gate. So what is undecided blocks only where a broken limit would, and what was not
read to its end blocks wherever it is required, whether or not something bad was found in the part that was read. A soft
limit (`effect: warn`) that is undecided weighs like a broken one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from assay.model.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOT_ASSESSED,
    EXIT_OK,
    EXIT_VIOLATED,
    EXIT_WAIVER,
)
from assay.model.verdict import Decision, DecisionVerdict, ExitCode, Finding, VerdictStatus
from assay_policies.decide import Judged
from assay_policies.schema import Gate, Rule

V = DecisionVerdict
_CODES: tuple[ExitCode, ...] = (EXIT_NOT_ASSESSED, EXIT_VIOLATED, EXIT_INCONCLUSIVE, EXIT_WAIVER)
_STATUSES: tuple[VerdictStatus, ...] = ("error", "fail", "inconclusive", "skipped", "warn", "waived")


def blocks(decision: Decision, gate: Gate, rule: Rule | None) -> bool:
    """Say whether a decision shuts the gate, waivers and baseline aside."""
    unread = decision.required and not decision.complete
    soft = decision.verdict is V.WARN or (rule is not None and rule.effect == "warn")
    broken = (gate.warn if soft else gate.fail) == "block"
    match decision.verdict:
        case V.FAIL | V.WARN:
            return broken or unread
        case V.ERROR:
            return gate.error == "block"
        case V.SKIPPED:
            return decision.required and gate.skipped_required == "block"
        case V.INCONCLUSIVE:
            proof = rule is not None and rule.limit.judge == "upper" and rule.required is not False
            return unread or (broken and (gate.inconclusive == "block" or proof))
        case _:
            return False


def waivable(verdict: DecisionVerdict) -> bool:
    """Say whether it can be accepted: a number that was looked for can; a check that did not run cannot."""
    return verdict in (V.FAIL, V.WARN, V.INCONCLUSIVE)


def code(item: Judged, finding: Finding, violated: Collection[str | None], gate: Gate) -> ExitCode:
    """Return the exit code that one blocking finding asks for.

    Args:
        item: as it was judged.
        finding: with the waiver that met it, if any.
        violated: metrics of violated rules that nobody has accepted.
        gate: of the policy.
    """
    if finding.waiver is not None and waivable(item.decision.verdict):
        return EXIT_WAIVER
    match item.decision.verdict:
        case V.FAIL if gate.fail == "block":
            return EXIT_VIOLATED
        case V.WARN if gate.warn == "block":
            return EXIT_VIOLATED
        case V.INCONCLUSIVE | V.FAIL | V.WARN:  # not read to its end
            return EXIT_INCONCLUSIVE
        case _:
            # A check that did not run because a violated rule forbids loading the model counts with that rule.
            return EXIT_VIOLATED if item.blocked_by in violated and item.blocked_by else EXIT_NOT_ASSESSED


def exit_code(codes: Collection[ExitCode], interrupted: bool) -> ExitCode:
    """Return the code of the whole: 130, else 3 beats 1 beats 4 beats 5."""
    if interrupted:
        return EXIT_INTERRUPTED
    return next((found for found in _CODES if found in codes), EXIT_OK)


def status(decisions: Iterable[Decision], soft: Collection[str] = ()) -> VerdictStatus:
    """Return the worst verdict: error > fail > inconclusive > skipped (required) > warn > waived > pass.

    Args:
        decisions: all of them.
        soft: rules with a soft limit.
    """
    found = {_weighs(d, d.rule in soft) for d in decisions if d.verdict is not V.SKIPPED or d.required}
    return next((name for name in _STATUSES if name in found), "pass")


def _weighs(decision: Decision, soft: bool) -> str:
    if decision.verdict in (V.WARN, V.INCONCLUSIVE) and (soft or decision.verdict is V.WARN):
        unread = decision.required and not decision.complete
        return V.INCONCLUSIVE.value if unread else V.WARN.value
    return decision.verdict.value
