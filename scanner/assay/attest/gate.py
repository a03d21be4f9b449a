"""What a deploy gate demands of a signed statement: this very model, an open gate, in time, by the wanted policy."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from assay.attest.envelope import NotValid
from assay.attest.statement import FOLDER, GATE_OPEN, VERIFIER, Statement, moment
from assay.model.errors import EXIT_OK
from assay.model.visible import visible

CLOCK_SKEW = datetime.timedelta(minutes=5)
"""By how much the signer's clock may be ahead."""
_OPEN = ("pass", "warn", "waived", "inconclusive")
"""Statuses of a verdict that a deploy gate takes, where the policy left the gate open."""


class Found(NamedTuple):
    """One file or folder that is about to be deployed."""

    shown: str
    role: str
    """`model`, `artifact`, or empty where it was named on the command line and may be either."""
    kind: str
    """`sha256` or `assayFolder`."""
    digest: str


def check(
    statement: Statement, found: Sequence[Found], now: datetime.datetime, chain: Sequence[str] | None = None
) -> None:
    """See to it that the statement is a valid pass for all of `found`.

    Args:
        statement: one whose signature holds.
        found: what is about to be deployed.
        now: the present moment, with a time zone.
        chain: digests of the wanted policy and its parents, root first; None: any policy.

    Raises:
        NotValid: it is not; the sentence says why.
    """
    predicate = statement.predicate
    if not predicate.verifier.id.startswith(VERIFIER):
        raise NotValid(f"the statement was made by {visible(predicate.verifier.id[:100])!r}, not by Assay")
    if not found:
        raise NotValid("there is no model to look for")
    for one in found:
        _same(statement, one)
    _policy(statement, chain)
    said = predicate.assay
    if said.exitCode != EXIT_OK or said.status not in _OPEN or GATE_OPEN not in predicate.properties:
        raise NotValid(
            f"the verdict that was signed is no pass: {said.status}, exit code {said.exitCode}, by the policy "
            f"{visible(said.policy[:100])}"
        )
    created, expires = moment(predicate.timeCreated), moment(said.expires)
    if created > now + CLOCK_SKEW:
        raise NotValid(f"the attestation is dated {predicate.timeCreated}, which is still to come; check the clock")
    if now >= expires:
        raise NotValid(f"the attestation expired on {said.expires}; scan the model again and attest that")


def _same(statement: Statement, one: Found) -> None:
    """Compare by kind and content; a model is met by a model, where the statement names any."""
    with_models = any(subject.annotations.role == "model" for subject in statement.subject)
    wanted = one.role or ("model" if with_models else "artifact")
    same = [s for s in statement.subject if s.annotations.role == wanted and s.identity == (one.kind, one.digest)]
    if any(subject.annotations.whole for subject in same):
        return
    if same:
        raise NotValid(
            f"{one.shown}: keeps its numbers in other files, which its digest does not cover; save it as one file, or "
            "scan, attest and verify the folder that holds it"
        )
    elsewhere = any(subject.identity == (one.kind, one.digest) for subject in statement.subject)
    if elsewhere and wanted == "model":
        raise NotValid(f"{one.shown}: was attested as a mere file (an artifact), not as a model")
    what = "folder" if one.kind == FOLDER else "file"
    names = ", ".join(visible(subject.name[:100]) for subject in statement.subject[:3])
    more = f" and {len(statement.subject) - 3} more" if len(statement.subject) > 3 else ""
    raise NotValid(
        f"{one.shown}: this {what} (sha256 {one.digest[:16]}…) is not what was attested: {names}{more}; "
        "scan and attest what you deploy"
    )


def _policy(statement: Statement, chain: Sequence[str] | None) -> None:
    if chain is None:
        return
    signed = [policy.digest.sha256 for policy in statement.predicate.verifier.policies]
    if None in signed or signed != list(chain):
        raise NotValid(
            f"the verdict was reached by another policy ({visible(statement.predicate.assay.policy[:100])}, sha256 "
            f"{(signed[-1] or 'none')[:16]}…) than the one that is wanted (sha256 {chain[-1][:16]}…)"
        )
