"""Waivers: an accepted finding, for a time, for this model and this number.

A waiver meets the finding whose fingerprint it names. It is void, and says why, when

- its approver is not among those whom the policy lists;
- it runs for more than `max_waiver_days` from today: nobody may grant more in advance;
- it is bound to a model digest that is not among the inputs, or to none where the finding is in a file or says how the
  model behaves: the next model must be looked at again;
- it is bound to other data, or to none where the finding is about training data;
- a measurement is behind the finding that was not when it was granted (`bound: {members: ...}`);
- the number is worse than the one it is bound to, or it is bound to none where a limit is broken;
- it was granted while the finding stood better (`bound: {verdict: inconclusive}`) than it does now;
- the check did not run, or no number stands behind the finding: there is nothing to accept.

A waiver of kind `confirmed` accepts nothing. No waiver changes any finding but its own.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence

from assay.model.base import Labels
from assay.model.measurement import Measurement
from assay.model.result import InputRecord, RunRecord
from assay.model.spec import Capability, DetectorSpec
from assay.model.verdict import Decision, DecisionVerdict, WaiverUse
from assay_policies.decide import Judged
from assay_policies.gate import waivable
from assay_policies.members import member_mark
from assay_policies.schema import Policy, Waiver
from assay_policies.shares import is_p_value
from assay_policies.words import label_text

V = DecisionVerdict
_ORDER = ("valid", "expired", "void")
_RANK = {"inconclusive": 0, "warn": 1, "fail": 2}


def fingerprint(target: str, rule: str, metric: str | None, labels: Labels) -> str:
    """Return the identity of a finding: target name, rule, metric, labels; no path outside the target, no number."""
    parts = [target, rule, metric or "", *(f"{name}={value}" for name, value in sorted(labels.items()))]
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def mark_of(target: str, decision: Decision) -> str:
    """Return the fingerprint of a decision's finding."""
    return fingerprint(target, decision.rule, decision.metric, decision.labels)


def unjudged(decision: Decision) -> bool:
    """Say whether numbers were measured that nobody judged: its `when` is unknown."""
    return decision.measurements > 0 and decision.used is None


