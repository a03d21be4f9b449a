"""Waivers: an accepted finding, for a time, for this model and this number."""

from __future__ import annotations

import datetime
import hashlib

from assay.model.base import Labels
from assay.model.measurement import Measurement
from assay.model.result import RunRecord
from assay.model.verdict import WaiverUse
from assay_policies.schema import Policy, Waiver


def fingerprint(target: str, rule: str, metric: str | None, labels: Labels) -> str:
    """Return the identity of a finding: target name, rule, metric, labels; no path outside the target, no number."""
    parts = [target, rule, metric or "", *(f"{name}={value}" for name, value in sorted(labels.items()))]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def use_waiver(
    policy: Policy, mark: str, record: RunRecord, measurement: Measurement | None, today: datetime.date
) -> WaiverUse | None:
    """Return how the policy's waivers meet this finding; a valid one is preferred."""
    if not policy.waivers:
        return None
    uses = [_use(waiver, policy, record, measurement, today) for waiver in policy.waivers if waiver.finding == mark]
    return min(uses, key=lambda use: ("valid", "expired", "void").index(use.state), default=None)


def _use(
    waiver: Waiver, policy: Policy, record: RunRecord, measurement: Measurement | None, today: datetime.date
) -> WaiverUse:
    note = _void(waiver, record, measurement)
    if note is None and (waiver.expires - today).days > policy.max_waiver_days:
        note = f"expires later than {policy.max_waiver_days} days from now, which the policy does not allow"
    return WaiverUse(
        id=waiver.id,
        state="void" if note is not None else "expired" if waiver.expires < today else "valid",
        reason=waiver.reason,
        approver=waiver.approver,
        expires=waiver.expires.isoformat(),
        note=note or "",
    )


def _void(waiver: Waiver, record: RunRecord, measurement: Measurement | None) -> str | None:
    """Return why the waiver no longer holds, or None."""
    bound = waiver.bound
    file = measurement.labels.get("file") if measurement is not None else None
    digests = {
        entry.sha256
        for entry in record.provenance.inputs
        if entry.role in ("model", "artifact")
        and (file is None or file == entry.path or file.startswith(entry.path + "/"))
    }
    if file is not None and bound.model_sha256 is None:
        return "names no `bound: {model_sha256: ...}`; a finding in a file is accepted for that very file only"
    if bound.model_sha256 is not None and bound.model_sha256 not in digests:
        return "granted for another model file (its sha256 is not among the inputs)"
    if bound.metric_max is None and bound.metric_min is None:
        return None
    if measurement is None:
        return "granted for a number that was not measured this time"
    high, low = measurement.interval.high, measurement.interval.low
    if bound.metric_max is not None and (high is None or high > bound.metric_max):
        return f"the number worsened beyond {bound.metric_max:g}"
    if bound.metric_min is not None and (low is None or low < bound.metric_min):
        return f"the number worsened below {bound.metric_min:g}"
    return None
