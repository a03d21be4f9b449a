"""Identity for formats that want uuids and times: derived from the result alone, so the same result gives the same."""

from __future__ import annotations

import datetime
import hashlib
from uuid import NAMESPACE_URL, UUID, uuid5

from assay.model.result import ScanResult
from assay.reports.text import safe

_ROOT = uuid5(NAMESPACE_URL, "urn:assay:report")


def document_uuid(result: ScanResult, purpose: str) -> UUID:
    """Return the uuid of a whole document: over all that the canonical form holds, the digest of every input among it.

    Not over the canonical form itself: with 5,000 findings that takes seconds, this a tenth of one.
    """
    facts = result.model_dump_json(exclude={"provenance": {"run"}, "outcomes": {"__all__": {"cost"}}})
    return uuid5(_ROOT, f"{purpose}/{hashlib.sha256(facts.encode()).hexdigest()}")


class Names:
    """Gives uuids by name; the second thing of one name gets another, so that each is unique in its document."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._given: dict[str, int] = {}

    def new(self, name: str) -> str:
        """Return the uuid of the next thing of this name: always the same one for the first."""
        turn = self._given[name] = self._given.get(name, 0) + 1
        return str(uuid5(_ROOT, f"{self._scope}/{name}" + (f"/{turn}" if turn > 1 else "")))


def exact_number(value: float) -> str:
    """Return a number for machines: whole ones without a point, others with every digit that tells them apart."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def started(result: ScanResult) -> datetime.datetime | None:
    """Return when the scan began, in UTC; None where the result does not say."""
    try:
        moment = datetime.datetime.fromisoformat(result.provenance.run.started)
    except ValueError:
        return None
    if moment.tzinfo is None or not plausible(moment):
        return None
    return moment.astimezone(datetime.UTC).replace(microsecond=0)


def plausible(day: datetime.date) -> bool:
    """Say whether formats that bound the year take this day."""
    return 1901 <= day.year <= 2998


def timestamp(moment: datetime.datetime) -> str:
    """Return the moment as `2026-11-26T06:52:48Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def assay_version(result: ScanResult) -> str:
    """Return the version of Assay that scanned; empty where none is recorded."""
    versions = result.provenance.versions
    return safe(versions.get("assay") or versions.get("model-assay") or "", 60)


def policy_digest(result: ScanResult) -> str:
    """Return the sha256 of the policy that judged, the last of its chain; empty where none is recorded."""
    chain = result.provenance.policies
    return chain[-1].sha256 if chain else ""
