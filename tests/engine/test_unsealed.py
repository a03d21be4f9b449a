"""Where a worker is not wholly sealed, no model is loaded; the override is recorded."""

import json
import shutil
from pathlib import Path

import pytest

from assay.cli.main import run
from assay.engine import supervisor
from assay.engine.room import PROPERTIES, Seal

CREDIT = Path(__file__).resolve().parents[2] / "fixtures" / "credit"


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """A function that scans a small model with data under a seal that holds `held`, and returns the result."""
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache" / "store.sqlite"))
    target = tmp_path / "target"
    target.mkdir()
    shutil.copy(CREDIT / "model.onnx", target)
    (target / "assay.yaml").write_text("version: 1\nname: t\nmodel: {path: model.onnx}\n")

    def call(held, *arguments):
        seal = Seal({"landlock": "abi 7"}, {name: name in held for name in PROPERTIES})
        monkeypatch.setattr(supervisor, "read_seal", lambda answer: seal)
        code = run(["scan", str(target / "assay.yaml"), "-q", "-o", f"json={tmp_path / 'r.json'}", *arguments])
        found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
        return code, found["provenance"]["inputs"][0], found["provenance"]["run"]

    return call


@pytest.mark.parametrize("broken", PROPERTIES)
def test_without_a_whole_seal_a_model_is_not_loaded(scan, broken):
    code, record, facts = scan(set(PROPERTIES) - {broken})
    assert code == 3
    assert (record["status"], record["blocked_by"]) == ("refused", None)
    assert "was not loaded, because this machine cannot seal the worker" in record["problem"]
    assert not facts["unsandboxed"]
    assert facts["sandbox"][-1] == f"not held: {broken}"


def test_the_override_loads_it_and_is_recorded(scan):
    _, record, facts = scan(set(), "--allow-unsandboxed")
    assert record["status"] == "usable"
    assert facts["unsandboxed"] is True


def test_a_whole_seal_needs_no_override(scan):
    _, record, facts = scan(set(PROPERTIES))
    assert record["status"] == "usable"
    assert facts["unsandboxed"] is False
