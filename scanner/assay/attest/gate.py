"""What a deploy gate demands of a signed statement: this very model, an open gate, in time, by the wanted policy."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from assay.attest.envelope import NotValid
from assay.attest.statement import FOLDER, GATE_OPEN, VERIFIER, Statement, is_open, moment
from assay.model.visible import visible

CLOCK_SKEW = datetime.timedelta(minutes=5)
"""By how much the signer's clock may be ahead."""


class Wanted(NamedTuple):
    """What a deploy gate demands besides the content of what is deployed."""

    chain: Sequence[str] | None = None
    """Digests of the wanted policy and its parents, root first; None: any policy."""
    manifest: str | None = None
    """Digest of the manifest that names what is deployed; None: there is none."""
    unjudged: bool = False
    """Whether a verdict is taken that was not reached again before it was signed."""


class Found(NamedTuple):
    """One file or folder that is about to be deployed."""

    shown: str
    role: str
    """`model`, `artifact`, `code`, `companion`; empty where only a path was given: a model or an artifact."""
    kind: str
    """`sha256` or `assayFolder`."""
    digest: str


def check(statement: Statement, found: Sequence[Found], now: datetime.datetime, wanted: Wanted | None = None) -> None:
    """See to it that the statement is a valid pass for all of `found`.

    Args:
        statement: one whose signature holds.
        found: what is about to be deployed.
        now: the present moment, with a time zone.
        wanted: what else is demanded.

    Raises:
        NotValid: it is not; the sentence says why.
    """
    predicate, wanted = statement.predicate, wanted or Wanted()
    if not predicate.verifier.id.startswith(VERIFIER):
        raise NotValid(f"the statement was made by {visible(predicate.verifier.id[:100])!r}, not by Assay")
    if not found:
        raise NotValid("there is no model to look for")
    for one in found:
        _same(statement, one, {other.shown for other in found})
    said = predicate.assay
    if wanted.manifest is not None and said.manifest != wanted.manifest:
        raise NotValid("the manifest is not the one that was attested (other content); scan and attest by this one")
    _policy(statement, wanted.chain)
    if not said.judgedAgain and not wanted.unjudged:
        raise NotValid(
            "the verdict was signed as it stood in a file, without judging again; attest with --policy, or take it by "
            "--accept-unjudged"
        )
    if not is_open(said.status, said.exitCode) or GATE_OPEN not in predicate.properties:
        raise NotValid(
            f"the verdict that was signed is no pass: {said.status}, exit code {said.exitCode}, by the policy "
            f"{visible(said.policy[:100])}"
        )
    created, expires = moment(predicate.timeCreated), moment(said.expires)
    if created > now + CLOCK_SKEW:
        raise NotValid(f"the attestation is dated {predicate.timeCreated}, which is still to come; check the clock")
    if now >= expires:
        raise NotValid(f"the attestation expired on {said.expires}; scan the model again and attest that")


def _same(statement: Statement, one: Found, there: set[str]) -> None:
    """Compare by kind and content; a model is met by a model, where the statement names any, and code by its path too.

    Args:
        statement: what was signed.
        one: what was found.
        there: paths of all that was found.
    """
    with_models = any(subject.annotations.role == "model" for subject in statement.subject)
    wanted = one.role or ("model" if with_models else "artifact")
    same = [s for s in statement.subject if s.annotations.role == wanted and s.identity == (one.kind, one.digest)]
    if one.role in ("code", "companion"):
        same = [subject for subject in same if subject.name == one.shown]
    missing = [[name for name in subject.annotations.needs if name not in there] for subject in same]
    if not all(missing):
        return
    if missing:
        names, more = _some(missing[0])
        raise NotValid(
            f"{one.shown}: rests on {names}{more} besides, which its digest does not cover; verify the manifest that "
            "names it, or the folder that holds all of it"
        )
    elsewhere = any(subject.identity == (one.kind, one.digest) for subject in statement.subject)
    if elsewhere and wanted == "model":
        raise NotValid(f"{one.shown}: was attested as a mere file (an artifact), not as a model")
    what = "folder" if one.kind == FOLDER else "file"
    names, more = _some([subject.name for subject in statement.subject if subject.annotations.role == wanted])
    raise NotValid(
        f"{one.shown}: this {what} (sha256 {one.digest[:16]}…) is not what was attested: {names or 'none'}{more}; "
        "scan and attest what you deploy"
    )


def _some(names: Sequence[str]) -> tuple[str, str]:
    """Return the first three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(visible(name[:100]) for name in names[:3]), more


def _policy(statement: Statement, chain: Sequence[str] | None) -> None:
    if chain is None:
        return
    signed = [policy.digest.sha256 for policy in statement.predicate.verifier.policies]
    if None in signed or signed != list(chain):
        raise NotValid(
            f"the verdict was reached by another policy ({visible(statement.predicate.assay.policy[:100])}, sha256 "
            f"{(signed[-1] or 'none')[:16]}…) than the one that is wanted (sha256 {chain[-1][:16]}…)"
        )
