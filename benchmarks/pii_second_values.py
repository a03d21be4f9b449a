"""Values of the second generator: people, accounts and addresses (Faker), and the one source of its chance."""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from collections.abc import Callable
from random import Random

import phonenumbers
from faker import Faker

LETTERS, DIGITS, UPPER, HEX = string.ascii_letters, string.digits, string.ascii_uppercase, "0123456789abcdef"
ALNUM = LETTERS + DIGITS
RNG = Random(0)
pick = RNG.choice
LOCALES = [
    "en_US",
    "en_GB",
    "de_DE",
    "fr_FR",
    "es_ES",
    "it_IT",
    "nl_NL",
    "pt_BR",
    "pl_PL",
    "sv_SE",
    "fi_FI",
    "en_CA",
    "en_AU",
    "en_IN",
    "de_CH",
    "fr_BE",
    "es_MX",
    "no_NO",
    "da_DK",
    "cs_CZ",
    "tr_TR",
]
WIDE = [*LOCALES, "ja_JP", "zh_CN", "ko_KR", "ru_RU", "el_GR", "uk_UA", "ar_SA", "hu_HU", "ro_RO", "vi_VN"]
FAKERS: dict[str, Faker] = {}


def init(seed: int) -> None:
    """Start every source of chance anew."""
    RNG.seed(seed)
    for number, locale in enumerate(WIDE):
        FAKERS[locale] = Faker(locale)
        FAKERS[locale].seed_instance(seed * 1000 + number)


def chars(alphabet: str, count: int) -> str:
    return "".join(pick(alphabet) for _ in range(count))


def anyone() -> Faker:
    return FAKERS[pick(LOCALES)]


