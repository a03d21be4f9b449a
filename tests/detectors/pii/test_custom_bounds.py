"""Files of rules are hostile until read: bounds, what is refused, what is said, and where they are read."""

from __future__ import annotations

import os
import re
import time

import pytest

from assay.detector import DetectorFailed
from assay.testing.scanning import scan_with
from assay_detectors.pii.custom import read_gitleaks, read_recognizers
from assay_detectors.pii.implied import implied
from assay_detectors.pii.spec import SPEC

BOMB = "recognizers:\n" + "".join(
    f"  - &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(9)
)  # fmt: skip


@pytest.mark.parametrize(
    "kind, text, told",
    {
        "aliases": (read_recognizers, BOMB, "aliases"),
        "many": (read_recognizers, "recognizers:\n" + "  - {name: a}\n" * 5001, "5,001 rules; at most 5,000"),
        "deep": (read_recognizers, "recognizers: " + "[" * 3000, "is no list"),
        "a date": (read_recognizers, "recognizers: [2026-99-99 secretword]", "it is no table"),
        "a tag": (read_recognizers, "recognizers: !!python/object:secretword {}", "is no list"),
        "passwd": (read_gitleaks, "root:secretword:0:0:/root:/bin/sh", "is no gitleaks configuration .TOMLDecodeError"),
    }.values(),
)
def test_a_hostile_file_is_refused_without_a_word_of_it(kind, text, told):
    try:
        refused = " ".join(kind(text).refused)
    except ValueError as error:
        refused = str(error)
    assert re.search(told, refused)
    assert "secretword" not in refused


@pytest.mark.parametrize(
    "rule, told",
    {
        "a word that is none": ("regex = 'ab'\nkeywords = [1]", "its `keywords` is no list of texts"),
        "long": (f"regex = '{'a' * 16385}'", "longer than 16 KB"),
        "entropy": ("regex = 'ab'\nentropy = 'secretword'", "its `entropy` is no number"),
        "nan": ("regex = 'ab'\nentropy = nan", "its `entropy` is no number"),
        "no text": ("regex = 7", "its regex is no text"),
        "group": ("regex = '(?P<secretword>a)(?P=other)'", "its regex is none"),
    }.values(),
)
def test_a_rule_of_another_shape_is_refused_alone(rule, told):
    found = read_gitleaks(f"[[rules]]\nid = 'good'\nregex = 'abc[0-9]'\n[[rules]]\nid = 'bad'\n{rule}\n")
    assert [one["name"] for one in found.rules] == ["good"]
    (sentence,) = found.refused
    assert sentence.startswith("rule bad is not applied: ") and told in sentence and "secretword" not in sentence


def test_an_allowlist_for_all_rules_is_no_bomb():
    words = "[allowlist]\nstopwords = ['" + "x" * 100_000 + "']\n"
    found = read_gitleaks(words + "".join(f"[[rules]]\nid = 'r{n}'\nregex = 'r{n}z'\n" for n in range(200)))
    assert len(found.rules) == 83
    assert len(found.refused) == 117 and "take 8 MB already" in found.refused[-1]


def test_what_of_a_gitleaks_configuration_is_not_applied_is_said(logs, scan, tmp_path):
    (tmp_path / "g.toml").write_text(
        "[extend]\nuseDefault = true\npath = 'more.toml'\n"
        "[[allowlists]]\npaths = ['a']\nregexes = ['^tok_0']\n"
        "[[allowlists]]\ntargetRules = ['other']\nstopwords = ['tok_2']\n"
        "[[allowlists]]\ncondition = 'AND'\nregexes = ['tok']\npaths = ['a']\n"
        "[[allowlists]]\nregexTarget = 'line'\nregexes = ['tok']\n"
        "[[rules]]\nid = 'tok'\nregex = 'tok_[0-9]{4}'\n"
    )
    run = scan(logs(a="tok_0123\ntok_1234\ntok_2345\n"), gitleaks="g.toml")
    assert [o.evidence.locator.line for o in run.observations] == [2, 3]
    assert [sentence for sentence in run.not_covered if sentence.startswith("g.toml")] == [
        "g.toml: [extend] is not followed: gitleaks' default rules are not applied",
        "g.toml: [extend] is not followed: the rules of the file that it names are not applied",
        "g.toml: `paths` and `commits` of a global allowlist are not applied, only its regexes and stopwords",
        "g.toml: a global allowlist is not applied: it looks at more than the secret, or is no allowlist",
    ]


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
def test_a_keyword_on_another_line_is_enough(logs, scan, tmp_path, engine):
    (tmp_path / "g.toml").write_text("[[rules]]\nid = 'a'\nregex = 'zq[0-9]{6}'\nkeywords = ['acme']\n")
    run = scan(logs(a="service: acme\ntoken zq123456\n"), gitleaks="g.toml", engine=engine)
    assert [(o.evidence.locator.line, o.evidence.locator.column) for o in run.observations] == [(2, 7)]


