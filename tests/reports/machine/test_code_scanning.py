"""What code scanning accepts, a test a rule, over results built by hand and random ones; and the archive beside it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Finding
from assay.reports import sarif, sarif_archive

SEEDS = 40


@pytest.fixture(scope="module")
def logs(cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]) -> list[tuple[ScanResult, Any]]:
    results = [*cases.values(), *(random_result(seed) for seed in range(SEEDS))]
    return [(result, json.loads(sarif.render(result))) for result in results]


def results_of(logs: list[tuple[ScanResult, Any]]) -> Iterator[dict[str, Any]]:
    for _, log in logs:
        yield from log["runs"][0]["results"]


def run_of(result: ScanResult, module: Any = sarif) -> dict[str, Any]:
    return json.loads(module.render(result))["runs"][0]  # type: ignore[no-any-return]


def test_one_run_with_one_category_that_names_the_target(logs: list[tuple[ScanResult, Any]]) -> None:
    for _, log in logs:
        (run,) = log["runs"]
        tool, _, rest = run["automationDetails"]["id"].partition("/")
        assert tool == "assay"
        assert rest.count("/") == 1
        assert run["tool"]["driver"]["name"] == "Assay"


def test_every_result_has_a_physical_location_inside_the_checkout(logs: list[tuple[ScanResult, Any]]) -> None:
    for entry in results_of(logs):
        assert 1 <= len(entry["locations"]) <= 10
        for location in entry["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
            assert not uri.startswith("/") and ".." not in unquote(uri).split("/")
            assert location["physicalLocation"]["region"]["startLine"] >= 1


def test_identity_is_the_line_hash_alone(logs: list[tuple[ScanResult, Any]]) -> None:
    for entry in results_of(logs):
        assert list(entry["partialFingerprints"]) == ["primaryLocationLineHash"]
        assert entry["partialFingerprints"]["primaryLocationLineHash"]
        assert "fingerprints" not in entry


def test_identity_holds_no_number_no_message_and_no_place(cases: dict[str, ScanResult]) -> None:
    before = cases["failing"]

    def moved(finding: Finding) -> Finding:
        evidence = tuple(e.model_copy(update={"note": "other"}) for e in finding.evidence[:1])
        return finding.model_copy(update={"text": "97 calls, worse than ever", "evidence": evidence, "truncated": 9})

    findings = tuple(moved(f) for f in before.verdict.findings)
    after = before.model_copy(update={"verdict": before.verdict.model_copy(update={"findings": findings})})
    names = [[entry["partialFingerprints"] for entry in run_of(result)["results"]] for result in (before, after)]
    assert names[0] == names[1] != []


def test_no_suppressed_and_no_silent_result(logs: list[tuple[ScanResult, Any]]) -> None:
    for entry in results_of(logs):
        assert "suppressions" not in entry and "kind" not in entry
        assert entry["level"] in ("error", "warning", "note")
        assert entry.get("properties", {}).get("verdict") not in ("waived", "pass", "not_applicable")


def test_severity_is_a_number_on_the_rule_that_github_can_rank(logs: list[tuple[ScanResult, Any]]) -> None:
    for _, log in logs:
        run = log["runs"][0]
        for rule in run["tool"]["driver"]["rules"]:
            properties = rule["properties"]
            assert len(properties["tags"]) <= 20
            if not rule["id"].startswith("assay/"):
                assert 0.0 <= float(properties["security-severity"]) <= 10.0
                assert properties["precision"] in ("very-high", "high", "medium", "low")
        for entry in run["results"]:
            assert run["tool"]["driver"]["rules"][entry["ruleIndex"]]["id"] == entry["ruleId"]


def test_texts_fit_and_are_not_empty(logs: list[tuple[ScanResult, Any]]) -> None:
    for _, log in logs:
        for text in _texts(log):
            assert 0 < len(text) <= 1024


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["text"]] if isinstance(node.get("text"), str) else [])
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def test_a_scan_that_could_not_assess_says_so_in_the_invocation_and_in_sight(
    logs: list[tuple[ScanResult, Any]],
) -> None:
    for result, log in logs:
        run = log["runs"][0]
        (invocation,) = run["invocations"]
        bad = result.verdict.exit_code in (3, 130)
        assert invocation["executionSuccessful"] is not bad
        assert invocation["exitCode"] == result.verdict.exit_code
        if bad:
            assert any(entry["ruleId"] == "assay/assessment-incomplete" for entry in run["results"])


@pytest.fixture(scope="module")
def thirty_thousand(crowd: ScanResult) -> ScanResult:
    verdict = crowd.verdict
    findings = tuple(
        f.model_copy(update={"fingerprint": f"{number:016x}{f.fingerprint[16:]}", "rule": f"{f.rule}-{number}"})
        for number in range(6)
        for f in verdict.findings
    )
    return crowd.model_copy(update={"verdict": verdict.model_copy(update={"findings": findings})})


def test_thirty_thousand_findings_are_capped_in_sight_and_fit_an_upload(thirty_thousand: ScanResult) -> None:
    assert len(thirty_thousand.verdict.findings) == 30_000
    text = sarif.render(thirty_thousand)
    run = json.loads(text)["runs"][0]
    assert len(gzip.compress(text.encode())) < 10_000_000
    assert len(run["results"]) <= 5001
    assert run["results"][-1]["ruleId"] == "assay/more-findings"
    # Of the 5,000 decisions none speaks of the renamed rules, so each is an issue as well.
    assert run["results"][-1]["message"]["text"] == "30,000 more findings in the JSON result."


def test_rules_are_capped_too(crowd: ScanResult) -> None:
    decisions = tuple(
        d.model_copy(update={"rule": f"rule-{number}", "verdict": DecisionVerdict.PASS, "blocks": False})
        for number, d in enumerate(crowd.verdict.decisions * 2)
    )
    verdict = crowd.verdict.model_copy(update={"decisions": decisions, "findings": ()})
    rules = run_of(crowd.model_copy(update={"verdict": verdict}))["tool"]["driver"]["rules"]
    assert len(rules) == 5002


def test_the_archive_keeps_everything(cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]) -> None:
    for result in [*cases.values(), *(random_result(seed) for seed in range(SEEDS))]:
        run = run_of(result, sarif_archive)
        kept = [entry for entry in run["results"] if not entry["ruleId"].startswith("assay/") or "properties" in entry]
        silent = ("pass", "not_applicable")
        told = sum(f.verdict not in silent for f in result.verdict.findings)
        assert len(kept) >= max(len(result.verdict.decisions), told)
        assert {d.verdict for d in result.verdict.decisions} <= {e["properties"]["verdict"] for e in kept}
        for entry in kept:
            assert entry.get("kind", "fail") == "fail" or entry["level"] == "none"


def test_the_archive_tells_kinds_and_waivers(cases: dict[str, ScanResult]) -> None:
    kinds = {
        (entry["properties"]["verdict"], entry.get("kind", "fail"), entry["level"])
        for name in ("clean", "failing", "inconclusive", "waived")
        for entry in run_of(cases[name], sarif_archive)["results"]
    }
    assert kinds == {
        ("pass", "pass", "none"),
        ("not_applicable", "notApplicable", "none"),
        ("fail", "fail", "error"),
        ("warn", "fail", "warning"),
        ("inconclusive", "open", "none"),
        ("waived", "fail", "note"),
    }
    (accepted,) = run_of(cases["waived"], sarif_archive)["results"]
    (suppression,) = accepted["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "vetted by hand (approved by Ada Officer until 2027-01-31)" in suppression["justification"]
    (refused,) = run_of(cases["expired-waiver"], sarif_archive)["results"]
    assert refused["suppressions"][0]["status"] == "rejected"
    assert refused["level"] == "error"


def test_the_archive_tells_the_state_against_the_baseline(cases: dict[str, ScanResult]) -> None:
    verdict = cases["failing"].verdict
    changes = ("new", "same", "worse", "better")
    findings = tuple(f.model_copy(update={"change": c}) for f, c in zip(verdict.findings, changes, strict=True))
    result = cases["failing"].model_copy(update={"verdict": verdict.model_copy(update={"findings": findings})})
    told = [entry.get("baselineState") for entry in run_of(result, sarif_archive)["results"]]
    assert told == ["new", "unchanged", "updated", "updated", None]
    assert not any("baselineState" in entry for entry in run_of(result)["results"])
