"""Where a SARIF result points: a file inside the checkout, or the line of the manifest that declares the input.

Code-scanning hosts refuse a whole upload for one result without a physical location, so there always is one.
"""

from __future__ import annotations

import posixpath
from typing import Any, NamedTuple
from urllib.parse import quote

from assay.model.evidence import Evidence, Locator
from assay.model.result import InputRecord, ScanResult
from assay.model.verdict import Finding
from assay.reports.inputs import named_first
from assay.reports.text import labels, place

MOST_LOCATIONS = 10
LONGEST_URI = 2048
FALLBACK_URI = "assay.yaml"


class Anchor(NamedTuple):
    """A line of a text file."""

    uri: str
    line: int = 1
    column: int | None = None


def manifest_folder(result: ScanResult) -> str:
    """Return the folder of the manifest as it was named, so that uris count from the root of the checkout."""
    return result.provenance.run.folder


def file_uri(path: str, folder: str = "") -> str | None:
    """Return the percent-encoded relative uri of `folder/path`; None where it lies outside or is too long."""
    if posixpath.isabs(folder) or ":" in folder[:2]:
        folder = ""
    whole = posixpath.normpath(posixpath.join(folder, path))
    if posixpath.isabs(whole) or whole in (".", "") or whole.split("/", 1)[0] == ".." or len(path) > LONGEST_URI:
        return None
    uri = quote(whole, safe="/-._~", errors="replace")
    return uri if len(uri) <= LONGEST_URI else None


def anchor(result: ScanResult, finding: Finding | None = None) -> Anchor:
    """Return the manifest line of the input that a finding is about; for a bare file, the file, line 1."""
    record = _record(result.provenance.inputs, finding)
    folder = manifest_folder(result)
    manifest = result.provenance.manifest
    if manifest is None:
        paths = [record] if record is not None else named_first(result.provenance.inputs)
        return Anchor(next((uri for r in paths if (uri := file_uri(r.path))), FALLBACK_URI))
    uri = file_uri(posixpath.basename(manifest.path.replace("\\", "/")), folder) or FALLBACK_URI
    return Anchor(uri, *_line_and_column(record.where)) if record is not None else Anchor(uri)


def locations(result: ScanResult, finding: Finding) -> list[dict[str, Any]]:
    """Return one to `MOST_LOCATIONS` locations of a finding."""
    folder = manifest_folder(result)
    fallback = anchor(result, finding)
    found = [_location(e, folder, fallback) for e in finding.evidence[:MOST_LOCATIONS]]
    if found:
        return found
    named = finding.labels.get("file")
    uri = file_uri(named, folder) if named else None
    return [anchored(Anchor(uri) if uri else fallback, labels(finding.labels, 200))]


def anchored(at: Anchor, logical: str = "") -> dict[str, Any]:
    """Return the location of an anchor; `logical` says what in the target is meant."""
    region = {"startLine": at.line} | ({"startColumn": at.column} if at.column else {})
    return _with_logical({"artifactLocation": {"uri": at.uri}, "region": region}, logical)


def _location(evidence: Evidence, folder: str, fallback: Anchor) -> dict[str, Any]:
    locator = evidence.locator
    uri = file_uri(locator.file, folder) if locator.file else None
    logical = place(locator)
    if uri is None:
        return anchored(fallback, logical)
    return _with_logical({"artifactLocation": {"uri": uri}, "region": _region(locator)}, logical)


def _region(locator: Locator) -> dict[str, int]:
    region = {"startLine": locator.line or 1}
    if locator.line is not None and locator.column is not None:
        region["startColumn"] = locator.column
        if locator.end_column is not None and locator.end_column > locator.column:
            region["endColumn"] = locator.end_column
    # Within a member the offset counts from the member's start: of the file it would name the wrong byte.
    if locator.offset is not None and locator.line is None and locator.member is None:
        region |= {"byteOffset": locator.offset, "byteLength": 1}
    return region


def _with_logical(physical: dict[str, Any], logical: str) -> dict[str, Any]:
    named = {"logicalLocations": [{"fullyQualifiedName": logical, "kind": "resource"}]} if logical else {}
    return {"physicalLocation": physical, **named}


def _record(inputs: tuple[InputRecord, ...], finding: Finding | None) -> InputRecord | None:
    """Find the input that a finding names in its evidence or labels, else one of the role it is about."""
    if not inputs or finding is None:
        return None
    named = {e.locator.file for e in finding.evidence} | set(finding.labels.values())
    for record in inputs:
        if named & {record.path, record.name, record.role}:
            return record
    family = (finding.detector or finding.metric or "").partition(".")[0]
    wanted = {"pii": ("log", "data"), "poisoning": ("data", "model")}.get(family, ("model", "artifact"))
    for word in wanted:
        for record in inputs:
            if record.role.startswith(word) or record.name.startswith(word):
                return record
    return named_first(inputs)[0]


def _line_and_column(where: str) -> tuple[int, int | None]:
    """Read `file:line:column`, from its end: the file may hold colons."""
    parts = where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return max(int(parts[1]), 1), max(int(parts[2]), 1)
    if len(parts) >= 2 and parts[-1].isdecimal():
        return max(int(parts[-1]), 1), None
    return 1, None
