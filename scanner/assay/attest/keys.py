"""Keys of the signed verdict: PEM files of ed25519, ECDSA (P-256, P-384, P-521) or RSA (2,048 bits and more).

The libraries come with the extra `sign` and are imported only here and in `envelope`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import InvalidInput, NotAssessed
from assay.model.visible import visible

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

MAX_BYTES = 1 << 16
MIN_RSA_BITS = 2048
PASSPHRASE = "ASSAY_KEY_PASSPHRASE"
"""Environment variable that holds the passphrase of an encrypted key."""
_KINDS = "ed25519, ECDSA on P-256, P-384 or P-521, or RSA"
_MAKE = "make one with `openssl genpkey -algorithm ed25519 -out key.pem`"

Ask = Callable[[], str | None]
"""Ask a person for the passphrase; None where nobody can be asked."""


def load_signer(path: Path, ask: Ask) -> CryptoSigner:
    """Return the signer for the private key in `path`.

    Raises:
        InvalidInput: no such file, no private key in it, a kind that is not used, or no passphrase that opens it.
        NotAssessed: the extra `sign` is not installed.
    """
    _need_extra()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    shown, content = visible(str(path)), _read(path)
    if b"PRIVATE KEY-----" not in content:
        hint = "it is the public key; sign with the private one" if b"PUBLIC KEY-----" in content else _MAKE
        raise InvalidInput(f"{shown}: holds no private key in PEM form; {hint}")
    if b"OPENSSH PRIVATE KEY" in content:
        raise InvalidInput(f"{shown}: is a key of OpenSSH's own form; {_MAKE}")
    secret = _passphrase(content, ask, shown)
    try:
        private = load_pem_private_key(content, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = "the passphrase does not open it" if secret is not None else "it is damaged, or of an unknown kind"
        raise InvalidInput(f"{shown}: the private key cannot be read: {why}; check the file, or {_MAKE}") from None
    return CryptoSigner(private, _public(private.public_key(), shown))


def load_public(path: Path) -> SSlibKey:
    """Return the public key in `path`.

    Raises:
        InvalidInput: no such file, no public key in it, or a kind that is not used.
        NotAssessed: the extra `sign` is not installed.
    """
    _need_extra()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    shown, content = visible(str(path)), _read(path)
    if b"PRIVATE KEY-----" in content:
        raise InvalidInput(
            f"{shown}: holds a private key, which has no place where models are deployed; give the public one "
            "(`openssl pkey -in key.pem -pubout -out key.pub`)"
        )
    try:
        public = load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidInput(f"{shown}: holds no public key in PEM form; give the signer's public key") from None
    return _public(public, shown)


def _public(public: Any, shown: str) -> SSlibKey:
    """Return the key with the one scheme that its kind stands for; nothing in an envelope can choose another."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from securesystemslib.signer import SSlibKey

    if isinstance(public, RSAPublicKey) and public.key_size < MIN_RSA_BITS:
        raise InvalidInput(f"{shown}: is an RSA key of {public.key_size} bits; at least {MIN_RSA_BITS} are needed")
    try:
        return SSlibKey.from_crypto(public)
    except ValueError:
        raise InvalidInput(f"{shown}: is a key of a kind that is not used here; give one of {_KINDS}") from None


def _passphrase(content: bytes, ask: Ask, shown: str) -> bytes | None:
    """Return the passphrase of an encrypted key, from the environment or from a person; None for a plain key."""
    if b"ENCRYPTED" not in content:
        return None
    secret = os.environ.get(PASSPHRASE) or ask()
    if not secret:
        raise InvalidInput(f"{shown}: is encrypted; put its passphrase into the environment variable {PASSPHRASE}")
    return secret.encode()


def _read(path: Path) -> bytes:
    shown = visible(str(path))
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            raise InvalidInput(f"{shown}: is no key file; give a PEM file")
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(f"{shown}: no such file; give the key as a PEM file") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(f"{shown}: cannot be read ({why}); check its permissions") from None


def _need_extra() -> None:
    try:
        import cryptography  # noqa: F401
        import rfc8785  # noqa: F401
        import securesystemslib.signer  # noqa: F401
    except ImportError as error:
        raise NotAssessed(
            f"signatures need {visible(str(error.name))!r}, which is not installed; run: "
            "pip install 'model-assay[sign]'"
        ) from None
