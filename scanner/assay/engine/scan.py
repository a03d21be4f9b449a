"""One scan: from a request to the record of a run."""

from __future__ import annotations

import datetime
import importlib.util
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from assay.engine.catalogue import Catalogue
from assay.engine.context import Asked, Progress
from assay.engine.memory import Memory
from assay.engine.option_files import with_option_files
from assay.engine.plan import Plan, make_plan
from assay.engine.run import Run, Setting, execute
from assay.engine.spool import Spool
from assay.engine.store import Store, StoreProblem
from assay.engine.tasks import Limits, TaskRunner
from assay.model.outcome import Status
from assay.model.result import FileDigest, Provenance, RunFacts, RunRecord
from assay.model.visible import visible
from assay.targets.resolve import Resolved, resolve
from assay.targets.trust import NO_TRUST, Trust
from assay.version import __version__

_LIBRARIES = {
    "data": ("pandas", "pyarrow"),
    "models": ("skops", "scikit-learn", "safetensors", "onnxruntime"),
    "adversarial": ("torch", "adversarial-robustness-toolbox"),
    "pii": ("presidio-analyzer", "phonenumbers", "hyperscan"),
    "stats": ("scipy", "scikit-learn"),
}


@dataclass(frozen=True)
class ScanRequest:
    """What the user asked for."""

    path: Path
    seed: int = 0
    budget_seconds: float | None = None
    engine: Literal["inline", "local"] = "local"
    """`inline`: one worker, in sequence. `local`: `jobs` workers."""
    jobs: int | None = None
    """Workers of the engine `local`; None: one for each core that this process may use."""
    cache: Path | None = None
    """Where results are remembered; None: nowhere."""
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options from the policy, by detector."""
    argv: tuple[str, ...] = ()
    allow_unsandboxed: bool = False
    """Load models even where the worker cannot be sealed; the result says so."""
    trust: Trust = NO_TRUST
    """What the user trusts besides the allowlist of model files; the result names it."""

    @property
    def workers(self) -> int:
        """Return how many workers there are."""
        if self.engine == "inline":
            return 1
        return self.jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else self.jobs or 1


def plan_scan(request: ScanRequest, catalogue: Catalogue) -> tuple[Resolved, Plan]:
    """Resolve the target and plan; nothing runs.

    Raises:
        InvalidInput: the manifest or an option is invalid, or there is no such path.
        NotAssessed: there is nothing to scan.
    """
    resolved = replace(resolve(request.path), trust=request.trust)
    plan = make_plan(catalogue.specs.values(), resolved.declared, request.params, _importable)
    return with_option_files(resolved, plan), plan


def scan(
    request: ScanRequest, catalogue: Catalogue, asked: Asked, progress: Progress, spool: Spool | None
) -> RunRecord:
    """Resolve, plan, run; located observations go to `spool`, in the order of the detectors. Raises as `plan_scan`."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    resolved, plan = plan_scan(request, catalogue)
    deadline = None if request.budget_seconds is None else clock + request.budget_seconds
    limits = Limits(jobs=request.workers, deadline=deadline, memory_bytes=memory_share(request.workers))
    store, told = _open_store(request.cache)
    memory = Memory(store)
    tasks = TaskRunner(resolved.manifest.model_dump(mode="json"), resolved.inputs, limits, memory)
    setting = Setting(request.seed, progress, asked, spool is not None, request.allow_unsandboxed)
    try:
        run = execute(plan, catalogue.broken, resolved, tasks, setting)
    finally:
        if store is not None:
            store.close()
    if spool is not None:
        for detector in sorted(run.spools):
            spool.extend(run.spools[detector])
    facts = RunFacts(
        argv=tuple(visible(part) for part in request.argv),
        started=started.isoformat(timespec="milliseconds"),
        seconds=round(time.monotonic() - clock, 3),
        engine=request.engine,
        jobs=request.workers,
        store=memory.problem or told,
        python=platform.python_version(),
        platform=platform.platform(),
        interrupted=run.interrupted,
        sandbox=run.seal.lines if run.seal is not None else (),
        unsandboxed=request.allow_unsandboxed and (run.seal is None or not run.seal.complete),
        folder=_folder(resolved.root),
    )
    return RunRecord(
        provenance=_provenance(request, resolved, catalogue, plan, run).model_copy(update={"run": facts}),
        outcomes=tuple(run.outcomes),
    )


def _open_store(path: Path | None) -> tuple[Store | None, str]:
    """Return the store, or the reason why the scan goes on without one."""
    if path is None:
        return None, "not used"
    try:
        return Store.open(path, now=time.time()), "used"
    except StoreProblem as problem:
        return None, str(problem)


def memory_share(workers: int) -> int:
    """Return the bytes of data that one worker may use: a share of what is available now, between 2 and 64 GiB."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            line = next(line for line in stream if line.startswith("MemAvailable:"))
        available = int(line.split()[1]) * 1024
    except (OSError, StopIteration, ValueError):
        available = 8 << 30
    return min(max(int(available * 0.8 / workers), 2 << 30), 64 << 30)


def _folder(root: Path) -> str:
    """Return the folder of the target relative to the working folder, for reports that point into a checkout."""
    relative = os.path.relpath(root)
    return "" if relative.startswith("..") or relative == "." else visible(relative.replace(os.sep, "/"))


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _provenance(request: ScanRequest, resolved: Resolved, catalogue: Catalogue, plan: Plan, run: Run) -> Provenance:
    ran = {outcome.detector for outcome in run.outcomes if outcome.status is Status.RAN}
    return Provenance(
        target=resolved.manifest.name,
        manifest=resolved.digest,
        manifest_facts=_facts(resolved, run),
        inputs=(*run.records, *run.beside),
        declared=tuple(sorted(capability.value for capability in resolved.declared)),
        not_covered=resolved.left_out + resolved.trust.ended,
        trust=tuple(FileDigest(path=path, sha256=sha256) for path, sha256 in resolved.trust.files),
        trusted=resolved.trust.entries,
        seed=request.seed,
        budget=None if request.budget_seconds is None else f"{request.budget_seconds:g}s",
        versions=_versions(plan, ran, catalogue, run),
    )


def _facts(resolved: Resolved, run: Run) -> dict[str, str]:
    """Return what rules may ask for in `when`."""
    facts = {"target.name": resolved.manifest.name}
    if resolved.manifest.task is not None:
        facts["target.task"] = resolved.manifest.task
    models = [record for record in run.records if record.role == "model"]
    if len({record.format for record in models}) == 1 and models[0].format is not None:
        facts["model.format"] = models[0].format
    return facts


def _versions(plan: Plan, ran: set[str], catalogue: Catalogue, run: Run) -> dict[str, str]:
    """Return the versions of what took part: Assay, Python, plugins, libraries of the extras in use."""
    found = {"model-assay": __version__, "python": ".".join(str(part) for part in sys.version_info[:3])}
    extras = {extra for step in plan.steps if step.spec.id in ran for extra in step.spec.extras}
    if any(record.role == "data" for record in run.records):
        extras.add("data")
    if any(record.role == "model" for record in run.records):
        extras |= {"models", "adversarial"}
    for library in sorted({name for extra in extras for name in _LIBRARIES.get(extra, ())}):
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    for detector, plugin in (catalogue.plugins or {}).items():
        if detector in ran:
            found[f"plugin:{detector}"] = plugin
    return found
