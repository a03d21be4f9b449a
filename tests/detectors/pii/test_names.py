"""Names in prose by a model of the user's: on free text only, on a seeded sample, never in place of what rules found."""

from __future__ import annotations

import json
import random
import shutil

import pytest

from assay.detector import DetectorFailed
from assay.targets.digest import digest
from assay.testing.scanning import scan_with
from assay_detectors.pii.names_prose import free_text
from assay_detectors.pii.spec import SPEC

spacy = pytest.importorskip("spacy")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Save a small pipeline that knows a few names; return its folder."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": [{"LOWER": first}, {"IS_TITLE": True}]} for first in ("maria", "kenji", "zoë")]
        + [{"label": "ORG", "pattern": "Acme"}]
    )
    folder = tmp_path_factory.mktemp("models") / "names"
    nlp.to_disk(folder)
    return folder


LOG = (
    '{"ts": 1, "prompt": "please tell Maria Lopez of Acme that all is well", "n": 3}\n'
    '{"ts": 1, "full_name": "Kenji Haddad", "text": "ask Kenji Haddad, he knows"}\n'
    'INFO msg="line\\\\nfor Zo\\u00eb Okafor \\"now\\"" user=7\n'
    "Yesterday the server said hello to Kenji Watanabe and then went away\n"
    "INFO step=3 model=maria_Lopez loss=0.2\n"
    "prüfen: the answer for Maria Grün is not yet known here\n"
)


def trusted(model):
    return {"ner_model": str(model), "ner_model_sha256": digest(model, "m").sha256}


def people(run):
    return [
        (o.evidence.locator.line, o.evidence.locator.column, o.evidence.locator.end_column, "NER" in o.evidence.note)
        for o in run.observations
        if o.labels["entity"] == "PERSON"
    ]


def test_names_are_found_where_people_write(logs, scan, model):
    run = scan(logs(a=LOG), **trusted(model))
    lines = LOG.splitlines()
    expected = [
        (1, "Maria Lopez"),
        (2, "Kenji Haddad, he"),
        (3, "Zo\\u00eb Okafor"),
        (4, "Kenji Watanabe"),
        (6, "Maria Grün"),
    ]
    ner = [(line, column) for line, column, _, by_model in people(run) if by_model]
    assert ner == [(line, lines[line - 1].index(text) + 1) for line, text in expected]
    assert (3, lines[2].index("Zo") + 1, lines[2].index("Okafor") + 7, True) in people(run)
    (rule,) = [one for one in people(run) if not one[3]]
    assert rule[:2] == (2, lines[1].index("Kenji") + 1)
    assert [s for s in run.not_covered if s.startswith("names in prose")] == [
        f"names in prose: NER model {model}, 5 of 5 lines with free text looked at"
    ]
    said = [o.evidence for o in run.observations if o.labels["entity"] == "PERSON"]
    assert said[0].excerpt == "M*** L***"
    offsets = {e.locator.line: e.locator.offset for e in said}
    assert LOG.encode()[offsets[6] :].startswith(b"Maria")
    assert "Lopez" not in str([m.model_dump_json() for m in run.measurements]) + str(said)


def test_without_a_model_names_in_prose_are_not_covered(logs, scan):
    run = scan(logs(a=LOG))
    assert "names in prose (no NER model)" in run.not_covered
    assert all(not by_model for *_, by_model in people(run))


def test_the_sample_is_seeded_and_as_large_as_asked(logs, scan, model):
    words = random.Random(0)
    text = "".join(
        f'{{"message": "{words.random()} please call Maria {words.choice("AB")}xy today about it"}}\nstep={n}\n'
        for n in range(200)
    )
    target = logs(a=text)
    some, again = (scan(target, **trusted(model), ner_lines=50) for _ in range(2))
    assert len(people(some)) == 50 and people(some) == people(again)
    assert any("50 of 200 lines with free text looked at" in s for s in some.not_covered)
    other = scan(target, **trusted(model), ner_lines=50, seed=7)
    assert len(people(other)) == 50 and people(other) != people(some)
    every = scan(target, **trusted(model))
    assert set(people(some)) < set(people(every)) and len(people(every)) == 200


@pytest.mark.parametrize("kind", ["missing", "broken", "no label"])
def test_a_model_that_cannot_be_used_is_one_sentence_and_the_rules_stay(logs, scan, tmp_path, model, kind):
    folder = tmp_path / "bad"
    if kind != "missing":
        nlp = spacy.blank("en")
        nlp.to_disk(folder)
    if kind == "broken":
        (folder / "config.cfg").write_text("[nlp]\nlang = 3")
    named = (
        {"ner_model": "bad"}
        if kind == "missing"
        else {"ner_model": "bad", "ner_model_sha256": digest(folder, "m").sha256}
    )
    run = scan(logs(a=LOG + "x maria@uni-bonn.de\n"), **named)
    found = {m.labels["entity"]: m for m in run.measurements}
    assert found["EMAIL_ADDRESS"].value == 1 and found["EMAIL_ADDRESS"].interval.high == 1
    assert found["PERSON"].value == 1 and found["PERSON"].interval.high is None
    (sentence,) = [s for s in run.not_covered if s.startswith("names in prose")]
    assert ("has no label PERSON" if kind == "no label" else "could not be loaded") in sentence
    assert str(tmp_path) not in sentence


