"""Labels of a log, as people write them: JSON lines, one JSON list, or CSV; kinds by the names that tools give them."""

from __future__ import annotations

import csv
import io
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from pii_marks import PLAIN, Label

_KIND_KEYS = ("type", "entity", "label", "kind", "entity_type", "category")
_START_KEYS = ("start", "begin", "start_position", "start_offset")
_END_KEYS = ("end", "stop", "end_position", "end_offset")
_CHAIN_KEYS = ("chain", "encoding")
_CHAINS = {"b64": "base64", "": PLAIN, "none": PLAIN}

_ALIASES = {
    "EMAIL_ADDRESS": "EMAIL E_MAIL MAIL EMAILADDRESS",
    "PHONE_NUMBER": "PHONE TELEPHONE TEL MOBILE PHONENUMBER TELEPHONE_NUMBER",
    "CREDIT_CARD": "CARD CARD_NUMBER CREDIT_CARD_NUMBER CREDITCARD CC PAN PAYMENT_CARD",
    "IBAN_CODE": "IBAN BANK_ACCOUNT",
    "US_SSN": "SSN SOCIAL_SECURITY_NUMBER",
    "US_ITIN": "ITIN",
    "UK_NHS": "NHS NHS_NUMBER",
    "UK_NINO": "NINO NATIONAL_INSURANCE_NUMBER",
    "ES_NIF": "NIF DNI NIE",
    "PL_PESEL": "PESEL",
    "IN_AADHAAR": "AADHAAR",
    "IT_FISCAL_CODE": "CODICE_FISCALE FISCAL_CODE",
    "MEDICAL_RECORD": "MRN MEDICAL_RECORD_NUMBER",
    "PERSON": "NAME PERSON_NAME FULL_NAME PER",
    "LOCATION": "ADDRESS STREET_ADDRESS POSTAL_ADDRESS",
    "LAT_LON": "COORDINATES GPS GEO LATLON COORDINATE",
    "DATE_OF_BIRTH": "DOB BIRTH_DATE BIRTHDATE BIRTHDAY",
    "IP_ADDRESS": "IP IPV4 IPV6 IP_ADDR IPV4_ADDRESS IPV6_ADDRESS",
    "MAC_ADDRESS": "MAC",
    "CRYPTO": "BITCOIN BITCOIN_ADDRESS BTC",
    "AWS_ACCESS_KEY": "AWS_KEY AWS_ACCESS_KEY_ID AWS_KEY_ID",
    "AWS_SECRET_KEY": "AWS_SECRET AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN": "GITHUB_PAT GITHUB",
    "GITLAB_TOKEN": "GITLAB_PAT GITLAB",
    "SLACK_TOKEN": "SLACK SLACK_WEBHOOK",
    "HUGGINGFACE_TOKEN": "HF_TOKEN HUGGING_FACE_TOKEN HUGGINGFACE",
    "OPENAI_KEY": "OPENAI OPENAI_API_KEY OPENAI_TOKEN",
    "ANTHROPIC_KEY": "ANTHROPIC ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY": "GOOGLE_KEY GCP_API_KEY",
    "STRIPE_KEY": "STRIPE STRIPE_SECRET_KEY",
    "SENDGRID_KEY": "SENDGRID SENDGRID_API_KEY",
    "TELEGRAM_TOKEN": "TELEGRAM_BOT_TOKEN",
    "JWT": "JWT_TOKEN",
    "PRIVATE_KEY": "PEM RSA_PRIVATE_KEY SSH_PRIVATE_KEY",
    "PASSWORD": "PASSWD PWD",
    "URL_CREDENTIALS": "BASIC_AUTH_URL URL_PASSWORD DATABASE_URL CONNECTION_STRING",
    "GENERIC_API_KEY": "API_KEY APIKEY GENERIC_SECRET BEARER_TOKEN",
    "OTHER_SECRET": "SECRET TOKEN CREDENTIAL",
}
ALIASES = {name: kind for kind, names in _ALIASES.items() for name in names.split()}


class LabelsError(ValueError):
    """A file of labels that cannot be understood; one sentence."""


