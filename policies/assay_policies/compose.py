"""One policy from a chain: parents first; a child may only tighten, unless the parent says `overridable`."""

from __future__ import annotations

from typing import Any

from assay.documents.validate import problem_at
from assay.documents.yaml_text import Loc, YamlText
from assay.model.errors import InvalidInput
from assay.model.spec import OptionSpec
from assay_policies.options import Specs, detector_of, option_of, option_way, stated, value_of, with_value
from assay_policies.order import Step, Value, gate_steps, plain, policy_steps, rule_steps, words
from assay_policies.schema import Gate, Policy, Rule


def merge(parent: Policy, child: Policy, text: YamlText, specs: Specs | None = None) -> Policy:
    """Return `child` on top of `parent`.

    Args:
        parent: with its own parents folded in.
        child: as it is written.
        text: of the child, for the places of errors.
        specs: detectors, which know what their options are by default and which way is stricter.

    Raises:
        InvalidInput: the child loosens something; names the place.
    """
    rules = {rule.id: rule for rule in parent.rules}
    for index, rule in enumerate(child.rules):
        known = rules.get(rule.id)
        rules[rule.id] = _rule(known, rule, text, index) if known else rule
    if "alpha" in child.model_fields_set and child.alpha != parent.alpha:
        # A smaller alpha widens intervals: it fails less as well as it passes less, so neither way is tighter.
        raise problem_at(text, ("alpha",), f"alpha is set by the root policy ({parent.alpha:g}); remove it here")
    rules = _measured_alike(parent, rules, child, text, specs)
    own = child.model_fields_set
    merged = child.model_copy(
        update={
            "gate": _gate(parent.gate, child.gate, text),
            "rules": tuple(rules.values()),
            "requires_inputs": tuple(dict.fromkeys(parent.requires_inputs + child.requires_inputs)),
            "waivers": parent.waivers + child.waivers,
            **{
                key: getattr(child if key in own else parent, key)
                for key in ("profile", "alpha", "manifest_sha256", "approvers", "approvers_required", "max_waiver_days")
            },
        }
    )
    for step in policy_steps(parent, merged):
        if step.way == "looser" or (step.way == "different" and step.loc != ("profile",)):
            raise problem_at(text, step.loc, f"{step.text}; a child may only tighten: {_remedy(step, parent)}")
    return merged


def _measured_alike(
    parent: Policy, rules: dict[str, Rule], child: Policy, text: YamlText, specs: Specs | None
) -> dict[str, Rule]:
    """Return the rules with every option at one value: the parent's, or the strictest that the child sets.

    One scan has one value of an option, so a rule that sets it sets it for all rules on the detector. Where the parent
    judges by the detector, and does not let the child loosen that, the option stays or gets stricter.
    """
    held = {detector_of(rule): rule for rule in parent.rules[::-1] if not rule.overridable}
    found = dict(rules)
    for index, own in enumerate(child.rules):
        detector = detector_of(rules[own.id])
        if detector not in held:
            continue
        for name, given in own.params.items():
            option, before = option_of(specs, detector, name), value_of(parent, specs, detector, name)
            way = option_way(option, before, plain(given))
            if way is not None and way != "tighter":
                place = ("rules", index, "params", name)
                raise problem_at(text, place, _other_option(held[detector], name, before, plain(given), option))
            if rivals := _set_for_all(found, detector, name, option):
                told = (
                    f"a scan has one {name} of {detector}, and two rules want {words(rivals[0])} and {words(rivals[1])}"
                )
                raise problem_at(text, ("rules", index, "params", name), f"{told}; write the same in both")
    merged = child.model_copy(update={"rules": tuple(found.values())})
    for rule in parent.rules:
        detector = detector_of(rule)
        for name in rule.params if detector in held else ():
            option = option_of(specs, detector, name)
            before, after = (value_of(policy, specs, detector, name) for policy in (parent, merged))
            if option_way(option, before, after) not in (None, "tighter"):  # the rule that set it left the detector
                index = next(i for i, own in enumerate(child.rules) if own.id == rule.id)
                told = _other_option(held[detector], name, before, after, option)
                raise problem_at(text, ("rules", index, "metric"), told)
    return found


