"""The JUnit report: red exactly where the gate is shut, never a pass for what was not decided."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from xml.etree.ElementTree import Element

import pytest

from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict
from assay.reports.issues import issues, quiet
from assay.reports.junit import render

SEEDS = 60


def tree(result: ScanResult) -> Element:
    return ElementTree.fromstring(render(result))


def came_to(case: Element) -> tuple[str, str]:
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            return kind, found.get("type") or ""
    return "passed", ""


def cases_of(result: ScanResult) -> dict[str, tuple[str, str]]:
    return {case.get("name") or "": came_to(case) for case in tree(result).iter("testcase")}


def test_each_verdict_has_its_place(cases: dict[str, ScanResult]) -> None:
    assert cases_of(cases["clean"]) == {
        "gate": ("passed", ""),
        "no-unsafe-code": ("passed", ""),
        "no-secrets-in-logs": ("passed", ""),
        "no-leak": ("skipped", "not_applicable"),
    }
    failing = cases_of(cases["failing"])
    assert failing["gate"] == ("failure", "fail")
    assert failing["no-unsafe-code [file=model.pkl]"] == ("failure", "fail")
    assert failing["no-personal-data-in-logs"] == ("passed", "")
    undecided = cases_of(cases["inconclusive"])
    assert undecided["gate"] == ("failure", "inconclusive")
    assert undecided["no-leak [attack=loss, fpr=0.01]"] == ("failure", "inconclusive")
    assert undecided["no-unsafe-code [file=model.pkl]"] == ("skipped", "inconclusive")
    broken = cases_of(cases["not-assessed"])
    assert broken["gate"] == ("error", "error")
    assert broken["no-unsafe-code"] == ("error", "error")
    assert broken["no-secrets-in-logs"] == ("error", "skipped")
    assert broken["no-leak"] == ("skipped", "skipped")
    assert cases_of(cases["waived"])["no-unsafe-code [file=model.pkl]"] == ("skipped", "waived")
    assert cases_of(cases["expired-waiver"])["no-unsafe-code [file=model.pkl]"] == ("failure", "fail")


def test_suites_are_detectors_and_carry_the_policy(cases: dict[str, ScanResult]) -> None:
    suites = list(tree(cases["failing"]).iter("testsuite"))
    assert [suite.get("name") for suite in suites] == ["assay", "artifact.unsafe-code", "pii.logs", "policy"]
    for suite in suites:
        facts = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert facts["assay.policy"] == "builtin:baseline"
        assert facts["assay.policy.sha256"] == "d" * 64
        assert facts["assay.exit-code"] == "1"
        assert (facts["assay.checked"], facts["assay.required"]) == ("2", "2")
        assert facts["assay.coverage"] == cases["failing"].verdict.coverage.sentence


def test_a_failure_holds_value_limit_place_and_remedy(cases: dict[str, ScanResult]) -> None:
    words = "".join(
        tree(cases["inconclusive"]).find(".//testsuite[@name='privacy.membership']/testcase/failure").itertext()
    )  # type: ignore[union-attr]
    assert "measured 0.04 [0.01, 0.1], n = 100; limit: at most 0.05" in words
    assert "n = 4,200 would decide" in words
    words = "".join(tree(cases["failing"]).find(".//testsuite[@name='pii.logs']/testcase/failure").itertext())  # type: ignore[union-attr]
    assert "at logs/app.log:1:9" in words
    assert "and 35 more places in the JSON result" in words
    assert "remedy: Save the weights" in words


def test_it_is_red_exactly_where_the_exit_code_is(
    cases: dict[str, ScanResult], random_result: Callable[..., ScanResult]
) -> None:
    for result in [*cases.values(), *(random_result(seed) for seed in range(SEEDS))]:
        gate = next(case for case in tree(result).iter("testcase") if case.get("classname") == "assay")
        red = came_to(gate)[0] in ("failure", "error")
        assert red is (result.verdict.exit_code != 0)
    for result in cases.values():  # consistent ones: nothing blocks behind an open gate
        red_cases = [case for case in tree(result).iter("testcase") if came_to(case)[0] in ("failure", "error")]
        assert bool(red_cases) is (result.verdict.exit_code != 0)


def test_nothing_but_a_pass_or_a_warning_passes(random_result: Callable[..., ScanResult]) -> None:
    for seed in range(SEEDS):
        result = random_result(seed)
        every = [issue.finding for issue in (*issues(result), *quiet(result))]
        may_pass = sum(f.verdict in (DecisionVerdict.PASS, DecisionVerdict.WARN) and not f.blocks for f in every)
        counted = Counter(came_to(case)[0] for suite in list(tree(result))[1:] for case in suite.iter("testcase"))
        assert counted["passed"] == may_pass
        assert sum(counted.values()) == len(every)
        assert counted["failure"] + counted["error"] == sum(f.blocks for f in every)


def test_the_counts_are_those_of_the_cases(case: ScanResult) -> None:
    root = tree(case)
    for node in (root, *root.iter("testsuite")):
        kinds = Counter(came_to(entry)[0] for entry in node.iter("testcase"))
        assert node.get("tests") == str(sum(kinds.values()))
        assert node.get("failures") == str(kinds["failure"])
        assert node.get("errors") == str(kinds["error"])


def test_hostile_text_stays_text(cases: dict[str, ScanResult]) -> None:
    text = render(cases["hostile"])
    assert "<script" not in text
    assert len(text) < 200_000
    assert {node.tag for node in tree(cases["hostile"]).iter()} <= {
        "testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped", "system-out",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["nothing", "interrupted"])
def test_what_was_not_assessed_is_an_error_with_its_reason(cases: dict[str, ScanResult], name: str) -> None:
    gate = tree(cases[name]).find(".//testsuite[@name='assay']/testcase")
    assert gate is not None
    assert came_to(gate)[0] == "error"
    assert "required check" in (gate.findtext("system-out") or "")
