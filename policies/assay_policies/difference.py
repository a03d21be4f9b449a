"""What differs between two composed policies, rule by rule and field by field, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from assay.model.spec import DetectorSpec
from assay_policies.limits import in_words
from assay_policies.load import LoadedPolicy
from assay_policies.options import option_steps
from assay_policies.order import gate_steps, policy_steps, rule_steps
from assay_policies.schema import Waiver
from assay_policies.shares import rule_alpha


class Difference(NamedTuple):
    """One value that differs; `looser` and `tighter` say what the second policy is."""

    where: str
    """`policy`, `gate`, `rule ID`, `detector ID`, `waiver ID`."""
    way: Literal["tighter", "looser", "different", "reworded", "added", "removed"]
    text: str
    looser: bool
    """Whether the second policy lets something pass that the first does not, or may."""


def differences(before: LoadedPolicy, after: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> tuple[Difference, ...]:
    """Return what differs, in the order of the files; a `different` value may be looser, so it counts as such."""
    return (
        *_outside(before, after),
        *_rules(before, after, specs),
        *_options(before, after, specs),
        *_waivers(before, after),
    )


def _outside(before: LoadedPolicy, after: LoadedPolicy) -> Iterator[Difference]:
    for where, steps in (
        ("policy", policy_steps(before.policy, after.policy)),
        ("gate", gate_steps(before.policy.gate, after.policy.gate)),
    ):
        for step in steps:
            harmless = step.loc == ("profile",)
            yield Difference(where, step.way, step.text, step.way in ("looser", "different") and not harmless)


def _rules(before: LoadedPolicy, after: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> Iterator[Difference]:
    old = {rule.id: rule for rule in before.policy.rules}
    new = {rule.id: rule for rule in after.policy.rules}
    for name, rule in old.items():
        where = f"rule {name}"
        if name not in new:
            yield Difference(where, "removed", f"{rule.metric}, {in_words(rule.limit)}, is no longer judged", True)
            continue
        for step in rule_steps(rule, new[name]):
            if step.loc[0] == "params" and step.way != "reworded":
                continue  # told once for the detector
            yield Difference(where, step.way, step.text, step.way in ("looser", "different"))
        shares = rule_alpha(rule, before, specs), rule_alpha(new[name], after, specs)
        if shares[0] != shares[1] and rule.alpha == new[name].alpha:
            text = f"share of the error rate: {100 * shares[0]:.3g} % -> {100 * shares[1]:.3g} %"
            yield Difference(where, "different", text, False)
    for name, rule in new.items():
        if name not in old:
            yield Difference(f"rule {name}", "added", f"{rule.metric}: {in_words(rule.limit)}", False)


def _options(before: LoadedPolicy, after: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> Iterator[Difference]:
    """Yield the options with which rules of both are measured: whoever sets one sets it for all of them."""
    for detector, way, text in option_steps(before.policy, after.policy, specs):
        yield Difference(f"detector {detector}", way, text, way != "tighter")


def _waivers(before: LoadedPolicy, after: LoadedPolicy) -> Iterator[Difference]:
    old = {waiver.id: waiver for waiver in before.policy.waivers}
    new = {waiver.id: waiver for waiver in after.policy.waivers}
    for name, waiver in old.items():
        if name not in new:
            yield Difference(f"waiver {name}", "removed", f"{_accepts(waiver)}: no longer", False)
        elif waiver != new[name]:
            yield Difference(f"waiver {name}", "different", f"{_accepts(waiver)} -> {_accepts(new[name])}", True)
    for name, waiver in new.items():
        if name not in old:
            yield Difference(f"waiver {name}", "added", _accepts(waiver), waiver.kind != "confirmed")


def _accepts(waiver: Waiver) -> str:
    verb = "confirms" if waiver.kind == "confirmed" else "accepts"
    return f"{verb} finding {waiver.finding[:12]} until {waiver.expires}, by {waiver.approver}"