def _set_for_all(
    rules: dict[str, Rule], detector: str, name: str, option: OptionSpec | None
) -> tuple[Value, Value] | None:
    """Set an option to the strictest value that a rule on the detector has, in all that set it.

    Return two values of which none is stricter; None: there are none.
    """
    naming = [entry for entry in stated(rules.values(), detector) if entry.name == name]
    strictest = naming[0].value
    for entry in naming:
        way = option_way(option, strictest, entry.value)
        if way == "different" and option is not None and option.stricter == "given":
            return strictest, entry.value
        if way == "tighter":
            strictest = entry.value
    for entry in naming:
        if entry.value != strictest:
            rules[entry.rule.id] = with_value(rules[entry.rule.id], name, strictest)
    return None


def _other_option(held: Rule, name: str, before: Value | None, after: Value | None, option: OptionSpec | None) -> str:
    was, now = ("the detector's default" if value is None else words(value) for value in (before, after))
    least = was
    if option is not None and option.default_at_most is not None and before == option.default:
        was, least = f"{was} (chosen by the detector)", words(option.default_at_most)
    told, more = f"a child may not change option {name} of {detector_of(held)} from {was} to {now}", ""
    if option is not None and option.stricter in ("higher", "lower") and before is not None:
        more = f", or write {least} or {'more' if option.stricter == 'higher' else 'less'}"
    return f"{told}: rule {held.id} of the parent is measured with it; remove it{more}"


def _remedy(step: Step, parent: Policy) -> str:
    match step.loc[0]:
        case "approvers":
            return f"name only people whom the parent names: {', '.join(parent.approvers)}"
        case "manifest_sha256":
            return "the parent pins another manifest; remove the line"
        case _:
            return f"remove the line, or write {getattr(parent, str(step.loc[0]))} at most"


def _gate(parent: Gate, child: Gate, text: YamlText) -> Gate:
    merged = parent.model_copy(update={key: getattr(child, key) for key in child.model_fields_set})
    if parent.new_only is not None and merged.new_only is not None and child.new_only is not None:
        own = child.new_only
        update: dict[str, Any] = {key: getattr(own, key) for key in own.model_fields_set}
        merged = merged.model_copy(update={"new_only": parent.new_only.model_copy(update=update)})
    for step in gate_steps(parent, merged):
        loosened = step.way == "looser" or step.way == "different"
        if loosened and step.loc[0] not in parent.overridable:
            raise problem_at(text, ("gate", *step.loc), f"gate.{step.text}; {_gate_remedy(step)}")
    return merged


def _gate_remedy(step: Step) -> str:
    key = step.loc[0]
    if key == "overridable":
        return "the parent does not allow it; a child may only take names away, remove it"
    if key == "new_only":
        return "a child may only tighten; the parent must list `new_only` in gate.overridable first"
    return "the parent policy blocks on it; a child may only tighten, remove the line"


def _rule(parent: Rule, child: Rule, text: YamlText, index: int) -> Rule:
    at = ("rules", index)
    changed = {key: getattr(child, key) for key in child.model_fields_set if key != "id"}
    for key in ("limit", "evidence"):
        if key in changed:
            own = changed[key]
            update = {name: getattr(own, name) for name in own.model_fields_set}
            changed[key] = getattr(parent, key).model_copy(update=update)
    if "params" in changed:
        changed["params"] = {**parent.params, **child.params}
    if "controls" in changed:
        changed["controls"] = tuple(dict.fromkeys(parent.controls + child.controls))
    merged = parent.model_copy(update=changed)
    for step in rule_steps(parent, merged):
        if step.loc[0] == "params":
            continue  # see `_measured_alike`
        if step.loc == ("overridable",) and step.way == "looser":
            raise _refused(parent, step, text, at, "is looser, and a child may not do that; remove the line")
        if step.way in ("looser", "different") and not parent.overridable:
            raise _refused(parent, step, text, at, _rule_remedy(parent, step))
    limit = merged.limit
    if limit.max is not None and limit.min is not None and limit.min > limit.max:
        key = "min" if "min" in child.limit.model_fields_set else "max"
        sentence = f"with the parent's limit, min {limit.min:g} is above max {limit.max:g}; nothing can pass"
        raise problem_at(text, (*at, "limit", key), f"rule {parent.id!r}: {sentence}")
    return merged


def _refused(parent: Rule, step: Step, text: YamlText, at: Loc, remedy: str) -> InvalidInput:
    return problem_at(text, (*at, *step.loc), f"rule {parent.id!r}: {step.text} {remedy}")


def _rule_remedy(parent: Rule, step: Step) -> str:
    if step.way == "different":
        return "is no change for a child, the parent does not allow it; write a rule of your own"
    return "is looser, and the parent does not allow it; remove it"
