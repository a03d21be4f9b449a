"""Bad logs: one sentence with file and remedy, the good part searched, the coverage lowered, the right exit code."""

import gzip
import os
import pickle
import random
import re
import socket
import threading
import time

import pytest

MAIL = b"user maria.lopez@uni-bonn.de asked\n"


def numbers(lines):
    chance = random.Random(1)
    return b"".join(b"%d\n" % chance.randrange(10**12) for _ in range(lines))


BAD = {
    # file: (content, mails that are found, or None where the file is refused; words of the sentence)
    "cut.log.gz": (gzip.compress(MAIL + numbers(20_000))[:-3000], 1, r"ends in the middle .* after line \d+; restore the file"),
    "damaged.log.gz": (gzip.compress(MAIL + numbers(100))[:-5] + b"\xff" * 5, 1, "compressed data are damaged"),
    "mixed.log": (
        MAIL + "café jo.k@acme.org\n".encode("latin-1") + "größe pat@acme.org\n".encode() + "zed@acme.org\n".encode("utf-16-le") + MAIL,
        5, "text in UTF-16 among its lines, .*; write it as UTF-8",
    ),
    "wide_part.log": (
        b"served in 12 ms\n" * 9000 + "zed@acme.org asked\nand jo@acme.org\n".encode("utf-16-le") + MAIL, 3,
        "text in UTF-16 among its lines",
    ),
    "packed_part.log": (
        MAIL + b"served in 12 ms\n" * 9000 + gzip.compress(MAIL), 1, r"compressed data \(gzip\) among its lines",
    ),
    "hole.log": (MAIL + b"\0" * 70_000 + MAIL, 2, "many NUL bytes: parts of it are lost"),
    "wide.log": (("mail jo.k@acme.org\n" * 50).encode("utf-16-le"), None, "save it with a byte order mark"),
    "binary.log": (bytes(range(256)) * 20, None, "is binary, not a log: .*; take it out of"),
    "picture.log": (b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(3000), None, "is binary, not a log"),
}  # fmt: skip
FINE = {
    "good.log": (MAIL, 1),
    "no_utf8.log": (b"\xc3\x28 caf\xe9 " + MAIL, 1),
    "few_nul.log": (b"a" * 5000 + b"\n" + MAIL + b"\0\0\n", 1),
    "not_packed.log.gz": (MAIL, 1),
    "ragged.log": (b"id,mail\n1,a@acme.org,x\n2\n3,b@acme.org\n", 2),
    "marked.log": (("\ufeff" + MAIL.decode()).encode("utf-16-le"), 1),
    "carriage.log": (MAIL.replace(b"\n", b"\r") * 2, 2),
}


def mails(result):
    outcome = next(o for o in result["outcomes"] if o["detector"] == "pii.logs")
    found = [m for m in outcome["measurements"] if m["labels"]["entity"] == "EMAIL_ADDRESS"]
    return {m["labels"]["source"]: m for m in found if m["value"]}, outcome


def told(result):
    return [r["problem"] for r in result["provenance"]["inputs"] if r["problem"]] + mails(result)[1]["not_covered"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_log_beside_a_good_one(assay, tmp_path, name):
    content, count, words = BAD[name]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / name).write_bytes(content)
    (tmp_path / "logs" / "good.log").write_bytes(MAIL)
    done = assay("scan", "logs", "--no-cache")
    found, _ = mails(done.result)
    assert done.code == (3 if count is None else 1), done.out
    assert found["good.log"]["value"] == 1
    assert found["good.log"]["interval"]["high"] is None
    assert (found[name]["value"] if name in found else None) == count
    (sentence,) = {text for text in told(done.result) if text.startswith(name)}
    assert re.search(words, sentence)
    assert "\n" not in sentence
    assert "Traceback" not in done.out + done.err


def test_odd_logs_are_read_to_their_end(assay, tmp_path):
    for name, (content, _) in FINE.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "assay.yaml").write_text("version: 1\nname: x\nlogs: [{path: '*.log*'}]\n")
    done = assay("scan", "assay.yaml", "--no-cache")
    found, _ = mails(done.result)
    assert done.code == 1
    assert {name: m["value"] for name, m in found.items()} == {name: count for name, (_, count) in FINE.items()}
    assert all(m["interval"]["high"] == m["value"] for m in found.values())


@pytest.fixture
def odd_folder(tmp_path):
    folder = tmp_path / "logs"
    (folder / "sub").mkdir(parents=True)
    (folder / "good.log").write_bytes(MAIL)
    (folder / "empty.log").write_bytes(b"")
    (folder / "secret.log").write_bytes(MAIL)
    (folder / "secret.log").chmod(0)
    os.mkfifo(folder / "pipe.log")
    os.symlink("nowhere", folder / "dangling.log")
    os.symlink("loop.log", folder / "loop.log")
    os.symlink("..", folder / "sub" / "up")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs.log").write_bytes(b"mail other@acme.org\n")
    (outside / "model.pkl").write_bytes(pickle.dumps(os.system))
    os.symlink(outside, folder / "away")
    here = os.getcwd()
    os.chdir(folder)  # a path of a socket has a limit
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("sock.log")
    os.chdir(here)
    return folder


def test_what_is_no_file_is_named_and_never_waited_for_nor_followed(assay, odd_folder):
    done = assay("scan", "logs", "--no-cache", timeout=120)
    found, _ = mails(done.result)
    assert done.code == 3
    assert set(found) == {"good.log"}
    sentences = told(done.result)
    for words in (
        "pipe.log: is no regular file", "sock.log: is no regular file", "dangling.log: there is no such file",
        "loop.log: cannot be read", "secret.log: cannot be read (Permission denied)", "away: is a link to a folder",
        "sub/up: is a link to a folder",
    ):  # fmt: skip
        assert any(text.startswith(words) for text in sentences), words
    assert any("empty.log (empty" in text for text in done.result["verdict"]["coverage"]["not_covered"])
    assert "theirs" not in done.path.read_text()
    assert "posix" not in done.path.read_text()


