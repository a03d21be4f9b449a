"""Made-up values of every kind that `pii.dataset` tells, with right check digits, and columns that only look like them."""

from __future__ import annotations

import hashlib
import string
import uuid
from collections.abc import Callable

import numpy as np

Make = Callable[[np.random.Generator], str]
LETTERS, DIGITS = string.ascii_uppercase, string.digits
TOKEN = string.ascii_letters + string.digits
FIRST = (
    "Anna",
    "Carlos",
    "Emily",
    "Kenji",
    "Maria",
    "Olga",
    "Peter",
    "Priya",
    "Samuel",
    "Thomas",
    "Wei",
    "Yusuf",
    "Laura",
    "Martin",
    "Nina",
    "Omar",
)
LAST = (
    "Okafor",
    "Lindqvist",
    "Garcia",
    "Tanaka",
    "Moreau",
    "Novak",
    "Schmidt",
    "Patel",
    "Rossi",
    "Jensen",
    "Kowalski",
    "Haddad",
    "Murphy",
    "Costa",
)
STREETS = ("Elm", "Oak", "Harbour", "Mill", "Station", "Cedar", "Lake", "Victoria", "Church", "Garden")
TOWNS = ("Springfield, IL 62704", "Dayton, OH 45402", "Salem, OR 97301", "Austin, TX 78701")


def drawn(rng: np.random.Generator, alphabet: str, length: int) -> str:
    return "".join(alphabet[i] for i in rng.integers(0, len(alphabet), length))


def luhn_digit(body: str) -> str:
    total = 0
    for place, char in enumerate(reversed(body)):
        value = int(char) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card(rng: np.random.Generator) -> str:
    body = ["4", "51", "55", "6011"][rng.integers(4)]
    body += drawn(rng, DIGITS, 15 - len(body))
    number = body + luhn_digit(body)
    return number if rng.random() < 0.5 else " ".join(number[i : i + 4] for i in range(0, 16, 4))


def iban(rng: np.random.Generator) -> str:
    body = drawn(rng, DIGITS, 18)
    check = 98 - int(body + "131400") % 97
    return f"DE{check:02d}{body}"


def ssn(rng: np.random.Generator) -> str:
    return f"{rng.integers(100, 665)}-{rng.integers(10, 99)}-{rng.integers(1000, 9999)}"


def email(rng: np.random.Generator) -> str:
    host = ["uni-bonn.de", "example.org", "gmail.com", "acme.co.uk"][rng.integers(4)]
    return f"{FIRST[rng.integers(len(FIRST))]}.{drawn(rng, string.ascii_lowercase, 6)}@{host}".lower()


def phone(rng: np.random.Generator) -> str:
    last = f"{rng.integers(0, 10000):04d}"
    return [f"+1 202-555-{last}", f"(415) 555-{last}", f"+49 30 2622{last}", f"+44 7911 12{last}"][rng.integers(4)]


