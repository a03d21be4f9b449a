"""The DSSE envelope: exactly one signature, by exactly one key, over the exact bytes of the payload.

Nothing of the payload is looked at before the signature holds, and nothing in the envelope chooses how it is verified:
the scheme comes from the key that the verifier was given. https://github.com/secure-systems-lab/dsse
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from assay.model import strict_json
from assay.model.errors import EXIT_VIOLATED, AssayError

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_BYTES = 64 << 20
_MAX_SIGNATURE = 4096
"""Bytes; one of RSA with 16,384 bits has 2,048."""


class NotValid(AssayError):
    """There is an attestation, and it is no valid pass; `str()` says why."""

    exit_code = EXIT_VIOLATED


def sign(payload: bytes, signer: CryptoSigner) -> str:
    """Return the envelope of `payload` as JSON text."""
    from securesystemslib.dsse import Envelope

    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=1) + "\n"


def verified_payload(content: bytes, key: SSlibKey) -> bytes:
    """Return the payload, once the signature by `key` holds.

    Raises:
        NotValid: no envelope in the agreed form, other than one signature, by another key, or one that does not hold.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import Signature

    found = _entry(load_json(content, "the attestation"), "the attestation", {"payload", "payloadType", "signatures"})
    if found["payloadType"] != PAYLOAD_TYPE:
        raise NotValid("the attestation signs no in-toto statement (its payloadType is another)")
    signatures = found["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise NotValid("the attestation must hold exactly one signature")
    entry = _entry(signatures[0], "the signature", {"keyid", "sig"})
    if entry["keyid"] != key.keyid:
        raise NotValid(f"the attestation is signed by another key; the one you trust has the id {key.keyid[:16]}…")
    signature = _base64(entry["sig"], "the signature")
    if not 0 < len(signature) <= _MAX_SIGNATURE:
        raise NotValid("the signature has an impossible length")
    payload = _base64(found["payload"], "the payload")
    envelope = Envelope(payload, PAYLOAD_TYPE, {key.keyid: Signature(key.keyid, signature.hex())})
    try:
        accepted = envelope.verify([key], threshold=1)
    except (UnverifiedSignatureError, VerificationError):
        accepted = {}
    if set(accepted) != {key.keyid}:
        raise NotValid("the signature does not hold: the attestation was changed, or signed by another key")
    return payload


def load_json(content: bytes, what: str) -> Any:
    """Return JSON; a key twice in one object, NaN, and nesting without end are refused.

    Raises:
        NotValid: it is not such JSON, or larger than any attestation.
    """
    if len(content) > MAX_BYTES:
        raise NotValid(f"{what} is larger than {MAX_BYTES >> 20} MiB, which none is")
    try:
        return strict_json.loads(content.decode("utf-8"))
    except RecursionError:
        raise NotValid(f"{what} is nested too deep") from None
    except ValueError as error:
        raise NotValid(f"{what} is no valid JSON ({strict_json.sentence(error)})") from None


def _entry(found: Any, what: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(found, dict) or set(found) != names:
        raise NotValid(f"{what} is no DSSE envelope as `assay attest` writes it ({', '.join(sorted(names))})")
    return found


def _base64(text: Any, what: str) -> bytes:
    """Return the bytes; only the one spelling that an encoder gives is taken, so that no bit is free."""
    try:
        if not isinstance(text, str):
            raise TypeError
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise NotValid(f"{what} is no base64") from None
    if base64.b64encode(found).decode() != text:
        raise NotValid(f"{what} is no canonical base64")
    return found
