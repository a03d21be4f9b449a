"""The SARIF report: valid, accepted by code scanning, and never green over a crash."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from assay.model.result import FileDigest, ScanResult
from assay.reports.sarif import render
from assay.reports.sarif_places import file_uri
from assay.reports.sarif_profile import GITHUB

SCHEMA = Path(__file__).parents[1] / "schemas" / "sarif-2.1.0.json"


@cache
def validator() -> jsonschema.protocols.Validator:
    schema = json.loads(SCHEMA.read_text())
    return jsonschema.validators.validator_for(schema)(schema)


def run_of(result: ScanResult) -> dict[str, Any]:
    log = json.loads(render(result))
    assert len(log["runs"]) == 1
    return log["runs"][0]  # type: ignore[no-any-return]


def first_place(entry: dict[str, Any]) -> dict[str, Any]:
    return entry["locations"][0]["physicalLocation"]  # type: ignore[no-any-return]


def test_the_schema_refuses_what_is_no_sarif() -> None:
    assert list(validator().iter_errors({"version": "2.1.0", "runs": [{"results": [{}]}]}))


def test_every_result_is_valid(case: ScanResult) -> None:
    assert [error.message for error in validator().iter_errors(json.loads(render(case)))] == []


def test_every_result_points_into_the_checkout(case: ScanResult) -> None:
    for entry in run_of(case)["results"]:
        assert 1 <= len(entry["locations"]) <= 10
        for location in entry["locations"]:
            physical = location["physicalLocation"]
            uri = physical["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
            assert not uri.startswith("/")
            assert ".." not in unquote(uri).split("/")
            assert physical["region"]["startLine"] >= 1


def test_rule_index_and_texts_hold(case: ScanResult) -> None:
    run = run_of(case)
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for entry in run["results"]:
        assert rules[entry["ruleIndex"]]["id"] == entry["ruleId"]
        assert entry["partialFingerprints"]["primaryLocationLineHash"]
    texts = re.findall(r'"text": "((?:[^"\\]|\\.)*)"', render(case))
    assert texts
    assert all(0 < len(json.loads(f'"{text}"')) <= 1024 for text in texts)


def test_a_pickle_finding_has_its_byte_and_fingerprint(cases: dict[str, ScanResult]) -> None:
    entry = run_of(cases["failing"])["results"][0]
    assert entry["level"] == "error"
    assert entry["partialFingerprints"] == {"primaryLocationLineHash": f"{1:032x}"}
    assert first_place(entry) == {
        "artifactLocation": {"uri": "target/model.pkl"},
        "region": {"startLine": 1, "byteOffset": 31, "byteLength": 1},
    }


def test_an_offset_inside_a_member_is_no_offset_of_the_file(cases: dict[str, ScanResult]) -> None:
    entry = next(r for r in run_of(cases["failing"])["results"] if "net.pt" in r["message"]["text"])
    assert first_place(entry)["region"] == {"startLine": 1}
    assert entry["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith(
        "net.pt!archive/data.pkl, byte 12"
    )


def test_a_log_finding_has_line_and_columns_and_counts_the_rest(cases: dict[str, ScanResult]) -> None:
    entry = next(r for r in run_of(cases["failing"])["results"] if r["ruleId"] == "no-secrets-in-logs")
    assert first_place(entry)["region"] == {"startLine": 1, "startColumn": 9, "endColumn": 25}
    assert len(entry["locations"]) == 10
    assert "30 more places in the JSON result." in entry["message"]["text"]


def test_no_file_points_at_the_line_of_the_manifest(cases: dict[str, ScanResult]) -> None:
    entry = next(r for r in run_of(cases["inconclusive"])["results"] if r["ruleId"] == "no-leak")
    assert entry["level"] == "warning"
    assert first_place(entry) == {
        "artifactLocation": {"uri": "target/assay.yaml"},
        "region": {"startLine": 3, "startColumn": 8},
    }


def test_a_bare_file_points_at_itself(cases: dict[str, ScanResult]) -> None:
    for entry in run_of(cases["bare-file"])["results"]:
        assert first_place(entry)["artifactLocation"]["uri"] == "model.pkl"
        assert first_place(entry)["region"]["startLine"] == 1


def test_severity_sits_on_the_rule(cases: dict[str, ScanResult]) -> None:
    rules = {rule["id"]: rule["properties"] for rule in run_of(cases["failing"])["tool"]["driver"]["rules"]}
    assert rules["no-unsafe-code"]["security-severity"] == "9.5"
    assert rules["no-personal-data-in-logs"]["security-severity"] == "5.5"
    assert "control:atlas:AML.T0010" in rules["no-unsafe-code"]["tags"]
    assert "integrity" in rules


@pytest.mark.parametrize("name", ["not-assessed", "interrupted", "nothing"])
def test_what_was_not_assessed_is_visible_and_not_successful(cases: dict[str, ScanResult], name: str) -> None:
    run = run_of(cases[name])
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["exitCode"] == cases[name].verdict.exit_code
    seen = [r for r in run["results"] if r["ruleId"] == "assay/assessment-incomplete"]
    assert [r["level"] for r in seen] == ["error"]


def test_notifications_name_checks_and_inputs_that_failed(cases: dict[str, ScanResult]) -> None:
    notes = run_of(cases["not-assessed"])["invocations"][0]["toolExecutionNotifications"]
    told = {(note["descriptor"]["id"], note["level"]) for note in notes}
    assert told == {
        ("outcome/failed", "error"),
        ("outcome/skipped", "warning"),
        ("input/unusable", "error"),
        ("input/refused", "error"),
    }
    assert any("pip install 'model-assay[pii]'" in note["message"]["text"] for note in notes)


def test_a_whole_scan_is_successful_without_that_result(cases: dict[str, ScanResult]) -> None:
    for name in ("clean", "failing", "waived"):
        run = run_of(cases[name])
        assert run["invocations"][0]["executionSuccessful"] is True
        assert run["invocations"][0]["toolExecutionNotifications"] == []
        assert not [r for r in run["results"] if r["ruleId"].startswith("assay/")]
    assert run_of(cases["clean"])["results"] == []


def test_a_check_that_nobody_required_is_a_note(cases: dict[str, ScanResult]) -> None:
    levels = {r["ruleId"]: r["level"] for r in run_of(cases["not-assessed"])["results"]}
    assert levels["no-leak"] == "note"
    assert levels["no-secrets-in-logs"] == levels["no-unsafe-code"] == "error"


def test_code_scanning_sees_no_accepted_finding_and_an_expired_waiver_accepts_nothing(
    cases: dict[str, ScanResult],
) -> None:
    run = run_of(cases["waived"])
    assert run["results"] == []
    assert run["properties"]["waived"] == 1
    assert "no-unsafe-code" in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    (refused,) = run_of(cases["expired-waiver"])["results"]
    assert refused["level"] == "error"
    assert "Its waiver W-7 is expired." in refused["message"]["text"]


def test_inputs_are_artifacts_with_their_digest(cases: dict[str, ScanResult]) -> None:
    artifacts = {a["location"]["uri"]: a for a in run_of(cases["clean"])["artifacts"]}
    assert artifacts["target/model.pkl"]["hashes"] == {"sha-256": "b" * 64}
    assert artifacts["target/assay.yaml"]["hashes"] == {"sha-256": "a" * 64}


def test_the_category_is_the_target_and_the_coverage_is_there(cases: dict[str, ScanResult]) -> None:
    run = run_of(cases["failing"])
    assert run["automationDetails"]["id"] == "assay/credit-risk/builtin%3Abaseline"
    assert run["properties"]["coverage"] == cases["failing"].verdict.coverage.sentence


def test_hostile_names_make_no_link_and_no_control_character(cases: dict[str, ScanResult]) -> None:
    text = render(cases["hostile"])
    assert text.isascii()
    messages = re.findall(r'"(?:text|justification)": "(.*)"', text)
    assert any("] (https://evil.example)" in words for words in messages)
    assert not any("](" in words for words in messages)
    assert not re.search(r"\\u(202[a-e]|206[6-9]|200b|001b|2028)", text.replace("\\\\", ""))
    assert len(text) < 200_000


@pytest.mark.parametrize("path", ["../x", "/etc/shadow", "", ".", "a/../../x", "x" * 5000])
def test_a_path_outside_the_checkout_has_no_uri(path: str) -> None:
    assert file_uri(path) is None


@pytest.mark.parametrize(
    ("path", "folder", "uri"),
    [
        ("model.pkl", "", "model.pkl"),
        ("../data/x y.csv", "target", "data/x%20y.csv"),
        ("a#b?c%d:e.pkl", "t", "t/a%23b%3Fc%25d%3Ae.pkl"),
        ("ä.pkl", ".", "%C3%A4.pkl"),
        ("m.pkl", "/home/somebody/target", "m.pkl"),
    ],
)
def test_a_path_inside_is_relative_and_encoded(path: str, folder: str, uri: str) -> None:
    assert file_uri(path, folder) == uri


def test_an_absolute_manifest_path_does_not_leak(cases: dict[str, ScanResult]) -> None:
    whole = cases["inconclusive"]
    manifest = FileDigest(path="/home/somebody/target/assay.yaml", sha256="a" * 64)
    moved = whole.model_copy(update={"provenance": whole.provenance.model_copy(update={"manifest": manifest})})
    assert "somebody" not in render(moved)


def test_five_thousand_findings_stay_under_the_limits_of_an_upload(crowd: ScanResult) -> None:
    text = render(crowd)
    assert len(gzip.compress(text.encode())) < 10_000_000
    assert len(json.loads(text)["runs"][0]["results"]) == 5000


def test_more_findings_than_fit_are_counted_in_sight(cases: dict[str, ScanResult]) -> None:
    log = json.loads(render(cases["twenty"], GITHUB._replace(most_results=3)))
    results = log["runs"][0]["results"]
    assert len(results) == 4
    assert results[-1]["message"]["text"] == "17 more findings in the JSON result."


def test_the_same_result_gives_the_same_log(case: ScanResult) -> None:
    assert render(case) == render(case)
