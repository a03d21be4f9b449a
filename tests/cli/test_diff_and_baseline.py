"""`assay diff`, `--baseline` and `gate.new_only.baseline`, as a user calls them."""

import datetime
import json

import pytest

from assay.cli.main import run
from assay.model.interval import Exact, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import Provenance, RunFacts, RunRecord, ScanResult
from assay_policies.judge import judge
from assay_policies.load import load_policy

POLICY = """\
version: 1
id: acme/release
rules:
  - {id: no-secrets, metric: pii.logs.count, each: [entity], limit: {max: 0}, required: true, severity: high}
"""
HOSTILE = "\u202e<script>|x"


@pytest.fixture
def place(tmp_path):
    """Return the folder and a function that writes a result with these counts by entity."""
    (tmp_path / "policy.yaml").write_text(POLICY)

    def write(name, status=Status.RAN, **counts):
        measured = tuple(
            Measurement(
                metric="pii.logs.count", value=n, interval=Interval.exact(n), statistic=Exact(), n=9, method="count",
                labels={"entity": entity, "tier": "A", "source": "app.log"},
            )
            for entity, n in counts.items()
        )  # fmt: skip
        now = datetime.datetime.now(datetime.UTC)
        outcome = Outcome(detector="pii.logs", status=status, measurements=measured, reason="why")
        provenance = Provenance(target="demo", run=RunFacts(started=now.isoformat()))
        loaded = load_policy(str(tmp_path / "policy.yaml"))
        verdict = judge(RunRecord(provenance=provenance, outcomes=(outcome,)), loaded, {}, now.date())
        result = ScanResult(provenance=provenance, outcomes=(outcome,), verdict=verdict)
        (tmp_path / name).write_text(result.to_json())
        return str(tmp_path / name)

    return tmp_path, write


def test_diff_prints_a_table_and_exits_0(place, capsys):
    _, write = place
    before = write("a.json", EMAIL=3, CARD=1, IBAN=2)
    after = write("b.json", EMAIL=5, CARD=1, **{HOSTILE: 1})
    assert run(["diff", before, after]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "new 1, worse 1, same 1, better 0, gone 1"
    assert "fail 3" in out and "fail 5" in out
    assert "\u202e" not in out
    assert run(["diff", before, after, "--exit-code"]) == 1
    assert run(["diff", after, after, "--exit-code"]) == 0


def test_diff_as_json_and_markdown(place, capsys):
    folder, write = place
    before, after = write("a.json", EMAIL=3, IBAN=2), write("b.json", EMAIL=5, **{HOSTILE: 1})
    out = folder / "d.md"
    assert run(["diff", before, after, "-o", "json=-", "-o", f"markdown={out}"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["changes"] == {"new": 1, "worse": 1, "same": 0, "better": 0, "gone": 1}
    worse = next(entry for entry in data["findings"] if entry["change"] == "worse")
    assert (worse["before"]["value"], worse["after"]["value"]) == (3, 5)
    text = out.read_text()
    assert "<script>" not in text and "\u202e" not in text
    assert text.startswith("**new 1, worse 1, same 0, better 0, gone 1**")
    assert run(["diff", before, after, "-o", "html=x"]) == 2
    assert "json and markdown" in capsys.readouterr().err


def test_diff_says_that_a_check_was_not_made(place, capsys):
    _, write = place
    assert run(["diff", write("a.json", EMAIL=3), write("b.json", status=Status.SKIPPED)]) == 0
    out = capsys.readouterr().out
    assert "gone?" in out and "was not made this time" in out


def test_judge_with_a_baseline_excuses_only_where_the_policy_says_so(place, capsys):
    folder, write = place
    old, same = write("a.json", EMAIL=3), write("b.json", EMAIL=3)
    more = write("c.json", EMAIL=3, CARD=1)
    policy = ["--policy", str(folder / "policy.yaml"), "-q"]
    assert run(["judge", same, *policy, "--baseline", old]) == 1
    (folder / "policy.yaml").write_text(POLICY + "gate: {new_only: {}}\n")
    assert run(["judge", same, *policy]) == 1
    out = folder / "o.json"
    assert run(["judge", same, *policy, "--baseline", old, "-o", f"json={out}"]) == 0
    changes = json.loads(out.read_text())["verdict"]["changes"]
    assert (changes["same"], changes["excused"], changes["path"]) == (1, 1, old)
    assert run(["judge", more, *policy, "--baseline", old]) == 1


def test_the_baseline_of_a_policy_stands_beside_the_policy(place, monkeypatch):
    folder, write = place
    (folder / "sub").mkdir()
    write("sub/old.json", EMAIL=3)
    same = write("b.json", EMAIL=3)
    (folder / "sub" / "policy.yaml").write_text(POLICY + "gate: {new_only: {baseline: old.json}}\n")
    (folder / "child.yaml").write_text("version: 1\nid: acme/child\nextends: [sub/policy.yaml]\n")
    monkeypatch.chdir(folder / "sub")
    assert run(["judge", same, "--policy", "policy.yaml", "-q"]) == 0
    monkeypatch.chdir(folder)
    assert run(["judge", same, "--policy", "sub/policy.yaml", "-q"]) == 0
    assert run(["judge", same, "--policy", "child.yaml", "-q"]) == 0


@pytest.mark.parametrize("content", [None, "{", '{"schema_version": "9"}', "[]"])
def test_a_baseline_that_cannot_be_read_is_exit_2_in_one_sentence(place, capsys, content):
    folder, write = place
    result, bad = write("b.json", EMAIL=0), folder / "bad.json"
    if content is not None:
        bad.write_text(content)
    assert run(["judge", result, "--policy", str(folder / "policy.yaml"), "-q", "--baseline", str(bad)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "bad.json" in err
    (folder / "app.log").write_text("fine\n")
    assert run(["scan", str(folder / "app.log"), "-q", "--baseline", str(bad)]) == 2
