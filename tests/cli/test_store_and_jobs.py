"""The store and the workers, as a user meets them: a second scan is free, a broken store loses nothing, jobs change nothing."""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.engine.store import Store
from assay.model.result import read_result

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


COMPROMISED = FIXTURES / "compromised" / "assay.yaml"


def scanner(folder):
    """Return a function that scans with a store in `folder`: exit code, result, wall and CPU seconds, stderr."""

    def run(manifest, *more):
        out = folder / "r.json"
        out.unlink(missing_ok=True)
        env = {**os.environ, "ASSAY_CACHE": str(folder / "cache" / "store.sqlite")}
        command = [sys.executable, "-m", "assay.cli", "scan", str(manifest), "-q", "-o", f"json={out}"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False, env=env)
        wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.returncode, read_result(out.read_bytes(), "r"), wall, cpu, done.stderr

    return run


@pytest.fixture
def scan(tmp_path):
    return scanner(tmp_path)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The first scan of the compromised target; its store stands beside its findings."""
    folder = tmp_path_factory.mktemp("first")
    return folder, scanner(folder)(COMPROMISED, "-o", f"findings={folder / 'a.jsonl'}")


@pytest.fixture
def scanned_before(first, scan, tmp_path):
    """Return the first scan of the compromised target, the store of which `scan` goes on with."""
    shutil.copytree(first[0] / "cache", tmp_path / "cache")
    return first[1]


@pytest.fixture
def small(tmp_path):
    """The manifest of the compromised target without model and data, which take long."""
    shutil.copytree(FIXTURES / "compromised", tmp_path / "small")
    text = (tmp_path / "small" / "assay.yaml").read_text()
    kept = text[text.index("logs:") :]
    manifest = tmp_path / "small" / "assay.yaml"
    manifest.write_text(f"version: 1\nname: small\nartifacts: [artifacts/*.pkl]\n{kept}")
    return manifest


def test_an_unchanged_second_scan_asks_no_model_and_costs_a_second_at_most(scanned_before, scan):
    first, second = scanned_before, scan(COMPROMISED)
    start_up = min(_start_up() for _ in range(3))
    assert (first[0], second[0]) == (1, 1)
    assert first[1].canonical() == second[1].canonical()
    assert all(outcome.cost.remembered for outcome in second[1].outcomes)
    assert second[3] - start_up <= 1.0


def _start_up():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "assay.cli", "detectors", "list"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_engines_and_jobs_give_the_same_bytes(scan):
    forms = {
        scan(COMPROMISED, "--no-cache", *how)[1].canonical()
        for how in (("--engine", "inline"), ("--jobs", "1"), ("--jobs", "3"))
    }
    assert len(forms) == 1


def test_findings_are_the_same_from_the_store(first, scanned_before, scan, tmp_path):
    scan(COMPROMISED, "-o", f"findings={tmp_path / 'b.jsonl'}")
    measured, remembered = (first[0] / "a.jsonl").read_text(), (tmp_path / "b.jsonl").read_text()
    assert measured == remembered
    assert len(measured.splitlines()) > 150


def test_no_planted_value_is_in_the_store(scanned_before, tmp_path):
    plants = json.loads((FIXTURES / "MANIFEST.json").read_text())["targets"]["compromised"]["plants"]
    values = [p["value"] for p in plants if p["kind"] in ("personal-data", "secret") and p["entity"] != "IP_ADDRESS"]
    path = tmp_path / "cache" / "store.sqlite"
    keys = [key for (key,) in sqlite3.connect(path).execute("select key from entries")]
    store = Store.open(path, now=time.time())
    text = json.dumps([store.get(key) for key in keys], default=lambda array: array.tolist())
    store.close()
    raw = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert "EMAIL_ADDRESS" in text
    assert len(values) > 40
    assert not [value for value in values if len(value) > 8 and (value in text or value.encode() in raw)]


def corrupt(path):
    path.write_bytes(os.urandom(20_000))
    path.chmod(0o600)


def newer(path):
    with sqlite3.connect(path) as store:
        store.execute("pragma user_version = 99")


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [corrupt, newer, folder], ids=lambda spoil: spoil.__name__)
def test_a_spoiled_store_is_told_once_and_loses_nothing(scan, small, tmp_path, spoil):
    first = scan(small)
    path = tmp_path / "cache" / "store.sqlite"
    for extra in (tmp_path / "cache").glob("store.sqlite-*"):
        extra.unlink()
    spoil(path)
    again = scan(small)
    assert again[0] == 1
    assert again[1].canonical() == first[1].canonical()
    assert "store.sqlite" in again[4]
    assert "Traceback" not in again[4]
    assert len(again[4].strip().splitlines()) == 1


def test_dry_run_says_what_would_run_and_measures_nothing(assay, target, manifest):
    manifest(logs=None)
    done = assay("scan", "assay.yaml", "--dry-run", "--policy", "strict")
    assert done.code == 3  # strict requires pii.logs, and it would not run
    assert "artifact.unsafe-code" in done.out
    assert "would not run: pii.logs: the manifest declares no logs (the policy requires it)" in done.out
    assert done.result is None


def test_a_tiny_budget_is_never_exit_0(assay, target):
    done = assay("scan", "assay.yaml", "--budget", "0.05s", "--no-cache")
    assert done.code == 3
    assert "budget" in done.out
    assert "Traceback" not in done.out + done.err
