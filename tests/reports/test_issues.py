"""Issues: worst first, each beside its decision, none lost."""

from __future__ import annotations

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Severity
from assay.reports.issues import issues


def test_blocking_and_severe_first(cases: dict[str, ScanResult]) -> None:
    found = issues(cases["failing"])
    assert [i.finding.severity for i in found] == [
        Severity.CRITICAL,
        Severity.CRITICAL,
        Severity.HIGH,
        Severity.MEDIUM,
    ]
    assert found[-1].finding.verdict is DecisionVerdict.WARN


def test_each_finding_stands_beside_the_decision_with_its_labels(cases: dict[str, ScanResult]) -> None:
    for issue in issues(cases["failing"])[:2]:
        assert issue.decision is not None
        assert issue.decision.labels == issue.finding.labels


def test_a_finding_with_more_labels_than_its_decision_still_finds_it(cases: dict[str, ScanResult]) -> None:
    leak = next(i for i in issues(cases["failing"]) if i.finding.rule == "no-secrets-in-logs")
    assert leak.finding.labels
    assert leak.decision is not None
    assert leak.decision.labels == {}


def test_a_decision_whose_finding_was_cut_out_is_still_an_issue(cases: dict[str, ScanResult]) -> None:
    whole = cases["failing"]
    cut = whole.model_copy(update={"verdict": whole.verdict.model_copy(update={"findings": ()})})
    assert len(issues(cut)) == len(issues(whole)) == 4
    assert all(len(i.finding.fingerprint) == 32 for i in issues(cut))


def test_passes_are_no_issues(cases: dict[str, ScanResult]) -> None:
    assert issues(cases["clean"]) == ()


def test_the_order_does_not_depend_on_the_order_of_the_result(cases: dict[str, ScanResult]) -> None:
    whole = cases["failing"]
    verdict = whole.verdict.model_copy(
        update={"findings": whole.verdict.findings[::-1], "decisions": whole.verdict.decisions[::-1]}
    )
    turned = whole.model_copy(update={"verdict": verdict})
    assert [i.finding for i in issues(turned)] == [i.finding for i in issues(whole)]
