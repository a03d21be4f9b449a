"""How much of an input a worker reads into memory."""

from __future__ import annotations

LARGEST = 2 << 30
"""Bytes, unpacked, that one input may need; more is refused before it is allocated."""
