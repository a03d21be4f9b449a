"""Random results: every verdict, every state of a waiver, hostile strings, nothing at all; one seed, one result."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_args

import pytest

from assay.model.evidence import Evidence, Locator
from assay.model.interval import Binomial, Exact, Interval, Quantiles
from assay.model.measurement import Measurement
from assay.model.outcome import Cost, Outcome, Status, Unresolved
from assay.model.result import FileDigest, InputRecord, Provenance, RunFacts, ScanResult
from assay.model.verdict import (
    Area,
    Change,
    Changes,
    Coverage,
    Decision,
    DecisionVerdict,
    ExitCode,
    FieldRecord,
    Finding,
    Gone,
    Severity,
    Used,
    Verdict,
    VerdictStatus,
    WaiverKind,
    WaiverRecord,
    WaiverUse,
)

T = TypeVar("T")

PLAIN = ("no-leak", "credit-risk", "model.pkl", "logs/app.log", "at most 0", "a b", "Ada Officer", "W-7", "é ß 中文 🎯")
HOSTILE = (
    "",
    " ",
    "<script>alert(1)</script>",
    "</system-out><x/>",
    "]]>",
    "a|b|c",
    "```\n# x",
    "``` ` ```` ",
    "[x](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "@octocat and @org/team",
    "see #1, GH-2, org/repo#3",
    "www.evil.example mailto:a@b.example",
    "\u202e\u2066\u200b\ufeff",
    "a\x00b\x1b[31m\x07\r\n\t",
    "\ufffe\uffff\U000e0001\ue000",
    "a\u0301\u0301\u0301\u0301\u0301",
    "${{ secrets.TOKEN }} {{7*7}} $x^2$",
    "../../etc/passwd",
    "/etc/shadow",
    "C:\\x\\y",
    "1" * 64,
    "x" * 5000,
    "&amp; &#64; %20",
    "-1.5e300",
    "none",
    "assay/assessment-incomplete",
)
CONTROLS = (
    "atlas:AML.T0010",
    "eu:Art.15(5)",
    "cwe:CWE-502",
    "gdpr:Art.5(1)(f)",
    "owasp-ml:ML04",
    "acme:7",
    ":",
    "cwe:CWE-",
)
DETECTORS = (
    "artifact.unsafe-code",
    "artifact.structure",
    "pii.logs",
    "privacy.membership",
    "poisoning.labels",
    "adversarial.whitebox",
    "thirdparty.odd-one",
)
STARTS = (
    "",
    "2026-11-26T06:52:48+00:00",
    "2026-11-26T23:59:59-05:00",
    "2026-11-26",
    "soon",
    "0001-01-01T00:00:00+05:00",
)
DATES = ("2027-01-31", "2026-11-27", "2026-12-02", "2020-02-29", "never", "", "9999-12-31")


class Generator:
    """Draws one result from one seed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._hostile = self._draw.random() < 0.6

    def result(self, decisions: int | None = None) -> ScanResult:
        how_many = self._draw.choice((0, 1, 2, 5, 12, 40)) if decisions is None else decisions
        made = [self._decision() for _ in range(how_many)]
        findings = [self._finding(d) for d in made if d.verdict is not DecisionVerdict.PASS and self._chance(0.95)]
        findings += [self._finding(self._decision()) for _ in range(self._draw.choice((0, 0, 1)))]
        return ScanResult(
            provenance=self._provenance(),
            outcomes=tuple(self._outcome(name) for name in self._some(DETECTORS)),
            verdict=self._verdict(tuple(made), tuple(findings)),
        )

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

    def _pick(self, values: Any) -> Any:
        return self._draw.choice(tuple(values))

    def _some(self, values: tuple[T, ...]) -> list[T]:
        return self._draw.sample(values, self._draw.randint(0, len(values)))

    def _maybe(self, make: Callable[[], T], share: float = 0.5) -> T | None:
        return make() if self._chance(share) else None

    def _text(self) -> str:
        pool = PLAIN + HOSTILE if self._hostile else PLAIN
        return " ".join(self._draw.choices(pool, k=self._draw.choice((1, 1, 1, 2, 3))))

    def _texts(self, most: int = 4) -> tuple[str, ...]:
        return tuple(self._text() for _ in range(self._draw.randint(0, most)))

    def _labels(self) -> dict[str, str]:
        keys = [self._pick(("file", "entity", "fpr", "class", self._text())) for _ in range(self._draw.randint(0, 3))]
        return {key: self._text() for key in keys}

    def _number(self) -> float:
        return float(self._pick((0, 1, 3, -2, 0.05, 1 / 3, 1e-300, 1.7e308, 1e15, 123456.789, 2**53)))

    def _digest(self) -> str:
        return f"{self._draw.getrandbits(256):064x}"

    def _interval(self, value: float) -> Interval:
        if self._chance(0.3):
            return Interval.exact(value)
        low = self._maybe(lambda: value - abs(value) * 0.1, 0.8)
        high = self._maybe(lambda: value if value > 1e308 else value + abs(value) * 0.1, 0.8)
        return Interval(low=low, high=high, level=self._pick((0.9, 0.95, 0.999, 1.0)), method=self._text() or "exact")

    def _evidence(self) -> Evidence:
        count = self._draw.randint
        locator = Locator(
            file=self._maybe(self._text, 0.8),
            member=self._maybe(self._text, 0.2),
            offset=self._maybe(lambda: count(0, 10**9)),
            line=self._maybe(lambda: count(1, 10**6)),
            column=self._maybe(lambda: count(1, 300)),
            end_column=self._maybe(lambda: count(1, 300)),
            row=self._maybe(lambda: count(0, 10**6), 0.2),
            tensor=self._maybe(self._text, 0.2),
            path=self._maybe(self._text, 0.2),
        )
        return Evidence(kind="call", locator=locator, note=self._text(), excerpt=self._maybe(self._text, 0.3))

    def _pieces(self) -> tuple[Evidence, ...]:
        return tuple(self._evidence() for _ in range(self._draw.choice((0, 0, 1, 3, 12, 25))))

    def _measurement(self, detector: str) -> Measurement:
        value = self._number()
        statistics = (Exact(), Binomial(k=3, n=10), Quantiles(levels=(0.1, 0.9), values=(0.0, 1.0)))
        return Measurement(
            metric=f"{detector}.{self._pick(('count', 'tpr', 'p-value'))}",
            value=value,
            interval=self._interval(value),
            statistic=self._pick(statistics),
            n=self._draw.randint(1, 10**7),
            labels=self._labels(),
            method=self._text(),
            evidence=self._pieces(),
            truncated=self._draw.choice((0, 0, 7, 10**6)),
        )

    def _outcome(self, detector: str) -> Outcome:
        status = self._pick(Status)
        measures = status in (Status.RAN, Status.FAILED, Status.CANCELLED)
        unresolved = Unresolved(metric=f"{detector}.tpr", labels=self._labels(), reason=self._text(), have=3, needed=9)
        return Outcome(
            detector=detector,
            version=self._text(),
            status=status,
            reason=self._maybe(self._text),
            missing_inputs=self._texts(2),
            missing_extras=tuple(self._some(("pii", "x; rm -rf /"))),
            measurements=tuple(self._measurement(detector) for _ in range(self._draw.randint(0, 5)))
            if measures
            else (),
            unresolved=(unresolved,) if self._chance(0.3) else (),
            not_covered=self._texts(),
            cost=Cost(wall_seconds=self._pick((0.0, 0.25, 1e7))),
        )

    def _decision(self) -> Decision:
        detector = self._maybe(lambda: self._pick((*DETECTORS, self._text())), 0.9)
        value = self._number()
        metric = f"{detector}.count" if detector else None
        used = Used(
            metric=metric or "a.b.c",
            labels=self._labels(),
            value=value,
            interval=self._interval(value),
            n=self._draw.randint(1, 10**6),
        )
        return Decision(
            rule=self._text(),
            metric=metric,
            detector=detector,
            labels=self._labels(),
            verdict=self._pick(DecisionVerdict),
            severity=self._pick(Severity),
            required=self._chance(0.5),
            blocks=self._chance(0.4),
            reason=self._text(),
            used=used if self._chance(0.7) else None,
            measurements=1,
            limit=self._maybe(self._text),
            distance=self._maybe(self._number),
            needs_n=self._maybe(lambda: self._draw.randint(1, 10**9), 0.2),
            controls=tuple(self._some(CONTROLS)),
        )

    def _finding(self, decision: Decision) -> Finding:
        waived = decision.verdict is DecisionVerdict.WAIVED or self._chance(0.1)
        return Finding(
            fingerprint=f"{self._draw.getrandbits(self._pick((3, 128, 128, 128))):032x}",
            rule=decision.rule,
            severity=decision.severity,
            verdict=decision.verdict,
            metric=decision.metric,
            detector=decision.detector,
            labels=decision.labels if self._chance(0.8) else self._labels(),
            text=decision.reason,
            remediation=self._text(),
            controls=decision.controls,
            evidence=self._pieces(),
            truncated=self._pick((0, 0, 5)),
            waiver=self._waiver() if waived else None,
            blocks=decision.blocks,
            change=self._maybe(lambda: self._pick(get_args(Change))),
        )

    def _waiver(self) -> WaiverUse:
        return WaiverUse(
            id=self._text(),
            state=self._pick(("valid", "expired", "void")),
            kind=self._pick(get_args(WaiverKind)),
            reason=self._text(),
            approver=self._text(),
            expires=self._pick((*DATES, self._text())),
            note=self._text(),
        )

    def _registered(self) -> WaiverRecord:
        use = self._waiver().model_dump()
        use["state"] = self._pick(("valid", "expired", "void", "unused", "recorded"))
        return WaiverRecord(finding=self._text(), rule=self._maybe(self._text), **use)

    def _changes(self) -> Changes:
        gone = tuple(
            Gone(
                fingerprint=self._text(),
                rule=self._text(),
                severity=self._pick(Severity),
                verdict=self._pick(DecisionVerdict),
                text=self._text(),
                resolved=self._chance(0.5),
            )
            for _ in range(self._draw.randint(0, 3))
        )
        new, worse, same, better, excused = (self._draw.randint(0, 5) for _ in range(5))
        return Changes(
            path=self._text(),
            sha256=self._digest(),
            new=new,
            worse=worse,
            same=same,
            better=better,
            gone=gone,
            excused=excused,
            notes=self._texts(),
        )

    def _verdict(self, decisions: tuple[Decision, ...], findings: tuple[Finding, ...]) -> Verdict:
        required = self._draw.randint(0, 9)
        precision = Interval(low=0.1, high=0.9, level=0.95, method="clopper-pearson")
        return Verdict(
            status=self._pick(get_args(VerdictStatus)),
            exit_code=self._pick(get_args(ExitCode)),
            policy=self._text(),
            coverage=Coverage(
                required=required,
                checked=self._draw.randint(0, required),
                inconclusive=self._draw.randint(0, 5),
                not_covered=self._texts(30),
            ),
            score=self._maybe(lambda: self._draw.uniform(0, 100)),
            areas=(Area(family=self._text(), score=50.0, headroom=self._maybe(self._number), required=1, checked=1),)
            * self._draw.randint(0, 2),
            decisions=decisions,
            findings=findings,
            waivers=tuple(self._registered() for _ in range(self._draw.randint(0, 4))),
            changes=self._maybe(self._changes),
            field=(FieldRecord(detector=self._text(), confirmed=3, rejected=1, precision=precision),)
            * self._draw.randint(0, 2),
        )

    def _input(self) -> InputRecord:
        role = self._pick(("model", "artifact", "data", "log", self._text()))
        return InputRecord(
            name=self._pick((role, self._text())),
            role=role,
            path=self._text(),
            where=self._pick(("", "assay.yaml:3:8", "assay.yaml:4", self._text())),
            status=self._pick(("usable", "usable", "unusable", "refused")),
            problem=self._maybe(self._text),
            sha256=self._maybe(self._digest, 0.8),
            size=self._maybe(lambda: self._draw.randint(0, 10**12)),
            format=self._maybe(self._text),
        )

    def _provenance(self) -> Provenance:
        keys = ("target.task", "task", self._text())
        return Provenance(
            target=self._text(),
            manifest=self._maybe(lambda: FileDigest(path=self._text(), sha256=self._digest()), 0.8),
            manifest_facts={key: self._text() for key in self._some(keys)},
            inputs=tuple(self._input() for _ in range(self._draw.choice((0, 1, 2, 6)))),
            not_covered=self._texts(),
            policies=tuple(
                FileDigest(path=self._text(), sha256=self._digest()) for _ in range(self._draw.randint(0, 3))
            ),
            versions={"assay": self._text()} if self._chance(0.8) else {},
            run=RunFacts(
                argv=self._texts(6),
                started=self._pick(STARTS),
                folder=self._pick(("", "target", "/home/somebody", "..", self._text())),
                interrupted=self._chance(0.2),
            ),
        )


@pytest.fixture(scope="session")
def random_result() -> Callable[..., ScanResult]:
    """A function from a seed, and where wanted the number of decisions, to a result; remembers those of the quick run."""

    def make(seed: int, decisions: int | None = None) -> ScanResult:
        return Generator(seed).result(decisions)

    quick = cache(make)
    return lambda seed, decisions=None: (quick if seed < 1000 and decisions is None else make)(seed, decisions)
