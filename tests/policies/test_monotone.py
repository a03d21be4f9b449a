"""Worse measurements never help, waivers touch one finding, rules loosen no other: by hypothesis."""

import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.model.interval import Binomial, Exact, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import FileDigest, InputRecord, Provenance, RunFacts, RunRecord, ScanResult
from assay.model.spec import DetectorSpec, Explanation, MetricSpec
from assay.model.verdict import DecisionVerdict
from assay_policies.judge import judge
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Policy
from assay_policies.waive import fingerprint

TODAY = datetime.date(2026, 11, 23)
COUNT, RATE, GOOD, P = "x.a.count", "x.b.rate", "x.b.good", "x.c.p-value"
METRICS = {
    "x.a": [(COUNT, "lower-is-better", None, 0, False)], "x.c": [(P, "higher-is-better", 1, None, True)],
    "x.b": [(RATE, "lower-is-better", 1, 0.05, True), (GOOD, "higher-is-better", 1, 1, True)],
}  # fmt: skip
WORDS = Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=())
SPECS = {
    name: DetectorSpec(
        id=name, title=name, version="1", family=name[2:], needs=(), body="a:B", explanation=WORDS,
        metrics=tuple(
            MetricSpec(id=i, title=i, unit="1", low=0, high=high, direction=way, null_value=null, statistical=stat)
            for i, way, high, null, stat in metrics
        ),
    )
    for name, metrics in METRICS.items()
}  # fmt: skip
QUICK = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
FILES = ("m.pkl", "n.pkl")
WHEN = ("target.task == 'regression'", "target.task == 'classification'", "model.format == 'onnx'")
"""False, true and unknown here; by the value of a metric a worse number may take a rule out: see `score`."""
CODES = {0: 0, 5: 1, 4: 2, 1: 3, 3: 4, 130: 5}
STATUSES = ("pass", "waived", "warn", "skipped", "inconclusive", "fail", "error")
VERDICTS = ("pass", "waived", "warn", "inconclusive", "fail")


def count(value, whole, file):
    interval = Interval.exact(value) if whole else Interval.at_least(value)
    return Measurement(metric=COUNT, value=value, interval=interval, n=1, labels={"file": file}, method="m")


def rate(metric, k, n, file, blind=False):
    """Return a rate; a blinded one of what should be high is an upper bound."""
    how = "upper-bound" if blind and metric == GOOD else "clopper-pearson"
    interval = Interval(low=None if how == "upper-bound" else 0, high=1, level=0.95, method=how)
    return Measurement(
        metric=metric,
        value=k / n,
        interval=interval,
        statistic=Binomial(k=k, n=n),
        n=n,
        labels={"file": file},
        method="m",
    )


def p_value(p, detectable, file):
    return Measurement(
        metric=P, value=p, interval=Interval.exact(p), statistic=Exact(), n=100, labels={"file": file}, method="m",
        p_value=p, detectable=detectable, alpha=1e-6,
    )  # fmt: skip


