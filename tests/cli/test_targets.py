"""The two fixtures, end to end: the clean one passes, the compromised one fails with every plant pointed at."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from assay.model.result import read_result

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"


@pytest.fixture(scope="module", params=["credit", "compromised"])
def scanned(request, tmp_path_factory):
    """Scan one fixture with every report."""
    out = tmp_path_factory.mktemp(request.param)
    outputs = {"json": "r.json", "findings": "f.jsonl", "sarif": "r.sarif", "html": "r.html", "terminal": "r.txt"}
    return SimpleNamespace(
        name=request.param, out=out, done=scan(FIXTURES / request.param, out, outputs), outputs=outputs
    )


def scan(folder, out, outputs, *more):
    arguments = [part for kind, name in outputs.items() for part in ("-o", f"{kind}={out / name}")]
    command = [sys.executable, "-m", "assay.cli", "scan", str(folder / "assay.yaml"), *arguments, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})


def plants(name, *kinds):
    found = json.loads((FIXTURES / "MANIFEST.json").read_text())["targets"][name]["plants"]
    return [plant for plant in found if plant["kind"] in kinds]


def test_exit_code_and_silence(scanned):
    assert scanned.done.returncode == {"credit": 0, "compromised": 1}[scanned.name], scanned.done.stdout
    assert scanned.done.stderr == ""
    inconclusive = {"credit": 3, "compromised": 1}[scanned.name]
    last = scanned.done.stdout.rstrip().splitlines()[-1]
    assert last.startswith(f"checked 12 of 12 required; {inconclusive} inconclusive; not covered: ")


def test_every_family_ran_and_answered(scanned):
    result = json.loads((scanned.out / "r.json").read_text())
    assert {outcome["detector"]: outcome["status"] for outcome in result["outcomes"]} == {
        "artifact.integrity": "ran",
        "artifact.structure": "ran",
        "artifact.unsafe-code": "ran",
        "pii.dataset": "ran",
        "pii.logs": "ran",
        "poisoning.labels": "ran",
        "adversarial.whitebox": "ran",
        "privacy.membership": "ran",
    }


def test_what_so_few_rows_cannot_show_is_refused_with_the_number_needed(scanned):
    outcomes = json.loads((scanned.out / "r.json").read_text())["outcomes"]
    outcome = next(o for o in outcomes if o["detector"] == "privacy.membership")
    printed = {m["labels"]["fpr"] for m in outcome["measurements"] if m["metric"] == "privacy.membership.tpr"}
    assert printed == {"credit": {"0.1"}, "compromised": {"0.1", "0.01"}}[scanned.name]
    refused = sorted((gap["labels"]["fpr"], gap["needed"]) for gap in outcome["unresolved"])
    # two models share the alpha of a rule; below 636 non-members no attack at 1 % could break the baseline
    assert (
        refused
        == {"credit": [("0.001", 2995)] * 2 + [("0.01", 636)] * 2, "compromised": [("0.001", 2995)]}[scanned.name]
    )
    assert {gap["metric"] for gap in outcome["unresolved"]} == {"privacy.membership.tpr"}
    assert all(
        f"needs {gap['needed']} non-members, there are {gap['have']}" in gap["reason"] for gap in outcome["unresolved"]
    )


def test_the_planted_rows_are_pointed_at(scanned):
    findings = [json.loads(line) for line in (scanned.out / "f.jsonl").read_text().splitlines()]
    rows = {f["locator"]["row"] for f in findings if f.get("detector") == "poisoning.labels"}
    if scanned.name == "credit":
        assert not rows
        return
    flipped = {plant["row"] for plant in plants("compromised", "flipped-label")}
    backdoor = {plant["row"] for plant in plants("compromised", "backdoor-row")}
    assert len(rows & flipped) >= 0.9 * len(flipped)
    assert len(rows & backdoor) >= 0.6 * len(backdoor)
    assert len(rows - flipped - backdoor) <= 0.2 * len(rows)


def test_each_statistical_plant_violates_a_rule_of_its_family(scanned):
    decisions = json.loads((scanned.out / "r.json").read_text())["verdict"]["decisions"]
    failed = {decision["rule"] for decision in decisions if decision["verdict"] == "fail"}
    statistical = {"no-label-poisoning", "no-class-poisoning", "no-membership-leak", "robust-enough"}
    assert failed & statistical == (set() if scanned.name == "credit" else statistical - {"no-class-poisoning"})


def test_the_result_reads_back_and_names_every_input(scanned):
    text = (scanned.out / "r.json").read_text()
    result = read_result(text, "r.json")
    assert result.to_json() == text
    assert all(entry.sha256 and entry.status == "usable" for entry in result.provenance.inputs)
    digests = {entry.path: entry.sha256 for entry in result.provenance.inputs}
    committed = json.loads((FIXTURES / "MANIFEST.json").read_text())["files"]
    assert (
        digests.items()
        <= {
            path.split("/", 1)[1]: entry["sha256"] for path, entry in committed.items() if path.startswith(scanned.name)
        }.items()
    )


def test_models_were_opened_in_a_sealed_worker(scanned):
    result = json.loads((scanned.out / "r.json").read_text())
    models = [entry for entry in result["provenance"]["inputs"] if entry["role"] == "model"]
    assert all(entry["facts"]["test_accuracy"] > 0.7 for entry in models)
    assert result["provenance"]["run"]["sandbox"][-1] == "all probes refused"


def test_the_planted_pickle_is_found_at_its_offset_and_its_neighbour_is_clean(scanned):
    result = json.loads((scanned.out / "r.json").read_text())
    outcome = next(o for o in result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    counts = {m["labels"]["file"]: m["value"] for m in outcome["measurements"]}
    if scanned.name == "credit":
        assert set(counts.values()) == {0}
        return
    (plant,) = plants("compromised", "malicious-pickle")
    bad = plant["file"].split("/", 1)[1]
    assert {file for file, count in counts.items() if count} == {bad}
    evidence = next(m for m in outcome["measurements"] if m["labels"]["file"] == bad)["evidence"]
    planted = {value for key, value in plant.items() if "offset" in key}
    assert {piece["locator"]["offset"] for piece in evidence} & planted


def test_personal_data_and_secrets_are_found_where_they_were_planted_and_nowhere_else(scanned):
    findings = [json.loads(line) for line in (scanned.out / "f.jsonl").read_text().splitlines()]
    found = {
        (f["locator"]["file"], f["locator"]["line"], f["labels"]["entity"])
        for f in findings
        if f.get("detector") == "pii.logs" and f["labels"]["tier"] in ("A", "B")
    }
    if scanned.name == "credit":
        assert not found
        return
    planted = plants("compromised", "personal-data", "secret")
    wanted = {(p["file"].split("/", 1)[1], p["line"], p["entity"]) for p in planted}
    claimed = {entry for entry in wanted if entry[2] != "IP_ADDRESS"}
    assert claimed <= found, claimed - found
    assert not {(file, line) for file, line, _ in found} - {(file, line) for file, line, _ in wanted}


def test_no_planted_value_is_in_any_output(scanned):
    values = {
        p[key] for p in plants("compromised", "personal-data", "secret") for key in ("value", "text") if len(p[key]) > 8
    }
    assert len(values) > 40
    whole = scanned.done.stdout + "".join((scanned.out / name).read_text() for name in scanned.outputs.values())
    addresses = {p["value"] for p in plants("compromised", "personal-data", "secret") if p["entity"] == "IP_ADDRESS"}
    assert not [value for value in values - addresses if value in whole]


def test_the_same_bytes_from_another_folder(scanned, tmp_path):
    copy = tmp_path / "elsewhere" / scanned.name
    shutil.copytree(FIXTURES / scanned.name, copy)
    scan(copy, tmp_path, {"json": "again.json"})
    first = read_result((scanned.out / "r.json").read_bytes(), "a").canonical()
    second = read_result((tmp_path / "again.json").read_bytes(), "b").canonical()
    assert first == second


def test_judged_again_under_strict(scanned):
    command = [sys.executable, "-m", "assay.cli", "judge", str(scanned.out / "r.json"), "--policy", "strict"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == {"credit": 4, "compromised": 1}[scanned.name]
    assert "policy builtin:strict" in done.stdout


def test_sarif_is_schema_valid_and_points_into_the_checkout(scanned):
    import jsonschema

    log = json.loads((scanned.out / "r.sarif").read_text())
    jsonschema.validate(log, json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.json").read_text()))
    assert log["runs"][0]["invocations"][0]["exitCode"] == scanned.done.returncode


def test_html_is_self_contained_and_small(scanned):
    page = (scanned.out / "r.html").read_text()
    assert "<script" not in page
    assert "src=" not in page
    assert len(page) < 500_000
