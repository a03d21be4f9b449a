"""Made-up identity numbers of sixteen countries, from a seed, with their check digits. Own code, no detector's."""

from __future__ import annotations

import datetime
import string
from random import Random

from pii_people import Make, digits, with_luhn

_LETTERS = string.ascii_uppercase


def _sum(body: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


def _birthday(rng: Random) -> datetime.date:
    return datetime.date(1940, 1, 1) + datetime.timedelta(days=rng.randint(0, 21_000))


def german(rng: Random) -> str:
    """Eleven digits, one of the first ten twice, by ISO 7064 modulo 11, 10."""
    drawn = rng.sample(string.digits, 9)
    drawn.insert(rng.randint(1, 9), drawn[0])
    if drawn[0] == "0":
        return german(rng)
    body, product = "".join(drawn), 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return f"{body}{(11 - product) % 10}"


def french(rng: Random) -> str:
    body = f"{rng.randint(1, 2)}{rng.randint(40, 99)}{rng.randint(1, 12):02d}{rng.randint(1, 19):02d}{digits(rng, 6)}"
    whole = f"{body}{97 - int(body) % 97:02d}"
    places = ((0, 1), (1, 3), (3, 5), (5, 7), (7, 10), (10, 13), (13, 15))
    return rng.choice((whole, " ".join(whole[start:end] for start, end in places)))


def dutch(rng: Random) -> str:
    while True:
        body = rng.choice("123456789") + digits(rng, 7)
        check = _sum(body, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check < 10:
            return f"{body}{check}"


def swedish(rng: Random) -> str:
    born = _birthday(rng)
    body = with_luhn(f"{born:%y%m%d}{rng.randint(1, 979):03d}")
    return f"{rng.choice(('', '19'))}{body[:6]}-{body[6:]}"


def belgian(rng: Random) -> str:
    born = _birthday(rng)
    body = f"{born:%y%m%d}{rng.randint(1, 997):03d}"
    check = 97 - int(f"{'2' if born.year > 1999 else ''}{body}") % 97
    return rng.choice((f"{body}{check:02d}", f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:]}.{check:02d}"))


def swiss(rng: Random) -> str:
    body = "756" + digits(rng, 9)
    whole = f"{body}{-_sum(body, (1, 3) * 6) % 10}"
    return f"{whole[:3]}.{whole[3:7]}.{whole[7:11]}.{whole[11:]}"


def finnish(rng: Random) -> str:
    born, number = _birthday(rng), f"{rng.randint(2, 899):03d}"
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{born:%d%m%y}{number}") % 31]
    return f"{born:%d%m%y}-{number}{check}"


def brazilian(rng: Random) -> str:
    body = digits(rng, 9)
    for length in (10, 11):
        body += str(_sum(body, tuple(range(length, 1, -1))) * 10 % 11 % 10)
    return rng.choice((body, f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}"))


def canadian(rng: Random) -> str:
    whole = with_luhn(rng.choice("1234567") + digits(rng, 7))
    return rng.choice((whole, f"{whole[:3]} {whole[3:6]} {whole[6:]}", f"{whole[:3]}-{whole[3:6]}-{whole[6:]}"))


def mexican(rng: Random) -> str:
    born, consonants = _birthday(rng), "BCDFGHJKLMNPQRSTVWXYZ"
    name = rng.choice(consonants) + rng.choice("AEIOU") + rng.choice(consonants) + rng.choice(consonants)
    inner = "".join(rng.choice(consonants) for _ in range(3))
    body = f"{name}{born:%y%m%d}{rng.choice('HM')}{rng.choice(('AS', 'BC', 'DF', 'JC', 'NL', 'YN'))}{inner}0"
    signs = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"
    total = sum(signs.index(char) * (18 - at) for at, char in enumerate(body))
    return f"{body}{-total % 10}"


def australian(rng: Random) -> str:
    while True:
        body = rng.choice("123456789") + digits(rng, 7)
        last = next((d for d in string.digits if _sum(body + d, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0), None)
        if last:
            whole = body + last
            return rng.choice((whole, f"{whole[:3]} {whole[3:6]} {whole[6:]}"))


def australian_health(rng: Random) -> str:
    body = rng.choice("23456") + digits(rng, 7)
    whole = f"{body}{_sum(body, (1, 3, 7, 9, 1, 3, 7, 9)) % 10}{rng.randint(1, 9)}"
    return rng.choice((whole, f"{whole[:4]} {whole[4:9]} {whole[9:]}"))


def indian_tax(rng: Random) -> str:
    return f"{''.join(rng.choice(_LETTERS) for _ in range(3))}P{rng.choice(_LETTERS)}{rng.randint(1, 9999):04d}{rng.choice(_LETTERS)}"


def singaporean(rng: Random) -> str:
    lead, body = rng.choice("STFG"), digits(rng, 7)
    total = _sum(body, (2, 7, 6, 5, 4, 3, 2)) + (4 if lead in "TG" else 0)
    return f"{lead}{body}{('JZIHGFEDCBA' if lead in 'ST' else 'XWUTRQPNMLK')[total % 11]}"


def korean(rng: Random) -> str:
    born = _birthday(rng)
    body = f"{born:%y%m%d}{rng.randint(1, 2) + 2 * (born.year > 1999)}{rng.randint(0, 95):02d}{digits(rng, 3)}"
    return f"{body[:6]}-{body[6:]}{(11 - _sum(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10}"


def chinese(rng: Random) -> str:
    body = f"{rng.choice(('110105', '310104', '440106', '510107'))}{_birthday(rng):%Y%m%d}{rng.randint(1, 999):03d}"
    return body + "10X98765432"[_sum(body, tuple(2 ** (17 - at) % 11 for at in range(17))) % 11]


NATIONAL: dict[str, tuple[Make, tuple[str, ...], tuple[str, ...]]] = {
    "DE_TAX_ID": (german, ("steuer_id", "steueridentifikationsnummer", "tax_id"), ("meine Steuer-ID ist «VALUE»",)),
    "FR_NIR": (french, ("nir", "numero_securite_sociale", "insee"), ("mon numéro de sécurité sociale est «VALUE»",)),
    "NL_BSN": (dutch, ("bsn", "burgerservicenummer"), ("mijn BSN is «VALUE»",)),
    "SE_PERSONNUMMER": (swedish, ("personnummer",), ("mitt personnummer är «VALUE»",)),
    "BE_NATIONAL": (belgian, ("rijksregisternummer", "national_number"), ("mijn rijksregisternummer is «VALUE»",)),
    "CH_AHV": (swiss, ("ahv", "ahv_nummer", "avs"), ("meine AHV-Nummer ist «VALUE»",)),
    "FI_HETU": (finnish, ("hetu", "henkilotunnus"), ("henkilötunnus «VALUE»",)),
    "BR_CPF": (brazilian, ("cpf",), ("meu CPF é «VALUE»",)),
    "CA_SIN": (canadian, ("sin", "social_insurance_number"), ("my social insurance number is «VALUE»",)),
    "MX_CURP": (mexican, ("curp",), ("mi CURP es «VALUE»",)),
    "AU_TFN": (australian, ("tfn", "tax_file_number"), ("my tax file number is «VALUE»",)),
    "AU_MEDICARE": (australian_health, ("medicare", "medicare_number"), ("my Medicare number is «VALUE»",)),
    "IN_PAN": (indian_tax, ("pan_number", "pan_card"), ("my PAN card number is «VALUE»",)),
    "SG_NRIC": (singaporean, ("nric", "fin"), ("my NRIC is «VALUE»",)),
    "KR_RRN": (korean, ("rrn", "resident_registration_number"), ("RRN «VALUE»",)),
    "CN_RESIDENT_ID": (chinese, ("resident_id", "id_card", "id_number"), ("my resident id is «VALUE»",)),
}
"""Name of our entity -> maker, keys, sentences. Each stands under a key, or in a sentence that names it."""
