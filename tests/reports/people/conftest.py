"""Results for the formats that people read: one that has everything, and crowds made of any result."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from assay.model.interval import Interval
from assay.model.result import FileDigest, RunFacts, ScanResult
from assay.model.trust import TrustEntry
from assay.model.verdict import Area, Changes, Coverage, DecisionVerdict, FieldRecord, Gone, Severity, WaiverRecord

SCANNED = "2026-11-26T12:41:58+00:00"


VOID = {"meta", "link", "br", "rect", "line", "path", "circle"}
"""Elements without an end tag; those of SVG are written `<line/>`."""
BLOCKS = {"p", "li", "h1", "h2", "h3", "th", "td", "dt", "dd", "caption", "pre"}


class Page(HTMLParser):
    """Checks nesting while it reads, and keeps what tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.headings: list[int] = []
        self.officer: list[str] = []
        """Page 1, a block of text each, without what is set as code."""
        self._first = True
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self._first = self._first and tag != "nav"
        if tag in BLOCKS and self._first:
            self.officer.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)
        if self._first and self.officer and not {"style", "code", "head"} & set(self.open):
            self.officer[-1] += data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def waiver(number: int, state: str, expires: str, **more: Any) -> WaiverRecord:
    values = {
        "id": f"W-{number}",
        "finding": f"{number:032x}",
        "rule": "no-unsafe-code",
        "kind": "accepted_risk",
        "reason": "Batch scoring only, no outside queries until spring.",
        "approver": "ciso@acme.example",
        "expires": expires,
        "state": state,
    }
    return WaiverRecord.model_validate(values | more)


def register() -> tuple[WaiverRecord, ...]:
    return (
        waiver(7, "valid", "2027-01-31"),
        waiver(8, "valid", "2026-12-08", kind="compensating_control", reason="A gateway filters every query."),
        waiver(9, "expired", "2026-10-01"),
        waiver(10, "void", "2027-02-01", note="granted for another model file (its sha256 is not among the inputs)"),
        waiver(11, "unused", "2027-01-15", kind="false_positive"),
        waiver(12, "recorded", "2027-01-15", kind="confirmed", reason="Seen in the log, and real."),
    )


def changes() -> Changes:
    old = {"fingerprint": "e" * 32, "rule": "no-secrets-in-logs", "severity": Severity.HIGH}
    was = {"verdict": DecisionVerdict.FAIL, "text": "app.log: 3 secrets in logs, 0 allowed"}
    gone = (Gone.model_validate(old | was), Gone.model_validate(old | was | {"resolved": False}))
    notes = ("the policy is another one",)
    numbers = {"new": 2, "worse": 1, "same": 14, "better": 0, "excused": 3}
    return Changes(path="baseline.json", sha256="f" * 64, gone=gone, notes=notes, **numbers)


def areas() -> tuple[Area, ...]:
    return (
        Area(family="artifact", score=0, headroom=-1.0, required=3, checked=3),
        Area(family="pii", score=41.4, headroom=None, required=1, checked=0),
        Area(family="privacy", score=88.2, headroom=0.37, required=2, checked=2),
    )


def with_verdict(result: ScanResult, **more: Any) -> ScanResult:
    return result.model_copy(update={"verdict": result.verdict.model_copy(update=more)})


def everything(cases: dict[str, ScanResult]) -> ScanResult:
    """A bit of each situation in one result, with register, changes, score, areas and field precision."""
    parts = [cases[name] for name in ("failing", "inconclusive", "waived", "not-assessed")]
    outcomes = {outcome.detector: outcome for part in reversed(parts) for outcome in part.outcomes}
    gaps = tuple(f"gap number {number}, of which nobody knows anything" for number in range(30))
    precision = Interval(low=0.66, high=0.98, level=0.95, method="clopper-pearson")
    base = parts[0].verdict.model_copy(
        update={
            "decisions": tuple(itertools.chain.from_iterable(part.verdict.decisions for part in parts)),
            "findings": tuple(itertools.chain.from_iterable(part.verdict.findings for part in parts)),
            "coverage": Coverage(required=8, checked=5, inconclusive=2, not_covered=gaps),
            "score": 41.4,
            "areas": areas(),
            "waivers": register(),
            "changes": changes(),
            "field": (FieldRecord(detector="pii.logs", confirmed=16, rejected=2, precision=precision),),
        }
    )
    name = TrustEntry(name="acme.models.Scaler", power="constructor", reason="Holds three numbers.", by="Ada Officer")
    run = RunFacts(argv=("assay", "scan", "a folder/assay.yaml"), started=SCANNED, folder="a folder", jobs=2)
    inputs = parts[0].provenance.inputs + parts[3].provenance.inputs
    trust = (FileDigest(path="trust.yaml", sha256="9" * 64),)
    more = {"trust": trust, "trusted": (name,), "run": run, "inputs": inputs}
    provenance = parts[0].provenance.model_copy(update=more)
    return ScanResult(provenance=provenance, outcomes=tuple(outcomes.values()), verdict=base)


def multiplied(result: ScanResult, how_many: int) -> ScanResult:
    """`how_many` findings: those of `result` over and over, each copy in a file of its own."""
    copies = range(-(-how_many // max(1, len(result.verdict.findings))))

    def labelled(item: Any, number: int) -> Any:
        return item.model_copy(update={"labels": item.labels | {"file": f"weights/part-{number:05}.safetensors"}})

    outcomes = tuple(
        outcome.model_copy(
            update={"measurements": tuple(labelled(m, n) for n in copies for m in outcome.measurements[:4])}
        )
        for outcome in result.outcomes
    )
    decisions = tuple(
        labelled(d, n).model_copy(update={"used": labelled(d.used, n) if d.used else None})
        for n in copies
        for d in result.verdict.decisions
    )
    named = enumerate(labelled(f, n) for n in copies for f in result.verdict.findings)
    findings = tuple(f.model_copy(update={"fingerprint": f"{number:032x}"}) for number, f in named)[:how_many]
    return with_verdict(result.model_copy(update={"outcomes": outcomes}), decisions=decisions, findings=findings)


@pytest.fixture(scope="session")
def full(cases: dict[str, ScanResult]) -> ScanResult:
    """A result that has everything a report can show."""
    return everything(cases)


@pytest.fixture(scope="session")
def multiply() -> Callable[[ScanResult, int], ScanResult]:
    """The maker of crowds."""
    return multiplied


@pytest.fixture(scope="session")
def change() -> Callable[..., ScanResult]:
    """Return a result with other values in its verdict."""
    return with_verdict


@pytest.fixture(scope="session")
def parse() -> type[Page]:
    """The reader of pages."""
    return Page
