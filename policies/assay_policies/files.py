"""Check a file that a user wrote, whatever it is: a policy, a manifest or a policy test, told apart by content."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from assay.documents.validate import validate
from assay.documents.yaml_text import YamlText
from assay.model.manifest import Manifest
from assay.model.near import closest
from assay.model.spec import DetectorSpec
from assay_policies.check import Known
from assay_policies.load import fold, read_policy
from assay_policies.schema import Policy
from assay_policies.table import PolicyTest

Kind = Literal["policy", "manifest", "policy test"]
_NOUNS: dict[Kind, type[BaseModel]] = {"policy": Policy, "manifest": Manifest, "policy test": PolicyTest}


class Checked(NamedTuple):
    """A valid file."""

    kind: Kind
    text: str
    """What it holds, in a few words."""
    notes: tuple[str, ...] = ()


def check_named(name: str, specs: Mapping[str, DetectorSpec], broken: frozenset[str], today: datetime.date) -> Checked:
    """Check a file or built-in policy.

    Raises:
        InvalidInput: what is wrong, with place, line and caret.
    """
    file = read_policy(name, Path())
    text = file.text
    kind = kind_of(text)
    if kind == "manifest":
        manifest = validate(text, Manifest)
        return Checked(kind, f"manifest of {manifest.name!r}, {_parts(manifest)}")
    if kind == "policy test":
        from assay_policies.table_run import read_table

        table = read_table(text, file.folder, specs, broken)
        return Checked(kind, f"policy test, {len(table.tests.cases)} cases (`assay policy test` runs them)")
    loaded = fold(file, Known(specs, broken, today))
    rules = loaded.policy.rules
    chain = " <- ".join(digest.path for digest in reversed(loaded.chain))
    required = sum(rule.required is not False for rule in rules)
    return Checked(kind, f"{len(rules)} rules, {required} required ({chain})", loaded.notes)


def kind_of(text: YamlText) -> Kind:
    """Return what the file is meant to be: the noun that knows most of its keys, misspelt ones counted half."""
    keys = [str(key) for key in text.data if key != "version"]
    scores = {kind: sum(_knows(noun, key) for key in keys) for kind, noun in _NOUNS.items()}
    best = max(scores.values())
    if Path(text.source).name in ("assay.yaml", "assay.yml") and scores["manifest"] == best:
        return "manifest"
    return next(kind for kind, score in scores.items() if score == best)


def _knows(noun: type[BaseModel], key: str) -> float:
    if key in noun.model_fields:
        return 1.0
    return 0.5 if closest(key, noun.model_fields) is not None else 0.0


def _parts(manifest: Manifest) -> str:
    fields: dict[str, Any] = {name: getattr(manifest, name) for name in ("model", "models", "artifacts", "logs")}
    given = [name for name, value in fields.items() if value]
    given += [f"data.{role}" for role in ("train", "test", "trusted") if getattr(manifest.data, role) is not None]
    return f"declares {', '.join(given) or 'nothing to scan'}"
