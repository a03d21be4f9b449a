"""`assay detectors doctor`: says what would run, what would not and why, and believes only the worker's own probes."""

import json
import sys
from importlib.util import find_spec

import pytest

from assay.cli.main import run
from assay.engine import catalogue, libraries, selftest
from assay.engine.room import PROPERTIES, Seal
from assay.engine.selftest import SelfTest

WHOLE = Seal({"landlock": "abi 7", "seccomp": "filter"}, dict.fromkeys(PROPERTIES, True))
OPEN = Seal(
    {"landlock": "missing: the kernel has no Landlock", "seccomp": "filter"},
    {**WHOLE.held, "read elsewhere": False, "write": False},
)


def said_by_worker(**changes):
    return lambda: SelfTest(
        **{"kernel": "Linux 6", "machine": "x", "start_ms": 50.0, "threads": True, "seal": WHOLE, **changes}
    )


@pytest.fixture
def doctor(capsys):
    def call(*arguments):
        code = run(["detectors", "doctor", *arguments])
        return code, capsys.readouterr().out

    return call


@pytest.mark.skipif(sys.platform != "linux", reason="there is no seal but on Linux")
def test_a_real_worker_is_started_and_measured(doctor):
    code, said = doctor("--json")
    report = json.loads(said)
    assert report["worker"]["problem"] is None
    assert 5 < report["worker"]["start_ms"] < 10_000
    assert report["worker"]["threads"] is True
    assert set(report["worker"]["layers"]) == {"namespaces", "capabilities", "landlock", "rlimits", "seccomp"}
    assert set(report["worker"]["held"]) == set(PROPERTIES)
    assert (code == 0) is all(report["worker"]["held"].values())


def test_all_is_well(doctor, monkeypatch):
    monkeypatch.setattr(selftest, "self_test", said_by_worker())
    code, said = doctor()
    assert code == 0
    assert said.splitlines()[-1] == "models can be loaded here"
    assert "NOT held" not in said


def test_an_incomplete_seal_is_exit_3_with_the_reason(doctor, monkeypatch):
    monkeypatch.setattr(selftest, "self_test", said_by_worker(seal=OPEN))
    code, said = doctor()
    assert code == 3
    assert said.splitlines()[-1] == (
        "models will not be loaded here, because a worker cannot be kept from: read elsewhere, write "
        "(landlock: the kernel has no Landlock); --allow-unsandboxed overrides"
    )
    assert "  read elsewhere     NOT held\n" in said
    assert "  exec               refused\n" in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"threads": False}, "no thread starts in a worker"),
        ({"problem": "it gave no answer in time", "start_ms": None}, "no worker starts (it gave no answer in time)"),
    ],
    ids=["threads", "no worker"],
)
def test_a_worker_that_is_of_no_use_is_exit_3(doctor, monkeypatch, changes, why):
    monkeypatch.setattr(selftest, "self_test", said_by_worker(**changes))
    code, said = doctor()
    assert (code, said.splitlines()[-1]) == (
        3, f"models will not be loaded here, because {why}; --allow-unsandboxed overrides",
    )  # fmt: skip


def test_a_worker_that_dies_at_its_start_is_told(monkeypatch):
    monkeypatch.setattr(selftest, "ANSWER", "os:abort")
    found = selftest.self_test()
    assert found.why_no_models is not None
    assert found.start_ms is None


def test_a_broken_plugin_is_exit_3(doctor, monkeypatch):
    whole = catalogue.load_catalogue()
    broken = catalogue.Broken("acme.check", "plugin 'acme.check' cannot be imported; update or uninstall it")
    monkeypatch.setattr(catalogue, "load_catalogue", lambda: catalogue.Catalogue(whole.specs, (broken,)))
    monkeypatch.setattr(selftest, "self_test", said_by_worker())
    code, said = doctor()
    assert code == 3
    assert "acme.check                   BROKEN, plugin 'acme.check' cannot be imported" in said


def test_a_missing_library_is_named_with_the_line_that_installs_it_and_is_no_fault(doctor, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "phonenumbers" else find_spec(name))
    monkeypatch.setattr(selftest, "self_test", said_by_worker())
    code, said = doctor("--json")
    report = json.loads(said)
    logs = next(entry for entry in report["detectors"] if entry["id"] == "pii.logs")
    assert code == 0
    assert logs["runs"] is False
    assert "phonenumbers" in logs["why"]
    assert logs["install"] == "pip install 'model-assay[pii]'"


def test_a_library_that_is_too_old_is_exit_3_and_stops_its_detectors(doctor, monkeypatch):
    old = libraries.Library("phonenumbers", ("pii",), ">=8.13", "7.0")
    monkeypatch.setattr(libraries, "optional_libraries", lambda: [old])
    monkeypatch.setattr(selftest, "self_test", said_by_worker())
    code, said = doctor()
    assert code == 3
    assert "would NOT run, phonenumbers 7.0 is not >=8.13: pip install 'model-assay[pii]' --upgrade" in said
    assert "OUT OF RANGE" in said


def test_a_detector_that_needs_the_model_would_not_run_without_a_seal(doctor, monkeypatch):
    whole = catalogue.load_catalogue()
    spec = whole.specs["artifact.unsafe-code"].model_copy(update={"needs": ("model",), "modules": (), "extras": ()})
    monkeypatch.setattr(catalogue, "load_catalogue", lambda: catalogue.Catalogue({spec.id: spec}))
    for seal, runs in ((WHOLE, True), (OPEN, False)):
        monkeypatch.setattr(selftest, "self_test", said_by_worker(seal=seal))
        (entry,) = json.loads(doctor("--json")[1])["detectors"]
        assert entry["runs"] is runs
