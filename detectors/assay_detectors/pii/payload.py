"""Values in base64, hex, gzip and zlib inside a line: found, unpacked within bounds, told from noise."""

from __future__ import annotations

import base64
import re
import zlib
from typing import NamedTuple

OUT_LIMIT = 1 << 20
"""Bytes that one value may become."""
_RATIO = 200
"""Times that a compressed value may grow, beyond the first 64 kB."""
_FREE = 1 << 16
_BEYOND = f"becomes larger than its budget ({OUT_LIMIT >> 20} MB, {_RATIO} times its size)"
_CUT = "is cut short"
_PRINTABLE = 0.95
_BAD = re.compile(r"[^\t\n\r -~\u00a0-\ufffc\U00010000-\U0003ffff]")
_LEAST = 12
"""Characters of good text that count where what follows is noise."""

QUAD = "[I-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_\\-]"
"""Four characters of base64 that stand for three characters of ASCII text: one in ten of random ones."""
_ANY = "[A-Za-z0-9+/_\\-]"
BASE64_ANCHOR = rf"[^A-Za-z0-9+](?:{QUAD}){{2}}{_ANY}{{8}}"
PACKED_ANCHOR = rf"[^A-Za-z0-9+](?:H4sI|eJ[w-z]|eN[o-r]|eA[E-H]){_ANY}{{13}}"
HEX_ANCHOR = r"[^0-9A-Za-z](?:0x)?(?:[2-7][0-9A-Fa-f]){5}[0-9A-Fa-f]{6}"

_WORTH = re.compile(f"{BASE64_ANCHOR}|{PACKED_ANCHOR}|{HEX_ANCHOR}")
BEGINNING = 256
"""Characters of a code that is not decoded in which an anchor is looked for."""
_RUN = re.compile(rf"{_ANY}+")
_JWT_HEAD = re.compile(r"eyJ[A-Za-z0-9_\-]+\.\Z")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
_PACKED = re.compile(r"H4sI|e[JNA]")
_TEXT_HEAD = re.compile(rb"(?:[\t\n\r -~]|[\xc2-\xf4][\x80-\xbf]{1,3})*(?:[\xc2-\xf4][\x80-\xbf]{0,2})?\Z")
"""The first bytes of UTF-8 text, perhaps cut inside a character."""
_HEX_RUN = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class Payload(NamedTuple):
    """What a part of a line stands for."""

    start: int
    stop: int
    text: str
    """Empty: it is no text."""
    chain: str
    problem: str | None = None
    """Why it was not unpacked to its end."""

    @property
    def cut(self) -> bool:
        """Whether it ends before what is packed in it does."""
        return self.problem is not None and self.problem.endswith(_CUT)


def worth(code: str) -> bool:
    """Say whether text may stand in a code too long to be decoded, by its first characters."""
    head = code[:BEGINNING]
    return "%" in head or "\\" in head or _WORTH.search(f" {head}") is not None


def base64_payload(line: str, end: int) -> Payload | None:
    """Return the payload of the base64 run whose quads are known to begin 16 characters before `end`."""
    known = end - 16
    run = _RUN.match(line, known)
    if run is None or run.end() < end or not (_PACKED.match(line, known) or _TEXT_HEAD.match(_bytes(line[known:end]))):
        return None
    for start in _starts(line, known):
        text, ways, problem = _text(_bytes(line[start : run.end()]))
        if text or problem:
            stop = run.end() + (line[run.end() : run.end() + 2].count("="))
            jwt = line[start - 1 : start] == "." and _JWT_HEAD.search(line, max(0, start - 4096), start) is not None
            return Payload(start, stop, text, " > ".join(["jwt" if jwt else "base64", *ways]), problem)
    return None


def _bytes(code: str) -> bytes:
    code = code[: len(code) - (len(code) % 4 == 1)].replace("-", "+").replace("_", "/")
    return base64.b64decode(code + "=" * (-len(code) % 4))


def _starts(line: str, known: int) -> dict[int, None]:
    """Return where the code may begin: where the run does, or behind a `/`, `-` or `_` of a path, in step with it."""
    first = known
    while first and line[first - 1] in _BASE64:
        first -= 1
    first += (known - first) % 4
    inner = [at for at in range(known - 8, known, 4) if at > first and line[at - 1] in "/-_"]
    return dict.fromkeys([first, *inner, known])


def hex_payload(line: str, end: int) -> Payload | None:
    """Return the payload of the run of hex digits whose first 16 are line[end - 16 : end]."""
    run = _HEX_RUN.match(line, end - 16)
    if run is None or run.end() < end or not _TEXT_HEAD.match(bytes.fromhex(line[end - 16 : end])):
        return None
    if line[run.end() : run.end() + 1].isalnum():
        return None
    text, ways, problem = _text(bytes.fromhex(run[0]))
    return Payload(run.start(), run.end(), text, " > ".join(["hex", *ways]), problem) if text or problem else None


def _text(data: bytes) -> tuple[str, list[str], str | None]:
    """Return the text that the bytes are, how they were packed, and why not all could be unpacked."""
    ways: list[str] = []
    problem = None
    if data[:3] == b"\x1f\x8b\x08" or (data[:1] == b"\x78" and data[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda")):
        ways.append("gzip" if data[:1] == b"\x1f" else "zlib")
        limit = min(OUT_LIMIT, max(_FREE, _RATIO * len(data)))
        try:
            machine = zlib.decompressobj(47)
            data = machine.decompress(data, limit)
            if machine.unconsumed_tail or not machine.eof:
                problem = f"a value in {ways[0]} {_CUT if not machine.unconsumed_tail else _BEYOND}"
        except zlib.error:
            return "", [], None
    elif len(data) > OUT_LIMIT:
        data, problem = data[:OUT_LIMIT], f"a value {_BEYOND}"
    if ways == ["zlib"] and problem and problem.endswith(_CUT) and len(data) < _LEAST:
        return "", [], None  # as likely a word or a key that begins like a packed value
    wide = data[1::2].count(0) * 10 > len(data) * 4 and not data[::2].count(0)
    if wide:
        ways.append("utf-16")
    text = data.decode("utf-16-le" if wide else "utf-8", "replace")
    bad = _BAD.search(text)
    if bad is not None and len(_BAD.findall(text)) > (1 - _PRINTABLE) * len(text):
        text = text[: bad.start()]
        if len(text) < _LEAST:
            return "", [], None
    return text.replace("\n", " "), ways, problem
