"""Masks: of no value, however made, is as much as half shown; nor does a mask tell a short value."""

from __future__ import annotations

import string
import sys
from pathlib import Path
from random import Random

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from pii_marks import read
from pii_plants import PLANTS

from assay_detectors.pii.entities import NAMES
from assay_detectors.pii.mask import NOTHING, masked, revealed

ALPHABET = string.ascii_letters + string.digits + "@.-_:/+ äß٣王\u200b"
NEVER = ("DATE_OF_BIRTH", "LOCATION", "LAT_LON", "PASSWORD", "URL_CREDENTIALS", "GENERIC_API_KEY", "AWS_SECRET_KEY",
         "AZURE_KEY", "TELEGRAM_TOKEN", "CUSTOM_SECRET", "CUSTOM_PERSONAL", "CRYPTO")  # fmt: skip
DIGITS_SHOWN = {
    "CREDIT_CARD": 2,
    "PHONE_NUMBER": 3,
    "IBAN_CODE": 2,
    "IP_ADDRESS": 4,
    "IP_LOOPBACK": 4,
    "MAC_ADDRESS": 2,
}


@pytest.mark.parametrize("entity", NAMES)
def test_less_than_half_of_any_text_is_shown(entity: str) -> None:
    random = Random(entity)
    for _ in range(400):
        value = "".join(random.choices(ALPHABET, k=random.randint(1, 40)))
        mask = masked(entity, value)
        assert NOTHING in mask
        assert value not in mask
        assert revealed(mask, value) < 0.5, (value, mask)


def test_of_made_values_a_third_is_shown_at_most_and_of_numbers_hardly_a_digit() -> None:
    seen = set()
    for seed in range(40):
        random = Random(seed)
        for plant in PLANTS:
            text, labels = read(plant.value(random))
            for label in labels:
                value, entity = text[label.start : label.end], label.entity
                mask = masked(entity, value)
                seen.add(entity)
                assert revealed(mask, value) <= (0.4 if entity.startswith("IP_") else 0.34), (entity, value, mask)
                assert entity not in NEVER or mask == NOTHING
                if sum(map(str.isdigit, value)) > 5 and entity != "PRIVATE_KEY" and "KEY" not in entity:
                    digits = sum(map(str.isdigit, mask))
                    assert digits <= DIGITS_SHOWN.get(entity, 1), (entity, value, mask)
    assert len(seen) > 60


@pytest.mark.parametrize(
    ("entity", "value", "mask"),
    [
        ("EMAIL_ADDRESS", "maria.lopez@uni-bonn.de", "m***@***.de"),
        ("EMAIL_ADDRESS", "j@x.museum", NOTHING),
        ("PERSON", "Ingrid Okafor", "I*** O***"),
        ("PERSON", "Bo Li", NOTHING),
        ("PERSON", "王芳", NOTHING),
        ("CREDIT_CARD", "4556 7375 8689 9855", "visa ***55"),
        ("US_SSN", "536-22-8741", "***1"),
        ("IP_ADDRESS", "1.2.3.4", NOTHING),
        ("IP_ADDRESS", "154.20.69.30", "154.***"),
        ("IP_LOOPBACK", "127.0.0.1", NOTHING),
        ("DEVELOPER_TOKEN", "deadbeef-0c5d-4f3a-9d5e-3f0f6b1f2c11", NOTHING),
        ("PASSWORD", "hunter2!", NOTHING),
    ],
)
def test_what_is_shown(entity: str, value: str, mask: str) -> None:
    assert masked(entity, value) == mask


def test_what_is_revealed_counts_letters_and_digits_whatever_their_case() -> None:
    assert revealed("A***b", "axxB") == 0.5
    assert revealed("visa ***55", "4556737586899855") == pytest.approx(2 / 16)
    assert revealed("***", "--") == 0
