"""Detectors that behave and misbehave, for tests of the runner."""

from assay.detector import DetectorFailed, DetectorNotApplicable, SkipDetector
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec

METRICS = (MetricSpec(id="demo.check.n", title="n", unit="1", low=0, high=10, direction="neither", labels=("k",)),)
SPEC = DetectorSpec(
    id="demo.check", title="demo", version="1", family="demo", stage=3, needs=(Capability.LOGS,), metrics=METRICS,
    explanation=Explanation(what="w", why="w", how_to_read="h", how_to_fix="f", cannot_see=("x",)),
    body="demo_detectors:Good",
)  # fmt: skip


def count(value=1.0, metric="demo.check.n", **labels):
    return Measurement(metric=metric, value=value, interval=Interval.exact(value), n=1, labels=labels, method="m")


class Good:
    spec = SPEC

    def run(self, target, ctx):
        ctx.not_covered("the dark side")
        ctx.not_covered("the dark side")
        evidence = Evidence(kind="row", locator=Locator(row=1))
        ctx.observe(Observation(detector="demo.check", metric="demo.check.n", labels={}, evidence=evidence))
        yield count(ctx.seed("a") % 2)


class Raises(Good):
    def run(self, target, ctx):
        yield count(2)
        raise ZeroDivisionError("secret\nsecond line")


class Undeclared(Good):
    def run(self, target, ctx):
        yield count(metric="demo.check.other")


class OutOfRange(Good):
    def run(self, target, ctx):
        yield count(11)


class Label(Good):
    def run(self, target, ctx):
        yield count(1, wrong="x")


class Twice(Good):
    def run(self, target, ctx):
        yield count(1, k="a")
        yield count(2, k="a")


class NotMeasurement(Good):
    def run(self, target, ctx):
        yield 0.5


class NaN(Good):
    def run(self, target, ctx):
        yield count(float("nan"))


class OutsideInterval(Good):
    def run(self, target, ctx):
        yield Measurement(metric="demo.check.n", value=5, interval=Interval.exact(4), n=1, method="m")


class NoRows(Good):
    def run(self, target, ctx):
        yield Measurement(metric="demo.check.n", value=0, interval=Interval.exact(0), n=0, method="m")


class ForeignObservation(Good):
    def run(self, target, ctx):
        evidence = Evidence(kind="row", locator=Locator(row=1))
        ctx.observe(Observation(detector="other.check", metric="other.check.n", labels={}, evidence=evidence))
        yield count(1)


class Skips(Good):
    def run(self, target, ctx):
        raise SkipDetector("nothing to do")
        yield


class Other(Good):
    def run(self, target, ctx):
        raise DetectorNotApplicable("another kind")
        yield


class Fails(Good):
    def run(self, target, ctx):
        yield count(3)
        raise DetectorFailed("one sentence")


class Interrupted(Good):
    def run(self, target, ctx):
        yield count(3)
        raise KeyboardInterrupt


class CannotStart(Good):
    def __init__(self):
        raise RuntimeError("no")


class AsksThePolicy(Good):
    def run(self, target, ctx):
        level = ctx.level("demo.check.n", {"k": "a"}, of=2)
        done = ctx.settled("demo.check.n", Interval(low=0, high=1, level=level, method="t"), {"k": "a"})
        ctx.unresolved("demo.check.n", {"k": "b"}, "needs 9 rows, there are 2", have=2, needed=9)
        yield count(1 if done else 2, k="a")


class RefusesUndeclared(Good):
    def run(self, target, ctx):
        ctx.unresolved("demo.check.n", {"wrong": "b"}, "no")
        yield count(1)
