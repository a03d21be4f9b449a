"""Ten thousand random runs and policies: exit 0 implies that every required check ran and every rule holds.

The oracle is written from the design, with scipy's quantiles, and shares no code with the judge.
"""

import datetime
import hashlib
import random

import pytest
from scipy.stats import beta

from assay.model.interval import Binomial, Exact, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status, Unresolved
from assay.model.result import InputRecord, Provenance, RunFacts, RunRecord
from assay.model.spec import DetectorSpec, Explanation, MetricSpec
from assay_policies.judge import judge
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Policy

TODAY = datetime.date(2026, 11, 23)
RUNS = 10_000
KINDS = {"x.a.count": "count", "x.b.rate": "rate", "x.c.p-value": "p", "x.a.more": "count"}
DETECTORS = ("x.a", "x.b", "x.c")
WHEN = {
    None: True, "target.task == 'classification'": True, "target.task == 'regression'": False,
    "model.format == 'onnx'": None,
}  # fmt: skip
SHA = "ab" * 32


def spec(name):
    metrics = tuple(
        MetricSpec(
            id=metric, title=metric, unit="1", direction="neither", labels=("file",), statistical=kind != "count",
            low=0, null_value=0,
        )
        for metric, kind in KINDS.items()
        if metric.rsplit(".", 1)[0] == name
    )  # fmt: skip
    words = Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=())
    return DetectorSpec(
        id=name, title=name, version="1", family="x", needs=(), metrics=metrics, body="a:B", explanation=words
    )


SPECS = {name: spec(name) for name in DETECTORS}