FOLDERS = {
    # name: (files, exit code, words of the last line, logs)
    "clean": ({"app.log": b"fine\n"}, 0, "checked 3 of 3 required", ["app.log"]),
    "nested and rotated": (
        {"app.log": b"fine\n", "app.log.1": MAIL, "old/app.log.2.gz": gzip.compress(MAIL), "app.log.3": b""},
        1, "app.log.3 (empty", ["app.log", "app.log.1", "old/app.log.2.gz"],
    ),
    "beside a model": (
        {"app.log": b"fine\n", "README.md": MAIL, "notes.txt": MAIL, "model.pkl": pickle.dumps({"a": 1})},
        0, "README.md and 1 more (texts beside models", ["app.log"],
    ),
    "a readme alone": ({"README.md": b"fine\n", "x.txt": MAIL}, 1, "checked 3 of 3 required", ["README.md", "x.txt"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_a_bare_folder_of_logs(assay, tmp_path, name):
    files, code, words, logs = FOLDERS[name]
    for path, content in files.items():
        (tmp_path / "logs" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / path).write_bytes(content)
    done = assay("scan", "logs/", "--policy", "baseline", "--no-cache")
    assert (done.code, done.err) == (code, "")
    assert words in done.out.splitlines()[-1]
    read = [r["path"] for r in done.result["provenance"]["inputs"] if r["role"] == "log"]
    assert sorted(read) == sorted(logs)
    assert not [f for f in done.result["verdict"]["findings"] if f["rule"] != "no-secrets-in-logs"]


def test_an_empty_folder_is_exit_3_and_one_sentence(assay, tmp_path):
    (tmp_path / "logs").mkdir()
    done = assay("scan", "logs")
    assert (done.code, done.out) == (3, "")
    assert done.err.count("\n") == 1 and "the folder holds no file" in done.err


def test_a_model_in_the_clothes_of_a_log_is_read_as_one(assay, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "app.log").write_bytes(b"fine\n")
    (tmp_path / "logs" / "old.log").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    done = assay("scan", "logs", "--no-cache")
    assert done.code == 1
    assert {f["rule"] for f in done.result["verdict"]["findings"]} >= {"no-unsafe-code"}


CHANGES = {
    "grows": lambda path: path.open("ab").write(MAIL * 100),
    "is cut off": lambda path: os.truncate(path, 1000),
    "is replaced": lambda path: os.replace(_fresh(path), path),
    "is rotated away": lambda path: path.rename(path.with_suffix(".1")) if path.exists() else None,
}


def _fresh(path):
    other = path.with_suffix(".new")
    other.write_bytes(MAIL * 500)
    return other


@pytest.mark.parametrize("how", CHANGES)
def test_a_log_that_changes_while_it_is_read(assay, tmp_path, how):
    path = tmp_path / "live.log"
    path.write_bytes((MAIL + b"served in 12 ms\n" * 200) * 500)
    (tmp_path / "good.log").write_bytes(MAIL)
    (tmp_path / "assay.yaml").write_text("version: 1\nname: x\nlogs: [{path: live.log}, {path: good.log}]\n")
    ended = threading.Event()

    def writer():
        time.sleep(0.7)
        while not ended.wait(0.02):
            CHANGES[how](path)

    thread = threading.Thread(target=writer)
    thread.start()
    try:
        done = assay("scan", "assay.yaml")
    finally:
        ended.set()
        thread.join()
    found, _ = mails(done.result)
    assert done.code == 3
    assert found["good.log"]["value"] == 1
    assert any(
        text.startswith("live.log")
        and ("changed while it was scanned" in text or "no such file" in text or "does not exist" in text)
        for text in told(done.result)
    ), told(done.result)
    assert "Traceback" not in done.out + done.err


def test_a_torn_table_as_data_and_as_log(assay, tmp_path):
    rows = ["id,mail,label", *(f"{n},u{n}@acme.org,{n % 2}" for n in range(80))]
    rows[40] += ",odd,more"
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "assay.yaml").write_text(
        "version: 1\nname: x\ndata: {train: {path: t.csv, label: label}}\nlogs: [{path: t.csv}]\n"
    )
    done = assay("scan", "assay.yaml", "--no-cache")
    assert done.code == 3
    found, _ = mails(done.result)
    assert found["t.csv"]["value"] == 80
    assert any(
        r["problem"] and "t.csv: line 41 has 5 fields" in r["problem"] for r in done.result["provenance"]["inputs"]
    )
    table = next(o for o in done.result["outcomes"] if o["detector"] == "pii.dataset")
    counts = [m for m in table["measurements"] if m["metric"] == "pii.dataset.values" and m["value"]]
    assert [(m["value"], m["interval"]["high"]) for m in counts] == [(79, None)]
    assert any("79 of 80 records fit the header" in text for text in table["not_covered"])


def test_a_line_of_64_mb_is_searched_whole_in_flat_memory(assay, tmp_path):
    with (tmp_path / "huge.log").open("wb") as stream:
        for _ in range(64):
            stream.write(b"0123456789abcdef" * 65536)
        stream.write(b" mail jane.roe@acme.org \n" + MAIL)
    done = assay("scan", "huge.log", "--no-cache")
    found, outcome = mails(done.result)
    assert done.code == 1
    assert (found["huge.log"]["value"], found["huge.log"]["interval"]["high"]) == (2, 2)
    assert outcome["cost"]["peak_rss_mb"] < 250
