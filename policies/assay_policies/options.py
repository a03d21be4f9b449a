"""Options of detectors, as the rules of a policy set them: one scan has one value of each, for every rule on it.

So a rule that sets an option changes what every other rule on the same detector is judged by. A child may therefore
set an option of a detector on which its parent judges only to the parent's own value, or to a stricter one where the
detector says which way that is (`OptionSpec.stricter`); and a result that was measured with other options than a
policy asks for is no evidence under it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from assay.model.outcome import Outcome
from assay.model.spec import DetectorSpec, OptionSpec
from assay_policies.order import Value, Way, plain, words
from assay_policies.schema import Param, Policy, Rule

Specs = Mapping[str, DetectorSpec]


class Stated(NamedTuple):
    """A rule sets an option."""

    rule: Rule
    name: str
    value: Value


def detector_of(rule: Rule) -> str:
    """Return the detector that a rule asks; empty where the rule names no metric yet."""
    return (rule.metric or "").rpartition(".")[0]


def stated(rules: Iterable[Rule], detector: str) -> Iterator[Stated]:
    """Yield what the rules on this detector set, in their order."""
    for rule in rules:
        if detector_of(rule) == detector:
            for name, given in rule.params.items():
                yield Stated(rule, name, plain(given))


def option_of(specs: Specs | None, detector: str, name: str) -> OptionSpec | None:
    """Return what is known of an option, or None."""
    spec = (specs or {}).get(detector)
    return next((option for option in spec.options if option.name == name), None) if spec is not None else None


def value_of(policy: Policy, specs: Specs | None, detector: str, name: str) -> Value | None:
    """Return the value with which a scan under this policy runs; None: the default of a detector that is not known."""
    for entry in stated(policy.rules, detector):
        if entry.name == name:
            return entry.value
    option = option_of(specs, detector, name)
    return option.default if option is not None else None


def option_way(option: OptionSpec | None, before: Value | None, after: Value | None) -> Way | None:
    """Return what `after` is beside `before`; None where they are the same."""
    if before is not None and before == after:
        return None
    if option is None or option.stricter is None:
        return "different"
    if option.stricter == "given":
        return "tighter" if before == option.default else "looser" if after == option.default else "different"
    if isinstance(before, str) or isinstance(after, str) or before is None or after is None:
        return "different"
    if option.default_at_most is not None and option.default in (before, after):
        # The detector picks the number, so only what is surely no less than that is known to be stricter.
        sure = before == option.default and option.stricter == "higher" and after >= option.default_at_most
        return "tighter" if sure else "different"
    return "tighter" if (after > before) is (option.stricter == "higher") else "looser"


def with_value(rule: Rule, name: str, value: Value) -> Rule:
    """Return the rule with another value of an option that it sets; unit and reason stay."""
    given = rule.params[name]
    new = given.model_copy(update={"value": value}) if isinstance(given, Param) else value
    return rule.model_copy(update={"params": {**rule.params, name: new}})


def option_steps(before: Policy, after: Policy, specs: Specs) -> Iterator[tuple[str, Way, str]]:
    """Yield `(detector, way, sentence)` for options that rules of both policies are measured with differently."""
    asked = {detector_of(rule) for rule in after.rules}
    for detector in dict.fromkeys(detector_of(rule) for rule in before.rules):
        if detector not in asked:
            continue
        names = [entry.name for policy in (before, after) for entry in stated(policy.rules, detector)]
        for name in dict.fromkeys(names):
            old, new = (value_of(policy, specs, detector, name) for policy in (before, after))
            way = option_way(option_of(specs, detector, name), old, new)
            if way is not None:
                yield detector, way, f"option {name}: {_words(old)} -> {_words(new)}"


def _words(value: Value | None) -> str:
    return "the detector's default" if value is None else words(value)


def measured_otherwise(policy: Policy, specs: Specs, outcome: Outcome) -> str | None:
    """Return why a run of a detector is no evidence under this policy: its options were others; None where it is.

    A result that says nothing of its options counts only where no rule sets one.
    """
    named = [(entry.name, entry.value) for entry in stated(policy.rules, outcome.detector)]
    spec, names = specs.get(outcome.detector), {name for name, _ in named}
    defaults = [(o.name, o.default) for o in spec.options if o.name not in names] if spec is not None else []
    for name, asked in (*named, *defaults):
        if name in outcome.options:
            ran = outcome.options[name]
            if ran != asked:
                told = f"measured with {name} = {words(ran)}, the policy asks {words(asked)}"
                return f"{told}; scan again under this policy"
        elif name in names:
            told = f"the result does not say with which {name} it was measured, the policy asks {words(asked)}"
            return f"{told}; scan again under this policy"
    return None
