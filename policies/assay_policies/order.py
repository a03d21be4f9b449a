"""Which of two policies is stricter, field by field: for composition (a child may only tighten) and for `diff`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from assay.model.verdict import Severity
from assay_policies.schema import Evidence, Gate, Limit, NewOnly, Param, Policy, Rule

Way = Literal["tighter", "looser", "different", "reworded"]
Value = bool | int | float | str

_SEVERITY = list(Severity)
_REQUIRED: tuple[bool | str, ...] = (False, "declared", True)
_JUDGE = {"point": 0, "lower": 0, "interval": 1, "upper": 2}


class Step(NamedTuple):
    """One value that differs."""

    loc: tuple[str | int, ...]
    """Within the rule, the gate or the policy."""
    way: Way
    text: str


def plain(param: Value | Param) -> Value:
    """Return the value of an option, without its unit and reason."""
    return param.value if isinstance(param, Param) else param


def rule_steps(before: Rule, after: Rule) -> Iterator[Step]:
    """Yield what differs between two rules of one id."""
    for key in ("metric", "each", "alpha"):
        yield from _fixed((key,), getattr(before, key), getattr(after, key))
    if before.where != after.where:
        # Fewer labels is no tightening either: another measurement would stand for the required one, and share alpha.
        narrowed: Way = "looser" if before.where.items() < after.where.items() else "different"
        yield Step(("where",), narrowed, f"where: {_labels(before.where)} -> {_labels(after.where)}")
    if before.when != after.when:
        way: Way = "looser" if before.when is None else "tighter" if after.when is None else "different"
        yield Step(("when",), way, f"when: {before.when or 'always'} -> {after.when or 'always'}")
    yield from _ranked(("effect",), before.effect, after.effect, ("warn", "fail"))
    yield from _ranked(("required",), before.required, after.required, _REQUIRED)
    yield from _ranked(("severity",), before.severity, after.severity, _SEVERITY[::-1])
    yield from _ranked(("overridable",), before.overridable, after.overridable, (True, False))
    yield from _limit_steps(before.limit, after.limit)
    yield from _evidence_steps(before.evidence, after.evidence)
    yield from _param_steps(before, after)
    gone = [name for name in before.controls if name not in after.controls]
    new = [name for name in after.controls if name not in before.controls]
    if gone:
        yield Step(("controls",), "looser", f"controls: no longer names {', '.join(gone)}")
    if new:
        yield Step(("controls",), "tighter", f"controls: names {', '.join(new)} too")
    if before.why != after.why:
        yield Step(("why",), "reworded", "why: another reason is given")


def _fixed(loc: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Step]:
    if before != after:
        yield Step(loc, "different", f"{_path(loc)}: {words(before)} -> {words(after)}")


def _ranked(loc: tuple[str | int, ...], before: Any, after: Any, order: Iterable[Any]) -> Iterator[Step]:
    """Yield a step where the values differ; `order` is from loose to strict."""
    rank = list(order)
    if before != after:
        way: Way = "tighter" if rank.index(after) > rank.index(before) else "looser"
        yield Step(loc, way, f"{_path(loc)}: {words(before)} -> {words(after)}")


def _bound(loc: tuple[str | int, ...], before: float | None, after: float | None, sign: int) -> Iterator[Step]:
    """Yield a step for a bound; with sign 1 a smaller one is stricter, with -1 a greater one; none is loosest."""
    if before == after:
        return
    tighter = before is None or (after is not None and sign * after < sign * before)
    yield Step(loc, "tighter" if tighter else "looser", f"{_path(loc)}: {words(before)} -> {words(after)}")


def _limit_steps(before: Limit, after: Limit) -> Iterator[Step]:
    if before.judge != after.judge:
        rise = _JUDGE[after.judge] - _JUDGE[before.judge]
        # A point fails what an interval leaves open; `lower` fails within a margin where the others pass.
        unlike = "point" in (before.judge, after.judge) or (before.judge == "lower" and after.margin > 0)
        way: Way = "different" if unlike else "tighter" if rise > 0 else "looser"
        yield Step(("limit", "judge"), way, f"limit.judge: {before.judge} -> {after.judge}")
    yield from _bound(("limit", "max"), before.max, after.max, 1)
    yield from _bound(("limit", "min"), before.min, after.min, -1)
    yield from _bound(("limit", "margin"), before.margin, after.margin, 1)
    old, new = before.max_detectable, after.max_detectable
    if old is None or new is None:
        if old != new:  # without it, no p-value passes at all
            way = "looser" if old is None else "tighter"
            yield Step(("limit", "max_detectable"), way, f"limit.max_detectable: {words(old)} -> {words(new)}")
    else:
        yield from _bound(("limit", "max_detectable"), old, new, 1)


def _evidence_steps(before: Evidence, after: Evidence) -> Iterator[Step]:
    yield from _bound(("evidence", "min_n"), before.min_n, after.min_n, -1)
    yield from _bound(("evidence", "min_power"), before.min_power, after.min_power, -1)


def _param_steps(before: Rule, after: Rule) -> Iterator[Step]:
    for name in dict.fromkeys((*before.params, *after.params)):
        loc = ("params", name)
        old, new = before.params.get(name), after.params.get(name)
        if old is None or new is None or plain(old) != plain(new):
            was = "the detector's default" if old is None else words(plain(old))
            now = "the detector's default" if new is None else words(plain(new))
            yield Step(loc, "different", f"{_path(loc)}: {was} -> {now}")
        elif old != new:
            yield Step(loc, "reworded", f"{_path(loc)}: unit or reason changed")


def gate_steps(before: Gate, after: Gate) -> Iterator[Step]:
    """Yield what differs between two gates."""
    for key in ("fail", "error", "inconclusive", "skipped_required", "warn"):
        yield from _ranked((key,), getattr(before, key), getattr(after, key), ("report", "block"))
    yield from _new_only_steps(before.new_only, after.new_only)
    for name in after.overridable:
        if name not in before.overridable:
            yield Step(("overridable",), "looser", f"overridable: a child policy may loosen {name} too")
    for name in before.overridable:
        if name not in after.overridable:
            yield Step(("overridable",), "tighter", f"overridable: a child policy may no longer loosen {name}")


def _new_only_steps(before: NewOnly | None, after: NewOnly | None) -> Iterator[Step]:
    if before == after:
        return
    if before is None or after is None:
        way: Way = "looser" if before is None else "tighter"
        text = "what an earlier result had passes the gate" if before is None else "nothing old is excused any more"
        yield Step(("new_only",), way, f"new_only: {text}")
        return
    if before.baseline != after.baseline:
        way = "tighter" if before.baseline is None else "different"
        yield Step(
            ("new_only", "baseline"), way, f"new_only.baseline: {words(before.baseline)} -> {words(after.baseline)}"
        )
    yield from _bound(("new_only", "max_age_days"), before.max_age_days, after.max_age_days, 1)
    for severity in set(before.never_for) - set(after.never_for) - {Severity.CRITICAL}:
        yield Step(("new_only", "never_for"), "looser", f"new_only.never_for: {severity} findings may be excused")
    for severity in set(after.never_for) - set(before.never_for) - {Severity.CRITICAL}:
        yield Step(("new_only", "never_for"), "tighter", f"new_only.never_for: {severity} findings are never excused")


def policy_steps(before: Policy, after: Policy) -> Iterator[Step]:
    """Yield what differs outside rules, gate and waivers."""
    yield from _fixed(("alpha",), before.alpha, after.alpha)
    yield from _fixed(("profile",), before.profile, after.profile)
    if before.manifest_sha256 != after.manifest_sha256:
        way: Way = (
            "tighter" if before.manifest_sha256 is None else "looser" if after.manifest_sha256 is None else "different"
        )
        yield Step(("manifest_sha256",), way, f"manifest_sha256: {_pin(before)} -> {_pin(after)}")
    yield from _names_steps(before, after)
    yield from _ranked(("approvers_required",), before.approvers_required, after.approvers_required, (False, True))
    yield from _bound(("max_waiver_days",), before.max_waiver_days, after.max_waiver_days, 1)
    for name in before.requires_inputs:
        if name not in after.requires_inputs:
            yield Step(("requires_inputs",), "looser", f"requires_inputs: {name} may be left out")
    for name in after.requires_inputs:
        if name not in before.requires_inputs:
            yield Step(("requires_inputs",), "tighter", f"requires_inputs: {name} must be declared")


def _names_steps(before: Policy, after: Policy) -> Iterator[Step]:
    old, new = before.approvers, after.approvers
    if old and not new:
        yield Step(("approvers",), "looser", f"approvers: anybody instead of {', '.join(old)}")
    elif new and not old:
        yield Step(("approvers",), "tighter", f"approvers: only {', '.join(new)}")
    else:
        for index, name in enumerate(new):
            if name not in old:
                yield Step(("approvers", index), "looser", f"approvers: {name!r} may accept findings too")
        gone = [name for name in old if name not in new]
        if gone:
            yield Step(("approvers",), "tighter", f"approvers: {', '.join(gone)} may no longer accept findings")


def words(value: Any) -> str:
    """Return a value as a policy writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float() | int():
            return f"{value:g}" if abs(value) < 1e6 else str(value)
        case tuple():
            return f"[{', '.join(words(item) for item in value)}]"
    return str(value) or "''"


def _labels(where: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in where.items()) or "everywhere"


def _pin(policy: Policy) -> str:
    return "any manifest" if policy.manifest_sha256 is None else f"{policy.manifest_sha256[:12]}..."


def _path(loc: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in loc if isinstance(part, str))
