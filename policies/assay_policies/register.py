"""The waiver register, and what people who looked at findings said of each detector."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from assay.model.confidence import clopper_pearson
from assay.model.interval import Interval
from assay.model.verdict import FieldRecord, WaiverRecord
from assay_policies.decide import Judged
from assay_policies.schema import Policy, Waiver
from assay_policies.waive import Waivers

_LEVEL = 0.95
_REAL = ("confirmed", "accepted_risk", "compensating_control")
"""Kinds that say: somebody looked, and it is so. `not_affected` says neither."""


def register(
    policy: Policy, waivers: Waivers, findings: Mapping[str, Sequence[Judged]], today: datetime.date
) -> tuple[WaiverRecord, ...]:
    """Return every waiver of the policy, used or not, in the order of the policy.

    Args:
        policy: with its waivers.
        waivers: the same, beside the run.
        findings: what was decided and is no pass, by fingerprint.
        today: the day of the judgement.
    """
    return tuple(_record(waiver, waivers, findings.get(waiver.finding, ()), today) for waiver in policy.waivers)


def _record(waiver: Waiver, waivers: Waivers, met: Sequence[Judged], today: datetime.date) -> WaiverRecord:
    state, note = "unused", "it meets no finding of this scan"
    if waiver.kind == "confirmed":
        state, note = "recorded", waivers.problem(waiver) or ""
    elif met:
        uses = [waivers.one(waiver, item) for item in met]
        use = max(uses, key=lambda use: ("valid", "expired", "void").index(use.state))
        state, note = use.state, use.note
    else:
        more = waivers.problem(waiver) or ("it has expired" if waiver.expires < today else "")
        note = f"{note}; {more}" if more else note
    return WaiverRecord(
        id=waiver.id,
        finding=waiver.finding,
        rule=waiver.rule or next((item.decision.rule for item in met), None),
        kind=waiver.kind,
        reason=waiver.reason,
        approver=waiver.approver,
        expires=waiver.expires.isoformat(),
        state=state,  # type: ignore[arg-type]
        note=note,
    )


def field_records(policy: Policy, findings: Mapping[str, Sequence[Judged]]) -> tuple[FieldRecord, ...]:
    """Return the field precision of each detector, over all findings that somebody looked at.

    A finding counts once, as its last waiver says: as rejected where that is a `false_positive`, else as confirmed.
    The interval is that of Clopper and Pearson at 95 %, as if the findings were independent. Expired waivers count:
    what was seen remains seen.
    """
    said: dict[str, Waiver] = {waiver.finding: waiver for waiver in policy.waivers}
    metrics = {rule.id: rule.metric for rule in policy.rules}
    counts: dict[str, list[int]] = {}
    for mark, waiver in said.items():
        met = next((item.decision.detector for item in findings.get(mark, ())), None)
        of_rule = (metrics.get(waiver.rule or "") or "").rpartition(".")[0]
        detector = waiver.detector or met or of_rule
        if detector and (waiver.kind in _REAL or waiver.kind == "false_positive"):
            counts.setdefault(detector, [0, 0])[waiver.kind == "false_positive"] += 1
    return tuple(_field(name, *counts[name]) for name in sorted(counts))


def _field(detector: str, confirmed: int, rejected: int) -> FieldRecord:
    low, high = clopper_pearson(confirmed, confirmed + rejected, _LEVEL)
    precision = Interval(low=low, high=high, level=_LEVEL, method="clopper-pearson")
    return FieldRecord(detector=detector, confirmed=confirmed, rejected=rejected, precision=precision)
