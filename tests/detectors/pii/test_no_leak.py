"""No value gets out: every report, stream, store, temporary file and statement is searched for every planted value.

Each value is looked for as it is, spelled and encoded otherwise, and as a digest without a key. Names of files are the
exception: a place cannot be named without them, so they are shown, in the path and nowhere else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import os
import pty
import shutil
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

import leak_project
from leak_probe import Probe, contents
from leak_project import IN_PATHS, Planted

from assay.reports.registry import formats
from assay_detectors.pii import dataset, dataset_work, logs, scan
from assay_detectors.pii.entities import NAMES

SEED = 5
EVERY_FORMAT = [format_.name for format_ in formats()]


class Watched:
    """Copies what lies in a folder for temporary files while it is watched, unlinked files of a process included."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder, self._pid = folder, pid
        self.seen: dict[str, bytes] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for path in [*self._folder.rglob("*"), *Path(f"/proc/{self._pid}/fd").glob("*")]:
                try:
                    real = os.readlink(path) if path.is_symlink() else str(path)
                    if real.startswith(str(self._folder)) and os.path.isfile(path):
                        self.seen[f"temporary {real}"] = path.read_bytes()
                except OSError:
                    continue


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted(SEED)


@pytest.fixture(scope="module")
def probe(planted: Planted) -> Probe:
    return Probe(planted.values)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, planted: Planted) -> Path:
    folder = tmp_path_factory.mktemp("leaks")
    leak_project.build(folder, planted)
    return folder


def command(folder: Path, *arguments: str, streams: dict[str, bytes]) -> int:
    """Run `assay` with a terminal on stderr, so that progress is drawn; keep all that it says and leaves."""
    out, temporary = folder / "out", folder / "tmp"
    for made in (out, temporary):
        made.mkdir(exist_ok=True)
    leader, follower = pty.openpty()
    env = {"ASSAY_CACHE": str(out / "store.sqlite"), "TMPDIR": str(temporary), "TERM": "xterm", "COLUMNS": "4000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "assay.cli", *arguments],
        cwd=folder, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    watched = Watched(temporary, process.pid)
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(_read(leader)))
    reader.start()
    streams[f"stdout of {arguments}"] = process.communicate()[0]
    reader.join()
    watched.stop()
    streams[f"stderr of {arguments}"] = b"".join(said)
    streams |= watched.seen | {f"left {name}": data for name, data in contents(temporary)}
    return process.returncode


