"""What goes from a policy to the detectors before they start: options, and the limits behind `ctx.settled`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.model.base import Labels
from assay.model.errors import InvalidInput
from assay.model.interval import Interval
from assay_policies.limits import Standing, compare
from assay_policies.load import LoadedPolicy


def detector_options(loaded: LoadedPolicy) -> dict[str, dict[str, Any]]:
    """Return the `params` of all rules, by detector.

    Raises:
        InvalidInput: two rules want different values of one option.
    """
    asked: dict[str, dict[str, Any]] = {}
    for rule in loaded.policy.rules:
        assert rule.metric is not None
        options = asked.setdefault(rule.metric.rsplit(".", 1)[0], {})
        for name, value in rule.params.items():
            if options.get(name, value) != value:
                raise InvalidInput(
                    f"policy {loaded.policy.id}: rule {rule.id!r} wants {name} = {value!r}, another rule "
                    f"{options[name]!r}; one scan has one value"
                )
            options[name] = value
    return asked


def settled_by(loaded: LoadedPolicy) -> Callable[[str, Interval, Labels], bool]:
    """Return the test whether every rule on a metric is decided by an interval."""
    share = loaded.policy.alpha / max(1, loaded.root_rules)

    def settled(metric: str, interval: Interval, labels: Labels) -> bool:
        for rule in loaded.policy.rules:
            applies = rule.metric == metric and all(labels.get(name) == value for name, value in rule.where.items())
            if not applies:
                continue
            value = next((end for end in (interval.low, interval.high) if end is not None), 0.0)
            if interval.level < 1 - (rule.alpha or share) - 1e-12:
                return False
            if metric.endswith(".p-value") or compare(interval, value, rule.limit).standing is Standing.OPEN:
                return False
        return True

    return settled
