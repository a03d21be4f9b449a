"""A labelled log of the second generator: clean lines, fields, sentences, rows and encoded pieces in many systems."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

from pii_second_clean import clean_fields
from pii_second_marks import Pairs, Span, json_text, mark, marked, moment, now, plain, split
from pii_second_national import NATIONAL
from pii_second_secrets import NAMED, TOKENS, b64u, jwt, password
from pii_second_systems import SYSTEMS
from pii_second_values import (
    ALNUM,
    DIGITS,
    PLAIN,
    RNG,
    chars,
    email,
    init,
    name,
    phone,
    pick,
)
from pii_second_words import KEYS, MESSAGES, PROSE

ALL: dict[str, Callable[[], str]] = {**TOKENS, **NAMED, **NATIONAL, **PLAIN}
SECRETS = frozenset(TOKENS) | frozenset(NAMED) | {"PRIVATE_KEY", "URL_CREDENTIALS", "CUSTOM_SECRET"}
_TYPES = list(ALL)
_OFTEN = [
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "PERSON",
    "PASSWORD",
    "LOCATION",
    "DATE_OF_BIRTH",
    "GENERIC_API_KEY",
    "CREDIT_CARD",
]
_WEIGHTS = [3 if entity in _OFTEN else 1 for entity in _TYPES]
_NOT_ENCODED = ("MAC_ADDRESS", "IP_ADDRESS", "URL_CREDENTIALS", "PERSON", "LOCATION")
_ENCODED = [entity for entity in ALL if entity not in _NOT_ENCODED]
_ENCODED += ["EMAIL_ADDRESS", "PHONE_NUMBER", "PERSON", "LOCATION"]
_PREFIXES = ["", "", "", "", "user_", "customer.", "x_", "db_", "patient_", "req.", "old_", "primary_"]
_ROW_TYPES = ["EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE"]
_PEM = ["RSA ", "", "EC ", "OPENSSH ", "ENCRYPTED "]
_BLOBS = ["payload", "data", "body", "raw", "event", "message", "blob", "state", "content", "request_body"]
_LAYERS: dict[str, Callable[[str], str]] = {
    "b64": lambda text: base64.b64encode(text.encode()).decode(),
    "b64u": lambda text: b64u(text.encode()),
    "hex": lambda text: text.encode().hex(),
    "gz": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "json": lambda text: json.dumps(text)[1:-1],
    "jwt": lambda text: jwt({"data": text, "iat": 1700000000}),
}


class Line(NamedTuple):
    """One line and its truth."""

    text: str
    labels: list[Span]
    system: str
    chain: tuple[str, ...] = ()
    """How its values were encoded, from the inside out."""


def make(seed: int, count: int) -> list[Line]:
    """Return the lines of a seed; the same seed gives the same bytes."""
    init(seed)
    return [_line() for _ in range(count)]


def _line() -> Line:
    share = RNG.random()
    system = pick(list(SYSTEMS))
    chain: list[str] = []
    if share < 0.42:
        system, text = _clean(system)
    elif share < 0.76:
        text = SYSTEMS[system](_fair(_labelled(), system), _message())
    elif share < 0.88:
        system, text = _said(system)
    elif share < 0.91:
        system, text = "csv", _row()
    elif share < 0.915:
        start = f"{now()} loaded " + mark("PRIVATE_KEY", f"-----BEGIN {pick(_PEM)}PRIVATE KEY-----")
        system, text = "pem", start + ("\\n" + chars(ALNUM + "/+", 64) if RNG.random() < 0.5 else "")
    elif share < 0.925:
        pairs = _fair(clean_fields(1), system)
        secret = base64.b64encode(f"{pick(['admin', 'svc'])}:{password()}".encode()).decode()
        system, text = "basic", SYSTEMS[system](pairs, "Authorization: Basic " + mark("PASSWORD", secret))
    else:
        piece, chain = _encoded(pick([1, 1, 2, 2, 2]))
        key = pick(_BLOBS)
        text = SYSTEMS[system]([*_fair(clean_fields(1), system), (key, piece)], "ok")
    return Line(*split(text.replace("\n", "\\n")), system, tuple(chain))


def _clean(system: str) -> tuple[str, str]:
    """Return a line of nobody; a bare 1.2.3.4 without its key is nobody's to decide, so rows have none."""
    if RNG.random() < 0.12:
        return "row", pick([",", "\t", "|"]).join(
            value for key, value in clean_fields(RNG.randint(3, 7)) if key != "lib_version"
        )
    pairs = clean_fields(RNG.randint(1, 4))
    return system, SYSTEMS[system](_fair(pairs, system), _message())


def _labelled() -> Pairs:
    entity = RNG.choices(_TYPES, _WEIGHTS)[0]
    pairs = [*clean_fields(RNG.randint(0, 3)), _field(entity)]
    if RNG.random() < 0.25:
        pairs.append(_field(RNG.choices(_TYPES, _WEIGHTS)[0]))
    if RNG.random() < 0.025:
        pairs += _place()
    pairs = list(dict(pairs).items())
    RNG.shuffle(pairs)
    return pairs


def _said(system: str) -> tuple[str, str]:
    """Return a line whose message says a value; where the system writes no message, the sentence alone."""
    entity = RNG.choices(_TYPES, _WEIGHTS)[0]
    text = SYSTEMS[system](_fair(clean_fields(RNG.randint(1, 2)), system), "@@MSG@@")
    sentence = _sentence(entity).replace('"', "'")
    return (system, text.replace("@@MSG@@", sentence)) if "@@MSG@@" in text else ("bare", sentence)


