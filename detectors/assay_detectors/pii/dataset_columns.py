"""What a column holds, by its distinct values and its name; and when a number with a check digit is one by chance."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assay_detectors.pii.context import mentions, words
from assay_detectors.pii.dataset_engine import key_of
from assay_detectors.pii.dataset_names import GIVEN_NAMES
from assay_detectors.pii.entities import BY_NAME, PCI
from assay_detectors.pii.recognizers import RULES
from assay_detectors.pii.validate import birth_date, issuer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PERSONAL, HINTED, HINTED_BY_CHANCE = 0.5, 0.1, 0.2
"""Low ends from which a column is personal: without a name that says so, with one, and with one where a check digit
lets a tenth of all numbers pass."""
SMALL = 10**6
"""Whole numbers below it are no identity, card or telephone number."""
LONG = 10**11
"""Whole numbers from here on are read as such although the column holds fractions: a card among measurements."""
_EXACT = 2**53
_LONGEST = 10**19
_SURE = 1e-3
_LONGEST_ID = 48


@dataclass(frozen=True)
class Texts:
    """A column as text: its distinct values, and which of them each row holds."""

    codes: NDArray[np.int64]
    """Place in `values`, -1 where the row has none."""
    values: list[str]
    rows: NDArray[np.int64]
    """Row numbers in the file."""


def texts_of(series: Any) -> Texts | None:
    """Return the distinct values of a column as text; None for flags, small numbers, measurements and empty columns."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_bool_dtype(series.dtype):
        return None
    if pd.api.types.is_numeric_dtype(series.dtype):
        series = _whole_numbers(series)
        if series is None:
            return None
    codes, distinct = pd.factorize(series)
    values = [value if isinstance(value, str) else _written(value) for value in distinct]
    if not values:
        return None
    index = series.index.to_numpy()
    return Texts(np.asarray(codes, dtype=np.int64), values, np.asarray(index, dtype=np.int64))


def _written(value: Any) -> str:
    """Return a value as text; a whole number that is stored as a float or a decimal has no point and no exponent."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float | Decimal) and LONG <= value < _LONGEST and value == int(value):
        return str(int(value))
    return str(value)


def _whole_numbers(series: Any) -> Any:
    """Return a column of numbers where some may be identities; None where all are small, or measurements."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_complex_dtype(series.dtype):
        return None
    known = series.dropna()
    if pd.api.types.is_integer_dtype(series.dtype):
        if not len(known) or int(known.max()) < SMALL:
            return None
        return series
    numbers = known.to_numpy(dtype=float)
    with np.errstate(all="ignore"):
        whole = np.isfinite(numbers) & (numbers == np.floor(numbers))
        if len(numbers) and whole.all() and (np.abs(numbers) < _EXACT).all():
            return known.astype("int64") if numbers.max() >= SMALL else None
        has_long = (whole & (numbers >= LONG) & (numbers < float(_LONGEST))).any()
    return pd.Series(numbers, index=known.index) if has_long else None


