"""Rules for telephone numbers: candidate shapes, then the numbering plans of the library `phonenumbers`."""

from __future__ import annotations

import re
from functools import lru_cache

from assay_detectors.pii.rule import CHECKED, FORMAT, NAMED, STRONG, Rule, key_rules

_REGIONS = ("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR", "ES", "IT", "AU", "NL", "CH", "PL", "SE")
_WORDS = (
    *("phone", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "msisdn", "call", "called", "calling"),
    *("phones", "phonenumber", "phone number", "whatsapp", "sms", "desk", "dial", "messages to", "mob", "handy"),
    *("telefon", "telefono", "office", "answering at", "reach me at", "contact number", "landline", "registered"),
    *("caller id", "callerid"),
)
_UNLESS = (
    *("version", "trace", "request", "id", "timestamp", "ts", "offset", "ip", "shape", "size", "latency", "date"),
    *("time", "seed", "hash", "isbn", "order", "invoice", "nhs", "ssn", "zip", "postcode"),
)
_KEYS = (
    r"(?:[a-z]{0,16}[_\- ]?)?(?:phone|telephone|tel|mobile|cell|cellphone|msisdn|fax|whatsapp|handy|telefon[oe]?|"
    r"caller[_\- ]?id|sms[_\- ]?to)(?:[_\- ]?(?:number|no|num|nummer))?"
)
_DATE = re.compile(r"(?:19|20)\d\d[.\-/ ](?:0?[1-9]|1[0-2])[.\-/ ]\d{1,2}\b|\d{1,2}[.\-/]\d{1,2}[.\-/](?:19|20)\d\d\b")
_END = re.compile(r"[ .\-/()]+")


def international(text: str) -> int:
    """Return how many characters, from the first, are a valid number with country code; 0: none."""
    return _longest(text, (None,))


def american(text: str) -> int:
    """Like `international`, for a number of the North American plan written without `+`."""
    return _longest(text, ("US",))


def local(text: str) -> int:
    """Like `international`, for a national number of one of the larger plans."""
    return 0 if _DATE.match(text) else _longest(text, _REGIONS)


@lru_cache(maxsize=1 << 14)
def possible(text: str) -> int:
    """Like `international`, for a value that its key calls a phone number: its length must be that of one."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, None if text.startswith("+") else "US")
    except phonenumbers.NumberParseException:
        return 0
    return len(text) if phonenumbers.is_possible_number(number) or local(text) == len(text) else local(text)


@lru_cache(maxsize=1 << 14)
def _longest(text: str, regions: tuple[str | None, ...]) -> int:
    ends = [len(text), *(found.start() for found in reversed(list(_END.finditer(text))))]
    for end in ends[:6]:
        if end >= 7 and any(_valid(text[:end], region) for region in regions):
            return end
    return 0


def _valid(text: str, region: str | None) -> bool:
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False


_EXTENSION = r"(?: ?(?:x|ext\.?) ?\d{1,5})?"
_OPEN = r"(?<![\w.+\-/(:])"
_SHUT = r"(?!\w|[.\-:]\d)"
_BARE = r"\+?\(?\d[\d \-().]{5,20}\d(?!\w)"

_CALL = r"(?i:(?:call|text|sms|ring|reach|whatsapp) (?:me )?(?:back )?(?:on|at|to)|number is) "
_PLUS = r"[^\w+.\-/]\+\(?\d[\d \-()./]{6}"

PHONE_RULES: tuple[Rule, ...] = (
    Rule(
        "PHONE_NUMBER",
        r"(?<![\w+.\-/])\+\(?\d[\d \-()./]{6,20}\d(?!\w)",
        STRONG,
        NAMED,
        _WORDS,
        cut=international,
        anchor=_PLUS,
        reach=16,
        tail=40,
        unless=_UNLESS,
        after=True,
    ),
    Rule(
        "PHONE_NUMBER",
        r"(?<![\w+.\-/])\+\(?\d[\d \-()./]{6,20}\d(?: ?(?:x|ext\.?) ?\d{1,5})?(?!\w)",
        FORMAT,
        NAMED,
        _WORDS,
        cut=possible,
        anchor=_PLUS,
        reach=16,
        tail=40,
        after=True,
    ),
    Rule(
        "PHONE_NUMBER",
        _OPEN + r"(?:1[\-. ])?(?:\(\d{3}\) ?\d{3}-|\d{3}-\d{3}-|\d{3}\.\d{3}\.)\d{4}" + _EXTENSION + _SHUT,
        CHECKED,
        NAMED,
        _WORDS,
        cut=american,
        anchor=r"\d{3}[)\-.] ?\d{3}[\-.]\d{4}",
        reach=22,
        tail=12,
        unless=_UNLESS,
        after=True,
    ),
    Rule(
        "PHONE_NUMBER",
        _OPEN + r"\(?\d{2,5}\)?(?:[ .\-/]\(?\d{2,7}\)?){1,5}" + _EXTENSION + _SHUT,
        FORMAT,
        NAMED,
        _WORDS,
        cut=local,
        unless=_UNLESS,
        after=True,
    ),
    Rule(
        "PHONE_NUMBER", rf"{_CALL}\K\+?\d[\d ]{{6,14}}\d(?!\w)", CHECKED, CHECKED, cut=possible, anchor=rf"{_CALL}\+?\d"
    ),
    *key_rules("PHONE_NUMBER", _KEYS, _BARE, cut=possible),
)
