"""What is planted: per kind a maker of values, the keys that name it, the sentences that speak of it."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import pii_people as v
import pii_tokens as t
from pii_marks import mark
from pii_national import NATIONAL

NEUTRAL = ("value", "input", "text", "field_7", "arg", "item")


class Plant(NamedTuple):
    """One way in which values of one kind come about."""

    entity: str
    """Name in the labels."""
    make: v.Make
    """Returns the value, marked where only a part of it is the value."""
    keys: tuple[str, ...]
    """In snake case; `NEUTRAL` in addition where the value tells by itself what it is."""
    prose: tuple[str, ...] = ()
    """Sentences with `«VALUE»`."""
    alone: bool = False
    """Whether it must be found without any key or word."""

    def value(self, rng: Random) -> str:
        text = self.make(rng)
        return text if "\ue000" in text else mark(self.entity, text)


def _database(rng: Random) -> str:
    scheme = rng.choice(("postgres", "mysql", "redis", "amqp", "mongodb+srv"))
    secret = t.password(rng).replace("#", "!")
    return f"{scheme}://{rng.choice(('svc', 'app', 'root'))}:{mark('URL_CREDENTIALS', secret)}@db-{rng.randint(1, 9)}.internal:5432/ml"


def _basic(rng: Random) -> str:
    return "Basic " + mark("PASSWORD", t.encoded(f"{rng.choice(('svc', 'ops'))}:{t.password(rng)}", urlsafe=False))


def _bearer(rng: Random) -> str:
    return "Bearer " + mark("GENERIC_API_KEY", t.generic(rng))


def _storage(rng: Random) -> str:
    return f"DefaultEndpointsProtocol=https;AccountName=mlstore;AccountKey={mark('AZURE_KEY', t.azure_storage(rng))};EndpointSuffix=core.windows.net"


def _one_name(rng: Random) -> str:
    return rng.choice(v.FIRST + v.LAST)


_TEST_CARDS = ("4111111111111111", "4242424242424242", "5555555555554444", "378282246310005")

PERSONAL: tuple[Plant, ...] = (
    Plant(
        "EMAIL_ADDRESS",
        v.email,
        ("email", "user_email", "contact", "recipient", *NEUTRAL),
        ("please write to «VALUE», thanks", "mail «VALUE» bounced", "(«VALUE»)"),
        True,
    ),
    Plant(
        "CREDIT_CARD",
        v.common_card,
        ("card_number", "pan", *NEUTRAL),
        ("my card is «VALUE» and it was declined", "charge «VALUE» please"),
        True,
    ),
    Plant(
        "CREDIT_CARD",
        v.card,
        ("card_number", "credit_card", "cc_number", "pan"),
        ("the card number «VALUE» was refused", "my credit card «VALUE» expired"),
    ),
    Plant(
        "IBAN_CODE",
        v.iban,
        ("iban", "bank_account", *NEUTRAL),
        ("transfer it to «VALUE» today", "IBAN «VALUE» is mine"),
        True,
    ),
    Plant(
        "US_SSN",
        v.ssn,
        ("ssn", "social_security_number", *NEUTRAL),
        ("my social security number is «VALUE»", "SSN «VALUE» on file"),
        True,
    ),
    Plant(
        "US_SSN",
        lambda rng: v.ssn(rng).replace("-", rng.choice(("", " "))),
        ("ssn", "social_security_number"),
        ("my SSN is «VALUE»",),
    ),
    Plant("US_ITIN", v.itin, ("itin", "taxpayer_id"), ("my ITIN is «VALUE»",)),
    Plant("UK_NHS", v.nhs, ("nhs_number", "nhs"), ("NHS number «VALUE» please", "my NHS number is «VALUE»")),
    Plant("UK_NINO", v.nino, ("nino", "national_insurance_number"), ("my national insurance number is «VALUE»",)),
    Plant("ES_NIF", v.nif, ("nif", "dni"), ("mi DNI es «VALUE»", "DNI «VALUE»")),
    Plant("PL_PESEL", v.pesel, ("pesel",), ("PESEL: «VALUE»", "mój PESEL «VALUE»")),
    Plant("IN_AADHAAR", v.aadhaar, ("aadhaar", "aadhaar_number"), ("my aadhaar is «VALUE»", "Aadhaar number «VALUE»")),
    Plant("IT_FISCAL_CODE", v.fiscal_code, ("codice_fiscale", "fiscal_code"), ("il mio codice fiscale è «VALUE»",)),
    Plant(
        "US_PASSPORT",
        v.passport,
        ("passport", "passport_number"),
        ("my passport number is «VALUE»", "passport «VALUE» expired"),
    ),
    Plant("MEDICAL_RECORD", v.mrn, ("mrn", "medical_record_number"), ("patient record «VALUE» opened", "see «VALUE»")),
    Plant(
        "MEDICAL_RECORD",
        lambda rng: v.digits(rng, 8),
        ("mrn", "medical_record_number"),
        ("medical record number «VALUE»",),
    ),
    Plant(
        "PHONE_NUMBER",
        v.phone,
        ("phone", "contact_number", "msisdn", *NEUTRAL),
        ("call me at «VALUE»", "you can reach me on «VALUE» after five", "«VALUE» is my number"),
        True,
    ),
    Plant(
        "PHONE_NUMBER",
        v.local_phone,
        ("phone", "phone_number", "mobile", "telephone"),
        ("my phone number is «VALUE»", "tel. «VALUE»"),
    ),
    Plant("PHONE_NUMBER", v.us_phone, ("phone", "mobile_phone", "fax"), ("call «VALUE» now", "phone: «VALUE»")),
    Plant(
        "PERSON",
        v.person,
        ("full_name", "customer_name", "patient_name", "name", "cardholder_name"),
        ("my name is «VALUE»", "Dr. «VALUE» signed it", "Dear «VALUE», welcome"),
    ),
    Plant("PERSON", _one_name, ("first_name", "last_name", "surname", "given_name")),
    Plant(
        "PERSON_IN_PROSE",
        v.person,
        (),
        (
            "yesterday «VALUE» asked for a refund",
            "according to «VALUE» the model is biased",
            "«VALUE» and the team agreed",
        ),
    ),
    Plant(
        "LOCATION",
        v.address,
        ("address", "shipping_address", "street_address", "home_address"),
        ("ship it to «VALUE»", "I live at «VALUE»"),
    ),
    Plant(
        "LAT_LON", v.place, ("gps", "coordinates", "latlng", "location"), ("gps position «VALUE»", "located at «VALUE»")
    ),
    Plant(
        "DATE_OF_BIRTH",
        v.birth_date,
        ("dob", "date_of_birth", "birth_date", "birthday"),
        ("I was born on «VALUE»", "date of birth «VALUE»", "DOB: «VALUE»"),
    ),
    Plant("CRYPTO", v.bitcoin, ("wallet", "btc_address", "bitcoin_address"), ("send it to my bitcoin wallet «VALUE»",)),
    Plant(
        "IP_ADDRESS",
        v.ip,
        ("client_ip", "remote_addr", "peer", *NEUTRAL),
        ("connection from «VALUE» closed", "banned «VALUE» for an hour"),
        True,
    ),
    Plant("IP_LOOPBACK", v.loopback, ("client_ip", "bind"), ("listening on «VALUE» now",), True),
    Plant("MAC_ADDRESS", v.mac, ("mac", "device_mac", *NEUTRAL), ("device «VALUE» associated",), True),
    Plant(
        "TEST_CARD",
        lambda rng: rng.choice(_TEST_CARDS),
        ("test_card", "sandbox_card_number"),
        ("using test card «VALUE» (sandbox)",),
    ),
)

SECRETS: tuple[Plant, ...] = (
    *(
        Plant(
            entity,
            make,
            ("token", "api_key", "credential", *NEUTRAL),
            ("the token is «VALUE»", "used «VALUE» for this", "leaked: «VALUE»"),
            True,
        )
        for entity, make in t.TOKENS.items()
    ),
    *(
        Plant("OTHER_SECRET", make, (f"{name.replace('-', '_')}_token", "api_key", "token"), (f"{name} token «VALUE»",))
        for name, make in t.OTHER.items()
    ),
    Plant(
        "AWS_SECRET_KEY", lambda rng: t.draw(rng, t.BASE64, 39) + "7", ("aws_secret_access_key", "secret_access_key")
    ),
    Plant("AZURE_KEY", _storage, ("connection_string", *NEUTRAL), ("using «VALUE»",), True),
    Plant("URL_CREDENTIALS", _database, ("database_url", "dsn", *NEUTRAL), ("could not connect to «VALUE»",), True),
    Plant(
        "PASSWORD",
        t.password,
        ("password", "db_password", "passwd", "user_pwd"),
        ("my password is «VALUE»", "password: «VALUE»"),
    ),
    Plant("PASSWORD", _basic, ("authorization",), ("header Authorization: «VALUE»",), True),
    Plant("GENERIC_API_KEY", t.generic, ("api_key", "client_secret", "access_token", "refresh_token")),
    Plant("GENERIC_API_KEY", _bearer, ("authorization",), ("header Authorization: «VALUE»",), True),
)

OF_COUNTRIES = tuple(Plant(entity, *row) for entity, row in NATIONAL.items())

PLANTS = (*PERSONAL, *OF_COUNTRIES, *SECRETS)
BY_KIND = tuple(tuple(p for p in PLANTS if p.entity == kind) for kind in dict.fromkeys(p.entity for p in PLANTS))
NAMED = {plant.entity for plant in PLANTS} - {"PERSON_IN_PROSE", "TEST_CARD", "OTHER_SECRET"}
SECRET_KINDS = {plant.entity for plant in SECRETS}
TIER_A = SECRET_KINDS | {"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "US_SSN"}
"""Of the labels; a secret of any kind is tier A."""


def chosen(rng: Random) -> Plant:
    """Return a plant; every kind is as likely as every other."""
    return rng.choice(rng.choice(BY_KIND))
