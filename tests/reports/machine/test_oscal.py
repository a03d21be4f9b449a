"""OSCAL: one finding on each objective, that of the worst decision, with every observation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Finding
from assay.reports.defectdojo import render as as_defectdojo
from assay.reports.oscal import render

V = DecisionVerdict


def judged(result: ScanResult) -> dict[str, Any]:
    (told,) = json.loads(render(result))["assessment-results"]["results"]
    return dict(told)


def with_verdicts(result: ScanResult, *verdicts: DecisionVerdict) -> ScanResult:
    """The rule `requires-inputs` decided once for each input."""
    decision = result.verdict.decisions[0]
    decisions = tuple(
        decision.model_copy(
            update={
                "rule": "requires-inputs",
                "verdict": verdict,
                "labels": {"input": str(number)},
                "blocks": verdict is V.SKIPPED,
            }
        )
        for number, verdict in enumerate(verdicts)
    )
    verdict = result.verdict.model_copy(update={"decisions": decisions, "findings": ()})
    return result.model_copy(update={"verdict": verdict})


def test_an_objective_has_one_finding_with_all_its_observations(cases: dict[str, ScanResult]) -> None:
    told = judged(with_verdicts(cases["clean"], V.PASS, V.SKIPPED, V.PASS, V.NOT_APPLICABLE))
    (finding,) = told["findings"]
    assert finding["target"]["target-id"] == "requires-inputs"
    assert finding["target"]["status"]["state"] == "not-satisfied"
    assert finding["target"]["status"]["remarks"].startswith("skipped: ")
    assert len(told["observations"]) == 4
    assert len(finding["related-observations"]) == 3
    assert [r["risk-uuid"] for r in finding["related-risks"]] == [risk["uuid"] for risk in told["risks"]]


def test_a_warning_that_blocks_does_not_satisfy_for_what_does_not(cases: dict[str, ScanResult]) -> None:
    result = with_verdicts(cases["clean"], V.WARN, V.INCONCLUSIVE)
    first, second = result.verdict.decisions
    verdict = result.verdict.model_copy(update={"decisions": (first.model_copy(update={"blocks": True}), second)})
    (finding,) = judged(result.model_copy(update={"verdict": verdict}))["findings"]
    assert finding["target"]["status"]["state"] == "not-satisfied"
    assert {p["name"]: p["value"] for p in finding["props"]}["blocks"] == "true"


def test_every_pass_satisfies_and_what_does_not_apply_has_no_finding(cases: dict[str, ScanResult]) -> None:
    (finding,) = judged(with_verdicts(cases["clean"], V.PASS, V.PASS))["findings"]
    assert finding["target"]["status"] == {"state": "satisfied", "reason": "pass"}
    assert "findings" not in judged(with_verdicts(cases["clean"], V.NOT_APPLICABLE))


def test_no_target_has_two_findings(cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]) -> None:
    for result in (*cases.values(), *(random_result(seed) for seed in range(60))):
        told = judged(result)
        targets = [finding["target"]["target-id"] for finding in told.get("findings", ())]
        assert len(targets) == len(set(targets))
        related = [o["observation-uuid"] for f in told.get("findings", ()) for o in f["related-observations"]]
        assert len(related) == len(set(related)) <= len(told.get("observations", ()))


def test_defectdojo_does_not_say_violated_of_a_waived_finding(cases: dict[str, ScanResult]) -> None:
    def waived(finding: Finding) -> Finding:
        return finding.model_copy(update={"verdict": V.WAIVED, "waiver": cases["waived"].verdict.findings[0].waiver})

    whole = cases["inconclusive"]
    findings = tuple(map(waived, whole.verdict.findings))
    decisions = tuple(d.model_copy(update={"verdict": V.WAIVED}) for d in whole.verdict.decisions)
    verdict = whole.verdict.model_copy(update={"findings": findings, "decisions": decisions})
    entries = json.loads(as_defectdojo(whole.model_copy(update={"verdict": verdict})))["findings"]
    assert entries
    for entry in entries:
        assert "violated" not in entry["description"]
        assert "does not pass, which a waiver accepts." in entry["description"]