_HINTS: dict[str, tuple[str, ...]] = {
    "EMAIL_ADDRESS": ("email", "emails", "e mail", "mail", "mailbox", "correo", "courriel"),
    "PHONE_NUMBER": ("phone", "telephone", "tel", "mobile", "cellphone", "fax", "msisdn", "whatsapp", "telefon"),
    "IBAN_CODE": ("iban", "bank account", "account number", "konto"),
    "MAC_ADDRESS": ("mac", "mac address", "hwaddr"),
    "PERSON": (
        *("first name", "last name", "given name", "family name", "middle name", "full name", "surname", "forename"),
        *("firstname", "lastname", "fullname", "fname", "lname", "maiden name", "patient name", "customer name"),
        *("client name", "employee name", "person name", "cardholder", "cardholder name", "vorname", "nachname"),
        *("nombre", "apellido", "apellidos", "prenom", "contact name", "holder name", "student name", "user full name"),
    ),
    "DATE_OF_BIRTH": (
        *("dob", "birth date", "birthdate", "birthday", "date of birth", "date birth", "born", "born on"),
        *("geburtsdatum", "date naissance", "fecha nacimiento"),
    ),
    "LOCATION": (
        *("address", "street", "street address", "home address", "addr", "address line", "shipping address"),
        *("billing address", "mailing address", "postal address", "residence", "strasse", "adresse", "direccion"),
    ),
    "LAT_LON": ("gps", "coordinates", "lat lon", "latlon", "lat lng", "latlng", "geo"),
    "PASSPORT": ("passport", "passport number", "passport no"),
    "MEDICAL_RECORD": ("mrn", "medical record", "medical record number"),
    "PASSWORD": ("password", "passwd", "pwd", "passphrase"),
    "IP_ADDRESS": ("ip", "ip address", "ipaddr", "client ip", "remote addr"),
    "URL": ("url", "link", "uri", "href"),
}
"""Names of columns that say what they hold, beyond the context words of the rules."""
_OTHER_ADDRESS = (
    "ip",
    "mac",
    "email",
    "e mail",
    "mail",
    "web",
    "url",
    "memory",
    "wallet",
    "btc",
    "address type",
    "bus",
)


@lru_cache(maxsize=1)
def _context_words() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {entity: dict.fromkeys(names) for entity, names in _HINTS.items()}
    for rule in RULES:
        if rule.entity not in ("LOCATION",):
            found.setdefault(rule.entity, {}).update(dict.fromkeys(rule.context))
    return {entity: tuple(phrases) for entity, phrases in found.items()}


def hinted(name: str, entity: str) -> bool:
    """Say whether the name of a column says that it holds such values."""
    said = words(key_of(name))
    if entity == "LOCATION" and mentions(said, _OTHER_ADDRESS):
        return False
    return mentions(said, _context_words().get(entity, ()))


_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    r"(?:\d{4}[\-/. ]\d{1,2}[\-/. ]\d{1,2}|\d{1,2}[\-/. ]\d{1,2}[\-/. ]\d{4})(?:[T ][\d:.Z+\-]{0,20})?|"
    rf"\d{{1,2}}[. \-](?i:{_MONTHS})[a-z]*[., \-]{{1,2}}\d{{4}}|(?i:{_MONTHS})[a-z]* \d{{1,2}},? \d{{4}}"
)
_COMPACT = re.compile(r"(?:18[9]\d|19\d\d|20[0-3]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\.0)?")
_PARTICLES = frozenset(
    {"de", "del", "della", "di", "da", "dos", "la", "le", "van", "von", "der", "den", "bin", "al", "el", "y"}
)
_SHORT_DATE = re.compile(r"(?:0?[1-9]|[12]\d|3[01])[\-/.](?:0?[1-9]|[12]\d|3[01])[\-/.]\d{2}")
_NAME = re.compile(r"[^\W\d_][\w'’.\-]*(?:,? [^\W\d_][\w'’.\-]*){0,4}")
_STREET = re.compile(r"(?=.*\d)(?=.*[^\W\d_]{3}).*[^\W\d_]{2}[ .,].*")


def _is_birth_date(text: str) -> bool:
    text = text.strip()
    if _COMPACT.fullmatch(text) or _SHORT_DATE.fullmatch(text):
        return True
    if not _DATE.fullmatch(text):
        return False
    return bool(re.search(r"[a-zA-Z]{3}", text)) or birth_date(re.split(r"[T ](?=\d\d:)", text)[0])


def _is_name(text: str) -> bool:
    """Words with capitals, as people are written; one or two in lower case, as data bases store them."""
    if not 2 <= len(text) <= 60 or not _NAME.fullmatch(text.strip()):
        return False
    parts = [part for part in text.replace(",", " ").split() if part not in _PARTICLES]
    return all(part[0].isupper() for part in parts) or (len(parts) <= 2 and text == text.lower())


def _is_street(text: str) -> bool:
    return 6 <= len(text) <= 250 and _STREET.fullmatch(text.strip()) is not None


