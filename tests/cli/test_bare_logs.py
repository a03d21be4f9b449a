"""Bare files and folders: what is packed or a table is searched as a log, told, or no log; never passed in silence."""

import bz2
import gzip
import io
import lzma
import pickle
import random
import tarfile

import pytest

DIRTY = b"user jane.roe@gmail.com card 4111111111111111\n" * 3
FINE = b"served in 12 ms\n" * 20
MODEL = pickle.dumps({"weights": [1.0] * 50})


def zst(data):
    return pytest.importorskip("zstandard").compress(data)


def table(text):
    arrow = pytest.importorskip("pyarrow")
    buffer = io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(arrow.table({"n": [1, 2], "text": [text, "fine"]}), buffer)
    return buffer.getvalue()


def tar(name, data):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


CASES = {
    # name: (files, exit code, words of the last line, logs that are searched)
    "packed alone": (lambda: {"2024-05-05.gz": gzip.compress(DIRTY)}, 1, "", ["2024-05-05.gz"]),
    "bzip2": (lambda: {"app.log": FINE, "part-0001.bz2": bz2.compress(DIRTY)}, 1, "", ["app.log", "part-0001.bz2"]),
    "zstandard": (lambda: {"app.log": FINE, "in-2024.zst": zst(DIRTY)}, 1, "", ["app.log", "in-2024.zst"]),
    "xz": (lambda: {"app.log": FINE, "inference.xz": lzma.compress(DIRTY)}, 1, "", ["app.log", "inference.xz"]),
    "a text beside": (lambda: {"notes": DIRTY, "old.xz": lzma.compress(FINE)}, 1, "", ["notes", "old.xz"]),
    "parquet": (lambda: {"part-0.parquet": table("jane.roe@gmail.com")}, 1, "", ["part-0.parquet"]),
    "clean parquet": (lambda: {"part-0.parquet": table("fine")}, 0, "is a log too", ["part-0.parquet"]),
    "packed csv": (lambda: {"data.csv.gz": gzip.compress(b"a,b\n1,2\n")}, 0, "", ["data.csv.gz"]),
    "damaged": (lambda: {"app.log": FINE, "x.gz": gzip.compress(FINE * 9999)[:-20]}, (1, 3, 4), "ends in the middle",
                ["app.log", "x.gz"]),
    "a packed model": (lambda: {"pipe.gz": gzip.compress(MODEL), "README.md": DIRTY}, 0,
                       "README.md (a text beside what is no log), pipe.gz (no log", []),
    "a model in a tar": (lambda: {"model.tar.gz": tar("m.pkl", MODEL), "README.md": DIRTY}, 0, "README.md", []),
    "a tar of texts": (lambda: {"2024.tar.gz": tar("2024", DIRTY)}, 3, "2024.tar.gz (no log: its content is tar)", []),
    "weights": (lambda: {"weights.bin.gz": gzip.compress(random.Random(1).randbytes(999))}, 4, "", []),
    "all beside a model": (
        lambda: {"m.pkl": MODEL, "README.md": DIRTY, "data.csv.gz": gzip.compress(DIRTY), "t.parquet": table("a@b.de")},
        0, "README.md and 2 more (texts beside models", [],
    ),
    "a picture and a text": (lambda: {"a.png": b"\x89PNG\r\n\x1a\n" + bytes(50), "README.md": DIRTY}, 3, "README.md", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bare_folder(assay, tmp_path, name):
    make, code, words, logs = CASES[name]
    (tmp_path / "in").mkdir()
    for file, content in make().items():
        (tmp_path / "in" / file).write_bytes(content)
    done = assay("scan", "in", "--policy", "baseline", "--no-cache")
    assert done.code in (code if isinstance(code, tuple) else (code,)), done.out
    assert words in done.out.splitlines()[-1]
    records = [r for r in done.result["provenance"]["inputs"] if r["role"] == "log"]
    assert [r["path"] for r in records if not r["facts"].get("no_log") and r["path"] != "README.md"] == logs
    if code == 1:
        assert {f["rule"] for f in done.result["verdict"]["findings"]} == {"no-secrets-in-logs"}


def test_a_bare_packed_file(assay, tmp_path):
    (tmp_path / "2024-05-05.gz").write_bytes(gzip.compress(DIRTY))
    (tmp_path / "part.parquet").write_bytes(table("jane.roe@gmail.com"))
    assert assay("scan", "2024-05-05.gz", "--no-cache").code == 1
    assert assay("scan", "part.parquet", "--no-cache").code == 1
