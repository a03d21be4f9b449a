"""Rules that the user brings: applied exactly, or refused with the reason."""

from __future__ import annotations

import re

import pytest

from assay.detector import DetectorFailed
from assay_detectors.pii.custom import from_go, read_gitleaks, read_recognizers

GITLEAKS = r"""
title = "rules"
[[rules]]
id = "acme-token"
description = "Acme"
regex = '''(?i)\b(acme_[a-z0-9]{16})(?:['"\s;]|$)'''
keywords = ["acme_"]
entropy = 2.5
[[rules.allowlists]]
regexes = ['''^acme_0000''']
stopwords = ["example"]
[[rules]]
id = "by-path"
path = '''\.pem$'''
[[rules]]
id = "letters"
regex = '''\p{L}{20}'''
[[rules]]
id = "broken"
regex = '''(abc'''
keywords = ["abc"]
[[rules]]
id = "second-group"
regex = '''(zeta|eta)=([0-9]{8})'''
secretGroup = 2
"""
PRESIDIO = """
recognizers:
  - name: Titles recognizer
    supported_language: en
    supported_entity: TITLE
    deny_list: [Doktor, Magister]
  - name: Staff number
    supported_entity: STAFF
    patterns:
      - {name: staff, regex: '\\bst-\\d{6}\\b', score: 0.3}
    context: [staff, badge]
  - name: EmailRecognizer
    type: predefined
"""


def _found(run, entity):
    return [
        (o.evidence.locator.line, o.evidence.locator.column, o.evidence.note)
        for o in run.observations
        if o.labels["entity"] == entity
    ]


def test_gitleaks_rules_find_their_secrets(logs, scan, tmp_path):
    (tmp_path / "g.toml").write_text(GITLEAKS)
    lines = (
        "use ACME_x7k2m9q4t8w1z5b3 now",
        "use acme_0000m9q4t8w1z5b3 now",
        "use acme_aaaaaaaaaaaaaaaa now",
        "use acme_example9q4t8w1z5 now",
        "eta=48392017 theta=1",
    )
    run = scan(logs(a="\n".join(lines)), gitleaks="g.toml")
    found = _found(run, "CUSTOM_SECRET")
    assert [place[:2] for place in found] == [(1, 5), (5, 5)]
    assert found[0][2].endswith("rule acme-token, by its own score")
    refused = [sentence for sentence in run.not_covered if sentence.startswith("g.toml")]
    assert [re.search(r"rule (\S+) is not applied", sentence)[1] for sentence in refused] == [
        "by-path",
        "letters",
        "broken",
    ]
    assert not any("x7k2m9q4t8w1z5b3" in o.model_dump_json() for o in run.observations)


def test_a_rule_of_the_user_takes_no_place_of_ours_and_loses_no_secret(logs, scan, tmp_path):
    rules = {"mail": r"\S+@\S+", "all": r"tk-[0-9. +\-]{12,}"}
    (tmp_path / "g.toml").write_text("".join(f"[[rules]]\nid='{name}'\nregex='{one}'\n" for name, one in rules.items()))
    run = scan(
        logs(a="mail=maria@uni-bonn.de\npeer tk-10.20.30.40 3920\npeer tk-310.20.30.40 10.20.30.40\n"),
        gitleaks="g.toml",
    )
    told = [(o.evidence.locator.line, o.labels["entity"]) for o in run.observations]
    assert told == [(1, "EMAIL_ADDRESS"), (2, "CUSTOM_SECRET"), (3, "CUSTOM_SECRET"), (3, "IP_ADDRESS")]


def test_what_one_file_of_the_user_finds_takes_no_place_of_what_another_does(logs, scan, tmp_path):
    (tmp_path / "g.toml").write_text("[[rules]]\nid='own'\nregex='TK-[0-9]{9}'\n")
    (tmp_path / "r.yaml").write_text(
        "recognizers:\n  - {name: all, supported_entity: X, supported_language: en, "
        "patterns: [{name: p, regex: '.{4,}', score: 1.0}]}\n"
    )
    run = scan(logs(a="job token TK-123456789 done\n"), gitleaks="g.toml", recognizers="r.yaml")
    assert {o.labels["entity"] for o in run.observations} == {"CUSTOM_SECRET", "CUSTOM_PERSONAL"}


