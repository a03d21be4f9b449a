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
from assay_detectors.poisoning.spec import CONFLICTS, NOT_COVERED, P_VALUE, SHARE, SHARES, SPEC
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
        if found["apart"] is None and found["detectable"] is None:
            ctx.not_covered(
                "wrong labels of which the inputs say nothing: in the training data not even a share of "
                f"{SHARES[-1]:.0%} would surely be seen"
            )
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
    train, trusted_file = target.input(TRAIN), target.input(TRUSTED)
    assert train is not None and trusted_file is not None
    every = found["tested"] + found["left_out"]
    yield _wrong(
        ctx, list(_conflicts(found, train.shown, trusted_file.shown)), found["copies"], every + found["copies"]
    )
    if found["apart"] is not None:
        for metric in (P_VALUE, SHARE):
            for labels in (WHOLE, {"scope": "class"}):
                ctx.unresolved(metric, labels, found["apart"])
        return
    if found["left_out"]:
        away = f"{found['left_out']} of {every} training rows lie away from all trusted ones"
        reason = f"{away}, so their labels were compared with none"
        ctx.unresolved(P_VALUE, WHOLE, reason, have=found["tested"], needed=every)
    method = (
        f"permutation test of the surprise of labels under leave-one-out nearest neighbours and ridge"
        f"{', and predicted from trusted halves' if found['scores'] > 1 else ''}, trusted={found['trusted']} "
        f"tested={found['tested']}, max_rows={ctx.options['max_rows']}, max_shift={ctx.options['max_shift']:g}"
    )
    suspects = list(_suspects(found, train.shown))
    whole = suspects if found["p"] < 1 - level else []
    yield _p_value(
        ctx, WHOLE, found["p"], whole, n=found["tested"], method=method, alpha=1 - level, null_rows=found["trusted"],
        detectable=found["detectable"],
    )  # fmt: skip
    for name, p, detectable, tested, trusted, share in found["classes"]:
        own = [piece for piece in suspects if p < 1 - class_level and piece.note.startswith(f"labelled {name!r}")]
        yield _p_value(
            ctx, {"scope": "class", "class": name}, p, own, n=tested, method=f"{method}; rows labelled so",
            alpha=1 - class_level, null_rows=trusted, detectable=detectable,
        )  # fmt: skip
        yield _share({"scope": "class", "class": name}, share, f"{method}; rows labelled so")
    for name, reason, have, needed in found["refused"]:
        labels = {"scope": "class", "class": name}
        ctx.unresolved(P_VALUE, labels, f"class {name!r}: {reason}", have=have, needed=needed)
    yield _share(WHOLE, found["share"], method)


def _share(labels: dict[str, str], share: dict[str, Any], method: str) -> Measurement:
    return Measurement(metric=SHARE, labels=labels, **{**share, "method": f"{share['method']}; {method}"})


def _wrong(ctx: Context, rows: list[Evidence], copies: int, rows_read: int) -> Measurement:
    """Return how many labels are known to be wrong: a trusted copy of the row has another."""
    for piece in rows:
        ctx.observe(Observation(detector=SPEC.id, metric=CONFLICTS, labels={}, evidence=piece))
    return Measurement(
        metric=CONFLICTS,
        value=len(rows),
        interval=Interval.exact(len(rows)),
        n=rows_read,
        method=f"rows with the same inputs in both files, counted; {copies} training rows stand among the trusted ones",
        evidence=tuple(rows[:EVIDENCE_CAP]),
        truncated=max(0, len(rows) - EVIDENCE_CAP),
    )


def _p_value(ctx: Context, labels: dict[str, str], p: float, rows: list[Evidence], **fields: Any) -> Measurement:
    """Return a p-value with the rows behind it, each of them observed."""
    for piece in rows:
        ctx.observe(Observation(detector=SPEC.id, metric=P_VALUE, labels=labels, evidence=piece))
    return Measurement(
        metric=P_VALUE,
        value=p,
        interval=Interval.exact(p),
        labels=labels,
        p_value=p,
        evidence=tuple(rows[:EVIDENCE_CAP]),
        truncated=max(0, len(rows) - EVIDENCE_CAP),
        **fields,
    )


def _suspects(found: dict[str, Any], shown: str) -> Iterator[Evidence]:
    for row, label, likelier, chance in found["located"]:
        yield Evidence(
            kind="row",
            locator=Locator(file=shown, row=row),
            note=f"labelled {label!r}, its inputs speak for {likelier!r}",
            score=round(chance, 4),
        )


def _conflicts(found: dict[str, Any], shown: str, trusted: str) -> Iterator[Evidence]:
    for row, label, twin, checked in found["conflicts"]:
        yield Evidence(
            kind="row",
            locator=Locator(file=shown, row=row),
            note=f"labelled {label!r}, and its copy in {trusted}, row {twin}, {checked!r}",
            score=1.0,
        )


__all__ = ["SPEC", "LabelsDetector"]