_SHAPES: dict[str, Callable[[str], bool]] = {
    "PERSON": _is_name,
    "DATE_OF_BIRTH": _is_birth_date,
    "LOCATION": _is_street,
}
_FEWEST_NAMES = 5
_BARE_NAMES = frozenset({"name", "names", "nom", "nombre", "patient", "customer", "client", "employee", "passenger"})
_GIVEN_SHARE = 0.2


def shaped(name: str, values: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Return which values have the shape of what the column's name says: names, birth dates, streets.

    Under a bare `name` stand products and towns as well; there a value counts that holds a common given name, and all
    that look like names count where a fifth does.
    """
    import numpy as np

    found: dict[str, NDArray[np.bool_]] = {}
    for entity, fits in _SHAPES.items():
        if hinted(name, entity):
            found[entity] = np.fromiter((fits(value) for value in values), dtype=bool, count=len(values))
    if set(words(name).split()) & _BARE_NAMES and "PERSON" not in found:
        given = np.fromiter((_given(value) for value in values), dtype=bool, count=len(values))
        if given.sum() >= _FEWEST_NAMES and given.mean() >= _GIVEN_SHARE:
            found["PERSON"] = np.fromiter((_is_name(value) for value in values), dtype=bool, count=len(values)) | given
    if "PERSON" in found and found["PERSON"].sum() < _FEWEST_NAMES:
        del found["PERSON"]
    return found


def _given(text: str) -> bool:
    return 2 <= len(text) <= 120 and not GIVEN_NAMES.isdisjoint(re.findall(r"[^\W\d_]+", text.lower()))


def needed(name: str, entity: str) -> float:
    """Return the low end of the share from which a column is called personal."""
    if not hinted(name, entity):
        return PERSONAL
    by_chance = {"hipaa:18", "hipaa:8", PCI} & set(BY_NAME[entity].tags)
    return HINTED_BY_CHANCE if by_chance else HINTED


@dataclass(frozen=True)
class _Checked:
    """Numbers that anybody makes up pass the check of this kind at a known rate."""

    shape: re.Pattern[str]
    """Whole cells, separators taken out, that look like it."""
    ranged: Callable[[str], bool]
    """Whether a cell of the shape is within the ranges that are issued, whatever its check digit."""
    rate: float


CHECKED: dict[str, _Checked] = {
    "CREDIT_CARD": _Checked(re.compile(r"\d{12,19}"), lambda text: issuer(text) is not None, 1 / 10),
    "IBAN_CODE": _Checked(re.compile(r"[A-Z]{2}\d{2}[A-Z\d]{11,30}"), lambda text: True, 1 / 97),
}
_SEPARATORS = re.compile(r"[ \-]")


def by_chance(entity: str, values: Sequence[str], places: set[int]) -> set[int]:
    """Return those of `places`, where such a value was found, at which it is an id that passes the check by chance.

    Only whole cells are doubted: they are kept where every cell of that shape passes, or where more of those within
    the issued ranges pass than the rate explains (binomial tail below 0.001).
    """
    kind = CHECKED[entity]
    plain = {place: _SEPARATORS.sub("", value) for place, value in enumerate(values) if len(value) <= _LONGEST_ID}
    shaped_so = {place for place, text in plain.items() if kind.shape.fullmatch(text)}
    doubted = places & shaped_so
    if not doubted or doubted == shaped_so:
        return set()
    ranged = sum(kind.ranged(plain[place]) for place in shaped_so)
    return set() if _tail(len(doubted), max(ranged, len(doubted)), kind.rate) < _SURE else doubted


def _tail(k: int, n: int, rate: float) -> float:
    """Return the chance of `k` or more successes in `n` trials at this rate."""

    def chance(i: int) -> float:
        ways = math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        return math.exp(ways + i * math.log(rate) + (n - i) * math.log1p(-rate))

    return math.fsum(map(chance, range(k, n + 1)))
