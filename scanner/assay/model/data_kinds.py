"""Kinds of personal data and secrets: to which category each belongs, and which legal texts speak of it.

A table of the law, not of one scan: like the tables of frameworks, it is looked up when a report is written. What a
scan measured names the kind only (label `entity`). A kind that is not listed is shown as such, without tags.

| tag | text |
|---|---|
| `gdpr:Art.4(1)`, `gdpr:Art.9(1)`, `gdpr:Art.10`, `gdpr:Art.32`, `gdpr:Art.87` | Regulation (EU) 2016/679 |
| `hipaa:1` to `hipaa:18` | identifiers (A) to (R) of the Safe Harbor method, 45 CFR 164.514(b)(2)(i) |
| `pci-dss:req.3` | PCI DSS v4, requirement 3: protect stored account data |
"""

from __future__ import annotations

import re
from typing import NamedTuple

CONTACT = "contact"
IDENTITY = "identity"
FINANCIAL = "financial"
HEALTH = "health"
NETWORK = "network and location"
SECRETS = "secrets"
SPECIAL = "special categories"
UNLISTED = "not in the table"

CATEGORIES = (CONTACT, IDENTITY, FINANCIAL, HEALTH, SPECIAL, NETWORK, SECRETS, UNLISTED)
"""In the order of reports."""

_PERSONAL = "gdpr:Art.4(1)"
_NATIONAL = "gdpr:Art.87"
_SECURITY = "gdpr:Art.32"
_SECRET = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS|WEBHOOK|COOKIE|JWT)(?:_|$)")


class DataKind(NamedTuple):
    """One kind of value."""

    name: str
    """As in the label `entity`: `EMAIL_ADDRESS`."""
    title: str
    category: str
    tags: tuple[str, ...]


def _rows(category: str, tags: tuple[str, ...], **titles: str) -> dict[str, DataKind]:
    return {name: DataKind(name, title, category, tags) for name, title in titles.items()}


_TABLE: dict[str, DataKind] = {
    **_rows(CONTACT, (_PERSONAL, "hipaa:6"), EMAIL_ADDRESS="E-mail addresses"),
    **_rows(CONTACT, (_PERSONAL, "hipaa:4"), PHONE_NUMBER="Telephone numbers"),
    **_rows(CONTACT, (_PERSONAL, "hipaa:2"), LOCATION="Street addresses"),
    **_rows(IDENTITY, (_PERSONAL, "hipaa:1"), PERSON="Names of people"),
    **_rows(IDENTITY, (_PERSONAL, "hipaa:3"), DATE_OF_BIRTH="Birth dates"),
    **_rows(IDENTITY, (_PERSONAL, _NATIONAL, "hipaa:7"), US_SSN="US social security numbers"),
    **_rows(
        IDENTITY,
        (_PERSONAL, _NATIONAL, "hipaa:18"),
        US_ITIN="US taxpayer numbers",
        US_PASSPORT="US passport numbers",
        UK_NINO="UK national insurance numbers",
        ES_NIF="Spanish identity numbers",
        PL_PESEL="Polish identity numbers",
        IN_AADHAAR="Indian identity numbers",
        IT_FISCAL_CODE="Italian fiscal codes",
        PASSPORT="Passport numbers",
        DE_TAX_ID="German tax numbers",
        FR_NIR="French social security numbers",
        NL_BSN="Dutch citizen numbers",
        SE_PERSONNUMMER="Swedish identity numbers",
        BE_NATIONAL="Belgian national numbers",
        CH_AHV="Swiss social security numbers",
        FI_HETU="Finnish identity codes",
        BR_CPF="Brazilian taxpayer numbers",
        CA_SIN="Canadian social insurance numbers",
        MX_CURP="Mexican population register keys",
        AU_TFN="Australian tax file numbers",
        IN_PAN="Indian taxpayer numbers",
        SG_NRIC="Singaporean identity numbers",
        KR_RRN="South Korean registration numbers",
        CN_RESIDENT_ID="Chinese identity numbers",
    ),
    **_rows(FINANCIAL, (_PERSONAL, "hipaa:10", "pci-dss:req.3"), CREDIT_CARD="Payment card numbers"),
    **_rows(FINANCIAL, (_PERSONAL, "hipaa:10"), IBAN_CODE="Bank account numbers", CRYPTO="Bitcoin addresses"),
    **_rows(
        HEALTH,
        (_PERSONAL, "gdpr:Art.9(1)", "hipaa:8"),
        UK_NHS="NHS numbers",
        MEDICAL_RECORD="Medical record numbers",
        AU_MEDICARE="Australian health card numbers",
    ),
    **_rows(NETWORK, (_PERSONAL, "hipaa:15"), IP_ADDRESS="IP addresses"),
    **_rows(NETWORK, (), IP_LOOPBACK="Loopback addresses, which are nobody's"),
    **_rows(NETWORK, (_PERSONAL, "hipaa:13"), MAC_ADDRESS="Addresses of network devices"),
    **_rows(NETWORK, (_PERSONAL, "hipaa:14"), URL="Web addresses with a query"),
    **_rows(NETWORK, (_PERSONAL, "hipaa:2"), LAT_LON="Coordinates"),
    **_rows(
        SECRETS,
        (_SECURITY,),
        JWT="JSON web tokens",
        PRIVATE_KEY="Private key blocks",
        URL_CREDENTIALS="Passwords inside web addresses",
        PASSWORD="Passwords",
        GENERIC_API_KEY="Keys of unnamed services",
    ),
    **_rows(UNLISTED, (_PERSONAL,), CUSTOM_PERSONAL="Values of recognizers that the user brought"),
}


def describe(name: str) -> DataKind:
    """Return what is known of a kind; a secret is told by its name, any other that is not listed has no tags."""
    known = _TABLE.get(name)
    if known is not None:
        return known
    words = name.replace("_", " ").strip()
    if _SECRET.search(name):
        return DataKind(name, f"{words} (secret)", SECRETS, (_SECURITY,))
    return DataKind(name, words, UNLISTED, ())


def special(category: str, article: str) -> DataKind:
    """Return a special category of personal data, as a detector of columns names it."""
    return DataKind(category, f"Columns about {category}", SPECIAL, (article,) if article else ())


def words(tag: str) -> str:
    """Return a tag for people: `GDPR Art. 4(1)`, `HIPAA Safe Harbor (F)`, `PCI DSS requirement 3`."""
    prefix, _, rest = tag.partition(":")
    if prefix == "gdpr":
        return f"GDPR {rest.replace('Art.', 'Art. ')}"
    if prefix == "hipaa" and rest.isdecimal() and 1 <= int(rest) <= 18:
        return f"HIPAA Safe Harbor ({chr(64 + int(rest))})"
    if prefix == "pci-dss":
        return f"PCI DSS {rest.replace('req.', 'requirement ')}"
    return tag
