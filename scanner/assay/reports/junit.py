"""The JUnit report: a suite per detector, a case per decision, red exactly where the gate is shut.

| decision | case |
|---|---|
| pass | passed |
| warn | passed, the warning in its output |
| fail, or inconclusive, that blocks | failure of that type |
| error, or skipped, that blocks | error of that type |
| waived, not applicable | skipped, with the reason |
| anything else that does not block | skipped, with its verdict as type and the reason: never shown as a pass |

One more case, `assay / gate`, stands for the exit code itself, so that a reader of this file alone is red whenever the
exit code is not 0, also where nothing was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from assay.model.errors import EXIT_INTERRUPTED, EXIT_NOT_ASSESSED, EXIT_OK
from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Finding
from assay.reports.answer import answer, status_word
from assay.reports.gaps import gaps
from assay.reports.identity import policy_digest
from assay.reports.issues import Issue, issues, quiet
from assay.reports.text import interval, labels, measured, number, place, safe, sentence

if TYPE_CHECKING:
    from junitparser import TestCase

SUITE = "assay"
GATE = "gate"
NAME = 200
MESSAGE = 500
PLACES = 5
GAPS = 20

_FAILURES = frozenset({DecisionVerdict.FAIL, DecisionVerdict.INCONCLUSIVE})
_ERRORS = frozenset({DecisionVerdict.ERROR, DecisionVerdict.SKIPPED})


def render(result: ScanResult) -> str:
    """Return the report as XML; the registry has seen to it that junitparser is there."""
    from junitparser import JUnitXml

    document: Any = JUnitXml(safe(f"assay: {result.provenance.target}", NAME))
    for suite in _suites(result):
        document.append(suite)
    for count in ("tests", "failures", "errors"):
        setattr(document, count, sum(getattr(suite, count) for suite in document))
    written: bytes = document.tostring()
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + written.decode("utf-8") + "\n"


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the report whole; observations have their own format."""
    del observations
    yield render(result)


def _suites(result: ScanResult) -> Iterator[Any]:
    grouped: dict[str, list[Issue]] = {}
    for issue in (*issues(result), *quiet(result)):
        grouped.setdefault(_detector(issue.finding), []).append(issue)
    yield _suite(result, SUITE, [_gate(result)])
    for name in sorted(grouped):
        yield _suite(result, name, [_case(issue, name) for issue in grouped[name]])


def _detector(finding: Finding) -> str:
    whole = finding.detector or (finding.metric or "").rpartition(".")[0]
    return safe(whole, NAME) or "policy"


def _suite(result: ScanResult, name: str, cases: list[TestCase]) -> Any:
    from junitparser import Error, Failure, Skipped, TestSuite

    suite: Any = TestSuite(name)
    for key, value in _properties(result).items():
        suite.add_property(key, value)
    for case in cases:
        suite.append(case)
    outcomes = [type(case.result[0]) for case in cases if case.result]
    suite.tests = len(cases)
    suite.failures, suite.errors, suite.skipped = (outcomes.count(kind) for kind in (Failure, Error, Skipped))
    spent = sum(o.cost.wall_seconds for o in result.outcomes if o.detector == name)
    suite.time = round(min(max(spent, 0.0), 1e9), 3)
    return suite


def _properties(result: ScanResult) -> dict[str, str]:
    verdict = result.verdict
    coverage = verdict.coverage
    facts = {
        "assay.target": safe(result.provenance.target, NAME),
        "assay.policy": safe(verdict.policy, NAME),
        "assay.policy.sha256": policy_digest(result),
        "assay.status": verdict.status,
        "assay.exit-code": str(verdict.exit_code),
        "assay.required": str(coverage.required),
        "assay.checked": str(coverage.checked),
        "assay.inconclusive": str(coverage.inconclusive),
        "assay.coverage": safe(coverage.sentence, 2000),
    }
    return {key: value for key, value in facts.items() if value}


def _gate(result: ScanResult) -> TestCase:
    from junitparser import Error, Failure, TestCase

    case = TestCase(GATE, SUITE)
    code = result.verdict.exit_code
    words = f"{status_word(result.verdict)}: {answer(result.verdict).why} (exit code {code})"
    kind = Error if code in (EXIT_NOT_ASSESSED, EXIT_INTERRUPTED) else Failure
    if code != EXIT_OK:
        case.result = [kind(safe(words, MESSAGE), safe(result.verdict.status))]
    missing = gaps(result)
    more = [f"and {len(missing) - GAPS} more"] if len(missing) > GAPS else []
    case.system_out = "\n".join([words, safe(result.verdict.coverage.sentence, 2000), *missing[:GAPS], *more])
    return case


def _case(issue: Issue, suite: str) -> TestCase:
    from junitparser import TestCase

    finding = issue.finding
    told = labels(finding.labels, 120)
    case = TestCase(safe(finding.rule, NAME) + (f" [{told}]" if told else ""), suite)
    outcome = _outcome(finding)
    if outcome is None:
        case.system_out = _details(issue)
    else:
        outcome.text = _details(issue)
        case.result = [outcome]
    return case


def _outcome(finding: Finding) -> Any:
    """Return what the case came to; None for a pass."""
    from junitparser import Error, Failure, Skipped

    verdict = finding.verdict
    if verdict in (DecisionVerdict.PASS, DecisionVerdict.WARN) and not finding.blocks:
        return None
    reason = sentence(safe(finding.text, MESSAGE)) or "No reason was recorded."
    if finding.blocks:
        return (Error if verdict in _ERRORS else Failure)(reason, verdict.value)
    waiver = finding.waiver
    if verdict is DecisionVerdict.WAIVED and waiver is not None:
        until = f"{safe(waiver.approver, 120)} until {safe(waiver.expires, 40)}"
        reason = f"Waived by {safe(waiver.id, 80)}, approved by {until}: {safe(waiver.reason, 200)}"
    elif verdict in _FAILURES | _ERRORS:
        reason = f"Does not block: {reason}"
    return Skipped(reason, verdict.value)


def _details(issue: Issue) -> str:
    finding, decision = issue
    lines = [f"{finding.verdict} ({finding.severity}): {sentence(safe(finding.text, MESSAGE))}"]
    used = decision.used if decision else None
    if decision is not None and used is not None:
        spread = measured(used.value, used.interval) if interval(used.interval) else number(used.value)
        limit = safe(decision.limit or "none", 120)
        lines.append(f"measured {spread}, n = {used.n:,}; limit: {limit}; metric {safe(used.metric, 120)}")
    if decision is not None and decision.needs_n is not None:
        lines.append(f"n = {decision.needs_n:,} would decide")
    lines += [f"at {words}" for e in finding.evidence[:PLACES] if (words := place(e.locator, 200))]
    more = len(finding.evidence) + finding.truncated - PLACES
    lines += [f"and {more:,} more places in the JSON result"] if more > 0 else []
    lines += [f"remedy: {safe(finding.remediation, MESSAGE)}"] if finding.remediation else []
    waiver = finding.waiver
    if waiver is not None and waiver.state != "valid":
        lines.append(f"its waiver {safe(waiver.id, 80)} is {waiver.state}: {safe(waiver.note or waiver.reason, 200)}")
    lines.append(f"fingerprint {finding.fingerprint}")
    return "\n".join(lines)
