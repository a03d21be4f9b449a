"""Check digits and letters of national numbers and wallets: each takes the value as written, and says if it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from assay_detectors.pii.validate import digits, luhn


def weighted(number: str, weights: Sequence[int]) -> int:
    """Return the sum of the digits times the weights."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def varied(number: str) -> bool:
    """Say whether it is more than one digit repeated."""
    return len(set(number)) > 1


def nhs(text: str) -> bool:
    """England's health number: modulo 11."""
    number = digits(text)
    return len(number) == 10 and weighted(number, (*range(10, 1, -1), 1)) % 11 == 0 and varied(number)


@lru_cache(maxsize=1)
def _verhoeff_tables() -> tuple[list[list[int]], list[list[int]]]:
    table = [[(a + b) % 5 + 5 * (b > 4) if a < 5 else (a - b) % 5 + 5 * (b < 5) for b in range(10)] for a in range(10)]
    first = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    turns = [list(range(10))]
    for _ in range(7):
        turns.append([turns[-1][first[digit]] for digit in range(10)])
    return table, turns


def verhoeff(number: str) -> bool:
    """Check digit in the dihedral group of ten (Verhoeff 1969)."""
    table, turns = _verhoeff_tables()
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = table[check][turns[place % 8][int(digit)]]
    return check == 0


def aadhaar(text: str) -> bool:
    """India: twelve digits, the last by Verhoeff; no palindrome is issued."""
    number = digits(text)
    return len(number) == 12 and number[0] not in "01" and verhoeff(number) and number != number[::-1]


_LETTERS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_ODD_VALUES = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (*_LETTERS[:10], *_LETTERS), strict=True))


def codice_fiscale(text: str) -> bool:
    """Italy: the last letter is the sum of the values of the others modulo 26."""
    code = text.upper()
    total = sum(
        _ODD_VALUES[char] if place % 2 == 0 else (int(char) if char.isdigit() else ord(char) - 65)
        for place, char in enumerate(code[:15])
    )
    return chr(65 + total % 26) == code[15]


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bitcoin(text: str) -> bool:
    """Base58Check of a legacy address, or Bech32 and Bech32m of a segregated-witness one (BIP 173, BIP 350)."""
    if text.lower().startswith("bc1"):
        return _bech32(text)
    number = 0
    for char in text:
        place = _BASE58.find(char)
        if place < 0:
            return False
        number = number * 58 + place
    if number.bit_length() > 200:
        return False
    data = number.to_bytes(25, "big")
    check = hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()
    return data[0] in (0, 5) and check[:4] == data[21:]


def _bech32(text: str) -> bool:
    if text not in (text.lower(), text.upper()):
        return False
    body = text.lower()[3:]
    if any(char not in _BECH32 for char in body):
        return False
    check = 1
    for value in (*(ord(c) >> 5 for c in "bc"), 0, *(ord(c) & 31 for c in "bc"), *map(_BECH32.index, body)):
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check in (1, 0x2BC830A3)


def steuer_id(text: str) -> bool:
    """Germany: eleven digits, one repeated among the first ten, ISO 7064 modulo 11,10."""
    number = digits(text)
    if len(number) != 11 or number[0] == "0" or len(set(number[:10])) not in (8, 9):
        return False
    product = 10
    for digit in number[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(number[10])


def nir(text: str) -> bool:
    """France: sex, year, month, place, order, and 97 minus the rest modulo 97."""
    code = "".join(char for char in text.upper() if char.isalnum())
    body = code[:13].replace("2A", "19").replace("2B", "18")
    if len(code) != 15 or not (body + code[13:]).isdigit() or code[0] not in "12378":
        return False
    return 97 - int(body) % 97 == int(code[13:])


def bsn(text: str) -> bool:
    """The Netherlands: nine digits, weights 9 to 2 and -1, modulo 11."""
    number = digits(text).zfill(9)
    return len(number) == 9 and varied(number) and weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def personnummer(text: str) -> bool:
    """Sweden: a date of birth, three digits and a Luhn digit."""
    number = digits(text)[-10:]
    month, day = int(number[2:4]), int(number[4:6]) % 60
    return len(number) == 10 and 1 <= month <= 12 and 1 <= day <= 31 and luhn(number)


def cpf(text: str) -> bool:
    """Brazil: two check digits modulo 11."""
    number = digits(text)
    if len(number) != 11 or not varied(number):
        return False
    first = weighted(number[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(number[:10], range(11, 1, -1)) * 10 % 11 % 10
    return number[9:] == f"{first}{second}"


def sin(text: str) -> bool:
    """Canada: nine digits by Luhn; none begins with 8."""
    number = digits(text)
    return len(number) == 9 and number[0] not in "08" and varied(number) and luhn(number)


def tfn(text: str) -> bool:
    """Australia, tax file number: weights modulo 11."""
    number = digits(text)
    return len(number) == 9 and varied(number) and weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def medicare(text: str) -> bool:
    """Australia, health card: the ninth digit checks the first eight."""
    number = digits(text)
    return len(number) in (10, 11) and number[0] in "23456" and (
        weighted(number[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(number[8])
    )  # fmt: skip


def belgian(text: str) -> bool:
    """Belgium: 97 minus the rest of nine digits modulo 97; a 2 before them for the births since 2000."""
    number = digits(text)
    if len(number) != 11 or not 0 <= int(number[2:4]) % 20 <= 12:
        return False
    return int(number[9:]) in (97 - int(number[:9]) % 97, 97 - int("2" + number[:9]) % 97)


def ean(text: str) -> bool:
    """Thirteen digits with the check digit of EAN-13 (the Swiss AHV number)."""
    number = digits(text)
    return len(number) == 13 and weighted(number, (1, 3) * 6 + (1,)) % 10 == 0


def hetu(text: str) -> bool:
    """Finland: a date of birth, and the check character of nine digits modulo 31."""
    number = text[:6] + text[7:10]
    if not (1 <= int(text[:2]) <= 31 and 1 <= int(text[2:4]) <= 12):
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number) % 31] == text[10]


def nric(text: str) -> bool:
    """Singapore: the last letter, by the kind of number."""
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    rest = total % 11
    return letters[text[0]][10 - rest if text[0] == "M" else rest] == text[8]


def rrn(text: str) -> bool:
    """South Korea: a date of birth, and a check digit modulo 11."""
    number = digits(text)
    if not (1 <= int(number[2:4]) <= 12 and 1 <= int(number[4:6]) <= 31):
        return False
    return (11 - weighted(number[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(number[12])


def resident_id(text: str) -> bool:
    """China: seventeen digits and a check character (ISO 7064, modulo 11-2)."""
    total = weighted(text[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return "10X98765432"[total % 11] == text[17]
