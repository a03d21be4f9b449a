"""The references that a manifest declares: what they speak about, and what workers read in them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass

from assay.detector import Context
from assay.model.errors import UnusableInput
from assay.model.manifest import Published
from assay.targets.base import OpenTarget, Target
from assay.targets.refs import InputRef, Shard
from assay_detectors.artifact.files import clean
from assay_detectors.artifact.integrity_compare import Scope
from assay_detectors.artifact.integrity_listing import MAX_BYTES, Listing, Unreadable, from_json
from assay_detectors.artifact.integrity_manifest import read_list
from assay_detectors.artifact.integrity_signature import read_signature

MAX_PEM = 1 << 20


@dataclass(frozen=True)
class Reference:
    """One declared reference."""

    file: InputRef
    """The list of digests, or the signature."""
    proof_file: InputRef | None
    """Key or certificates of a signature."""
    proof_is: str
    """`key` or `certificates`; empty for a list."""
    root: str | None
    """As it was declared, absolute; None: by what it is."""
    scope: Scope

    @property
    def shown(self) -> str:
        """Return the name that people see."""
        return clean(self.file.shown)

    @property
    def proof(self) -> str:
        """Return by what a signature is checked, in words."""
        return clean(self.proof_file.shown) if self.proof_file is not None else ""

    @property
    def trusted(self) -> InputRef:
        """Return the file that is believed: the key of a signature, or the list itself."""
        return self.proof_file or self.file


def references(target: Target) -> list[Reference]:
    """Return what the manifest declares, in its order."""
    by_entry: dict[int, dict[str, InputRef]] = {}
    for ref in target.of_role("reference"):
        by_entry.setdefault(ref.spec["entry"], {})[ref.spec["is"]] = ref
    found = []
    for index, parts in sorted(by_entry.items()):
        entry = target.manifest.integrity[index]
        file = parts.get("manifest") or parts["signature"]
        proof_is = next((name for name in ("key", "certificates") if name in parts), "")
        root = None if entry.root is None else _absolute(target, entry.root)
        scope = _scope(target, _default_root(target, entry, file) if root is None else root)
        found.append(Reference(file, parts.get(proof_is), proof_is, root, scope))
    return found


def _absolute(target: Target, path: str) -> str:
    return os.path.normpath(os.path.join(target.root, os.path.expanduser(path)))


def _default_root(target: Target, entry: Published, file: InputRef) -> str:
    """Return the folder of a list; of a signature the model, or the folder of the manifest where there is none."""
    models = target.of_role("model")
    if entry.signature is not None:
        return models[0].path if models else str(target.root)
    return os.path.dirname(file.path)


def _scope(target: Target, root: str) -> Scope:
    folder = root if os.path.isdir(root) else os.path.dirname(root)
    relative = os.path.relpath(folder, target.root).replace(os.sep, "/")
    shown = "" if relative == "." else f"{folder if relative.startswith('..') else relative}/"
    apart = {ref.path for ref in target.of_role("reference")}
    where = next((ref.where for ref in target.inputs if ref.where), "")
    if where:
        apart.add(str(target.root / where.rsplit(":", 2)[0]))
    return Scope(
        root=root,
        shown_root=clean(shown),
        folders=tuple(ref.path for ref in target.inputs if ref.role != "reference" and os.path.isdir(ref.path)),
        patterns=tuple(
            _absolute(target, pattern) if glob.has_magic(pattern) else glob.escape(_absolute(target, pattern))
            for pattern in target.manifest.artifacts
        ),
        apart=frozenset(apart),
    )


def read_references(declared: list[Reference], ctx: Context) -> Iterator[tuple[Reference, Listing | None, str]]:
    """Yield each with what it says, or with the reason why nobody knows; read in workers."""
    for reference in declared:
        proof: dict[str, str] = {}
        if reference.proof_file is not None:
            ((_, text, reason),) = ctx.map_outcomes(read_pem, [Shard(reference.proof_file.name)])
            if not isinstance(text, str):
                yield reference, None, reason or "its key could not be read"
                continue
            proof = {"pem": text, "is_key": reference.proof_is}
        ((_, answer, reason),) = ctx.map_outcomes(read_reference, [Shard(reference.file.name)], **proof)
        try:
            if reason is not None or not isinstance(answer, dict):
                raise Unreadable((reason or "the worker gave no answer").removeprefix(f"{reference.file.shown}: "))
            listing = from_json(answer)
        except Unreadable as error:
            yield reference, None, clean(str(error))
            continue
        yield _of_one_file(reference, listing), listing, ""


def _of_one_file(reference: Reference, listing: Listing) -> Reference:
    """Return the reference with the folder of its model as root, where it lists more than that one file.

    Model signing names a model that is one file `.`; a signature over a folder of which one file is scanned does not.
    """
    root = reference.scope.root
    if reference.root is not None or os.path.isdir(root) or any(entry.name == "." for entry in listing.entries):
        return reference
    scope = Scope(**{**reference.scope.__dict__, "root": os.path.dirname(root)})
    return Reference(**{**reference.__dict__, "scope": scope})


def read_pem(opened: OpenTarget, shard: Shard) -> str:
    """Return the text of a key or of certificates; raises `UnusableInput`. Runs in a worker."""
    shown = opened.shown(shard.input)
    try:
        text = _read(opened, shard, MAX_PEM).decode("ascii")
    except UnicodeDecodeError:
        raise UnusableInput(f"{shown}: is no PEM text; give a public key or certificates") from None
    if "PRIVATE KEY" in text:
        raise UnusableInput(f"{shown}: holds a private key: keep that secret, and give the public one")
    return text


def read_reference(opened: OpenTarget, shard: Shard, pem: str = "", is_key: str = "") -> dict[str, object]:
    """Return what a list or a signature says, as plain data; raises `UnusableInput`. Runs in a worker."""
    content = _read(opened, shard, MAX_BYTES)
    try:
        if not is_key:
            return read_list(content, opened.path(shard.input).name).to_json()
        key, certificates = (pem, None) if is_key == "key" else (None, pem)
        return read_signature(content, key=key, certificates=certificates).to_json()
    except Unreadable as error:
        raise UnusableInput(f"{opened.shown(shard.input)}: {error}") from None


def _read(opened: OpenTarget, shard: Shard, most: int) -> bytes:
    shown = opened.shown(shard.input)
    try:
        with opened.path(shard.input).open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise UnusableInput(f"{shown}: cannot be read ({error.strerror})") from None
    if len(content) > most:
        raise UnusableInput(f"{shown}: has more than {most:,} bytes, so it is no list, signature or key")
    return content