@pytest.mark.parametrize(
    "line, texts",
    {
        "json": ('{"content": "hello there", "n": 1}', ["hello there"]),
        "nested": (r'{"body": "{\"prompt\": \"hello there\"}"}', [r'{\"prompt\": \"hello there\"}']),
        "one word": ('{"text": "hello", "x": "some words here"}', []),
        "two fields": ("query='a b' answer=\"c d\"", ["a b", "c d"]),
        "prose": ("[3] We are all here now.", ["We are all here now"]),
        "program": ("2026-01-02 INFO a.b.c step=3 loss=0.1", []),
        "no name of a field": ('{"context": "a b"}', []),
    }.values(),
)  # fmt: skip
def test_free_text(line, texts):
    assert [line[start:end] for start, end in free_text(line)] == texts


def test_a_scan_loads_the_model_in_a_sealed_worker(tmp_path, model):
    (tmp_path / "a.log").write_text(LOG)
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    sha256 = digest(model, "m").sha256
    model.rename(tmp_path / "names")
    try:
        params = {"pii.logs": {"ner_model": "names", "ner_model_sha256": sha256}}
        done = scan_with([SPEC], tmp_path / "assay.yaml", "baseline", params=params)
    finally:
        (tmp_path / "names").rename(model)
    (outcome,) = done.result.outcomes
    assert outcome.status == "ran", outcome.reason
    assert "names in prose: NER model names, 5 of 5 lines with free text looked at" in outcome.not_covered
    assert {m.labels["entity"]: m.value for m in outcome.measurements}["PERSON"] == 6
    (record,) = [r for r in done.result.provenance.inputs if r.role == "option"]
    assert record.path == "names" and record.sha256
    assert "Lopez" not in json.dumps(done.result.model_dump(mode="json"))


@pytest.mark.parametrize(
    "lines, least",
    {
        "all": (["please tell the others that all is well"] * 3, 1),
        "a sample": (["please tell the others that all is well"] * 41, 1),
        "a long line": (["please tell the others that all is well " * 200], 2000),
    }.values(),
    ids=str,
)
def test_what_was_not_looked_at_may_hold_names(logs, scan, model, lines, least):
    run = scan(logs(a="\n".join(lines)), **trusted(model), ner_lines=max(least, 3) if len(lines) == 3 else least)
    (person,) = [m for m in run.measurements if m.labels["entity"] == "PERSON"]
    assert person.value == 0 and (person.interval.high is None) == (len(lines) != 3)
    others = [m for m in run.measurements if m.labels["entity"] != "PERSON"]
    assert all(m.interval.high == m.value for m in others)


def test_a_rule_on_names_does_not_pass_on_a_sample(tmp_path, model):
    (tmp_path / "a.log").write_text("please tell the others that all is well\n" * 41)
    (tmp_path / "assay.yaml").write_text("version: 1\nname: t\nlogs: [{path: a.log}]\n")
    shutil.copytree(model, tmp_path / "names")
    verdicts = []
    for lines in (41, 1):
        (tmp_path / "policy.yaml").write_text(
            "version: 1\nid: p\nrules:\n  - {id: names, metric: pii.logs.count, where: {entity: PERSON}, "
            f"limit: {{max: 0}}, params: {{ner_model: names, ner_model_sha256: {digest(model, 'm').sha256}, ner_lines: {lines}}}}}\n"
        )
        params = {"pii.logs": {"ner_model": "names", "ner_model_sha256": digest(model, "m").sha256, "ner_lines": lines}}
        done = scan_with([SPEC], tmp_path / "assay.yaml", str(tmp_path / "policy.yaml"), params=params)
        verdicts += [one.verdict for one in done.result.verdict.decisions if one.rule == "names"]
    assert verdicts == ["pass", "inconclusive"]


def test_each_finding_keeps_its_own_path_in_the_json(logs, scan, model):
    lines = [
        {"note": "x", "user": {"prompt": "please tell Maria Lopez that all is well", "mail": "maria@uni-bonn.de"}},
        {"items": ["a", {"text": "is it Kenji Haddad or maria@uni-bonn.de who said Maria Lopez"}]},
        {"contact": {"mail": "jo@acme.com"}},
    ]
    run = scan(logs(a="\n".join(map(json.dumps, lines))), **trusted(model))
    found = [(o.labels["entity"], o.evidence.locator.line, o.evidence.locator.path) for o in run.observations]
    assert found == [
        ("PERSON", 1, "$.user.prompt"),
        ("EMAIL_ADDRESS", 1, "$.user.mail"),
        ("PERSON", 2, "$.items[1].text"),
        ("EMAIL_ADDRESS", 2, "$.items[1].text"),
        ("PERSON", 2, "$.items[1].text"),
        ("EMAIL_ADDRESS", 3, "$.contact.mail"),
    ]
    (person,) = [m for m in run.measurements if m.labels["entity"] == "PERSON"]
    assert [e.locator.path for e in person.evidence] == ["$.user.prompt", "$.items[1].text", "$.items[1].text"]
    note = f"name in free text, found by a language model; NER: model {model}, by its own score"
    assert all(e.note.startswith(note) for e in person.evidence)


def test_a_model_in_the_folder_is_loaded_only_if_the_policy_names_its_content(logs, scan, model, tmp_path):
    known = trusted(model)
    with pytest.raises(
        DetectorFailed, match=f"is trusted by nobody; .* set ner_model_sha256: {known['ner_model_sha256']}"
    ):
        scan(logs(a=LOG), ner_model=str(model))
    other = shutil.copytree(model, tmp_path / "other")
    (other / "meta.json").write_text("{}")
    with pytest.raises(DetectorFailed, match="is not the one that ner_model_sha256 trusts"):
        scan(logs(a=LOG), **known | {"ner_model": str(other)})
