"""A CycloneDX 1.6 ML-BOM: models and data by digest, each model with a card filled from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from assay.model.evidence import Observation
from assay.model.measurement import Measurement
from assay.model.result import InputRecord, ScanResult
from assay.reports.identity import assay_version, document_uuid, exact_number, policy_digest, started, timestamp
from assay.reports.inputs import about, rests_on
from assay.reports.json_text import dump
from assay.reports.text import labels, level, safe, sentence

NAME = 200
TARGET = "target"
_TEXT = 1000
_DATA_ROLES = ("data", "log")
_OF_DATA = ("pii.", "poisoning.", "data.")
_OF_MODELS = frozenset({"poisoning.backdoor-model"})


def render(result: ScanResult) -> str:
    """Return the bill of materials as ASCII JSON."""
    return dump(_document(result))


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the document whole; observations have their own format."""
    del observations
    yield render(result)


def _document(result: ScanResult) -> dict[str, Any]:
    inputs = [(f"input-{number}", record) for number, record in enumerate(result.provenance.inputs, 1)]
    models = _models(inputs)
    cards = _cards(result, models)
    moment = started(result)
    whole: dict[str, Any] = {
        "type": "machine-learning-model" if models else "data",
        "bom-ref": TARGET,
        "name": safe(result.provenance.target, NAME) or "target",
        "properties": _verdict(result),
    }
    if models and cards.get(TARGET):
        whole["modelCard"] = cards[TARGET]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{document_uuid(result, 'mlbom')}",
        "version": 1,
        "metadata": {
            **({"timestamp": timestamp(moment)} if moment else {}),
            "tools": {"components": [{"type": "application", "name": "Assay", **_version(result)}]},
            "component": whole,
        },
        "components": [_component(ref, record, cards.get(ref)) for ref, record in inputs],
        "dependencies": _dependencies(inputs, models),
    }


def _models(inputs: list[tuple[str, InputRecord]]) -> dict[str, InputRecord]:
    """Return the models by reference; where none is declared, the artifacts are what was given as such."""
    by_role = {role: {ref: r for ref, r in inputs if r.role.startswith(role)} for role in ("model", "artifact")}
    return by_role["model"] or by_role["artifact"]


def _dependencies(inputs: list[tuple[str, InputRecord]], models: dict[str, InputRecord]) -> list[dict[str, Any]]:
    """Return what the target is made of, and what each model rests on."""
    refs = {record.name: ref for ref, record in inputs}
    every = tuple(record for _, record in inputs)
    parts = {TARGET: [ref for ref, _ in inputs]}
    parts |= {ref: [refs[r.name] for r in rests_on(model, every)] for ref, model in models.items()}
    return [{"ref": ref, "dependsOn": list(dict.fromkeys(on))} for ref, on in parts.items() if on or ref == TARGET]


def _version(result: ScanResult) -> dict[str, str]:
    version = assay_version(result)
    return {"version": version} if version else {}


def _component(ref: str, record: InputRecord, card: dict[str, Any] | None) -> dict[str, Any]:
    kind = "machine-learning-model" if card is not None else "data" if record.role.startswith(_DATA_ROLES) else "file"
    facts = {"role": record.role, "path": record.path, "status": record.status, "format": record.format}
    entry: dict[str, Any] = {
        "type": kind,
        "bom-ref": ref,
        "name": safe(record.name, NAME) or ref,
        "properties": _properties(facts | {"size": record.size, "problem": record.problem}),
    }
    if about(record):
        entry["description"] = about(record)
    if record.sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": record.sha256}]
    if kind == "data":
        described = f"{record.role}: {record.path}"
        what = "dataset" if record.role.startswith("data") else "other"
        entry["data"] = [{"type": what, "name": safe(record.name, NAME), "description": safe(described)}]
    if card is not None:
        entry["modelCard"] = card
    return entry


def _properties(facts: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": f"assay:{safe(name, 120)}", "value": safe(str(value), _TEXT)}
        for name, value in facts.items()
        if value is not None and value != ""
    ]


