"""Multiplicity: how a policy spends its error rate over its statistical rules, and a rule its own over its numbers.

The root policy has one alpha, and no set of rules on top of it may spend more: a target that keeps every limit fails
the whole policy in at most a share alpha of all scans, whatever hangs together with what (Bonferroni's inequality).

- Nine tenths go to the statistical rules of the root, evenly. A root rule with an `alpha` of its own takes that first.
- One tenth (`RESERVE`) is kept for rules that children add: the first gets half of it, the second a sixth, the j-th
  1 / (j (j + 1)), which together never exceed it. They count in the order of the chain, so a rule that is added after
  them changes no share that was given before. An `alpha` of its own can only be smaller than that.
- A rule that looks at several estimates (models, classes) splits its share evenly over them.
- Complete counts have no sampling error and take no share.

Why so, and what it costs: docs/adr/0019-multiplicity.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.model.interval import Exact
from assay.model.measurement import Measurement
from assay.model.spec import DetectorSpec
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Rule

RESERVE = 0.1
"""Share of what the root's own rules leave that is kept for rules of children."""


def shares(loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> dict[str, float]:
    """Return the error rate of each rule by its id; together at most alpha.

    Rules on complete counts are not among those who share; they stand with the whole alpha, which nothing asks for.
    """
    policy, roots = loaded.policy, len(loaded.root_metrics)
    found = {rule.id: policy.alpha for rule in policy.rules}
    owners = [rule for rule in policy.rules[:roots] if _is_statistical(rule.metric or "", specs)]
    added = [rule for rule in policy.rules[roots:] if _is_statistical(rule.metric or "", specs)]
    own = {rule.id: rule.alpha for rule in owners if rule.alpha is not None}
    # Rules that name more than there is are cut down in proportion: the promise of the whole policy comes first.
    scale = min(1.0, policy.alpha / sum(own.values())) if own else 1.0
    found.update({name: alpha * scale for name, alpha in own.items()})
    left = max(0.0, policy.alpha - scale * sum(own.values()))
    others = [rule for rule in owners if rule.id not in own]
    reserve = left * RESERVE if others else left
    found.update({rule.id: _at_least(left * (1 - RESERVE) / len(others)) for rule in others})
    for place, rule in enumerate(added, 1):
        given = _at_least(reserve / (place * (place + 1)))
        found[rule.id] = given if rule.alpha is None else min(rule.alpha, given)
    return found


def rule_alpha(rule: Rule, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> float:
    """Return the error rate of one rule; see `shares`."""
    return shares(loaded, specs)[rule.id]


def estimates(measured: Iterable[Measurement]) -> int:
    """Return how many of these have sampling error, at least 1: the rule's error rate is split over them."""
    return max(1, sum(map(_is_estimate, measured)))


def is_p_value(metric: str) -> bool:
    """Say whether a metric is a p-value, by its name."""
    return metric.endswith(".p-value")


def _is_estimate(measured: Measurement) -> bool:
    return is_p_value(measured.metric) or not isinstance(measured.statistic, Exact) or measured.interval.level < 1


def _at_least(alpha: float) -> float:
    """Return a share that is above 0, so that every level is below 1: at 1 no interval ends."""
    return max(alpha, 1e-12)


def _is_statistical(metric: str, specs: Mapping[str, DetectorSpec]) -> bool:
    """Say whether a metric is an estimate; one that nobody here knows counts as one."""
    spec = specs.get(metric.rsplit(".", 1)[0])
    found = spec.metric(metric) if spec is not None else None
    return found is None or found.statistical
