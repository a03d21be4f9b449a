"""Looks for values in bytes: as they are, spelled and encoded otherwise, and as digests that anybody could make."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sqlite3
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from assay_detectors.pii.mask import normalised

LEAST = 8
"""Bytes of a form; a shorter one would be met by chance."""
HASHES = ("md5", "sha1", "sha224", "sha256", "sha512", "sha3_256", "blake2b", "blake2s")
_DIGEST_PREFIX = 16
"""Characters of a digest that are looked for: a cut digest can be tried out as well as a whole one."""


def forms(entity: str, value: str) -> dict[bytes, str]:
    """Return what must not stand anywhere, with words for each; text in lower case."""
    compact = re.sub(r"[\W_]", "", value)
    spelled = {
        "plain": value,
        "without separators": compact,
        "backwards": value[::-1],
        "as JSON": json.dumps(value)[1:-1],
        "as HTML": html.escape(value),
        "as a URL": urllib.parse.quote(value, safe=""),
        "as a form": urllib.parse.quote_plus(value, safe=""),
        "as Markdown": value.replace("@", "&#64;&#8203;"),
    }
    found: dict[bytes, str] = {}
    for name, text in spelled.items():
        found.setdefault(_one_blank(text.lower().encode()), name)
    for text in (value, compact):
        raw = text.encode()
        found[raw.hex().encode()] = "hex"
        found |= {text.lower().encode(wide): wide for wide in ("utf-16-le", "utf-16-be")}
        found |= dict.fromkeys(_base64(raw), "base64")
    for text in {value, compact, compact.upper(), value.casefold(), normalised(entity, value)}:
        for name, raw in _digests(f"{entity}\0{text}".encode()) | _digests(text.encode()):
            found[raw.hex()[:_DIGEST_PREFIX].encode()] = f"{name}, hex"
            found[base64.b64encode(raw)[:_DIGEST_PREFIX].lower()] = f"{name}, base64"
    return {form: name for form, name in found.items() if len(form) >= LEAST}


def _one_blank(data: bytes) -> bytes:
    """Return the bytes with one blank for every run of white space: a text may be wrapped."""
    return re.sub(rb"[ \t\r\n]+", b" ", data)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield the code of the bytes wherever they may stand in what is encoded, without what its neighbours change."""
    for before in range(3):
        code = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        inner = code[(before * 4 + 2) // 3 : len(code) - (1 if (before + len(raw)) % 3 else 0)].lower()
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")


def _digests(raw: bytes) -> set[tuple[str, bytes]]:
    short = {f"blake2b/{size}": hashlib.blake2b(raw, digest_size=size).digest() for size in (8, 16, 32)}
    return {(name, hashlib.new(name, raw).digest()) for name in HASHES} | set(short.items())


class Probe:
    """All forms of all values, looked for at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """Take the values, each with its kind."""
        self.forms: dict[bytes, tuple[str, str]] = {}
        for value, entity in values.items():
            for form, name in forms(entity, value).items():
                self.forms.setdefault(form, (value, name))
        heads = np.frombuffer(b"".join(sorted({form[:LEAST] for form in self.forms})), dtype=">u8")
        self._heads = np.sort(heads.astype(np.uint64))
        self._known: dict[bytes, list[bytes]] = {}
        for form in self.forms:
            self._known.setdefault(form[:LEAST], []).append(form)
        self._rough = np.zeros(1 << 24, dtype=bool)
        self._rough[(self._heads >> np.uint64(40)).astype(np.int64)] = True

    def leaks(self, name: str, data: bytes) -> list[str]:
        """Return what stands in the bytes, one sentence each."""
        low = _one_blank(data.lower())
        array = np.frombuffer(low, dtype=np.uint8).astype(np.uint32)
        if len(array) < LEAST:
            return []
        three = (array[:-2] << 16) | (array[1:-1] << 8) | array[2:]
        told: dict[str, None] = {}
        for at in np.flatnonzero(self._rough[three]):
            for form in self._known.get(low[at : at + LEAST], ()):
                if low.startswith(form, int(at)):
                    value, how = self.forms[form]
                    around = low[max(0, int(at) - 60) : int(at) + len(form) + 30]
                    told[f"{name}: {value!r} {how}: {around!r}"] = None
        return list(told)


def contents(folder: Path, leave: Iterable[Path] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield every file below the folder, name and bytes; of a store also what its values unpack to."""
    left = set(leave)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or left & {path, *path.parents}:
            continue
        data = path.read_bytes()
        yield str(path.relative_to(folder)), data
        if data.startswith(b"SQLite format 3"):
            yield from _rows(path)


def _rows(path: Path) -> Iterator[tuple[str, bytes]]:
    with sqlite3.connect(path) as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for number, row in enumerate(store.execute(f"select * from {table}")):
                for cell in row:
                    raw = cell if isinstance(cell, bytes) else str(cell).encode()
                    yield f"{path.name}:{table}:{number}", raw
                    if (plain := _unpacked(raw)) is not None:
                        yield f"{path.name}:{table}:{number} unpacked", plain


def _unpacked(raw: bytes) -> bytes | None:
    for start in range(2):
        try:
            return zlib.decompress(raw[start:])
        except zlib.error:
            continue
    return None
