"""Decisions about the scan itself: pinned manifest, trusted names, inputs, whether anything was judged."""

from __future__ import annotations

from collections.abc import Iterator

from assay.model.base import Labels
from assay.model.result import RunRecord
from assay.model.verdict import Decision, DecisionVerdict, Severity
from assay_policies.decide import Judged
from assay_policies.schema import Policy

V = DecisionVerdict


def about_scan(record: RunRecord, policy: Policy) -> Iterator[Judged]:
    """Yield a decision for the pinned manifest, each trusted name, each required or unusable input."""
    if policy.manifest_sha256 is not None:
        yield _pin(record, policy.manifest_sha256)
    yield from _trust(record, policy)
    declared = set(record.provenance.declared)
    for name in policy.requires_inputs:
        there = name in declared or (name == "artifacts" and "artifact" in declared)
        verdict = V.PASS if there else V.SKIPPED
        text = f"the manifest declares {name}" if there else f"the policy requires {name}, the manifest leaves it out"
        yield _plain("requires-inputs", verdict, text, {"input": name})
    bad = [entry for entry in record.provenance.inputs if entry.status != "usable"]
    for entry in bad:
        text = entry.problem or f"{entry.path}: cannot be used"
        refused = entry.status == "refused"
        verdict = V.SKIPPED if refused else V.ERROR
        blocked_by = entry.blocked_by if refused else None
        yield _plain("inputs", verdict, text, {"input": entry.name}, blocked_by)
    if record.provenance.inputs and not bad:
        yield _plain("inputs", V.PASS, f"all {len(record.provenance.inputs)} input files could be read")


def nothing_checked(record: RunRecord) -> Judged:
    """Return the error for a scan in which no rule judged a measurement."""
    reasons = "; ".join(f"{o.detector}: {o.reason}" for o in record.outcomes if o.reason)
    why = reasons or "the rules ask for nothing here"
    text = f"no rule judged a measurement, so nothing is known to be safe ({why})"
    return _plain("nothing-checked", V.ERROR, text)


def _pin(record: RunRecord, wanted: str) -> Judged:
    manifest = record.provenance.manifest
    if manifest is None:
        text = "the policy pins a manifest by its digest, and this scan had none; name the manifest instead of a file"
        return _plain("manifest-pin", V.SKIPPED, text)
    if manifest.sha256 == wanted:
        return _plain("manifest-pin", V.PASS, f"the manifest is the one that the policy pins (sha256 {wanted[:12]}...)")
    text = (
        f"the manifest has sha256 {manifest.sha256[:12]}..., the policy pins {wanted[:12]}...; "
        "review the manifest, then change `manifest_sha256`"
    )
    return _plain("manifest-pin", V.FAIL, text)


def _trust(record: RunRecord, policy: Policy) -> Iterator[Judged]:
    """Yield a decision for each name that the scan took for harmless because a trust file says so.

    That accepts a risk as a waiver does, so the same people must say it; where anybody may, nothing is asked.
    """
    if not (policy.approvers or policy.approvers_required):
        return
    for entry in record.provenance.trusted:
        if entry.by in policy.approvers:
            yield _plain("trust", V.PASS, f"{entry.name} is trusted by {entry.by}, an approver", {"name": entry.name})
            continue
        who = (
            f"one of {', '.join(policy.approvers)} must" if policy.approvers else "`approvers` must first name who may"
        )
        text = f"{entry.name} was trusted by {entry.by}, who is not among the approvers of the policy; {who} say so"
        yield _plain("trust", V.FAIL, text, {"name": entry.name})


def _plain(rule: str, verdict: V, reason: str, labels: Labels | None = None, blocked_by: str | None = None) -> Judged:
    decision = Decision(
        rule=rule, verdict=verdict, severity=Severity.HIGH, reason=reason, required=True, labels=labels or {}
    )
    return Judged(decision, blocked_by=blocked_by)
