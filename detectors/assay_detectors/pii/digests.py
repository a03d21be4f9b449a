"""Digests of values, under a key: equal values have the same, and nobody without the key finds a value by trying."""

from __future__ import annotations

import hashlib

from assay_detectors.pii.mask import normalised

_BLOCK = 64
"""Bytes of a block of SHA-256."""
_LENGTH = 16


class Digests:
    """HMAC-SHA-256 of many short values under one key (RFC 2104), in half of the time that `hmac` takes for each."""

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, entity: str, value: str) -> str:
        """Return the digest of a value in hex, the same for all spellings of it."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{entity}\0{normalised(entity, value)}".encode("utf-8", "replace"))
        outer.update(inner.digest())
        return outer.hexdigest()[:_LENGTH]
