"""Detectors that break one promise each; the battery must catch every one of them. `Good` keeps all."""

import itertools
import os
import time

from assay.detector import DetectorFailed
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.spec import Capability, DetectorSpec, Explanation, MetricSpec, OptionSpec
from assay.targets.refs import Shard

METRIC = "demo.labels.wrong"
TEXT = "Twenty characters and a few more, so that it counts as an explanation."


def spec(body, **changes):
    fields = {
        "id": "demo.labels", "title": "Wrong labels", "version": "1", "family": "demo", "stage": 3,
        "needs": (Capability.TRAIN, Capability.TRUSTED), "body": f"bad_detectors:{body}",
        "explanation": Explanation(what=TEXT, why=TEXT, how_to_read=TEXT, how_to_fix=TEXT, cannot_see=("much",)),
        "metrics": (MetricSpec(id=METRIC, title="wrong labels", unit="rows", low=0, direction="lower-is-better"),),
        "options": (OptionSpec(name="depth", type="int", default=1, low=1, high=9, help="Nothing."),),
    }  # fmt: skip
    return DetectorSpec(**{**fields, **changes})


def wrong_rows(opened, shard):
    """Rows of train whose label the nearest centre of trusted rows contradicts."""
    import numpy as np

    train, trusted = opened.data("data.train"), opened.data("data.trusted")
    if train.y is None or trusted.y is None or min(len(train.y), len(trusted.y)) < 30:
        return None
    x, known = train.x.to_numpy(), trusted.x.to_numpy()
    names = np.unique(trusted.y)
    centres = np.stack([known[trusted.y == name].mean(axis=0) for name in names])
    far = ((x[:, None, :] - centres[None]) ** 2).sum(axis=2)
    nearest = names[far.argmin(axis=1)]
    return [int(row) for row in np.flatnonzero(nearest != train.y)]


class Good:
    """Counts rows that lie nearer to another class; measures 0 below 30 of them, for noise is honest."""

    work = staticmethod(wrong_rows)

    def __init__(self):
        self.spec = spec(type(self).__name__)

    def estimate(self, target, options):
        raise NotImplementedError

    def count(self, rows, ctx):
        return len(rows) if len(rows) > 20 else 0

    def note(self, row):
        return f"row {row} lies nearer to another class"

    def place(self, row):
        return row

    def run(self, target, ctx):
        ctx.not_covered("labels that are wrong and near")
        (rows,) = ctx.map(self.work, [Shard("data.train")])
        if rows is None:
            raise DetectorFailed("train.csv: 30 rows with labels are needed; give more")
        value = self.count(rows, ctx)
        pieces = [
            Evidence(kind="row", locator=Locator(file="train.csv", row=self.place(row)), note=self.note(row))
            for row in rows
        ]
        for piece in pieces if value else ():
            ctx.observe(Observation(detector=self.spec.id, metric=METRIC, labels={}, evidence=piece))
        yield Measurement(
            metric=METRIC, value=value, interval=Interval.exact(value), n=100, method="nearest centre",
            evidence=tuple(pieces[:25]) if value else (),
        )  # fmt: skip


GOOD = spec("Good")


class Dreams(Good):
    def count(self, rows, ctx):
        return int.from_bytes(os.urandom(2), "big")


class Boastful(Good):
    pass


class Undeclared(Good):
    def run(self, target, ctx):
        yield Measurement(metric="demo.labels.other", value=0, interval=Interval.exact(0), n=1, method="m")


class Remembers(Good):
    """Counts how often the worker was asked before: something else with two workers, or beside others."""


CALLS = itertools.count()


def counting(opened, shard):
    opened.calls = getattr(opened, "calls", 0) + 1
    return list(range(25 + opened.calls))


class CountsShards(Good):
    """Depends on which worker did which shard."""

    work = staticmethod(counting)

    def run(self, target, ctx):
        totals = [len(rows) for rows in ctx.map(counting, [Shard("data.train", extra={"n": n}) for n in range(12)])]
        value = sum(totals)
        evidence = (Evidence(kind="row", locator=Locator(row=1)),)
        yield Measurement(
            metric=METRIC, value=value, interval=Interval.exact(value), n=1, method="m", evidence=evidence
        )


