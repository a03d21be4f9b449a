"""Results that are kept by the content of what was read, and sealed: without that content they cannot be opened.

What work on a shard found in a log may hold digests of personal values, and whoever tries all telephone numbers finds
one by its digest. So such a result lies in the store encrypted, under a key derived from the very bytes that were
read: who has these bytes has the values already, and who has the store alone has nothing. See docs/adr/0022.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

from assay.engine import frames

_DIGEST = re.compile("[0-9a-f]{64}")
_TAG = 16
_LARGEST = 128 << 20
"""Bytes of an opened result."""


@dataclass(frozen=True)
class Identity:
    """What a worker said of the part of an input that some work reads."""

    content: str
    """sha256 in hex of all that the work reads."""
    stamp: Any
    """What changes whenever the file does."""

    def key(self, part: str) -> str:
        """Return where the result is kept; `part`: the digest of everything else that it depends on."""
        return hashlib.sha256(f"address\0{part}\0{self.content}".encode()).hexdigest()

    def secret(self, part: str) -> bytes:
        """Return what the result is sealed with; the address does not tell it."""
        return hashlib.sha256(f"secret\0{part}\0{self.content}".encode()).digest()


def identity(answer: Any) -> Identity | None:
    """Return the identity in a worker's answer; None where it is none."""
    content = answer.get("content") if isinstance(answer, dict) else None
    if not isinstance(content, str) or not _DIGEST.fullmatch(content):
        return None
    return Identity(content, answer.get("stamp"))


def seal(value: Any, secret: bytes) -> str:
    """Return plain data (no arrays) as text that only `secret` opens.

    A secret seals one value only, since it is derived from all that the value depends on; so no nonce is needed.

    Raises:
        FrameError: it is not plain data, or too large.
    """
    try:
        text = json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise frames.FrameError(f"not plain data: {error}") from None
    if len(text) > _LARGEST:
        raise frames.FrameError(f"a result of {len(text):,} characters is too large to be kept")
    hidden = _mixed(zlib.compress(text.encode("ascii"), 1), secret)
    return base64.b64encode(_tag(hidden, secret) + hidden).decode("ascii")


def unseal(text: Any, secret: bytes) -> Any:
    """Return what was sealed.

    Raises:
        FrameError: it was sealed with another secret, or changed.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError, binascii.Error):
        raise frames.FrameError("no sealed result") from None
    tag, hidden = raw[:_TAG], raw[_TAG:]
    if not hmac.compare_digest(tag, _tag(hidden, secret)):
        raise frames.FrameError("sealed with another secret")
    unpacker = zlib.decompressobj()
    return json.loads(unpacker.decompress(_mixed(hidden, secret), _LARGEST))


def _mixed(data: bytes, secret: bytes) -> bytes:
    """Return the data with the key stream added; twice gives them back."""
    stream = hashlib.shake_256(b"stream\0" + secret).digest(len(data))
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")


def _tag(hidden: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, hidden, "sha256")[:_TAG]
