"""Robustness against an attacker who knows the model: the driver. It draws rows, stops when the policy is decided."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from assay.detector import Context, DetectorFailed, DetectorNotApplicable
from assay.model.confidence import clopper_pearson
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import UPPER_BOUND, Binomial, Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.stats.sequences import ProportionSequence
from assay.targets.base import Target
from assay.targets.refs import InputRef, Shard
from assay_detectors.adversarial.spec import ACCURACY, NOT_COVERED, ROBUST, SPEC
from assay_detectors.adversarial.work import LINEAR, OTHER, TEST, answers_of, attack_linear, attack_network, describe

BLOCK = 50
"""Rows of a shard: what is attacked between two looks."""
FLAT = 0.1
"""Share of rows without a gradient beyond which the attack counts as blinded."""
MISSED = 0.01
"""Share of rows beyond which a closed form that the model does not follow is no rounding."""
SAME = 1e-3
"""Difference of probabilities up to which two models are one model in two files."""
LEAST_SKILL = 0.1
"""Agreement beyond chance (Cohen's kappa) below which, if its interval allows none, a model is at chance level."""


class WhiteboxDetector:
    """Attack each model whose inside is known."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the cost of attacking every row; a decided limit ends it sooner."""
        record = target.record(TEST)
        rows = record.facts.get("rows") if record is not None else None
        rows = min(rows if isinstance(rows, int) else 1000, int(options["max_rows"]))
        tries = int(options["noise"]) + 2 * int(options["steps"]) * int(options["restarts"])
        models = max(1, len(target.of_role("model")))
        return Cost(queries=models * rows * tries, cpu_seconds=3.0 + models * rows * tries * 2e-4)

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure robust accuracy and accuracy of each model that can be attacked."""
        if target.manifest.task == "regression":
            raise DetectorNotApplicable("the task is regression; an answer is neither right nor wrong")
        for sentence in NOT_COVERED:
            ctx.not_covered(sentence)
        budget = {"norm": ctx.options["norm"], "eps": float(ctx.options["eps"]), "unit": ctx.options["unit"]}
        refs = target.of_role("model")
        failures: list[str] = []
        others: list[tuple[InputRef, dict[str, Any]]] = []
        ready: list[tuple[InputRef, dict[str, Any]]] = []
        shards = [Shard(ref.name) for ref in refs]
        for ref, (_, told, reason) in zip(refs, ctx.map_outcomes(describe, shards, **budget), strict=True):
            if told is None:
                failures.append(reason or f"{ref.shown}: no answer")
            elif told["kind"] == OTHER:
                others.append((ref, told))
            else:
                ready.append((ref, told))
        _leave(others, [ref for ref, _ in ready], budget, ctx)
        for ref, told in ready:
            yield from self._attack(_Tally.begin(target, ref, told, budget, len(ready), ctx), budget, ctx, failures)
        if failures:
            raise DetectorFailed("; ".join(failures))
        if not ready:
            why = "; ".join(f"{ref.shown}: not attacked, {told['why']}" for ref, told in others)
            raise DetectorNotApplicable(why or "no model is declared")

    def _attack(
        self, tally: _Tally, budget: dict[str, Any], ctx: Context, failures: list[str]
    ) -> Iterator[Measurement]:
        """Draw rows of one model until the policy is decided, or until there are no more."""
        order = random.Random(ctx.seed("rows")).sample(range(tally.rows), tally.rows)
        rows = order[: int(ctx.options["max_rows"])]
        size = len(rows) if tally.exact else BLOCK
        blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
        shards = [Shard(tally.ref.name, extra={"rows": sorted(block), "block": at}) for at, block in enumerate(blocks)]
        seed = ctx.seed("attack") % 2**62
        if tally.exact:
            answers = ctx.map(attack_linear, shards, **budget, seed=seed)
        else:
            how = {name: ctx.options[name] for name in ("steps", "restarts", "noise", "source")}
            answers = ctx.map(attack_network, shards, **budget, **how, seed=seed)
        for done, answer in enumerate(answers, start=1):
            ctx.check()
            ctx.progress(done, len(shards))
            tally.add(answer, ctx)
            if not tally.exact and tally.n and ctx.settled(ROBUST, tally.interval, tally.labels):
                break
        problem = tally.problem()
        if problem is not None:
            failures.append(problem)
            return
        yield from tally.measurements(ctx)


def _leave(
    others: list[tuple[InputRef, dict[str, Any]]], ready: list[InputRef], budget: dict[str, Any], ctx: Context
) -> None:
    """Say of models that cannot be attacked that they were not, and by which attacked one they are judged, if any."""
    wanted = [*ready, *(ref for ref, _ in others)] if others and ready else []
    answers = {
        shard.input: answer for shard, answer, _ in ctx.map_outcomes(answers_of, [Shard(ref.name) for ref in wanted])
    }
    for ref, told in others:
        reason = f"{ref.shown}: not attacked, {told['why']}"
        twin = next((one for one in ready if _alike(answers.get(ref.name), answers.get(one.name))), None)
        if twin is not None:
            reason += f"; it answers {len(answers[ref.name]):,} test rows as {twin.shown} does, which was"
        elif ready:
            labels = {**_budget_labels(budget, told), "model": ref.shown}
            ctx.unresolved(ROBUST, labels, reason)
        ctx.not_covered(reason)


def _alike(mine: Any, other: Any) -> bool:
    import numpy as np

    return mine is not None and other is not None and mine.shape == other.shape and np.allclose(mine, other, atol=SAME)


def _budget_labels(budget: dict[str, Any], told: dict[str, Any]) -> dict[str, str]:
    return {"norm": budget["norm"], "eps": f"{told['eps']:.4g}", "unit": told["unit"], "group": "all"}


@dataclass
class _Tally:
    """What is known of one model."""

    ref: InputRef
    test: str
    """The test file, as people see it."""
    labels: dict[str, str]
    exact: bool
    level: float
    rows: int
    n: int = 0
    right: int = 0
    robust: int = 0
    attacked: int = 0
    flat: int = 0
    by_noise: int = 0
    by_gradient: int = 0
    missed: int = 0
    steady: bool = True
    answered: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    evidence: list[Evidence] = field(default_factory=list)
    turned: int = 0

    @classmethod
    def begin(
        cls, target: Target, ref: InputRef, told: dict[str, Any], budget: dict[str, Any], of: int, ctx: Context
    ) -> _Tally:
        """Return an empty tally; `told` is what the worker said of the model, `of` how many models there are."""
        labels = {**_budget_labels(budget, told), "model": ref.shown}
        test = target.input(TEST)
        assert test is not None
        return cls(ref, test.shown, labels, told["kind"] == LINEAR, ctx.level(ROBUST, labels, of), told["rows"])

    def add(self, answer: dict[str, Any], ctx: Context) -> None:
        """Add the answer of one shard."""
        for name in ("n", "right", "robust", "attacked", "flat", "by_noise", "by_gradient", "missed"):
            setattr(self, name, getattr(self, name) + int(answer.get(name, 0)))
        self.steady = self.steady and bool(answer.get("steady", True))
        self.answered.update(dict(answer["answered"]))
        self.labelled.update(dict(answer["labelled"]))
        if answer["sentence"]:
            ctx.not_covered(answer["sentence"])
        for row, label, moved, cells in answer["turned"]:
            piece = Evidence(
                kind="row", locator=Locator(file=self.test, row=row), note=f"{label!r} becomes {moved!r}: {cells}"
            )
            self.turned += 1
            if len(self.evidence) < EVIDENCE_CAP:
                self.evidence.append(piece)
            ctx.observe(Observation(detector=SPEC.id, metric=ROBUST, labels=self.labels, evidence=piece))

    @property
    def interval(self) -> Interval:
        """Return the interval of robust accuracy at the policy's level: anytime-valid where looks are many."""
        if self.exact:
            low, high = clopper_pearson(self.robust, self.n, self.level)
            return Interval(low=low, high=high, level=self.level, method="clopper-pearson")
        return ProportionSequence(self.robust, self.n).interval(self.level)

    def problem(self) -> str | None:
        """Return why nothing can be said of this model, or None."""
        if not self.n:
            return f"{self.test}: no row keeps to the declared bounds, so nothing was attacked; correct the bounds"
        expected = sum(count * self.labelled[name] for name, count in self.answered.items()) / self.n**2
        skill = (self.right / self.n - expected) / (1 - expected) if expected < 1 else 0.0
        low, _ = clopper_pearson(self.right, self.n, 0.95)
        if skill >= LEAST_SKILL or low > expected:
            return None
        return (
            f"{self.ref.shown}: is right on {self.right} of {self.n} rows, and {expected * self.n:.0f} are expected by "
            "chance; an attack on a model that knows nothing says nothing: check io.classes, io.layout and the labels"
        )

    def measurements(self, ctx: Context) -> Iterator[Measurement]:
        """Yield robust accuracy, open below where the attack was blinded, and accuracy."""
        flags = list(self._flags())
        interval = self.interval
        if flags:
            interval = Interval(low=None, high=interval.high, level=interval.level, method=UPPER_BOUND)
        counts: dict[str, Any] = {"labels": self.labels, "n": self.n, "method": self._method(ctx)}
        pieces = [*flags, *self.evidence][:EVIDENCE_CAP]
        yield Measurement(
            metric=ROBUST,
            value=self.robust / self.n,
            interval=interval,
            statistic=self._statistic(self.robust),
            evidence=tuple(pieces),
            truncated=self.turned + len(flags) - len(pieces),
            **counts,
        )
        ends = clopper_pearson(self.right, self.n, 0.95)
        clean = Interval(low=ends[0], high=ends[1], level=0.95, method="clopper-pearson")
        if not self.exact:
            clean = ProportionSequence(self.right, self.n).interval(0.95)
        yield Measurement(
            metric=ACCURACY,
            value=self.right / self.n,
            interval=clean,
            statistic=self._statistic(self.right),
            **counts,
        )

    def _statistic(self, k: int) -> Any:
        return Binomial(k=k, n=self.n) if self.exact else ProportionSequence(k, self.n).estimate().statistic

    def _flags(self) -> Iterator[Evidence]:
        """Yield what tells that gradients mislead here."""
        notes = []
        if self.attacked and self.flat > FLAT * self.attacked:
            notes.append(f"the network has no gradient at all on {self.flat} of {self.attacked} rows")
        if self.by_noise > self.by_gradient:
            notes.append(f"random changes turn {self.by_noise} rows and gradients only {self.by_gradient}")
        if self.missed > MISSED * self.n:
            notes.append(f"on {self.missed} rows the model does not answer as its closed form says")
        if not self.steady:
            notes.append("the same input gives different answers")
        for note in notes:
            yield Evidence(kind="flag", locator=Locator(file=self.ref.shown), note=f"{note}, so the attack was blinded")

    def _method(self, ctx: Context) -> str:
        rows = f"rows={self.n} of {self.rows}, drawn at random, max_rows={ctx.options['max_rows']}"
        if self.exact:
            return f"worst change in closed form, tried on the model; {rows}"
        how = " ".join(f"{name}={ctx.options[name]}" for name in ("steps", "restarts", "noise", "source"))
        return f"projected gradient descent, margin and cross-entropy by turns, best iterate, {how}; {rows}, sequential"


__all__ = ["SPEC", "WhiteboxDetector"]
