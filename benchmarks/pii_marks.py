"""Texts that know where their values are: marks in private-use characters, kept through encodings."""

from __future__ import annotations

import base64
import gzip
import json
import re
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

_OPEN, _BODY, _CLOSE = "\ue000", "\ue001", "\ue002"
_TOKEN = re.compile(f"({_OPEN}[^{_BODY}]*{_BODY}|{_CLOSE})")
PLAIN = "plain"
THEN = " > "


class Label(NamedTuple):
    """Where a planted value stands, what it is, and how it was encoded, from the outside in."""

    start: int
    end: int
    entity: str
    chain: str = PLAIN

    @property
    def depth(self) -> int:
        return 0 if self.chain == PLAIN else self.chain.count(THEN) + 1


def mark(entity: str, value: str, chain: str = PLAIN) -> str:
    """Return `value` between marks."""
    return f"{_OPEN}{entity}|{chain}{_BODY}{value}{_CLOSE}"


def read(marked: str) -> tuple[str, list[Label]]:
    """Return the text without its marks, and the labels in order."""
    parts: list[str] = []
    size, open_marks, labels = 0, [], []
    for piece in _TOKEN.split(marked):
        if piece.startswith(_OPEN):
            open_marks.append((size, *piece[1:-1].split("|", 1)))
        elif piece == _CLOSE:
            start, entity, chain = open_marks.pop()
            labels.append(Label(start, size, entity, chain))
        else:
            parts.append(piece)
            size += len(piece)
    return "".join(parts), sorted(labels)


def plain(marked: str) -> str:
    return _TOKEN.sub("", marked)


def _after(label: str, chain: str) -> str:
    return label if chain == PLAIN else f"{label}{THEN}{chain}"


def spelled(marked: str, spell: Callable[[str], str], label: str) -> str:
    """Encode character by character; only values that look different afterwards get `label` into their chain."""
    pieces = _TOKEN.split(marked)
    heads: dict[int, str] = {}
    open_at: list[int] = []
    for at, piece in enumerate(pieces):
        if piece.startswith(_OPEN):
            open_at.append(at)
        elif piece == _CLOSE:
            open_at.pop()
        else:
            pieces[at] = spell(piece)
            if pieces[at] != piece:
                heads.update(dict.fromkeys(open_at, label))
    for at, name in heads.items():
        entity, chain = pieces[at][1:-1].split("|", 1)
        pieces[at] = f"{_OPEN}{entity}|{_after(name, chain)}{_BODY}"
    return "".join(pieces)


def packed(marked: str, pack: Callable[[bytes], str], label: str) -> str:
    """Encode as a whole: every value inside is then at the columns of the code."""
    text, labels = read(marked)
    code = pack(text.encode())
    for one in labels:
        code = mark(one.entity, code, _after(label, one.chain))
    return code


def json_text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def ascii_json_text(value: str) -> str:
    return json.dumps(value)[1:-1].replace("/", "\\/")


def unicode_escapes(value: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else f"\\u{ord(char):04x}" for char in value)


def every_unicode_escape(value: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in value)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _gzip(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def url(marked: str) -> str:
    return spelled(marked, lambda text: urllib.parse.quote(text, safe=""), "url")


def form(marked: str) -> str:
    return spelled(marked, urllib.parse.quote_plus, "url")


def json_escaped(marked: str) -> str:
    return spelled(marked, json_text, "json")


def b64(marked: str) -> str:
    return packed(marked, lambda data: base64.b64encode(data).decode(), "base64")


def b64url(marked: str) -> str:
    return packed(marked, _base64url, "base64url")


def hexed(marked: str) -> str:
    return packed(marked, bytes.hex, "hex")


def gzipped(marked: str) -> str:
    return packed(marked, _gzip, "gzip in base64")


def jwt_payload(marked_json: str) -> str:
    """Return a token whose payload is the given JSON object; the signature is none that verifies."""
    head, tail = _base64url(b'{"alg":"HS256","typ":"JWT"}'), _base64url(bytes(range(32)))
    body = packed(marked_json, _base64url, "jwt")
    return mark("JWT", f"{head}.{body}.{tail}")


CHAINS: dict[str, tuple[Callable[[str], str], ...]] = {
    "url": (url,),
    "url > url": (url, url),
    "json": (lambda text: spelled(text, ascii_json_text, "json"),),
    "unicode": (lambda text: spelled(text, unicode_escapes, "unicode"),),
    "all unicode": (lambda text: spelled(text, every_unicode_escape, "unicode"),),
    "base64": (b64,),
    "base64url": (b64url,),
    "hex": (hexed,),
    "gzip": (gzipped,),
    "jwt": (jwt_payload,),
    "base64 > base64": (b64, b64),
    "url > base64": (b64, url),
    "base64 > url": (url, b64),
    "base64 > unicode": (lambda text: spelled(text, unicode_escapes, "unicode"), b64),
    "url > unicode": (lambda text: spelled(text, unicode_escapes, "unicode"), url),
    "base64 > hex": (hexed, b64),
    "base64 > gzip": (gzipped, b64),
    "url > gzip": (gzipped, url),
    "url > url > base64": (b64, url, url),
    "base64 > base64 > base64": (b64, b64, b64),
}
"""Name, from the outside in -> the steps, from the inside out."""
