"""Checks that a string can be what it looks like: checksums, issuer ranges, ranges of values, entropy."""

from __future__ import annotations

import ipaddress
import math
import re
import unicodedata
from collections import Counter

_DIGITS = re.compile(r"\d")
_NO_DIGITS = bytes(code for code in range(128) if not 48 <= code <= 57)
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")

_ISSUERS: tuple[tuple[str, int, int, frozenset[int], bool], ...] = (
    # name, first and last prefix, lengths, whether prefix and length alone are telling
    ("visa", 4, 4, frozenset({16}), True),
    ("visa", 4, 4, frozenset({13, 19}), False),
    ("mastercard", 51, 55, frozenset({16}), True),
    ("mastercard", 2221, 2720, frozenset({16}), True),
    ("amex", 34, 34, frozenset({15}), True),
    ("amex", 37, 37, frozenset({15}), True),
    ("discover", 6011, 6011, frozenset({16}), True),
    ("discover", 644, 659, frozenset({16}), True),
    ("discover", 6011, 6011, frozenset({19}), False),
    ("jcb", 3528, 3589, frozenset({16}), True),
    ("jcb", 35, 35, frozenset({16}), False),
    ("jcb", 1800, 1800, frozenset({15}), False),
    ("jcb", 2131, 2131, frozenset({15}), False),
    ("diners", 300, 305, frozenset({14}), False),
    ("diners", 3095, 3095, frozenset({14}), False),
    ("diners", 36, 36, frozenset({14}), False),
    ("diners", 38, 39, frozenset({14, 16}), False),
    ("unionpay", 62, 62, frozenset({16}), True),
    ("unionpay", 62, 62, frozenset({17, 18, 19}), False),
    ("mir", 2200, 2204, frozenset({16}), True),
    ("maestro", 50, 50, frozenset(range(12, 20)), False),
    ("maestro", 56, 58, frozenset(range(12, 20)), False),
    ("maestro", 6304, 6304, frozenset(range(12, 20)), False),
    ("maestro", 6390, 6390, frozenset(range(12, 20)), False),
    ("maestro", 67, 67, frozenset(range(12, 20)), False),
)
"""Issuer identification ranges as published by the schemes (ISO/IEC 7812)."""


def digits(text: str) -> str:
    """Return the digits of `text` as ASCII digits."""
    if text.isascii():
        return text.encode().translate(None, _NO_DIGITS).decode()
    return "".join(str(int(found)) for found in _DIGITS.findall(text))


def luhn(number: str) -> bool:
    """Check the last digit (ISO/IEC 7812-1, Luhn 1960)."""
    code = number.encode()
    return (sum(code[-1::-2]) + sum(code[-2::-2].translate(_DOUBLED)) - len(code) * ord("0")) % 10 == 0


def issuer(number: str) -> tuple[str, bool] | None:
    """Return the card scheme of a number, and whether its range is telling without context; None: no scheme."""
    for name, low, high, lengths, strong in _ISSUERS:
        if len(number) in lengths and low <= int(number[: len(str(low))]) <= high:
            return name, strong
    return None


def card(text: str) -> bool:
    """Say whether this is a card number whose range and length are those of a large scheme."""
    number = digits(text)
    if not luhn(number):
        return False
    found = issuer(number)
    return found is not None and found[1] and len(set(number)) > 1


def any_card(text: str) -> bool:
    """Say whether this is a card number of any scheme; short and rare lengths collide with ids."""
    number = digits(text)
    return luhn(number) and issuer(number) is not None and len(set(number)) > 1