class Waivers:
    """The waivers of a policy, beside one run."""

    def __init__(
        self, policy: Policy, record: RunRecord, specs: Mapping[str, DetectorSpec], today: datetime.date
    ) -> None:
        self._policy, self._record, self._specs, self._today = policy, record, specs, today
        self._by_finding: dict[str, list[Waiver]] = {}
        for waiver in policy.waivers:
            self._by_finding.setdefault(waiver.finding, []).append(waiver)

    def use(self, mark: str, item: Judged) -> WaiverUse | None:
        """Return how the waivers meet this finding, the best of them; None where none does."""
        uses = [self.one(waiver, item) for waiver in self._by_finding.get(mark, ()) if waiver.kind != "confirmed"]
        return min(uses, key=lambda use: _ORDER.index(use.state), default=None)

    def one(self, waiver: Waiver, item: Judged) -> WaiverUse:
        """Return how one waiver meets this finding."""
        note = self.problem(waiver) or self._void(waiver, item)
        expired = waiver.expires < self._today
        return WaiverUse(
            id=waiver.id,
            state="void" if note is not None else "expired" if expired else "valid",
            kind=waiver.kind,
            reason=waiver.reason,
            approver=waiver.approver,
            expires=waiver.expires.isoformat(),
            note=note or "",
        )

    def problem(self, waiver: Waiver) -> str | None:
        """Return what voids a waiver whatever it meets, or None."""
        if waiver.kind == "confirmed":
            return None
        if waiver.approver not in self._policy.approvers and (
            self._policy.approvers or self._policy.approvers_required
        ):
            return f"{waiver.approver} is not among the approvers of the policy"
        most = self._policy.max_waiver_days
        if (waiver.expires - self._today).days > most:
            return f"expires later than {most} days from now, which the policy does not allow"
        return None

    def _void(self, waiver: Waiver, item: Judged) -> str | None:
        decision, bound = item.decision, waiver.bound
        if not waivable(decision.verdict):
            return "a check that did not run cannot be accepted; make it run"
        if decision.detector is None:
            return "no number stands behind this finding, so there is nothing to accept"
        if unjudged(decision):
            return "whether the rule applies is not known, so there is nothing to accept; give what its `when` asks for"
        if bound.verdict is not None and _RANK[bound.verdict] < _RANK[decision.verdict.value]:
            return f"granted while the finding was `{bound.verdict}`; it is `{decision.verdict.value}` now"
        other = self._other_model(waiver, item) or self._other_data(waiver, item)
        return other or _other_member(waiver, item) or _other_number(waiver, item)

    def _other_model(self, waiver: Waiver, item: Judged) -> str | None:
        wanted = digests(waiver)
        about: Sequence[Measurement | None] = item.members or (item.measurement,)
        labels = [entry.labels if entry is not None else item.decision.labels for entry in about]
        if not wanted:
            if any("file" in entry for entry in labels):
                return "names no `bound: {model_sha256: ...}`; a finding in a file is accepted for that very file only"
            if self.asks_the_model(item.decision) and self.models({}):
                return "names no `bound: {model_sha256: ...}`; what a model does is accepted for that very model only"
            return None
        for entry in labels:
            found = {record.sha256 for record in self.models(entry)}
            if not found or not found <= wanted:
                return "granted for another model file (its sha256 is not among those that the finding is about)"
        return None

    def models(self, labels: Labels) -> Sequence[InputRecord]:
        """Return the model files that a measurement with these labels is about: the one that they name, else all.

        What a model does also rests on the code of its factory and on the files in which it keeps its weights.
        """
        file = labels.get("file", labels.get("model"))
        roles = ("model", "artifact") if "file" in labels else ("model",)  # an artifact is never asked
        inputs = [entry for entry in self._record.provenance.inputs if entry.sha256 is not None]
        found = [
            entry
            for entry in inputs
            if entry.role in roles and (file is None or file == entry.path or file.startswith(entry.path + "/"))
        ]
        beside = [entry for entry in inputs if entry.role in ("code", "companion")]
        return found if "file" in labels or not found else [*found, *beside]

    def _other_data(self, waiver: Waiver, item: Judged) -> str | None:
        wanted = waiver.bound.data_sha256
        if wanted is None:
            if self.asks_the_data(item.decision):
                return "names no `bound: {data_sha256: ...}`; what the data hold is accepted for those very data only"
            return None
        return None if wanted == self.data(item.decision) else "granted for other data (their sha256 has changed)"

    def data(self, decision: Decision) -> str | None:
        """Return one digest of the data that a finding is about; None where nothing is known of them."""
        spec = self._specs.get(decision.detector or "")
        names = {need.value for need in spec.needs} if spec is not None else set()
        among = [entry for entry in self._record.provenance.inputs if entry.role == "data"]
        found = [entry.sha256 for entry in among if entry.name in names] or [entry.sha256 for entry in among]
        known = sorted(digest for digest in found if digest is not None)
        return hashlib.sha256("\n".join(known).encode()).hexdigest() if known and len(known) == len(found) else None

    def asks_the_data(self, decision: Decision) -> bool:
        """Say whether the finding is about data that a model was, or will be, made of, and not about the model."""
        spec = self._specs.get(decision.detector or "")
        if spec is None or self.asks_the_model(decision):
            return False
        return bool({Capability.TRAIN, Capability.TRUSTED} & set(spec.needs))

    def asks_the_model(self, decision: Decision) -> bool:
        """Say whether the finding is about how a model behaves."""
        spec = self._specs.get(decision.detector or "")
        return spec is not None and bool({Capability.MODEL, Capability.GRADIENTS} & set(spec.needs))


def digests(waiver: Waiver) -> set[str]:
    """Return the model digests that a waiver is bound to."""
    bound = waiver.bound.model_sha256
    return {bound} if isinstance(bound, str) else set(bound or ())


def _other_member(waiver: Waiver, item: Judged) -> str | None:
    if waiver.bound.members is None:
        return None
    new = [entry for entry in item.members if member_mark(entry.labels) not in waiver.bound.members]
    if not new:
        return None
    place = label_text(new[0]).rstrip(": ") or new[0].metric
    more = f" and {len(new) - 1} more" if len(new) > 1 else ""
    return f"{place}{more} was not behind this finding when it was granted"


def worst_ends(members: Sequence[Measurement]) -> tuple[float | None, float | None]:
    """Return the lowest low and the highest high end of the measurements behind a finding; None: unbounded."""
    lows = [member.interval.low for member in members]
    highs = [member.interval.high for member in members]
    low = None if None in lows else min((end for end in lows if end is not None), default=None)
    high = None if None in highs else max((end for end in highs if end is not None), default=None)
    return low, high


def _other_number(waiver: Waiver, item: Judged) -> str | None:
    bound, decision = waiver.bound, item.decision
    if decision.verdict is not V.INCONCLUSIVE:
        above = decision.at_most is not None and bound.metric_max is None
        below = (decision.at_least is not None or is_p_value(decision.metric or "")) and bound.metric_min is None
        if above or below:
            key = "metric_max" if above else "metric_min"
            return f"names no number; write `bound: {{{key}: ...}}`: a broken limit is accepted up to there only"
    if bound.metric_max is None and bound.metric_min is None:
        return None
    if not item.members:
        return "granted for a number that was not measured this time"
    low, high = worst_ends(item.members)
    if bound.metric_max is not None and (high is None or high > bound.metric_max):
        return f"the number worsened beyond {bound.metric_max:g}"
    if bound.metric_min is not None and (low is None or low < bound.metric_min):
        return f"the number worsened below {bound.metric_min:g}"
    return None