def measurement(rng, metric):
    labels = {"file": rng.choice(["m.pkl", "n.pkl"])}
    kind = KINDS[metric]
    if kind == "count":
        value = rng.choice([0, 0, 0, 1, 3])
        whole = rng.random() < 0.9
        interval = Interval.exact(value) if whole else Interval.at_least(value)
        return Measurement(
            metric=metric, value=value, interval=interval, n=rng.choice([1, 50]), labels=labels, method="m"
        )
    if kind == "rate":
        n = rng.choice([5, 60, 800])
        k = rng.choice([0, 1, n // 20, n // 3, n])
        method = rng.choice(["clopper-pearson"] * 9 + ["upper-bound"])
        interval = Interval(low=None if method == "upper-bound" else 0, high=1, level=0.95, method=method)
        return Measurement(
            metric=metric, value=k / n, interval=interval, statistic=Binomial(k=k, n=n), n=n, labels=labels, method="m"
        )
    p = rng.choice([1e-6, 0.001, 0.02, 0.04, 0.3, 0.9])
    return Measurement(
        metric=metric, value=p, interval=Interval.exact(p), n=100, labels=labels, method="m", p_value=p, statistic=Exact(),
        detectable=rng.choice([None, 0.02, 0.2]), alpha=rng.choice([None, 1e-9]),
    )  # fmt: skip


def outcome(rng, name):
    status = rng.choice([Status.RAN] * 12 + list(Status))
    metrics = [metric for metric in KINDS if metric.rsplit(".", 1)[0] == name]
    measured, unresolved = (), ()
    if status not in (Status.SKIPPED, Status.NOT_APPLICABLE):
        measured = tuple(measurement(rng, m) for m in metrics for _ in range(rng.choice([0, 1, 1, 1, 2])))
        if rng.random() < 0.05:
            unresolved = (Unresolved(metric=rng.choice(metrics), reason="too few"),)
    missing = ("logs",) if status is Status.SKIPPED and rng.random() < 0.5 else ()
    return Outcome(
        detector=name, status=status, measurements=measured, unresolved=unresolved, reason="because",
        missing_inputs=missing,
    )  # fmt: skip


def limit(rng, metric):
    if KINDS[metric] == "p":
        return {"max_detectable": 0.05} if rng.random() < 0.5 else {}
    side = {"max": rng.choice([0, 2])} if KINDS[metric] == "count" else {"max": rng.choice([0.1, 0.4])}
    if KINDS[metric] == "rate" and rng.random() < 0.2:
        side = {"min": 0.2}
    return {
        **side,
        "judge": rng.choice(["interval"] * 3 + ["lower", "upper", "point"]),
        "margin": rng.choice([0, 0, 0.05]),
    }


def mark(rule, labels):
    parts = ["demo", rule["id"], rule["metric"], *(f"{k}={v}" for k, v in sorted(labels.items()))]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def policy(rng):
    rules = []
    for index in range(rng.choice([1, 2, 3, 4])):
        metric = rng.choice(list(KINDS))
        rules.append(
            {
                "id": f"r{index}", "metric": metric, "limit": limit(rng, metric), "required": rng.choice([True, True, False, "declared"]),
                "each": rng.choice([[], ["file"]]), "when": rng.choice([None] * 5 + list(WHEN)),
                "effect": rng.choice(["fail"] * 4 + ["warn"]),
                "evidence": rng.choice([{}] * 4 + [{"min_n": 50}, {"min_power": 0.8}]),
            }
        )  # fmt: skip
    gate = {"inconclusive": rng.choice(["report", "block"]), "warn": rng.choice(["report", "report", "block"])}
    waivers = []
    for index in range(rng.choice([0, 0, 1, 3])):
        rule = rng.choice(rules)
        labels = {"file": rng.choice(["m.pkl", "n.pkl"])} if rule["each"] else {}
        waivers.append(
            {
                "id": f"W-{index}", "finding": mark(rule, labels), "reason": "until the retrain",
                "kind": rng.choice(["accepted_risk", "false_positive", "confirmed"]),
                "approver": rng.choice(["a@b"] * 4 + ["c@d"]), "expires": rng.choice(["2026-12-31"] * 4 + ["2026-11-22", "2028-01-01"]),
                "bound": {
                    **rng.choice([{}, {"metric_max": 3}, {"metric_min": 0}, {"metric_max": 1}]),
                    **rng.choice([{}, {"model_sha256": SHA}, {"model_sha256": SHA}, {"model_sha256": "cd" * 32}]),
                    **rng.choice([{}, {"verdict": "inconclusive"}, {"verdict": "fail"}]),
                },
            }
        )  # fmt: skip
    approvers = rng.choice([[], ["a@b"]])
    inputs = rng.choice([[]] * 5 + [["logs"], ["model"]])
    pin = rng.choice([{}] * 8 + [{"manifest_sha256": "ef" * 32}])
    return {
        "version": 1, "id": "t", "rules": rules, "gate": gate, "waivers": waivers, "approvers": approvers,
        "requires_inputs": inputs, **pin,
    }  # fmt: skip


def record(rng):
    outcomes = tuple(outcome(rng, name) for name in DETECTORS if rng.random() < 0.95)
    usable = rng.choice(["usable"] * 20 + ["unusable", "refused"])
    inputs = (
        InputRecord(
            name="model", role="model", path="m.pkl", sha256=SHA, status=usable, problem="p", blocked_by="x.a.count"
        ),
        InputRecord(name="other", role="artifact", path="n.pkl", sha256="12" * 32),
    )
    provenance = Provenance(
        target="demo", declared=("artifact", "model"), inputs=inputs, manifest_facts={"target.task": "classification"},
        run=RunFacts(interrupted=rng.random() < 0.02),
    )  # fmt: skip
    return RunRecord(provenance=provenance, outcomes=outcomes)


def alphas(rules, roots):
    statistical = [rule["id"] for rule in rules if KINDS[rule["metric"]] != "count"]
    first = [name for name in statistical if int(name[1:]) < roots]
    later = [name for name in statistical if int(name[1:]) >= roots]
    found = {name: 0.05 * 0.9 / len(first) for name in first}
    kept = 0.05 * 0.1 if first else 0.05
    found.update({name: kept / (j * (j + 1)) for j, name in enumerate(later, 1)})
    return found


def ends(measured, alpha):
    """Return (low, high) by scipy."""
    stat = measured.statistic
    if isinstance(stat, Exact):
        low, high = measured.interval.low, measured.interval.high
        return (-1e9 if low is None else low), (1e9 if high is None else high)
    low = 0.0 if stat.k == 0 else float(beta.ppf(alpha / 2, stat.k, stat.n - stat.k + 1))
    high = 1.0 if stat.k == stat.n else float(beta.ppf(1 - alpha / 2, stat.k + 1, stat.n - stat.k))
    return (-1e9 if measured.interval.low is None else low), high


def broken(rule, measured, alpha):
    """Say whether the limit is known to be broken."""
    if KINDS[rule["metric"]] == "p":
        return measured.value < alpha
    low, high = ends(measured, alpha)
    if rule["limit"]["judge"] == "point":
        low = high = measured.value
    margin = 0 if rule["limit"]["judge"] == "lower" else rule["limit"]["margin"]
    if "max" in rule["limit"]:
        inside = rule["limit"]["judge"] != "lower" and high <= rule["limit"]["max"] + margin
        return low > rule["limit"]["max"] + 1e-9 and not inside
    inside = rule["limit"]["judge"] != "lower" and low >= rule["limit"]["min"] - margin
    return high < rule["limit"]["min"] - 1e-9 and not inside


def shown(rule, measured, alpha):
    """Say whether the limit is known to be kept, so that no way of judging by the whole interval objects."""
    low, high = ends(measured, alpha)
    if "max" in rule["limit"]:
        return high <= rule["limit"]["max"] + rule["limit"]["margin"] + 1e-9
    return low >= rule["limit"]["min"] - rule["limit"]["margin"] - 1e-9


def accepted(given, rule, group, verdict):
    """Say whether some waiver covers these measurements, which all are no pass."""
    labels = {"file": group[0].labels["file"]} if rule["each"] else {}
    for waiver in given["waivers"]:
        bound = waiver["bound"]
        digests = {"m.pkl": SHA, "n.pkl": "12" * 32}
        lows = [m.interval.low if m.interval.low is not None else -1e9 for m in group]
        highs = [m.interval.high if m.interval.high is not None else 1e9 for m in group]
        below = KINDS[rule["metric"]] == "p" or "min" in rule["limit"]
        side = "metric_min" if below else "metric_max"
        if (
            waiver["finding"] == mark(rule, labels)
            and waiver["kind"] != "confirmed"
            and (not given["approvers"] or waiver["approver"] in given["approvers"])
            and TODAY <= datetime.date.fromisoformat(waiver["expires"]) <= TODAY + datetime.timedelta(days=365)
            and all(bound.get("model_sha256") == digests[m.labels["file"]] for m in group)
            and not (verdict == "fail" and bound.get("verdict") == "inconclusive")
            and (verdict == "inconclusive" or side in bound)
            and max(highs) <= bound.get("metric_max", 2e9)
            and min(lows) >= bound.get("metric_min", -2e9)
        ):
            return True
    return False


def objections(given, run, roots):
    """Yield why exit 0 would be wrong."""
    share = alphas(given["rules"], roots)
    if run.provenance.run.interrupted:
        yield "interrupted"
    if any(entry.status != "usable" for entry in run.provenance.inputs):
        yield "input"
    if set(given["requires_inputs"]) - set(run.provenance.declared):
        yield "required input"
    if "manifest_sha256" in given:
        yield "no manifest to pin"
    outcomes = {o.detector: o for o in run.outcomes}
    judged = 0
    for rule in given["rules"]:
        truth = WHEN[rule["when"]]
        if truth is False:
            continue
        done = outcomes.get(rule["metric"].rsplit(".", 1)[0])
        if done is None or done.status in (Status.FAILED, Status.CANCELLED):
            yield f"{rule['id']}: broke"
            continue
        measured = [m for m in done.measurements if m.metric == rule["metric"]]
        refused = [u for u in done.unresolved if u.metric == rule["metric"]]
        judged += len(measured) if truth else 0
        excused = rule["required"] == "declared" and (
            done.status is Status.NOT_APPLICABLE or (done.status is Status.SKIPPED and bool(done.missing_inputs))
        )
        if rule["required"] and not excused and (done.status is not Status.RAN or not (measured or refused)):
            yield f"{rule['id']}: did not run"
        if rule["required"] and refused:
            yield f"{rule['id']}: refused"  # no waiver of this test is for it: they name a file or a number
        if truth is None and rule["required"] and measured:
            yield f"{rule['id']}: not known whether it applies"  # no waiver of this test is for it
        if truth is not True:
            continue
        yield from _rule_objections(given, rule, measured, share.get(rule["id"], 0.05))
    if not judged:
        yield "nothing judged"


def _rule_objections(given, rule, measured, alpha):
    estimates = sum(KINDS[m.metric] != "count" for m in measured)
    alpha = alpha / max(1, estimates)
    groups = {}
    for m in measured:
        groups.setdefault(m.labels["file"] if rule["each"] else "", []).append(m)
    shuts = rule["effect"] == "fail" or given["gate"]["warn"] == "block"
    for group in groups.values():
        bad = [m for m in group if broken(rule, m, alpha)]
        if bad and shuts and not accepted(given, rule, bad, rule["effect"]):
            yield f"{rule['id']}: broken"
        unread = [m for m in group if m.interval.method in ("lower-bound", "upper-bound")]
        if unread and rule["required"] and not accepted(given, rule, unread, "inconclusive"):
            yield f"{rule['id']}: unread"
        if not shuts or KINDS[rule["metric"]] == "p":
            continue
        strict = given["gate"]["inconclusive"] == "block" and rule["limit"]["judge"] == "interval"
        proof = rule["limit"]["judge"] == "upper" and rule["required"]
        open_ = [m for m in group if not shown(rule, m, alpha)]
        if (strict or proof) and open_ and not accepted(given, rule, open_, "inconclusive"):
            yield f"{rule['id']}: not shown"
        small = [m for m in group if m.n < rule["evidence"].get("min_n", 0)]
        if small and given["gate"]["inconclusive"] == "block" and not accepted(given, rule, small, "inconclusive"):
            yield f"{rule['id']}: too few"


@pytest.mark.parametrize("seed", range(4))
def test_exit_0_implies_that_every_required_check_ran_and_every_rule_holds(seed):
    rng = random.Random(seed)
    codes = {}
    for _ in range(RUNS // 4):
        given, run = policy(rng), record(rng)
        roots = rng.randint(1, len(given["rules"]))
        metrics = tuple(rule["metric"] for rule in given["rules"][:roots])
        verdict = judge(run, LoadedPolicy(Policy.model_validate(given), (), metrics), SPECS, TODAY)
        against = list(objections(given, run, roots))
        if verdict.exit_code == 0:
            assert not against, (against, given, run)
            assert verdict.status not in ("error", "skipped", "fail")
        if "nothing judged" in against:
            assert verdict.exit_code in (3, 1, 130)
        codes[verdict.exit_code] = codes.get(verdict.exit_code, 0) + 1
    assert codes[0] > 0.05 * RUNS / 4, codes  # the implication is not vacuous
    assert {0, 1, 3, 4, 5, 130} <= set(codes), codes


def test_zero_checks_run_is_an_error():
    rules = [{"id": "r0", "metric": "x.a.count", "limit": {"max": 0}}]
    run = RunRecord(provenance=Provenance(target="demo"), outcomes=())
    verdict = judge(run, LoadedPolicy(Policy(version=1, id="t", rules=rules), (), ("x.a.count",)), SPECS, TODAY)
    assert (verdict.exit_code, verdict.status, verdict.score) == (3, "error", 0)
