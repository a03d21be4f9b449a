"""Read a detached signature of OpenSSF model signing 1.x, and verify it without a network.

A Sigstore bundle holds a DSSE envelope; its payload is an in-toto statement that lists the model's files. The signature
is over the pre-authentication encoding of the payload's type and bytes, and nothing of the payload is read before it
holds. https://github.com/sigstore/model-transparency · https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from assay_detectors.artifact.integrity_listing import (
    MAX_ENTRIES,
    STRONG,
    Entry,
    Listing,
    Unreadable,
    algorithm_named,
    is_digest,
)
from assay_detectors.artifact.integrity_manifest import load_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
_MEDIA = re.compile(r"application/vnd\.dev\.sigstore\.bundle(\.v0\.3\+json|\+json;version=0\.[123])")
_SHARD = re.compile(r"(.+):(\d{1,19}):(\d{1,19})", re.DOTALL)
_NEEDS = "needs the extra `sign`: pip install 'model-assay[sign]'"


class Broken(Exception):
    """The signature does not hold; `str()` says why."""


def read_signature(content: bytes, *, key: str | None, certificates: str | None) -> Listing:
    """Return what a signature says, once it holds; `broken` says why it does not.

    Args:
        content: of the signature's file.
        key: PEM of the public key that must have signed.
        certificates: PEM of the authorities that are trusted, in place of `key`.

    Raises:
        Unreadable: it is no such signature, or cannot be verified here.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("is no UTF-8 text, so no signature of model signing (`model.sig`)") from None
    bundle = load_json(text)
    envelope, material = _envelope(bundle)
    payload, signature = _base64(envelope, "payload"), _base64(envelope["signatures"][0], "sig")
    listing = Listing("signed list")
    try:
        if certificates is not None:
            from assay_detectors.artifact.integrity_chain import signing_key

            public, signer = signing_key(_chain_of(material), certificates)
            listing.told.append(
                "any signer that the declared authorities name is accepted; certificates are judged at the time at "
                "which the signer's begins, and are not looked up as revoked"
            )
        else:
            public, signer = _load_key(key or "")
            if _certificates(material):
                raise Unreadable(_keyless(material))
        _verify(public, signature, _encoded(payload))
        listing.signer = signer
        _fill(listing, load_json(_text(payload)))
    except ImportError:
        raise Unreadable(f"cannot be verified without `cryptography`, which {_NEEDS}") from None
    except Broken as error:
        return Listing("signed list", broken=str(error))
    return listing


