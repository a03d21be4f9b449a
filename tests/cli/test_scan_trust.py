"""`assay scan --trust`: what the user answers for counts, is recorded, and is never taken from the scanned folder."""

import json
import struct

import pytest

TRUST = """\
version: 1
trust:
  - {name: mypkg.models.Scaler, power: constructor, reason: our own, by: me}
  - {name: mypkg.models.logit, power: function, reason: our own, by: me}
  - {name: mypkg.models.Unused, power: data, reason: our own, by: me}
"""


def imported(module: str, name: str) -> bytes:
    return b"".join(b"X" + struct.pack("<I", len(part)) + part.encode() for part in (module, name)) + b"\x93"


SCALER = b"\x80\x04" + imported("mypkg.models", "Scaler") + b")\x810"
OWN = SCALER + imported("mypkg.models", "logit") + b"."
BAD = SCALER + imported("os", "system") + b"X\x04\0\0\0true\x85R."


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "own.pkl").write_bytes(OWN)
    (tmp_path / "t.yaml").write_text(TRUST)
    return tmp_path


def calls(result):
    (outcome,) = (o for o in result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    (measurement,) = outcome["measurements"]
    return measurement, outcome


def test_trusted_names_do_not_count_and_the_result_says_whose_word_it_is(folder, assay):
    before, _ = calls(assay("scan", "m/own.pkl").result)
    assert before["value"] == 2 and "trusted by the user" not in before["method"]
    done = assay("scan", "m/own.pkl", "--trust", "t.yaml")
    measurement, outcome = calls(done.result)
    assert (measurement["value"], measurement["interval"]["high"]) == (0, 0)
    assert "trusted by the user (t.yaml sha256 " in measurement["method"] and "logit" in measurement["method"]
    assert "Unused" not in measurement["method"]
    assert any("mypkg.models.Scaler: trusted by the user, not by Assay" in line for line in outcome["not_covered"])
    assert "trusted by the user, not by Assay" in " ".join(done.out.split())
    provenance = done.result["provenance"]
    assert provenance["trust"][0]["path"] == "t.yaml" and len(provenance["trust"][0]["sha256"]) == 64
    assert [entry["name"] for entry in provenance["trusted"]][:2] == ["mypkg.models.Scaler", "mypkg.models.logit"]


def test_the_store_keeps_both_answers_apart(folder, assay):
    for _ in range(2):
        assert calls(assay("scan", "m/own.pkl").result)[0]["value"] == 2
        assert calls(assay("scan", "m/own.pkl", "--trust", "t.yaml").result)[0]["value"] == 0


def test_trust_for_one_name_hides_no_other(folder, assay):
    (folder / "m" / "own.pkl").write_bytes(BAD)
    done = assay("scan", "m/own.pkl", "--trust", "t.yaml")
    measurement, _ = calls(done.result)
    assert measurement["value"] == 1 and measurement["evidence"][0]["excerpt"] == "os.system"
    assert done.code == 1


def test_a_trust_file_in_the_scanned_folder_counts_for_nothing(folder, assay):
    for name in ("trust.yaml", "assay-trust.yaml", "assay.trust.yaml"):
        (folder / "m" / name).write_text(TRUST)
    result = assay("scan", "m").result
    (outcome,) = (o for o in result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    assert next(m["value"] for m in outcome["measurements"] if "own.pkl" in json.dumps(m["labels"])) == 2
    assert result["provenance"]["trust"] == []


def test_ended_trust_does_not_count_and_is_told(folder, assay):
    (folder / "t.yaml").write_text(TRUST.replace("by: me}", "by: me, until: 2001-01-01}"))
    result = assay("scan", "m/own.pkl", "--trust", "t.yaml").result
    assert calls(result)[0]["value"] == 2
    assert any("ended on 2001-01-01" in line for line in result["provenance"]["not_covered"])


def test_a_name_that_runs_code_stops_the_scan_before_it_begins(folder, assay):
    (folder / "t.yaml").write_text("version: 1\ntrust:\n  - {name: os.system, power: rebuild, reason: r, by: me}\n")
    done = assay("scan", "m/own.pkl", "--trust", "t.yaml")
    assert done.code == 2 and done.result is None and "t.yaml:3:12: os.system" in done.err
    assert "i_accept_that_this_runs_code" in done.err
