"""Recognizers that the user wrote in Python: run where the policy names their digest, beside our rules, never over them."""

from __future__ import annotations

import hashlib
import json

import pytest

from assay.detector import DetectorFailed
from assay.testing.scanning import scan_with
from assay_detectors.pii.spec import SPEC

pytest.importorskip("presidio_analyzer")

CODE = '''
"""Staff numbers, and a word that no pattern tells."""
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult


class StaffRecognizer(PatternRecognizer):
    def __init__(self):
        super().__init__("STAFF", patterns=[Pattern("staff", r"st-\\d{6}", 0.3)], context=["badge"])

    def validate_result(self, text):
        return None if text.endswith("7") else False


class WordRecognizer(EntityRecognizer):
    def __init__(self):
        super().__init__(["WORD"])

    def load(self):
        pass

    def analyze(self, text, entities, nlp_artifacts):
        at = text.find("zebra")
        if at < 0:
            return []
        return [RecognizerResult("WORD", at, at + 5, 0.9, recognition_metadata={"recognizer_identifier": self.id})]


greedy = PatternRecognizer("ALL", name="greedy", patterns=[Pattern("all", r"mail=\\S+", 1.0)])
'''
LOG = "badge st-123457\nst-123457\nbadge st-123456\na zebra runs\nmail=maria@uni-bonn.de\nmail=x\n"


def trusted(tmp_path, code=CODE, name="r.py"):
    (tmp_path / name).write_text(code)
    return {"recognizer_code": name, "recognizer_code_sha256": hashlib.sha256(code.encode()).hexdigest()}


def test_they_find_beside_our_rules_and_hide_nothing(logs, scan, tmp_path):
    run = scan(logs(a=LOG), **trusted(tmp_path))
    found = [(o.labels["entity"], o.evidence.locator.line, o.evidence.note.split("; ")[1:]) for o in run.observations]
    assert found == [
        ("CUSTOM_PERSONAL", 1, ["rule StaffRecognizer (STAFF), by its own score"]),
        ("CUSTOM_PERSONAL", 4, ["rule WordRecognizer (WORD), by its own score"]),
        ("EMAIL_ADDRESS", 5, []),
        ("CUSTOM_PERSONAL", 6, ["rule greedy (ALL), by its own score"]),
    ]
    assert all(m.method.endswith("recognizers of r.py") for m in run.measurements)
    assert all(o.evidence.excerpt == "***" for o in run.observations if o.labels["entity"] == "CUSTOM_PERSONAL")


def test_a_pattern_of_theirs_spares_lines(tmp_path):
    from assay_detectors.pii.presidio_code import load
    from assay_detectors.pii.presidio_scan import RecognizerScanner

    made = load(CODE, "r.py")
    names = [type(one).__name__ if one.name != "greedy" else "greedy" for one in made]
    scanner = RecognizerScanner(made, 0.5, {})
    assert [names[number] for number in scanner.sieve.everywhere] == ["WordRecognizer"]
    only = RecognizerScanner([one for one in made if type(one).__name__ != "WordRecognizer"], 0.4, {})
    only.block(LOG)
    assert only.work == 5  # not the zebra


@pytest.mark.parametrize(
    "digest, told", [("", "is trusted by nobody"), ("0" * 64, "is not the code that recognizer_code_sha256 trusts")]
)
def test_code_that_is_not_trusted_does_not_run(logs, scan, tmp_path, digest, told):
    (tmp_path / "r.py").write_text("open('ran', 'w')\n")
    with pytest.raises(DetectorFailed, match=told):
        scan(logs(a=LOG), recognizer_code="r.py", recognizer_code_sha256=digest)
    with pytest.raises(DetectorFailed, match="cannot be read"):
        scan(logs(a=LOG), recognizer_code="gone.py", recognizer_code_sha256=digest)


@pytest.mark.parametrize(
    "code, told",
    {
        "raises": ("1/0", "its code raises .ZeroDivisionError"),
        "none": ("x = 1", "has no recognizer"),
        "arguments": (
            "from presidio_analyzer import PatternRecognizer\nclass R(PatternRecognizer): pass",
            "cannot be made",
        ),
    }.values(),
)
def test_broken_code_ends_the_check_with_its_reason(logs, scan, tmp_path, code, told):
    with pytest.raises(DetectorFailed, match=told):
        scan(logs(a=LOG), **trusted(tmp_path, code))


def test_what_a_recognizer_raises_quotes_no_value_and_lowers_coverage(logs, scan, tmp_path):
    code = CODE.replace('at = text.find("zebra")', 'at = text.index("zebra") if "zebra" in text else int(text[-5:])')
    run = scan(logs(a="a zebra\nsecret 77x77\n"), **trusted(tmp_path, code))
    assert [o.evidence.locator.line for o in run.observations] == [1]
    assert any(
        "line 2 was not fully analysed: a recognizer of Presidio raised ValueError" in s for s in run.not_covered
    )
    assert all(m.interval.high is None for m in run.measurements)
    assert "77x77" not in str(run)


def test_the_code_runs_in_a_sealed_worker_and_a_change_is_seen(tmp_path):
    (tmp_path / "a.log").write_text(LOG)
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    spy = "\nimport socket, os\ntry:\n    open('ran', 'w')\n    greedy.name = 'wrote'\nexcept OSError:\n    greedy.name = 'sealed'\n"
    found = []
    for code in (CODE + spy, CODE.replace("zebra", "badge") + spy):
        params = {"pii.logs": trusted(tmp_path, code)}
        done = scan_with([SPEC], tmp_path / "assay.yaml", "baseline", params=params, cache=tmp_path / "store.sqlite")
        (outcome,) = done.result.outcomes
        assert outcome.status == "ran", outcome.reason
        found.append({m.labels["entity"]: m.value for m in outcome.measurements}["CUSTOM_PERSONAL"])
        assert "sealed" in json.dumps([o.evidence.note for o in done.observations])
        record = next(r for r in done.result.provenance.inputs if r.role == "option")
        assert (record.path, record.sha256) == ("r.py", params["pii.logs"]["recognizer_code_sha256"])
    assert found == [3, 4]
    assert not (tmp_path / "ran").exists()


def test_a_changed_file_of_rules_is_no_remembered_outcome(tmp_path):
    (tmp_path / "a.log").write_text("token acme_x7k2m9q4t8w1z5b3\n")
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    found = []
    for prefix in ("none", "acme"):
        rule = f"[[rules]]\nid = 'a'\nregex = '''{prefix}_[a-z0-9]{{16}}'''\nkeywords = ['{prefix}_']\n"
        (tmp_path / "g.toml").write_text(rule)
        done = scan_with(
            [SPEC],
            tmp_path / "assay.yaml",
            "baseline",
            cache=tmp_path / "s.sqlite",
            params={"pii.logs": {"gitleaks": "g.toml"}},
        )
        (outcome,) = done.result.outcomes
        found.append({m.labels["entity"]: m.value for m in outcome.measurements}["CUSTOM_SECRET"])
    assert found == [0, 1]
