"""Examine every input in a worker, and decide which models may be loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from assay.engine.beside import code_of, companions_of
from assay.engine.keys import Contents, stamps, task_key
from assay.engine.supervisor import Task
from assay.engine.tasks import OutOfTime, TaskFailed, TaskRunner
from assay.model.outcome import Outcome
from assay.model.result import InputRecord
from assay.targets.refs import InputRef, Shard
from assay.targets.resolve import Resolved

IDENTIFY = "assay.targets.intake:identify"
EXAMINE = "assay.targets.intake:examine"
COMPARE = "assay.targets.intake:compare"
PROBE = "assay.targets.intake:probe"
INTAKE_SECONDS = 300.0
SAFETY_METRIC = "artifact.unsafe-code.calls"

_UNREAD = "{}: cannot be read, and a model rests on it; check its permissions, and put a file in place of a link"
_SHA256 = re.compile("[0-9a-f]{64}")

Report = Callable[[int, int], None]


class Intake:
    """The intake of one scan: identities first, then what each input is, then the models."""

    def __init__(self, resolved: Resolved, tasks: TaskRunner, seed: int) -> None:
        self._resolved, self._tasks, self._seed = resolved, tasks, seed
        self._identities: dict[str, dict[str, Any]] = {}
        self._sealed_only = True
        self._stamps = stamps(resolved.inputs)
        self.records: list[InputRecord] = []
        self.beside: list[InputRecord] = []
        """Code of factories and companions of models: by content only, not among `records`."""
        self._beside: list[InputRef] = []
        self._beside_stamps: dict[str, list[int] | None] = {}

    @cached_property
    def contents(self) -> Contents:
        """Return what is scanned, by content; asked for once every input has been identified."""
        digests = {name: found["sha256"] for name, found in self._identities.items()}
        manifest = self._resolved.manifest.model_dump(mode="json")
        return Contents(self._resolved.inputs, digests, manifest, self._seed, self._resolved.trust.told)

    def check_unchanged(self) -> None:
        """Say of each input that changed while it was scanned that it cannot be judged, and remember nothing of it."""
        now = stamps(self._resolved.inputs)
        for index, ref in enumerate(self._resolved.inputs):
            if now[ref.name] != self._stamps[ref.name]:
                problem = f"{ref.shown}: changed while it was scanned; scan again when nothing writes to it"
                self.records[index] = self.records[index].model_copy(update=_problem(ref, {"problem": problem}))
                self._tasks.memory.forget()
        now = stamps(self._beside)
        for index, ref in enumerate(self._beside):
            if now[ref.name] != self._beside_stamps[ref.name]:
                problem = f"{ref.shown}: changed while it was scanned; scan again when nothing writes to it"
                self.beside[index] = self.beside[index].model_copy(update=_problem(ref, {"problem": problem}))
                self._tasks.memory.forget()

    def examine(self, report: Report) -> None:
        """Fill `records`: digest, size, format, facts, or the one sentence that says what is wrong."""
        there = [ref for ref in self._resolved.inputs if ref.name not in self._resolved.unmatched]
        for ref, found in zip(there, self._ask_all(IDENTIFY, there, keep=False), strict=True):
            if _is_identity(found):
                self._identities[ref.name] = found
        examined = {}
        for index, (ref, found) in enumerate(zip(there, self._ask_all(EXAMINE, there, keep=True), strict=True)):
            report(index + 1, len(there))
            examined[ref.name] = found
        self.records = [
            _record(ref, examined.get(ref.name) or _unmatched(self._resolved.unmatched[ref.name]))
            for ref in self._resolved.inputs
        ]
        self._look_beside()
        self._compare()

    def _look_beside(self) -> None:
        """Record what the models rest on besides their own files, hashed by a worker that may read it for the model."""
        facts = {record.name: record.facts.get("companions") for record in self.records}
        named = {name: found for name, found in facts.items() if isinstance(found, list)}
        inputs = self._resolved.inputs
        self._beside = [*code_of(inputs), *companions_of(inputs, named)]
        self._beside_stamps = stamps(self._beside)
        tasks = [
            Task(IDENTIFY, Shard(ref.spec["of"], extra={"beside": ref.path}), {}, seconds=INTAKE_SECONDS)
            for ref in self._beside
        ]
        for ref, found in zip(self._beside, self._answers(self._beside, tasks), strict=True):
            known = {**found, "status": "usable"} if _is_identity(found) else _unmatched(_UNREAD.format(ref.shown))
            self.beside.append(_record(ref, known))
        for index, (record, ref) in enumerate(zip(self.records, inputs, strict=True)):
            if ref.role == "model" and ref.spec.get("factory"):
                facts = {**record.facts, "factory": str(ref.spec["factory"])}
                self.records[index] = record.model_copy(update={"facts": facts})

    def probe(self, outcomes: Iterable[Outcome], allow_unsandboxed: bool) -> None:
        """Open each model that stage 0 found clean and ask it for a few predictions; refuse the others.

        Models are opened in fresh workers that have read nothing else, and only where these prove their seal.
        """
        inputs = self._resolved.inputs
        if not any(ref.role == "model" for ref in inputs):
            return
        self._sealed_only = not allow_unsandboxed
        safety = _safety(outcomes)
        clean = {ref.name for ref in inputs if ref.role == "model" and _is_clean(ref, safety)}
        self._tasks.renew(replace(ref, spec={**ref.spec, "pickle_ok": ref.name in clean}) for ref in inputs)
        sealed = self._tasks.seal is not None and self._tasks.seal.complete
        may_load = sealed or allow_unsandboxed
        probed = {}
        asked = [ref for ref in inputs if ref.name in clean and may_load and self._is_usable(ref)]
        for ref, found in zip(asked, self._ask_all(PROBE, asked, keep=True), strict=True):
            probed[ref.name] = found
        for index, (record, ref) in enumerate(zip(self.records, inputs, strict=True)):
            if ref.role != "model" or record.status != "usable":
                continue
            if ref.name in probed:
                self.records[index] = _probed(record, ref, probed[ref.name])
            else:
                bad = any(count > 0 for count, _ in _of_model(ref, safety))
                self.records[index] = _refused(record, ref, bad) if ref.name not in clean else _unsealed(record, ref)

    def _is_usable(self, ref: InputRef) -> bool:
        return any(record.name == ref.name and record.status == "usable" for record in self.records)

    def _compare(self) -> None:
        """Check test and trusted data against the training data, where each is usable by itself."""
        usable = {record.name for record in self.records if record.status == "usable"}
        if "data.train" not in usable:
            return
        asked = [r for r in self._resolved.inputs if r.role == "data" and r.name in usable and r.name != "data.train"]
        found = dict(zip((ref.name for ref in asked), self._ask_all(COMPARE, asked, keep=True), strict=True))
        for index, (record, ref) in enumerate(zip(self.records, self._resolved.inputs, strict=True)):
            if ref.name in found and found[ref.name].get("status") != "usable":
                self.records[index] = record.model_copy(update=_problem(ref, found[ref.name]))

    def _ask_all(self, work: str, refs: list[InputRef], keep: bool) -> list[dict[str, Any]]:
        """Return what the workers found out about each input, or the reason why they could not."""
        return self._answers(refs, [self._task(work, ref, keep) for ref in refs])

    def _answers(self, refs: list[InputRef], tasks: list[Task]) -> list[dict[str, Any]]:
        found = []
        for ref, (_, future) in zip(refs, self._tasks.run_all(tasks), strict=True):
            try:
                value = future.result()
            except TaskFailed as error:
                value = _unmatched(str(error) if error.unusable else f"{ref.shown}: {error}")
            except OutOfTime:
                value = _unmatched(f"{ref.shown}: not looked at, the time budget was spent; raise --budget")
            found.append(value if isinstance(value, dict) else _unmatched(f"{ref.shown}: no answer"))
        return found

    def _task(self, work: str, ref: InputRef, keep: bool) -> Task:
        known = self._identities.get(ref.name, {}) if work == EXAMINE else {}
        task = Task(work, Shard(input=ref.name, extra=known), {}, seconds=INTAKE_SECONDS)
        if work == PROBE:
            task = replace(task, group=f"model:{ref.name}", sealed=self._sealed_only)
        if not keep or not self._tasks.memory.active:
            return task
        return replace(task, key=task_key(task, self.contents, None, {}))


def _safety(outcomes: Iterable[Outcome]) -> dict[str, tuple[float, float | None]]:
    """Return, by file, how many forbidden calls there are: at least, and at most."""
    return {
        measurement.labels.get("file", ""): (measurement.interval.low or 0, measurement.interval.high)
        for outcome in outcomes
        for measurement in outcome.measurements
        if measurement.metric == SAFETY_METRIC
    }


def _of_model(ref: InputRef, safety: dict[str, tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Return what stage 0 measured of this model, which may be a folder."""
    return [counts for file, counts in safety.items() if file == ref.shown or file.startswith(ref.shown + "/")]


