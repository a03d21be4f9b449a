"""The statement that is signed: in-toto Statement v1 with the predicate Simple Verification Result v0.2.

Its fields are those of the specification; what a deploy gate needs besides stands in the extension field `assay` of
the predicate. https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md
"""

from __future__ import annotations

import datetime
import hashlib
import os
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.attest.envelope import NotValid, load_json
from assay.model.base import Sha256
from assay.model.errors import EXIT_OK, InvalidInput
from assay.model.result import InputRecord, ScanResult
from assay.model.verdict import DecisionVerdict, VerdictStatus, WaiverUse
from assay.model.visible import visible
from assay.targets.digest import Digest, folder_digest
from assay.version import __version__

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/svr/v0.2"
VERIFIER = "pkg:pypi/model-assay@"
"""Who verified, as a package URL; the version follows."""
GATE_OPEN = "ASSAY_GATE_OPEN"
"""The property that stands only in a statement whose gate is open, and that a deploy gate takes."""
_TAKEN = ("pass", "warn", "waived", "inconclusive")
"""Statuses of a verdict that a deploy gate takes, where the policy left the gate open."""
RULE_PASSED = "ASSAY_RULE/"
FILE, FOLDER = "sha256", "assayFolder"
"""Names of the digests: of a file's bytes, and of a folder's listing (see `assay.targets.digest`), in lowercase hex."""


class Read(BaseModel):
    """A part of a statement that is read: types are strict, fields that are not known are ignored, as in-toto asks."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Digests(Read):
    """A DigestSet with one of the two digests that Assay takes."""

    sha256: Sha256 | None = None
    assayFolder: Sha256 | None = None


class SubjectNotes(Read):
    """Annotations of a subject."""

    role: Literal["model", "artifact", "code", "companion"]
    needs: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Paths of the other files that it rests on and that its digest does not cover; each must be met as well."""


class Subject(Read):
    """One file or folder that was scanned."""

    name: str
    digest: Digests
    annotations: SubjectNotes

    @property
    def identity(self) -> tuple[str, str]:
        """Return the kind (`sha256` or `assayFolder`) and the digest; two empty texts where there is none."""
        if self.digest.sha256 is not None:
            return FILE, self.digest.sha256
        return (FOLDER, self.digest.assayFolder) if self.digest.assayFolder is not None else ("", "")


class PolicyFile(Read):
    """One policy of the chain."""

    name: str = ""
    digest: Digests


class Verifier(Read):
    """Who verified."""

    id: str
    policies: Annotated[tuple[PolicyFile, ...], Field(min_length=1, strict=False)]


class SignedCoverage(Read):
    """How much of what the policy requires was checked."""

    required: Annotated[int, Field(ge=0)]
    checked: Annotated[int, Field(ge=0)]


class TrustedName(Read):
    """A name in a model file that somebody answered for, and who."""

    name: str
    by: str


class AssayPart(Read):
    """What Assay adds to the predicate."""

    target: str
    manifest: Sha256 | None = None
    """Of the manifest's content; None where a bare file or folder was scanned."""
    policy: str
    status: VerdictStatus
    exitCode: int
    coverage: SignedCoverage
    trusted: Annotated[tuple[TrustedName, ...], Field(strict=False)] = ()
    judgedAgain: bool
    """Whether the verdict was reached again from the measurements before it was signed."""
    expires: str


class Predicate(Read):
    """Simple Verification Result."""

    verifier: Verifier
    timeCreated: str
    properties: Annotated[tuple[str, ...], Field(strict=False)]
    assay: AssayPart


