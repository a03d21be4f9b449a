"""Results of scans built by hand, one per situation that a report must tell truly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Binomial, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Cost, Outcome, Status
from assay.model.result import FileDigest, InputRecord, Provenance, RunFacts, ScanResult
from assay.model.verdict import Coverage, Decision, DecisionVerdict, Finding, Severity, Used, Verdict, WaiverUse

CALLS = "artifact.unsafe-code.calls"
COUNT = "pii.logs.count"
TPR = "privacy.membership.tpr"
BIDI = "\u202e\u2066\u200b"
HOSTILE = f"<script>alert(1)</script>[bold red]x[/]\x1b[31m\x07{BIDI}\n](https://evil.example)\u2028{{{{7*7}}}}\"'&"


def evidence_in_pickle(offset: int = 31, file: str = "model.pkl", member: str | None = None) -> Evidence:
    locator = Locator(file=file, member=member, offset=offset, opcode="REDUCE")
    return Evidence(kind="call", locator=locator, note="calls os.system when it is loaded", score=1.0)


def evidence_in_log(line: int, file: str = "logs/app.log") -> Evidence:
    locator = Locator(file=file, line=line, column=9, end_column=25)
    said = {"note": "an e-mail address", "excerpt": "user=a****@****.example", "group": "EMAIL_ADDRESS-1"}
    return Evidence(kind="log-span", locator=locator, score=0.95, **said)


def exact(metric: str, value: int, evidence: tuple[Evidence, ...] = (), **labels: str) -> Measurement:
    more = {"labels": labels, "evidence": evidence[:25], "truncated": max(0, len(evidence) - 25)}
    interval = Interval.exact(value)
    return Measurement(metric=metric, value=value, interval=interval, n=max(1, value), method="exact count", **more)


def decision(rule: str, verdict: DecisionVerdict, used: Measurement | None = None, **more: Any) -> Decision:
    values: dict[str, Any] = {
        "severity": Severity.HIGH,
        "reason": f"{rule} came out as {verdict}",
        "required": True,
        "limit": "at most 0",
        "controls": ("atlas:AML.T0010", "cwe:CWE-502"),
    } | more
    values.setdefault("at_most", 0)
    if used is not None:
        values |= {
            "used": Used(metric=used.metric, labels=used.labels, value=used.value, interval=used.interval, n=used.n),
            "metric": used.metric,
            "detector": used.metric.rsplit(".", 1)[0],
            "measurements": 1,
        }
    return Decision(rule=rule, verdict=verdict, **values)


def finding(number: int, of: Decision, used: Measurement | None = None, **more: Any) -> Finding:
    values: dict[str, Any] = {
        "severity": of.severity,
        "verdict": of.verdict,
        "metric": of.metric,
        "detector": of.detector,
        "labels": of.labels or (used.labels if used else {}),
        "text": of.reason,
        "remediation": "Save the weights in a format that cannot hold code, such as safetensors.",
        "controls": of.controls,
        "evidence": used.evidence if used else (),
        "truncated": used.truncated if used else 0,
        "blocks": of.blocks,
    } | more
    return Finding(fingerprint=f"{number:032x}", rule=of.rule, **values)


def usable(name: str, path: str, digit: str, **more: Any) -> InputRecord:
    role = name.partition("[")[0]
    return InputRecord(name=name, role=role, path=path, sha256=digit * 64, size=1234, format="pickle", **more)


def provenance(**more: Any) -> Provenance:
    values: dict[str, Any] = {
        "target": "credit-risk",
        "manifest": FileDigest(path="target/assay.yaml", sha256="a" * 64),
        "manifest_facts": {"task": "classification", "model.format": "pickle"},
        "inputs": (
            usable("model", "model.pkl", "b", where="target/assay.yaml:3:8"),
            usable("logs[0]", "logs/app.log", "c", where="target/assay.yaml:9:5"),
        ),
        "declared": ("artifact", "model", "logs"),
        "policies": (FileDigest(path="builtin:baseline", sha256="d" * 64),),
        "versions": {"assay": "0.1.0", "python": "3.11.9"},
        "run": RunFacts(
            argv=("assay", "scan", "target/assay.yaml", "--policy", "baseline"), seconds=1.5, folder="target"
        ),
    }
    return Provenance(**(values | more))


def verdict(status: str, code: int, decisions: list[Decision], findings: list[Finding], **more: Any) -> Verdict:
    values: dict[str, Any] = {
        "policy": "builtin:baseline",
        "coverage": Coverage(required=2, checked=2, inconclusive=0, not_covered=("names in prose without NER",)),
    } | more
    return Verdict(
        status=status,  # type: ignore[arg-type]
        exit_code=code,  # type: ignore[arg-type]
        decisions=tuple(decisions),
        findings=tuple(findings),
        **values,
    )


def ran(detector: str, *measurements: Measurement, **more: Any) -> Outcome:
    cost = Cost(queries=0, cpu_seconds=0.25, peak_rss_mb=80.0, wall_seconds=0.3)
    return Outcome(detector=detector, version="1", status=Status.RAN, measurements=measurements, cost=cost, **more)


def clean() -> ScanResult:
    calls, count = exact(CALLS, 0, file="model.pkl"), exact(COUNT, 0, entity="*", tier="A")
    decisions = [
        decision("no-unsafe-code", DecisionVerdict.PASS, calls),
        decision("no-secrets-in-logs", DecisionVerdict.PASS, count),
        decision("no-leak", DecisionVerdict.NOT_APPLICABLE, required=False),
    ]
    return ScanResult(
        provenance=provenance(),
        outcomes=(ran("artifact.unsafe-code", calls), ran("pii.logs", count)),
        verdict=verdict("pass", 0, decisions, []),
    )


def failing() -> ScanResult:
    calls = exact(CALLS, 2, (evidence_in_pickle(31), evidence_in_pickle(77)), file="model.pkl")
    spans = tuple(evidence_in_log(line) for line in range(1, 41))
    count = exact(COUNT, 40, spans, entity="EMAIL_ADDRESS", tier="A")
    inner = exact(CALLS, 1, (evidence_in_pickle(12, "net.pt", "archive/data.pkl"),), file="net.pt")
    bad = [
        decision("no-unsafe-code", DecisionVerdict.FAIL, m, blocks=True, severity=Severity.CRITICAL, labels=m.labels)
        for m in (calls, inner)
    ]
    leak = decision("no-secrets-in-logs", DecisionVerdict.FAIL, count, blocks=True)
    soft = decision("no-personal-data-in-logs", DecisionVerdict.WARN, severity=Severity.MEDIUM, required=False)
    fine = decision("integrity", DecisionVerdict.PASS)
    findings = [
        finding(1, bad[0], calls, text="model.pkl: 2 forbidden calls, 0 allowed (calls os.system when it is loaded)"),
        finding(2, bad[1], inner, text="net.pt: 1 forbidden call, 0 allowed"),
        finding(3, leak, count, text="EMAIL_ADDRESS: 40 secrets in logs, 0 allowed"),
        finding(4, soft, text="some shapes look like names"),
    ]
    return ScanResult(
        provenance=provenance(),
        outcomes=(ran("artifact.unsafe-code", calls, inner), ran("pii.logs", count, not_covered=("names in prose",))),
        verdict=verdict("fail", 1, [*bad, leak, soft, fine], findings),
    )


def inconclusive() -> ScanResult:
    leak = Measurement(
        metric=TPR,
        value=0.04,
        interval=Interval(low=0.01, high=0.1, level=0.95, method="clopper-pearson"),
        statistic=Binomial(k=4, n=100),
        n=100,
        labels={"fpr": "0.01", "attack": "loss"},
        method="loss threshold, 4 references",
        detectable=0.12,
    )
    wide = exact(CALLS, 3).model_copy(update={"interval": Interval.at_least(3), "labels": {"file": "model.pkl"}})
    decisions = [
        decision(
            "no-leak",
            DecisionVerdict.INCONCLUSIVE,
            leak,
            blocks=True,
            limit="at most 0.05",
            at_most=0.05,
            needs_n=4200,
            distance=-0.05,
        ),
        decision("no-unsafe-code", DecisionVerdict.INCONCLUSIVE, wide, severity=Severity.CRITICAL),
    ]
    findings = [finding(1, decisions[0], leak), finding(2, decisions[1], wide)]
    return ScanResult(
        provenance=provenance(),
        outcomes=(ran("privacy.membership", leak), ran("artifact.unsafe-code", wide)),
        verdict=verdict(
            "inconclusive", 4, decisions, findings, coverage=Coverage(required=2, checked=2, inconclusive=2)
        ),
    )


def not_assessed() -> ScanResult:
    outcomes = (
        Outcome(detector="artifact.unsafe-code", status=Status.FAILED, reason="the worker died twice on model.pkl"),
        Outcome(detector="pii.logs", status=Status.SKIPPED, missing_extras=("pii",), reason="presidio is missing"),
        Outcome(detector="privacy.membership", status=Status.SKIPPED, missing_inputs=("data.train",)),
        Outcome(detector="adversarial.whitebox", status=Status.NOT_APPLICABLE, reason="the model has no gradients"),
    )
    inputs = (
        usable("model", "model.pkl", "b", where="target/assay.yaml:3:8").model_copy(
            update={"status": "unusable", "problem": "model.pkl: ends at byte 12, inside a frame; copy it again"}
        ),
        InputRecord(name="models[1]", role="model", path="x.pt", status="refused", blocked_by=CALLS),
    )
    decisions = [
        decision("no-unsafe-code", DecisionVerdict.ERROR, blocks=True, detector="artifact.unsafe-code"),
        decision("no-secrets-in-logs", DecisionVerdict.SKIPPED, blocks=True, detector="pii.logs"),
        decision("no-leak", DecisionVerdict.SKIPPED, required=False, detector="privacy.membership"),
    ]
    findings = [finding(number, d) for number, d in enumerate(decisions, 1)]
    coverage = Coverage(required=2, checked=0, inconclusive=0, not_covered=("pii.logs (presidio is missing)",))
    return ScanResult(
        provenance=provenance(inputs=inputs),
        outcomes=outcomes,
        verdict=verdict("error", 3, decisions, findings, coverage=coverage),
    )


def waived(state: str = "valid") -> ScanResult:
    calls = exact(CALLS, 1, (evidence_in_pickle(31),), file="model.pkl")
    valid = state == "valid"
    met = decision("no-unsafe-code", DecisionVerdict.WAIVED if valid else DecisionVerdict.FAIL, calls, blocks=not valid)
    values = {"id": "W-7", "state": state, "reason": "vetted by hand", "approver": "Ada Officer"}
    waiver = WaiverUse.model_validate(values | {"expires": "2027-01-31"})
    status, code = ("waived", 0) if valid else ("fail", 5)
    return ScanResult(
        provenance=provenance(),
        outcomes=(ran("artifact.unsafe-code", calls),),
        verdict=verdict(status, code, [met], [finding(1, met, calls, waiver=waiver)]),
    )


def interrupted() -> ScanResult:
    calls = exact(CALLS, 0, file="model.pkl")
    decisions = [
        decision("no-unsafe-code", DecisionVerdict.PASS, calls),
        decision("no-secrets-in-logs", DecisionVerdict.ERROR, blocks=True),
    ]
    cut = Outcome(detector="pii.logs", status=Status.CANCELLED, reason="interrupted by SIGINT")
    return ScanResult(
        provenance=provenance(run=RunFacts(interrupted=True, argv=("assay", "scan", "."))),
        outcomes=(ran("artifact.unsafe-code", calls), cut),
        verdict=verdict(
            "error",
            130,
            decisions,
            [finding(1, decisions[1])],
            coverage=Coverage(required=2, checked=1, inconclusive=0),
        ),
    )


def bare_file() -> ScanResult:
    calls = exact(CALLS, 1, (evidence_in_pickle(31),), file="model.pkl")
    failed = decision("no-unsafe-code", DecisionVerdict.FAIL, calls, blocks=True)
    secret = decision("no-secrets", DecisionVerdict.FAIL, blocks=True)
    record = usable("artifacts[0]", "model.pkl", "b")
    return ScanResult(
        provenance=provenance(manifest=None, inputs=(record,), target="model.pkl", run=RunFacts(seconds=1.5)),
        outcomes=(ran("artifact.unsafe-code", calls),),
        verdict=verdict("fail", 1, [failed, secret], [finding(1, failed, calls), finding(2, secret)]),
    )


def nothing() -> ScanResult:
    empty = decision("nothing-checked", DecisionVerdict.ERROR, blocks=True, limit=None, controls=())
    return ScanResult(
        provenance=provenance(manifest=None, inputs=(), versions={}, policies=(), run=RunFacts()),
        outcomes=(),
        verdict=verdict(
            "error", 3, [empty], [finding(1, empty)], coverage=Coverage(required=1, checked=0, inconclusive=0)
        ),
    )


def hostile() -> ScanResult:
    names = [HOSTILE, "../../etc/passwd", "/etc/shadow", "C:\\x", "a b#?%.pkl", "", "x" * 1_000_000, BIDI * 300_000]
    places = tuple(
        Evidence(
            kind="call",
            locator=Locator(file=name, member=HOSTILE, offset=1, line=2, tensor=HOSTILE, opcode=HOSTILE, path=HOSTILE),
            note=HOSTILE,
            excerpt=HOSTILE,
            group=HOSTILE,
        )
        for name in names
    )
    calls = exact(CALLS, len(places), places, file="<img src=x onerror=alert(1)>" + HOSTILE)
    many = {f"label{HOSTILE}{number}": HOSTILE * 3000 for number in range(3)}
    failed = decision(
        HOSTILE,
        DecisionVerdict.FAIL,
        calls,
        blocks=True,
        reason=HOSTILE * 3000,
        limit=HOSTILE,
        controls=(HOSTILE,) * 50,
    )
    record = InputRecord(
        name=HOSTILE, role=HOSTILE, path=HOSTILE, where=HOSTILE, status="unusable", problem=HOSTILE, format=HOSTILE
    )
    waiver = WaiverUse(id=HOSTILE, state="void", reason=HOSTILE, approver=HOSTILE, expires=HOSTILE, note=HOSTILE)
    broken = Outcome(
        detector="pii.logs", status=Status.FAILED, reason=HOSTILE, missing_extras=(HOSTILE,), not_covered=(HOSTILE,)
    )
    return ScanResult(
        provenance=provenance(
            target=HOSTILE,
            manifest=FileDigest(path=HOSTILE, sha256="a" * 64),
            inputs=(record,),
            policies=(FileDigest(path=HOSTILE, sha256="a" * 64),),
            manifest_facts={HOSTILE: HOSTILE},
            versions={"assay": HOSTILE, HOSTILE: HOSTILE},
            run=RunFacts(
                argv=("assay", HOSTILE), engine=HOSTILE, platform=HOSTILE, sandbox=(HOSTILE,), started=HOSTILE
            ),
        ),
        outcomes=(ran("artifact.unsafe-code", calls), broken),
        verdict=verdict(
            "fail",
            1,
            [failed],
            [finding(1, failed, calls, labels=many, remediation=HOSTILE * 100, waiver=waiver)],
            policy=HOSTILE,
            coverage=Coverage(required=1, checked=1, inconclusive=0, not_covered=(HOSTILE,)),
        ),
    )


def many(how_many: int) -> ScanResult:
    """`how_many` findings, each with its measurement and as much evidence as a measurement may carry."""
    measurements, decisions, findings = [], [], []
    for number in range(how_many):
        file = f"weights/part-{number:05}.pkl"
        places = tuple(evidence_in_pickle(offset, file) for offset in range(25))
        measurements.append(exact(CALLS, 25, places, file=file).model_copy(update={"truncated": 3}))
        decisions.append(
            decision("no-unsafe-code", DecisionVerdict.FAIL, measurements[-1], blocks=True, labels={"file": file})
        )
        findings.append(finding(number, decisions[-1], measurements[-1]))
    return ScanResult(
        provenance=provenance(),
        outcomes=(ran("artifact.unsafe-code", *measurements),),
        verdict=verdict("fail", 1, decisions, findings),
    )


CASES: dict[str, Callable[[], ScanResult]] = {
    "clean": clean,
    "failing": failing,
    "inconclusive": inconclusive,
    "not-assessed": not_assessed,
    "waived": waived,
    "expired-waiver": lambda: waived("expired"),
    "interrupted": interrupted,
    "bare-file": bare_file,
    "nothing": nothing,
    "hostile": hostile,
    "twenty": lambda: many(20),
}


@pytest.fixture(scope="session")
def cases() -> dict[str, ScanResult]:
    """Every situation by name."""
    return {name: build() for name, build in CASES.items()}


@pytest.fixture(params=sorted(CASES), scope="session")
def case(request: pytest.FixtureRequest, cases: dict[str, ScanResult]) -> ScanResult:
    """One situation after the other."""
    return cases[request.param]


@pytest.fixture(scope="session")
def crowd() -> ScanResult:
    """5,000 findings."""
    return many(5000)


@pytest.fixture(scope="session")
def hostile_text() -> str:
    """A name that tries everything: markup, escapes, bidi, links, line ends, templates."""
    return HOSTILE


@pytest.fixture
def observations() -> tuple[Observation, ...]:
    """What the log detector of the failing case recorded, uncapped."""
    labels = {"entity": "EMAIL_ADDRESS", "tier": "A"}
    return tuple(
        Observation(detector="pii.logs", metric=COUNT, labels=labels, evidence=evidence_in_log(line))
        for line in range(1, 41)
    )
