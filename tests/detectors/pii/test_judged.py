"""Causes that a generator of logs found which nobody of the rules' makers wrote: each with a line of its own."""

from __future__ import annotations

import pytest

from assay_detectors.pii import domains, validate
from assay_detectors.pii.columns import paired
from assay_detectors.pii.line import LineScanner

AZURE = "Zq3vT7mLk2Xw9RbYc5Hd8JfN1pSgUa4EoViDtKyMxQ0lCzWrBhGnFjP6sAeIuT+/OkLdXm7RvYwZ2bQc5Nf8Hg=="

FOUND = (
    # streets behind a key, in the order and the words of other countries; prose by cue
    ("LOCATION", "Skogsgränd 7, 86027 Växjö", 'inputs=[{"street_address": "Skogsgränd 7, 86027 Växjö", "n": "1"}]'),
    ("LOCATION", "153 Russell Port Suite 707", "INFO residence='153 Russell Port Suite 707' build=20251021.54"),
    ("LOCATION", "Via Baldassare, 467, 18100", "GET /s?street=Via%20Baldassare%2C%20467%2C%2018100 HTTP/1.1"),
    ("LOCATION", "aleja Słowackiego 74", "user wrote: my address is aleja Słowackiego 74"),
    ("LOCATION", "12 Main Cross", "address=12 Main Cross pid=4711"),
    # one coordinate each behind its own key, in either order
    ("LAT_LON", "-54.688599", "UserDto(user_lat=-54.688599, page=2, user_lng=125.7915)"),
    ("LAT_LON", "125.7915", "UserDto(user_lng=125.7915, page=2, user_lat=-54.688599)"),
    ("LAT_LON", "48.16898", "POST /sms GpsLat=48.16898&GpsLng=86.713016"),
    ("LAT_LON", "37.8093752", "    longitude: '37.8093752'"),
    # names in capitals, family name first, particles, other scripts, a prefix before the key
    ("PERSON", "ANNE-KATHRIN SCHEIBE", "Patient ANNE-KATHRIN SCHEIBE admitted"),
    ("PERSON", "Benavides, Espartaco", 'patient_name="Benavides, Espartaco"'),
    ("PERSON", "Leah van de Ven", "display-name:Leah van de Ven"),
    ("PERSON", "Petru Ioniță", 'Parameters: {"x_ACCOUNT_HOLDER"=>"Petru Ioniță"}'),
    ("PERSON", "Angelo Meunier", "x_familyName: Angelo Meunier"),
    # words grown together with what stands before or behind them
    ("DATE_OF_BIRTH", "1993-05-27", '"PatientDob": "1993-05-27"'),
    ("DATE_OF_BIRTH", "1976-02-12", '"ReqGeburtsdatum": "1976-02-12"'),
    ("DATE_OF_BIRTH", "19620526", "date of birth 19620526"),
    ("US_SSN", "202 58 3243", 'social="202 58 3243"'),
    ("US_SSN", "301 52 8573", '"employeessn":"301 52 8573"'),
    ("CH_AHV", "756.0357.8649.20", "ahvn13: 756.0357.8649.20\\ncell: n/a"),
    ("NL_BSN", "111222333", '"citizen_service_number": "111222333"'),
    ("UK_NINO", "CZ694654D", '"Ninumber":"CZ694654D"'),
    ("SE_PERSONNUMMER", "811228-9874", "national_id='811228-9874'"),
    ("BR_CPF", "52998224725", "tax_id=52998224725"),
    ("MEDICAL_RECORD", "H8209657", "mrn='H8209657'"),
    ("PASSPORT", "CF1GRKNY5", "travel_document_number=CF1GRKNY5"),
    ("PHONE_NUMBER", "+48 607 511 029", "caller id is +48 607 511 029; n: 3"),
    ("PHONE_NUMBER", "04228 20361", "telefon:04228 20361"),
    ("PHONE_NUMBER", "3034315321", "SMS to 3034315321 delivered"),
    ("CREDIT_CARD", "36951593389861", "please charge 36951593389861 instead"),
    ("CREDIT_CARD", "4522-7979-8943-3802", '"req.number": "4522-7979-8943-3802"'),
    # secrets: more names, flags of commands, places
    ("AZURE_KEY", AZURE, f'"azureStorageKey":"{AZURE}"'),
    ("GENERIC_API_KEY", "fe69cf057d103351c096e28a8dd98796", 'token="fe69cf057d103351c096e28a8dd98796"'),
    ("GENERIC_API_KEY", "ORgvvCm0f4ZCK5UiaJy0sWVVcBFg", "&{SessionToken:ORgvvCm0f4ZCK5UiaJy0sWVVcBFg Key:a.b}"),
    ("GENERIC_API_KEY", "JVE8h1681MNqkVf5gTJ7E9AfnMtg", "serve.py --api-key JVE8h1681MNqkVf5gTJ7E9AfnMtg"),
    (
        "AWS_SECRET_KEY",
        "gD154DqNO0DGCPOt6qjCQYmkAdUa3lQnH436D9i7",
        "S3SecretKey=gD154DqNO0DGCPOt6qjCQYmkAdUa3lQnH436D9i7",
    ),
    ("PASSWORD", "Tr0ub4dor&3", '"mot-de-passe": "Tr0ub4dor&3"'),
    ("PASSWORD", "oWcbfkkAb8Kv59", "db_pass: oWcbfkkAb8Kv59, n: 1"),
    ("PASSWORD", "dragon123", "sshpass -p 'dragon123' ssh host"),
    ("PASSWORD", "sunshine_prod", "ALTER USER app IDENTIFIED BY 'sunshine_prod'"),
    ("PASSWORD", "Passw0rd#1", "curl -u admin:Passw0rd#1 https://api"),
    ("PASSWORD", "S3cr3t!w0rd", "DETAIL:  Key (passwd)=(S3cr3t!w0rd) already exists."),
    ("PASSWORD", "changeme@99", 'AdminPassword: "changeme@99"'),
    # a form: the key in the head of the part, the value behind an empty line
    ("PASSWORD", "tiger-winter-41", r'form-data; name="passwd"\r\n\r\ntiger-winter-41\r\n------WebKit'),
    # statements and refusals name a value far before it
    ("DATE_OF_BIRTH", "13.12.1987", "INSERT INTO t (`id`,`geburtsdatum`) VALUES ('4691','13.12.1987')"),
    ("PL_PESEL", "44051401359", "INSERT INTO p (a, pesel) VALUES (1, '1'), (now(), '44051401359')"),
    ("PERSON", "Nora Lund", '{"loc": ["body", "first_name"], "msg": "too long", "input": "Nora Lund"}'),
)