def _envelope(bundle: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the envelope and the verification material of a bundle in the agreed form."""
    if not isinstance(bundle, dict) or not isinstance(bundle.get("mediaType"), str):
        raise Unreadable("is no Sigstore bundle; give the `model.sig` that model signing wrote")
    if not _MEDIA.fullmatch(bundle["mediaType"]):
        raise Unreadable(f"is a bundle of the kind {bundle['mediaType'][:80]!r}, which Assay does not read")
    envelope, material = bundle.get("dsseEnvelope"), bundle.get("verificationMaterial")
    if not isinstance(envelope, dict) or not isinstance(material, dict):
        raise Unreadable("signs no list of files (no `dsseEnvelope`); sign the model with model signing")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise Unreadable(f"signs no in-toto statement (payloadType {str(envelope.get('payloadType'))[:60]!r})")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise Unreadable("must hold exactly one signature")
    return envelope, material


def _base64(entry: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(entry.get(name, ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Unreadable(f"has a `{name}` that is no base64") from None


def _certificates(material: dict[str, Any]) -> list[Any]:
    chain = material.get("x509CertificateChain")
    found = chain.get("certificates") if isinstance(chain, dict) else None
    return found if isinstance(found, list) else [material["certificate"]] if material.get("certificate") else []


def _keyless(material: dict[str, Any]) -> str:
    if material.get("tlogEntries"):
        return (
            "is a keyless signature: who signed stands in a public transparency log, which takes a network to ask; "
            "ask the publisher for a signature by a key, or verify it with `model_signing verify sigstore`"
        )
    return "was made with a certificate; declare `certificates` (the authorities that you trust) in place of `key`"


def _chain_of(material: dict[str, Any]) -> list[bytes]:
    """Return the certificates of the bundle, the signer's first."""
    if material.get("tlogEntries"):
        raise Unreadable(_keyless(material))
    found = _certificates(material)
    if not found:
        raise Unreadable("was made with a key and without a certificate; declare the signer's `key`")
    if len(found) > 10 or not all(isinstance(entry, dict) for entry in found):
        raise Unreadable("holds a chain of certificates in an unknown form")
    return [_base64(entry, "rawBytes") for entry in found]


def _encoded(payload: bytes) -> bytes:
    """Return the pre-authentication encoding of DSSE."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _load_key(pem: str) -> tuple[Any, str]:
    """Return the public key, and its name in words."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        public = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise Unreadable("cannot be verified: its `key` is no public key (PEM, `-----BEGIN PUBLIC KEY-----`)") from None
    return public, key_name(public)


def key_name(public: Any) -> str:
    """Return kind and fingerprint of a public key: sha256 of its SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kind = getattr(getattr(public, "curve", None), "name", type(public).__name__.removesuffix("PublicKey").lower())
    return f"{kind} key sha256:{hashlib.sha256(der).hexdigest()}"


def _verify(public: Any, signature: bytes, message: bytes) -> None:
    """Verify with ECDSA on a NIST curve, or Ed25519.

    Raises:
        Broken: the signature was made with another key, or over other bytes.
        Unreadable: a key of another kind.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    digests = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
    try:
        if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in digests:
            public.verify(signature, message, ec.ECDSA(digests[public.curve.name]))
        elif isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
        else:
            name = key_name(public)
            raise Unreadable(f"cannot be verified with {name}; keys are ECDSA (P-256, P-384, P-521) or Ed25519")
    except InvalidSignature:
        raise Broken("the signature does not hold: another key made it, or what it signs was changed") from None


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("signs no JSON") from None


def _fill(listing: Listing, statement: Any) -> None:
    """Take over what the signed statement says, in the form of model signing 1.0."""
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT:
        raise Unreadable("signs no in-toto statement of version 1")
    if statement.get("predicateType") != PREDICATE:
        kind = str(statement.get("predicateType"))[:80]
        raise Unreadable(f"signs {kind!r}, and Assay reads {PREDICATE}; sign again with model signing 1.0 or later")
    try:
        (subject,) = statement["subject"]
        root, predicate = subject["digest"]["sha256"], statement["predicate"]
        how, resources = predicate["serialization"], predicate["resources"]
        method, ignored = how["method"], how.get("ignore_paths", [])
        links = how.get("allow_symlinks", False) is True
        named = [(entry["name"], entry["algorithm"], entry["digest"]) for entry in resources]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unreadable("signs a statement in an unknown form") from None
    if method not in ("files", "shards") or not _texts(ignored) or not all(_texts(entry) for entry in named):
        raise Unreadable("signs a statement in an unknown form")
    if len(named) > MAX_ENTRIES:
        raise Unreadable(f"lists more than {MAX_ENTRIES:,} files")
    listing.sharded, listing.links, listing.ignored = method == "shards", links, list(ignored)
    listing.entries = [_entry(*parts, sharded=listing.sharded) for parts in named]
    together = hashlib.sha256(b"".join(bytes.fromhex(entry.digest) for entry in listing.entries)).hexdigest()
    if together != root:
        raise Broken("the signed list contradicts itself: its files do not add up to its own digest of the model")


def _texts(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def _entry(name: str, algorithm: str, digest: str, *, sharded: bool) -> Entry:
    start, stop = 0, None
    if sharded:
        algorithm, _, size = algorithm.partition("-sharded-")
        parts = _SHARD.fullmatch(name)
        if not size or parts is None:
            raise Unreadable(f"signs parts of files in an unknown form ({name[:60]!r})")
        name, start, stop = parts[1], int(parts[2]), int(parts[3])
    known = algorithm_named(algorithm)
    if not is_digest(digest, known):
        raise Unreadable(f"lists a digest of {name[:60]!r} that has not the {STRONG[known]} hex digits of {known}")
    return Entry(name, known, digest, start, stop)
