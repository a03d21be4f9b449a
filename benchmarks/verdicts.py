"""How often a verdict is wrong: at the limit itself, by kind of statistic, and for the whole of each built-in policy.

    python benchmarks/verdicts.py [--trials 2000] [--seed 0] [--check]

Every trial draws a measurement, and `assay_policies.judge` judges it; nothing is computed beside it. A target that
stands exactly at its limit is the hardest case: whatever passes it, or fails it, is wrong. `--check`, as in `make soak`,
ends with 1 where a promise is broken.
"""

from __future__ import annotations

import argparse
import datetime
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assay.engine.catalogue import load_catalogue  # noqa: E402
from assay.model.confidence import confidence_sequence, interval_at  # noqa: E402
from assay.model.interval import Binomial, EProcess, Exact, Guesses, Interval, Statistic  # noqa: E402
from assay.model.measurement import Measurement  # noqa: E402
from assay.model.outcome import Outcome, Status  # noqa: E402
from assay.model.result import InputRecord, Provenance, RunRecord  # noqa: E402
from assay.model.spec import DetectorSpec  # noqa: E402
from assay.stats.auc import auc  # noqa: E402
from assay_policies.ask import AskedLimits  # noqa: E402
from assay_policies.judge import judge  # noqa: E402
from assay_policies.load import LoadedPolicy, load_policy  # noqa: E402
from assay_policies.schema import Policy, Rule  # noqa: E402
from assay_policies.shares import RESERVE  # noqa: E402
from benchmarks.common import one_thread  # noqa: E402

ALPHA = 0.05
DAY = datetime.date(2026, 1, 1)
Rng = np.random.Generator
AUC_LIMIT = 0.6
SHIFT = 0.358286909250
"""Distance of two normal groups of variance 1 whose AUC is 0.6."""


def measured(metric: str, value: float, statistic: Statistic, n: int, level: float, **more: Any) -> Measurement:
    """Return a measurement whose interval is that of its statistic."""
    open_ = Measurement.model_construct(
        metric=metric, value=value, statistic=statistic, interval=Interval(low=-1e9, high=1e9, level=level, method="m")
    )
    found = interval_at(open_, level)
    assert found is not None
    high = None if isinstance(statistic, Guesses) else found.high
    low, value = found.low, max(value, found.low or value)
    return Measurement(
        metric=metric, value=value, interval=Interval(low=low, high=high, level=level, method="m"),
        statistic=statistic, n=n, method="m", **more,
    )  # fmt: skip


def binomial(metric: str, p: float, n: int, level: float, rng: Rng) -> Measurement:
    k = int(rng.binomial(n, p))
    return measured(metric, k / n, Binomial(k=k, n=n), n, level)


def looks(metric: str, p: float, n: int, level: float, rng: Rng) -> Measurement:
    """Look after every 20 draws, and stop as soon as the limit is left: the worst that a detector may do."""
    k = 0
    for done in range(20, n + 1, 20):
        k += int(rng.binomial(20, p))
        low, high = confidence_sequence(k, done, level)
        if not low <= p <= high:
            break
    return measured(metric, k / done, EProcess(k=k, n=done), done, level)


def guesses(metric: str, epsilon: float, level: float, rng: Rng) -> Measurement:
    p = float(np.exp(epsilon) / (1 + np.exp(epsilon)))
    of = (20, 60, 200)
    hits = rng.random(of[-1]) < p
    statistic = Guesses(right=tuple(int(hits[:size].sum()) for size in of), of=of, odds=1.0)
    return measured(metric, 0.0, statistic, of[-1], level)


def quantiles(metric: str, n: int, level: float, rng: Rng) -> Measurement:
    found = auc(rng.normal(SHIFT, size=n), rng.normal(size=n), level)
    return Measurement(metric=metric, **found.fields())


def p_value(metric: str, p: float, detectable: float) -> Measurement:
    return Measurement(
        metric=metric, value=p, interval=Interval.exact(p), n=500, method="m", p_value=p, alpha=1e-9,
        detectable=detectable, statistic=Exact(),
    )  # fmt: skip


def two_sided(rng: Rng) -> float:
    """Return the p-value of a test that has 80 % power at alpha for the effect that there is."""
    normal = NormalDist()
    effect = normal.inv_cdf(1 - ALPHA / 2) + normal.inv_cdf(0.8)
    return 2 * (1 - normal.cdf(abs(float(rng.normal(effect)))))


def count(metric: str, value: int) -> Measurement:
    return Measurement(metric=metric, value=value, interval=Interval.exact(value), n=100, method="m")


@dataclass(frozen=True)
class Case:
    """One row: a statistic, the truth at the limit, a way of judging."""

    name: str
    limit: dict[str, Any]
    draw: Callable[[float, Rng], Measurement]
    metric: str = "demo.check.number"
    wrong: tuple[str, ...] = ("pass", "fail")
    """Verdicts that are wrong: at most in a share `most` of the trials, each."""
    truth: str = "at the limit"
    most: float = ALPHA


