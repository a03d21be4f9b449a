"""A folder of hostile files: bounded time and memory, one reasoned outcome a file, nothing written, others not lost."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import stat
import time
import zipfile
import zlib
from pathlib import Path

import pytest

EVIL = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
GOOD = pickle.dumps({"a": 1})


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bomb/data.pkl", bytes(300 << 20))
    return out.getvalue()


def nested_zips(depth: int) -> bytes:
    data = EVIL
    for _ in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("inner.zip", data)
        data = out.getvalue()
    return data


def nested_gzips(depth: int) -> bytes:
    data = EVIL
    for _ in range(depth):
        data = gzip.compress(data, 1)
    return data


HOSTILE = {
    "zip_bomb.pt": zip_bomb(),
    "zlib_bomb.joblib": zlib.compress(bytes(300 << 20), 9),
    "deep_list.pkl": b"\x80\x04" + b"](" * 10_000 + b"e" * 10_000 + b".",
    "deep_tuple.pkl": b"\x80\x04)" + b"\x85" * 200_000 + b".",
    "deep_zip.zip": nested_zips(200),
    "deep_gzip.gz": nested_gzips(200),
    "long_bytes.pkl": b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x.",
    "long_text.pkl": b"\x80\x04\x8d" + (1 << 62).to_bytes(8, "little") + b"x.",
    "long_frame.pkl": b"\x80\x04\x95" + (1 << 61).to_bytes(8, "little") + GOOD[2:],
    "long_int.pkl": b"\x80\x04\x8b" + (0x7FFFFFFF).to_bytes(4, "little") + b"\x01.",
    "wide_memo.pkl": b"\x80\x04Nr" + (0x7FFFFFF0).to_bytes(4, "little") + b".",
    "cycle.pkl": b"\x80\x04]\x94h\x00a.",
    "cut.pkl": GOOD[:-3],
    "long_header.npy": b"\x93NUMPY\x02\x00" + (0xFFFFFFF0).to_bytes(4, "little") + b"{}",
    "wide_array.npy": b"\x93NUMPY\x01\x00\x76\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976, 1024), }".ljust(117)
    + b"\n",
    "header.safetensors": (1 << 62).to_bytes(8, "little") + b'{"a":{"dtype":"F32"}}',
    "deep_json.safetensors": (20_008).to_bytes(8, "little") + b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}  ",
    "many_members.zip": b"PK\x05\x06" + bytes(4) + b"\xfe\xff\xfe\xff" + (1 << 30).to_bytes(4, "little") + bytes(6),
}
ODD_AND_HONEST = frozenset({"cycle.pkl", "deep_list.pkl", "deep_tuple.pkl"})
"""A list that holds itself, lists 10,000 deep, tuples 200,000 deep: pickle.load makes them without harm."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every hostile file beside a good and a bad one, links, strange names."""
    place = tmp_path / "models"
    place.mkdir()
    for name, data in HOSTILE.items():
        (place / name).write_bytes(data)
    (place / "good.pkl").write_bytes(GOOD)
    (place / "evil.pkl").write_bytes(EVIL)
    (place / "empty.pkl").write_bytes(b"")
    (place / "loop").symlink_to(place)
    (place / "self.pkl").symlink_to(place / "self.pkl")
    (place / "out.pkl").symlink_to("/etc/passwd")
    os.mkfifo(place / "pipe.pkl")
    for name in ("bidi\u202egpj.pkl", "con\x1b[31mtrol.pkl", "new\nline.pkl", "..%2f..%2fup.pkl", "-o.pkl"):
        (place / name).write_bytes(GOOD)
    return place


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in [folder, *folder.rglob("*")]:
        info = path.lstat()
        found[str(path)] = (stat.S_IFMT(info.st_mode), info.st_size, info.st_mtime_ns)
    return found


def test_a_folder_of_hostile_files(assay, folder: Path) -> None:
    before = snapshot(folder)
    started = time.monotonic()
    done = assay("scan", "models")
    assert time.monotonic() - started < 120
    assert snapshot(folder) == before
    assert done.code == 3  # a pipe, an empty file and links: what could not be read outranks what was found
    assert "Traceback" not in done.out + done.err
    assert "\x1b[31m" not in done.out + done.err and "\u202e" not in done.out + done.err
    outcome = next(o for o in done.result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    assert outcome["cost"]["peak_rss_mb"] < 700
    measured = {m["labels"]["file"].rsplit("/", 1)[-1]: m for m in outcome["measurements"]}
    for name in HOSTILE:
        interval = measured[name]["interval"]
        if name in ODD_AND_HONEST:
            continue
        assert interval["high"] is None, name
        reasons = [e["note"] for e in measured[name]["evidence"] if e["kind"] == "unread"]
        assert reasons and all(len(reason) < 700 for reason in reasons), name
    assert measured["evil.pkl"]["value"] == 1
    assert measured["good.pkl"]["interval"] == {**measured["good.pkl"]["interval"], "low": 0, "high": 0}
    for name in ("empty.pkl", "self.pkl", "pipe.pkl", "loop"):
        assert measured[name]["interval"]["high"] is None, name
    strange = [name for name in measured if "u202e" in name or "x1b" in name or "\\n" in name]
    assert len({name.partition(" (")[0] for name in strange}) == 3


def test_structure_names_the_tricks(assay, folder: Path) -> None:
    done = assay("scan", "models")
    outcome = next(o for o in done.result["outcomes"] if o["detector"] == "artifact.structure")
    rules = {
        m["labels"]["file"].rsplit("/", 1)[-1]: {e["excerpt"] for e in m["evidence"]} for m in outcome["measurements"]
    }
    assert "bomb" in rules["zip_bomb.pt"] and "bomb" in rules["zlib_bomb.joblib"]
    assert "bomb" in rules["deep_zip.zip"] and "bomb" in rules["deep_gzip.gz"]
    assert rules["cut.pkl"] & {"cut-off", "damaged"}
    assert "out.pkl" not in rules  # a link to a text, which is no model; one to a folder is not followed
    assert rules["good.pkl"] == set()
    assert any("name" in found for name, found in rules.items() if "u202e" in name)


def test_ten_thousand_files(assay, tmp_path: Path) -> None:
    place = tmp_path / "many"
    place.mkdir()
    for index in range(10_000):
        (place / f"{index:05}.pkl").write_bytes(GOOD)
    (place / "05000.pkl").write_bytes(EVIL)
    done = assay("scan", "many", timeout=280)
    assert done.code == 1
    outcome = next(o for o in done.result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    assert len(outcome["measurements"]) == 10_000
    assert sum(m["value"] for m in outcome["measurements"]) == 1


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(assay, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(GOOD)
    (tmp_path / "m.pkl").chmod(0)
    done = assay("scan", "m.pkl")
    assert done.code == 3 and "Permission denied" in done.out + done.err
