"""A log in parquet: rows are searched row group by row group, and a finding names its row and column."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json

import pytest

from assay.detector import DetectorFailed
from assay.model.result import InputRecord
from assay.targets import intake
from assay.targets.log_rows import lines_of
from assay.targets.opened import Opened
from assay.targets.refs import Shard
from assay_detectors.pii import logs as driver

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ROWS = 3000


def table(rows=ROWS, mail=lambda n: f"u{n}@uni-bonn.de"):
    return {
        "ts": [datetime.datetime(2026, 1, 2, 3, 4, 5)] * rows,
        "score": [n / 7 for n in range(rows)],
        "message": [f'user {mail(n)} "asked"' if n % 100 == 7 else f"request {n} ok" for n in range(rows)],
        "user": [{"ssn": "536-22-8741" if n == 1500 else None, "n": n} for n in range(rows)],
        "raw": [b"card 4556737586899855" if n == 2999 else b"\xff\xfe" for n in range(rows)],
    }


def packed(columns, **how):
    out = io.BytesIO()
    parquet.write_table(arrow.table(columns), out, row_group_size=500, **how)
    return out.getvalue()


def places(run):
    return {(o.labels["entity"], o.evidence.locator.row, o.evidence.locator.path) for o in run.observations}


def test_rows_and_columns_are_named(logs, scan):
    run = scan(logs(a=packed(table())))
    found = places(run)
    assert ("US_SSN", 1500, "$.user.ssn") in found
    assert ("CREDIT_CARD", 2999, "$.raw") in found
    mails = [(row, path) for entity, row, path in found if entity == "EMAIL_ADDRESS"]
    assert sorted(row for row, _ in mails) == list(range(7, ROWS, 100))
    assert all(path.startswith("$.message") for _, path in mails)
    assert all(
        (e.line, e.column, e.offset) == (None, None, None) for e in (o.evidence.locator for o in run.observations)
    )
    assert {m.n for m in run.measurements if m.value} == {ROWS}


def known(target):
    """Return the target with what the intake says of its log."""
    ref = target.inputs[0]
    answer = intake.examine(Opened(target.manifest.model_dump(mode="json"), target.inputs), Shard(ref.name))
    record = InputRecord(name=ref.name, role="log", path=ref.shown, status="usable", facts=answer["facts"])
    return dataclasses.replace(target, records=(record,))


def test_row_groups_are_shards_that_are_kept_by_content(logs, tmp_path, monkeypatch, scans_in):
    content = packed(table(), compression="none", use_dictionary=False)
    monkeypatch.setattr(driver, "_RANGE", len(content) // 6)
    scans, target = scans_in(tmp_path), logs(a=content)
    assert known(target).records[0].facts["row_groups"] == 6
    cold, warm = scans(known(target), jobs=2), scans(known(target))
    assert (cold[2], warm[2]) == (6, 0)
    whole = scans_in(tmp_path / "other")(target)
    assert cold[:2] == warm[:2]
    assert sorted(cold[1]) == sorted(whole[1])
    changed = content.replace(b"request 2001 ok", b"Request 2001 ok")
    assert scans(known(logs(a=changed)))[2] == 1


def test_a_damaged_row_group_gives_the_rows_before_it(logs, scan):
    content = bytearray(packed(table()))
    at = len(content) // 2
    content[at : at + 4000] = bytes(4000)
    run = scan(logs(a=bytes(content), good="x jo@acme.com\n"))
    assert any("could not be read to its end" in text and "row group" in text for text in run.not_covered)
    assert ("EMAIL_ADDRESS", 7, "$.message > json") in places(run) or ("EMAIL_ADDRESS", 7, "$.message") in places(run)
    assert all(m.interval.high is None for m in run.measurements)


def test_a_parquet_file_that_is_none_is_refused_with_a_reason(logs, scan):
    with pytest.raises(DetectorFailed, match=r"a\.log: is a damaged parquet file"):
        scan(logs(a=packed(table())[:5000]))


def test_a_text_that_begins_like_parquet_is_a_text(logs, scan):
    assert {o.labels["entity"] for o in scan(logs(a="PAR1 said jo@acme.com\n")).observations} == {"EMAIL_ADDRESS"}


def test_columns_and_fields_of_one_name_are_all_read(tmp_path):
    mails, fine = arrow.array(["jane@uni-bonn.de"]), arrow.array(["fine"])
    within = arrow.StructArray.from_arrays([mails, fine], names=["m", "m"])
    numbers = arrow.array([4556737586899855.0])
    columns = arrow.Table.from_arrays([mails, fine, within, numbers], names=["m", "m", "s", "n"])
    parquet.write_table(columns, tmp_path / "t.parquet")
    (line,) = b"".join(lines_of(tmp_path / "t.parquet", "t.parquet", None)).splitlines()
    assert json.loads(line) == {
        "m": "jane@uni-bonn.de", "m (2)": "fine", "s": {"m": "jane@uni-bonn.de", "m (2)": "fine"}, "n": 4556737586899855,
    }  # fmt: skip
    assert b"4556737586899855}" in line
