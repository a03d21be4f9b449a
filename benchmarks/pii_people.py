"""Made-up personal values, from a seed: numbers with right check digits, names, addresses. Own code, no detector's."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import string
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any

Make = Callable[[Random], str]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST = _words(
    "Amara Björn Chiara Dmitri Elif Fatou Goran Hana Ines Jamal Katarzyna Liam Mei Nasrin Oluwaseun Priya Quentin Rosalind "
    "Søren Tatiana Umberto Valentina Wanjiru Ximena Yusuf Zoë Aleksander Brigitte Caoimhe Desmond Esperanza Florian Gwendolyn "
    "Hiroshi Isolde Joaquín Kwame Leocadia Mateusz Ngozi Octavia Pavel Renée Sibusiso Thandiwe Ulrike Viktor Winifred Yara Zbigniew"
)
LAST = _words(
    "Abernathy Bielawski Castellanos Dubois Eriksen Fitzgerald Gunawardena Hämäläinen Ivanova Jankowski Kowalczyk Lindqvist "
    "Mbeki Nakamura O'Brien Petrosyan Quispe Rasmussen Szymański Tanaka Underhill Villanueva Whitfield Xanthopoulos Yamamoto "
    "Zielinski Achterberg Bonaventura Chukwuemeka Drummond Engelbrecht Falkenrath Grigoryan Hollingsworth Iturralde Jørgensen "
    "Kirchner Lombardi MacAllister Novotný Oyelaran Papadakis Reinholt Sokolov Thorvaldsen Ugarte Vermeulen Wachira"
)
DOMAINS = _words(
    "brightwater.org quillmail.com univ-lorient.fr stadtwerke-lohne.de kestrel.io nordlys.no tanager.co.uk pinecrest.edu "
    "medisur.es fjordbank.dk tulipan.nl orchidea.it saffron.in lagoon.com.br hibari.co.jp kiwi.net.nz mapleleaf.ca alpenhof.ch "
    "oresund.se baobab.co.za cedar.lb.com volta.ai zephyr.dev mailpost.info riverbend.us"
)
STREETS = _words(
    "Alder Birchwood Copper Dunmore Elmhurst Foxglove Granite Hawthorn Ironbridge Juniper Kingfisher Larkspur"
)
STREET_KINDS = _words("Street St Road Rd Avenue Ave Lane Ln Boulevard Blvd Drive Dr Court Way Place Terrace")
TOWNS = (("Ashford", "OH", "44805"), ("Millbrook", "NY", "12545"), ("Granby", "CT", "06035"), ("Tulare", "CA", "93274"))
UK_TOWNS = (("Leeds", "LS7 2PQ"), ("Bristol", "BS6 5TT"), ("Norwich", "NR2 3RL"), ("Stirling", "FK8 1QZ"))
_PLAIN = str.maketrans("öëéíøńýäłñ", "oeeionyaln")


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def person(rng: Random) -> str:
    first, last = rng.choice(FIRST), rng.choice(LAST)
    return rng.choice((f"{first} {last}", f"{first} {last}", f"{first} {rng.choice(string.ascii_uppercase)}. {last}"))


def email(rng: Random) -> str:
    first, last = (rng.choice(names).translate(_PLAIN).replace("'", "").lower() for names in (FIRST, LAST))
    number = str(rng.randint(1, 99))
    local = rng.choice(
        (
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{last}{number}",
            f"{first}_{last}",
            f"{first}+{number}",
            f"{first}-{last}",
        )
    )
    host = rng.choice(("", "", "", "mail.", "eu.")) + rng.choice(DOMAINS)
    return f"{local if rng.random() < 0.9 else local.title()}@{host}"


def with_luhn(body: str) -> str:
    """Append the digit that makes the Luhn sum divisible by ten."""
    total = sum(sum(divmod(int(d) * (2 - place % 2), 10)) for place, d in enumerate(reversed(body)))
    return body + str(-total % 10)


CARDS: tuple[tuple[str, int, int, tuple[int, ...]], ...] = (
    ("visa", 4, 4, (16, 16, 16, 13, 19)),
    ("mastercard", 51, 55, (16,)),
    ("mastercard", 2221, 2720, (16,)),
    ("amex", 34, 34, (15,)),
    ("amex", 37, 37, (15,)),
    ("discover", 6011, 6011, (16,)),
    ("discover", 644, 659, (16,)),
    ("jcb", 3528, 3589, (16,)),
    ("diners", 300, 305, (14,)),
    ("diners", 36, 36, (14,)),
    ("diners", 38, 39, (14,)),
    ("unionpay", 62, 62, (16, 19)),
    ("maestro", 50, 50, (12, 16)),
    ("maestro", 56, 58, (13, 16, 18)),
    ("maestro", 6304, 6304, (16, 19)),
    ("maestro", 67, 67, (12, 16, 19)),
    ("mir", 2200, 2204, (16,)),
)
_COMMON = frozenset({"visa", "mastercard", "amex", "discover"})


def card_number(rng: Random, common: bool = False) -> str:
    """Return a number of any scheme and length; `common`: of those that 15 or 16 digits alone tell."""
    name, low, high, lengths = rng.choice([c for c in CARDS if not common or c[0] in _COMMON])
    prefix, length = str(rng.randint(low, high)), 16 if common and name != "amex" else rng.choice(lengths)
    return with_luhn(prefix + digits(rng, length - 1 - len(prefix)))


def _written(number: str, rng: Random) -> str:
    if rng.random() < 0.5:
        return number
    mark = rng.choice(" -")
    if len(number) in (14, 15):
        return mark.join((number[:4], number[4:10], number[10:]))
    return mark.join(number[at : at + 4] for at in range(0, len(number), 4))


def card(rng: Random) -> str:
    return _written(card_number(rng), rng)


def common_card(rng: Random) -> str:
    return _written(card_number(rng, common=True), rng)


IBAN_SHAPES = _words(
    "AD:n8c12 AE:n19 AL:n8c16 AT:n16 AZ:a4c20 BA:n16 BE:n12 BG:a4n6c8 BH:a4c14 BR:n23a1c1 CH:n5c12 CR:n18 CY:n8c16 CZ:n20 DE:n18 "
    "DK:n14 DO:c4n20 EE:n16 EG:n25 ES:n20 FI:n14 FO:n14 FR:n10c11n2 GB:a4n14 GE:a2n16 GI:a4c15 GL:n14 GR:n7c16 GT:c24 HR:n17 HU:n24 "
    "IE:a4n14 IL:n19 IS:n22 IT:a1n10c12 JO:a4n4c18 KW:a4c22 KZ:n3c13 LB:n4c20 LI:n5c12 LT:n16 LU:n3c13 LV:a4c13 MC:n10c11n2 MD:c20 "
    "ME:n18 MK:n3c10n2 MT:a4n5c18 MU:a4n19a3 NL:a4n10 NO:n11 PK:a4c16 PL:n24 PS:a4c21 PT:n21 QA:a4c21 RO:a4c16 RS:n18 SA:n2c18 SE:n20 "
    "SI:n15 SK:n20 SM:a1n10c12 TN:n20 TR:n5n1c16 UA:n6c19 VA:n18 VG:a4n16 XK:n16"
)
_SIGNS = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}


def iban(rng: Random) -> str:
    country, _, shape = rng.choice(IBAN_SHAPES).partition(":")
    body, kind, length = "", "", ""
    for char in [*shape, "n"]:
        if char.isdigit():
            length += char
            continue
        body += "".join(rng.choice(_SIGNS[kind]) for _ in range(int(length))) if kind else ""
        kind, length = char, ""
    number = "".join(str(int(char, 36)) for char in f"{body}{country}00")
    whole = f"{country}{98 - int(number) % 97:02d}{body}"
    return whole if rng.random() < 0.6 else " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def ssn(rng: Random) -> str:
    area = rng.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def itin(rng: Random) -> str:
    group = rng.choice((*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)))
    return f"9{digits(rng, 2)}-{group}-{digits(rng, 4)}"


def nhs(rng: Random) -> str:
    while True:
        body = rng.choice("469") + digits(rng, 8)
        check = 11 - sum(int(d) * (10 - place) for place, d in enumerate(body)) % 11
        if check != 10:
            number = f"{body}{check % 11}"
            parts = (number[:3], number[3:6], number[6:])
            return rng.choice((number, " ".join(parts), "-".join(parts)))


def nino(rng: Random) -> str:
    while True:
        pair = rng.choice("ABCEGHJKLMNOPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
        if pair not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
            body, end = digits(rng, 6), rng.choice("ABCD")
            return rng.choice((f"{pair}{body}{end}", f"{pair} {body[:2]} {body[2:4]} {body[4:]} {end}"))


def nif(rng: Random) -> str:
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if rng.random() < 0.3:
        lead = rng.randint(0, 2)
        body = digits(rng, 7)
        return "XYZ"[lead] + body + letters[int(f"{lead}{body}") % 23]
    body = digits(rng, 8)
    return body + letters[int(body) % 23]


def _birthday(rng: Random) -> datetime.date:
    return datetime.date(1935, 1, 1) + datetime.timedelta(days=rng.randint(0, 26000))


def pesel(rng: Random) -> str:
    born = _birthday(rng)
    month = born.month + (20 if born.year > 1999 else 0)
    body = f"{born.year % 100:02d}{month:02d}{born.day:02d}{digits(rng, 4)}"
    return body + str(-sum(int(d) * w for d, w in zip(body, (1, 3, 7, 9) * 3, strict=False)) % 10)


def aadhaar(rng: Random) -> str:
    body = rng.choice("23456789") + digits(rng, 10)
    number = next(body + end for end in string.digits if _dihedral(body + end) == 0)
    return rng.choice((number, f"{number[:4]} {number[4:8]} {number[8:]}"))


def _dihedral(number: str) -> int:
    """Multiply the permuted digits in the dihedral group of ten, as rotations and reflections of a pentagon."""
    turn = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    result = 0
    for place, char in enumerate(reversed(number)):
        value = int(char)
        for _ in range(place % 8):
            value = turn[value]
        mirror, other = result >= 5, value >= 5
        step = (result % 5 - value % 5) if mirror else (result % 5 + value % 5)
        result = step % 5 + 5 * (mirror != other)
    return result


_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def fiscal_code(rng: Random) -> str:
    born = _birthday(rng)
    letters = "".join(rng.choice("BCDFGHLMNPRSTVZ") for _ in range(6))
    day = born.day + rng.choice((0, 40))
    town = rng.choice("ABCDEFGHIL") + digits(rng, 3)
    body = f"{letters}{born.year % 100:02d}{'ABCDEHLMPRST'[born.month - 1]}{day:02d}{town}"
    values = [int(c) if c.isdigit() else ord(c) - 65 for c in body]
    return body + chr(65 + sum(_ODD[v] if place % 2 == 0 else v for place, v in enumerate(values)) % 26)


def passport(rng: Random) -> str:
    return digits(rng, 9) if rng.random() < 0.5 else rng.choice("ACXYZ") + digits(rng, 8)


def mrn(rng: Random) -> str:
    return rng.choice((f"MRN-{digits(rng, 7)}", f"MRN{digits(rng, 8)}", f"MRN:{digits(rng, 8)}"))


def birth_date(rng: Random) -> str:
    born = _birthday(rng)
    return born.strftime(rng.choice(("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y")))


def address(rng: Random) -> str:
    start = f"{rng.randint(1, 9899)} {rng.choice(STREETS)} {rng.choice(STREET_KINDS)}"
    if rng.random() < 0.5:
        town, state, code = rng.choice(TOWNS)
        return f"{start}, {town}, {state} {code}"
    town, code = rng.choice(UK_TOWNS)
    return f"{start}, {town} {code}"


def place(rng: Random) -> str:
    north, east = (f"{rng.uniform(*ends):.{rng.randint(4, 7)}f}" for ends in ((-65, 70), (-170, 175)))
    return f"{north},{rng.choice(('', ' '))}{east}"


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def bitcoin(rng: Random) -> str:
    data = bytes([rng.choice((0, 5))]) + rng.randbytes(20)
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def ipv4(rng: Random) -> str:
    first = rng.choice([n for n in range(2, 223) if n not in (10, 127, 169, 172, 192)])
    return f"{first}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


def private_ipv4(rng: Random) -> str:
    ten = f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    return rng.choice((ten, f"192.168.{rng.randint(0, 9)}.{rng.randint(1, 254)}"))


def ip(rng: Random) -> str:
    return rng.choice((ipv4, ipv4, private_ipv4, ipv6))(rng)


def ipv6(rng: Random) -> str:
    groups = [0x2A00 + rng.randint(0, 255), *(rng.randint(0, 0xFFFF) for _ in range(7))]
    if rng.random() < 0.5:
        groups[3:6] = [0, 0, 0]
    return str(ipaddress.IPv6Address(":".join(f"{group:x}" for group in groups)))


def loopback(rng: Random) -> str:
    return rng.choice(("127.0.0.1", "127.0.0.1", "0.0.0.0", "127.0.1.1"))


def mac(rng: Random) -> str:
    pairs = [f"{rng.randint(0, 127) * 2:02x}", *(f"{rng.randint(0, 255):02x}" for _ in range(5))]
    text = rng.choice(":-").join(pairs)
    return text.upper() if rng.random() < 0.3 else text


@lru_cache
def phone_regions() -> tuple[str, ...]:
    """Return a third of all numbering plans, and three large ones."""
    import phonenumbers

    return (*sorted(phonenumbers.SUPPORTED_REGIONS)[::3], "US", "GB", "DE")


def _phone(rng: Random) -> Any:
    """Return a valid number of some country, made from the example of its numbering plan."""
    import phonenumbers as p

    while True:
        region = rng.choice(phone_regions())
        kind = rng.choice((p.PhoneNumberType.MOBILE, p.PhoneNumberType.FIXED_LINE))
        example = p.example_number_for_type(region, kind) or p.example_number(region)
        national = p.national_significant_number(example) if example else ""
        for _ in range(20 if len(national) >= 7 else 0):
            number = p.parse(f"+{example.country_code}{national[:-4]}{digits(rng, 4)}")
            if p.is_valid_number(number):
                return number


def phone(rng: Random) -> str:
    """Return a number with country code, in one of the usual spellings."""
    import phonenumbers as p

    formats = p.PhoneNumberFormat
    return str(p.format_number(_phone(rng), rng.choice((formats.E164, formats.INTERNATIONAL, formats.INTERNATIONAL))))


def local_phone(rng: Random) -> str:
    """Return a number as people of its country write it; only a key or a word says what it is."""
    import phonenumbers as p

    return str(p.format_number(_phone(rng), p.PhoneNumberFormat.NATIONAL))


def us_phone(rng: Random) -> str:
    area, local, end = rng.choice((201, 312, 415, 503, 617, 702, 808, 919)), f"{rng.randint(200, 989)}", digits(rng, 4)
    return rng.choice(
        (f"({area}) {local}-{end}", f"{area}-{local}-{end}", f"{area}.{local}.{end}", f"+1 {area} {local} {end}")
    )