def _sentence(entity: str) -> str:
    words, value = pick(PROSE[entity]), ALL[entity]()
    while entity == "AZURE_KEY" and not value.endswith("=="):
        value = ALL[entity]()
    while entity == "PASSWORD" and ("'" in value or " " in value):
        value = ALL[entity]()
    return words.format(mark(entity, value))


def _message() -> str:
    text = pick(MESSAGES)
    return text % RNG.randint(1, 9999) if "%d" in text else text


def _fair(pairs: Pairs, system: str) -> Pairs:
    """Return the fields that the shape can carry unbroken."""
    if system in ("postgres", "mysqlgen"):
        pairs = [pair for pair in pairs if pair[0] != "lib_version"] or [("id", "7")]
    out = []
    for key, value in pairs:
        text = plain(value)
        spaced = system == "syslog" and " " in text and marked(value)[:1] == ["PASSWORD"]
        if '"' not in text and "\\" not in text and not spaced:
            out.append((key, value))
    return out or [("id", chars(DIGITS, 4))]


def _styled(words: str) -> str:
    parts, share = words.split(), RNG.random()
    if share < 0.4:
        return "_".join(parts)
    if share < 0.65:
        return parts[0] + "".join(part.title() for part in parts[1:])
    if share < 0.75:
        return "".join(part.title() for part in parts)
    if share < 0.87:
        return "-".join(parts)
    return "_".join(parts).upper() if share < 0.95 else "".join(parts)


def _field(entity: str) -> tuple[str, str]:
    """Return a key that names the type, and a marked value."""
    key = _styled(pick(KEYS[entity]))
    service = entity.split("_")[0]
    if entity in TOKENS and RNG.random() < 0.3:
        key = pick([service + "_TOKEN", service.lower() + "_api_key", service.lower() + "Key"])
    elif RNG.random() < 0.12 and entity != "MEDICAL_RECORD":
        key = pick(_PREFIXES) + key
    return key, mark(entity, ALL[entity]())


def _place() -> Pairs:
    north = f"{RNG.uniform(-60, 70):.{RNG.randint(4, 7)}f}"
    east = f"{RNG.uniform(-170, 170):.{RNG.randint(4, 7)}f}"
    keys = ["lat lon", "latitude longitude", "lat lng", "user_lat user_lng", "gps_lat gps_lon"]
    first, second = pick(keys).split()
    return [(first, mark("LAT_LON", north)), (second, mark("LAT_LON", east))]


def _encoded(depth: int) -> tuple[str, list[str]]:
    """Return an encoded piece with the labels of what is in it, and how it was encoded."""
    entities = list(dict.fromkeys([pick(_ENCODED) for _ in range(pick([1, 1, 2]))]))
    pairs = clean_fields(1) + [_field(entity) for entity in entities]
    inner = pick([_as_json, _as_query, _as_logfmt])(pairs)
    text, chain = plain(inner), []
    for layer in range(depth):
        ways = ["b64", "b64", "b64u", "hex", "gz", "url", "jwt"]
        if layer:
            ways.insert(6, "json")
        how = pick(ways)
        if chain and how == "json" and chain[-1] != "url":
            how = "b64"
        text = _LAYERS[how](text)
        chain.append(how)
        if layer + 1 < depth and RNG.random() < 0.5:
            text = pick(['{"data":"%s"}', "payload=%s", '{"v":1,"body":"%s"}']) % text
    return mark("+".join(marked(inner)), text), chain


def _as_json(pairs: Pairs) -> str:
    return json_text(dict(pairs))


def _as_query(pairs: Pairs) -> str:
    return "&".join(f"{key}={value}" for key, value in pairs)


def _as_logfmt(pairs: Pairs) -> str:
    return " ".join(f'{key}="{value}"' for key, value in pairs)


def _row() -> str:
    """Return a row without names of its columns; a name of a person there is no error either way (OPT)."""
    between = pick([",", ",", "\t", ";", "|"])
    cells = [
        chars(DIGITS, RNG.randint(3, 7)),
        pick(["active", "true", "EU", "gold"]),
        f"{RNG.random() * 100:.2f}",
        moment(),
    ]
    address = mark("EMAIL_ADDRESS", email())
    cells += [address] if RNG.random() < 0.7 else []
    if RNG.random() < 0.3:
        pick(_ROW_TYPES)  # one draw that is thrown away, so that a seed keeps its bytes
        cells.append(_value(pick(_ROW_TYPES)))
    if RNG.random() < 0.3:
        cells.append(mark("OPT", name()))
    if RNG.random() < 0.2:
        cells.append(mark("PHONE_NUMBER", _phone_e164()))
    if RNG.random() < 0.2:
        cells.append(_value(pick(list(TOKENS))))
    RNG.shuffle(cells)
    quote = pick(['"', ""])
    return between.join(
        f"{quote}{cell}{quote}" if RNG.random() < 0.7 or ("," in plain(cell) and between == ",") else cell
        for cell in cells
    )


def _value(entity: str) -> str:
    return mark(entity, ALL[entity]())


def _phone_e164() -> str:
    while True:
        number = phone(True)
        if number.startswith("+") and " " not in number:
            return number
