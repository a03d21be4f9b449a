"""A composed policy told value by value: what holds, in words, and which line of which file says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from assay.documents.yaml_text import Loc
from assay.model import frameworks
from assay.model.spec import DetectorSpec, MetricSpec
from assay_policies.load import LoadedPolicy
from assay_policies.order import plain, words
from assay_policies.schema import Gate, Param, Rule
from assay_policies.shares import RESERVE, rule_alpha, shares

_REQUIRED = {
    "true": "yes: where it was not checked, the gate shuts",
    "declared": "where the manifest declares its inputs",
    "false": "no: judged where it was measured",
}
_JUDGED = {
    "interval": "by the whole interval: pass wholly within, fail wholly beyond, else inconclusive",
    "lower": "by the end nearest to safety: fails on evidence of harm only",
    "upper": "by the end farthest from safety: passes on proof only",
    "point": "by the value alone, whatever its interval",
}
_GATE = {
    "fail": ("a limit is broken", "lets it pass, and reports it"),
    "error": ("a check broke down", "lets it pass, and reports it"),
    "inconclusive": ("the data do not decide", "lets it pass, and reports it"),
    "skipped_required": ("a required check was not made", "lets it pass, and reports it"),
    "warn": ("a soft limit is broken", "lets it pass, and reports it"),
}


class Line(NamedTuple):
    """One value."""

    key: str
    text: str
    """The value in words."""
    origin: str
    """`file:line` that set it, `default` where none did, empty for what follows from the others."""
    value: Any = None
    """The value as JSON has it; null for what is only words."""


class Section(NamedTuple):
    """Values that belong together."""

    title: str
    lines: tuple[Line, ...]


def explain_policy(loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> tuple[Section, ...]:
    """Return all that the policy says, in the order in which a reader asks."""
    teller = _Teller(loaded, specs)
    return (
        Section("Policy", tuple(teller.head())),
        Section("Gate", tuple(teller.gate())),
        Section("Error rate", tuple(teller.error_rate())),
        *(Section(f"Rule {rule.id}", tuple(teller.rule(rule))) for rule in loaded.policy.rules),
        Section("Frameworks of the controls", tuple(teller.frameworks())),
        *(Section(f"Waiver {waiver.id}", tuple(teller.waiver(waiver.id))) for waiver in loaded.policy.waivers),
    )


class _Teller:
    def __init__(self, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> None:
        self.loaded, self.policy, self.specs = loaded, loaded.policy, specs

    def at(self, *loc: str | int) -> str:
        found = self.loaded.origins.get(loc)
        return "default" if found is None else str(found)

    def line(self, loc: Loc, key: str, text: str, value: Any = None) -> Line:
        return Line(key, text, self.at(*loc), value)

    def head(self) -> Iterator[Line]:
        policy = self.policy
        yield self.line(("id",), "id", policy.id, policy.id)
        if policy.title:
            yield self.line(("title",), "title", policy.title, policy.title)
        for index, digest in enumerate(self.loaded.chain):
            what = "root" if index == 0 else "on top of it"
            yield Line("file", f"{digest.path} ({what}), sha256 {digest.sha256[:12]}...", "", digest.sha256)
        yield self.line(("profile",), "profile", policy.profile, policy.profile)
        for name in policy.requires_inputs:
            yield self.line(("requires_inputs", name), "input", f"the manifest must declare {name}", name)
        if policy.manifest_sha256:
            yield self.line(
                ("manifest_sha256",), "manifest", f"sha256 {policy.manifest_sha256}", policy.manifest_sha256
            )
        for person in policy.approvers:
            yield self.line(("approvers", person), "approver", f"{person} may accept a finding", person)
        if not policy.approvers:
            text = (
                "nobody: no waiver is accepted until `approvers` names who may approve"
                if policy.approvers_required
                else "anybody may accept a finding, with name and reason"
            )
            yield self.line(("approvers_required",), "approver", text, policy.approvers_required)
        days = policy.max_waiver_days
        yield self.line(("max_waiver_days",), "waivers", f"run {days} days at most", days)

    def gate(self) -> Iterator[Line]:
        gate = self.policy.gate
        for key, (event, open_text) in _GATE.items():
            effect = getattr(gate, key)
            text = f"{effect}: where {event}, the gate {'shuts' if effect == 'block' else open_text}"
            yield self.line(("gate", key), key, text, effect)
        yield from self._new_only(gate)
        if gate.overridable:
            text = f"a policy that extends this one may loosen {', '.join(gate.overridable)}"
            yield self.line(("gate", "overridable"), "overridable", text, list(gate.overridable))

    def _new_only(self, gate: Gate) -> Iterator[Line]:
        new = gate.new_only
        if new is None:
            yield self.line(("gate", "new_only"), "new_only", "no: what was found before blocks as well")
            return
        never = ", ".join(dict.fromkeys(["critical", *(str(severity) for severity in new.never_for)]))
        text = (
            f"what an earlier result had, and is no worse, does not block; never for {never}; the earlier result "
            f"({new.baseline or '--baseline FILE'}) may be {new.max_age_days} days old"
        )
        yield self.line(("gate", "new_only"), "new_only", text, new.model_dump(mode="json"))

    def error_rate(self) -> Iterator[Line]:
        policy = self.policy
        text = f"a target with nothing wrong fails the whole policy in at most {_percent(policy.alpha)} of all scans"
        yield self.line(("alpha",), "alpha", text, policy.alpha)
        each = shares(self.loaded, self.specs)
        roots = self.policy.rules[: len(self.loaded.root_metrics)]
        counted = [rule for rule in policy.rules if self._statistical(rule)]
        even = [rule for rule in counted if rule in roots and rule.alpha is None]
        if not counted:
            yield Line("split", "no rule judges an estimate, so there is no error rate to split", "")
            return
        said = []
        if even:
            of = f"the {len(even)} statistical rules" if len(even) > 1 else "the one statistical rule"
            said.append(
                f"{_percent(1 - RESERVE)} of it go evenly to {of} of the root policy, {_percent(each[even[0].id])} each"
                f"; {_percent(RESERVE)} are kept for rules that child policies add, the first gets half of that, the "
                "second a sixth, and so on. So a rule that is added takes nothing from another."
            )
        said.append(
            "A rule that looks at several estimates (models, classes) splits its share over them. A complete count has "
            "no sampling error and takes no share."
        )
        yield Line("split", " ".join(said), "", {rule.id: each[rule.id] for rule in counted})

    def _metric(self, rule: Rule) -> MetricSpec | None:
        spec = self.specs.get((rule.metric or "").rpartition(".")[0])
        return spec.metric(rule.metric or "") if spec is not None else None

    def _statistical(self, rule: Rule) -> bool:
        metric = self._metric(rule)
        return metric is None or metric.statistical

    def rule(self, rule: Rule) -> Iterator[Line]:
        at: Loc = ("rules", rule.id)
        metric = self._metric(rule)
        title = f" ({metric.title}; {metric.unit})" if metric else ""
        yield self.line((*at, "metric"), "metric", f"{rule.metric}{title}", rule.metric)
        for name, value in rule.where.items():
            yield self.line((*at, "where", name), "where", f"{name} is {value}", value)
        if rule.each:
            yield self.line((*at, "each"), "each", f"one decision per {', '.join(rule.each)}", list(rule.each))
        yield from self._limit(rule, at)
        for key, said in (("min_n", "n of at least {:g}"), ("min_power", "a power of at least {:g}")):
            value = getattr(rule.evidence, key)
            if value is not None:
                text = f"{said.format(value)}, else inconclusive"
                yield self.line((*at, "evidence", key), "evidence", text, value)
        if rule.when:
            text = f"{rule.when} (false: not applicable; unknown: inconclusive)"
            yield self.line((*at, "when"), "when", text, rule.when)
        required = words(rule.required)
        yield self.line((*at, "required"), "required", _REQUIRED[required], rule.required)
        yield self.line((*at, "severity"), "severity", str(rule.severity), str(rule.severity))
        if rule.effect == "warn":
            yield self.line((*at, "effect"), "effect", "warn: a soft limit", "warn")
        if rule.overridable:
            yield self.line((*at, "overridable"), "overridable", "a policy that extends this one may loosen it", True)
        yield self._share(rule, at)
        for name, given in rule.params.items():
            yield self._param(name, given, at)
        for control in rule.controls:
            entry = frameworks.describe(control)
            text = f"{control} {entry.name}" if entry else f"{control} (of your own)"
            yield self.line((*at, "controls", control), "control", text, control)
        yield self.line((*at, "why"), "why", " ".join(rule.why.split()) or "no reason is written down", rule.why)

    def frameworks(self) -> Iterator[Line]:
        named = dict.fromkeys(control for rule in self.policy.rules for control in rule.controls)
        entries = [entry for entry in map(frameworks.describe, named) if entry is not None]
        for entry in {(entry.prefix, entry.edition): entry for entry in entries}.values():
            checked = "" if entry.status == "primary" else "; read in third-party material only"
            yield Line(entry.prefix, f"{entry.framework}, {entry.edition}{checked}", "", entry.edition)

    def _limit(self, rule: Rule, at: Loc) -> Iterator[Line]:
        limit = rule.limit
        for key, said in (("max", "at most"), ("min", "at least")):
            value = getattr(limit, key)
            if value is not None:
                yield self.line((*at, "limit", key), "limit", f"{said} {value:g}", value)
        if (rule.metric or "").endswith(".p-value"):
            yield Line("judged", "fails where p is below the share of the rule", "")
            value = limit.max_detectable
            text = "a p-value alone never passes" if value is None else f"passes where {value:g} would have been seen"
            yield self.line((*at, "limit", "max_detectable"), "limit", text, value)
            return
        yield self.line((*at, "limit", "judge"), "judged", _JUDGED[limit.judge], limit.judge)
        if limit.margin:
            text = f"an interval within limit and {limit.margin:g} more passes"
            yield self.line((*at, "limit", "margin"), "margin", text, limit.margin)

    def _share(self, rule: Rule, at: Loc) -> Line:
        if not self._statistical(rule):
            return Line("alpha", "a complete count: takes no share of the error rate", "")
        share = rule_alpha(rule, self.loaded, self.specs)
        text = f"{_percent(share)} of all scans of a good target may fail it"
        return Line("alpha", text, "" if rule.alpha is None else self.at(*at, "alpha"), share)

    def _param(self, name: str, given: Any, at: Loc) -> Line:
        text = f"{name} = {words(plain(given))}"
        if isinstance(given, Param):
            text += f" {given.unit}" if given.unit else ""
            text += f": {' '.join(given.why.split())}" if given.why else ""
        return self.line((*at, "params", name), "param", text, plain(given))

    def waiver(self, identity: str) -> Iterator[Line]:
        waiver = next(entry for entry in self.policy.waivers if entry.id == identity)
        at: Loc = ("waivers", identity)
        yield self.line((*at, "finding"), "finding", waiver.finding, waiver.finding)
        if waiver.rule:
            yield self.line((*at, "rule"), "rule", waiver.rule, waiver.rule)
        yield self.line((*at, "kind"), "kind", waiver.kind.replace("_", " "), waiver.kind)
        yield self.line((*at, "approver"), "approver", waiver.approver, waiver.approver)
        yield self.line((*at, "expires"), "expires", waiver.expires.isoformat(), waiver.expires.isoformat())
        yield self.line((*at, "reason"), "reason", " ".join(waiver.reason.split()), waiver.reason)
        for key, value in waiver.bound.model_dump(exclude_none=True).items():
            yield self.line((*at, "bound", key), "bound", f"{key} {words(value)}; void when it changes", value)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
