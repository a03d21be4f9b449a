"""Membership inference: the driver. It has rows chosen, models asked, references trained, and compares the scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from assay.detector import Context, DetectorFailed, DetectorNotApplicable
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Target
from assay.targets.refs import InputRef, Shard
from assay_detectors.privacy.pool import TEST, TRAIN, choose
from assay_detectors.privacy.references import FOREST
from assay_detectors.privacy.rmia import rmia
from assay_detectors.privacy.spec import AUC, EPSILON, FPRS, NOT_COVERED, SPEC, TPR
from assay_detectors.privacy.work import ask_model, train_reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.model.base import Labels
    from assay.stats.estimate import Unresolved

    Floats = NDArray[np.float64]

HALVES = 2
SATURATED = 0.5
"""Share of probabilities that are exactly 1 beyond which the scores cannot tell rows apart well."""
APART = 0.1
"""Difference in accuracy on unseen rows beyond which references are not like the model."""


class MembershipDetector:
    """Tell members from non-members through each model."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the expected cost; training references dominates."""
        rows = sum(min(_rows(target, name), int(options["max_rows"])) for name in (TRAIN, TEST))
        models = max(1, len(target.of_role("model")))
        return Cost(queries=rows * models, cpu_seconds=4.0 + models * (2.0 + rows * int(options["epochs"]) * 1e-4))

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure AUC, TPR at the false positive rates that can be resolved, and epsilon."""
        if target.manifest.task == "regression":
            raise DetectorNotApplicable("the task is regression; the attack reads probabilities of classes")
        for sentence in NOT_COVERED:
            ctx.not_covered(sentence)
        limits = {"max_rows": ctx.options["max_rows"], "max_shift": ctx.options["max_shift"]}
        (chosen,) = ctx.map(choose, [Shard(TRAIN)], seed=ctx.seed("rows") % 2**62, **limits)
        for sentence in chosen["sentences"]:
            ctx.not_covered(sentence)
        if chosen["problem"]:
            raise DetectorFailed(chosen["problem"])
        refs = target.of_role("model")
        failures: list[str] = []
        answers = ctx.map_outcomes(ask_model, [Shard(ref.name) for ref in refs], rows=chosen["rows"])
        asked = [(ref, told, reason) for ref, (_, told, reason) in zip(refs, answers, strict=True)]
        for done, (ref, told, reason) in enumerate(asked, start=1):
            ctx.check()
            if told is None:
                failures.append(reason or f"{ref.shown}: no answer")
            else:
                yield from self._attack(target, ref, told, chosen, len(refs), ctx, failures)
            ctx.progress(done, len(asked))
        if failures:
            raise DetectorFailed("; ".join(failures))

    def _attack(
        self,
        target: Target,
        ref: InputRef,
        told: dict[str, Any],
        chosen: dict[str, Any],
        of: int,
        ctx: Context,
        failures: list[str],
    ) -> Iterator[Measurement]:
        import numpy as np

        training = target.manifest.training
        seed = ctx.seed("references") % 2**62
        labels = {"attack": "rmia", "references": f"{HALVES} {told['kind']}", "model": ref.shown}
        if training is not None and training.recipe == "none":
            labels = {"attack": "loss", "references": "none", "model": ref.shown}
            scores = np.asarray(told["chance"])
            ctx.not_covered(f"{ref.shown}: attacked without references (training.recipe: none), which finds little")
            how = "probability of the label"
        else:
            options = {name: ctx.options[name] for name in ("epochs", "learning_rate", "batch")}
            shards = [Shard(ref.name, extra={"half": half}) for half in range(HALVES)]
            trained = list(
                ctx.map_outcomes(
                    train_reference, shards, rows=chosen["rows"], kind=told["kind"], loss=told["loss"],
                    accuracy=told["accuracy"], seed=seed, **options,
                )
            )  # fmt: skip
            bad = [reason for _, result, reason in trained if result is None]
            if bad:
                failures.append(bad[0] or f"{ref.shown}: no reference could be trained")
                return
            results = [result for _, result, _ in trained]
            scores = _scores(told, results)
            how = _described(ref, told, results, options, ctx)
        if (np.asarray(told["chance"]) == 1.0).mean() > SATURATED:
            ctx.not_covered(
                f"{ref.shown}: more than half of its probabilities are exactly 1, so the attack tells these rows apart "
                "only by the references; a leak at full precision may be larger"
            )
        member = np.asarray(told["member"])
        yield from _measurements(target, ref, scores, member, labels, how, chosen, of, ctx)


def _rows(target: Target, name: str) -> int:
    record = target.record(name)
    rows = record.facts.get("rows") if record is not None else None
    return rows if isinstance(rows, int) else 1000


def _scores(told: dict[str, Any], results: list[dict[str, Any]]) -> Floats:
    import numpy as np

    target = np.asarray(told["chance"], dtype=np.float64)
    chances = np.stack([np.asarray(result["chance"], dtype=np.float64) for result in results])
    seen = np.stack([np.asarray(result["seen"], dtype=np.bool_) for result in results])
    if told["kind"] == FOREST:
        chances = np.where(seen, 0.0, chances).sum(axis=0, keepdims=True)  # only the one that has not seen the row
        seen = np.zeros_like(chances, dtype=np.bool_)
    return rmia(target, chances, seen)


def _described(
    ref: InputRef, told: dict[str, Any], results: list[dict[str, Any]], options: dict[str, Any], ctx: Context
) -> str:
    """Return how the references came about and how well they fit; say where they are unlike the model."""
    import numpy as np

    member, right = np.asarray(told["member"]), np.asarray(told["right"])
    seen = [np.asarray(result["seen"]) for result in results]
    own = [np.asarray(result["right"]) for result in results]
    inside = float(np.mean([hits[part].mean() for hits, part in zip(own, seen, strict=True)]))
    outside = float(np.mean([hits[~part].mean() for hits, part in zip(own, seen, strict=True)]))
    model = (float(right[member].mean()), float(right[~member].mean()))
    if abs(outside - model[1]) > APART:
        ctx.not_covered(
            f"{ref.shown}: its references are right on {outside:.0%} of the rows they have not seen and the model on "
            f"{model[1]:.0%}, so they are trained otherwise than it was; an attacker with better ones may find more"
        )
    torch = " ".join(f"{name}={value:g}" for name, value in options.items()) if told["kind"] == "factory" else ""
    return (
        f"both-sides RMIA, a=0.3, complementary halves, {told['kind']} references{f' ({torch})' if torch else ''}, "
        f"accuracy seen/unseen: references {inside:.3f}/{outside:.3f}, model {model[0]:.3f}/{model[1]:.3f}"
    )


def _measurements(
    target: Target,
    ref: InputRef,
    scores: Floats,
    member: NDArray[np.bool_],
    labels: Labels,
    how: str,
    chosen: dict[str, Any],
    of: int,
    ctx: Context,
) -> Iterator[Measurement]:
    from assay.stats.auc import auc
    from assay.stats.epsilon import epsilon
    from assay.stats.estimate import Estimate, Unresolved
    from assay.stats.power import detectable_auc
    from assay.stats.roc import tpr_at_fpr

    inside, outside = scores[member], scores[~member]
    level = ctx.level(AUC, labels, of)
    area = auc(inside, outside, level)
    smallest = detectable_auc(len(inside), len(outside), (1 - level) / 2)
    yield Measurement(
        metric=AUC, labels=labels, detectable=smallest, **{**area.fields(), "method": f"{how}; {area.method}"}
    )
    proof = epsilon(inside, outside, ctx.level(EPSILON, labels, of))
    pieces = list(_surest(target, scores, member, proof, chosen)) if (proof.interval.low or 0) > 0 else []
    for piece in pieces:
        ctx.observe(Observation(detector=SPEC.id, metric=EPSILON, labels=labels, evidence=piece))
    yield Measurement(
        metric=EPSILON,
        labels=labels,
        evidence=tuple(pieces[:EVIDENCE_CAP]),
        truncated=max(0, len(pieces) - EVIDENCE_CAP),
        **{**proof.fields(), "method": f"{how}; {proof.method}"},
    )
    for fpr in FPRS:
        at = {"fpr": f"{fpr:g}", **labels}
        found = tpr_at_fpr(inside, outside, fpr)
        found = _powerless(at, fpr, len(outside), of, ctx) or found if isinstance(found, Estimate) else found
        if isinstance(found, Unresolved):
            ctx.unresolved(TPR, at, f"{ref.shown}: {found.reason}", have=found.have, needed=found.needed)
        else:
            yield Measurement(metric=TPR, labels=at, **{**found.fields(), "method": f"{how}; {found.method}"})


def _powerless(at: Labels, fpr: float, non_members: int, of: int, ctx: Context) -> Unresolved | None:
    """Return a refusal where a rule asks for this rate and no attack, however good, could break it."""
    from assay.stats.estimate import Unresolved
    from assay.stats.roc import non_members_for_evidence

    level = ctx.level(TPR, at, of)
    needed = non_members_for_evidence(fpr, level)
    asked = ctx.settled(TPR, Interval(low=0.0, high=0.0, level=1.0, method="exact"), at)  # never where no rule asks
    if not asked or non_members >= needed:
        return None
    reason = f"FPR {fpr:g} at {level:.4g} needs {needed} non-members, there are {non_members}"
    return Unresolved(reason=reason, have=non_members, needed=needed)


def _surest(
    target: Target, scores: Floats, member: NDArray[np.bool_], proof: Any, chosen: dict[str, Any]
) -> Iterator[Evidence]:
    """Yield the right ones among the surest guesses, of the number that proves most."""
    import numpy as np

    from assay.model.confidence import least_epsilon
    from assay.model.interval import Guesses

    guesses = proof.statistic
    alone = [
        least_epsilon(Guesses(right=(right,), of=(size,), odds=guesses.odds), 0.05 / len(guesses.of))
        for right, size in zip(guesses.right, guesses.of, strict=True)
    ]
    size = guesses.of[int(np.argmax(alone))]
    train = target.input(TRAIN)
    assert train is not None
    order = np.argsort(-scores, kind="stable")[:size]
    for index in order.tolist():
        if member[index]:
            yield Evidence(
                kind="row",
                locator=Locator(file=train.shown, row=chosen["rows"][TRAIN][index]),
                note=f"a training row, and among the {size} that are surest to be one",
            )


__all__ = ["SPEC", "MembershipDetector"]
