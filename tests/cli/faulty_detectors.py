"""Bodies that go wrong, put in the place of each installed detector; its spec stays what it is."""

import os
import signal
import time

from assay.model.interval import Exact, Interval
from assay.model.measurement import Measurement
from assay.targets.refs import Shard


def raises(opened, shard):
    raise RuntimeError("planted")


def hangs(opened, shard):
    time.sleep(600)


def fills_memory(opened, shard):
    hoard = []
    while True:
        hoard.append(bytes(64 << 20))
        hoard[-1].replace(b"\0", b"\1")


def is_killed(opened, shard):
    os.kill(os.getpid(), signal.SIGKILL)


class _Works:
    work = staticmethod(raises)

    def estimate(self, target, options):
        raise NotImplementedError

    def run(self, target, ctx):
        names = [entry.name for entry in target.inputs]
        list(ctx.map(self.work, [Shard(names[0])]))
        yield measurement(self.metric, 0.0)


def measurement(metric, value):
    interval = Interval.model_construct(low=value, high=value, level=1.0, method="exact")
    return Measurement.model_construct(
        metric=metric, value=value, interval=interval, statistic=Exact(), n=1, labels={}, method="m", evidence=(),
        truncated=0, p_value=None, alpha=None, null_rows=None, detectable=None,
    )  # fmt: skip


class ExceptionInWorker(_Works):
    pass


class Hang(_Works):
    work = staticmethod(hangs)


class OutOfMemory(_Works):
    work = staticmethod(fills_memory)


class Killed(_Works):
    work = staticmethod(is_killed)


class ExceptionInDriver(_Works):
    def run(self, target, ctx):
        raise RuntimeError("planted")


class NaN(_Works):
    def run(self, target, ctx):
        yield measurement(self.metric, float("nan"))


class Empty(_Works):
    def run(self, target, ctx):
        return iter(())


class MissingExtra(_Works):
    """Never run: its spec asks for a module that is not there."""
