"""What a reference says: the names of files, each with a digest. Plain data that a worker sends to the driver."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_ENTRIES = 100_000
MAX_BYTES = 64 << 20
MAX_NAME = 4096

STRONG = {"sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}
"""Algorithms that are computed, with the hex digits of their digests."""
_WEAK = ("md5", "sha1", "md4", "md2", "sha", "crc32")


class Unreadable(Exception):
    """The reference cannot be used; `str()` says why, after its name: `SHA256SUMS: ...`."""


@dataclass(frozen=True)
class Entry:
    """One digest of one file, or of a part of it."""

    name: str
    algorithm: str
    digest: str
    start: int = 0
    stop: int | None = None
    """One past the last byte; None: to the end."""
    size: int | None = None
    """Of the whole file, where the reference says it."""


@dataclass
class Listing:
    """All that a reference says."""

    kind: str
    """`sha256sum text`, `JSON list`, `signed list`."""
    entries: list[Entry] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """Paths that it leaves out."""
    links: bool = True
    """Whether a file may be a link."""
    sharded: bool = False
    """Whether the entries are parts; files without content have none then."""
    signer: str = ""
    """Who signed it, as it was proved."""
    broken: str = ""
    """Why its signature does not hold; then it has no entries."""
    told: list[str] = field(default_factory=list)
    """What was not checked, in plain words."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        entries = [[e.name, e.algorithm, e.digest, e.start, e.stop, e.size] for e in self.entries]
        return {**self.__dict__, "entries": entries}


def from_json(value: Any) -> Listing:
    """Return the listing that a worker sent.

    Raises:
        Unreadable: it is none.
    """
    try:
        listing = Listing(**{**value, "entries": [Entry(*entry) for entry in value["entries"]]})
        sound = all(_is_sound(entry) for entry in listing.entries) and isinstance(listing.broken, str)
        sound = sound and all(isinstance(text, str) for text in [*listing.ignored, *listing.told, listing.signer])
    except (TypeError, KeyError):
        sound = False
    if not sound:
        raise Unreadable("the worker gave an answer in the wrong form")
    return listing


def _is_sound(entry: Entry) -> bool:
    numbers = (entry.start, entry.stop or 0, entry.size or 0)
    return (
        isinstance(entry.name, str)
        and entry.algorithm in STRONG
        and is_digest(entry.digest, entry.algorithm)
        and all(type(number) is int and number >= 0 for number in numbers)
    )


def algorithm_named(name: str) -> str:
    """Return the name by which an algorithm is computed.

    Raises:
        Unreadable: too weak to prove anything, or not to be had.
    """
    plain = name.lower().replace("-", "").replace("_", "")
    plain = {"blake2": "blake2b", "blake2b512": "blake2b", "sha2256": "sha256", "sha2512": "sha512"}.get(plain, plain)
    if plain in STRONG:
        return plain
    if plain in _WEAK:
        raise Unreadable(f"uses {name}, for which other files with the same digest can be made; list SHA-256 digests")
    raise Unreadable(f"uses {name[:40]!r}, which Assay does not compute; list SHA-256 digests")


def is_digest(text: object, algorithm: str) -> bool:
    """Say whether `text` is a digest of that algorithm in lower-case hex."""
    return isinstance(text, str) and len(text) == STRONG[algorithm] and not text.strip("0123456789abcdef")


def is_inside(name: str) -> bool:
    """Say whether a listed name stays below its folder: relative, without `..`, without NUL, no longer than a path."""
    parts = name.split("/")
    return 0 < len(name) <= MAX_NAME and not posixpath.isabs(name) and ".." not in parts and "\0" not in name


def contradictions(entries: Iterable[Entry]) -> list[str]:
    """Return the names that are listed twice with different digests."""
    seen: dict[tuple[str, str, int, int | None], str] = {}
    found: dict[str, None] = {}
    for entry in entries:
        key = (posixpath.normpath(entry.name), entry.algorithm, entry.start, entry.stop)
        if seen.setdefault(key, entry.digest) != entry.digest:
            found[entry.name] = None
    return list(found)


def new_hash(algorithm: str) -> hashlib._Hash:
    """Return the state of one of `STRONG`."""
    return hashlib.new(algorithm)
