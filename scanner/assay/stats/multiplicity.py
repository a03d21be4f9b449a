"""Several tests under one error rate. Standard library only.

A policy splits its alpha over the rules of its root (`split_alpha`); each rule judges its interval at 1 - its share, or
its p-value against its share, so that with any dependence at most alpha of all clean scans fail in any rule. An
interval has one level and cannot be judged by Holm; Holm serves p-values of one family within one detector (classes,
columns, score families), whose smallest adjusted p-value then goes to the rule as its one p-value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from assay.stats.checks import at_least, fraction, probability


def split_alpha(alpha: float, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the share of each rule: alpha times its weight over the sum (Bonferroni 1936; weights: Rosenthal and
    Rubin 1983). The shares add up to at most alpha, for any dependence between the tests.

    Args:
        alpha: error rate of the whole, in (0, 1).
        weights: rule -> weight > 0, fixed before the data were seen; equal weights for an even split.

    Raises:
        ValueError: no rule, a weight not above 0 or not finite, alpha outside (0, 1).
    """
    fraction(alpha, "alpha")
    at_least(len(weights), 1, "number of rules")
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight > 0):
            raise ValueError(f"weight of {name!r} = {weight}; a weight must be finite and above 0")
    total = math.fsum(weights.values())
    shares = {name: alpha * weight / total for name, weight in weights.items()}
    while math.fsum(shares.values()) > alpha:
        shares = {name: math.nextafter(share, 0.0) for name, share in shares.items()}
    return shares


def most_alarms(runs: int, rate: float, level: float = 0.99) -> int:
    """Return the `level` quantile of Binomial(runs, rate): alarms among clean runs that chance explains.

    Args:
        runs: independent clean runs.
        rate: of alarms in each, in [0, 1].
        level: in (0, 1).

    Raises:
        ValueError: no run, rate or level out of bounds.
    """
    at_least(runs, 1, "runs")
    fraction(level, "level")
    probability(rate, "rate")
    below, most = (1 - rate) ** runs, 0
    while below < level - 1e-12:
        most += 1
        below += math.comb(runs, most) * rate**most * (1 - rate) ** (runs - most)
    return most


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return adjusted p-values: rejecting those at or below alpha errs at all with probability at most alpha.

    Holm (1979, Scand. J. Stat. 6); for any dependence, and never worse than Bonferroni.

    Args:
        p_values: test -> p-value in [0, 1].

    Raises:
        ValueError: no test, or a p-value outside [0, 1].
    """
    at_least(len(p_values), 1, "number of tests")
    for name, p in p_values.items():
        probability(p, f"p-value of {name!r}")
    adjusted: dict[str, float] = {}
    highest = 0.0
    for done, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        highest = max(highest, min(1.0, (len(p_values) - done) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}
