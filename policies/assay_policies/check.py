"""What pydantic cannot see in a policy: names that nothing answers to, limits that hold for everything, waivers."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assay.documents.validate import near, problem_at
from assay.documents.yaml_text import Loc, YamlText
from assay.model import frameworks
from assay.model.facts import FACTS
from assay.model.spec import DetectorSpec, MetricSpec, OptionSpec
from assay_policies.order import plain
from assay_policies.schema import Param, Policy, Rule, Waiver
from assay_policies.when import metrics_asked
from assay_policies.when_check import Names, check_expression

RULES_OF_JUDGE = ("manifest-pin", "trust", "requires-inputs", "inputs", "nothing-checked")
"""Decisions that no rule of a policy makes; somebody may have looked at them all the same."""


@dataclass(frozen=True)
class Known:
    """What a policy is checked against."""

    specs: Mapping[str, DetectorSpec] | None
    broken: frozenset[str]
    today: datetime.date | None

    @property
    def metrics(self) -> dict[str, tuple[MetricSpec, DetectorSpec]]:
        """Return every metric with its detector."""
        return {metric.id: (metric, spec) for spec in (self.specs or {}).values() for metric in spec.metrics}


def check_file(policy: Policy, text: YamlText, known: Known) -> tuple[str, ...]:
    """Check what one file can be asked; return what is worth a look.

    Raises:
        InvalidInput: the first thing that is wrong.
    """
    labels = {name: metric.labels for name, (metric, _) in known.metrics.items()}
    names = Names(FACTS, labels if known.specs is not None else None, known.broken)
    seen: set[str] = set()
    notes: list[str] = []
    for index, rule in enumerate(policy.rules):
        at = ("rules", index)
        if rule.id in seen:
            raise problem_at(text, (*at, "id"), f"rule {rule.id!r} is given twice; rename one")
        seen.add(rule.id)
        if rule.metric is not None and known.specs is not None and rule.metric.rpartition(".")[0] not in known.broken:
            _check_metric(rule, at, text, known)
        if rule.when is not None:
            problem = check_expression(rule.when, names)
            if problem:
                mark = text.inside((*at, "when"), problem.offset)
                raise problem_at(text, mark, f"rule {rule.id!r}: when: {problem.sentence}")
        notes.extend(_check_controls(rule, at, text))
    return tuple(notes)


def _check_metric(rule: Rule, at: Loc, text: YamlText, known: Known) -> None:
    assert rule.metric is not None
    metrics = known.metrics
    if rule.metric not in metrics:
        hint = near(rule.metric, metrics) or "; `assay detectors list` shows the metrics"
        raise problem_at(text, (*at, "metric"), f"no installed detector measures {rule.metric!r}{hint}")
    metric, spec = metrics[rule.metric]
    for field, names in (("where", tuple(rule.where)), ("each", rule.each)):
        for position, label in enumerate(names):
            if label not in metric.labels:
                place = (*at, field, label if field == "where" else position)
                hint = near(label, metric.labels) or f"; it has {', '.join(metric.labels) or 'none'}"
                raise problem_at(text, place, f"{rule.metric} has no label {label!r}{hint}", key=field == "where")
    _check_limit(rule, metric, at, text)
    options = {option.name: option for option in spec.options}
    for name, given in rule.params.items():
        if name not in options:
            hint = near(name, options) or f"; it has {', '.join(options) or 'none'}"
            raise problem_at(text, (*at, "params", name), f"{spec.id} has no option {name!r}{hint}", key=True)
        problem = _option_problem(options[name], plain(given))
        if problem:
            tail = ("value",) if isinstance(given, Param) else ()
            raise problem_at(text, (*at, "params", name, *tail), f"{spec.id}: option {name} {problem}")


def _check_limit(rule: Rule, metric: MetricSpec, at: Loc, text: YamlText) -> None:
    limit = rule.limit
    is_p_value = metric.id.endswith(".p-value")
    for key, without in (("max", True), ("min", True), ("max_detectable", False)):
        if getattr(limit, key) is not None and is_p_value is without:
            sentence = (
                "a p-value is held against the rule's alpha; use max_detectable"
                if is_p_value
                else f"only a p-value has max_detectable, {metric.id} is none; use max or min"
            )
            raise problem_at(text, (*at, "limit", key), f"rule {rule.id!r}: {sentence}", key=True)
    for key, sign, far, near_end in (("max", 1, metric.high, metric.low), ("min", -1, metric.low, metric.high)):
        value = getattr(limit, key)
        if value is None:
            continue
        for end, side, what in ((far, sign, "fail"), (near_end, -sign, "pass")):
            if end is not None and side * value > side * end:
                sentence = (
                    f"limit.{key} {value:g} is beyond {end:g}, where {metric.id} ({metric.unit}) ends: nothing could "
                    f"{what}; write a limit between {_end(metric.low)} and {_end(metric.high)}"
                )
                raise problem_at(text, (*at, "limit", key), f"rule {rule.id!r}: {sentence}")


def _end(number: float | None) -> str:
    return "any number" if number is None else f"{number:g}"


def _option_problem(option: OptionSpec, value: bool | int | float | str) -> str | None:
    types: dict[str, tuple[tuple[type, ...], str]] = {
        "int": ((int,), "a whole number"),
        "float": ((int, float), "a number"),
        "bool": ((bool,), "true or false"),
        "str": ((str,), "text"),
    }
    wanted, word = types[option.type]
    if not isinstance(value, wanted) or (option.type != "bool" and isinstance(value, bool)):
        return f"must be {word}, not {value!r:.60}; its default is {option.default!r}"
    if option.choices and value not in option.choices:
        listed = ", ".join(option.choices)
        return f"must be one of {listed}, not {value!r:.60}{near(str(value), option.choices)}"
    low, high = option.low, option.high
    if isinstance(value, int | float) and ((low is not None and value < low) or (high is not None and value > high)):
        return f"must be from {_end(low)} to {_end(high)}, not {value:g}"
    return None


def _check_controls(rule: Rule, at: Loc, text: YamlText) -> Iterator[str]:
    for index, control in enumerate(rule.controls):
        place = (*at, "controls", index)
        prefix, colon, identity = control.partition(":")
        if not colon or not prefix or not identity:
            raise problem_at(
                text, place, f"{control!r:.80}: write a control as `framework:id`, such as atlas:AML.T0010"
            )
        found = frameworks.known(control)
        like = None if found else frameworks.near(control)
        if found is False and frameworks.well_formed(control):
            yield (
                f"{text.where(place)}: {control} is not among the controls that Assay knows by name, "
                "so reports show its id alone"
            )
        elif found is False:
            hint = f"; did you mean {like!r}?" if like else ""
            own = f"; for one that is not in the table use a prefix of your own, such as `own-{prefix}:`"
            raise problem_at(text, place, f"the pinned table of {prefix} has no {identity!r:.60}{hint or own}")
        entry = frameworks.describe(control)
        if entry is not None and entry.retired_by is not None:
            newer = f"{prefix}:{entry.retired_by}"
            yield f"{text.where(place)}: {control} was retired; {newer} ({frameworks.name(newer)}) took its place"
        if found is None and like is not None and like.partition(":")[2] == identity:
            yield f"{text.where(place)}: {control} has a prefix of your own; did you mean {like!r}?"


def check_chain(parent: Policy | None, own: Policy, merged: Policy, text: YamlText, known: Known) -> None:
    """Check what only the whole chain can be asked: rules with a metric and a limit, a gate that shuts, waivers.

    Raises:
        InvalidInput: the first thing that is wrong.
    """
    if not merged.rules:
        raise problem_at(
            text,
            (),
            "the policy has no rules, and an empty one proves nothing; add `rules:`, or `extends: [builtin:baseline]`",
        )
    required = any(rule.required is not False for rule in merged.rules)
    for key in ("error", "skipped_required"):
        if required and getattr(merged.gate, key) == "report" and merged.profile != "dev":
            problem = f"gate.{key}: report would let a required check that did not run pass; only `profile: dev` may"
            raise problem_at(text, ("gate", key), problem)
    rules = {rule.id: rule for rule in merged.rules}
    known_before = [] if parent is None else [rule.id for rule in parent.rules]
    for index, given in enumerate(own.rules):
        rule = rules[given.id]
        if rule.metric is None:
            hint = near(given.id, known_before) or "; add `metric:`"
            raise problem_at(
                text, ("rules", index), f"rule {rule.id!r}: metric is missing, and no parent has this rule{hint}"
            )
        limit = rule.limit
        if limit.max is None and limit.min is None and not rule.metric.endswith(".p-value"):
            raise problem_at(text, ("rules", index), f"rule {rule.id!r}: limit needs `max` or `min`")
    _check_waivers(parent, own, merged, text, known)


def opening_conditions(own: Policy, merged: Policy, text: YamlText) -> tuple[str, ...]:
    """Return a note for each `when` by which a worse number could open the gate: no required rule judges that number.

    Args:
        own: the policy of this file, whose rules have the places.
        merged: with its parents, whose rules may judge the number.
        text: of this file.
    """
    judged = {
        rule.metric
        for rule in merged.rules
        if rule.required is not False and rule.effect == "fail" and rule.when is None and merged.gate.fail == "block"
    }
    return tuple(
        f"{text.where(('rules', index, 'when'))}: rule {rule.id!r} is left out by the value of {metric}, and no "
        "required rule that blocks judges that: a worse number could open the gate; add a rule on it"
        for index, rule in enumerate(own.rules)
        if rule.when is not None
        for metric in metrics_asked(rule.when)
        if metric not in judged
    )


def _check_waivers(parent: Policy | None, own: Policy, merged: Policy, text: YamlText, known: Known) -> None:
    seen = {waiver.id for waiver in parent.waivers} if parent is not None else set()
    for index, waiver in enumerate(own.waivers):
        at = ("waivers", index)
        if waiver.id in seen:
            raise problem_at(text, (*at, "id"), f"waiver {waiver.id!r:.60} is given twice; rename one")
        seen.add(waiver.id)
        for key, problem in _waiver_problems(waiver, merged, known):
            raise problem_at(text, (*at, key), f"waiver {waiver.id!r:.60}: {problem}")
    for waiver in parent.waivers if parent is not None else ():
        if not _may_approve(waiver, merged):
            sentence = (
                f"waiver {waiver.id!r:.60} of the parent was approved by {waiver.approver!r:.60}, whom `approvers` "
                "leaves out; name them too, or remove the waiver there"
            )
            key = "approvers" if merged.approvers else "approvers_required"
            raise problem_at(text, (key,), sentence)


def _may_approve(waiver: Waiver, policy: Policy) -> bool:
    if waiver.kind == "confirmed":
        return True
    return waiver.approver in policy.approvers or not (policy.approvers or policy.approvers_required)


def _waiver_problems(waiver: Waiver, policy: Policy, known: Known) -> Iterator[tuple[str, str]]:
    """Yield `(key, sentence)`, the most telling first."""
    if not _may_approve(waiver, policy):
        if not policy.approvers:
            text = (
                f"the policy accepts no waiver until it says who may approve; add `approvers: [{waiver.approver:.60}]`"
            )
        else:
            hint = near(waiver.approver, policy.approvers) or f"; `approvers` names {', '.join(policy.approvers)}"
            text = f"{waiver.approver!r:.60} may not approve{hint}"
        yield "approver", text
    names = [*(rule.id for rule in policy.rules), *RULES_OF_JUDGE]
    if waiver.rule is not None and waiver.rule not in names:
        yield "rule", f"no rule {waiver.rule!r}{near(waiver.rule, names) or '; remove the line, the finding is enough'}"
    detectors = [*(known.specs or {}), *known.broken]
    if waiver.detector is not None and known.specs is not None and waiver.detector not in detectors:
        hint = near(waiver.detector, detectors) or "; remove the line, the finding is enough"
        yield "detector", f"no detector {waiver.detector!r} is installed{hint}"
    if known.today is not None and waiver.kind != "confirmed":
        left = (waiver.expires - known.today).days
        if left < 0:
            yield "expires", f"expired on {waiver.expires}, so it accepts nothing; remove it, or have it approved anew"
        elif left > policy.max_waiver_days:
            latest = known.today + datetime.timedelta(days=policy.max_waiver_days)
            yield "expires", f"runs longer than {policy.max_waiver_days} days; write {latest} at the latest"
