"""Read a list of digests, strictly: text of `sha256sum` (GNU and BSD), or the JSON of `assay artifact manifest`.

A line that is no line of such a list refuses the whole: what is skipped would not be compared.
"""

from __future__ import annotations

import json
import re
from typing import Any

from assay.model import strict_json
from assay.targets.published import TYPE
from assay_detectors.artifact.integrity_listing import (
    MAX_ENTRIES,
    STRONG,
    Entry,
    Listing,
    Unreadable,
    algorithm_named,
    is_digest,
)

_PLAIN = re.compile(r"(\\?)([0-9A-Fa-f]+) ([ *])(.+)", re.DOTALL)
_TAGGED = re.compile(r"(\\?)([A-Za-z0-9/-]{2,20}) \((.+)\) = ([0-9A-Fa-f]+)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}
_BY_LENGTH = {32: "MD5", 40: "SHA-1", 64: "sha256", 96: "sha384", 128: "sha512"}


def read_list(content: bytes, file_name: str) -> Listing:
    """Return what a list of digests says.

    Args:
        content: of the file.
        file_name: its name; `B2SUMS` tells that 128 digits are BLAKE2b.

    Raises:
        Unreadable: it is no such list, or uses an algorithm that proves nothing.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content:
        raise Unreadable("is no UTF-8 text; save it as UTF-8")
    text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        return _read_json(text)
    if text.lstrip().startswith("-----BEGIN PGP"):
        raise Unreadable("is signed with PGP, which Assay does not verify; verify it with gpg and give what it wraps")
    listing = Listing("sha256sum text")
    by_length = {**_BY_LENGTH, 128: "blake2b"} if re.search(r"b2|blake2", file_name, re.IGNORECASE) else _BY_LENGTH
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        if len(listing.entries) >= MAX_ENTRIES:
            raise Unreadable(f"lists more than {MAX_ENTRIES:,} files; split it")
        try:
            listing.entries.append(_read_line(line, by_length))
        except Unreadable as error:
            raise Unreadable(f"line {number} {error}") from None
    if not listing.entries:
        raise Unreadable("lists no file; give the list that was published")
    return listing


def _read_line(line: str, by_length: dict[int, str]) -> Entry:
    tagged = _TAGGED.fullmatch(line)
    if tagged is not None:
        mark, tag, name, digest = tagged.groups()
        algorithm = algorithm_named(tag)
    else:
        plain = _PLAIN.fullmatch(line)
        if plain is None:
            raise Unreadable("is no line of `sha256sum` (`<digest>  <name>` or `SHA256 (<name>) = <digest>`)")
        mark, digest, _, name = plain.groups()
        if len(digest) not in by_length:
            raise Unreadable(f"has {len(digest)} hex digits, and a SHA-256 digest has 64")
        algorithm = algorithm_named(by_length[len(digest)])
    digest = digest.lower()
    if not is_digest(digest, algorithm):
        raise Unreadable(f"has {len(digest)} hex digits, and a digest of {algorithm} has {STRONG[algorithm]}")
    return Entry(_unescaped(name) if mark else name, algorithm, digest)


def _unescaped(name: str) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPED:
            raise Unreadable("has an escape that is none of \\\\, \\n and \\r")
        return _ESCAPED[match[1]]

    return _ESCAPE.sub(plain, name)


def load_json(text: str) -> Any:
    """Return JSON; a key twice in one object, NaN, and nesting without end are refused.

    Raises:
        Unreadable: it is not such JSON.
    """
    try:
        return strict_json.loads(text)
    except RecursionError:
        raise Unreadable("is nested too deep") from None
    except ValueError as error:
        place = f"line {error.lineno} column {error.colno}: " if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"is not valid JSON ({place}{strict_json.sentence(error)})") from None


def _read_json(text: str) -> Listing:
    document = load_json(text)
    if isinstance(document, dict) and ("dsseEnvelope" in document or "mediaType" in document):
        raise Unreadable("is a signature; declare it as `signature`, with the `key` of its signer")
    form = f"is no list that Assay knows (`type: {TYPE}`, `version: 1`, `files: [...]`)"
    if not isinstance(document, dict) or document.get("type") != TYPE or document.get("version") != 1:
        raise Unreadable(form)
    files = document.get("files")
    if not isinstance(files, list):
        raise Unreadable(form)
    if not files:
        raise Unreadable("lists no file; give the list that was published")
    if len(files) > MAX_ENTRIES:
        raise Unreadable(f"lists more than {MAX_ENTRIES:,} files; split it")
    return Listing("JSON list", [_read_file(entry, index) for index, entry in enumerate(files)])


def _read_file(entry: Any, index: int) -> Entry:
    if not isinstance(entry, dict) or set(entry) - {"path", "sha256", "size"}:
        raise Unreadable(f"files[{index}] is not {{path, sha256, size}}")
    path, sha256, size = entry.get("path"), entry.get("sha256"), entry.get("size")
    if not isinstance(path, str) or not is_digest(sha256, "sha256"):
        raise Unreadable(f"files[{index}] has no `path`, or no `sha256` of 64 lower-case hex digits")
    if size is not None and (type(size) is not int or size < 0):
        raise Unreadable(f"files[{index}] has a `size` that is no number of bytes")
    return Entry(path, "sha256", str(sha256), size=size)
