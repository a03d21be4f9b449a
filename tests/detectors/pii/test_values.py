"""Checksums, context, decoding and masks, one by one."""

from __future__ import annotations

import pytest

from assay_detectors.pii import mask, validate
from assay_detectors.pii.context import around, mentions, words
from assay_detectors.pii.decode import decoded
from assay_detectors.pii.entities import ENTITIES
from assay_detectors.pii.recognizers import RULES


def test_every_rule_has_an_entity_and_every_entity_a_rule():
    names = {entity.name for entity in ENTITIES}
    assert {rule.entity for rule in RULES} | {"IP_LOOPBACK", "CUSTOM_SECRET", "CUSTOM_PERSONAL"} == names


@pytest.mark.parametrize(
    "check, good, bad",
    [
        (validate.card, "4556737586899855", "4556737586899856"),
        (validate.card, "374515355034997", "1630000000000000007"),
        (validate.any_card, "30569309025904", "30569309025905"),
        (validate.ssn, "536-22-8741", "000-22-8741"),
        (validate.ssn, "536-22-8741", "900-22-8741"),
        (validate.nie_or_nif, "26912645T", "26912645A"),
        (validate.nie_or_nif, "X1234567L", "X1234567A"),
        (validate.pesel, "44051401359", "44051401358"),
        (validate.coordinates, "50.918961,169.328483", "95.918961,169.328483"),
        (validate.birth_date, "1965-06-03", "1665-06-03"),
        (validate.password, "9ZgMaaxx5i%K1", "****"),
        (validate.password, "hunter22", "<redacted>"),
        (validate.key_like, "v8Q2mX7nLp4RzT9wK3bY6cJ1", "aaaaaaaaaaaaaaaaaaaaaaaa"),
        (validate.person, "Ingrid Okafor", "Random Forest"),
        (validate.mac, "54:23:6a:f8:82:74", "00:00:00:00:00:00"),
        (validate.ipv6, "2001:db8::1", "dead::beef"),
    ],
)
def test_checks(check, good, bad):
    assert check(good)
    assert not check(bad)


@pytest.mark.parametrize(
    "line, value, context",
    [
        ('{"nhs_number": "943"}', "943", " nhs number "),
        ('{"card": "1", "order": "943"}', "943", " order "),
        ("userPhone=943", "943", " user phone "),
        (r"{\"tel\": \"943\"}", "943", " tel "),
        ("bad float: '943' (column 'pesel', row 3)", "943", " pesel "),
        ('phone="1" HTTP/1.1" 943', "943", " http 1 1 "),
        ("my card number is 943", "943", " my card number is "),
    ],
)
def test_context_is_the_key_of_the_value_or_the_words_before(line, value, context):
    start = line.index(value)
    assert around(line, start, start + 3) == context


def test_context_words_are_whole_words():
    assert mentions(words("credit-card no"), ("card",))
    assert not mentions(words("discard policy"), ("card", "lic"))


@pytest.mark.parametrize(
    "line, value, raw",
    [
        ("GET /?mail=jo%40x.org&n=1", "jo@x.org", "jo%40x.org"),
        ("GET /?name=Kenji+Haddad HTTP", "Kenji Haddad", "Kenji+Haddad"),
        (r'{"m": "jo\u0040x.org"}', "jo@x.org", r"jo\u0040x.org"),
        (r'{"m": "{\\\"k\\\": \\\"v\\\"}"}', '"k": "v"', r"\\\"k\\\": \\\"v" + '\\\\\\"'),
        (r'{"m": "a\nb jo\x40x.org"}', "b jo@x.org", r"b jo\x40x.org"),
        ("x=%E2%82%AC5&y", "€5", "%E2%82%AC5"),
    ],
)
def test_decoding_keeps_the_way_back(line, value, raw):
    plain = decoded(line)
    start = plain.text.index(value)
    left, right, way = plain.span(start, start + len(value))
    assert line[left:right] == raw
    assert way in ("url", "json")


def test_nothing_to_decode_is_none():
    assert decoded("100% of a+b, C:\\Windows") is None


def test_no_mask_holds_its_value(planted):
    for entity, (_, value) in planted.items():
        assert value not in mask.masked(entity, value)
        assert len(mask.masked(entity, value)) < 24