def sorting(opened, shard):
    rows = wrong_rows(opened, shard)
    opened.data("data.train").x.iloc[:, 0] = 0.0
    return rows


class Meddles(Good):
    """Changes the rows in the worker, which other detectors read after it."""

    work = staticmethod(sorting)


class Nervous(Good):
    def count(self, rows, ctx):
        return max(1, len(rows))


def noisy(opened, shard):
    import numpy as np

    rows = wrong_rows(opened, shard)
    _, counts = np.unique(opened.data("data.train").y, return_counts=True)
    return rows if rows is None or counts.min() > 0.5 * counts.max() else list(range(60))


class TakesBait(Good):
    """Takes honest imbalance for poison."""

    work = staticmethod(noisy)


class Blind(Good):
    def count(self, rows, ctx):
        return 0


class PointsElsewhere(Good):
    def place(self, row):
        return row + 100_000


def greedy(opened, shard):
    hog = bytearray(600 << 20)
    hog[::4096] = b"x" * len(hog[::4096])
    return wrong_rows(opened, shard)


class Greedy(Good):
    work = staticmethod(greedy)


class Deaf(Good):
    """Works in the driver, and never asks whether it should stop."""

    def run(self, target, ctx):
        ended = time.monotonic() + 8
        while time.monotonic() < ended:
            sum(range(10_000))
        yield from super().run(target, ctx)


def careless(opened, shard):
    train, trusted = opened.data("data.train"), opened.data("data.trusted")
    return [int(train.rows / (trusted.rows - 20))] * 0 or wrong_rows(opened, shard) or []


class Careless(Good):
    """Divides by the number of rows less twenty."""

    work = staticmethod(careless)


class Scribbles(Good):
    """Leaves a file beside the manifest."""

    def run(self, target, ctx):
        (target.root / "notes.txt").write_text("was here")
        yield from super().run(target, ctx)


def quoting(opened, shard):
    notes = opened.data("data.train").x
    return [str(value) for value in notes.iloc[:3, -1]]


class Quotes(Good):
    """Shows what stands in the row."""

    def run(self, target, ctx):
        ctx.not_covered("much")
        found = next(iter(ctx.map(quoting, [Shard("data.train")])))
        yield Measurement(
            metric=METRIC, value=1, interval=Interval.exact(1), n=1, method="m",
            evidence=(Evidence(kind="row", locator=Locator(row=1), note=f"holds {', '.join(found)}"),),
        )  # fmt: skip


class Unbounded(Good):
    pass


class Heavy(Good):
    """Imports pandas in the user's process."""

    def run(self, target, ctx):
        import pandas  # noqa: F401

        yield from super().run(target, ctx)


class Silent(Good):
    """Measures nothing of what it does not like, and says nothing."""

    def run(self, target, ctx):
        (rows,) = ctx.map(self.work, [Shard("data.train")])
        if rows is None:
            return
        yield from super().run(target, ctx)


NO_OPTION_BOUNDS = (OptionSpec(name="depth", type="int", default=1, help="Nothing."),)
ALL_SEEING = Explanation(what=TEXT, why=TEXT, how_to_read=TEXT, how_to_fix=TEXT, cannot_see=())
SPECS = {
    "Dreams": spec("Dreams"),
    "Boastful": spec("Boastful", explanation=ALL_SEEING),
    "Undeclared": spec("Undeclared"),
    "CountsShards": spec("CountsShards"),
    "Meddles": spec("Meddles"),
    "Nervous": spec("Nervous"),
    "TakesBait": spec("TakesBait"),
    "Blind": spec("Blind"),
    "PointsElsewhere": spec("PointsElsewhere"),
    "Greedy": spec("Greedy"),
    "Deaf": spec("Deaf"),
    "Careless": spec("Careless"),
    "Silent": spec("Silent"),
    "Scribbles": spec("Scribbles"),
    "Quotes": spec("Quotes"),
    "Unbounded": spec("Unbounded", options=NO_OPTION_BOUNDS),
    "Heavy": spec("Heavy"),
}
globals().update({f"SPEC_{name}": found for name, found in SPECS.items()})