def kind_of(name: str) -> str:
    """Return our name of a kind: `email` and `Email address` are `EMAIL_ADDRESS`."""
    plain = "_".join(name.replace("-", " ").replace("_", " ").upper().split())
    return ALIASES.get(plain, plain)


def read_labels(path: Path, lines: list[str] | None = None, first_line: int = 0) -> dict[int, list[Label]]:
    """Return the labels of each line, numbered from 0.

    Args:
        path: the file of labels.
        lines: the log, against which places are checked; None: they are not.
        first_line: what the first line of the log is called.

    Raises:
        LabelsError: the file cannot be read as labels, or does not fit the log.
    """
    labels: dict[int, list[Label]] = {}
    starts = [0, *accumulate(len(line) + 1 for line in lines)] if lines is not None else None
    for place, row in _rows(path):
        at = f"{path.name}: {place}"
        for line, label in _labels(row, at, starts, first_line):
            if lines is not None and not (0 <= line < len(lines) and 0 <= label.start < label.end <= len(lines[line])):
                raise LabelsError(
                    f"{at}: line {line + first_line}, columns {label.start} to {label.end} are not in the log; lines "
                    "count from 0 (or give --first-line 1), columns are characters from 0, the end is not included"
                )
            labels.setdefault(line, []).append(label)
    if not labels:
        raise LabelsError(f"{path.name}: holds no label")
    return labels


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every row with its place in words."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'no UTF-8'})") from None
    head = text.lstrip()[:1]
    if head not in ("{", "["):
        yield from (
            (f"row {n}", row) for n, row in enumerate(csv.DictReader(io.StringIO(text), dialect=_dialect(text)), 1)
        )
        return
    try:
        rows = enumerate(json.loads(text), 1) if head == "[" else _json_lines(text)
        for number, row in rows:
            if not isinstance(row, dict):
                raise LabelsError(f"{path.name}: row {number} is no JSON object")
            yield f"row {number}", row
    except json.JSONDecodeError as error:
        raise LabelsError(f"{path.name}: is no JSON from line {error.lineno} on ({error.msg})") from None


def _json_lines(text: str) -> Iterator[tuple[int, Any]]:
    for number, row in enumerate(text.splitlines(), 1):
        if row.strip():
            try:
                yield number, json.loads(row)
            except json.JSONDecodeError as error:
                raise json.JSONDecodeError(
                    error.msg, text, sum(map(len, text.splitlines(True)[: number - 1]))
                ) from None


def _dialect(text: str) -> type[csv.Dialect]:
    class Found(csv.excel):
        delimiter = max(",;\t", key=text.partition("\n")[0].count)

    return Found


def _labels(row: Mapping[str, Any], at: str, starts: list[int] | None, first_line: int) -> Iterator[tuple[int, Label]]:
    spans = row.get("spans", row.get("labels", row.get("entities")))
    try:
        if isinstance(spans, list):
            line = int(row["line"]) - first_line
            yield from ((line, _span(span)) for span in spans)
        elif "line" in row:
            yield int(row["line"]) - first_line, _span(row)
        elif starts is not None:
            label = _span(row)
            line = bisect_right(starts, label.start) - 1
            yield line, label._replace(start=label.start - starts[line], end=label.end - starts[line])
        else:
            raise KeyError("line")
    except (KeyError, ValueError, TypeError, IndexError):
        raise LabelsError(
            f"{at} is no label: it takes `line`, `start`, `end` and `type`, or `line` and `spans` of [start, end, type]"
        ) from None


def _span(span: Any) -> Label:
    if isinstance(span, list):
        start, end, kind, *more = span
        chain = str(more[0]) if more else PLAIN
    else:
        start, end, kind = (_first(span, keys) for keys in (_START_KEYS, _END_KEYS, _KIND_KEYS))
        chain = str(next((span[key] for key in _CHAIN_KEYS if span.get(key)), PLAIN))
    return Label(int(start), int(end), kind_of(str(kind)), _CHAINS.get(chain, chain))


def _first(span: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    for key in keys:
        if span.get(key) is not None:
            return span[key]
    raise KeyError(keys[0])
