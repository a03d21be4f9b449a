"""The sections behind page 1: controls, waivers, changes, score, threat model, how to repeat."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.model import frameworks
from assay.model.outcome import Outcome, Status
from assay.model.result import ScanResult
from assay.reports.html import render
from assay.reports.html_replay import check_command, hash_command, scan_command
from assay.reports.html_words import NEVER_THE_GATE
from assay.reports.replay import result_digest

Change = Callable[..., ScanResult]
Parse = Callable[[str], Any]


@pytest.fixture
def told(full: ScanResult, parse: Parse) -> Callable[..., str]:
    """The text of one section, of the full result or another."""

    def text(anchor: str, result: ScanResult = full) -> str:
        part = render(result).partition(f'<h2 id="{anchor}">')[2].partition("</section>")[0]
        words: str = parse(f"<h2>{part}").text
        return words

    return text


def test_a_control_has_framework_edition_name_verdict_and_findings(told: Callable[..., str]) -> None:
    text = told("controls")
    assert "Evidence relevant to" in text
    entry = frameworks.describe("atlas:AML.T0010")
    assert entry is not None
    row = text.partition(" AML.T0010 ")[2].partition(" CWE-502 ")[0]
    for part in (entry.name, entry.framework, entry.edition, "✖ Error", "no-unsafe-code", "10 findings"):
        assert part in row
    assert "Deserialization of Untrusted Data (secondary source)" in text
    assert "complian" not in text


def test_what_no_rule_asks_for_is_listed_as_not_assessed(
    told: Callable[..., str], full: ScanResult, change: Change
) -> None:
    silent = told("controls").partition("Not assessed by this tool")[2]
    used = {text for decision in full.verdict.decisions for text in decision.controls}
    for prefix in ("atlas", "cwe"):
        for control in frameworks.all_controls(prefix):
            listed = f" {control.id} {control.name[:20]}" in silent
            assert listed == (control.text not in used and not control.retired_by), control
    for framework in frameworks.frameworks():
        assert framework.title in silent
    bare = tuple(d.model_copy(update={"controls": ()}) for d in full.verdict.decisions)
    text = told("controls", change(full, decisions=bare))
    assert "No rule of this policy names a control." in text
    assert "Not assessed at all: MITRE ATLAS" in text


def test_a_control_whose_checks_were_not_made_is_not_assessed_this_time(
    told: Callable[..., str], cases: dict[str, ScanResult]
) -> None:
    assert "not assessed this time" in told("controls", cases["not-assessed"])
    assert "not assessed this time" not in told("controls", cases["failing"])


def test_a_control_that_no_table_knows_is_shown_and_said_so(
    told: Callable[..., str], full: ScanResult, change: Change
) -> None:
    strange = full.verdict.decisions[0].model_copy(update={"controls": ("acme:RULE 7", "atlas:AML.T9999")})
    text = told("controls", change(full, decisions=(strange,)))
    assert "RULE 7 framework without a table in this tool" in text
    assert "AML.T9999 not in the edition that this tool knows" in text


def test_the_register_lists_every_waiver_with_its_state(told: Callable[..., str], full: ScanResult) -> None:
    text = told("register")
    for waiver in full.verdict.waivers:
        for part in (waiver.id, waiver.reason, waiver.approver, waiver.expires, waiver.finding, waiver.note):
            assert part in text
    for words in ("In force", "Expired: accepts nothing", "Void: accepts nothing", "Unused: meets no finding"):
        assert words in text
    assert text.count("expires soon") == 1
    assert "2026-12-08 (expires soon: 12 days after the scan)" in text


def test_a_result_without_register_shows_the_waivers_that_met_a_finding(
    told: Callable[..., str], cases: dict[str, ScanResult]
) -> None:
    assert "W-7 In force no-unsafe-code" in told("register", cases["waived"])
    assert "The policy holds no waiver." in told("register", cases["clean"])


def test_changes_are_counted_and_what_is_gone_is_named(
    told: Callable[..., str], cases: dict[str, ScanResult], full: ScanResult, change: Change
) -> None:
    text = told("changes")
    for part in (
        "New Worse As before Better Gone Held back 2 1 14 0 2 3",
        "so 3 that stood before would block and do not",
        "Read with care: the policy is another one.",
        "app.log: 3 secrets in logs, 0 allowed. resolved",
        "not checked this time, so nothing is known",
    ):
        assert part in text
    assert "No earlier result was given" in told("changes", cases["clean"])
    new = tuple(f.model_copy(update={"change": "worse"}) for f in full.verdict.findings)
    assert "worse than before" in told("findings", change(full, findings=new))


def test_the_score_is_never_the_gate(told: Callable[..., str], cases: dict[str, ScanResult]) -> None:
    text = told("score")
    assert f"Score 41 of 100. {NEVER_THE_GATE}" in text
    assert "artifact 0 -100 % 3 of 3 pii 41 nothing measured 0 of 1 privacy 88 37 % 2 of 2" in text
    assert f"No score was computed. {NEVER_THE_GATE}" in told("score", cases["clean"])


def test_headroom_beyond_any_number_is_drawn_all_the_same(
    told: Callable[..., str], full: ScanResult, change: Change
) -> None:
    far = full.verdict.areas[0].model_copy(update={"headroom": -1.7e308})
    assert "-100,000,000,000,000 %" in told("score", change(full, areas=(far,)))


def test_field_precision_comes_with_its_interval(told: Callable[..., str], cases: dict[str, ScanResult]) -> None:
    assert "pii.logs 16 2 0.8889 [0.66, 0.98]" in told("score")
    assert "nothing is known about field precision" in told("score", cases["clean"])


def test_the_threat_model_names_attacker_budget_method_and_gaps(
    told: Callable[..., str], cases: dict[str, ScanResult]
) -> None:
    text = told("threat-model", cases["inconclusive"])
    for part in (
        "The attacker holds a record, can ask the model",
        "Attack and budget attack=loss, fpr=0.01",
        "Method loss threshold, 4 references",
    ):
        assert part in text
    assert "Not covered names in prose." in told("threat-model")
    assert "nothing was assumed" in told("threat-model", cases["nothing"])


def test_a_detector_of_somebody_else_has_no_invented_attacker(
    told: Callable[..., str], cases: dict[str, ScanResult]
) -> None:
    whole = cases["clean"]
    measured = whole.outcomes[0].measurements
    other = Outcome(detector="acme.check", status=Status.RAN, measurements=measured)
    assert "Not recorded in the result" in told("threat-model", whole.model_copy(update={"outcomes": (other,)}))


def test_the_scan_command_is_quoted_and_has_its_seed(full: ScanResult, cases: dict[str, ScanResult]) -> None:
    wanted = ["assay", "scan", "a folder/assay.yaml", "--seed", "0", "-o", "json=result.json"]
    assert shlex.split(scan_command(full)) == wanted
    assert scan_command(cases["nothing"]) == ""


def test_the_check_command_finds_the_files_and_a_change(full: ScanResult, tmp_path: Path) -> None:
    def check(second: str) -> int:
        (tmp_path / "a file.bin").write_bytes(b"one")
        (tmp_path / "$(touch x)'").write_bytes(second.encode())
        return subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=False).returncode

    one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    record = full.provenance.inputs[0]
    inputs = tuple(record.model_copy(update={"path": path, "sha256": one}) for path in ("a file.bin", "$(touch x)'"))
    provenance = full.provenance.model_copy(update={"inputs": inputs, "manifest": None})
    command, left_out = check_command(full.model_copy(update={"provenance": provenance}))
    assert left_out == 0
    assert check("one") == 0
    assert check("two") != 0
    assert not (tmp_path / "x").exists()


def test_names_that_sha256sum_writes_otherwise_are_left_out_and_counted(cases: dict[str, ScanResult]) -> None:
    whole = cases["clean"]
    record = whole.provenance.inputs[0]
    names = ("line\nEND\ntouch x", "back\\slash", "bidi\u202e", "")
    inputs = (record, *(record.model_copy(update={"path": name}) for name in names))
    command, left_out = check_command(
        whole.model_copy(update={"provenance": whole.provenance.model_copy(update={"inputs": inputs})})
    )
    assert left_out == len(names)
    assert len(command.splitlines()) == 4


def test_the_hash_command_computes_what_the_page_prints(full: ScanResult, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(full.to_json(), "utf-8")
    words = shlex.split(hash_command())
    assert words[0] == "python3"
    done = subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == result_digest(full)
    page = render(full)
    assert page.count(result_digest(full)) == 4
    again = full.provenance.run.model_copy(update={"seconds": 99.0, "argv": ("assay", "scan", "elsewhere")})
    other = full.model_copy(update={"provenance": full.provenance.model_copy(update={"run": again})})
    assert result_digest(other) == result_digest(full)


def test_the_sign_off_has_its_fields_and_the_answer(told: Callable[..., str]) -> None:
    text = told("sign-off")
    for part in ("answer of this report: No (FAIL, exit code 1)", "☐ release", "Name", "Role", "Date", "Signature"):
        assert part in text
    assert re.search(r"sha256 [0-9a-f]{64}", text)
