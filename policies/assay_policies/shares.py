"""Multiplicity: how a policy splits its error rate over its statistical rules, and a rule its own over its numbers.

The root policy's alpha is split evenly over its statistical rules (Bonferroni), so that a target with nothing wrong
fails the whole of them at most in a share alpha of all scans, whatever hangs together with what. A rule that a child
adds gets the same share: it loosens no other. A rule that looks at several estimates (models, classes) splits its
share over them. Complete counts have no sampling error and take no share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.model.interval import Exact
from assay.model.measurement import Measurement
from assay.model.spec import DetectorSpec
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Rule


def rule_alpha(rule: Rule, loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec]) -> float:
    """Return the error rate of one rule."""
    if rule.alpha is not None:
        return rule.alpha
    return loaded.policy.alpha / max(1, sum(_is_statistical(metric, specs) for metric in loaded.root_metrics))


def estimates(measured: Iterable[Measurement]) -> int:
    """Return how many of these have sampling error, at least 1: the rule's error rate is split over them."""
    return max(1, sum(is_p_value(m.metric) or not isinstance(m.statistic, Exact) for m in measured))


def is_p_value(metric: str) -> bool:
    """Say whether a metric is a p-value, by its name."""
    return metric.endswith(".p-value")


def _is_statistical(metric: str, specs: Mapping[str, DetectorSpec]) -> bool:
    """Say whether a metric is an estimate; one that nobody here knows counts as one."""
    spec = specs.get(metric.rsplit(".", 1)[0])
    found = spec.metric(metric) if spec is not None else None
    return found is None or found.statistical
