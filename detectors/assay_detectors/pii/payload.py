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
_SIGNS = r"\t\n\r -~\u00a0-\ufffc\U00010000-\U0003ffff"
_BAD = re.compile(f"[^{_SIGNS}]")
_LEAST = 12
"""Characters of good text that count where there is noise around them."""
_GOOD = re.compile(f"[{_SIGNS}]{{{_LEAST},}}")
_HEAD = 64
"""Characters in which such text must begin."""

_QUAD = ("I-Za-f", "A-HQ-Xg-nw-z0-3", "ABEFIJMNQRUVYZcdghklopstwx014589", "A-Za-z0-9+/_\\-")
QUAD = "".join(f"[{one}]" for one in _QUAD)
"""Four characters of base64 that stand for three characters of ASCII text: one in ten of random ones."""
_ANY = "[A-Za-z0-9+/_\\-]"
_TWO = rf"[w-z0-3][I-LY-bo-r4-7][DHLPTXbfjnrvz37/_][A-Za-f][g-v][MNcdst89][CGKOSWaeimquy26+\-]{_ANY}"
"""Three characters that UTF-8 writes in two bytes each: Greek, Cyrillic, Hebrew, Arabic."""
_THREE = rf"(?:[4-7][I-LY-bo-r4-7][CGKOSWaeimquy26+\-]{_ANY}){{3}}"
"""Three characters that UTF-8 writes in three bytes each: of India and of East Asia."""
_LE, _BE = "A[A-H][AEIMQUYcgkosw048]A", f"[I-Za-f][AQgw][AB]{_ANY}"
"""Base64 of `\\0x\\0` and of `x\\0x`, as in UTF-16."""
_WIDE = rf"(?:{_BE}|[/_]{{2}}[4-7]{_ANY}){_LE}{_BE}|(?:{_LE}|[/_]v8A){_BE}{_LE}"
_ZIP = "H4sI|eJ[w-z]|eN[o-r]|eA[E-H]"
_H = "[0-9A-Fa-f]"
BASE64_ANCHOR = rf"[^A-Za-z0-9+](?:{QUAD}){{2}}{_ANY}{{8}}"
PACKED_ANCHOR = rf"[^A-Za-z0-9+](?:{_ZIP}){_ANY}{{13}}"
HEX_ANCHOR = rf"[^0-9A-Za-z](?:0x)?(?:[2-7]{_H}){{5}}{_H}{{6}}"
_CHAR = r"[\x00-\x7f]"
_NO_QUAD = "|".join(f"[^{one}]{_CHAR * (3 - place)}" for place, one in enumerate(_QUAD))
LATER_ANCHOR = f"{QUAD}{QUAD}{QUAD}{_ANY}{{4}}"
LATER_HEX_ANCHOR = f"(?:[2-7]{_H}){{9}}"
"""Nine or more bytes of ASCII anywhere in base64 and in hex, for texts that begin otherwise."""
FIRST_LATER, FIRST_LATER_HEX = f"(?:{_NO_QUAD}){LATER_ANCHOR}", f"(?:[^2-7]{_CHAR}|[^0-9A-Fa-f]){LATER_HEX_ANCHOR}"
"""The same where the nine bytes do not follow others: one place for each text, not one for each character of it."""
EVERY_LATER, EVERY_LATER_HEX = (re.compile(f"(?=({anchor}))", re.ASCII) for anchor in (LATER_ANCHOR, LATER_HEX_ANCHOR))
WIDE_ANCHOR = (
    rf"[^A-Za-z0-9+](?:{_WIDE}|(?:0x)?(?:1[Ff]8[Bb]08{_H}{{12}}|78(?:01|5[Ee]|9[Cc]|[Dd][Aa]){_H}{{14}}"
    rf"|(?:[Ff][Ff][Ff][Ee])?(?:[2-7]{_H}00){{4}}|(?:[Ff][Ee][Ff][Ff])?(?:00[2-7]{_H}){{4}}))"
)
"""UTF-16 in base64 and in hex; gzip and zlib in hex."""

