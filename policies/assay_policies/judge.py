"""Judge a run by a policy. Pure: the same record, policy, baseline and day give the same verdict.

In this order: every rule is decided by the measurements alone; then waivers accept findings, one by one; then a
baseline may excuse what was there before; then the gate. The score is made of the first step only.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from assay.model.result import FileDigest, RunRecord, ScanResult
from assay.model.spec import DetectorSpec
from assay.model.verdict import Changes, Decision, DecisionVerdict, Finding, Severity, Verdict, WaiverUse
from assay_policies.changes import Against, against
from assay_policies.coverage import coverage
from assay_policies.decide import Case, Judged, decide
from assay_policies.gate import blocks, code, exit_code, status, waivable
from assay_policies.load import LoadedPolicy
from assay_policies.options import measured_otherwise
from assay_policies.presence import about_scan, nothing_checked
from assay_policies.register import field_records, register
from assay_policies.schema import Rule
from assay_policies.score import score
from assay_policies.shares import shares
from assay_policies.waive import Waivers, mark_of

V = DecisionVerdict


@dataclass(frozen=True)
class _Settled:
    """A decision with all that was made of it."""

    item: Judged
    """As it was measured."""
    decision: Decision
    """After waiver, baseline and gate."""
    finding: Finding | None = None
    excused: bool = False


def judge(
    record: RunRecord,
    loaded: LoadedPolicy,
    specs: Mapping[str, DetectorSpec],
    today: datetime.date,
    baseline: ScanResult | None = None,
    baseline_file: FileDigest | None = None,
) -> Verdict:
    """Return the verdict of `loaded` over `record`.

    Args:
        record: what was measured.
        loaded: the policy with its parents.
        specs: of the installed detectors, for titles, remedies and null values.
        today: the day on which waivers and baseline are looked at.
        baseline: an earlier result of the same target.
        baseline_file: where that stands; needed with `baseline`.
    """
    policy = loaded.policy
    judged = decisions_of(record, loaded, specs)
    waivers = Waivers(policy, record, specs, today)
    old = None
    if baseline is not None and baseline_file is not None:
        target, rule = record.provenance.target, policy.gate.new_only
        old = against(baseline, baseline_file, target, loaded.chain, rule, today, record.provenance.run.started)
    rules = {rule.id: rule for rule in policy.rules}
    settled = [_settle(item, loaded, rules.get(item.decision.rule), record, specs, waivers, old) for item in judged]
    decisions = tuple(entry.decision for entry in settled)
    met: dict[str, list[Judged]] = {}
    for entry in settled:
        if entry.finding is not None:
            met.setdefault(entry.finding.fingerprint, []).append(entry.item)
    covered = coverage(decisions, record, specs)
    number, areas = score(judged, covered, specs)
    violated = {e.decision.metric for e in settled if e.decision.verdict is V.FAIL and not e.excused}
    codes = [
        code(e.item, e.finding, violated, policy.gate) for e in settled if e.finding is not None and e.decision.blocks
    ]
    return Verdict(
        status=status(decisions, {rule.id for rule in policy.rules if rule.effect == "warn"}),
        exit_code=exit_code(codes, record.provenance.run.interrupted),
        policy=policy.id,
        coverage=covered,
        score=number,
        areas=areas,
        decisions=decisions,
        findings=tuple(sorted((e.finding for e in settled if e.finding is not None), key=_finding_order)),
        waivers=register(policy, waivers, met, today),
        changes=_changes(old, met, decisions),
        field=field_records(policy, met),
    )


def decisions_of(record: RunRecord, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> list[Judged]:
    """Return every decision as it was measured: no waiver, no baseline, no gate."""
    judged = [*about_scan(record, loaded.policy)]
    alphas = shares(loaded, specs)
    told = {o.detector: measured_otherwise(loaded.policy, specs, o) for o in record.outcomes}
    otherwise = {detector: why for detector, why in told.items() if why is not None}
    for rule in loaded.policy.rules:
        judged.extend(decide(rule, Case(record, alphas[rule.id], specs, otherwise)))
    if not any(item.decision.used is not None for item in judged):
        judged.append(nothing_checked(record))
    return judged


def _settle(
    item: Judged,
    loaded: LoadedPolicy,
    rule: Rule | None,
    record: RunRecord,
    specs: Mapping[str, DetectorSpec],
    waivers: Waivers,
    old: Against | None,
) -> _Settled:
    decision = item.decision
    if decision.verdict in (V.PASS, V.NOT_APPLICABLE):
        return _Settled(item, decision)
    mark = mark_of(record.provenance.target, decision)
    shuts = blocks(decision, loaded.policy.gate, rule)
    use = waivers.use(mark, item)
    verdict, excused = decision.verdict, False
    if use is not None and use.state == "valid" and waivable(verdict):
        verdict, shuts = V.WAIVED, False
    change = old.change(mark, decision, item.members) if old is not None else None
    if old is not None and change is not None and shuts and old.excuses(mark, decision, change, use is not None):
        shuts, excused = False, True
        old.excused += 1
    decision = decision.model_copy(update={"verdict": verdict, "blocks": shuts})
    finding = _finding(item, decision, mark, specs, use).model_copy(update={"change": change})
    return _Settled(item, decision, finding, excused)


def _finding(
    item: Judged, decision: Decision, mark: str, specs: Mapping[str, DetectorSpec], use: WaiverUse | None
) -> Finding:
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
        waiver=use,
        blocks=decision.blocks,
    )


def _changes(old: Against | None, met: Mapping[str, list[Judged]], decisions: tuple[Decision, ...]) -> Changes | None:
    return old.summary(met, decisions) if old is not None else None


def _finding_order(finding: Finding) -> tuple[bool, int, str, str]:
    return not finding.blocks, list(Severity).index(finding.severity), finding.rule, finding.text