def _is_clean(ref: InputRef, safety: dict[str, tuple[float, float | None]]) -> bool:
    found = _of_model(ref, safety)
    return bool(found) and all(high == 0 for _, high in found)


def _unsealed(record: InputRecord, ref: InputRef) -> InputRecord:
    problem = (
        f"{ref.shown}: was not loaded, because this machine cannot seal the worker (`assay detectors doctor` "
        "says why); scan on Linux with Landlock and seccomp, or add --allow-unsandboxed for a model that you trust"
    )
    return record.model_copy(update={"status": "refused", "problem": _placed(problem, ref)})


def _refused(record: InputRecord, ref: InputRef, bad: bool) -> InputRecord:
    why = "it holds forbidden code" if bad else "it was not shown to be free of code"
    problem = f"{ref.shown}: was not loaded, because {why}; see {SAFETY_METRIC}"
    update = {"status": "refused", "problem": _placed(problem, ref), "blocked_by": SAFETY_METRIC if bad else None}
    return record.model_copy(update=update)


def _probed(record: InputRecord, ref: InputRef, found: dict[str, Any]) -> InputRecord:
    facts = {**record.facts, **_facts(found.get("facts"))}
    if found.get("status") == "usable":
        return record.model_copy(update={"facts": facts})
    return record.model_copy(update={"facts": facts, **_problem(ref, found)})


def _unmatched(sentence: str) -> dict[str, Any]:
    return {"status": "unusable", "problem": sentence}


def _is_identity(found: dict[str, Any]) -> bool:
    """Say whether a worker's answer is an identity in the agreed form."""
    sha256, size = found.get("sha256"), found.get("size")
    return isinstance(sha256, str) and _SHA256.fullmatch(sha256) is not None and type(size) is int and size >= 0


def _record(ref: InputRef, found: dict[str, Any]) -> InputRecord:
    identity = {key: found.get(key) for key in ("sha256", "size")}
    if identity != {"sha256": None, "size": None} and not _is_identity(identity):
        found = _unmatched(f"{ref.shown}: the worker gave an answer in the wrong form; the input may be hostile")
    record = InputRecord(
        name=ref.name,
        role=ref.role,
        path=ref.shown,
        where=ref.where,
        sha256=found.get("sha256"),
        size=found.get("size"),
        format=str(found["format"])[:80] if found.get("format") is not None else None,
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
