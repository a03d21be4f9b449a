"""`artifact.structure`: each trick is one anomaly of its kind, at its place; ordinary files have none."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assay.testing.direct import run_detector
from assay_detectors.artifact.report import RULES, Report
from assay_detectors.artifact.structure import METRIC, Structure

GOOD = pickle.dumps({"a": [1, 2.5, "x"]})


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def rules(result: dict[str, Any]) -> list[str]:
    return sorted(anomaly["rule"] for anomaly in result["anomalies"])


ORDINARY = {
    "pickle": GOOD,
    "zip": packed(("a/data.pkl", GOOD), ("a/data/0", bytes(100)), ("a/version", b"3\n")),
    "deflated zip": packed(("m.pkl", GOOD), ("readme.txt", b"text"), method=zipfile.ZIP_DEFLATED),
    "zip in a zip": packed(("inner.zip", packed(("m.pkl", GOOD)))),
    "gzip": gzip.compress(GOOD),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_files_have_no_anomaly(read: Any, name: str) -> None:
    result = read(ORDINARY[name])
    assert (rules(result), result["complete"], result["total"]) == ([], True, 0), result


def test_two_members_of_one_name(read: Any) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = packed(("a/data.pkl", GOOD), ("a/data.pkl", GOOD))
    result = read(data)
    assert rules(result) == ["two-readings"] and not result["complete"]


def test_a_member_that_the_directory_does_not_list(read: Any) -> None:
    first, second = packed(("a.pkl", GOOD)), packed(("b.pkl", GOOD))
    local = first[: first.index(b"PK\x01\x02")]
    result = read(local + second)
    assert "polyglot" in rules(result) or "two-readings" in rules(result)
    assert not result["complete"]


def test_bytes_between_members(read: Any) -> None:
    whole = packed(("a.pkl", GOOD))
    cut = whole.index(b"PK\x01\x02")
    hidden = b"#!/bin/sh\n" * 10
    end = whole.index(b"PK\x05\x06")
    begin = struct.unpack_from("<L", whole, end + 16)[0]
    moved = whole[:cut] + hidden + whole[cut : end + 16] + struct.pack("<L", begin + len(hidden)) + whole[end + 20 :]
    result = read(moved)
    assert rules(result) == ["hidden"]
    assert result["anomalies"][0]["offset"] == cut


def test_members_that_share_bytes(read: Any) -> None:
    whole = bytearray(packed(("a.pkl", GOOD), ("b.pkl", GOOD)))
    second = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 4)
    whole[second + 42 : second + 46] = bytes(4)
    assert "bomb" in rules(read(bytes(whole)))


def test_a_second_directory_in_the_comment(read: Any) -> None:
    rival = packed(("evil.pkl", GOOD))
    whole = packed(("a.pkl", GOOD))
    end = whole.index(b"PK\x05\x06")
    record = whole[end : end + 20] + len(rival).to_bytes(2, "little")
    result = read(whole[:end] + record + rival)
    assert "two-readings" in rules(result) and not result["complete"]


def test_a_count_of_members_that_is_wrong(read: Any) -> None:
    whole = bytearray(packed(("a.pkl", GOOD), ("b.pkl", GOOD)))
    end = whole.index(b"PK\x05\x06")
    whole[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    assert rules(read(bytes(whole))) == ["two-readings"]


def test_a_directory_that_would_fill_memory_is_not_read(read: Any) -> None:
    entry = b"PK\x01\x02" + bytes(42)
    directory = entry * 150_000
    record = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFE, 0xFFFE, len(directory), 0, 0)
    result = read(b"PK\x03\x04"[:0] + directory.replace(b"PK\x01\x02", b"PK\x03\x04", 1) + record)
    assert not result["complete"]
    assert "bomb" in rules(result)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "..\\up.pkl", "C:\\x.pkl"])
def test_members_that_leave_their_folder(read: Any, name: str) -> None:
    result = read(packed((name, b"text")))
    assert rules(result) == ["name"]


def test_names_that_are_shown_otherwise(read: Any, tmp_path: Path) -> None:
    result = read(packed(("model\u202elkp.txt", b"text")))
    assert rules(result) == ["name"] and "U+202E" in result["anomalies"][0]["note"]


def tar(*entries: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(bytes(entry.size)) if entry.isreg() else None)
    return out.getvalue()


def linked(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (linked("a/link", "../b"), []),
        (linked("a/link", "../../b"), ["link"]),
        (linked("link", "/etc/passwd"), ["link"]),
        (linked("a/hard", "a/file", tarfile.LNKTYPE), []),
        (linked("a/hard", "../file", tarfile.LNKTYPE), ["link"]),
        (linked("pipe", "", tarfile.FIFOTYPE), ["link"]),
        (tarfile.TarInfo("../out"), ["name"]),
    ],
    ids=lambda value: value if isinstance(value, list) else f"{value.name}-{value.linkname}",
)
def test_links_and_names_in_a_tar(read: Any, entry: tarfile.TarInfo, expected: list[str]) -> None:
    assert rules(read(tar(tarfile.TarInfo("first"), entry))) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("weights.json", GOOD, ["extension"]),
        ("picture.png", GOOD, ["extension"]),
        ("model.safetensors", GOOD, ["extension"]),
        ("model.pkl", GOOD, []),
        ("model.pt", GOOD, []),
        ("model", GOOD, []),
        ("model.bin", GOOD, []),
        ("notes.md", b"# text\n", []),
        ("config.json", json.dumps({"a": 1}).encode(), []),
    ],
)
def test_a_name_that_promises_another_format(tmp_path: Path, name: str, content: bytes, expected: list[str]) -> None:
    from assay_detectors.artifact.reading import read_artifact

    (tmp_path / name).write_bytes(content)
    assert rules(read_artifact(tmp_path / name)) == expected


def test_the_detector_points_at_member_and_byte(scan_structure: Any, tmp_path: Path) -> None:
    (tmp_path / "m.zip").write_bytes(packed(("../m.pkl", GOOD)))
    (tmp_path / "ok.pkl").write_bytes(GOOD)
    done = scan_structure("m.zip", "ok.pkl")
    found = {m.labels["file"]: m for m in done.measurements}
    assert (found["ok.pkl"].value, found["ok.pkl"].interval.high) == (0, 0)
    evidence = found["m.zip"].evidence[0]
    assert (found["m.zip"].value, evidence.kind, evidence.excerpt) == (1, "anomaly", "name")
    assert evidence.locator.member == "../m.pkl"
    assert RULES["name"] in evidence.note


def test_a_file_that_cannot_be_read_is_at_least(scan_structure: Any, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(GOOD[:-4])
    (measured,) = scan_structure("m.pkl").measurements
    assert (measured.value, measured.interval.low, measured.interval.high) == (1, 1, None)


def test_an_anomaly_of_no_known_kind_is_a_defect() -> None:
    with pytest.raises(KeyError):
        Report().anomaly("strange", "it is strange")


@pytest.fixture
def scan_structure(tmp_path: Path) -> Any:
    from assay.model.manifest import Manifest
    from assay.targets.base import Target
    from assay.targets.refs import InputRef

    def run(*names: str) -> Any:
        refs = tuple(InputRef(f"artifacts:{name}", "artifact", str(tmp_path / name), name) for name in names)
        done = run_detector(Structure(), Target(Manifest(version=1, name="t"), tmp_path, refs))
        assert all(m.metric == METRIC for m in done.measurements)
        return done

    return run
