"""Examine every input in a worker, and decide which models may be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from assay.engine.supervisor import Task
from assay.engine.tasks import OutOfTime, TaskFailed, TaskRunner
from assay.model.outcome import Outcome
from assay.model.result import InputRecord
from assay.targets.refs import InputRef, Shard
from assay.targets.resolve import Resolved

EXAMINE = "assay.targets.intake:examine"
COMPARE = "assay.targets.intake:compare"
PROBE = "assay.targets.intake:probe"
SAFETY_METRIC = "artifact.unsafe-code.calls"

Report = Callable[[int, int], None]


def examine_inputs(resolved: Resolved, tasks: TaskRunner, report: Report) -> list[InputRecord]:
    """Return a record for each input: digest, size, format, facts, or the one sentence that says what is wrong."""
    records = []
    for index, ref in enumerate(resolved.inputs):
        report(index, len(resolved.inputs))
        if ref.name in resolved.unmatched:
            records.append(_record(ref, {"status": "unusable", "problem": resolved.unmatched[ref.name]}))
        else:
            records.append(_record(ref, _ask(tasks, EXAMINE, ref)))
    return _compare_tables(resolved, tasks, records)


def _compare_tables(resolved: Resolved, tasks: TaskRunner, records: list[InputRecord]) -> list[InputRecord]:
    """Check test and trusted data against the training data, where each is usable by itself."""
    usable = {record.name for record in records if record.status == "usable"}
    if "data.train" not in usable:
        return records
    compared = []
    for record, ref in zip(records, resolved.inputs, strict=True):
        if record.role == "data" and record.name != "data.train" and record.name in usable:
            found = _ask(tasks, COMPARE, ref)
            if found.get("status") != "usable":
                record = record.model_copy(update=_problem(ref, found))
        compared.append(record)
    return compared


def probe_models(
    resolved: Resolved,
    tasks: TaskRunner,
    records: list[InputRecord],
    outcomes: Iterable[Outcome],
    allow_unsandboxed: bool,
) -> list[InputRecord]:
    """Open each model that stage 0 found clean and ask it for a few predictions; refuse the others.

    Models are opened in a fresh worker that has read nothing else, and only where it proved its seal.
    """
    safety = {
        measurement.labels.get("file"): measurement.interval.high == 0
        for outcome in outcomes
        for measurement in outcome.measurements
        if measurement.metric == SAFETY_METRIC
    }
    bad = {
        measurement.labels.get("file")
        for outcome in outcomes
        for measurement in outcome.measurements
        if measurement.metric == SAFETY_METRIC and (measurement.interval.low or 0) > 0
    }
    clean = {ref.name for ref in resolved.inputs if ref.role == "model" and _clean(ref, safety)}
    sealed = tasks.seal is not None and tasks.seal.complete
    tasks.renew(replace(ref, spec={**ref.spec, "pickle_ok": ref.name in clean}) for ref in resolved.inputs)
    probed = []
    for record, ref in zip(records, resolved.inputs, strict=True):
        if record.role == "model" and record.status == "usable":
            if ref.name not in clean:
                record = _refused(record, ref, _below(ref, bad))
            elif sealed or allow_unsandboxed:
                record = _probed(record, ref, tasks)
            else:
                record = _unsealed(record, ref)
        probed.append(record)
    return probed


def _unsealed(record: InputRecord, ref: InputRef) -> InputRecord:
    problem = (
        f"{ref.shown}: was not loaded, because this machine cannot seal the worker (`assay detectors doctor` "
        "says why); scan on Linux with Landlock and seccomp, or add --allow-unsandboxed for a model that you trust"
    )
    return record.model_copy(update={"status": "refused", "problem": _placed(problem, ref)})


def _below(ref: InputRef, files: Iterable[str | None]) -> bool:
    return any(file == ref.shown or (file or "").startswith(ref.shown + "/") for file in files)


def _clean(ref: InputRef, safety: dict[str | None, bool]) -> bool:
    """Say whether stage 0 measured this model, a file or a folder, and found nothing anywhere in it."""
    found = [clean for file, clean in safety.items() if _below(ref, [file])]
    return bool(found) and all(found)


def _refused(record: InputRecord, ref: InputRef, bad: bool) -> InputRecord:
    why = "it holds forbidden code" if bad else "it was not shown to be free of code"
    problem = f"{ref.shown}: was not loaded, because {why}; see {SAFETY_METRIC}"
    update = {
        "status": "refused",
        "problem": _placed(problem, ref),
        "blocked_by": SAFETY_METRIC if bad else None,
    }
    return record.model_copy(update=update)


def _probed(record: InputRecord, ref: InputRef, tasks: TaskRunner) -> InputRecord:
    found = _ask(tasks, PROBE, ref)
    facts = {**record.facts, **_facts(found.get("facts"))}
    if found.get("status") == "usable":
        return record.model_copy(update={"facts": facts})
    return record.model_copy(update={"facts": facts, **_problem(ref, found)})


def _ask(tasks: TaskRunner, work: str, ref: InputRef) -> dict[str, Any]:
    """Return what the worker found out, or the reason why it could not."""
    try:
        found = tasks.run(Task(work, Shard(input=ref.name), {}))
    except TaskFailed as error:
        sentence = str(error) if error.unusable else f"{ref.shown}: {error}"
        return {"status": "unusable", "problem": sentence}
    except OutOfTime:
        return {
            "status": "unusable",
            "problem": f"{ref.shown}: not looked at, the time budget was spent; raise --budget",
        }
    return found if isinstance(found, dict) else {"status": "unusable", "problem": f"{ref.shown}: no answer"}


def _record(ref: InputRef, found: dict[str, Any]) -> InputRecord:
    record = InputRecord(
        name=ref.name,
        role=ref.role,
        path=ref.shown,
        where=ref.where,
        sha256=found.get("sha256"),
        size=found.get("size"),
        format=found.get("format"),
        facts=_facts(found.get("facts")),
    )
    return record if found.get("status") == "usable" else record.model_copy(update=_problem(ref, found))


def _facts(found: Any) -> dict[str, Any]:
    """Keep what a record may hold; facts come from a worker that opened untrusted files."""
    if not isinstance(found, dict):
        return {}
    return {str(name)[:80]: value for name, value in list(found.items())[:50] if _is_fact(value)}


def _is_fact(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 1000 and all(isinstance(item, str) and len(item) <= 300 for item in value)
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 1000)


def _problem(ref: InputRef, found: dict[str, Any]) -> dict[str, Any]:
    sentence = str(found.get("problem") or f"{ref.shown}: cannot be used")
    return {"status": "unusable", "problem": _placed(sentence, ref)}


def _placed(sentence: str, ref: InputRef) -> str:
    """Name the line of the manifest, where there is one."""
    return f"{sentence} ({ref.where})" if ref.where and ref.where not in sentence else sentence
