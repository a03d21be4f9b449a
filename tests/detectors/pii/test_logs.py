"""`pii.logs`: every claimed type is found where it was planted, the clean twin is silent, nothing raw gets out."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

from assay.detector import DetectorFailed
from assay.model.measurement import EVIDENCE_CAP
from assay_detectors.pii import logs as driver
from assay_detectors.pii.entities import BY_NAME, NAMES
from assay_detectors.pii.logs import SPEC, LogsDetector

MAIL = "user maria.lopez@uni-bonn.de asked\n"


def values(run, entity):
    return {m.labels["source"]: m.value for m in run.measurements if m.labels["entity"] == entity}


def spans(run, entity):
    return [o.evidence for o in run.observations if o.labels["entity"] == entity]


def test_every_planted_value_is_found_in_every_template_at_its_place(logs, scan, planted, templates):
    missed = []
    for shape, template in templates.items():
        lines = [template(key, value) for key, value in planted.values()]
        run = scan(logs(**{shape: "\n".join(lines) + "\n"}))
        for number, (entity, (_, value)) in enumerate(planted.items(), start=1):
            column = lines[number - 1].index(value) + 1
            here = [e.locator for e in spans(run, entity) if e.locator.line == number]
            if not any(at.column <= column < at.end_column for at in here):
                missed.append((shape, entity))
    assert not missed


def test_unquoted_and_tokens_in_prose_and_urls(logs, scan):
    lines = {
        "EMAIL_ADDRESS": "GET /p?email=maria.lopez%40uni-bonn.de HTTP/1.1",
        "PHONE_NUMBER": "GET /p?tel=%2B44+7911+123456 HTTP/1.1",
        "CREDIT_CARD": 'prompt="please charge my visa card 4556-7375-8689-9855 now"',
        "UK_NHS": 'prompt="NHS number 943 476 5919. Can you help?"',
        "PERSON": "GET /p?name=Kenji+Haddad&n=3 HTTP/1.1",
        "URL_CREDENTIALS": "connect postgres://svc:v2XWtsSllt!61@db.internal.example.com:5432/x failed",
        "PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----",
        "GENERIC_API_KEY": "Authorization: Bearer v8Q2mX7nLp4RzT9wK3bY6cJ1",
        "DATE_OF_BIRTH": 'prompt="I was born on 07/06/1978."',
        "US_PASSPORT": "passport number 483920174 expires soon",
        "CRYPTO": "send to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2 please",
        "URL": "fetch https://shop.example.org/basket?customer=17 ok",
    }
    run = scan(logs(a="\n".join(lines.values())))
    found = {(o.labels["entity"], o.evidence.locator.line) for o in run.observations}
    assert {(entity, n) for n, entity in enumerate(lines, start=1)} <= found


def test_card_schemes_with_weak_ranges_need_a_context_word(logs, scan):
    bare = scan(logs(a="id 30569309025904 and 6304939304310009610\n"))
    named = scan(logs(b="card 30569309025904\ncard 6304939304310009610\n"))
    assert values(bare, "CREDIT_CARD") == {"*": 0}
    assert values(named, "CREDIT_CARD") == {"b.log": 2}


def test_context_is_matched_by_whole_word_only(logs, scan):
    run = scan(logs(a="public policy relic 30569309025904 discard\n"))  # `card` inside `discard`
    assert values(run, "CREDIT_CARD") == {"*": 0}


def test_the_clean_twin_is_silent(logs, scan, clean_log):
    run = scan(logs(clean=clean_log))
    assert [(o.labels["entity"], o.evidence.locator.line) for o in run.observations] == []
    assert {m.labels["entity"] for m in run.measurements} == set(NAMES)
    for m in run.measurements:
        assert (m.value, m.interval.low, m.interval.high, m.n) == (0, 0, 0, clean_log.count("\n"))
        assert m.labels["source"] == "*"
        assert m.labels["tier"] == BY_NAME[m.labels["entity"]].tier


def test_no_output_holds_a_planted_value(logs, scan, planted, templates):
    text = "\n".join(t(key, value) for t in templates.values() for key, value in planted.values())
    broken = gzip.compress(text.encode())[:-40]
    run = scan(logs(whole=text, broken=broken, binary=b"\0\1\2" + text.encode(), gone=None))
    out = "\n".join([noun.model_dump_json() for noun in (*run.measurements, *run.observations)] + [*run.not_covered])
    leaked = [value for _, value in planted.values() if value in out or value.replace(" ", "") in out]
    assert len(run.observations) > 100
    assert leaked == []


def test_equal_values_share_a_group_numbered_by_appearance(logs, scan):
    target = logs(a="x Maria@uni-bonn.de\nx jo@acme.com\nx maria@uni-bonn.de\n", b="jo@acme.com\n")
    run = scan(target)
    groups = [e.group for e in spans(run, "EMAIL_ADDRESS")]
    assert groups == ["EMAIL_ADDRESS-1", "EMAIL_ADDRESS-2", "EMAIL_ADDRESS-1", "EMAIL_ADDRESS-2"]
    again = scan(target)
    assert (again.measurements, again.observations) == (run.measurements, run.observations)


def test_columns_count_characters_and_masks_hide(logs, scan):
    run = scan(logs(a="grüße an j.müller@example.org\n"))
    (evidence,) = spans(run, "EMAIL_ADDRESS")
    assert (evidence.locator.line, evidence.locator.column, evidence.locator.end_column) == (1, 10, 30)
    assert evidence.locator.offset == len("grüße an ".encode())
    assert evidence.excerpt == "j***@***.org"
    card = scan(logs(b="card 4556737586899855\n"))
    assert spans(card, "CREDIT_CARD")[0].excerpt == "visa ***55"


def test_measurement_evidence_is_capped_and_observations_are_not(logs, scan):
    run = scan(logs(a=MAIL * 60))
    (m,) = [m for m in run.measurements if m.labels["entity"] == "EMAIL_ADDRESS"]
    assert (m.value, m.n, len(m.evidence), m.truncated) == (60, 60, EVIDENCE_CAP, 60 - EVIDENCE_CAP)
    assert len(spans(run, "EMAIL_ADDRESS")) == 60


def test_a_truncated_log_makes_every_count_at_least(logs, scan):
    import random

    noise = random.Random(1)
    text = "".join(f"{MAIL.strip()} {noise.random()}\n" for _ in range(3000))
    run = scan(logs(good=MAIL, cut=gzip.compress(text.encode())[:-4000]))
    found = values(run, "EMAIL_ADDRESS")
    assert found["good.log"] == 1 and 1 < found["cut.log"] < 3000
    assert all(m.interval.high is None and m.interval.low == m.value for m in run.measurements)
    assert any(s.startswith("cut.log could not be read to its end") for s in run.not_covered)


@pytest.mark.parametrize("bad", [None, b"\x80\x04\x95\0\0\0\0model"])
def test_an_unusable_log_beside_a_good_one(logs, scan, bad):
    run = scan(logs(good=MAIL, bad=bad))
    assert values(run, "EMAIL_ADDRESS") == {"good.log": 1}
    assert all(m.interval.high is None for m in run.measurements)
    assert any("bad.log" in sentence for sentence in run.not_covered)


def test_only_unusable_or_empty_logs_fail(logs, scan):
    with pytest.raises(DetectorFailed, match=r"gone\.log does not exist.*bin\.log is binary"):
        scan(logs(gone=None, bin=b"\0\1\0\1"))
    with pytest.raises(DetectorFailed, match=r"empty\.log is empty"):
        scan(logs(empty=""))


def test_an_empty_log_beside_a_good_one_is_named_and_changes_no_interval(logs, scan):
    run = scan(logs(good=MAIL, empty=""))
    assert all(m.interval.high == m.value for m in run.measurements)
    assert any(s.startswith("empty.log is empty") for s in run.not_covered)


def test_names_in_prose_are_said_to_be_not_covered(logs, scan):
    assert "names in prose (no NER model)" in scan(logs(a="hello\n")).not_covered


def test_ranges_of_one_file_give_what_the_whole_gives(logs, scan, planted, templates, monkeypatch):
    text = "\n".join(t(key, value) for t in templates.values() for key, value in planted.values()) * 3
    target = logs(a=text)
    whole = scan(target)
    monkeypatch.setattr(driver, "_RANGE", 1000)
    parts = scan(target)
    assert parts.observations == whole.observations
    assert parts.measurements == whole.measurements


def test_a_lost_range_leaves_no_wrong_line_number(logs, scan, monkeypatch):
    monkeypatch.setattr(driver, "_RANGE", 200)
    real = driver.scan_shard

    def fails_once(opened, shard, **arguments):
        from assay.model.errors import UnusableInput

        if shard.start == 200:
            raise UnusableInput("the worker died")
        return real(opened, shard, **arguments)

    monkeypatch.setattr(driver, "scan_shard", fails_once)
    run = scan(logs(a=MAIL * 30))
    lines = [e.locator.line for e in spans(run, "EMAIL_ADDRESS")]
    assert lines[0] == 1 and lines[-1] is None
    assert all(m.interval.high is None for m in run.measurements)
    assert any("bytes 200 to 400" in sentence for sentence in run.not_covered)


def test_an_endless_line_is_bounded_and_the_count_is_at_least(logs, scan, monkeypatch):
    from assay_detectors.pii import scan as worker

    monkeypatch.setattr(worker, "LINE_WORK", 100_000)
    run = scan(logs(a=b"x maria@uni-bonn.de " + b"my card " * 400_000 + b" card 4556737586899855\n" + MAIL.encode()))
    assert values(run, "EMAIL_ADDRESS") == {"a.log": 2}
    assert spans(run, "EMAIL_ADDRESS")[1].locator.line == 2
    assert all(m.interval.high is None for m in run.measurements)
    assert any("line 1 was not fully analysed" in sentence for sentence in run.not_covered)


def test_values_far_out_in_an_endless_line_have_the_right_columns(logs, scan):
    text = "é" * 1_500_000 + " maria@uni-bonn.de " + "b " * 400_000 + "ssn 536-22-8741\n"
    run = scan(logs(a=text))
    (mail,), (ssn,) = spans(run, "EMAIL_ADDRESS"), spans(run, "US_SSN")
    assert mail.locator.column == text.index("maria") + 1
    assert ssn.locator.column == text.index("536") + 1
    assert all(m.interval.high == m.value for m in run.measurements)


def test_the_driver_stays_light():
    code = (
        "import sys, assay_detectors.pii.logs\n"
        "heavy = {'presidio_analyzer', 'spacy', 'numpy', 'phonenumbers', 'hyperscan', 're2', 'tldextract', 'regex'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_network_is_never_asked(logs, scan, monkeypatch):
    import socket

    from assay_detectors.pii import scan as worker

    def refuse(*_args, **_kw):
        raise AssertionError("network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    worker._scanner.cache_clear()
    assert values(scan(logs(a=MAIL)), "EMAIL_ADDRESS") == {"a.log": 1}


def test_min_score_hides_what_is_less_sure(logs, scan):
    target = logs(a="dial 212-555-0187 x\n2 123 at 212-456-3287\n")
    assert values(scan(target), "PHONE_NUMBER") == {"a.log": 2}
    assert values(scan(target, min_score=0.95), "PHONE_NUMBER") == {"a.log": 1}


def test_spec_and_estimate(logs):
    target = logs(a=MAIL)
    assert SPEC.body == "assay_detectors.pii.logs:LogsDetector"
    assert LogsDetector().estimate(target, {}).cpu_seconds > 0