class Statement(Read):
    """The whole statement."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[Subject, ...], Field(min_length=1, strict=False)]
    predicateType: Literal["https://in-toto.io/attestation/svr/v0.2"]
    predicate: Predicate


def build(
    result: ScanResult, created: datetime.datetime, longest: datetime.timedelta, *, rejudged: bool
) -> dict[str, object]:
    """Return the statement about `result`, as plain data.

    Args:
        result: the saved result.
        created: when this is said, with a time zone.
        longest: how long after the scan it holds at most; what was accepted or trusted until a day ends it sooner.
        rejudged: whether the verdict was reached again from the measurements before it is signed.

    Raises:
        InvalidInput: the result names no model or artifact with a digest, or no policy.
    """
    verdict, provenance = result.verdict, result.provenance
    if not provenance.policies:
        raise InvalidInput("the result names no policy, so its verdict says nothing; scan again")
    return {
        "_type": STATEMENT,
        "subject": _subjects(result),
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {
                "id": VERIFIER + __version__,
                "policies": [{"name": p.path, "digest": {FILE: p.sha256}} for p in provenance.policies],
            },
            "timeCreated": stamp(created),
            "properties": _properties(result),
            "assay": {
                "target": provenance.target,
                "manifest": provenance.manifest.sha256 if provenance.manifest is not None else None,
                "policy": verdict.policy,
                "status": verdict.status,
                "exitCode": verdict.exit_code,
                "gate": _GATES[is_open(verdict.status, verdict.exit_code), verdict.exit_code == EXIT_OK],
                "coverage": {
                    "required": verdict.coverage.required,
                    "checked": verdict.coverage.checked,
                    "inconclusive": verdict.coverage.inconclusive,
                    "notCovered": list(verdict.coverage.not_covered),
                },
                "trusted": [{"name": entry.name, "by": entry.by} for entry in provenance.trusted],
                "waivers": [{"id": use.id, "expires": use.expires} for use in _accepted(result)],
                "result": {FILE: hashlib.sha256(result.canonical()).hexdigest()},
                "scanned": provenance.run.started,
                "scannedBy": provenance.versions.get("model-assay", ""),
                "sealed": not provenance.run.unsandboxed,
                "judgedAgain": rejudged,
                "expires": stamp(expiry(result, created, longest)),
            },
        },
    }


def read(payload: bytes) -> Statement:
    """Read a statement whose signature holds.

    Raises:
        NotValid: it is no statement of the agreed form.
    """
    data = load_json(payload, "the signed statement")
    try:
        return Statement.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise NotValid(f"the signed statement is no verdict of Assay ({visible(place)}: {first['msg']})") from None


def expiry(result: ScanResult, created: datetime.datetime, longest: datetime.timedelta) -> datetime.datetime:
    """Return when the statement ends: `longest` after the scan, or with the first waiver or trust that it rests on."""
    days = [datetime.date.fromisoformat(use.expires) for use in _accepted(result)]
    days += [entry.until for entry in result.provenance.trusted if entry.until is not None]
    # The last day counts whole, as it does where waivers and trust are judged.
    ends = [datetime.datetime.combine(day, datetime.time(), datetime.UTC) + datetime.timedelta(days=1) for day in days]
    return min([min(scanned(result) or created, created) + longest, *ends])


def scanned(result: ScanResult) -> datetime.datetime | None:
    """Return when the scan was started; None where the result does not say."""
    try:
        started = datetime.datetime.fromisoformat(result.provenance.run.started)
    except ValueError:
        return None
    return started if started.tzinfo is not None else started.replace(tzinfo=datetime.UTC)


def is_open(status: VerdictStatus, exit_code: int) -> bool:
    """Say whether a deploy gate takes such a verdict: the policy left its gate open, and nothing failed."""
    return exit_code == EXIT_OK and status in _TAKEN


_GATES = {(True, True): "open", (False, True): "open for failures that are excused", (False, False): "FAILED"}


def stamp(moment: datetime.datetime) -> str:
    """Return a moment as RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime.datetime:
    """Read what `stamp` wrote.

    Raises:
        NotValid: it is no such moment.
    """
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise NotValid("the signed statement holds a time that is none") from None


def _accepted(result: ScanResult) -> list[WaiverUse]:
    """Return the waivers that hold and without which the gate might be shut."""
    uses = [finding.waiver for finding in result.verdict.findings if finding.waiver is not None]
    return sorted((use for use in uses if use.state == "valid"), key=lambda use: use.id)


def _properties(result: ScanResult) -> list[str]:
    """Return what was verified: that the gate is open, and the rules of which every decision passed."""
    seen: dict[str, bool] = {}
    for decision in result.verdict.decisions:
        if decision.verdict is not DecisionVerdict.NOT_APPLICABLE:
            passed = decision.verdict is DecisionVerdict.PASS
            seen[decision.rule] = seen.get(decision.rule, True) and passed
    rules = [RULE_PASSED + rule for rule in sorted(seen) if seen[rule]]
    return [GATE_OPEN, *rules] if is_open(result.verdict.status, result.verdict.exit_code) else rules


def _subjects(result: ScanResult) -> list[dict[str, object]]:
    """Return every model, artifact, module of a factory and companion by content; of a scan without a manifest, the
    whole of its files besides.

    A folder that was scanned as it is must be met again with exactly these files.
    """
    inputs = [entry for entry in result.provenance.inputs if entry.role in ("model", "artifact")]
    known = [entry for entry in inputs if entry.sha256 is not None]
    if not known:
        raise InvalidInput(
            "the result names no model and no artifact that could be read, so there is nothing to vouch for; "
            "attest the result of a scan with `model` or `artifacts`"
        )
    beside = [entry for entry in result.provenance.inputs if entry.role in ("code", "companion")]
    unread = next((entry for entry in beside if entry.sha256 is None), None)
    if unread is not None:
        raise InvalidInput(f"the result does not know the content of {visible(unread.path)}: {unread.problem}")
    subjects = [
        _subject(
            entry.path, FOLDER if entry.format == "folder" else FILE, entry.sha256 or "", entry.role,
            _needs(entry, beside),
        )
        for entry in (*known, *beside)
    ]  # fmt: skip
    if result.provenance.manifest is None and len(known) == len(inputs):
        subjects.append(_subject(".", FOLDER, _whole(known), "artifact", []))
    return subjects


def _subject(name: str, kind: str, digest: str, role: str, needs: list[str]) -> dict[str, object]:
    notes: dict[str, object] = {"role": role, "needs": needs} if needs else {"role": role}
    return {"name": name, "digest": {kind: digest}, "annotations": notes}


def _needs(entry: InputRecord, beside: list[InputRecord]) -> list[str]:
    """Return the paths of the other files that a model or an artifact rests on."""
    named = entry.facts.get("companions")
    found = list(named) if isinstance(named, list) else []
    return found + [other.path for other in beside if other.role == "code" and entry.facts.get("factory")]


def _whole(entries: list[InputRecord]) -> str:
    """Return the digest of the folder that holds exactly these files."""
    listed = sorted(((os.fsencode(entry.path), entry) for entry in entries), key=lambda pair: pair[0])
    return folder_digest((os.fsdecode(path), Digest(entry.sha256 or "", 0)) for path, entry in listed).sha256