@pytest.mark.parametrize(
    "pattern, words, holds",
    [
        (r"\b(acme_[a-z]{4})", ["acme_"], True),
        (r"(?i)ACME[a-z]", ["acme"], True),
        (r"(?:github|gitlab)_x", ["github", "gitlab"], True),
        (r"(?:github|gitlab)_x", ["github"], False),
        (r"(?:acme)?x", ["acme"], False),
        (r"(?:acme)*x", ["acme"], False),
        (r"(?:acme){2,}x", ["acme"], True),
        (r"ac[a-z]me", ["acme"], False),
        (r"ac\bme", ["acme"], True),
        (r"(?:ac|b)(?:me|n)", ["acme"], False),
        (r"[ax]cme", ["acme", "xcme"], True),
        (r"(?!acme)x", ["acme"], False),
        ("(?:a|b)" * 20 + "acme", ["acme"], True),
    ],
)
def test_a_word_is_looked_for_first_only_where_no_match_is_without_one(pattern, words, holds):
    assert implied(pattern, words) is holds


def test_the_files_are_read_by_a_worker_and_a_link_out_of_the_folder_tells_nothing(tmp_path, monkeypatch):
    (tmp_path / "t").mkdir()
    (tmp_path / "secret").write_text("root:secretword:0:0\n")
    os.symlink(tmp_path / "secret", tmp_path / "t" / "g.toml")
    (tmp_path / "t" / "r.yaml").write_text(BOMB)
    (tmp_path / "t" / "a.log").write_text("x\n")
    (tmp_path / "t" / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    monkeypatch.setattr("assay_detectors.pii.custom.READERS", {})  # of this process, which must not use them
    for option, given in (("gitleaks", "g.toml"), ("gitleaks", "../secret"), ("recognizers", "r.yaml")):
        params = {"pii.logs": {option: given}}
        done = scan_with([SPEC], tmp_path / "t" / "assay.yaml", "baseline", params=params, jobs=1)
        (outcome,) = done.result.outcomes
        assert outcome.status == "failed" and f"option {option}: " in outcome.reason, outcome
        assert "is no " in outcome.reason
        assert "secretword" not in done.result.model_dump_json()


def test_a_large_file_of_rules_is_refused(logs, scan, tmp_path):
    (tmp_path / "g.toml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(DetectorFailed, match=r"option gitleaks: g\.toml is larger than 1 MB"):
        scan(logs(a="x"), gitleaks="g.toml")


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
@pytest.mark.parametrize("regex", ["^(?:(a|a)+|zq)+x[bc]?d$", "(?:(a|a|aa)+)+bd"])
def test_a_pattern_that_takes_for_ever_costs_its_lines_and_no_more(logs, scan, tmp_path, engine, regex):
    (tmp_path / "g.toml").write_text(f"[[rules]]\nid = 'slow'\nregex = '{regex}'\n")
    lines = ["mail=maria@uni-bonn.de", *["a" * 60 + "xc" + "a" * 60 + "bc bd"] * 20, "mail=jo@acme.com"]
    before = time.process_time()
    run = scan(logs(a="\n".join(lines)), gitleaks="g.toml", engine=engine)
    assert time.process_time() - before < 12
    assert [o.evidence.locator.line for o in run.observations if o.labels["entity"] == "EMAIL_ADDRESS"] == [1, 22]
    late = [s for s in run.not_covered if "took too long" in s]
    assert not late or late[0] == "a.log: line 2 was not fully analysed: rule slow took too long"


HUGE = ["(?s:.{3}){24}.*(?:foo|[a-z]{24}){24}ZQ[0-9]{4}", "(?:(?:x{20}){20}){20}|ZQ[0-9]{4}"]
"""The first is too large for Hyperscan, the second for RE2."""


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
@pytest.mark.parametrize("regex", HUGE)
def test_a_pattern_that_an_engine_finds_too_large_is_searched_for_by_another(logs, scan, tmp_path, engine, regex):
    rules = {"huge": regex, "own": "TK-[0-9]{9}"}
    (tmp_path / "g.toml").write_text(
        "".join(f"[[rules]]\nid = '{name}'\nregex = '''{one}'''\n" for name, one in rules.items())
    )
    text = f"{'o' * 80} {'foo' * 24}ZQ4711\nkey TK-123456789\nmail=maria@uni-bonn.de\n"
    run = scan(logs(a=text), gitleaks="g.toml", engine=engine)
    assert [(o.evidence.locator.line, o.labels["entity"]) for o in run.observations] == [
        (1, "CUSTOM_SECRET"),
        (2, "CUSTOM_SECRET"),
        (3, "EMAIL_ADDRESS"),
    ]


def test_a_line_that_a_rule_of_the_user_did_not_search_to_its_end_is_said(logs, scan, tmp_path, monkeypatch):
    monkeypatch.setattr("assay_detectors.pii.timed.SECONDS", 0.05)
    (tmp_path / "g.toml").write_text("[[rules]]\nid = 'slow'\nregex = '(?:a|a|aa)+[bc]d'\n")
    text = "".join(f"{'a' * 60}be {'a' * 60}c bd {number}\n" for number in range(8))
    run = scan(logs(a=text + "cd acd\n"), gitleaks="g.toml", engine="re")
    late = [s for s in run.not_covered if "took too long" in s]
    assert late[0] == "a.log: line 1 was not fully analysed: rule slow took too long"
    assert all(m.interval.high is None for m in run.measurements)


@pytest.mark.parametrize("regex", ["ab{e<=1}", "[[:word:]]x", "x{i}"])
def test_what_engines_read_differently_is_refused(regex):
    found = read_recognizers(
        f"recognizers:\n  - {{name: a, supported_entity: A, patterns: [{{name: a, regex: '{regex}', score: 0.9}}]}}\n"
    )
    assert not found.rules and "engines read differently" in found.refused[0]