def nhs(rng: np.random.Generator) -> str:
    while True:
        body = drawn(rng, "123456789", 1) + drawn(rng, DIGITS, 8)
        check = 11 - sum(int(d) * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            number = body + str(check % 11)
            return f"{number[:3]} {number[3:6]} {number[6:]}"


def nif(rng: np.random.Generator) -> str:
    number = int(rng.integers(10_000_000, 99_999_999))
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def pesel(rng: np.random.Generator) -> str:
    body = f"{rng.integers(40, 99)}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}{drawn(rng, DIGITS, 4)}"
    total = sum(int(d) * w for d, w in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
    return body + str(-total % 10)


def person(rng: np.random.Generator) -> str:
    return f"{FIRST[rng.integers(len(FIRST))]} {LAST[rng.integers(len(LAST))]}{drawn(rng, 'aeiou', 2)}"


def birth(rng: np.random.Generator) -> str:
    return f"{rng.integers(1940, 2006)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"


def address(rng: np.random.Generator) -> str:
    return f"{rng.integers(1, 9999)} {STREETS[rng.integers(10)]} Road, {TOWNS[rng.integers(4)]}"


def nino(rng: np.random.Generator) -> str:
    return f"{'ABCEHJ'[rng.integers(6)]}{'ABCEHJ'[rng.integers(6)]}{drawn(rng, DIGITS, 6)}{'ABCD'[rng.integers(4)]}"


PLANTS: dict[str, tuple[str, Make]] = {
    "EMAIL_ADDRESS": ("email_addr", email),
    "CREDIT_CARD": ("card_number", card),
    "IBAN_CODE": ("iban", iban),
    "US_SSN": ("ssn", ssn),
    "AWS_ACCESS_KEY": ("aws_key_id", lambda rng: "AKIA" + drawn(rng, LETTERS + "234567", 16)),
    "GITHUB_TOKEN": ("gh", lambda rng: "ghp_" + drawn(rng, TOKEN, 36)),
    "HUGGINGFACE_TOKEN": ("hub", lambda rng: "hf_" + drawn(rng, TOKEN, 34)),
    "OPENAI_KEY": ("llm_key", lambda rng: "sk-proj-" + drawn(rng, TOKEN, 44)),
    "STRIPE_KEY": ("pay", lambda rng: "sk_live_" + drawn(rng, TOKEN, 24)),
    "GOOGLE_API_KEY": ("maps", lambda rng: "AIza" + drawn(rng, TOKEN, 35)),
    "PASSWORD": ("password", lambda rng: drawn(rng, TOKEN, 9) + "!7"),
    "URL_CREDENTIALS": (
        "dsn",
        lambda rng: f"postgres://svc:{drawn(rng, TOKEN, 12)}@db{rng.integers(9)}.internal:5432/x",
    ),
    "PHONE_NUMBER": ("phone", phone),
    "US_ITIN": ("itin", lambda rng: f"9{rng.integers(10, 99)}-{rng.integers(70, 88)}-{rng.integers(1000, 9999)}"),
    "UK_NINO": ("nino", nino),
    "UK_NHS": ("nhs_number", nhs),
    "ES_NIF": ("dni", nif),
    "PL_PESEL": ("pesel", pesel),
    "MEDICAL_RECORD": ("mrn", lambda rng: f"MRN-{rng.integers(1_000_000, 9_999_999)}"),
    "PERSON": ("customer_name", person),
    "DATE_OF_BIRTH": ("DOB", birth),
    "LOCATION": ("home_address", address),
    "IP_ADDRESS": ("client_ip", lambda rng: f"203.0.{rng.integers(0, 255)}.{rng.integers(1, 255)}"),
    "MAC_ADDRESS": ("device_mac", lambda rng: ":".join(f"{b:02x}" for b in rng.integers(16, 255, 6))),
}
"""Entity -> a usual name of such a column, and how its values are made."""

_START = 1_600_000_000
WORDS = (
    "red",
    "green",
    "round",
    "small",
    "order",
    "shipped",
    "late",
    "item",
    "quality",
    "model",
    "returned",
    "colour",
    "size",
    "fine",
    "damaged",
    "blue",
)


def look_alikes(rng: np.random.Generator, rows: int) -> dict[str, list[object]]:
    """Return columns of no person: ids, hashes, times, prices, versions, codes, products; names of columns that mislead."""
    return {**_ids_and_times(rng, rows), **_misleading(rng, rows)}


def _ids_and_times(rng: np.random.Generator, rows: int) -> dict[str, list[object]]:

    def each(make: Callable[[], object]) -> list[object]:
        return [make() for _ in range(rows)]

    return {
        "order_id": each(lambda: int(rng.integers(10**15, 10**16))),
        "trace_id": each(lambda: drawn(rng, "0123456789abcdef", 32)),
        "visa_like_id": list(range(4_000_000_000_000_000, 4_000_000_000_000_000 + rows)),
        "sha256": each(lambda: hashlib.sha256(rng.bytes(8)).hexdigest()),
        "uuid": each(lambda: str(uuid.UUID(bytes=rng.bytes(16), version=4))),
        "zip": each(lambda: int(rng.integers(501, 99950))),
        "zip_plus4": each(lambda: f"{rng.integers(10000, 99999)}-{rng.integers(1000, 9999)}"),
        "epoch_s": each(lambda: int(_START + rng.integers(0, 10**8))),
        "epoch_ms": each(lambda: int((_START + rng.integers(0, 10**8)) * 1000)),
        "epoch_ns": each(lambda: int(_START + rng.integers(0, 10**8)) * 10**9 + int(rng.integers(0, 10**9))),
        "created_at": each(lambda: f"20{rng.integers(10, 26)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} 03:04:05"),
        "call_date": each(lambda: f"{rng.integers(1, 29):02d}/{rng.integers(1, 13):02d}/20{rng.integers(10, 26)}"),
        "price": each(lambda: round(float(rng.lognormal(3, 1)), 2)),
        "price_text": each(lambda: f"$ {rng.integers(1, 99)},{rng.integers(100, 999)}.{rng.integers(10, 99)}"),
        "sku": each(lambda: f"{drawn(rng, LETTERS, 3)}-{rng.integers(1000, 9999)}-{drawn(rng, LETTERS, 2)}"),
        "isbn": each(lambda: f"978-{rng.integers(0, 9)}-{rng.integers(10, 99)}-{rng.integers(100000, 999999)}-{rng.integers(0, 9)}"),
        "ean": each(lambda: int(rng.integers(4 * 10**12, 5 * 10**12))),
        "version": each(lambda: f"{rng.integers(0, 9)}.{rng.integers(0, 30)}.{rng.integers(0, 99)}.{rng.integers(0, 9)}"),
        "card_type": each(lambda: ["visa", "amex", "jcb"][rng.integers(3)]),
    }  # fmt: skip


def _misleading(rng: np.random.Generator, rows: int) -> dict[str, list[object]]:

    def each(make: Callable[[], object]) -> list[object]:
        return [make() for _ in range(rows)]

    return {
        "phone_model": each(lambda: f"Nova {rng.integers(1, 20)} Pro"),
        "phone_calls": each(lambda: int(rng.integers(0, 90))),
        "mail_count": each(lambda: int(rng.integers(0, 900))),
        "mobile_price": each(lambda: int(rng.integers(5_000_000, 90_000_000))),
        "cell_id": each(lambda: int(rng.integers(10**7, 10**9))),
        "account_balance": each(lambda: int(rng.integers(10**6, 10**10))),
        "population": each(lambda: int(rng.integers(10**5, 10**9))),
        "name": each(lambda: f"{WORDS[rng.integers(16)].title()} {WORDS[rng.integers(16)].title()}"),
        "product_name": each(lambda: f"{WORDS[rng.integers(16)].title()} {WORDS[rng.integers(16)].title()}"),
        "comment": each(lambda: " ".join(WORDS[i] for i in rng.integers(0, 16, 12))),
        "memory_address": each(lambda: f"0x{drawn(rng, '0123456789abcdef', 12)}"),
        "checksum": each(lambda: int(rng.integers(10**9, 10**10))),
        "tracking": each(lambda: f"1Z{drawn(rng, LETTERS + DIGITS, 16)}"),
        "lat": each(lambda: round(float(rng.uniform(-90, 90)), 5)),
        "ticket": each(lambda: f"{rng.integers(100, 999)}-{rng.integers(100, 999)}"),
        "path": each(lambda: f"/data/{drawn(rng, string.ascii_lowercase, 6)}/part-{rng.integers(0, 99):05d}.parquet"),
        "grade": each(lambda: ["A+", "A-", "B+", "B-", "C+"][rng.integers(5)]),
        "colour": each(lambda: ["white", "black", "red"][rng.integers(3)]),
        "empty_words": each(lambda: ["yes", "no", "unknown"][rng.integers(3)]),
        "base64": each(lambda: drawn(rng, TOKEN + "+/", 40)),
        "payment_ref": each(lambda: int(rng.integers(10**15, 9 * 10**15))),
        "card_id": each(lambda: f"{rng.integers(10**15, 9 * 10**15)}"),
        "account_number": each(lambda: f"{rng.integers(10**9, 10**10)}"),
        "patient_id": each(lambda: int(rng.integers(10**8, 10**9))),
        "email_hash": each(lambda: hashlib.md5(rng.bytes(8)).hexdigest()),
        "password_hash": each(lambda: f"$2b$12${drawn(rng, TOKEN, 53)}"),
        "contact": each(lambda: ["cellular", "telephone", "unknown"][rng.integers(3)]),
        "birth_weight": each(lambda: float(rng.normal(3200, 400))),
        "street_width": each(lambda: f"{rng.integers(3, 30)} m"),
        "address_quality": each(lambda: ["good", "poor"][rng.integers(2)]),
        "ip_count": each(lambda: int(rng.integers(0, 10**7))),
        "station": each(lambda: f"{STREETS[rng.integers(9)]} Street {rng.integers(1, 40)}"),
        "Name": each(lambda: f"{STREETS[rng.integers(9)]} Valley {WORDS[rng.integers(16)].title()}"),
        "tax": each(lambda: int(rng.integers(900_000_000, 999_999_999))),
        "score": each(lambda: float(rng.normal())),
    }  # fmt: skip
