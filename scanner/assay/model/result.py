"""ScanResult: all that a scan says, in one versioned JSON document."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import ValidationError

from assay.model.base import Finite, Noun, Sha256
from assay.model.errors import InvalidInput
from assay.model.outcome import Outcome, Status
from assay.model.trust import TrustEntry
from assay.model.verdict import Verdict

SCHEMA_VERSION = "1"


class InputRecord(Noun):
    """One input as the intake found it."""

    name: str
    role: str
    """`model`, `artifact`, `data`, `log`, `reference`, `option` (named by an option of a detector); and, by content
    only, looked into by no detector: `code` (what a factory may import) and `companion` (what holds the tensors of an
    ONNX model)."""
    path: str
    """Relative to the folder of the manifest."""
    where: str = ""
    """`file:line:column` of the manifest."""
    status: Literal["usable", "unusable", "refused"] = "usable"
    """`refused`: a stage-0 finding forbids loading it."""
    problem: str | None = None
    """One sentence with place and remedy, where it is not usable."""
    blocked_by: str | None = None
    """Metric that forbids loading, for `refused`."""
    sha256: Sha256 | None = None
    size: int | None = None
    format: str | None = None
    facts: dict[str, str | int | float | bool | list[str] | None] = {}


class FileDigest(Noun):
    """A file by content."""

    path: str
    sha256: Sha256


class RunFacts(Noun):
    """How this run went; not part of the canonical form."""

    argv: tuple[str, ...] = ()
    started: str = ""
    seconds: Finite = 0.0
    engine: str = "local"
    jobs: int = 1
    store: str = ""
    """Where results were remembered, or why they were not."""
    sandbox: tuple[str, ...] = ()
    """Layers that were active in every worker."""
    unsandboxed: bool = False
    """Models were loaded in a worker that could not be sealed."""
    folder: str = ""
    """Folder of the target, relative to where the scan was started; empty where it lies outside."""
    python: str = ""
    platform: str = ""
    interrupted: bool = False


class Provenance(Noun):
    """Where the numbers come from."""

    target: str
    """Name of the target."""
    manifest: FileDigest | None = None
    manifest_facts: dict[str, str] = {}
    """What rules may ask for: `task`, `model.format`, ..."""
    inputs: tuple[InputRecord, ...] = ()
    declared: tuple[str, ...] = ()
    """Capabilities that the manifest declares."""
    not_covered: tuple[str, ...] = ()
    """What of the target was not even listed as an input, in plain words."""
    trust: tuple[FileDigest, ...] = ()
    """The trust files that the user named."""
    trusted: tuple[TrustEntry, ...] = ()
    """What stands in them and counts: names trusted by the user, not by Assay."""
    policies: tuple[FileDigest, ...] = ()
    """Every policy in the chain, root first."""
    seed: int = 0
    budget: str | None = None
    versions: dict[str, str] = {}
    """Assay, Python, and every library and plugin that took part."""
    run: RunFacts = RunFacts()


class RunRecord(Noun):
    """What was measured, before any judgement."""

    provenance: Provenance
    outcomes: tuple[Outcome, ...]


class ScanResult(Noun):
    """The product of `assay scan`; the input of `judge` and `report`."""

    schema_version: Literal["1"] = "1"
    provenance: Provenance
    outcomes: tuple[Outcome, ...]
    verdict: Verdict

    def canonical(self) -> bytes:
        """Return the canonical form: no times, cost, argv, engine, jobs, sandbox; sorted keys; UTF-8."""
        data = self.model_dump(mode="json")
        del data["provenance"]["run"]
        for outcome in data["outcomes"]:
            del outcome["cost"]
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    def to_json(self) -> str:
        """Return the document, indented, keys in the order of the nouns."""
        return self.model_dump_json(indent=1) + "\n"


def read_result(text: str | bytes, source: str) -> ScanResult:
    """Read a saved result.

    Raises:
        InvalidInput: not JSON, not a result, or written by a newer Assay; the sentence names `source`.
    """
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f":{error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInput(
            f"{source}{place}: not a JSON result of `assay scan`; give the file written by `-o json=`"
        ) from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version is None:
        raise InvalidInput(
            f"{source}: no schema_version in it, so it is no Assay result; give the file written by `-o json=`"
        )
    if str(version) != SCHEMA_VERSION:
        raise InvalidInput(
            f"{source}: schema_version {version!r} is not {SCHEMA_VERSION!r}, the one this Assay reads; "
            "update Assay (`pip install -U model-assay`) or scan again"
        )
    try:
        return _consistent(ScanResult.model_validate(data), source)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{source}: {place}: {first['msg']}; the file was changed or cut, scan again") from None


def _consistent(result: ScanResult, source: str) -> ScanResult:
    """Refuse a result that contradicts itself: no scan writes one."""
    seen: set[str] = set()
    for outcome in result.outcomes:
        if outcome.detector in seen:
            raise InvalidInput(f"{source}: two outcomes of {outcome.detector}; the file was changed, scan again")
        if outcome.measurements and outcome.status in (Status.SKIPPED, Status.NOT_APPLICABLE):
            raise InvalidInput(f"{source}: {outcome.detector} is {outcome.status} and has measurements; scan again")
        seen.add(outcome.detector)
    return result
