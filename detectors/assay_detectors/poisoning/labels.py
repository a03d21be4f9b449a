"""Wrong labels in training data: the driver. It asks a worker once, and turns its answer into measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from assay.detector import Context, DetectorNotApplicable
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Target
from assay.targets.refs import Shard
from assay_detectors.poisoning.spec import NOT_COVERED, P_VALUE, SHARE, SPEC
from assay_detectors.poisoning.work import TRAIN, TRUSTED, compare_labels

WHOLE = {"scope": "global"}


class LabelsDetector:
    """Compare training labels with trusted ones."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the expected CPU seconds; distances between all rows cost most."""
        rows = sum(min(_rows(target, name), int(options["max_rows"])) for name in (TRAIN, TRUSTED))
        return Cost(cpu_seconds=4.0 + 2e-7 * rows * rows + 1e-3 * rows)

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure p-values of all rows and of each class, and the share of wrong labels."""
        if target.manifest.task == "regression":
            raise DetectorNotApplicable("the task is regression; labels are compared as classes")
        classes = _classes(target)
        class_level = ctx.level(P_VALUE, {"scope": "class"}, of=classes)
        level = ctx.level(P_VALUE, WHOLE)
        for sentence in NOT_COVERED:
            ctx.not_covered(sentence)
        (found,) = ctx.map(
            compare_labels,
            [Shard(TRAIN)],
            seed=ctx.seed("labels"),
            alpha=1 - level,
            class_alpha=1 - class_level,
            level=ctx.level(SHARE, WHOLE),
            max_rows=int(ctx.options["max_rows"]),
            max_shift=float(ctx.options["max_shift"]),
        )
        for sentence in found["sentences"]:
            ctx.not_covered(sentence)
        yield from _measurements(target, found, ctx, level, class_level)


def _rows(target: Target, name: str) -> int:
    record = target.record(name)
    rows = record.facts.get("rows") if record is not None else None
    return rows if isinstance(rows, int) else 1000


def _classes(target: Target) -> int:
    """Return how many classes there are, from the manifest or from what the intake counted."""
    if target.manifest.io.classes is not None:
        return len(target.manifest.io.classes)
    record = target.record(TRAIN)
    facts = record.facts if record is not None else {}
    listed, counted = facts.get("classes"), facts.get("label_values")
    return len(listed) if isinstance(listed, list) else counted if isinstance(counted, int) else 2


def _measurements(
    target: Target, found: dict[str, Any], ctx: Context, level: float, class_level: float
) -> Iterator[Measurement]:
    shown = target.input(TRAIN).shown  # type: ignore[union-attr]
    evidence = [*_conflicts(found, shown, target), *_suspects(found, shown)]
    for piece in evidence:
        ctx.observe(Observation(detector=SPEC.id, metric=P_VALUE, labels=WHOLE, evidence=piece))
    method = (
        f"permutation test of the surprise of labels, {found['scores']} scores (leave-one-out nearest neighbours and "
        f"ridge{', and from trusted halves' if found['scores'] > 1 else ''}), trusted={found['trusted']} "
        f"tested={found['tested']}, max_rows={ctx.options['max_rows']}, max_shift={ctx.options['max_shift']:g}"
    )
    yield Measurement(
        metric=P_VALUE,
        value=found["p"],
        interval=Interval.exact(found["p"]),
        n=found["tested"],
        labels=WHOLE,
        method=method,
        p_value=found["p"],
        alpha=1 - level,
        null_rows=found["trusted"],
        detectable=found["detectable"],
        evidence=tuple(evidence[:EVIDENCE_CAP]),
        truncated=max(0, len(evidence) - EVIDENCE_CAP),
    )
    for name, p, detectable, tested, trusted in found["classes"]:
        own = (
            [piece for piece in evidence if piece.note.startswith(f"labelled {name!r}")] if p < 1 - class_level else []
        )
        yield Measurement(
            metric=P_VALUE,
            value=p,
            interval=Interval.exact(p),
            n=tested,
            labels={"scope": "class", "class": name},
            method=f"{method}; rows labelled so",
            p_value=p,
            alpha=1 - class_level,
            null_rows=trusted,
            detectable=detectable,
            evidence=tuple(own[:EVIDENCE_CAP]),
            truncated=max(0, len(own) - EVIDENCE_CAP),
        )
    for name, reason, have, needed in found["refused"]:
        labels = {"scope": "class", "class": name}
        ctx.unresolved(P_VALUE, labels, f"class {name!r}: {reason}", have=have, needed=needed)
    share = found["share"]
    yield Measurement(metric=SHARE, labels=WHOLE, **{**share, "method": f"{share['method']}; {method}"})


def _suspects(found: dict[str, Any], shown: str) -> Iterator[Evidence]:
    for row, label, likelier, chance in found["located"]:
        yield Evidence(
            kind="row",
            locator=Locator(file=shown, row=row),
            note=f"labelled {label!r}, its inputs speak for {likelier!r}",
            score=round(chance, 4),
        )


def _conflicts(found: dict[str, Any], shown: str, target: Target) -> Iterator[Evidence]:
    trusted = target.input(TRUSTED).shown  # type: ignore[union-attr]
    for row, label, twin, checked in found["conflicts"]:
        yield Evidence(
            kind="row",
            locator=Locator(file=shown, row=row),
            note=f"labelled {label!r}, and its copy in {trusted}, row {twin}, {checked!r}",
            score=1.0,
        )


__all__ = ["SPEC", "LabelsDetector"]
