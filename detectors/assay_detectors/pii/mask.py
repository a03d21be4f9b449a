"""Masks: what may be shown of a value, by its kind. Never enough to get the value back.

At most: the prefix of a token that names its issuer; the issuer and last two digits of a card (PCI DSS allows four);
the country and last two characters of an account; the last character of an identity number; the first letter and
top-level domain of an e-mail address; the initials of a name; the first part of a network address. Of a birth date, a
street, a place, a password and a secret without a known prefix nothing. Never as much as half of the letters and
digits, whatever the kind: a value so short is not shown at all.
"""

from __future__ import annotations

import re
from collections import Counter

from assay_detectors.pii.validate import digits, issuer

NOTHING = "***"
_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_SHORT = 6
"""Letters and digits; of a value with fewer, nothing is shown."""
_PREFIX = {
    "AWS_ACCESS_KEY": 4,
    "GITHUB_TOKEN": 4,
    "GITLAB_TOKEN": 6,
    "SLACK_TOKEN": 5,
    "HUGGINGFACE_TOKEN": 3,
    "OPENAI_KEY": 3,
    "ANTHROPIC_KEY": 7,
    "GOOGLE_API_KEY": 4,
    "STRIPE_KEY": 8,
    "SENDGRID_KEY": 3,
    "NPM_TOKEN": 4,
    "PYPI_TOKEN": 5,
    "DATABRICKS_TOKEN": 4,
    "JWT": 3,
    "PRIVATE_KEY": 11,
}
"""Characters of a token that name its issuer and carry no secret."""


def masked(entity: str, value: str) -> str:
    """Return the masked form of `value`."""
    if (_size(value) if value.isascii() else sum(map(str.isalnum, value))) < _SHORT:
        return NOTHING
    mask = _mask(entity, value)
    return mask if _is_little(mask, value) or revealed(mask, value) < 0.5 else NOTHING


def _is_little(mask: str, value: str) -> bool:
    """Say quickly whether the mask has less than half as many letters and digits as the value; False: unknown."""
    return mask.isascii() and value.isascii() and 2 * _size(mask) < _size(value)


def _size(text: str) -> int:
    """Return how many letters and digits an ASCII text has."""
    return len(text.encode().translate(None, _SIGNS))


def revealed(mask: str, value: str) -> float:
    """Return which share of the letters and digits of a value a mask shows, at most."""
    letters = Counter(char for char in value.casefold() if char.isalnum())
    shown = Counter(char for char in mask.casefold() if char.isalnum())
    return (letters & shown).total() / max(1, letters.total())


def _mask(entity: str, value: str) -> str:
    if entity in _PREFIX:
        return value[: _PREFIX[entity]] + "***"
    if entity in _FAMILIES:
        prefix = _SHORT_PREFIX.match(value)
        return f"{prefix[0] if prefix else ''}***"
    special = _SPECIAL.get(entity)
    if special:
        return special(value)
    return NOTHING


def normalised(entity: str, value: str) -> str:
    """Return the form under which two spellings of one value are equal."""
    if entity in ("EMAIL_ADDRESS", "MAC_ADDRESS", "IP_ADDRESS", "PERSON", "LOCATION"):
        return " ".join(value.casefold().split())
    if entity == "PHONE_NUMBER":
        return digits(value)
    if entity in _COMPACT:
        return re.sub(r"[\W_]", "", value).upper()
    return value


_FAMILIES = frozenset({"AI_SERVICE_KEY", "CLOUD_TOKEN", "DEVELOPER_TOKEN", "MESSAGING_TOKEN", "COMMERCE_KEY"})
_SHORT_PREFIX = re.compile(r"(?![0-9a-fA-F]{4,}-)[A-Za-z]{1,8}[0-9]?[_.\-]")

_COMPACT = frozenset(
    {"CREDIT_CARD", "IBAN_CODE", "US_SSN", "US_ITIN", "UK_NHS", "UK_NINO", "ES_NIF", "PL_PESEL", "IN_AADHAAR"}
    | {"IT_FISCAL_CODE", "MEDICAL_RECORD", "PASSPORT", "US_PASSPORT", "DE_TAX_ID", "FR_NIR", "NL_BSN", "BE_NATIONAL"}
    | {"SE_PERSONNUMMER", "CH_AHV", "FI_HETU", "BR_CPF", "CA_SIN", "MX_CURP", "AU_TFN", "AU_MEDICARE", "IN_PAN"}
    | {"SG_NRIC", "KR_RRN", "CN_RESIDENT_ID"}
)


def _email(value: str) -> str:
    return f"{value[:1]}***@***.{value.rpartition('.')[2]}"


def _card(value: str) -> str:
    number = digits(value)
    found = issuer(number)
    return f"{found[0] if found else 'card'} ***{number[-2:]}"


def _phone(value: str) -> str:
    number = digits(value)
    return f"{'+' + number[:1] if value.lstrip('(').startswith('+') else ''}***{number[-2:]}"


def _iban(value: str) -> str:
    return f"{value[:2].upper()}***{value.strip()[-2:]}"


def _tail(value: str) -> str:
    return f"***{value.strip()[-1:]}"


def _ip(value: str) -> str:
    mark = "." if "." in value and ":" not in value else ":"
    return f"{value.partition(mark)[0]}{mark}***"


def _mac(value: str) -> str:
    return f"{value[:2]}:***"


def _initials(value: str) -> str:
    return " ".join(f"{word[:1]}***" for word in value.split()[:3])


def _url(value: str) -> str:
    return f"{value.partition('://')[0].lower()}://***"


_SPECIAL = {
    **dict.fromkeys(_COMPACT, _tail),
    "EMAIL_ADDRESS": _email,
    "CREDIT_CARD": _card,
    "PHONE_NUMBER": _phone,
    "IBAN_CODE": _iban,
    "IP_ADDRESS": _ip,
    "IP_LOOPBACK": _ip,
    "MAC_ADDRESS": _mac,
    "PERSON": _initials,
    "URL": _url,
}
