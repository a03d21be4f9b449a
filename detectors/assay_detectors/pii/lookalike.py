"""Letters and digits that look like ASCII ones, and characters that cannot be seen, in lines beyond ASCII."""

from __future__ import annotations

import re
import unicodedata

from assay_detectors.pii.decode import Decoded, Part

_LATIN = "aceopxyijshABCEHIKMOPTXSJYvaopvikxuABEZHIKMNOPTYX"
_OTHER = "асеорхуіјѕһАВСЕНІКМОРТХЅЈҮѵαορνικχυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_CONFUSABLE = dict(zip(map(ord, _OTHER), _LATIN, strict=True)) | {
    0x2024: ".", 0x3002: ".", 0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2212: "-", 0x0131: "i", 0x0251: "a",
    0x0261: "g", 0x2113: "l",
}  # fmt: skip
"""Cyrillic and Greek letters with a Latin twin, and marks that stand for ASCII ones."""
_UNSEEN = dict.fromkeys(
    [0x00AD, 0x034F, 0x061C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065)]
)
ODD = re.compile(
    "[\u00a0\u00ad\u0131\u034f\u0251\u0261\u0370-\u052f\u061c\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u0d6f\u0e50-\u0ed9\u17e0-\u17e9"
    "\u180e\u2000-\u2064\u2070-\u209f\u2100-\u214f\u2212\u2460-\u24ff\u3000-\u3002\ufe50-\uffef\U0001d400-\U0001d7ff]"
)
"""Characters for which a second look is worth its time."""
_TOKEN = re.compile(r"\S+")
_ASCII_WORD = re.compile(r"[A-Za-z0-9@]")


def unmasked(line: str) -> Decoded | None:
    """Return the line as it looks: NFKC, digits of every script, twins of Latin letters where Latin ones stand beside.

    None: it looks as it is written.
    """
    parts: list[Part] = []
    at = 0
    for found in _TOKEN.finditer(line):
        token = found[0]
        if token.isascii() or not ODD.search(token):
            continue
        if found.start() > at:
            parts.append((line[at : found.start()], at, found.start(), ""))
        mixed = _ASCII_WORD.search(token) is not None
        for place, char in enumerate(token, start=found.start()):
            plain = _plain(char, mixed)
            if plain:
                parts.append((plain, place, place + 1, "" if plain == char else "unicode"))
        at = found.end()
    if at < len(line):
        parts.append((line[at:], at, len(line), ""))
    text = "".join(part[0] for part in parts)
    return None if text == line else Decoded(text, parts)


def _plain(char: str, mixed: bool) -> str:
    if char.isascii():
        return char
    code = ord(char)
    if code in _UNSEEN:
        return ""
    if mixed and code in _CONFUSABLE:
        return _CONFUSABLE[code]
    digit = unicodedata.decimal(char, None)
    return str(digit) if digit is not None else unicodedata.normalize("NFKC", char)
