"""What goes from a policy to the detectors before they start: options, and the limits behind `ctx.settled`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.model.base import Labels
from assay.model.errors import InvalidInput
from assay.model.interval import Interval
from assay.model.spec import DetectorSpec
from assay_policies.limits import Standing, compare
from assay_policies.load import LoadedPolicy
from assay_policies.order import plain
from assay_policies.schema import Rule
from assay_policies.shares import is_p_value, rule_alpha


def detector_options(loaded: LoadedPolicy) -> dict[str, dict[str, Any]]:
    """Return the `params` of all rules, by detector.

    Raises:
        InvalidInput: two rules want different values of one option.
    """
    asked: dict[str, dict[str, Any]] = {}
    for rule in loaded.policy.rules:
        assert rule.metric is not None
        options = asked.setdefault(rule.metric.rsplit(".", 1)[0], {})
        for name, given in rule.params.items():
            value = plain(given)
            if options.get(name, value) != value:
                raise InvalidInput(
                    f"policy {loaded.policy.id}: rule {rule.id!r} wants {name} = {value!r}, another rule "
                    f"{options[name]!r}; one scan has one value"
                )
            options[name] = value
    return asked


class AskedLimits:
    """What a detector may know of the policy while it measures: the level of its judgement, and what is decided."""

    def __init__(self, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> None:
        self._loaded, self._specs = loaded, specs

    def level(self, metric: str, labels: Labels, of: int = 1) -> float:
        """Return the highest level at which a rule judges this measurement; that of the policy where none asks.

        Args:
            metric: metric id.
            labels: of the measurement.
            of: among how many estimates the rule must split its error rate.
        """
        alphas = [rule_alpha(rule, self._loaded, self._specs) for rule in self._rules(metric, labels)]
        return 1 - min(alphas, default=self._loaded.policy.alpha) / of

    def settled(self, metric: str, interval: Interval, labels: Labels) -> bool:
        """Say whether every rule that asks for this metric is decided by the interval; never where none asks.

        A rule that is judged by its `lower` end passes what is open; that is no reason to stop looking for harm.
        """
        rules = self._rules(metric, labels)
        return bool(rules) and all(self._decided(rule, metric, interval) for rule in rules)

    def _rules(self, metric: str, labels: Labels) -> list[Rule]:
        return [
            rule
            for rule in self._loaded.policy.rules
            if rule.metric == metric and all(labels.get(name) == value for name, value in rule.where.items())
        ]

    def _decided(self, rule: Rule, metric: str, interval: Interval) -> bool:
        if is_p_value(metric) or interval.level < 1 - rule_alpha(rule, self._loaded, self._specs) - 1e-12:
            return False
        limit = rule.limit.model_copy(update={"judge": "interval"}) if rule.limit.judge == "lower" else rule.limit
        value = next((end for end in (interval.low, interval.high) if end is not None), 0.0)
        return compare(interval, value, limit).standing is not Standing.OPEN