def _read(leader: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(leader, 1 << 16)
        except OSError:
            return
        if not data:
            return
        yield data


@pytest.fixture(scope="module")
def said(project: Path) -> dict[str, bytes]:
    """Run every command on the project; return all that came out, by name."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate().private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    (project / "key.pem").write_bytes(key)
    streams: dict[str, bytes] = {}

    def run(*arguments: str) -> int:
        return command(project, *arguments, streams=streams)

    reports = [f for name in EVERY_FORMAT for f in ("-o", f"{name}=out/{name}")]
    assert run("scan", "assay.yaml", "--policy", "policy.yaml", *reports, "-o", "summary=out/summary") == 3
    mark = json.loads((project / "out" / "json").read_text())["verdict"]["findings"][-1]["fingerprint"]
    again = [f for name in EVERY_FORMAT for f in ("-o", f"{name}=out/again-{name}")]
    assert run("report", "out/json", *again) == 3
    assert run("judge", "out/json", "--policy", "strict", "-o", "json=out/judged") == 3
    run("diff", "out/json", "out/judged")
    run("explain", mark, "--result", "out/json")
    waive = ("--policy", "policy.yaml", "--kind", "accepted_risk", "--approver", "ciso", "--expires", "30d")
    run("waive", mark, "--result", "out/json", *waive, "--reason", "accepted for this test")
    run("waivers", "list", "--policy", "policy.yaml")
    assert run("attest", "out/json", "--key", "key.pem", "--as-it-stands", "-o", "out/attestation") == 0
    run("init", ".", "--print")
    run("scan", "logs", "-o", "json=out/bare", "-o", "html=out/bare.html")
    run("scan", "assay.yaml", "--dry-run")
    streams["policy.yaml"] = (project / "policy.yaml").read_bytes()
    said = streams | dict(contents(project / "out"))
    said["statement"] = base64.b64decode(json.loads(said["attestation"])["payload"])
    return said


def test_every_kind_was_found_and_every_format_was_written(said: dict[str, bytes]) -> None:
    rows = [json.loads(line) for line in said["findings"].splitlines()]
    assert {row["labels"]["entity"] for row in rows if "entity" in row["labels"]} == set(NAMES)
    assert all(len(said[name]) > 200 for name in (*EVERY_FORMAT, "statement"))
    chains = {row["locator"].get("path") for row in rows}
    assert {"url", "base64 > base64", "base64 > hex > base64"} <= chains
    texts = [text for o in json.loads(said["json"])["outcomes"] for text in o["not_covered"]]
    for told in ("cut.log.gz could not be read", "bomb.log: line 1 was not fully", "binary.log is binary"):
        assert any(told in text for text in [*texts, str(said["json"])]), told


def test_no_value_is_in_anything_that_came_out(said: dict[str, bytes], probe: Probe) -> None:
    assert len(probe.forms) > 5000
    assert sum(map(len, said.values())) > 5_000_000
    assert [leak for name, data in said.items() for leak in probe.leaks(name, data)] == []


def test_a_value_that_is_a_key_is_not_in_any_path(said: dict[str, bytes]) -> None:
    assert any(b"$.sessions.*.mail" in data for data in said.values())
    assert [(name, key) for name, data in said.items() for key in leak_project.KEYS if key.encode() in data] == []


def test_a_name_of_a_file_is_shown_in_its_path_and_nowhere_else(said: dict[str, bytes]) -> None:
    in_paths = Probe(IN_PATHS)
    found = [leak for name, data in said.items() for leak in in_paths.leaks(name, data)]
    assert any("'736-22-8741' plain" in leak for leak in found)
    spelled = ("plain", "as HTML", "as JSON", "as a URL", "as a form", "as Markdown")
    beside = ("brightwater.example.log", "736-22-8741/", "736-22-8741&#x2f;", "736-22-8741%2f")
    for leak in found:
        assert any(f" {how}: " in leak for how in spelled), leak
        assert any(one in leak for one in beside), leak


def test_work_that_breaks_does_not_say_over_what(
    project: Path, probe: Probe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from assay.cli.main import run

    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "store.sqlite"))
    reports = [part for name in EVERY_FORMAT for part in ("-o", f"{name}={tmp_path / name}")]
    for work in (leak_project.breaks, leak_project.breaks_aloud):
        monkeypatch.setattr(logs, "scan_shard", work)
        monkeypatch.setattr(dataset, "search_table", work)
        assert run(["scan", str(project / "assay.yaml"), "--no-cache", *reports]) == 3
        shown = "".join(capfd.readouterr())
        assert "ValueError" in shown and "leak_project:breaks" in shown
        everything = [("streams", shown.encode()), *contents(tmp_path)]
        assert [leak for name, data in everything for leak in probe.leaks(name, data)] == []


def test_the_work_of_both_detectors_is_quiet() -> None:
    assert hasattr(scan.scan_shard, "__wrapped__")
    assert hasattr(dataset_work.search_table, "__wrapped__")


def test_the_text_of_an_exception_of_a_rule_is_kept_back(
    logs: Callable[..., Any], scan: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay_detectors.pii.line import LineScanner
    from assay_detectors.pii.quiet import DefectError

    def block(_scanner: LineScanner, text: str) -> None:
        raise KeyError(text)

    monkeypatch.setattr(LineScanner, "block", block)
    with pytest.raises(DefectError) as caught:
        scan(logs(a="card 4556737586899855\n"))
    assert str(caught.value).startswith("KeyError in ")
    assert "4556" not in str(caught.value)


MAIL, CARD = "maria.lopez@uni-bonn.de", "4556 7375 8689 9855"
CANARY = {MAIL: "EMAIL_ADDRESS", CARD: "CREDIT_CARD"}
LEAKS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda value: value.encode(),
    "capitals": lambda value: value.upper().encode(),
    "without separators": lambda value: value.replace(" ", "").replace("@", "").replace(".", "").replace("-", "").encode(),
    "backwards": lambda value: value[::-1].encode(),
    "JSON": lambda value: json.dumps(value).encode(),
    "HTML": lambda value: html.escape(value).encode(),
    "URL": lambda value: urllib.parse.quote(value, safe="").encode(),
    "Markdown": lambda value: value.replace("@", "&#64;&#8203;").encode(),
    "UTF-16": lambda value: value.encode("utf-16"),
    "wrapped": lambda value: value.replace(" ", "\n  ").encode(),
    "hex": lambda value: value.encode().hex().encode(),
    **{
        f"base64 after {before} bytes": lambda value, before=before: base64.b64encode(b"x" * before + value.encode() + b"tail")
        for before in range(3)
    },
    **{name: lambda value, name=name: hashlib.new(name, value.encode()).hexdigest().encode() for name in ("md5", "sha1", "sha256")},
    "blake2b, cut": lambda value: hashlib.blake2b(value.encode()).hexdigest()[:16].encode(),
    "sha256 in base64": lambda value: base64.b64encode(hashlib.sha256(value.encode()).digest()),
    "digest of the kind and the value": lambda value: hashlib.sha256(f"{CANARY[value]}\0{value.replace(' ', '')}".encode()).hexdigest().encode(),
}  # fmt: skip


@pytest.mark.parametrize("how", LEAKS)
@pytest.mark.parametrize("value", CANARY)
def test_the_search_sees_a_leak(how: str, value: str) -> None:
    data = b'{"note": "some text before ' + LEAKS[how](value) + b' and after"}'
    assert Probe(CANARY).leaks("a", data)
    assert not Probe(CANARY).leaks("a", data.replace(LEAKS[how](value), b"v***"))


def test_the_search_looks_into_a_store(tmp_path: Path) -> None:
    import sqlite3
    import zlib

    with sqlite3.connect(tmp_path / "s.sqlite") as store:
        store.execute("create table entries (value blob)")
        store.execute("insert into entries values (?)", (zlib.compress(MAIL.encode() * 200),))
    assert any(Probe(CANARY).leaks(name, data) for name, data in contents(tmp_path))


def test_a_mask_that_shows_the_value_is_caught(
    logs: Callable[..., Any], scan: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay_detectors.pii import scan as worker

    target = logs(a=f"{MAIL} card {CARD}\n", b=gzip.compress(MAIL.encode()))
    masked = "\n".join(o.model_dump_json() for o in scan(target).observations)
    monkeypatch.setattr(worker, "masked", lambda _entity, value: value)
    leaking = "\n".join(o.model_dump_json() for o in scan(target).observations)
    assert Probe(CANARY).leaks("observations", masked.encode()) == []
    assert len(Probe(CANARY).leaks("observations", leaking.encode())) >= 2


def test_a_store_beside_the_project_holds_no_key_of_the_groups(project: Path, said: dict[str, bytes]) -> None:
    assert "store.sqlite" in said
    assert not any(b'"key":' in data for name, data in said.items() if name.startswith("store.sqlite"))
    shutil.rmtree(project / "tmp")