def luhn_fix(digits: str) -> str:
    """Return the digits and their Luhn digit."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (2 - place % 2)
        total += number - 9 if number > 9 else number
    return digits + str(-total % 10)


def card() -> str:
    pre, ln = pick(
        [("4", 16), ("4", 13), ("4", 19)]
        + [("4", 16)] * 4
        + [(str(RNG.randint(51, 55)), 16)] * 3
        + [
            (str(RNG.randint(2221, 2720)), 16),
            ("34", 15),
            ("37", 15),
            ("6011", 16),
            ("65", 16),
            ("36", 14),
            (str(RNG.randint(3528, 3589)), 16),
            ("62", 16),
            ("62", 19),
            ("67", 16),
            (pick(["5018", "5020", "6304"]), pick([16, 18])),
        ]
    )
    n = luhn_fix(pre + chars(DIGITS, ln - len(pre) - 1))
    st = RNG.random()
    if ln == 16 and st < 0.3:
        return " ".join(n[i : i + 4] for i in range(0, 16, 4))
    if ln == 16 and st < 0.45:
        return "-".join(n[i : i + 4] for i in range(0, 16, 4))
    if ln == 15 and st < 0.4:
        return f"{n[:4]} {n[4:10]} {n[10:]}"
    return n


_IBAN = {
    "DE": "n18",
    "GB": "a4n14",
    "FR": "n10c11n2",
    "NL": "a4n10",
    "ES": "n20",
    "IT": "a1n10c12",
    "BE": "n12",
    "CH": "n5c12",
    "AT": "n16",
    "PL": "n24",
    "SE": "n20",
    "NO": "n11",
    "DK": "n14",
    "FI": "n14",
    "PT": "n21",
    "IE": "a4n14",
    "LU": "n3c13",
    "CZ": "n20",
    "SA": "n2c18",
    "TR": "n6c16",
    "AE": "n19",
    "RO": "a4c16",
    "GR": "n7c16",
    "HU": "n24",
    "HR": "n17",
}


def iban() -> str:
    c = pick(list(_IBAN))
    b = ""
    for k, n in re.findall(r"([anc])(\d+)", _IBAN[c]):
        b += chars({"a": UPPER, "n": DIGITS, "c": DIGITS + UPPER}[k], int(n))
    num = "".join(str(int(x, 36)) for x in b + c + "00")
    v = f"{c}{98 - int(num) % 97:02d}{b}"
    return " ".join(v[i : i + 4] for i in range(0, len(v), 4)) if RNG.random() < 0.3 else v


_DOMAINS = [
    "gmail.com",
    "gmail.com",
    "outlook.com",
    "yahoo.co.uk",
    "web.de",
    "orange.fr",
    "mail.ru",
    "qq.com",
    "proton.me",
    "icloud.com",
    "gmx.net",
    "uni-bonn.de",
    "cs.stanford.edu",
    "eng.acme-labs.io",
    "mail.corp.initech.co.jp",
    "startup.ai",
    "kvk.nl",
    "wanadoo.fr",
    "libero.it",
    "dhl.express",
    "bmw.berlin",
    "nhs.net",
    "hmrc.gov.uk",
]


def _ascii(x: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", x) if c.isascii() and (c.isalnum()))


def email() -> str:
    k = RNG.random()
    if k < 0.2:
        return anyone().email()
    if k < 0.28:
        return anyone().company_email()
    fk = anyone()
    a, b = _ascii(fk.first_name()).lower() or "x", _ascii(fk.last_name()).lower() or "y"
    loc = pick(
        [
            f"{a}.{b}",
            f"{a[0]}{b}",
            f"{a}_{b}",
            f"{a}{RNG.randint(1, 99)}",
            f"{a}-{b}",
            f"{a}.{b}+{pick(['ml', 'test', 'news', 'hf', 'aws'])}",
            b,
            f"{a.title()}.{b.title()}",
            f"{a}.{b[0]}.{RNG.randint(1950, 2005)}",
            f"{a}'{b}" if RNG.random() < 0.2 else f"{a}{b}",
        ]
    )
    if k > 0.97:
        return (
            pick(["jürgen", "zoë.müller", "andré", "søren.k", "用户"])
            + "@"
            + pick(["gmail.com", "web.de", "orange.fr"])
        )
    dom = (
        pick(_DOMAINS)
        if RNG.random() < 0.7
        else _ascii(fk.last_name()).lower()
        + pick([".com", ".de", ".io", ".net", ".co", ".org", ".dev", ".app", ".com.br", ".co.in"])
    )
    return (loc + "@" + dom) if RNG.random() > 0.04 else (loc + "@" + dom).upper()


_REGIONS = {
    "en_US": "US",
    "en_GB": "GB",
    "de_DE": "DE",
    "fr_FR": "FR",
    "es_ES": "ES",
    "it_IT": "IT",
    "nl_NL": "NL",
    "pt_BR": "BR",
    "pl_PL": "PL",
    "sv_SE": "SE",
    "fi_FI": "FI",
    "en_CA": "CA",
    "en_AU": "AU",
    "en_IN": "IN",
    "de_CH": "CH",
    "fr_BE": "BE",
    "es_MX": "MX",
    "no_NO": "NO",
    "da_DK": "DK",
    "cs_CZ": "CZ",
    "tr_TR": "TR",
    "ja_JP": "JP",
    "zh_CN": "CN",
    "ko_KR": "KR",
    "ru_RU": "RU",
}


def phone(intl: bool = False) -> str:
    while True:
        locale = pick(list(_REGIONS))
        raw = FAKERS[locale].phone_number()
        try:
            p = phonenumbers.parse(raw, _REGIONS[locale])
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_valid_number(p):
            continue
        PF = phonenumbers.PhoneNumberFormat
        k = RNG.random()
        if intl or k < 0.3:
            return phonenumbers.format_number(p, pick([PF.E164, PF.INTERNATIONAL]))
        if k < 0.45:
            return phonenumbers.format_number(p, PF.NATIONAL)
        if "x" in raw:
            continue
        return raw


def name() -> str:
    locale = pick(LOCALES if RNG.random() < 0.8 else WIDE)
    fk = FAKERS[locale]
    n = f"{fk.first_name()} {fk.last_name()}" if locale not in ("zh_CN", "ja_JP", "ko_KR") else fk.name()
    if RNG.random() < 0.08 and n.isascii():
        n = n.upper()
    if RNG.random() < 0.06 and " " in n:
        a, b = n.split(" ", 1)
        n = f"{b}, {a}"
    return n


def address() -> str:
    while True:
        locale = pick(
            ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "en_CA", "en_AU", "pt_BR", "pl_PL", "sv_SE"]
        )
        fk = FAKERS[locale]
        a = fk.street_address() if RNG.random() < 0.5 else fk.address().replace("\n", ", ")
        a = a.replace("\n", ", ")
        if any(c.isdigit() for c in a) and len(a) < 90 and " 0" not in a and not a.startswith("0"):
            return a


def btc() -> str:
    h = bytes([0]) + RNG.randbytes(20)
    h += hashlib.sha256(hashlib.sha256(h).digest()).digest()[:4]
    A = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    n = int.from_bytes(h, "big")
    o = ""
    while n:
        n, r = divmod(n, 58)
        o = A[r] + o
    return "1" * (len(h) - len(h.lstrip(b"\0"))) + o


def dob() -> str:
    y, m, d = RNG.randint(1935, 2006), RNG.randint(1, 12), RNG.randint(1, 28)
    mon = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ][m - 1]
    return pick(
        [f"{y}-{m:02d}-{d:02d}"] * 4
        + [
            f"{d:02d}.{m:02d}.{y}",
            f"{m:02d}/{d:02d}/{y}",
            f"{d:02d}/{m:02d}/{y}",
            f"{y}{m:02d}{d:02d}",
            f"{y}/{m:02d}/{d:02d}",
            f"{d} {mon[:3]} {y}",
            f"{mon} {d}, {y}",
            f"{y}-{m:02d}-{d:02d}T00:00:00Z",
        ]
    )


def ipv4() -> str:
    while True:
        a = pick(
            [*range(11, 100), *range(101, 127), *range(128, 169), *range(173, 192), *range(193, 198), *range(204, 223)]
        )
        return f"{a}.{RNG.randint(0, 255)}.{RNG.randint(0, 255)}.{RNG.randint(1, 254)}"


def ip() -> str:
    return (
        ipv4()
        if RNG.random() < 0.85
        else "2001:" + ":".join(f"{RNG.randint(1, 65535):x}" for _ in range(7))
        if RNG.random() < 0.5
        else f"2a02:{RNG.randint(16, 65535):x}:{RNG.randint(16, 65535):x}::{RNG.randint(1, 65535):x}"
    )


def mac() -> str:
    return (
        pick([":", "-"]).join(pick([chars(HEX, 2)]) for _ in range(6))
        if RNG.random() < 0.8
        else ":".join(chars("0123456789ABCDEF", 2) for _ in range(6))
    )


def url_cred() -> str:
    u = pick(["admin", "postgres", "svc_ml", "root", "app", "mlflow"])
    p = chars(ALNUM + "_-.~!", RNG.randint(8, 20)).strip(".-!~") + "7"
    return pick(
        [
            f"postgresql://{u}:{p}@db-{chars(HEX, 4)}.internal:5432/prod",
            f"redis://:{p}@cache.svc:6379/0",
            f"mongodb+srv://{u}:{p}@cluster0.{chars(HEX, 5)}.mongodb.net/app",
            f"https://{u}:{p}@git.corp.io/ml/repo.git",
            f"amqp://{u}:{p}@rabbit:5672/%2F",
            f"mysql+pymysql://{u}:{p}@10.2.3.4/ads",
            f"postgres+asyncpg://{u}:{p}@pg/db",
        ]
    )


PLAIN: dict[str, Callable[[], str]] = {
    "EMAIL_ADDRESS": email,
    "CREDIT_CARD": card,
    "IBAN_CODE": iban,
    "PHONE_NUMBER": phone,
    "PERSON": name,
    "LOCATION": address,
    "DATE_OF_BIRTH": dob,
    "IP_ADDRESS": ip,
    "MAC_ADDRESS": mac,
    "CRYPTO": btc,
    "URL_CREDENTIALS": url_cred,
}