def cases() -> list[Case]:
    """Return every row."""
    name, p = "demo.check.number", "demo.check.p-value"
    asked = [("interval", {"max": 0.1}), ("upper", {"max": 0.1}), ("lower", {"max": 0.1})]
    found = [
        Case("exact", {"max": 3}, lambda level, rng: count(name, 3), wrong=("fail", "inconclusive")),
        Case("exact", {"max": 3}, lambda level, rng: count(name, 4), wrong=("pass", "inconclusive"), truth="1 beyond"),
    ]
    for how, limit in asked:
        wrong = ("fail",) if how == "lower" else ("pass", "fail")
        for n in (50, 500) if how == "interval" else (500,):
            draw = lambda level, rng, n=n: binomial(name, 0.1, n, level, rng)  # noqa: E731
            found.append(Case(f"binomial, n = {n}", {**limit, "judge": how}, draw, wrong=wrong))
    return [
        *found,
        Case("e-process, up to 100 looks", {"max": 0.1}, lambda level, rng: looks(name, 0.1, 2000, level, rng)),
        Case(
            "guesses, three stops", {"max": 1.0, "judge": "lower"},
            lambda level, rng: guesses(name, 1.0, level, rng), wrong=("fail",),
        ),
        Case("quantiles (AUC), n = 100", {"max": AUC_LIMIT}, lambda level, rng: quantiles(name, 100, level, rng)),
        Case("quantiles (AUC), n = 1000", {"max": AUC_LIMIT}, lambda level, rng: quantiles(name, 1000, level, rng)),
        Case(
            "p-value", {"max_detectable": 0.05}, lambda level, rng: p_value(p, float(rng.random()), 0.04), p,
            wrong=("fail",), truth="nothing wrong",
        ),
        Case(
            "p-value, effect not detectable", {"max_detectable": 0.05},
            lambda level, rng: p_value(p, float(rng.random()), 0.06), p, truth="nothing wrong",
        ),
        Case(
            "p-value, power 80 %", {"max_detectable": 0.05}, lambda level, rng: p_value(p, two_sided(rng), 0.05), p,
            wrong=("pass",), truth="the effect named", most=0.2,
        ),
    ]  # fmt: skip


def verdict_of(case: Case, rng: Rng) -> str:
    """Draw, judge, return what the rule says."""
    rule = Rule(id="r", metric=case.metric, limit=case.limit, alpha=ALPHA)
    loaded = LoadedPolicy(Policy(version=1, id="t", rules=(rule,)), (), (case.metric,))
    found = judge(run_of([case.draw(1 - ALPHA, rng)]), loaded, {}, DAY)
    return next(d.verdict.value for d in found.decisions if d.rule == "r")


def run_of(found: list[Measurement]) -> RunRecord:
    """Return a run in which every detector ran and measured this."""
    by_detector: dict[str, list[Measurement]] = {}
    for entry in found:
        by_detector.setdefault(entry.metric.rsplit(".", 1)[0], []).append(entry)
    outcomes = tuple(
        Outcome(detector=name, status=Status.RAN, measurements=tuple(entries)) for name, entries in by_detector.items()
    )
    inputs = (InputRecord(name="m", role="model", path="m", sha256="ab" * 32),)
    return RunRecord(provenance=Provenance(target="t", inputs=inputs), outcomes=outcomes)


def at_the_limit(rule: Rule, level: float, specs: Mapping[str, DetectorSpec], rng: Rng) -> list[Measurement]:
    """Return what a target shows that keeps this rule and no more: the truth is the limit, or nothing is wrong."""
    assert rule.metric is not None
    spec = specs[rule.metric.rsplit(".", 1)[0]].metric(rule.metric)
    assert spec is not None
    limit = rule.limit.max if rule.limit.max is not None else rule.limit.min
    labels = {**dict.fromkeys(rule.each, "a"), **rule.where}
    if rule.metric.endswith(".p-value"):
        one = p_value(rule.metric, float(rng.random()), 0.0)
    elif not spec.statistical:
        one = count(rule.metric, int(limit or 0))
    elif rule.metric.endswith(".epsilon"):
        one = guesses(rule.metric, limit or 0.0, level, rng)
    elif rule.metric.endswith(".auc") and limit == AUC_LIMIT:
        one = quantiles(rule.metric, 500, level, rng)
    else:
        one = looks(rule.metric, limit or 0.0, 400, level, rng)
    return [one.model_copy(update={"labels": labels})]