CLEAN = (
    "remote=git@github.com:org/repo.git",
    r'name="remote"\r\n\r\ngit@github.com:acme/models.git\r\n',
    'serial="ef:b3:1d:9c:68:72:ef:1e"',
    'secret="projects/670681102586/secrets/db/versions/latest"',
    "password=os.environ['DB_PASSWORD']",
    "| password | os.environ['DB_PASSWORD'] | secret_Name9 | db |",
    '"password":"process.env.DB_PASS"',
    "GET /login?password=%2A%2A%2A%2A%2A%2A&n=1",
    "GET /login?password=%7B%7B%20vault_password%20%7D%7D",
    'name="Adam Optimizer" model="Claude Sonnet"',
    '[Consumer clientId=c-2] {"name":"Spark Driver"}',
    "validation error | password | Input should be a valid string",
    "password: change_me",
    '"msg":"wrong password","card_last4":"8059"',
    "true\tBearer\tip-10-204-205-32.ec2.internal",
    "address: 0xe99f40edbdb6",
    "address: Already in use (98)",
    "address=/dev/shm/plasma_419515",
    "SELECT id FROM u WHERE address = '1FF4oUeW6T36KSJMfqsmDPvUGfAe3pQjqk' LIMIT 62",
    'address: "worker 12 of shard 4"',
    "lat=15.080 ms, p99=20.5123",
    "lat=52.5200 q=1",
    "next_page_token=fe69cf057d103351c096e28a8dd98796",
    'pass="true" max_tokens=512',
    "card_last4: 4531, ean: 4007935540881, total: 3",
    "X-Columns: ['name', 'ssn'] | Offset: 279666918 |",
    "INSERT INTO t (`range`,`telephone`) VALUES ('3120-5068','null')",
)


@pytest.fixture(scope="module")
def find():
    scanner = LineScanner(0.5)
    return lambda line: [(one.entity, one.value) for one in scanner.scan(line)]


@pytest.mark.parametrize(("entity", "value", "line"), FOUND)
def test_what_was_missed_is_found(find, entity, value, line):
    assert (entity, value) in find(line)


@pytest.mark.parametrize("line", CLEAN)
def test_what_only_looks_so_is_not_found(find, line):
    assert find(line) == []


def test_an_encoded_value_loses_no_depth_to_a_statement(find):
    line = "INSERT INTO t (k, payload) VALUES (1, 'ZG9iPTE5ODctMDMtMDQmZW1haWw9bS5sb3BlekB1bmktYm9ubi5kZQ==')"
    assert {("EMAIL_ADDRESS", "m.lopez@uni-bonn.de"), ("DATE_OF_BIRTH", "1987-03-04")} <= set(find(line))


def test_columns_lead_back_to_the_statement():
    line = "INSERT INTO t (a, `b`) VALUES (f(1, 2), 'x''y'), ('it\\'s', NULL)"
    step = paired(line)
    assert step is not None
    assert step.text == ", a=f(1, 2), b='x''y', a='it\\'s', b=NULL"
    start = step.text.index("x''y")
    assert step.span(start, start + 4)[:2] == (line.index("x''y"), line.index("x''y") + 4)


@pytest.mark.parametrize("line", ["INSERT INTO t VALUES ('a')", "(a) VALUES (", "x (a, b) values ('unclosed"])
def test_a_statement_without_columns_or_end_gives_no_names(line):
    assert paired(line) is None


def test_a_statement_of_a_line_without_end_is_read_in_time():
    line = "INSERT INTO t (a, b) VALUES " + "('x', 'y'), " * 50_000
    step = paired(line)
    assert step is not None
    assert step.text.startswith(", a='x', b='y', a=")


def test_a_place_ends_at_the_first_word_of_something_else():
    assert validate.place("12 Elm Road already in use") == len("12 Elm Road")
    assert validate.place("Elm Road") == 0
    assert validate.place("localhost port 8080") == 0


def test_users_of_version_control_get_no_mail():
    assert domains.public("anna@github.com")
    assert not domains.public("git@github.com")
