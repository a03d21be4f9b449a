"""Our checks agree with those of Presidio's recognizers, on right values, changed ones and random ones."""

from __future__ import annotations

import random

import pytest

from assay_detectors.pii import checksums, validate

CASES = {
    "NhsRecognizer": (checksums.nhs, "9434765919", "0123456789"),
    "InAadhaarRecognizer": (checksums.aadhaar, "234567890124", "0123456789"),
    "ItFiscalCodeRecognizer": (checksums.codice_fiscale, "RSSMRA85T10A562S", "0123456789"),
    "CryptoRecognizer": (checksums.bitcoin, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "123456789ABCabc"),
    "IbanRecognizer": (lambda text: validate.iban(text) == len(text), "DE89370400440532013000", "0123456789"),
    "CreditCardRecognizer": (validate.luhn, "4556737586899855", "0123456789"),
    "PlPeselRecognizer": (validate.pesel, "44051401359", "0123456789"),
}


@pytest.fixture(scope="module")
def predefined():
    pytest.importorskip("presidio_analyzer")
    from assay.targets.extras import without_torch

    with without_torch():
        import presidio_analyzer.predefined_recognizers as predefined

        yield predefined


@pytest.mark.parametrize("name", sorted(CASES))
def test_checks_agree(predefined, name):
    check, right, alphabet = CASES[name]
    recognizer, random_ = getattr(predefined, name)(), random.Random(name)
    values, held = [right], 0
    for _ in range(300):
        place = random_.randrange(1, len(right))
        if right[place] in alphabet:
            values.append(right[:place] + random_.choice(alphabet) + right[place + 1 :])
    for value in values:
        ours, theirs = bool(check(value)), bool(recognizer.validate_result(value))
        held += ours
        assert ours == theirs, value
    assert held >= 1