BEGINNING = 256
"""Characters of a code that are decoded to see whether it is worth decoding all."""
_RUN = re.compile(rf"{_ANY}*")
_START = re.compile(r"(?<![A-Za-z0-9+])")
_PLAIN_START = re.compile(rf"(?:{QUAD}){{2}}{_ANY}{{8}}|(?:{_ZIP}){_ANY}{{13}}")
_LATER_START = re.compile(f"(?:{_ANY}{{4}}){{0,12}}?(?:{QUAD}{QUAD}{QUAD}{_ANY}{{4}}|{_TWO}|{_THREE})|{_WIDE}")
_TRIES = 8
"""Beginnings of one run that are decoded in vain before it is left alone."""
_JWT_HEAD = re.compile(r"eyJ[A-Za-z0-9_\-]+\.\Z")
_CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_HEX_RUN = re.compile(rf"(?<![0-9A-Za-z])(?:0x)?(?P<code>(?:{_H}{{2}}){{8,}})(?![0-9A-Za-z])")


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
    if "%" in head or "\\" in head:
        return True
    runs = [(part, *run.span()) for part in (head, head[:-1]) for run in _RUN.finditer(part)]
    return any(_hex(*run) or _base64(*run) for run in runs)


def payload(line: str, end: int, low: int, known: int = 0) -> tuple[Payload | None, int, int]:
    """Return what the run of characters of base64 or hex around an anchor stands for, where to look on, its end.

    It depends on the run alone, not on the place of the anchor in it, for the engines report different ends.

    Args:
        line: text in which an anchor of this module was found.
        end: end of the anchor.
        low: what stands before was looked at.
        known: end of the run before, which may be this one.
    """
    if known >= end:
        start, stop = low, known
    else:
        start = low + len(line[low:end].rstrip(_CODE))
        run = _RUN.match(line, start)
        stop = run.end() if run is not None else known
    found = _hex(line, start, stop) or _base64(line, start, stop)
    return found, found.stop if found is not None else max(stop, end), stop


def _base64(line: str, start: int, stop: int) -> Payload | None:
    """Return what stands in line[start:stop], from its beginning or from behind a `/`, `-` or `_` of a path."""
    tries = 0
    for known in (_PLAIN_START, _LATER_START):
        for place in _START.finditer(line, start, stop):
            at = place.start()
            if not known.match(line, at, stop):
                continue
            text, ways, problem = _text(_bytes(line[at : min(at + BEGINNING, stop)]))
            if (text or problem) and stop > at + BEGINNING:
                text, ways, problem = _text(_bytes(line[at:stop]))
            if text or problem:
                end = stop + line[stop : stop + 2].count("=")
                jwt = line[at - 1 : at] == "." and _JWT_HEAD.search(line, max(0, at - 4096), at) is not None
                return Payload(at, end, text, " > ".join(["jwt" if jwt else "base64", *ways]), problem)
            tries += 1
            if tries == _TRIES:
                return None
    return None


def _bytes(code: str) -> bytes:
    code = code[: len(code) - (len(code) % 4 == 1)].replace("-", "+").replace("_", "/")
    return base64.b64decode(code + "=" * (-len(code) % 4))


def _hex(line: str, start: int, stop: int) -> Payload | None:
    for run in _HEX_RUN.finditer(line, start, stop):
        code = run["code"]
        text, ways, problem = _text(bytes.fromhex(code[:BEGINNING]))
        if (text or problem) and len(code) > BEGINNING:
            text, ways, problem = _text(bytes.fromhex(code))
        if text or problem:
            return Payload(run.start("code"), run.end(), text, " > ".join(["hex", *ways]), problem)
    return None


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
    zeros = data[::2].count(0), data[1::2].count(0)
    wide = not min(zeros) and max(zeros) * 10 > len(data) * 4
    if wide:
        ways.append("utf-16")
    text = data.decode(("utf-16-be" if zeros[0] else "utf-16-le") if wide else "utf-8", "replace").lstrip("\ufeff")
    bad = _BAD.search(text)
    if bad is not None and len(_BAD.findall(text)) > (1 - _PRINTABLE) * len(text):
        if (problem and "zlib" in ways) or _GOOD.search(text, 0, _HEAD + _LEAST) is None:
            return "", [], None
        text = " ".join(_GOOD.findall(text))
    return text.replace("\n", " "), ways, problem
