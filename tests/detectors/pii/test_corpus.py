"""The labelled corpus of benchmarks/pii_corpus.py: labels point at values, check digits hold, a seed fixes every byte."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
import sys
import urllib.parse
from collections import Counter
from pathlib import Path
from random import Random

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import pii_marks as marks
import pii_people as values
import pii_shapes
import pii_systems
from pii_corpus import QUALITY, SPEED, corpus, write
from pii_fill import LOOK_ALIKES, filled
from pii_plants import BY_KIND, PLANTS, TIER_A
from pii_tokens import OTHER, TOKENS

from assay_detectors.pii.entities import BY_NAME, NAMES

_JSON_ESCAPE = re.compile(r"\\u([0-9a-f]{4})|\\(.)", re.S)


def _unescaped(text: str) -> str:
    return _JSON_ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else {"n": "\n", "t": "\t"}.get(m[2], m[2]), text)


def _base64(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))


DECODERS = {
    "url": lambda text: urllib.parse.unquote_plus(text),
    "json": _unescaped,
    "unicode": _unescaped,
    "repr": _unescaped,
    "sql": lambda text: text.replace("''", "'"),
    "xml": lambda text: text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
    "base64": lambda text: _base64(text).decode(),
    "base64url": lambda text: _base64(text).decode(),
    "jwt": lambda text: _base64(text).decode(),
    "hex": lambda text: bytes.fromhex(text).decode(),
    "gzip in base64": lambda text: gzip.decompress(_base64(text)).decode(),
}
SHAPES = {
    "EMAIL_ADDRESS": r"[\w.+\-]+@[\w.\-]+\.[a-z]{2,4}",
    "CREDIT_CARD": r"\d(?:[ \-]?\d){11,18}",
    "IBAN_CODE": r"[A-Z]{2}\d{2}[ A-Z0-9]{11,36}",
    "GITHUB_TOKEN": r"gh[pousr]_\w{36}|github_pat_\w{82}",
    "US_SSN": r"\d{3}[\- ]?\d{2}[\- ]?\d{4}",
    "IP_ADDRESS": r"[0-9a-f.:]{7,39}",
}


def test_every_label_points_at_its_value_through_all_its_encodings() -> None:
    checked: Counter[str] = Counter()
    for entry in itertools.chain(corpus(11, 5000), corpus(12, 2000, "heldout")):
        for label in entry.labels:
            text = entry.text[label.start : label.end]
            assert text
            for step in label.chain.split(marks.THEN) if label.chain != marks.PLAIN else ():
                text = DECODERS[step](text)
            if label.entity in SHAPES:
                assert re.search(SHAPES[label.entity], text), (label, entry.shape)
                checked[f"{label.entity} {label.depth}"] += 1
    assert all(checked[f"{entity} {depth}"] > 0 for entity in SHAPES for depth in (0, 1))
    assert sum(checked[f"{entity} 2"] for entity in SHAPES) > 20


def test_no_mark_and_no_line_end_is_left_in_a_line() -> None:
    for entry in corpus(3, 3000, "all"):
        assert not re.search("[\ue000-\ue003\n\r«»]", entry.text)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write(tmp_path / name, corpus(seed, 300))
    read = {name: (tmp_path / name).read_bytes() for name in "abc"}
    assert read["a"] == read["b"] != read["c"]
    rows = [json.loads(row) for row in (tmp_path / "a.labels.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 300
    assert [row["line"] for row in rows] == list(range(300))


def test_every_kind_the_detector_knows_is_planted_or_a_secret_of_any_name() -> None:
    planted = {plant.entity for plant in PLANTS}
    secrets = {name for name in NAMES if "gdpr:Art.32" in BY_NAME[name].tags}
    assert set(NAMES) - planted - secrets <= {"URL", "PASSPORT", "CUSTOM_PERSONAL"}
    assert len(TOKENS) + len(OTHER) >= 40
    assert {"EMAIL_ADDRESS", "JWT", "OTHER_SECRET"} <= TIER_A


def test_systems_and_shapes_are_many_and_those_held_out_are_apart() -> None:
    assert len(pii_shapes.DEV) + 1 >= 20
    assert not {s.name for s in pii_shapes.DEV} & {s.name for s in pii_shapes.HELD_OUT}
    assert not {s.name for s in pii_systems.DEV} & {s.name for s in pii_systems.HELD_OUT}
    assert {e.system for e in corpus(1, 2000, "heldout")} == {s.name for s in pii_systems.HELD_OUT}
    seen = Counter(label.entity for entry in corpus(1, 4000) for label in entry.labels)
    assert min(seen[group[0].entity] for group in BY_KIND) > 5


def test_a_mix_for_speed_holds_few_values() -> None:
    def share(mix: object) -> float:
        return sum(e.shape not in ("clean", "look-alike") for e in corpus(1, 2000, "dev", mix)) / 2000  # type: ignore[arg-type]

    assert share(SPEED) < 0.08 < 0.3 < share(QUALITY)


def test_look_alikes_hold_no_value() -> None:
    for template, seed in itertools.product(LOOK_ALIKES, range(3)):
        assert marks.read(filled(template, Random(seed)))[1] == []


def _luhn(number: str) -> bool:
    doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    return sum(int(d) if i % 2 == 0 else doubled[int(d)] for i, d in enumerate(reversed(number))) % 10 == 0


def _mod97(text: str) -> bool:
    rest = 0
    for char in text[4:] + text[:4]:
        for digit in str(int(char, 36)):
            rest = (rest * 10 + int(digit)) % 97
    return rest == 1


def _verhoeff(number: str) -> bool:
    words = str.split
    table = words(
        "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210"
    )
    turns = words("0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258")
    check = 0
    for place, digit in enumerate(reversed(number)):
        check = int(table[check][int(turns[place % 8][int(digit)])])
    return check == 0


def test_check_digits_hold_by_other_implementations() -> None:
    rng = Random(20)
    for _ in range(400):
        assert _luhn(re.sub(r"\D", "", values.card(rng)))
        assert _mod97(values.iban(rng).replace(" ", ""))
        assert _verhoeff(values.aadhaar(rng).replace(" ", ""))
        body = re.sub(r"\D", "", values.nhs(rng))
        assert sum(int(d) * w for d, w in zip(body, range(10, 0, -1), strict=True)) % 11 == 0
        pesel = values.pesel(rng)
        assert sum(int(d) * w for d, w in zip(pesel, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10 == 0
        assert not _luhn(filled("«badcard»", rng))
        assert not _mod97(filled("«badiban»", rng))


def test_presidio_takes_the_numbers_for_valid() -> None:
    recognizers = pytest.importorskip("presidio_analyzer.predefined_recognizers")
    rng = Random(21)
    iban, spanish, italian = (
        recognizers.IbanRecognizer(),
        recognizers.EsNifRecognizer(),
        recognizers.ItFiscalCodeRecognizer(),
    )
    wallet = recognizers.CryptoRecognizer()
    for _ in range(150):
        assert italian.validate_result(values.fiscal_code(rng))
        assert wallet.validate_result(values.bitcoin(rng))
        number = values.nif(rng)
        assert number[0] in "XYZ" or spanish.validate_result(number)
        account = values.iban(rng).replace(" ", "")  # it knows older forms of some countries
        assert account[:2] in ("CR", "EG") or account[4:].isdecimal() <= bool(iban.validate_result(account)), account


def test_telephone_numbers_come_from_sixty_plans_and_are_valid() -> None:
    phonenumbers = pytest.importorskip("phonenumbers")
    rng = Random(22)
    numbers = [phonenumbers.parse(values.phone(rng)) for _ in range(700)]
    assert all(phonenumbers.is_valid_number(number) for number in numbers)
    assert len({phonenumbers.region_code_for_number(number) for number in numbers}) >= 60
