"""Run a plan: effects, in order. Whatever a detector does, it ends as an outcome, and loses nothing of the others."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

from pydantic import ValidationError

from assay.attempt import attempt
from assay.detector import Detector, DetectorFailed, DetectorNotApplicable, SkipDetector
from assay.engine.catalogue import Broken, load_body
from assay.engine.context import Progress, RunContext, Settled
from assay.engine.contract import ContractBroken, check
from assay.engine.intake import examine_inputs, probe_models
from assay.engine.plan import Plan, Step
from assay.engine.room import Seal
from assay.engine.spool import Spool
from assay.engine.tasks import OutOfTime, TaskFailed, TaskRunner
from assay.model.measurement import Measurement
from assay.model.outcome import Cost, Outcome, Status
from assay.model.result import InputRecord
from assay.model.spec import Capability
from assay.targets.base import Target
from assay.targets.resolve import Resolved


@dataclass
class Run:
    """What a run found out; grows while it goes, so that an interrupt keeps what is there."""

    records: list[InputRecord] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False
    seal: Seal | None = None


@dataclass(frozen=True)
class Setting:
    """How to run."""

    seed: int
    spool: Spool | None
    progress: Progress
    settled: Settled
    allow_unsandboxed: bool = False


def execute(plan: Plan, broken: Iterable[Broken], resolved: Resolved, tasks: TaskRunner, setting: Setting) -> Run:
    """Run `plan`; an interrupt (KeyboardInterrupt) ends it early, and the rest is `cancelled`."""
    run = Run(outcomes=[*plan.left_out, *(_broken(entry) for entry in broken)])
    target = Target(resolved.manifest, resolved.root, resolved.inputs)
    left = list(plan.steps)
    try:
        run.records = examine_inputs(resolved, tasks, lambda done, of: setting.progress("inputs", done, of))
        stages = [list(steps) for _, steps in groupby(plan.steps, key=lambda step: step.spec.stage == 0)]
        for steps in stages:
            if steps[0].spec.stage > 0:
                run.records = _probe(run, resolved, tasks, setting)
            target = replace(target, records=tuple(run.records))
            for step in steps:
                run.outcomes.append(_run_step(step, target, tasks, setting))
                left.remove(step)
        if not any(step.spec.stage > 0 for step in plan.steps):
            run.records = _probe(run, resolved, tasks, setting)
    except KeyboardInterrupt:
        run.interrupted = True
        done = {outcome.detector for outcome in run.outcomes}
        reason = "the scan was interrupted before this check ended"
        run.outcomes.extend(
            Outcome(detector=step.spec.id, version=step.spec.version, status=Status.CANCELLED, reason=reason)
            for step in left
            if step.spec.id not in done
        )
    finally:
        run.seal = tasks.seal
        tasks.stop()
    run.outcomes.sort(key=lambda outcome: outcome.detector)
    return run


def _probe(run: Run, resolved: Resolved, tasks: TaskRunner, setting: Setting) -> list[InputRecord]:
    if not any(ref.role == "model" for ref in resolved.inputs):
        return run.records
    return probe_models(resolved, tasks, run.records, run.outcomes, setting.allow_unsandboxed)


def _broken(entry: Broken) -> Outcome:
    return Outcome(detector=entry.name, status=Status.FAILED, reason=entry.reason)


def _run_step(step: Step, target: Target, tasks: TaskRunner, setting: Setting) -> Outcome:
    """Return the outcome of one detector, whatever it does."""
    spec = step.spec
    blocked = _inputs_problem(step, target)
    if blocked is not None:
        return blocked
    ctx = RunContext(
        spec,
        step.options,
        tasks,
        seed=setting.seed,
        spool=setting.spool,
        progress=setting.progress,
        settled=setting.settled,
    )
    measurements: list[Measurement] = []
    started, cpu = time.monotonic(), time.process_time() + tasks.cpu_seconds
    tried = attempt(lambda: _collect(load_body(spec), target, ctx, measurements))
    status, reason = _ending(tried.error, tried.sentence)
    return Outcome(
        detector=spec.id,
        version=spec.version,
        status=status,
        reason=reason,
        measurements=tuple(measurements),
        not_covered=tuple(ctx.sentences),
        cost=Cost(
            cpu_seconds=round(time.process_time() + tasks.cpu_seconds - cpu, 3),
            peak_rss_mb=round(tasks.peak_rss_mb, 1),
            wall_seconds=round(time.monotonic() - started, 3),
        ),
    )


def _collect(detector: Detector, target: Target, ctx: RunContext, into: list[Measurement]) -> None:
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    found: Iterator[Measurement] = iter(detector.run(target, ctx))
    for measurement in found:
        into.append(check(detector.spec, measurement, seen))


def _ending(error: Exception | None, sentence: str) -> tuple[Status, str | None]:
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
                    reason=f"{first.name} cannot be used: {first.problem}",
                    blocked_by=first.blocked_by,
                )
    return None