def _verdict(result: ScanResult) -> list[dict[str, str]]:
    verdict = result.verdict
    coverage = verdict.coverage
    manifest = result.provenance.manifest
    facts: dict[str, Any] = {
        "verdict:status": verdict.status,
        "verdict:exit-code": verdict.exit_code,
        "verdict:policy": verdict.policy,
        "verdict:policy:sha256": policy_digest(result),
        "verdict:coverage": f"checked {coverage.checked} of {coverage.required} required",
        "verdict:inconclusive": coverage.inconclusive,
        "verdict:score": None if verdict.score is None else exact_number(verdict.score),
        "manifest:sha256": manifest.sha256 if manifest else None,
        "seed": result.provenance.seed,
    }
    blocking = sorted({d.rule for d in verdict.decisions if d.blocks})
    return _properties(facts) + [
        {"name": "assay:verdict:blocked-by", "value": safe(rule, NAME)} for rule in blocking[:1000]
    ]


def _cards(result: ScanResult, models: dict[str, InputRecord]) -> dict[str, dict[str, Any]]:
    """Return a card per model, and one of the target for what is about data or logs, or about no single model."""
    sole = next(iter(models)) if len(models) == 1 else TARGET
    named = {name: ref for ref, r in models.items() for name in (r.path, r.name)}
    sorted_out: dict[str, list[Measurement]] = {ref: [] for ref in (*models, TARGET)}
    for outcome in result.outcomes:
        for measurement in outcome.measurements:
            other = TARGET if outcome.detector.startswith(_OF_DATA) and outcome.detector not in _OF_MODELS else sole
            owner = next((named[v] for v in measurement.labels.values() if v in named), other)
            sorted_out[owner].append(measurement)
    return {
        ref: _card(result, measurements)
        for ref, measurements in sorted_out.items()
        if ref in models or (measurements and models)
    }


def _card(result: ScanResult, measurements: list[Measurement]) -> dict[str, Any]:
    facts = result.provenance.manifest_facts
    task = facts.get("target.task") or facts.get("task") or ""
    data = [{"ref": f"input-{n}"} for n, r in enumerate(result.provenance.inputs, 1) if r.role.startswith("data")]
    parameters = ({"task": safe(task, NAME)} if task else {}) | ({"datasets": data} if data else {})
    limitations = _limitations(result)
    return {
        **({"modelParameters": parameters} if parameters else {}),
        "quantitativeAnalysis": {"performanceMetrics": [_metric(m) for m in measurements]},
        **({"considerations": {"technicalLimitations": limitations}} if limitations else {}),
        "properties": [_method(m) for m in measurements],
    }


def _metric(measurement: Measurement) -> dict[str, Any]:
    interval = measurement.interval
    bounds = {"lowerBound": interval.low, "upperBound": interval.high}
    shown = {name: exact_number(end) for name, end in bounds.items() if end is not None}
    entry: dict[str, Any] = {"type": measurement.metric, "value": exact_number(measurement.value)}
    if measurement.labels:
        entry["slice"] = labels(measurement.labels)
    return entry | ({"confidenceInterval": shown} if shown else {})


def _method(measurement: Measurement) -> dict[str, str]:
    """Say how a number came about: the metric of this format has no room for it."""
    interval = measurement.interval
    how = f"{level(interval)} ({safe(interval.method, 80)}), n = {measurement.n}; {safe(measurement.method, 300)}"
    told = labels(measurement.labels, 120)
    name = f"assay:method:{measurement.metric}" + (f"{{{told}}}" if told else "")
    return {"name": name, "value": how}


def _limitations(result: ScanResult) -> list[str]:
    gaps = [*result.verdict.coverage.not_covered, *result.provenance.not_covered]
    for outcome in result.outcomes:
        gaps += outcome.not_covered
        gaps += [f"{u.metric} could not be measured: {u.reason}" for u in outcome.unresolved]
    return list(dict.fromkeys(sentence(safe(words, _TEXT)) for words in gaps if words.strip()))
