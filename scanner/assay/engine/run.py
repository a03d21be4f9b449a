"""Run a plan: effects, stage by stage. Whatever a detector does, it ends as an outcome, and loses nothing of others.

Detectors of one stage run side by side; each is a driver in a thread, and all share the workers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby

from pydantic import ValidationError

from assay.attempt import attempt
from assay.detector import Detector, DetectorFailed, DetectorNotApplicable, SkipDetector
from assay.engine.catalogue import Broken, load_body
from assay.engine.context import Asked, Progress, RunContext, Surroundings, answers_alike
from assay.engine.contract import ContractBroken, check
from assay.engine.intake import Intake
from assay.engine.keys import outcome_key
from assay.engine.option_files import ROLE
from assay.engine.plan import Plan, Step
from assay.engine.room import Seal
from assay.engine.spool import Spool
from assay.engine.tasks import Interrupted, OutOfTime, TaskFailed, TaskRunner
from assay.model.evidence import Observation
from assay.model.measurement import Measurement
from assay.model.outcome import Cost, Outcome, Status
from assay.model.result import InputRecord
from assay.model.spec import Capability
from assay.targets.base import Target
from assay.targets.resolve import Resolved

KEPT_OBSERVATIONS = 20_000
"""An outcome with more located observations than this is measured anew each time."""


@dataclass
class Run:
    """What a run found out; grows while it goes, so that an interrupt keeps what is there."""

    records: list[InputRecord] = field(default_factory=list)
    beside: list[InputRecord] = field(default_factory=list)
    """Code of factories and companions of models."""
    outcomes: list[Outcome] = field(default_factory=list)
    spools: dict[str, Spool] = field(default_factory=dict)
    """Observations by detector, where they were asked for."""
    interrupted: bool = False
    probed: bool = False
    """Whether the models were opened, or refused."""
    seal: Seal | None = None


@dataclass(frozen=True)
class Setting:
    """How to run."""

    seed: int
    progress: Progress
    asked: Asked
    observing: bool = False
    """Whether located observations are wanted."""
    allow_unsandboxed: bool = False


def execute(plan: Plan, broken: Iterable[Broken], resolved: Resolved, tasks: TaskRunner, setting: Setting) -> Run:
    """Run `plan`; an interrupt (KeyboardInterrupt) ends it early, and the rest is `cancelled`."""
    intake = Intake(resolved, tasks, setting.seed)
    run = Run(outcomes=[*plan.left_out, *(_broken(entry) for entry in broken)], beside=intake.beside)
    try:
        intake.examine(lambda done, of: setting.progress("inputs", done, of))
        run.records = intake.records
        for stage, steps in groupby(plan.steps, key=lambda step: step.spec.stage):
            if stage > 0 and not run.probed:
                _probe(intake, run, setting)
            target = Target(resolved.manifest, resolved.root, resolved.inputs, tuple(run.records), resolved.trust)
            around = Surroundings(
                tasks, intake.contents, setting.progress, setting.asked, not setting.allow_unsandboxed
            )
            _run_stage(list(steps), target, around, setting, run)
        if not run.probed:
            _probe(intake, run, setting)
        intake.check_unchanged()
        run.records = intake.records
    except KeyboardInterrupt:
        run.interrupted = True
        tasks.interrupt()
        run.records = run.records or intake.records
        _cancel_rest(plan, run)
    finally:
        run.seal = tasks.seal
        tasks.stop()
    run.outcomes.sort(key=lambda outcome: outcome.detector)
    return run


def _probe(intake: Intake, run: Run, setting: Setting) -> None:
    """Open the models, once, after stage 0 and before everything that queries them."""
    intake.probe(run.outcomes, setting.allow_unsandboxed)
    run.records = intake.records
    run.probed = True


def _run_stage(steps: list[Step], target: Target, around: Surroundings, setting: Setting, run: Run) -> None:
    """Run the detectors of one stage side by side; outcomes are added as they end."""
    with ThreadPoolExecutor(max(1, min(len(steps), around.tasks.limits.jobs)), "assay-driver") as drivers:
        futures = {drivers.submit(_run_step, step, target, around, setting): step for step in steps}
        try:
            left = set(futures)
            while left:
                # In short steps, so that an interrupt reaches the main thread.
                done, left = wait(left, timeout=0.1)
                _collect_done(done, run)
        except KeyboardInterrupt:
            around.tasks.interrupt()
            done, _ = wait(futures)
            _collect_done({future for future in done if futures[future].spec.id not in _ids(run)}, run)
            raise


def _collect_done(done: set[Future[tuple[Outcome, Spool | None]]], run: Run) -> None:
    for future in done:
        outcome, spool = future.result()
        run.outcomes.append(outcome)
        if spool is not None:
            run.spools[outcome.detector] = spool


def _ids(run: Run) -> set[str]:
    return {outcome.detector for outcome in run.outcomes}


def _cancel_rest(plan: Plan, run: Run) -> None:
    done = _ids(run)
    run.outcomes.extend(
        Outcome(
            detector=step.spec.id,
            version=step.spec.version,
            status=Status.CANCELLED,
            options=dict(step.options),
            reason="the scan was interrupted before this check began",
        )
        for step in plan.steps
        if step.spec.id not in done
    )


def _broken(entry: Broken) -> Outcome:
    return Outcome(detector=entry.name, status=Status.FAILED, reason=entry.reason)


def _run_step(step: Step, target: Target, around: Surroundings, setting: Setting) -> tuple[Outcome, Spool | None]:
    """Return the outcome of one detector, whatever it does; remembered, if nothing has changed."""
    blocked = _inputs_problem(step, target)
    if blocked is not None:
        return blocked, None
    keys = _keys(step, target, around, setting) if around.tasks.memory.active else [None]
    for key in keys:
        kept = _recall(key, around, setting)
        if kept is not None:
            return kept
    ctx = RunContext(step.spec, step.options, around, setting.observing)
    measurements: list[Measurement] = []
    started = time.monotonic()
    tried = attempt(lambda: _collect(load_body(step.spec), target, ctx, measurements))
    status, reason = _ending(tried.error, tried.sentence)
    outcome = Outcome(
        detector=step.spec.id,
        version=step.spec.version,
        status=status,
        options=dict(step.options),
        reason=reason,
        measurements=tuple(measurements),
        unresolved=tuple(ctx.refused),
        not_covered=tuple(ctx.sentences),
        cost=Cost(
            cpu_seconds=round(ctx.spent.cpu_seconds, 3),
            peak_rss_mb=round(ctx.spent.peak_rss_mb, 1),
            wall_seconds=round(time.monotonic() - started, 3),
            tasks=ctx.spent.done,
            tasks_remembered=ctx.spent.remembered,
        ),
    )
    if status is Status.RAN:
        _keep(keys[0], outcome, ctx, around)
    return outcome, ctx.spool


def _keys(step: Step, target: Target, around: Surroundings, setting: Setting) -> list[str | None]:
    """Return where an outcome is kept, and then, where no observations are wanted, where one with them may be."""
    looked_at = _looked_at(step, target)
    wanted = [True] if setting.observing else [False, True]
    return [
        outcome_key(step.spec, step.options, around.contents, looked_at, observed, target.root) for observed in wanted
    ]


def _looked_at(step: Step, target: Target) -> list[InputRecord]:
    """Return the records of the inputs that a detector may look at."""
    roles = {
        Capability.ARTIFACT: {"model", "artifact"},
        Capability.LOGS: {"log"},
    }
    if not step.spec.needs:
        return list(target.records)
    wanted = {role for need in step.spec.needs for role in roles.get(need, {"model", "data"})}
    named = {ref.name for ref in target.of_role(ROLE) if ref.spec["detector"] == step.spec.id}
    return [record for record in target.records if record.role in wanted or record.name in named]


def _recall(key: str | None, around: Surroundings, setting: Setting) -> tuple[Outcome, Spool | None] | None:
    found = around.tasks.memory.recall_key(key)
    if found is None:
        return None
    try:
        if not answers_alike(around.asked, found.value["questions"]):
            return None
        outcome = Outcome.model_validate(found.value["outcome"])
        spool = Spool() if setting.observing else None
        for entry in found.value["observations"]:
            if spool is not None:
                spool.add(Observation.model_validate(entry))
    except (ValidationError, KeyError, TypeError, ValueError):
        return None
    return outcome.model_copy(update={"cost": Cost(remembered=True)}), spool


def _keep(key: str | None, outcome: Outcome, ctx: RunContext, around: Surroundings) -> None:
    """Remember an outcome, with what it asked of the policy: another policy may use it where it answers alike."""
    spool = ctx.spool
    observations: Iterable[Observation] = () if spool is None else spool
    if spool is not None and spool.count > KEPT_OBSERVATIONS:
        return
    value = {
        "outcome": outcome.model_dump(mode="json"),
        "questions": ctx.questions,
        "observations": [json.loads(entry.model_dump_json()) for entry in observations],
    }
    around.tasks.memory.keep_key(key, value)


def _collect(detector: Detector, target: Target, ctx: RunContext, into: list[Measurement]) -> None:
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    found: Iterator[Measurement] = iter(detector.run(target, ctx))
    for measurement in found:
        into.append(check(detector.spec, measurement, seen))


def _ending(error: BaseException | None, sentence: str) -> tuple[Status, str | None]:
    match error:
        case None:
            return Status.RAN, None
        case SkipDetector():
            return Status.SKIPPED, str(error)
        case DetectorNotApplicable():
            return Status.NOT_APPLICABLE, str(error)
        case DetectorFailed() | TaskFailed():
            return Status.FAILED, str(error)
        case OutOfTime():
            return Status.CANCELLED, "the time budget of the scan was spent; raise --budget"
        case Interrupted():
            return Status.CANCELLED, "the scan was interrupted before this check ended"
        case ContractBroken():
            return Status.FAILED, f"contract: {error}; ask the author of the detector"
        case ValidationError():
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            return Status.FAILED, f"contract: {error.title}: {place} {first['msg']}; ask the author of the detector"
        case _:
            return Status.FAILED, f"the detector raised {sentence}; please report it"


_NEEDED = {
    Capability.MODEL: ("model",),
    Capability.GRADIENTS: ("model",),
    Capability.TRAIN: ("data.train",),
    Capability.TEST: ("data.test",),
    Capability.TRUSTED: ("data.trusted",),
}


def _inputs_problem(step: Step, target: Target) -> Outcome | None:
    """Return a `skipped` outcome where an input that the detector needs was declared but cannot be used."""
    for need in step.spec.needs:
        for prefix in _NEEDED.get(need, ()):
            bad = [r for r in target.records if r.name.startswith(prefix) and r.status != "usable"]
            if bad:
                first = bad[0]
                return Outcome(
                    detector=step.spec.id,
                    version=step.spec.version,
                    status=Status.SKIPPED,
                    options=dict(step.options),
                    reason=f"{first.name} cannot be used: {first.problem}",
                    blocked_by=first.blocked_by,
                )
    return None
