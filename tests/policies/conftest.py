"""Builders for judged runs."""

import datetime
from types import SimpleNamespace

import pytest

from assay.model.evidence import Evidence, Locator
from assay.model.interval import Binomial, Exact, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, Provenance, RunFacts, RunRecord
from assay_policies.judge import judge
from assay_policies.load import LoadedPolicy
from assay_policies.schema import Policy

TODAY = datetime.date(2026, 11, 23)


def _count(value, *, metric="demo.check.count", complete=True, **labels):
    interval = Interval.exact(value) if complete else Interval.at_least(value)
    evidence = (Evidence(kind="call", locator=Locator(file="m.pkl", offset=3), note="calls os.system"),)
    return Measurement(
        metric=metric, value=value, interval=interval, statistic=Exact(), n=1, labels=labels, method="count",
        evidence=evidence if value else (),
    )  # fmt: skip


def _rate(k, n, *, metric="demo.check.rate", level=0.95, **labels):
    from assay.model.confidence import clopper_pearson

    low, high = clopper_pearson(k, n, level)
    return Measurement(
        metric=metric, value=k / n, interval=Interval(low=low, high=high, level=level, method="clopper-pearson"),
        statistic=Binomial(k=k, n=n), n=n, labels=labels, method="rate",
    )  # fmt: skip


def _outcome(*measurements, status=Status.RAN, detector="demo.check", **more):
    return Outcome(detector=detector, version="1", status=status, measurements=measurements, **more)


def _record(*outcomes, declared=("artifact",), inputs=(), interrupted=False, facts=None):
    inputs = inputs or (InputRecord(name="model", role="model", path="m.pkl", sha256="ab" * 32),)
    provenance = Provenance(
        target="demo", declared=declared, inputs=inputs,
        run=RunFacts(interrupted=interrupted, started="2026-11-23T09:00:00+00:00"),
        manifest_facts=facts or {},
    )  # fmt: skip
    return RunRecord(provenance=provenance, outcomes=outcomes)


def _loaded(*rules, **fields):
    policy = Policy.model_validate({"version": 1, "id": "t", "rules": list(rules), **fields})
    return LoadedPolicy(policy, (), tuple(rule.metric or "" for rule in policy.rules))


def _verdict(record, *rules, today=TODAY, **fields):
    return judge(record, _loaded(*rules, **fields), {}, today)


@pytest.fixture
def build():
    return SimpleNamespace(
        count=_count, rate=_rate, outcome=_outcome, record=_record, loaded=_loaded, verdict=_verdict, today=TODAY,
        zero={"id": "zero", "metric": "demo.check.count", "limit": {"max": 0}, "required": True, "severity": "high"},
    )  # fmt: skip
