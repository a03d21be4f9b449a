"""Judge a run by a policy. Pure: the same record, policy and day give the same verdict."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from assay.model.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_NOT_ASSESSED,
    EXIT_OK,
    EXIT_VIOLATED,
    EXIT_WAIVER,
)
from assay.model.outcome import Status
from assay.model.result import RunRecord
from assay.model.spec import DetectorSpec
from assay.model.verdict import (
    Coverage,
    Decision,
    DecisionVerdict,
    ExitCode,
    Finding,
    Severity,
    Verdict,
    VerdictStatus,
)
from assay_policies.decide import Case, Judged, decide
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Gate, Policy, Rule
from assay_policies.shares import rule_alpha
from assay_policies.waive import fingerprint, use_waiver

V = DecisionVerdict

_UNSEEN = {
    "model": "how the model behaves (no detector that ran queries it)",
    "data.train": "the training data (no detector that ran examines them)",
    "data.test": "the test data (no detector that ran examines them)",
}
"""Declared inputs that nothing looked at, in plain words."""


def judge(record: RunRecord, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec], today: datetime.date) -> Verdict:
    """Return the verdict of `loaded` over `record`; `specs` give titles and remedies."""
    policy = loaded.policy
    judged = [*_inputs(record, policy)]
    rules = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        judged.extend(decide(rule, Case(record, rule_alpha(rule, loaded, specs), specs)))
    if not any(item.decision.used is not None for item in judged):
        judged.append(Judged(_plain("nothing-checked", V.ERROR, Severity.HIGH, _nothing(record), required=True)))
    violated = _violated(judged, record, policy, today)
    decisions: list[Decision] = []
    findings: list[Finding] = []
    codes: list[ExitCode] = []
    for item in judged:
        decision = item.decision.model_copy(
            update={"blocks": _blocks(item.decision, policy.gate, rules.get(item.decision.rule))}
        )
        if decision.verdict not in (V.PASS, V.NOT_APPLICABLE):
            finding = _finding(item, decision, record, policy, specs, today)
            if finding.waiver is not None and finding.waiver.state == "valid" and _waivable(decision):
                decision = decision.model_copy(update={"verdict": V.WAIVED, "blocks": False})
                finding = finding.model_copy(update={"verdict": V.WAIVED, "blocks": False})
            findings.append(finding)
            if decision.blocks:
                codes.append(_code(item, finding, violated))
        decisions.append(decision)
    return Verdict(
        status=_status(decisions),
        exit_code=_exit_code(codes, record),
        policy=policy.id,
        coverage=_coverage(decisions, record, specs),
        decisions=tuple(decisions),
        findings=tuple(sorted(findings, key=_finding_order)),
    )


def _plain(
    rule: str,
    verdict: V,
    severity: Severity,
    reason: str,
    required: bool,
    labels: dict[str, str] | None = None,
) -> Decision:
    return Decision(
        rule=rule, verdict=verdict, severity=severity, reason=reason, required=required, labels=labels or {}
    )


def _inputs(record: RunRecord, policy: Policy) -> Iterator[Judged]:
    """Yield a decision for the inputs that the policy requires, and for those that cannot be used."""
    declared = set(record.provenance.declared)
    for name in policy.requires_inputs:
        there = name in declared or (name == "artifacts" and "artifact" in declared)
        verdict = V.PASS if there else V.SKIPPED
        text = f"the manifest declares {name}" if there else f"the policy requires {name}, the manifest leaves it out"
        yield Judged(_plain("requires-inputs", verdict, Severity.HIGH, text, True, {"input": name}))
    bad = [entry for entry in record.provenance.inputs if entry.status != "usable"]
    for entry in bad:
        labels = {"input": entry.name}
        text = entry.problem or f"{entry.path}: cannot be used"
        refused = entry.status == "refused"
        verdict = V.SKIPPED if refused else V.ERROR
        decision = _plain("inputs", verdict, Severity.HIGH, text, True, labels)
        yield Judged(decision, blocked_by=entry.blocked_by if refused else None)
    if record.provenance.inputs and not bad:
        text = f"all {len(record.provenance.inputs)} input files could be read"
        yield Judged(_plain("inputs", V.PASS, Severity.HIGH, text, True))


def _nothing(record: RunRecord) -> str:
    reasons = "; ".join(f"{o.detector}: {o.reason}" for o in record.outcomes if o.reason)
    return (
        f"no rule judged a measurement, so nothing is known to be safe ({reasons or 'the rules ask for nothing here'})"
    )


def _violated(judged: list[Judged], record: RunRecord, policy: Policy, today: datetime.date) -> set[str | None]:
    """Return the metrics of violated rules that nobody has accepted."""
    found: set[str | None] = set()
    if not policy.waivers:
        return {item.decision.metric for item in judged if item.decision.verdict is V.FAIL}
    for item in judged:
        decision = item.decision
        if decision.verdict is V.FAIL:
            mark = fingerprint(record.provenance.target, decision.rule, decision.metric, decision.labels)
            use = use_waiver(policy, mark, record, item.measurement, today)
            if use is None or use.state != "valid":
                found.add(decision.metric)
    return found


def _blocks(decision: Decision, gate: Gate, rule: Rule | None) -> bool:
    match decision.verdict:
        case V.FAIL:
            return gate.fail == "block"
        case V.WARN:
            return gate.warn == "block"
        case V.ERROR:
            return gate.error == "block"
        case V.SKIPPED:
            return decision.required and gate.skipped_required == "block"
        case V.INCONCLUSIVE:
            proof = rule is not None and rule.limit.judge == "upper" and rule.required is not False
            unread = decision.required and not decision.complete
            return gate.inconclusive == "block" or proof or unread
        case _:
            return False


def _waivable(decision: Decision) -> bool:
    """A number that was measured can be accepted; a check that did not run cannot."""
    return decision.verdict in (V.FAIL, V.WARN, V.INCONCLUSIVE)


def _code(item: Judged, finding: Finding, violated: set[str | None]) -> ExitCode:
    if finding.waiver is not None and _waivable(item.decision):
        return EXIT_WAIVER
    match item.decision.verdict:
        case V.FAIL | V.WARN:
            return EXIT_VIOLATED
        case V.INCONCLUSIVE:
            return EXIT_INCONCLUSIVE
        case _:
            # A check that did not run because a violated rule forbids loading the model counts with that rule.
            return EXIT_VIOLATED if item.blocked_by in violated and item.blocked_by else EXIT_NOT_ASSESSED


def _exit_code(codes: list[ExitCode], record: RunRecord) -> ExitCode:
    if record.provenance.run.interrupted:
        return EXIT_INTERRUPTED
    order: tuple[ExitCode, ...] = (EXIT_NOT_ASSESSED, EXIT_VIOLATED, EXIT_INCONCLUSIVE, EXIT_WAIVER)
    return next((code for code in order if code in codes), EXIT_OK)


def _status(decisions: list[Decision]) -> VerdictStatus:
    """Return the worst verdict: error > fail > inconclusive > skipped (required) > warn > waived > pass."""
    found = {d.verdict.value for d in decisions if d.verdict is not V.SKIPPED or d.required}
    order: tuple[VerdictStatus, ...] = ("error", "fail", "inconclusive", "skipped", "warn", "waived")
    return next((status for status in order if status in found), "pass")


def _coverage(decisions: list[Decision], record: RunRecord, specs: Mapping[str, DetectorSpec]) -> Coverage:
    required: dict[tuple[str, tuple[tuple[str, str], ...]], bool] = {}
    for decision in decisions:
        if decision.required and decision.verdict is not V.NOT_APPLICABLE:
            key = (decision.rule, tuple(decision.labels.items()) if decision.metric is None else ())
            ran = decision.verdict not in (V.ERROR, V.SKIPPED) and decision.complete
            required[key] = required.get(key, True) and ran
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
        required=len(required),
        checked=sum(required.values()),
        inconclusive=sum(d.verdict is V.INCONCLUSIVE for d in decisions),
        not_covered=tuple(dict.fromkeys(sentences)),
    )


def _finding(
    item: Judged,
    decision: Decision,
    record: RunRecord,
    policy: Policy,
    specs: Mapping[str, DetectorSpec],
    today: datetime.date,
) -> Finding:
    mark = fingerprint(record.provenance.target, decision.rule, decision.metric, decision.labels)
    spec = specs.get(decision.detector or "")
    measured = item.measurement
    fix = spec.explanation.how_to_fix if spec is not None and measured is not None else ""
    return Finding(
        fingerprint=mark,
        rule=decision.rule,
        severity=decision.severity,
        verdict=decision.verdict,
        metric=decision.metric,
        detector=decision.detector,
        labels=decision.labels or (measured.labels if measured is not None else {}),
        text=decision.reason,
        remediation=fix,
        controls=decision.controls,
        evidence=measured.evidence if measured is not None else (),
        truncated=measured.truncated if measured is not None else 0,
        waiver=use_waiver(policy, mark, record, measured, today),
        blocks=decision.blocks,
    )


def _finding_order(finding: Finding) -> tuple[bool, int, str, str]:
    return not finding.blocks, list(Severity).index(finding.severity), finding.rule, finding.text
