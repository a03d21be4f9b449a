"""A detector that looks at what every other one may look at, to see whether it was left as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from assay.detector import Context
from assay.model.errors import UnusableInput
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Cost
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec
from assay.targets.base import OpenTarget, Target
from assay.targets.refs import Shard

METRIC = "testing.neighbour.sum"


def neighbour_of(spec: DetectorSpec) -> DetectorSpec:
    """Return a detector that runs after `spec`, in the same workers."""
    return DetectorSpec(
        id="testing.neighbour",
        title="A neighbour",
        version="1",
        family="testing",
        stage=min(9, spec.stage + 1),
        explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=()),
        needs=tuple(need for need in spec.needs if need is not Capability.GRADIENTS),
        metrics=(
            MetricSpec(
                id=METRIC, title="Digest", unit="1", low=0, direction="neither", labels=("input",)
            ),
        ),
        body="assay.testing.neighbour:Neighbour",
    )  # fmt: skip


class Neighbour:
    """Digest every data set, and what every model says of it."""

    spec: ClassVar[DetectorSpec]

    def __init__(self) -> None:
        self.spec = neighbour_of(  # type: ignore[misc]
            DetectorSpec(
                id="testing.any", title="t", version="1", family="testing", needs=(), metrics=(), body="a:B",
                explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=()),
            )
        )  # fmt: skip

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return next to nothing."""
        return Cost()

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure one digest per input."""
        names = [ref.name for ref in target.inputs if ref.role in ("data", "model")]
        for shard, digest, _ in ctx.map_outcomes(digest_input, [Shard(name) for name in names]):
            value = float(digest or 0)
            yield Measurement(
                metric=METRIC,
                value=value,
                interval=Interval.exact(value),
                n=1,
                labels={"input": shard.input},
                method="sha",
            )


def digest_input(opened: OpenTarget, shard: Shard) -> int:
    """Return a number that changes when data, or a model's answers to it, change."""
    import numpy as np

    names = [name for name in ("data.train", "data.test", "data.trusted") if opened.manifest["data"].get(name[5:])]
    digest = hashlib.sha256()
    for name in names:
        try:
            data = opened.data(name)
        except UnusableInput:
            continue
        x = data.x.to_numpy().astype(str) if hasattr(data.x, "columns") else np.ascontiguousarray(data.x)
        digest.update(x.tobytes())
        digest.update(np.asarray(data.y).astype(str).tobytes() if data.y is not None else b"")
        if shard.input.startswith("model"):
            digest.update(opened.model(shard.input).predict_proba(data.x[:50]).tobytes())
    return int.from_bytes(digest.digest()[:6], "big")
