"""`assay scan --dry-run` says `the policy requires it` exactly where a scan would be held back for it."""

import pytest

from assay.cli.main import run
from assay.engine import scan as engine

NOT_THERE = "would not run: pii.logs: "


@pytest.fixture
def plan(tmp_path, capsys, monkeypatch):
    """Return a function that plans a scan of a pickle and returns exit code and output."""
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04K\x01.")
    monkeypatch.chdir(tmp_path)

    def planned(policy, logs=""):
        (tmp_path / "assay.yaml").write_text(f"version: 1\nname: demo\nartifacts: [model.pkl]\n{logs}")
        (tmp_path / "app.log").write_text("fine\n")
        return run(["scan", "assay.yaml", "--dry-run", "--policy", policy]), capsys.readouterr().out

    return planned


def line(out):
    return next(told for told in out.splitlines() if told.startswith(NOT_THERE))


def test_what_is_required_where_declared_is_not_required_of_a_target_without_it(plan):
    code, out = plan("baseline")
    assert code == 0
    assert line(out) == f"{NOT_THERE}the manifest declares no logs"


def test_what_is_always_required_is_missed(plan, tmp_path):
    (tmp_path / "hard.yaml").write_text(
        "version: 1\nid: acme/hard\nrules:\n"
        "  - {id: r, metric: pii.logs.count, limit: {max: 0}, required: true, severity: high}\n"
    )
    code, out = plan("hard.yaml")
    assert code == 3
    assert line(out).endswith("(the policy requires it)")


def test_what_is_declared_and_cannot_run_for_want_of_a_library_is_missed(plan, monkeypatch):
    monkeypatch.setattr(engine, "_importable", lambda module: False)
    code, out = plan("baseline", "logs: [{path: app.log}]\n")
    assert code == 3
    assert "model-assay[pii]" in line(out) and line(out).endswith("(the policy requires it)")