def family(loaded: LoadedPolicy, specs: Mapping[str, DetectorSpec], rng: Rng) -> bool:
    """Say whether a target at every limit fails the policy; rules that select the same numbers see the same draw."""
    asked, found = AskedLimits(loaded, specs), dict[tuple[Any, ...], list[Measurement]]()
    for rule in loaded.policy.rules:
        labels = dict(rule.where)
        key = (rule.metric, rule.limit.max, rule.limit.min, *labels.items())
        if key not in found:
            found[key] = at_the_limit(rule, asked.level(rule.metric or "", labels), specs, rng)
    verdict = judge(run_of([entry for entries in found.values() for entry in entries]), loaded, specs, DAY)
    return any(d.verdict == "fail" for d in verdict.decisions)


def with_child(loaded: LoadedPolicy, extra: int) -> LoadedPolicy:
    """Return the policy with `extra` statistical rules that a child adds: a robust accuracy for each budget."""
    more = tuple(
        Rule(
            id=f"child-{index}", metric="adversarial.whitebox.robust-accuracy", where={"eps": f"{index}"},
            limit={"min": 0.5, "judge": "lower"},
        )
        for index in range(extra)
    )  # fmt: skip
    policy = loaded.policy.model_copy(update={"rules": (*loaded.policy.rules, *more), "waivers": ()})
    return LoadedPolicy(policy, loaded.chain, loaded.root_metrics)


def unsplit(loaded: LoadedPolicy) -> LoadedPolicy:
    """Return the policy with an alpha so large that each rule is judged at 5 %: what happens without a split."""
    share = (1 - RESERVE) / max(1, len(loaded.root_metrics))
    policy = loaded.policy.model_copy(update={"alpha": min(0.9, ALPHA / share * _statistical(loaded))})
    return LoadedPolicy(policy, loaded.chain, loaded.root_metrics)


def _statistical(loaded: LoadedPolicy) -> float:
    specs = load_catalogue().specs
    found = [specs[m.rsplit(".", 1)[0]].metric(m) for m in loaded.root_metrics]
    return sum(metric is not None and metric.statistical for metric in found) / len(found)


def allowed(most: float, trials: int) -> float:
    """Return the share at which a promise is broken: three standard errors more, since a p-value keeps it exactly."""
    return most + 3 * math.sqrt(most * (1 - most) / trials)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true")
    one_thread()
    asked = parser.parse_args()
    bad = []
    print("| statistic | judged by | truth | trials | pass | fail | inconclusive | promise |")
    print("|---|---|---|---|---|---|---|---|")
    for index, case in enumerate(cases()):
        rng = np.random.default_rng([asked.seed, index])
        seen = Counter(verdict_of(case, rng) for _ in range(asked.trials))
        shares = {name: seen[name] / asked.trials for name in ("pass", "fail", "inconclusive")}
        promise = " and ".join(f"{name} <= {case.most:.0%}" for name in case.wrong)
        how = case.limit.get("judge", "interval") if case.metric.endswith("number") else "p"
        row = " | ".join(f"{100 * share:.2f} %" for share in shares.values())
        print(f"| {case.name} | {how} | {case.truth} | {asked.trials} | {row} | {promise} |", flush=True)
        bad += [
            f"{case.name} ({how}): {name}" for name in case.wrong if shares[name] > allowed(case.most, asked.trials)
        ]
    specs = load_catalogue().specs
    print("\n| policy | statistical rules | trials | fails although every limit is kept | promise |")
    print("|---|---|---|---|---|")
    for index, (title, loaded, promised) in enumerate(policies(specs)):
        rng = np.random.default_rng([asked.seed, 1000 + index])
        share = sum(family(loaded, specs, rng) for _ in range(asked.trials)) / asked.trials
        rules = sum(_is_statistical(rule, specs) for rule in loaded.policy.rules)
        promise = f"<= {ALPHA:.0%}" if promised else "none"
        print(f"| {title} | {rules} | {asked.trials} | {100 * share:.2f} % | {promise} |", flush=True)
        bad += [title] if promised and share > allowed(ALPHA, asked.trials) else []
    for name in bad:
        print(f"breaks its promise: {name}", file=sys.stderr)
    return 1 if bad and asked.check else 0


def policies(specs: Mapping[str, DetectorSpec]) -> list[tuple[str, LoadedPolicy, bool]]:
    """Return the built-in policies, one with ten rules of a child, and one without a split for comparison."""
    names = ("baseline", "strict", "regulated")
    found = {name: load_policy(name, specs) for name in names}
    base = found["baseline"]
    return [
        *((name, loaded, True) for name, loaded in found.items()),
        ("baseline and ten rules of a child", with_child(base, 10), True),
        ("baseline, every rule at 5 % (no split)", unsplit(base), False),
    ]


def _is_statistical(rule: Rule, specs: Mapping[str, DetectorSpec]) -> bool:
    metric = specs[(rule.metric or "").rsplit(".", 1)[0]].metric(rule.metric or "")
    return metric is not None and metric.statistical


if __name__ == "__main__":
    sys.exit(main())
