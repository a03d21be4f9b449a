"""Inputs in words: what a file is to the target, and which files only stand beside a model."""

from __future__ import annotations

from assay.model.result import InputRecord

BESIDE = {
    "code": "code that the factory of a model may import",
    "companion": "file that holds weights of a model",
    "option": "named by an option of a detector",
}
"""Roles of inputs that the manifest does not name: a model or a check rests on them. They are not looked into."""


def about(record: InputRecord) -> str:
    """Return what an input beside a model is; empty for one that the manifest names."""
    return BESIDE.get(record.role, "")


def described(record: InputRecord) -> str:
    """Return name and path, and what it is where the name does not say so."""
    words = about(record)
    named = record.name if record.path in record.name else f"{record.name}: {record.path}"
    return f"{named} ({words})" if words else named


def rests_on(model: InputRecord, inputs: tuple[InputRecord, ...]) -> list[InputRecord]:
    """Return the inputs that a model says it rests on: its weights in other files, the code of its factory."""
    companions = model.facts.get("companions")
    files = companions if isinstance(companions, list) else []
    built = "factory" in model.facts
    return [r for r in inputs if (r.role == "companion" and r.path in files) or (r.role == "code" and built)]


def named_first(inputs: tuple[InputRecord, ...]) -> list[InputRecord]:
    """Return the inputs, those beside a model last."""
    return sorted(inputs, key=lambda record: record.role in BESIDE)
