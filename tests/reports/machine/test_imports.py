"""Formats that other systems import: GitLab code quality, DefectDojo, CycloneDX, OSCAL; what their fields mean."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from assay.model.interval import Interval
from assay.model.outcome import Unresolved
from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Finding
from assay.reports import codequality, defectdojo, mlbom, oscal

SEEDS = 40


def parsed(module: Any, result: ScanResult) -> Any:
    return json.loads(module.render(result))


def reworded(result: ScanResult) -> ScanResult:
    """Return the result with other numbers and messages, as another run on other data would give."""

    def other(finding: Finding) -> Finding:
        return finding.model_copy(update={"text": "97 calls, worse than ever", "truncated": 9})

    decisions = tuple(
        d.model_copy(
            update={"used": d.used.model_copy(update={"n": 77, "interval": Interval.at_least(5), "value": 9.0})}
        )
        if d.used
        else d
        for d in result.verdict.decisions
    )
    findings = tuple(other(f) for f in result.verdict.findings)
    verdict = result.verdict.model_copy(update={"decisions": decisions, "findings": findings})
    return result.model_copy(update={"verdict": verdict})


def test_code_quality_ranks_and_places(cases: dict[str, ScanResult]) -> None:
    found = parsed(codequality, cases["failing"])
    assert [(i["check_name"], i["severity"]) for i in found] == [
        ("no-unsafe-code", "blocker"),
        ("no-unsafe-code", "blocker"),
        ("no-secrets-in-logs", "critical"),
        ("no-personal-data-in-logs", "major"),
    ]
    assert found[2]["location"] == {"path": "target/logs/app.log", "lines": {"begin": 1}}
    assert found[3]["location"] == {"path": "target/assay.yaml", "lines": {"begin": 3}}
    (waived,) = parsed(codequality, cases["waived"])
    assert waived["severity"] == "info"
    assert "Accepted by waiver W-7 until 2027-01-31." in waived["description"]
    assert parsed(codequality, cases["clean"]) == []


def test_code_quality_is_never_empty_over_a_crash(cases: dict[str, ScanResult]) -> None:
    for name in ("not-assessed", "interrupted", "nothing"):
        last = parsed(codequality, cases[name])[-1]
        assert (last["check_name"], last["severity"]) == ("assay/assessment-incomplete", "blocker")


def test_code_quality_names_each_issue_once_and_says_what_it_left_out(
    cases: dict[str, ScanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codequality, "MOST_ISSUES", 21)
    twice = cases["twenty"].verdict.findings + cases["twenty"].verdict.findings[:5]
    verdict = cases["twenty"].verdict.model_copy(update={"findings": twice})
    found = parsed(codequality, cases["twenty"].model_copy(update={"verdict": verdict}))
    assert len({issue["fingerprint"] for issue in found}) == len(found) == 22
    assert found[-1]["description"] == "4 more findings in the result."


def test_defectdojo_tells_findings_apart_without_numbers(cases: dict[str, ScanResult]) -> None:
    keys = ("title", "cwe", "file_path", "description", "severity", "unique_id_from_tool")
    for name in ("failing", "inconclusive", "waived"):
        before, after = (parsed(defectdojo, r)["findings"] for r in (cases[name], reworded(cases[name])))
        assert [[f.get(k) for k in keys] for f in before] == [[f.get(k) for k in keys] for f in after]
        assert before != after
        assert not any("line" in f for f in before)


def test_defectdojo_knows_the_weakness_the_place_and_the_numbers(cases: dict[str, ScanResult]) -> None:
    first, _, secrets, _ = parsed(defectdojo, cases["failing"])["findings"]
    assert (first["cwe"], first["file_path"], first["severity"]) == (502, "model.pkl", "Critical")
    assert "Measured 2, n = 2; limit: at most 0." in first["severity_justification"]
    assert "CWE-502 Deserialization of Untrusted Data" in first["references"]
    assert secrets["nb_occurences"] == 40
    assert (first["active"], first["verified"]) == (True, True)
    undecided = parsed(defectdojo, cases["inconclusive"])["findings"][0]
    assert (undecided["active"], undecided["verified"]) == (True, False)


def test_defectdojo_tells_an_accepted_risk_from_a_false_alarm(cases: dict[str, ScanResult]) -> None:
    (accepted,) = parsed(defectdojo, cases["waived"])["findings"]
    assert (accepted["active"], accepted["risk_accepted"], accepted["false_p"]) == (False, True, False)
    (finding,) = cases["waived"].verdict.findings
    assert finding.waiver is not None
    rejected = finding.model_copy(update={"waiver": finding.waiver.model_copy(update={"kind": "false_positive"})})
    verdict = cases["waived"].verdict.model_copy(update={"findings": (rejected,)})
    (told,) = parsed(defectdojo, cases["waived"].model_copy(update={"verdict": verdict}))["findings"]
    assert (told["active"], told["risk_accepted"], told["false_p"]) == (False, False, True)
    (refused,) = parsed(defectdojo, cases["expired-waiver"])["findings"]
    assert (refused["active"], refused["risk_accepted"]) == (True, False)


def test_the_bom_names_models_and_data_by_digest(cases: dict[str, ScanResult]) -> None:
    bom = parsed(mlbom, cases["inconclusive"])
    model, log = bom["components"]
    assert (model["type"], model["hashes"]) == ("machine-learning-model", [{"alg": "SHA-256", "content": "b" * 64}])
    assert (log["type"], log["data"][0]["type"]) == ("data", "other")
    assert bom["dependencies"] == [{"ref": "target", "dependsOn": ["input-1", "input-2"]}]
    facts = {p["name"]: p["value"] for p in bom["metadata"]["component"]["properties"]}
    assert facts["assay:verdict:status"] == "inconclusive"
    assert facts["assay:verdict:exit-code"] == "4"
    assert facts["assay:verdict:policy:sha256"] == "d" * 64
    assert facts["assay:verdict:blocked-by"] == "no-leak"
    assert "timestamp" not in bom["metadata"]


def test_the_model_card_is_what_was_measured(cases: dict[str, ScanResult]) -> None:
    missing = Unresolved(metric="privacy.membership.epsilon", reason="needs 1000 rows")
    first, second = cases["inconclusive"].outcomes
    outcomes = (first.model_copy(update={"unresolved": (missing,), "not_covered": ("other attacks",)}), second)
    card = parsed(mlbom, cases["inconclusive"].model_copy(update={"outcomes": outcomes}))["components"][0]["modelCard"]
    assert card["modelParameters"]["task"] == "classification"
    leak, calls = card["quantitativeAnalysis"]["performanceMetrics"]
    assert leak == {
        "type": "privacy.membership.tpr",
        "value": "0.04",
        "slice": "attack=loss, fpr=0.01",
        "confidenceInterval": {"lowerBound": "0.01", "upperBound": "0.1"},
    }
    assert calls["confidenceInterval"] == {"lowerBound": "3"}
    assert card["considerations"]["technicalLimitations"] == [
        "other attacks.",
        "privacy.membership.epsilon could not be measured: needs 1000 rows.",
    ]
    assert "95 % interval (clopper-pearson), n = 100" in card["properties"][0]["value"]


def test_what_is_about_logs_is_on_no_model_card(cases: dict[str, ScanResult]) -> None:
    bom = parsed(mlbom, cases["clean"])
    cards = [bom["components"][0]["modelCard"], bom["metadata"]["component"]["modelCard"]]
    types = [[m["type"] for m in card["quantitativeAnalysis"]["performanceMetrics"]] for card in cards]
    assert types == [["artifact.unsafe-code.calls"], ["pii.logs.count"]]
    assert bom["metadata"]["tools"]["components"] == [{"type": "application", "name": "Assay", "version": "0.1.0"}]


def test_of_two_models_each_has_its_own_card(cases: dict[str, ScanResult]) -> None:
    whole = cases["failing"]
    model = whole.provenance.inputs[0]
    other = model.model_copy(update={"name": "models[1]", "path": "net.pt", "sha256": "e" * 64})
    provenance = whole.provenance.model_copy(update={"inputs": (model, other)})
    bom = parsed(mlbom, whole.model_copy(update={"provenance": provenance}))
    slices = [
        [m["slice"] for m in c["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]]
        for c in (*bom["components"], bom["metadata"]["component"])
    ]
    assert slices == [["file=model.pkl"], ["file=net.pt"], ["entity=EMAIL_ADDRESS, tier=A"]]


def test_every_number_of_the_scan_is_on_exactly_one_card(random_result: Callable[..., ScanResult]) -> None:
    for seed in range(SEEDS):
        result = random_result(seed)
        bom = parsed(mlbom, result)
        components = [*bom["components"], bom["metadata"]["component"]]
        cards = [c["modelCard"] for c in components if "modelCard" in c]
        models = [c for c in bom["components"] if c["type"] == "machine-learning-model"]
        told = sum(len(card["quantitativeAnalysis"]["performanceMetrics"]) for card in cards)
        assert told == (sum(len(o.measurements) for o in result.outcomes) if models else 0)
        assert len({c["bom-ref"] for c in components}) == len(components)


def test_the_serial_number_hangs_on_digests_and_not_on_the_run(cases: dict[str, ScanResult]) -> None:
    whole = cases["clean"]
    run = whole.provenance.run.model_copy(update={"seconds": 99.0, "jobs": 7, "argv": ("assay",)})
    again = whole.model_copy(update={"provenance": whole.provenance.model_copy(update={"run": run})})
    model = whole.provenance.inputs[0].model_copy(update={"sha256": "f" * 64})
    provenance = whole.provenance.model_copy(update={"inputs": (model,)})
    other = whole.model_copy(update={"provenance": provenance})
    for module, serial in ((mlbom, lambda d: d["serialNumber"]), (oscal, lambda d: d["assessment-results"]["uuid"])):
        assert serial(parsed(module, whole)) == serial(parsed(module, again))
        assert serial(parsed(module, whole)) != serial(parsed(module, other))


def judged(result: ScanResult) -> dict[str, Any]:
    return parsed(oscal, result)["assessment-results"]["results"][0]  # type: ignore[no-any-return]


def test_oscal_states_follow_the_verdicts(
    cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]
) -> None:
    for result in [*cases.values(), *(random_result(seed) for seed in range(SEEDS))]:
        body = judged(result)
        seen = {o["uuid"]: {p["name"]: p["value"] for p in o["props"]}["verdict"] for o in body.get("observations", ())}
        assert len(seen) == len(body.get("observations", ()))
        told = []
        for finding in body.get("findings", ()):
            verdicts = [seen[related["observation-uuid"]] for related in finding["related-observations"]]
            told += verdicts
            status = finding["target"]["status"]
            assert (status["state"] == "satisfied") is (set(verdicts) <= {"pass", "warn"})
            assert ("remarks" in status) or ({"pass", "fail"} & set(verdicts))
            assert status["reason"] != "pass" or set(verdicts) <= {"pass", "warn"}
        assert len(told) == sum(verdict != "not_applicable" for verdict in seen.values())


def test_oscal_risks_are_open_or_approved(cases: dict[str, ScanResult]) -> None:
    assert "risks" not in judged(cases["clean"])
    assert {risk["status"] for risk in judged(cases["failing"])["risks"]} == {"open"}
    (accepted,) = judged(cases["waived"])["risks"]
    assert (accepted["status"], accepted["deadline"]) == ("deviation-approved", "2027-01-31T23:59:59Z")
    assert "approved by Ada Officer" in accepted["mitigating-factors"][0]["description"]
    (refused,) = judged(cases["expired-waiver"])["risks"]
    assert refused["status"] == "open"


def test_oscal_references_resolve(cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]) -> None:
    for result in [*cases.values(), *(random_result(seed) for seed in range(SEEDS))]:
        document = parsed(oscal, result)["assessment-results"]
        body = document["results"][0]
        resources = {f"#{r['uuid']}" for r in document["back-matter"]["resources"]}
        assert document["import-ap"]["href"] in resources
        parts = {p["id"] for o in document["local-definitions"]["objectives-and-methods"] for p in o["parts"]}
        components = {c["uuid"] for c in body["local-definitions"]["components"]}
        risks = {r["uuid"] for r in body.get("risks", ())}
        assert {f["target"]["target-id"] for f in body.get("findings", ())} <= parts
        assert {s["subject-uuid"] for o in body.get("observations", ()) for s in o["subjects"]} <= components
        assert {r["risk-uuid"] for f in body.get("findings", ()) for r in f.get("related-risks", ())} == risks
        uuids = re.findall(r'\n +"uuid": "([^"]+)"', oscal.render(result))
        assert len(set(uuids)) == len(uuids)


def test_oscal_cites_controls_with_their_edition(cases: dict[str, ScanResult]) -> None:
    selection = judged(cases["failing"])["reviewed-controls"]["control-selections"][0]
    assert {"control-id": "atlas_AML.T0010"} in selection["include-controls"]
    assert (
        "atlas_AML.T0010: MITRE ATLAS 5.6.1 (2026-05-05), AML.T0010 AI Supply Chain Compromise" in selection["remarks"]
    )
    assert "none is said to be met" in selection["remarks"]
    (own,) = judged(cases["nothing"])["reviewed-controls"]["control-selections"][0]["include-controls"]
    assert own == {"control-id": "rule.nothing-checked"}


def test_oscal_names_the_same_thing_alike_in_the_next_scan(cases: dict[str, ScanResult]) -> None:
    before, after = (judged(r)["findings"] for r in (cases["failing"], reworded(cases["failing"])))
    assert [f["uuid"] for f in before] == [f["uuid"] for f in after]
    assert DecisionVerdict.FAIL in {d.verdict for d in cases["failing"].verdict.decisions}
