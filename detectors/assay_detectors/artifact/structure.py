"""`artifact.structure`: how a model file is built, whatever it would do: tricks, contradictions, damage, bombs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from assay.detector import Context, DetectorNotApplicable
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, Reference
from assay.targets.base import Target
from assay_detectors.artifact.files import ONLY_LOGS, checked, clean, only_logs, readings, size
from assay_detectors.artifact.report import RULES

METRIC = "artifact.structure.anomalies"
_KINDS = "; ".join(f"`{rule}`: {meaning[0].lower()}{meaning[1:-1]}" for rule, meaning in sorted(RULES.items()))

SPEC = DetectorSpec(
    id="artifact.structure",
    title="Structure of model files",
    version="1",
    family="artifact",
    stage=0,
    explanation=Explanation(
        what=(
            "Reads the same bytes as `artifact.unsafe-code` and counts what is out of the ordinary in how a file is "
            f"built. Every count has a kind: {_KINDS}."
        ),
        why=(
            "A scanner and a loader that see different content are how hostile files pass checks: a second member of "
            "the same name, a frame that hides opcodes, a pickle under the name of an image. The same signs, without "
            "any intent, are of files that were damaged on their way."
        ),
        how_to_read=(
            "One number per file. 0: the file is built as its format says. k: that many places, each with its kind, "
            "its member and its byte offset. 'At least' means that the file could not be read to its end."
        ),
        how_to_fix=(
            "Fetch the file again and compare its digest with the one published. If it stays so, ask its producer to "
            "write it anew with the library's own save function; do not repair it by hand."
        ),
        cannot_see=(
            "Content that is built in order and harmful all the same: see `artifact.unsafe-code`.",
            "Numbers that are wrong but well formed.",
            "Formats that Assay does not analyse; `artifact.unsafe-code` names them.",
        ),
    ),
    needs=(Capability.ARTIFACT,),
    metrics=(
        MetricSpec(
            id=METRIC,
            title="Anomalies in how a file is built",
            unit="places",
            low=0,
            direction="lower-is-better",
            null_value=0,
            labels=("file",),
        ),
    ),
    references=(
        Reference(
            title="PKWARE APPNOTE: ZIP file format", url="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"
        ),
        Reference(title="Fifield 2019: A better zip bomb", url="https://www.bamsoftware.com/hacks/zipbomb/"),
        Reference(
            title="CPython issue 154848: the C unpickler and FRAME",
            url="https://github.com/python/cpython/issues/154848",
        ),
    ),
    frameworks=(
        "atlas:AML.T0010",
        "atlas:AML.T0010.003",
        "nist-aml:NISTAML.051",
        "cwe:CWE-436",
        "cwe:CWE-409",
        "cwe:CWE-354",
    ),
    status="stable",
    body="assay_detectors.artifact.structure:Structure",
)


class Structure:
    """Count what is out of the ordinary in how each model file is built."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the cost: the reading is shared with `artifact.unsafe-code`, and costs once."""
        sizes = [size(Path(ref.path)) for ref in target.of_role("model", "artifact")]
        return Cost(cpu_seconds=round(0.001 * len(sizes), 3))

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Yield one measurement per model file, and per other file in which something was found."""
        unread: list[tuple[str, str]] = []
        data = measured = 0
        for _, shown, must, reading in readings(target, ctx, unread):
            if must or not reading["data"] or reading["anomalies"]:
                measured += 1
                yield _measure(shown, reading, ctx)
            else:
                data += 1
        if not measured and not unread and only_logs(target):
            raise DetectorNotApplicable(ONLY_LOGS)
        if data:
            ctx.not_covered(f"{data} file{'s' if data > 1 else ''} of data, in which no anomaly was seen")
        for shown, reason in unread:
            link = {"rule": "link", "note": reason} if "link" in reason else None
            yield _measure(shown, checked(None, None) | {"reasons": [reason], "anomalies": [link] if link else []}, ctx)


def _measure(shown: str, reading: dict[str, Any], ctx: Context) -> Measurement:
    found = [_evidence(shown, anomaly) for anomaly in reading["anomalies"]]
    value = max(int(reading["anomalies_total"]), len(found))
    labels = {"file": shown}
    for evidence in found:
        ctx.observe(Observation(detector=SPEC.id, metric=METRIC, labels=labels, evidence=evidence))
    complete = not reading["reasons"]
    return Measurement(
        metric=METRIC,
        value=value,
        interval=Interval.exact(value) if complete else Interval.at_least(value),
        n=1,
        labels=labels,
        method="the reading of artifact.unsafe-code, counted by kind of anomaly",
        evidence=tuple(found[:EVIDENCE_CAP]),
        truncated=value - len(found[:EVIDENCE_CAP]),
    )


def _evidence(shown: str, anomaly: dict[str, Any]) -> Evidence:
    rule, member, offset = str(anomaly.get("rule")), anomaly.get("member"), anomaly.get("offset")
    return Evidence(
        kind="anomaly",
        locator=Locator(
            file=shown,
            member=clean(member) if isinstance(member, str) else None,
            offset=offset if isinstance(offset, int) and offset >= 0 else None,
        ),
        note=clean(f"{_sentence(str(anomaly.get('note', '')))} {RULES.get(rule, '')}".strip()),
        excerpt=rule if rule in RULES else None,
    )


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}." if note else ""
