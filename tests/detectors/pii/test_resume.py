"""A scan resumes inside a log: what was searched is kept by its bytes, sealed, and never changes the result."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import hmac
import json
import random
import sqlite3
import time

import pytest

from assay.engine.store import Store
from assay.model.result import InputRecord
from assay_detectors.pii import logs as driver
from assay_detectors.pii.mask import normalised

RANGE = 25_000
LINES = 2_000
"""Of about 110 bytes each: nine ranges, the first three of which begin in the head of the file."""


@pytest.fixture
def scans(tmp_path, monkeypatch, scans_in):
    monkeypatch.setattr(driver, "_RANGE", RANGE)
    return scans_in(tmp_path)


def text_of(seed, lines=LINES, end="\n"):
    rng = random.Random(seed)
    parts = []
    for number in range(lines):
        line = (
            f"2026-01-02T03:04:05 INFO request {number} latency={rng.random():.6f} model=churn-lr score={rng.random()}"
        )
        if rng.random() < 0.1:
            line += (
                f" user u{rng.randrange(300)}@uni-bonn.de ssn {rng.randrange(100, 600)}-22-{rng.randrange(1000, 9999)}"
            )
        parts.append(line + end)
    return "".join(parts)


def shards_of(text):
    return shards_of_bytes(text.encode())


def shards_of_bytes(data):
    return -(-len(data) // RANGE)


def test_cold_remembered_and_by_any_number_of_workers_are_the_same_bytes(logs, scans, tmp_path, scans_in):
    text = text_of(1)
    target = logs(a=text)
    cold = scans(target)
    warm = scans(target, jobs=2)
    other = scans_in(tmp_path / "other")(target, jobs=2)
    assert (cold[2], warm[2], other[2]) == (shards_of(text), 0, shards_of(text))
    assert cold[:2] == warm[:2] == other[:2]
    assert len(cold[1]) > 300


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_scan_goes_on_inside_the_file(logs, scans, jobs, scans_in):
    text = text_of(2)
    target = logs(a=text)
    rng = random.Random(jobs)
    whole = scans_in(scans.path.parent / "other")(target)
    begun, killed = 0, 0
    for last in (rng.randrange(2, 5), rng.randrange(2, 4)):
        found, _, count = scans(target, jobs=jobs, last=last)
        assert found is None
        killed += 1
        begun += min(count, last + jobs)
        assert scans.sealed() >= last - jobs
    found, observed, count = scans(target, jobs=jobs)
    assert (found, observed) == whole[:2]
    assert begun + count <= shards_of(text) + killed * jobs


def test_a_log_that_grew_is_searched_at_its_end_only(logs, scans, tmp_path, scans_in):
    text = text_of(3)
    target = logs(a=text)
    scans(target)
    grown = text + text_of(4, 300)
    before = len(text.encode()) // RANGE
    found, observed, count = scans(logs(a=grown))
    assert count == shards_of(grown) - before
    assert (found, observed) == scans_in(tmp_path / "other")(target)[:2]


def test_a_byte_in_the_middle_costs_its_own_shard(logs, scans):
    text = text_of(5)
    scans(logs(a=text))
    at = 5 * RANGE + 500
    changed = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
    assert scans(logs(a=changed))[2] == 1
    assert scans(logs(a=text))[2] == 0


def test_a_rotated_log_is_known_under_its_new_name(logs, scans, tmp_path, scans_in):
    text = text_of(6)
    first = scans(logs(a=text))
    fresh = text_of(7, 400)
    (tmp_path / "a.log").rename(tmp_path / "b.log")
    _, observed, count = scans(logs(a=fresh, b=text))
    assert count == shards_of(fresh)
    assert len(observed) > len(first[1])
    truncated = scans(logs(a=fresh[:30_000]))
    assert truncated[2] == 2
    assert truncated[:2] == scans_in(tmp_path / "other")(logs(a=fresh[:30_000]))[:2]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_over_the_borders_of_ranges_are_found_once(logs, scans, end, monkeypatch):
    rng = random.Random(8)
    lines = [f"{'é' * rng.randrange(0, 400)} ssn 536-22-{rng.randrange(1000, 9999)} {end}" for _ in range(800)]
    lines[300] = "x" * 3 * RANGE + " ssn 536-22-8741" + end
    target = logs(a="".join(lines))
    parts = scans(target)
    monkeypatch.setattr(driver, "_RANGE", 1 << 30)
    whole = scans(target)
    assert parts[:2] == whole[:2]
    assert len(parts[1]) == len(lines)
    assert whole[2] == 1


def test_other_rules_search_again_and_another_engine_does_not(logs, scans):
    target = logs(a=text_of(9, 300))
    scans(target)
    assert scans(target, engine="re")[2] == 0
    assert scans(target, min_score=0.9)[2] == 2


def test_what_changes_while_it_is_searched_is_not_kept(logs, scans, tmp_path):
    text = text_of(10, 300)
    target = logs(a=text)
    path = tmp_path / "a.log"
    scans(target, during=lambda: path.write_text(path.read_text().replace("INFO", "WARN")))
    assert scans.sealed() <= 1
    assert scans(logs(a=text))[2] == 2


def test_a_growing_log_keeps_the_ranges_that_did_not_change(logs, scans, tmp_path):
    text = text_of(11)
    path = tmp_path / "a.log"

    def grow():
        with path.open("a") as file:
            file.write("x\n")

    target = logs(a=text)
    scans(target, during=grow)
    assert scans.sealed() >= shards_of(text) - 1
    assert scans(target)[2] <= 2


def test_a_damaged_log_is_not_kept(logs, scans):
    target = logs(a=gzip.compress(text_of(12, 300).encode())[:-100])
    first, second = scans(target), scans(target)
    assert first == second and first[2] == 1
    assert scans.sealed() == 0


def test_the_store_holds_no_value_and_no_digest_of_one(logs, scans):
    values = [f"u{number}@uni-bonn.de" for number in range(300)]
    ssns = [f"{area}-22-{serial}" for area in range(100, 600, 7) for serial in range(1000, 1200)]
    text = "".join(f"INFO user {mail} ssn {ssn} asked\n" for mail, ssn in zip(values * 10, ssns, strict=False))
    scans(logs(a=text))
    store = Store.open(scans.path, now=time.time())
    with sqlite3.connect(scans.path) as connection:
        keys = [key for (key,) in connection.execute("select key from entries")]
    kept = [store.get(key) for key in keys]
    store.close()
    everything = json.dumps(kept).encode() + "".join(keys).encode()
    everything += b"".join(file.read_bytes() for file in scans.path.parent.iterdir())
    secrets = [entry["value"] for entry in kept if len(entry["value"]) == 64]
    assert len(secrets) == 1 and len(kept) > 5
    derived = hashlib.sha256(f"{secrets[0]}\x1fpii.logs\x1fvalues".encode()).digest()
    for entity, value in [("EMAIL_ADDRESS", v) for v in values] + [("US_SSN", v) for v in ssns[:2000]]:
        plain = normalised(entity, value)
        told = f"{entity}\0{plain}".encode()
        digests = [
            *(
                hashlib.new(name, text).digest()
                for name in ("sha256", "md5", "sha1")
                for text in (plain.encode(), told)
            ),
            *(hmac.digest(key, told, "sha256") for key in (derived, bytes.fromhex(secrets[0]), b"", bytes(32))),
        ]
        assert value.encode() not in everything
        for digest in digests:
            assert digest[:8] not in everything and digest.hex()[:16].encode() not in everything


def test_a_compressed_log_is_one_shard(logs, scans):
    packed = gzip.compress(text_of(15).encode())
    target = logs(a=packed)
    assert len(packed) > RANGE
    record = InputRecord(name="logs:a.log", role="log", path="a.log", status="usable", facts={"compressed": True})
    known = dataclasses.replace(target, records=(record,))
    one, several = scans(known), scans(target)
    assert (one[2], several[2]) == (1, shards_of_bytes(packed))
    assert one[:2] == several[:2]


def test_frames_of_zstandard_are_shards_that_are_kept(logs, scans, monkeypatch):
    monkeypatch.setattr(driver, "_RANGE", 3_000)
    compress = pytest.importorskip("zstandard").ZstdCompressor(level=1).compress
    text = text_of(16).encode()
    packed = [compress(text[at : at + 20_000]) for at in range(0, len(text), 20_000)]
    record = InputRecord(
        name="logs:a.log",
        role="log",
        path="a.log",
        status="usable",
        facts={"compressed": True, "compression": "zstd"},
    )

    def known(content):
        return dataclasses.replace(logs(a=content), records=(record,))

    cold = scans(known(b"".join(packed)), jobs=2)
    assert cold[2] > 4
    grown = scans(known(b"".join([*packed, compress(text[:70_000])])))
    assert grown[2] <= 3
    assert scans(known(b"".join(packed)))[2] == 0
    monkeypatch.setattr(driver, "_RANGE", 1 << 30)
    whole = scans(known(b"".join(packed)))
    assert whole[2] == 1
    assert cold[:2] == whole[:2]


def test_two_inputs_of_the_same_content_are_searched_once(logs, scans):
    text = text_of(14, 150)
    _, observed, count = scans(logs(a=text, b=text))
    assert count == 1
    assert {json.loads(one)["labels"]["source"] for one in observed} == {"a.log", "b.log"}