@st.composite
def measurements(draw):
    file = draw(st.sampled_from(FILES))
    kind = draw(st.sampled_from([COUNT, RATE, RATE, GOOD, P]))
    if kind == COUNT:
        return count(draw(st.integers(0, 4)), draw(st.booleans()), file)
    if kind == P:
        return p_value(draw(st.floats(0, 1)), draw(st.sampled_from([None, 0.01, 0.2])), file)
    n = draw(st.sampled_from([5, 40, 300]))
    k = draw(st.integers(0, n // 4) | st.integers(0, n))
    return rate(kind, k if kind == RATE else n - k, n, file, draw(st.sampled_from([False, False, True])))


def worse(measured, step):
    """Return the same measurement with a worse number, or unread where step is 0."""
    file = measured.labels["file"]
    if measured.metric == COUNT:
        whole = measured.interval.high is not None and step > 0
        return count(int(measured.value) + step, whole, file)
    if measured.metric == P:
        return p_value(measured.value / (1 + step), measured.detectable, file)
    stat = measured.statistic
    k = min(stat.n, stat.k + step) if measured.metric == RATE else max(0, stat.k - step)
    return rate(measured.metric, k, stat.n, file, measured.interval.low is None or step == 0)


@st.composite
def limits(draw, metric):
    if metric == P:
        return draw(st.sampled_from([{}, {"max_detectable": 0.05}]))
    side = {COUNT: {"max": draw(st.integers(0, 2))}, RATE: {"max": draw(st.sampled_from([0.1, 0.3]))}}
    return {
        **side.get(metric, {"min": draw(st.sampled_from([0.4, 0.9]))}),
        "judge": draw(st.sampled_from(["interval", "lower", "upper", "point"])),
        "margin": draw(st.sampled_from([0, 0.05])),
    }


@st.composite
def rules(draw, name="r"):
    metric = draw(st.sampled_from([COUNT, RATE, RATE, GOOD, P]))
    evidence = draw(st.sampled_from([{}, {}, {"min_n": 40}, {"min_power": 0.8}, {"min_power": 0.95}]))
    return {
        "id": name, "metric": metric, "limit": draw(limits(metric)), "each": draw(st.sampled_from([[], ["file"]])),
        "required": draw(st.booleans()), "effect": draw(st.sampled_from(["fail", "warn"])),
        "severity": draw(st.sampled_from(["critical", "high", "low"])), "evidence": evidence,
        "when": draw(st.sampled_from([None, None, *WHEN])),
    }  # fmt: skip


@st.composite
def waivers(draw, policy):
    rule = draw(st.sampled_from(policy["rules"]))
    labels = {"file": draw(st.sampled_from(FILES))} if rule["each"] else {}
    return {
        "id": "W", "finding": fingerprint("demo", rule["id"], rule["metric"], labels), "reason": "until the retrain",
        "kind": draw(st.sampled_from(["accepted_risk", "confirmed"])), "approver": "a@b",
        "expires": draw(st.sampled_from(["2026-12-31", "2026-11-01"])),
        "bound": {
            **draw(st.sampled_from([{}, {"metric_max": 2}, {"metric_max": 0.5}, {"metric_min": 0}])),
            **draw(st.sampled_from([{}, {"model_sha256": "ab" * 32}])),
            **draw(st.sampled_from([{}, {"verdict": "fail"}, {"verdict": "inconclusive"}])),
        },
    }  # fmt: skip


@st.composite
def policies(draw):
    given = {
        "version": 1, "id": "t", "rules": [draw(rules(f"r{index}")) for index in range(draw(st.integers(1, 3)))],
        "gate": {
            "inconclusive": draw(st.sampled_from(["block", "report"])), "warn": draw(st.sampled_from(["block", "report"])),
            "fail": draw(st.sampled_from(["block", "block", "report"])),
            "new_only": draw(st.sampled_from([None, {}])),
        },
    }  # fmt: skip
    given["waivers"] = [{**draw(waivers(given)), "id": f"W-{index}"} for index in range(draw(st.integers(0, 3)))]
    return given


def record(measured, day=22):
    outcomes = tuple(
        Outcome(
            detector=name, status=Status.RAN, measurements=tuple(m for m in measured if m.metric.startswith(f"{name}."))
        )
        for name in METRICS
    )  # fmt: skip
    inputs = tuple(
        InputRecord(name=file, role="artifact", path=file, sha256=digest * 32)
        for file, digest in zip(FILES, ("ab", "cd"), strict=True)
    )
    provenance = Provenance(
        target="demo", inputs=inputs, run=RunFacts(started=f"2026-11-{day}T00:00:00+00:00"),
        manifest_facts={"target.task": "classification"},
    )  # fmt: skip
    return RunRecord(provenance=provenance, outcomes=outcomes)


def loaded(given, roots=None):
    policy = Policy.model_validate(given)
    return LoadedPolicy(policy, (), tuple(rule.metric or "" for rule in policy.rules)[:roots])


def verdict(given, measured, roots=None, baseline=None):
    run = record(measured)
    old = None
    if baseline is not None:
        before = record(baseline, 20)
        judged = judge(before, loaded(given), SPECS, TODAY)
        old = ScanResult(provenance=before.provenance, outcomes=before.outcomes, verdict=judged)
    file = FileDigest(path="b.json", sha256="ef" * 32)
    return judge(run, loaded(given, roots), SPECS, TODAY, old, file)


MANY = st.lists(measurements(), min_size=1, max_size=4)


@QUICK
@given(policies(), MANY, st.data())
def test_a_worse_measurement_improves_nothing(given, measured, data):
    at = data.draw(st.integers(0, len(measured) - 1))
    worsened = [*measured]
    worsened[at] = worse(measured[at], data.draw(st.sampled_from([0, 1, 4, 30, 300])))
    baseline = data.draw(st.sampled_from([None, measured]) | MANY)
    before, after = (verdict(given, entries, baseline=baseline) for entries in (measured, worsened))
    assert CODES[after.exit_code] >= CODES[before.exit_code], (before, after)
    assert STATUSES.index(after.status) >= STATUSES.index(before.status), (before, after)
    assert after.score <= before.score, (before, after)
    for old, new in zip(before.areas, after.areas, strict=True):
        assert new.score <= old.score
        assert new.headroom is None or old.headroom is None or new.headroom <= old.headroom + 1e-12


@QUICK
@given(policies(), MANY, st.data())
def test_a_waiver_changes_no_other_finding_and_no_number(given, measured, data):
    waiver = {**data.draw(waivers(given)), "id": "W-more"}
    before, after = verdict(given, measured), verdict({**given, "waivers": [*given["waivers"], waiver]}, measured)
    others = [
        [f for f in one.findings if f.fingerprint != waiver["finding"]] for one in (before, after)
    ]  # fmt: skip
    assert others[0] == others[1]
    assert (before.score, before.areas, before.coverage.required) == (after.score, after.areas, after.coverage.required)
    for old, new in zip(before.decisions, after.decisions, strict=True):
        assert (old.used, old.distance, old.reason) == (new.used, new.distance, new.reason)
        assert new.verdict in (old.verdict, DecisionVerdict.WAIVED)
    assert {w.id for w in after.waivers} == {w["id"] for w in given["waivers"]} | {"W-more"}


@QUICK
@given(policies(), MANY, st.data())
def test_a_rule_that_a_child_adds_changes_no_decision_that_was_there(given, measured, data):
    roots = data.draw(st.integers(1, len(given["rules"])))
    added = data.draw(rules("more"))
    before = verdict(given, measured, roots)
    after = verdict({**given, "rules": [*given["rules"], added]}, measured, roots)
    special = ("more", "nothing-checked")
    assert [d for d in after.decisions if d.rule not in special] == [
        d for d in before.decisions if d.rule not in special
    ]
    if any(d.rule != "nothing-checked" for d in before.decisions if d.blocks):
        assert after.exit_code != 0


@QUICK
@given(policies(), MANY, MANY)
def test_a_baseline_excuses_only_what_was_there_and_is_not_critical(given, measured, old):
    alone, beside = verdict(given, measured), verdict(given, measured, baseline=old)
    had = {f.fingerprint for f in verdict(given, old).findings}
    shut = {f.fingerprint: f for f in alone.findings if f.blocks}
    still = {f.fingerprint for f in beside.findings if f.blocks}
    for mark, finding in shut.items():
        if mark not in still:
            assert given["gate"]["new_only"] is not None
            assert mark in had
            assert finding.severity != "critical"
            assert finding.verdict in ("fail", "warn", "inconclusive")
    assert len(alone.findings) == len(beside.findings)
    assert alone.score == beside.score