def test_presidio_recognizers_find_with_and_without_context(logs, scan, tmp_path):
    (tmp_path / "r.yaml").write_text(PRESIDIO)
    run = scan(logs(a="hello magister Li\nST-123456 went\nbadge st-123456\n"), recognizers="r.yaml")
    found = _found(run, "CUSTOM_PERSONAL")
    assert [place[:2] for place in found] == [(1, 7), (3, 7)]
    assert "Staff number (STAFF)" in found[1][2]
    assert any("EmailRecognizer" in sentence for sentence in run.not_covered)


@pytest.mark.parametrize("option, text", [("gitleaks", "rules = 3"), ("gitleaks", "["), ("recognizers", "a: [")])
def test_a_file_that_is_none_ends_the_check_with_its_reason(logs, scan, tmp_path, option, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(DetectorFailed, match=f"option {option}: x is no "):
        scan(logs(a="x"), **{option: "x"})
    with pytest.raises(DetectorFailed, match=f"option {option}"):
        scan(logs(a="x"), **{option: "gone"})


@pytest.mark.parametrize(
    "pattern, text, match",
    [
        (r"a(?i)b|c", "aB", "aB"),
        (r"x((?i)a|b)c", "xBc", "xBc"),
        (r"[[:alnum:]]+\z", "a-b9", "b9"),
        (r"(?i)tok_[[:xdigit:]]{4}", "TOK_beef", "TOK_beef"),
        (r"[(?i)]", "?", "?"),
    ],
)
def test_go_patterns_are_translated(pattern, text, match):
    assert re.search(from_go(pattern), text)[0] == match


@pytest.mark.parametrize("pattern", [r"\p{Lu}", r"\Qa.b\E", r"(?U)a+", r"\x{1F600}"])
def test_what_python_has_not_is_refused(pattern):
    with pytest.raises(ValueError, match="its regex uses"):
        from_go(pattern)


def test_files_are_read_into_plain_data():
    assert [rule["name"] for rule in read_gitleaks(GITLEAKS).rules] == ["acme-token", "second-group"]
    assert len(read_recognizers(PRESIDIO).rules) == 2


def test_a_recognizer_of_the_user_hides_nothing_that_our_rules_know(logs, scan, tmp_path):
    (tmp_path / "r.yaml").write_text(
        "recognizers:\n  - {name: all, supported_entity: ALL, patterns: [{name: a, regex: 'mail=.+', score: 1.0}]}\n"
    )
    run = scan(logs(a="mail=maria@uni-bonn.de\nmail=nobody\n"), recognizers="r.yaml")
    found = [(o.labels["entity"], o.evidence.locator.line) for o in run.observations]
    assert found == [("EMAIL_ADDRESS", 1), ("CUSTOM_PERSONAL", 2)]


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
@pytest.mark.parametrize("regex", [r"^zq-\d{4}", r"zq-\d{4}$", r"(?:;|^)zq-\d{4}(?:;|$)"])
def test_rules_that_speak_of_the_ends_of_a_line_fire_on_every_line(logs, scan, tmp_path, engine, regex):
    (tmp_path / "r.yaml").write_text(
        f"recognizers:\n  - {{name: z, supported_entity: Z, patterns: [{{name: z, regex: '{regex}', score: 0.9}}]}}\n"
    )
    run = scan(logs(a="zq-1234\nx\nzq-1235\nzq-1236"), recognizers="r.yaml", engine=engine)
    assert [o.evidence.locator.line for o in run.observations] == [1, 3, 4]


def test_a_pattern_that_matches_nothing_at_all_is_refused(logs, scan, tmp_path):
    (tmp_path / "r.yaml").write_text(
        "recognizers:\n  - {name: any, supported_entity: A, patterns: [{name: a, regex: 'x*', score: 0.9}]}\n"
    )
    run = scan(logs(a="mail=maria@uni-bonn.de\n"), recognizers="r.yaml")
    assert any("rule any is not applied: its pattern matches the empty text" in s for s in run.not_covered)
    assert [o.labels["entity"] for o in run.observations] == ["EMAIL_ADDRESS"]
