"""Identity numbers of countries: right ones hold, one changed digit does not, bare ones stay silent."""

from __future__ import annotations

import random

import pytest

from assay_detectors.pii import checksums, validate
from assay_detectors.pii.line import LineScanner

NUMBERS = {
    # entity -> check, valid number (published test numbers), a word beside it
    "UK_NHS": (checksums.nhs, "943 476 5919", "nhs"),
    "IN_AADHAAR": (checksums.aadhaar, "2345 6789 0124", "aadhaar"),
    "IT_FISCAL_CODE": (checksums.codice_fiscale, "RSSMRA85T10A562S", "cf"),
    "CRYPTO": (checksums.bitcoin, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "wallet"),
    "DE_TAX_ID": (checksums.steuer_id, "86095742719", "steuer_id"),
    "FR_NIR": (checksums.nir, "2 55 08 14 168 025 38", "nir"),
    "NL_BSN": (checksums.bsn, "111222333", "bsn"),
    "SE_PERSONNUMMER": (checksums.personnummer, "811228-9874", "personnummer"),
    "BR_CPF": (checksums.cpf, "529.982.247-25", "cpf"),
    "CA_SIN": (checksums.sin, "130 692 544", "sin"),
    "AU_TFN": (checksums.tfn, "123 456 782", "tfn"),
    "AU_MEDICARE": (checksums.medicare, "2123 45670 1", "medicare"),
    "BE_NATIONAL": (checksums.belgian, "85.07.30-033.28", "rijksregisternummer"),
    "CH_AHV": (checksums.ean, "756.9217.0769.85", "ahv"),
    "FI_HETU": (checksums.hetu, "131052-308T", "hetu"),
    "SG_NRIC": (checksums.nric, "S1234567D", "nric"),
    "KR_RRN": (checksums.rrn, "990101-1234563", "rrn"),
    "CN_RESIDENT_ID": (checksums.resident_id, "11010519491231002X", "id_card"),
}


@pytest.fixture(scope="module")
def scanner():
    return LineScanner(0.5)


@pytest.mark.parametrize("entity", sorted(NUMBERS))
def test_a_right_number_holds_and_is_found(scanner, entity):
    check, number, word = NUMBERS[entity]
    assert check(number)
    for line in (f'{{"{word}": "{number}", "n": 3}}', f"my {word.replace('_', ' ')} is {number}.", f"{word}={number}"):
        assert entity in [one.entity for one in scanner.scan(line)], line


@pytest.mark.parametrize("entity", sorted(NUMBERS))
def test_a_changed_character_is_caught(entity):
    check, number, _ = NUMBERS[entity]
    caught = total = 0
    for place, char in enumerate(number):
        if char.isdigit() and place:
            changed = number[:place] + str((int(char) + 1) % 10) + number[place + 1 :]
            caught += not check(changed)
            total += 1
    assert caught >= 0.85 * total, (caught, total)


def test_numbers_of_machines_are_none(scanner):
    random_ = random.Random(7)
    lines = []
    for _ in range(2000):
        digits = "".join(random_.choices("0123456789", k=random_.randint(8, 19)))
        lines.append(
            random_.choice(("id={} ok", '{{"offset": {}, "n": 3}}', "took {} ns", "block blk_{} done")).format(digits)
        )
    found = [line for line in lines if scanner.scan(line)]
    assert len(found) <= 2, found


def test_passports_and_parts_of_names_by_key(scanner):
    assert [one.entity for one in scanner.scan('{"passport_no": "C01X00T47"}')] == ["PASSPORT"]
    assert [one.entity for one in scanner.scan("passport number: 483920174")] == ["US_PASSPORT"]
    assert [one.entity for one in scanner.scan('{"first_name": "Maria", "last_name": "Okafor"}')] == [
        "PERSON",
        "PERSON",
    ]
    assert scanner.scan('{"first_name": "Model", "passport_status": "expired"}') == []


def test_check_digits_of_an_iban_that_nobody_issues():
    assert validate.iban("DE89370400440532013000") == 22
    assert validate.iban("DE97790863504204081858") == 22
    assert validate.iban("DE00790863504204081858") == 0  # congruent to 97