_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FK", "FI", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "DZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("AO", "CV", "LY", "MZ", "PT", "ST"), 25),
    **dict.fromkeys(("IR", "IS", "TR"), 26),
    **dict.fromkeys(("BF", "BI", "BJ", "CF", "CG", "CI", "CM", "DJ", "FR", "GA", "GQ", "GR", "GW", "IT", "KM"), 27),
    **dict.fromkeys(("MC", "MG", "SM", "TD"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "MA", "ML", "NE", "NI", "PL", "SN"), 28),
    **dict.fromkeys(("SV", "TG"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA", "YE"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
"""Country -> characters of an account number (ISO 13616 registry, and countries that use the form unregistered)."""


def iban(text: str) -> int:
    """Return how many characters, from the first, are an account number of its country's length, modulo 97; 0: none."""
    length, kept = _IBAN_LENGTHS.get(text[:2].upper(), 0), 0
    if length == len(text):
        return length if text.isalnum() and text.isascii() and _mod97(text.upper()) else 0
    for place, char in enumerate(text, start=1):
        kept += char.isalnum()
        if kept == length:
            body = "".join(c for c in text[:place] if c.isalnum()).upper()
            ended = place == len(text) or not text[place].isalnum()
            return place if ended and body.isascii() and _mod97(body) else 0
    return 0


def _mod97(body: str) -> bool:
    """Say whether the check digits are right; only 02 to 98 are issued, and 00, 01 and 99 are congruent to those."""
    if body[2:4] in ("00", "01", "99"):
        return False
    return int("".join(str(int(char, 36)) for char in body[4:] + body[:4])) % 97 == 1


def ssn(text: str) -> bool:
    """Say whether area, group and serial are ones that the US agency issues."""
    number = digits(text)
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def nino_prefix(text: str) -> bool:
    """Say whether the two letters are ones that are issued in the UK."""
    return text[:2].upper() not in {"BG", "GB", "NK", "KN", "NT", "TN", "ZZ"}


def nie_or_nif(text: str) -> bool:
    """Check the letter of a Spanish NIF or NIE (number modulo 23)."""
    body = text.upper().replace("-", "").replace(" ", "")
    number = body[:-1].replace("X", "0", 1).replace("Y", "1", 1).replace("Z", "2", 1)
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == body[-1]


def pesel(text: str) -> bool:
    """Check digit and birth date of a Polish PESEL."""
    number = digits(text)
    total = sum(int(d) * w for d, w in zip(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=False))
    month, day = int(number[2:4]) % 20, int(number[4:6])
    return (10 - total % 10) % 10 == int(number[10]) and 1 <= month <= 12 and 1 <= day <= 31


def coordinates(text: str) -> bool:
    """Say whether this is a latitude and a longitude, in either order; not two shares of one."""
    parts = [abs(float(part)) for part in re.findall(r"-?\d+\.\d+", text)]
    return len(parts) == 2 and min(parts) <= 90 and 1 <= max(parts) <= 180


def passport(text: str) -> bool:
    """Say whether letters and digits are mostly digits, as in most passports, or it is a German one."""
    return sum(map(str.isdigit, text)) >= (1 if len(text) == 9 and text[0] in "CFGHJK" else 4)


_MONTHS = re.compile(
    r"(?i)(?:jan|feb|f[ée]v|m[aä]r|mar[szç]|a[pvb]r|ma[iy]o?|ju[ni]|jui|jul|a[uo][gû]|ago|sep|set|o[ck]t|out|nov|de[czs]|d[ée]c|"
    r"dic|ene|gen|mag|giu|lug|ott)[a-zà-ÿ]{0,7}\.?$"
)
"""How the names of months begin in English, German, French, Spanish, Italian, Portuguese."""
_NO_MONTH = frozenset({"de", "of", "le", "st", "nd", "rd", "th", "t", "z"})


def birth_date(text: str) -> bool:
    """Say whether one of the numbers is a year in which a living person may be born, and the others a day.

    A month may be written out; `19840303` and `03/03/84` are dates where a key says so.
    """
    names = [name for name in re.findall(r"[^\W\d_]+", text) if name.lower() not in _NO_MONTH]
    if len(names) > 1 or not all(map(_MONTHS.match, names)):
        return False
    parts = re.findall(r"\d+", text)
    if len(parts) == 1 and len(parts[0]) == 8:
        whole = parts[0]
        parts = (
            [whole[:4], whole[4:6], whole[6:]]
            if whole[:2] in ("18", "19", "20")
            else [whole[4:], whole[2:4], whole[:2]]
        )
    if len(parts) == 3 and len(parts[2]) == 2 and not names and max(map(len, parts)) == 2:
        parts[2] = f"19{parts[2]}"
    numbers = [int(part) for part in parts]
    years = [n for n in numbers if 1890 <= n <= 2035]
    rest = [n for n in numbers if n not in years]
    return len(years) == 1 and all(1 <= n <= 31 for n in rest) and (len(rest) < 2 or min(rest) <= 12)


def entropy(text: str) -> float:
    """Return the Shannon entropy in bits per character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


_PLACEHOLDER = re.compile(
    r"(?i)^(?:\W*|(?:x|\*|\.|•|-|_){3,}|[<\[({].*|\$[({A-Za-z_].*|%[0-9A-Fa-f]{2}.*|%[(a-z].*|%\w+%|change[_\-]?me\W*|"
    r".*(?:redacted|filtered|masked|hidden|placeholder|example|your[_-]?).*|null|none|nil|true|false|undefined|empty|unknown|required|missing|invalid|failed|"
    r"correct|incorrect|expired|string|str|password|passwd|secret|token|bytes|object|yes|no|ok|n/a|input|field|value|"
    r"(?:os|process|deno|import|system|settings|config|self|args|var|local|data|env|secrets)\.(?:\W*[a-z_].*)?|"
    r"(?:os|process|system)\W*env.*|\w*getenv.*)$"
)


def password(text: str) -> bool:
    """Say whether this can be a password: no placeholder, no plain word."""
    return not _PLACEHOLDER.match(text) and not text.startswith("***")


def unquoted_password(text: str) -> bool:
    """Say whether this can be a password where prose may stand: it mixes kinds of characters."""
    kinds = sum(bool(re.search(kind, text)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]"))
    return kinds >= 2 and password(text)


def spoken_password(text: str) -> bool:
    """Say whether this can be a password in a sentence: letters and digits or signs mixed, no plain word."""
    mixed = re.search(r"[A-Za-z]", text) and re.search(r"[\d!@#$%^&*?]", text)
    return bool(mixed) and unquoted_password(text)


_RESOURCE = re.compile(r"(?:^|/)[a-z]{4,}/(?:[^/]{1,64}/)?[a-z]{4,}(?:/|$)")
"""Words in a path: the name of a resource (`projects/123/secrets/db`), which says where a secret is."""


def key_like(text: str) -> bool:
    """Say whether this looks random: letters and digits mixed, no words, at least 3.3 bits per character."""
    mixed = re.search(r"\d", text) and re.search(r"[A-Za-z]", text)
    if not mixed or entropy(text) < 3.3 or not password(text) or _RESOURCE.search(text):
        return False
    return not re.search(r"[a-z]{12}|[./]{2}|-[./]|[./]-|---", text)


def secret_key(text: str) -> bool:
    """Say whether 40 characters can be an AWS secret: mixed case and digits, not a hash."""
    return entropy(text) >= 4.0 and bool(re.search(r"[A-Z]", text)) and bool(re.search(r"[a-z]", text))


def basic_credentials(text: str) -> bool:
    """Say whether the value of a `Basic` authorisation holds a user and a password."""
    import base64
    import binascii

    try:
        return b":" in base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return False


_HOUSE = re.compile(r"(?<![\w.])(?:\d{1,5}[A-Za-z]?|\d{1,4}[/\-]\d{1,4}|\d{5}-?\d{3})(?![\w.]\w)")
_NO_PLACE = re.compile(
    r"(?i)\bport \d|\b(?=\w*\d)(?=\w*[a-z])\w{9,}|\d+\.\d+\.\d+|"
    r"\.(?:internal|local|com|net|org|io|svc)\b|\b(?:already|in use|bind|failed|invalid|"
    r"required|missing|error|timeout|unknown|resolved|listening|connect\w*|refused|space|range|pool|bytes?|offset|not|is|are|was|"
    r"seconds|model|epoch|step|batch|shard|worker|node|thread|process|user|users|customers|items|http|tcp|udp|limit|where)\b"
)
_STREETS = re.compile(
    r"(?i)(?:rue|calle|via|viale|avenida|rua|aleja|ul\.|av\.?|piazza|chemin|boulevard|avenue|place|\w+stra(?:ss|ß)e)\b"
)


def place(text: str) -> int:
    """Return how many characters, from the first, can be a street with a house number; 0: none.

    A name and a number, up to the first word that says something else.
    """
    other = _NO_PLACE.search(text)
    text = (text[: other.start()] if other else text).rstrip(" ,-('")
    if not _HOUSE.search(text) or " " not in text:
        return 0
    names = re.findall(r"[^\W\d_]{3,}", text)
    return len(text) if any(not name[0].islower() for name in names) or _STREETS.match(text) else 0


_NOT_A_PERSON_WORDS = (
    "forest regression model layer random gradient boosting tree network classifier regressor linear logistic neural "
    "deep learning machine vector support bayes naive nearest neighbors decision ensemble encoder decoder transformer "
    "attention conv block batch norm dense dropout max min avg pool pooling standard scaler pipeline feature data set "
    "train test validation service server client worker thread process system user group admin default main new old "
    "east west north south us eu asia production staging windows linux microsoft google amazon apache spring node "
    "request response session error warning info debug failed unknown internal external public private local remote "
    "deploy deployment canary rollout replica partition checkpoint vocabulary offset queue stream cluster "
    "gateway cache broker index shard job task workflow event alert metric dashboard report policy rule engine core "
    "handler manager controller factory provider helper builder loader runner scheduler listener dispatcher "
    "english german french spanish language chat assistant record number id records the a an is was not "
    "optimizer sonnet opus haiku large small medium mini tiny turbo base instruct flash preview input output field "
    "value driver executor spark kafka airflow jenkins prometheus grafana docker kubernetes redis postgres mysql nginx "
    "pytorch tensorflow keras hadoop flink api gpu cpu main"
)
_NOT_A_PERSON = frozenset(_NOT_A_PERSON_WORDS.split())


def person(text: str) -> bool:
    """Say whether two or more capitalised words are not words of machine-learning logs."""
    words = [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 1]
    return len(words) >= 2 and not any(word in _NOT_A_PERSON for word in words)


_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "ß": "ss", "œ": "oe"})
"""Letters that Unicode does not take apart."""


def given_person(text: str) -> bool:
    """Say whether the first of several capitalised words is a given name, or one of them an initial."""
    from assay_detectors.pii.given_names import PERSON_NAMES

    if not person(text):
        return False
    first = re.split(r"[ \-]", text, maxsplit=1)[0].lower().translate(_PLAIN_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", first) if c.isalpha())
    return bool(re.search(r" [^\W\d_]\. ", text)) or plain in PERSON_NAMES


def name_part(text: str) -> bool:
    """Say whether a capitalised word is none of machine-learning logs."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return bool(words) and not any(word in _NOT_A_PERSON for word in words)


def mac(text: str) -> bool:
    """Say whether this is a MAC address and no date, no run of zeros or ones."""
    body = re.sub(r"[^0-9a-f]", "", text.lower())
    return len(set(body)) > 1 and (":" in text or bool(re.search(r"[a-f]", body)))


def varied(text: str) -> bool:
    """Say whether more than one digit occurs."""
    return len(set(digits(text))) > 1


_LEADING_ZERO = re.compile(r"(?<!\d)0\d")


def ipv4(text: str) -> bool:
    """Say whether no part begins with a zero, as in dates and versions; the pattern asks for the rest."""
    return _LEADING_ZERO.search(text) is None


_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2}:){7}[0-9A-Fa-f]{2}")
"""Eight bytes: the serial number of a certificate, an EUI-64."""


def ipv6(text: str) -> bool:
    """Say whether this is an IPv6 address, and no `::` or `dead::beef` of a programming language."""
    if not re.search(r"\d", text) or (text.count(":") < 3 and not text.startswith("::")) or _BYTES.fullmatch(text):
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
