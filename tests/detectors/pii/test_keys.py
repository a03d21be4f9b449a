"""Names and values as languages, tables and stores write them; and what looks so and is none."""

from __future__ import annotations

import pytest

from assay_detectors.pii import validate
from assay_detectors.pii.context import OTHER, around
from assay_detectors.pii.line import LineScanner

FORMS = (
    "{{'{k}': '{v}'}}",
    "{{b'{k}': b'{v}'}}",
    "{k}: {v}",
    "{k} = '{v}'",
    '{k} := "{v}"',
    "{k} -> {v}",
    "'{k}' => '{v}'",
    'U {{ seq: 3, {k}: Some("{v}") }}',
    "User[{k}=Optional[{v}], n=2]",
    '{{"name": "{k}", "value": "{v}"}}',
    '{{"key":"user.{k}","value":{{"stringValue":"{v}"}}}}',
    '{{"{k}": {{"S": "{v}"}}}}',
    '<property name="{k}" value="{v}"/>',
    '<ns:{k} type="s">{v}</ns:{k}>',
    "{{Key={k}, Value={v}}}",
    "UPDATE u SET `{k}`='{v}' WHERE id=3",
    '["{k}"]=> string(9) "{v}"',
    "Duplicate entry '{v}' for key 'users.{k}'",
    "| {k} | {v} |",
)
STRICT = (
    "('{k}', '{v}')",
    "run --{k} '{v}' --n 3",
    "WHERE {k} IN ('{v}')",
    '{{:{k} "{v}", :n 3}}',
    '{{"{k}": ["{v}"]}}',
    "{k} is {v}",
    "DETAIL:  Key ({k})=({v}) already exists.",
)
VALUES = {
    "DATE_OF_BIRTH": ("date_of_birth", "1984-03-13"),
    "LAT_LON": ("latlng", "52.520006, 13.404954"),
    "AWS_SECRET_KEY": ("aws_secret_access_key", "FMva4kIRf1OviaIhG7yhYLic39DEgl0A9QQVff7a"),
    "MEDICAL_RECORD": ("mrn", "84920175"),
    "US_SSN": ("ssn", "536228741"),
    "US_PASSPORT": ("passport", "C65911683"),
    "PASSWORD": ("db_password", "Tr0ub4dor!x"),
}


@pytest.fixture(scope="module")
def find():
    scanner = LineScanner(0.5)
    return lambda line: {(one.entity, one.value) for one in scanner.scan(f"2026-01-02 INFO app {line}")}


@pytest.mark.parametrize("form", [*FORMS, *STRICT])
@pytest.mark.parametrize("entity", VALUES)
def test_a_value_is_found_in_every_form(find, form, entity):
    if entity == "PASSWORD" and form in ("{k} is {v}", STRICT[-1]):
        pytest.skip("a password may be anything: only an assignment or quotes count")
    key, value = VALUES[entity]
    assert (entity, value) in find(form.format(k=key, v=value))


@pytest.mark.parametrize(
    "line",
    [
        'fields = ["password", "email", "dob"]',
        "password: Some(redacted)",
        "password=[FILTERED]",
        "db_password: {cipher}",
        '{"name": "Green Tea", "kind": "batch"}',
        "app.tracking.client: {'name': 'Golden Gate', 'kind': 'x'}",
        "coordinates: [0.123456, 0.654321]",
        "bbox location: [12.3456, 45.6789, 78.1234, 90.4321]",
        "dob is required",
        "birthday=tomorrow 12345678",
        "date_of_birth: 99999999",
        "std::map: a::b core::f32::consts",
        "{'seq': 453622874, 'order': 453622874}",
        "12-01-57-36-21-90",
    ],
)
def test_what_only_looks_so_is_not_found(find, line):
    assert find(line) == set()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1984-03-13",
            "13.03.1984",
            "03/13/1984",
            "19840313",
            "13031984",
            "13/03/84",
            "3 March 1984",
            "March 3, 1984",
        ),
        *("3rd Mar 1984", "3. März 1984", "3 de marzo de 1984", "3 août 1984", "1984, 3, 13", "1984-Mar-03"),
    ],
)
def test_birth_dates(find, text):
    assert validate.birth_date(text)
    assert any(entity == "DATE_OF_BIRTH" for entity, _ in find(f'"dob": date({text})'))


@pytest.mark.parametrize("text", ["1984-13-32", "3 Items 1984", "99999999", "13/03/2099", "March 1984 April 3", "1784"])
def test_no_birth_dates(text):
    assert not validate.birth_date(text)


@pytest.mark.parametrize(
    "line, value",
    [
        ("born on 3 March 1984 in Ulm", "3 March 1984"),
        ("Date of birth: March 3, 1984.", "March 3, 1984"),
        ("née le 03/03/1984", "03/03/1984"),
        ("geburtsdatum=03.03.1984", "03.03.1984"),
        ('{"fechaNacimiento": "1984-03-03"}', "1984-03-03"),
    ],
)
def test_birth_dates_in_other_words(find, line, value):
    assert ("DATE_OF_BIRTH", value) in find(line)


@pytest.mark.parametrize(
    "line, value",
    [
        ('{"type":"Point","coordinates":[13.404954,52.520008]}', "13.404954,52.520008"),
        ("geom=POINT(13.404954 52.520008)", "13.404954 52.520008"),
        ("https://maps.example.org/@52.5200066,13.404954,17z", "52.5200066,13.404954"),
        ("GET /near?ll=-33.8688%2C+151.2093 HTTP/1.1", "-33.8688, 151.2093"),
    ],
)
def test_coordinates_in_other_forms(find, line, value):
    assert ("LAT_LON", value) in find(line)


def test_a_denying_word_must_name_the_value(find):
    assert ("US_SSN", "536-22-8741") in find("map[seq:5 value:536-22-8741 ok:true]")
    assert ("US_SSN", "536-22-8741") in find("%{seq: 5, value: 536-22-8741}")
    assert find("map[value:5 seq:536-22-8741 ok:true]") == set()
    line = "TS_METRICS - number 943"
    assert around(line, 20, 23) == f" ts metrics {OTHER} number "


def test_addresses_behind_a_bare_colon(find):
    assert find("map[peer:54:23:6a:f8:82:74 ok:true]") == {("MAC_ADDRESS", "54:23:6a:f8:82:74")}
    assert find("map[peer:2001:db8::17 ok:true]") == {("IP_ADDRESS", "2001:db8::17")}
    assert ("MAC_ADDRESS", "12-01-57-36-21-90") in find("device mac 12-01-57-36-21-90")
