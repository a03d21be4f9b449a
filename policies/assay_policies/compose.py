"""One policy from a chain: parents first; a child may only tighten, unless the parent says `overridable`."""

from __future__ import annotations

from typing import Any

from assay.documents.validate import problem_at
from assay.documents.yaml_text import YamlText
from assay.model.verdict import Severity
from assay_policies.schema import Gate, Limit, Policy, Rule

_SEVERITY = list(Severity)
_FIXED = ("metric", "where", "each", "when", "effect", "alpha", "params")


def merge(parent: Policy, child: Policy, text: YamlText) -> Policy:
    """Return `child` on top of `parent`.

    Raises:
        InvalidInput: the child loosens something; names the place.
    """
    gate = _gate(parent.gate, child.gate, text)
    rules = {rule.id: rule for rule in parent.rules}
    for index, rule in enumerate(child.rules):
        known = rules.get(rule.id)
        rules[rule.id] = _rule(known, rule, text, index) if known else rule
    if "alpha" in child.model_fields_set and child.alpha != parent.alpha:
        # A smaller alpha widens intervals: it fails less as well as it passes less, so neither way is tighter.
        raise problem_at(text, ("alpha",), f"alpha is set by the root policy ({parent.alpha:g}); remove it here")
    return child.model_copy(
        update={
            "gate": gate,
            "rules": tuple(rules.values()),
            "alpha": parent.alpha,
            "profile": child.profile if "profile" in child.model_fields_set else parent.profile,
            "requires_inputs": tuple(dict.fromkeys(parent.requires_inputs + child.requires_inputs)),
            "waivers": parent.waivers + child.waivers,
            "max_waiver_days": min(parent.max_waiver_days, child.max_waiver_days),
        }
    )


def _gate(parent: Gate, child: Gate, text: YamlText) -> Gate:
    merged: dict[str, Any] = parent.model_dump()
    for key in child.model_fields_set:
        wanted = getattr(child, key)
        if merged[key] == "block" and wanted == "report":
            raise problem_at(
                text, ("gate", key), f"gate.{key}: the parent policy blocks on it; a child may only tighten"
            )
        merged[key] = wanted
    return Gate(**merged)


def _rule(parent: Rule, child: Rule, text: YamlText, index: int) -> Rule:
    changed = {key: getattr(child, key) for key in child.model_fields_set if key != "id"}
    if "limit" in changed:
        changed["limit"] = parent.limit.model_copy(
            update={key: getattr(child.limit, key) for key in child.limit.model_fields_set}
        )
    merged = parent.model_copy(update=changed)
    if not parent.overridable:
        loosened = _loosened(parent, merged)
        if loosened:
            key, sentence = loosened
            raise problem_at(
                text, ("rules", index, *key), f"rule {parent.id!r}: {sentence}; the parent does not allow it"
            )
    return merged.model_copy(update={"overridable": parent.overridable and merged.overridable})


def _loosened(parent: Rule, child: Rule) -> tuple[tuple[str, ...], str] | None:
    for key in _FIXED:
        if getattr(parent, key) != getattr(child, key):
            return (key,), f"a child may not change `{key}`"
    if child.required != parent.required and not (child.required is True or parent.required is False):
        return ("required",), "a child may not make a required check optional"
    if _SEVERITY.index(child.severity) > _SEVERITY.index(parent.severity):
        return ("severity",), "a child may not lower the severity"
    return _loosened_limit(parent.limit, child.limit)


def _loosened_limit(parent: Limit, child: Limit) -> tuple[tuple[str, ...], str] | None:
    strict = {"interval": 1, "lower": 0, "upper": 2, "point": 0}
    if child.judge != parent.judge and strict[child.judge] <= strict[parent.judge]:
        return ("limit", "judge"), f"`judge: {child.judge}` is not stricter than `{parent.judge}`"
    if parent.max_detectable is None and child.max_detectable is not None:
        return ("limit", "max_detectable"), "max_detectable lets p-values pass that the parent leaves inconclusive"
    for key, sign in (("max", 1), ("min", -1), ("margin", 1), ("max_detectable", 1)):
        before, after = getattr(parent, key), getattr(child, key)
        if before is not None and (after is None or sign * after > sign * before):
            return ("limit", key), f"limit.{key} {after} is looser than {before}"
    return None
