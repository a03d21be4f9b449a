"""5,000 findings are judged in a second, and a finding keeps its identity as long as it is the same one."""

import time

from assay.model.evidence import Evidence, Locator
from assay.model.result import FileDigest, ScanResult
from assay_policies.judge import judge

FILES = 5000
RULE = {"id": "zero", "metric": "demo.check.count", "limit": {"max": 0}, "each": ["file"], "required": True}
RATE = {"id": "rate", "metric": "demo.check.rate", "limit": {"max": 0.01}, "each": ["class"], "severity": "low"}


def many(build, files=FILES):
    counts = [build.count(3, file=f"model/{index}.pkl") for index in range(files // 2)]
    rates = [build.rate(index % 40 + 30, 100 + index % 50, **{"class": str(index)}) for index in range(files // 2)]
    return build.record(build.outcome(*counts, *rates))


def test_5000_findings_with_waivers_and_a_baseline_take_a_second_of_cpu(build):
    record = many(build)
    plain = build.loaded(RULE, RATE)
    verdict = judge(record, plain, {}, build.today)
    waivers = [
        {
            "id": f"W-{index}", "finding": finding.fingerprint, "reason": "until the retrain", "kind": "accepted_risk",
            "approver": "a@b", "expires": "2027-01-01", "bound": {"metric_max": 9},
        }
        for index, finding in enumerate(verdict.findings[:500])
    ]  # fmt: skip
    loaded = build.loaded(RULE, RATE, waivers=waivers, gate={"new_only": {}})
    old = ScanResult(provenance=record.provenance, outcomes=record.outcomes, verdict=verdict)
    started = time.process_time()
    judged = judge(record, loaded, {}, build.today, old, FileDigest(path="b.json", sha256="ab" * 32))
    spent = time.process_time() - started
    assert len(judged.findings) == FILES
    assert len(judged.waivers) == 500
    assert judged.changes.same == FILES
    assert spent < 3, spent  # measured: 0.6 to 0.9 s


def marks(record, build, *rules, **policy):
    return {finding.fingerprint for finding in judge(record, build.loaded(*rules, **policy), {}, build.today).findings}


def test_a_finding_keeps_its_fingerprint(build):
    """Under a new run, another seed, a moved folder, other words, another number, and an edit of the policy."""
    record = build.record(build.outcome(build.count(2, file="m.pkl")))
    before = marks(record, build, RULE)
    provenance = record.provenance
    elsewhere = provenance.model_copy(
        update={
            "seed": 7,
            "manifest": FileDigest(path="/somewhere/else/assay.yaml", sha256="ef" * 32),
            "run": provenance.run.model_copy(update={"started": "2027-01-01", "folder": "moved", "jobs": 9}),
            "inputs": tuple(entry.model_copy(update={"sha256": "cd" * 32}) for entry in provenance.inputs),
        }
    )
    words = (Evidence(kind="call", locator=Locator(file="m.pkl", offset=99), note="other words"),)
    measured = build.count(2, file="m.pkl").model_copy(
        update={"value": 5.0, "interval": build.count(5).interval, "evidence": words, "method": "other"}
    )
    moved = record.model_copy(update={"provenance": elsewhere, "outcomes": (build.outcome(measured),)})
    assert marks(moved, build, RULE) == before
    edited = {
        **RULE,
        "limit": {"max": 1},
        "severity": "low",
        "why": "other",
        "effect": "warn",
        "controls": ["cwe:CWE-502"],
    }
    assert marks(record, build, edited, alpha=0.01, gate={"warn": "block"}) == before
    assert marks(record, build, {"id": "first", "metric": "demo.check.rate", "limit": {"max": 1}}, RULE) >= before


def test_another_rule_or_subject_is_another_finding(build):
    record = build.record(build.outcome(build.count(2, file="m.pkl")))
    before = marks(record, build, RULE)
    other = build.record(build.outcome(build.count(2, file="n.pkl")))
    assert not before & marks(other, build, RULE)
    assert not before & marks(record, build, {**RULE, "id": "zero-2"})
    renamed = record.model_copy(update={"provenance": record.provenance.model_copy(update={"target": "other"})})
    assert not before & marks(renamed, build, RULE)
