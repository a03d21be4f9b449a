"""`assay verify`: what a deploy gate runs. Exit code 0 only for a valid, unexpired pass of this exact model."""

from __future__ import annotations

import datetime
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.model.errors import EXIT_OK, InvalidInput
from assay.model.visible import visible

if TYPE_CHECKING:
    from assay.attest.gate import Found
    from assay.attest.statement import Statement
    from assay.targets.refs import InputRef
    from assay.targets.resolve import Resolved

NAME = "attestation.json"


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--key", "key_file", required=True, type=click.Path(path_type=Path), help="The signer's public key, PEM.")
@click.option("--policy", "policy_name", help="Demand a verdict by this very policy: a file or a built-in name.")
@click.option(
    "--attestation", "file", type=click.Path(path_type=Path), help="[default: attestation.json beside MODEL or here]"
)
@click.option("--accept-unjudged", is_flag=True, help="Take a verdict that was signed without being reached again.")
def verify(model: Path, key_file: Path, policy_name: str | None, file: Path | None, accept_unjudged: bool) -> int:
    """Check that a signed, unexpired pass exists for MODEL: a model file, a folder, or a manifest with all its models.

    Of a manifest, its own content, the code of its factories and the files that hold tensors must be those that were
    scanned. An empty folder inside a folder is not noticed.

    Exit code 0 for a valid pass of this exact model by a key that you trust; 1 where there is none (one sentence says
    why); 2 for wrong usage or a file that cannot be read; 3 where it could not be checked.
    """
    now = datetime.datetime.now(datetime.UTC)
    return verified(model, key_file, policy_name, file, now, accept_unjudged=accept_unjudged)


def verified(
    model: Path,
    key_file: Path,
    policy_name: str | None,
    file: Path | None,
    now: datetime.datetime,
    *,
    accept_unjudged: bool = False,
) -> int:
    """Do what `assay verify` does, at the moment `now`.

    Raises:
        NotValid: there is no valid pass.
        InvalidInput: wrong usage, or a file that cannot be read.
        NotAssessed: it could not be checked.
    """
    from assay.attest.envelope import NotValid, verified_payload
    from assay.attest.gate import Wanted, check
    from assay.attest.keys import load_public
    from assay.attest.statement import read

    key = load_public(key_file)
    chain = _chain(policy_name)
    refs, resolved = _refs(model)
    source = _find(model) if file is None else file
    content = _read(source)
    try:
        statement = read(verified_payload(content, key))
        manifest = None
        if resolved is not None:
            manifest = resolved.digest.sha256 if resolved.digest is not None else None
            refs += _beside(resolved, statement)
        check(statement, _found(refs), now, Wanted(chain, manifest, accept_unjudged))
    except NotValid as error:
        raise NotValid(f"{visible(str(source))}: {error}") from None
    said = statement.predicate.assay
    click.echo(
        f"{visible(str(model))}: valid pass ({said.status}) of {visible(said.target)} by policy "
        f"{visible(said.policy)}, checked {said.coverage.checked} of {said.coverage.required} required, signed "
        f"{statement.predicate.timeCreated} by key {key.keyid[:16]}…, until {said.expires}{_answered_for(statement)}"
    )
    return EXIT_OK


def _chain(policy_name: str | None) -> list[str] | None:
    """Return the digests of the wanted policy and its parents, root first."""
    if policy_name is None:
        return None
    from assay.engine.catalogue import load_catalogue
    from assay_policies.load import load_policy

    catalogue = load_catalogue()
    return [entry.sha256 for entry in load_policy(policy_name, catalogue.specs, catalogue.ids_broken).chain]


def _answered_for(statement: Statement) -> str:
    """Say how many names in the models are trusted because somebody said so, and by how many people."""
    trusted, unjudged = statement.predicate.assay.trusted, not statement.predicate.assay.judgedAgain
    people, names = len({entry.by for entry in trusted}), len(trusted)
    said = f"; {names} name{'s' * (names != 1)} trusted on the word of {people} {'people' if people > 1 else 'person'}"
    return (said if trusted else "") + ("; the verdict was not reached again before it was signed" if unjudged else "")


def _refs(model: Path) -> tuple[list[InputRef], Resolved | None]:
    """Return what is about to be deployed, and what its manifest says where it is one; content is not touched here.

    Raises:
        InvalidInput: no such path, or a manifest that is invalid or names no model.
    """
    from assay.targets.refs import InputRef
    from assay.targets.resolve import MANIFEST_SUFFIXES, resolve

    shown = visible(str(model))
    try:
        mode = os.stat(model).st_mode
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(f"{shown}: cannot be read ({why}); give a model file, a folder or a manifest") from None
    if not stat.S_ISDIR(mode) and model.suffix.lower() in MANIFEST_SUFFIXES:
        resolved = resolve(model)
        refs = [ref for ref in resolved.inputs if ref.role in ("model", "artifact")]
        missing = next((resolved.unmatched[ref.name] for ref in refs if ref.name in resolved.unmatched), None)
        if missing is not None:
            raise InvalidInput(missing)
        if not refs:
            raise InvalidInput(f"{shown}: the manifest names no model and no artifacts; give the model itself")
        return refs, resolved
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise InvalidInput(f"{shown}: is neither a file nor a folder; give a model file, a folder or a manifest")
    return [InputRef("model", "", os.path.abspath(model), shown)], None


def _beside(resolved: Resolved, statement: Statement) -> list[InputRef]:
    """Return what else must be as it was: all that a factory could import here, and the companions that were signed."""
    from assay.engine.beside import COMPANION, code_of
    from assay.targets.refs import InputRef

    names = [subject.name for subject in statement.subject if subject.annotations.role == COMPANION]
    companions = [InputRef(f"{COMPANION}:{name}", COMPANION, os.path.join(resolved.root, name), name) for name in names]
    return [*code_of(resolved.inputs), *companions]


def _found(refs: Sequence[InputRef]) -> list[Found]:
    """Return the identity of each, hashed in a sealed worker."""
    from assay.attest.gate import Found
    from assay.attest.statement import FILE, FOLDER
    from assay.engine.identify import identify
    from assay.engine.scan import memory_share

    digests = identify(refs, memory_share(1))
    return [
        Found(ref.shown, ref.role, FOLDER if os.path.isdir(ref.path) else FILE, sha256)
        for ref, sha256 in zip(refs, digests, strict=True)
    ]


def _find(model: Path) -> Path:
    """Return the attestation beside the model, or the one here.

    Raises:
        NotValid: there is none.
    """
    from assay.attest.envelope import NotValid

    places = [Path(os.path.abspath(model)).parent / NAME, Path(NAME)]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise NotValid(
            f"{visible(str(model))}: no {NAME} beside it and none here, so nobody vouches for it; scan it, run "
            "`assay attest`, or name the file by --attestation"
        )
    return found


def _read(path: Path) -> bytes:
    """Return the content of an attestation, and a little too much of one that is larger than any."""
    from assay.attest.envelope import MAX_BYTES

    shown = visible(str(path))
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InvalidInput(f"{shown}: is no regular file; give the file that `assay attest` wrote")
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(f"{shown}: cannot be read ({why}); give the file that `assay attest` wrote") from None
