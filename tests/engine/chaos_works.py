"""Work and a detector with many shards, for tests that kill workers."""

from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec
from assay.targets.refs import Shard

SPEC = DetectorSpec(
    id="chaos.check", title="chaos", version="1", family="chaos", stage=3, needs=(Capability.LOGS,),
    metrics=(MetricSpec(id="chaos.check.n", title="n", unit="1", direction="neither", labels=("shard",)),),
    explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=("x",)),
    body="chaos_works:Chaos",
)  # fmt: skip
SHARDS = 240


class Chaos:
    spec = SPEC

    def run(self, target, ctx):
        from works import digest  # light, so that a fresh worker answers at once

        (ref,) = target.of_role("log")
        shards = [Shard(ref.name, start=index) for index in range(SHARDS)]
        values = ctx.map(digest, shards, pause=0.01, seed=ctx.seed("digest"))
        for shard, value in zip(shards, values, strict=True):
            yield Measurement(
                metric="chaos.check.n", value=value, interval=Interval.exact(value), n=1, method="sha256",
                labels={"shard": str(shard.start)},
            )  # fmt: skip
