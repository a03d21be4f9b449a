"""One rule over one run: decisions, without gate and waivers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from assay.model.base import Labels
from assay.model.confidence import interval_at
from assay.model.interval import LOWER_BOUND
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Outcome, Status, Unresolved
from assay.model.result import RunRecord
from assay.model.spec import DetectorSpec, MetricSpec
from assay.model.verdict import Decision, DecisionVerdict, Used
from assay_policies.evidence import decisive_n, shortfall
from assay_policies.headroom import headroom, worth
from assay_policies.limits import Comparison, Standing, compare, could_break, in_words
from assay_policies.members import member_marks
from assay_policies.schema import Rule
from assay_policies.shares import estimates, is_p_value
from assay_policies.when import evaluate
from assay_policies.words import beyond_text, label_text, notes, number

_VERDICT_ORDER = [
    DecisionVerdict.FAIL,
    DecisionVerdict.WARN,
    DecisionVerdict.INCONCLUSIVE,
    DecisionVerdict.PASS,
]


@dataclass(frozen=True)
class Case:
    """What a rule is judged with."""

    record: RunRecord
    alpha: float
    """Error rate of this rule."""
    specs: Mapping[str, DetectorSpec]
    otherwise: Mapping[str, str] = field(default_factory=dict)
    """Why what a detector measured is no evidence under this policy, by detector; see `measured_otherwise`."""

    def outcome(self, detector: str) -> Outcome | None:
        """Return the outcome of that detector, or None."""
        return next((o for o in self.record.outcomes if o.detector == detector), None)

    def metric(self, name: str) -> MetricSpec | None:
        """Return what is known of a metric, or None."""
        spec = self.specs.get(name.rsplit(".", 1)[0])
        return spec.metric(name) if spec is not None else None


@dataclass(frozen=True)
class Judged:
    """A decision, and the measurement behind it."""

    decision: Decision
    measurement: Measurement | None = None
    members: tuple[Measurement, ...] = ()
    """Those that are no pass, of all that were looked at together; the one behind the decision is among them."""
    headroom: float | None = None
    """Least of the members."""
    worth: float | None = None
    """What it counts in the score: least of those that were looked at together; None: by its verdict."""
    blocked_by: str | None = None
    """Metric whose violation is the reason why this check did not run."""


def decide(rule: Rule, case: Case) -> Iterator[Judged]:
    """Yield the decisions of one rule: at least one."""
    assert rule.metric is not None
    detector = rule.metric.rsplit(".", 1)[0]
    outcome = case.outcome(detector)
    truth = True if rule.when is None else evaluate(rule.when, case.record.provenance.manifest_facts, _lookup(case))
    if truth is False:
        yield Judged(_decision(rule, DecisionVerdict.NOT_APPLICABLE, f"not asked here: `{rule.when}` is false"))
        return
    if outcome is None:
        yield Judged(_decision(rule, DecisionVerdict.ERROR, f"{detector} is not installed or was left out of the scan"))
        return
    if outcome.status is Status.RAN and detector in case.otherwise:
        yield Judged(_decision(rule, DecisionVerdict.ERROR, case.otherwise[detector]))
        return
    measured = [m for m in outcome.measurements if m.metric == rule.metric and _selected(m, rule)]
    unresolved = [u for u in outcome.unresolved if u.metric == rule.metric and _selected(u, rule)]
    if truth is None and measured:
        reason = f"cannot tell whether the rule applies: `{rule.when}` is unknown"
        unknown = _decision(rule, DecisionVerdict.INCONCLUSIVE, reason, count=len(measured))
        yield Judged(unknown.model_copy(update={"complete": False}))  # not judged, so not checked
    elif measured:
        yield from _by_label(rule, measured, replace(case, alpha=case.alpha / estimates(measured)))
    yield from _refused(rule, unresolved)
    if outcome.status is not Status.RAN or not (measured or unresolved):
        yield _unmeasured(rule, outcome, case)


def _lookup(case: Case):  # type: ignore[no-untyped-def]
    def find(metric: str, labels: Mapping[str, str]):  # type: ignore[no-untyped-def]
        found = [
            m.interval
            for outcome in case.record.outcomes
            if outcome.detector not in case.otherwise
            for m in outcome.measurements
            if m.metric == metric and all(m.labels.get(k) == v for k, v in labels.items())
        ]
        return found[0] if len(found) == 1 else None

    return find


def _selected(measured: Measurement | Unresolved, rule: Rule) -> bool:
    return all(measured.labels.get(name) == value for name, value in rule.where.items())


def _refused(rule: Rule, unresolved: list[Unresolved]) -> Iterator[Judged]:
    """Yield one decision per value of the `each` labels for numbers that the data cannot give.

    Nothing is known of them, so they count as not checked.
    """
    groups: dict[tuple[str, ...], list[Unresolved]] = {}
    for entry in unresolved:
        groups.setdefault(tuple(entry.labels.get(name, "") for name in rule.each), []).append(entry)
    for key, entries in groups.items():
        labels = {name: value for name, value in zip(rule.each, key, strict=True) if value}
        reason = "; ".join(dict.fromkeys(entry.reason for entry in entries))
        needed = [entry.needed for entry in entries]
        most = max((n for n in needed if n is not None), default=None) if None not in needed else None
        decision = _decision(rule, DecisionVerdict.INCONCLUSIVE, reason, labels)
        yield Judged(decision.model_copy(update={"complete": False, "needs_n": most}))


def _by_label(rule: Rule, measured: list[Measurement], case: Case) -> Iterator[Judged]:
    """Yield one decision per value of the `each` labels; the worst measurement decides."""
    groups: dict[tuple[str, ...], list[Measurement]] = {}
    for measurement in measured:
        groups.setdefault(tuple(measurement.labels.get(name, "") for name in rule.each), []).append(measurement)
    for key, members in groups.items():
        labels = {name: value for name, value in zip(rule.each, key, strict=True) if value}
        judged = [_judge_one(rule, member, labels, len(members), case) for member in members]
        worst = min(judged, key=lambda item: _badness(item.decision))
        others = [item for item in judged if item is not worst and item.decision.verdict is worst.decision.verdict]
        whole = worst if worst.decision.verdict is DecisionVerdict.PASS else _joined(worst, others)
        if not all(item.decision.complete for item in judged):
            whole = replace(whole, decision=whole.decision.model_copy(update={"complete": False}))
        bad = [m for m, item in zip(members, judged, strict=True) if item.decision.verdict is not DecisionVerdict.PASS]
        whole = replace(whole, decision=whole.decision.model_copy(update={"members": member_marks(bad)}))
        rooms = [item.headroom for item in judged if item.headroom is not None]
        least = min(item.worth or 0.0 for item in judged)
        yield replace(whole, members=tuple(bad), headroom=min(rooms, default=None), worth=least)


def _joined(worst: Judged, others: list[Judged]) -> Judged:
    """Return the worst with the evidence of the others that stand alike, and a word about them."""
    if not others or worst.measurement is None:
        return worst
    members = [item.measurement for item in (worst, *others) if item.measurement is not None]
    evidence = [piece for member in members for piece in member.evidence]
    truncated = sum(member.truncated for member in members) + max(0, len(evidence) - EVIDENCE_CAP)
    joined = worst.measurement.model_copy(update={"evidence": tuple(evidence[:EVIDENCE_CAP]), "truncated": truncated})
    reason = f"{worst.decision.reason}; and so {len(others)} more: {', '.join(_place(item) for item in others[:3])}"
    reason += ", ..." if len(others) > 3 else ""
    return replace(worst, decision=worst.decision.model_copy(update={"reason": reason}), measurement=joined)


def _place(item: Judged) -> str:
    assert item.measurement is not None
    return f"{label_text(item.measurement).rstrip(': ') or item.measurement.metric} ({item.measurement.value:g})"


def _badness(decision: Decision) -> tuple[int, float]:
    return _VERDICT_ORDER.index(decision.verdict), decision.distance if decision.distance is not None else 0.0


def _judge_one(rule: Rule, measurement: Measurement, labels: Labels, count: int, case: Case) -> Judged:
    metric = case.metric(measurement.metric)
    if is_p_value(measurement.metric):
        verdict, reason = _judge_p(rule, measurement, case.alpha, _title(rule, case))
        decision = _decision(rule, verdict, reason, labels, count, measurement)
        room = 0.5 if verdict is DecisionVerdict.PASS else None  # a p-value is no distance
    else:
        decision = _judge_interval(rule, measurement, labels, count, case)
        known = decision.used is not None and decision.used.interval.level >= 1 - case.alpha - 1e-9
        room = headroom(decision.used.interval, rule.limit, metric) if decision.used is not None and known else None
    lacks = shortfall(rule, measurement, case.alpha, metric)
    if lacks is not None and decision.verdict in (DecisionVerdict.PASS, DecisionVerdict.INCONCLUSIVE):
        reason = f"{decision.reason}, but {lacks.sentence}"
        update = {"verdict": DecisionVerdict.INCONCLUSIVE, "reason": reason, "needs_n": lacks.needs_n}
        decision = decision.model_copy(update=update)
    return Judged(decision, measurement, headroom=room, worth=worth(decision.verdict, room))


def _judge_interval(rule: Rule, measurement: Measurement, labels: Labels, count: int, case: Case) -> Decision:
    interval = interval_at(measurement, 1 - case.alpha)
    if interval is None:
        reason = (
            f"the saved interval holds at {measurement.interval.level:g}, the rule needs {1 - case.alpha:g}; "
            "scan again under this policy"
        )
        return _decision(rule, DecisionVerdict.INCONCLUSIVE, reason, labels, count, measurement)
    shown = measurement.model_copy(update={"interval": interval})
    comparison = compare(interval, measurement.value, rule.limit)
    title = _title(rule, case)
    needs = None
    if not interval.complete and comparison.standing is not Standing.BEYOND:
        # Not read to its end: no way of judging makes a pass of it.
        verdict, reason = DecisionVerdict.INCONCLUSIVE, _open_text(title, shown, rule)
    elif comparison.standing is Standing.WITHIN and not could_break(measurement, 1 - case.alpha, rule.limit):
        verdict = DecisionVerdict.INCONCLUSIVE
        reason = f"{number(shown)} {title}, and so few data ({measurement.n}) could not have broken the limit"
    elif comparison.standing is Standing.WITHIN:
        verdict = DecisionVerdict.PASS
        reason = f"{number(shown)} {title}, within the limit ({in_words(rule.limit)}){_seen(measurement, rule)}"
    elif comparison.standing is Standing.BEYOND:
        verdict = DecisionVerdict.WARN if rule.effect == "warn" else DecisionVerdict.FAIL
        reason = beyond_text(title, shown, rule.limit)
    else:
        verdict, needs = DecisionVerdict.INCONCLUSIVE, decisive_n(interval, measurement, rule.limit)
        about = f"; about n = {needs:,} would decide, if the value stays" if needs is not None else ""
        reason = _open_text(title, shown, rule) + about
    decision = _decision(rule, verdict, reason, labels, count, shown, comparison)
    return decision.model_copy(update={"complete": interval.complete, "needs_n": needs})


def _seen(measurement: Measurement, rule: Rule) -> str:
    """Return what would have been seen, where absence of evidence makes a pass."""
    if rule.limit.judge != "lower" or measurement.detectable is None:
        return ""
    return f"; {measurement.detectable:.3g} would have been told from none"


def _judge_p(rule: Rule, measurement: Measurement, alpha: float, title: str) -> tuple[DecisionVerdict, str]:
    """A p-value below alpha is evidence of harm; at or above it, absence of evidence only."""
    p = measurement.p_value if measurement.p_value is not None else measurement.value
    if p < alpha:
        verdict = DecisionVerdict.WARN if rule.effect == "warn" else DecisionVerdict.FAIL
        said = f"p = {p:.2g} for {title.removeprefix('p-value of ')}, below the rule's {alpha:.2g}"
        return verdict, f"{label_text(measurement)}{said}{notes(measurement)}"
    most, detectable = rule.limit.max_detectable, measurement.detectable
    if measurement.alpha is not None and measurement.alpha > alpha * (1 + 1e-9):
        detectable = None  # what would have been seen at a larger error rate says nothing of this one
    if most is not None and detectable is not None and detectable <= most:
        seen = f"an effect of {detectable:.3g} would have been seen (asked: {most:.3g})"
        text = f"{label_text(measurement)}p = {p:.3g}, and {seen}"
        return DecisionVerdict.PASS, text
    rows = "so few data" if measurement.n is None else f"{measurement.n:,} rows"
    seen = (
        f"no effect is known that {rows} would surely show"
        if detectable is None
        else f"the smallest effect that {rows} would show is {detectable:.3g}"
    )
    text = f"{label_text(measurement)}p = {p:.3g} shows no harm, but proves no safety: {seen}"
    return DecisionVerdict.INCONCLUSIVE, text


def _open_text(title: str, measurement: Measurement, rule: Rule) -> str:
    where = label_text(measurement)
    if measurement.interval.method == LOWER_BOUND:
        why = next(
            (e.note for e in measurement.evidence if e.kind == "unread" and e.note),
            "it was not read to its end",
        )
        return f"{where}at least {measurement.value:g} {title}; how many is not known: {why}"
    if not measurement.interval.complete:
        flags = "; ".join(e.note for e in measurement.evidence if e.kind == "flag" and e.note)
        return f"{where}at most {number(measurement)} {title}; the true number may be lower: {flags}"
    return f"{where}{number(measurement)} {title}, across the limit ({in_words(rule.limit)})"


def _title(rule: Rule, case: Case) -> str:
    assert rule.metric is not None
    metric = case.metric(rule.metric)
    return metric.title[:1].lower() + metric.title[1:] if metric else rule.metric


def _unmeasured(rule: Rule, outcome: Outcome, case: Case) -> Judged:
    """Return the decision for a check that did not run, or not to its end."""
    assert rule.metric is not None
    reason = outcome.reason or "no reason given"
    if outcome.status in (Status.FAILED, Status.CANCELLED):
        return Judged(_decision(rule, DecisionVerdict.ERROR, f"{outcome.detector} {outcome.status}: {reason}"))
    if outcome.status is Status.SKIPPED:
        text = f"{outcome.detector} did not run: {reason}"
        undeclared = bool(outcome.missing_inputs) and not outcome.missing_extras and outcome.blocked_by is None
        verdict = DecisionVerdict.SKIPPED
        if undeclared and rule.required is not True:
            verdict = DecisionVerdict.NOT_APPLICABLE
        return Judged(_decision(rule, verdict, text), blocked_by=outcome.blocked_by)
    if outcome.status is Status.NOT_APPLICABLE:
        verdict = DecisionVerdict.SKIPPED if rule.required is True else DecisionVerdict.NOT_APPLICABLE
        return Judged(_decision(rule, verdict, f"{outcome.detector} does not apply: {reason}"))
    metric = case.metric(rule.metric)
    needed = metric.needs if metric is not None else ()
    absent = [need.value for need in needed if need.value not in case.record.provenance.declared]
    if absent:
        text = f"{rule.metric} was not measured: the target declares no `{'` and no `'.join(absent)}`"
        verdict = DecisionVerdict.NOT_APPLICABLE if rule.required is not True else DecisionVerdict.SKIPPED
        return Judged(_decision(rule, verdict, text))
    asked = f"{rule.metric} with {rule.where}" if rule.where else rule.metric
    return Judged(_decision(rule, DecisionVerdict.SKIPPED, f"{outcome.detector} ran but did not measure {asked}"))


def _decision(
    rule: Rule,
    verdict: DecisionVerdict,
    reason: str,
    labels: Labels | None = None,
    count: int = 0,
    used: Measurement | None = None,
    comparison: Comparison | None = None,
) -> Decision:
    assert rule.metric is not None
    required = rule.required is True or (rule.required == "declared" and verdict is not DecisionVerdict.NOT_APPLICABLE)
    return Decision(
        rule=rule.id,
        metric=rule.metric,
        detector=rule.metric.rsplit(".", 1)[0],
        labels=labels or {},
        verdict=verdict,
        severity=rule.severity,
        required=required,
        reason=reason,
        used=None
        if used is None
        else Used(metric=used.metric, labels=used.labels, value=used.value, interval=used.interval, n=used.n),
        measurements=count,
        limit=in_words(rule.limit),
        at_most=rule.limit.max,
        at_least=rule.limit.min,
        distance=comparison.distance if comparison else None,
        controls=rule.controls,
    )
