"""The counting of benchmarks/pii.py: what matches, what is false, what stands apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import pii
from pii_labels import LabelsError, kind_of, read_labels
from pii_marks import Label
from pii_research import sentences
from pii_scoring import Score, measure, table

LINE = "mail a@b.org from 10.0.0.1"


def scored(labels: list[Label], found: list[tuple[int, int, str]]) -> Score:
    score = Score()
    score.add(LINE, labels, found)
    return score


def test_a_finding_counts_when_it_overlaps_a_label_of_its_kind() -> None:
    label = [Label(5, 12, "EMAIL_ADDRESS")]
    hit = scored(label, [(11, 20, "EMAIL_ADDRESS")])
    assert hit.recall() == (1, 1)
    assert hit.precision() == (1, 1)
    beside = scored(label, [(12, 20, "EMAIL_ADDRESS")])
    assert beside.recall() == (0, 1)
    assert beside.precision() == (0, 1)
    other = scored(label, [(5, 12, "PHONE_NUMBER")])
    assert other.recall() == (0, 1)
    assert other.wrong == {"PHONE_NUMBER": 1}


def test_any_name_of_a_secret_answers_a_label_that_asks_for_no_name() -> None:
    label = [Label(0, 9, "OTHER_SECRET")]
    assert scored(label, [(0, 9, "SECRET_CLOUD_TOKEN")]).recall() == (1, 1)
    assert scored(label, [(0, 9, "GENERIC_API_KEY")]).recall() == (1, 1)
    assert scored(label, [(0, 9, "EMAIL_ADDRESS")]).recall() == (0, 1)
    assert scored([Label(0, 9, "GITHUB_TOKEN")], [(0, 9, "GENERIC_API_KEY")]).recall() == (0, 1)


def test_names_in_prose_and_test_cards_are_in_no_total_and_their_finding_is_not_wrong() -> None:
    labels = [Label(0, 4, "PERSON_IN_PROSE"), Label(5, 12, "TEST_CARD")]
    score = scored(labels, [(0, 4, "PERSON"), (5, 12, "CREDIT_CARD")])
    assert score.recall() == (0, 0)
    assert score.precision() == (2, 2)
    assert score.recall(("TEST_CARD",)) == (1, 1)
    assert "TEST_CARD" in table([("ours", score)]).split("ALL")[1]


def test_encoded_values_stand_apart_by_depth() -> None:
    labels = [Label(5, 12, "EMAIL_ADDRESS", "base64"), Label(5, 12, "US_SSN", "url > base64")]
    score = scored(labels, [(5, 12, "EMAIL_ADDRESS")])
    assert score.recall() == (0, 0)
    assert score.recall(depths=(1,)) == (1, 1)
    assert score.recall(depths=(1, 2)) == (1, 2)


def test_only_lines_without_any_label_are_clean() -> None:
    score = scored([Label(18, 26, "IP_ADDRESS")], [(0, 4, "PERSON")])
    score.add(LINE, [], [(0, 4, "PERSON")])
    score.add(LINE, [], [])
    assert score.clean_lines == 2
    assert score.false_on_clean == 1
    assert score.false_rate == 500


def test_a_finer_finding_is_right_only_where_labels_are_coarse() -> None:
    coarse = measure(lambda line: [(18, 26, "IP_LOOPBACK")], [LINE], {0: [Label(18, 26, "IP_ADDRESS")]})
    assert coarse.recall() == (1, 1)
    fine = measure(
        lambda line: [(18, 26, "IP_LOOPBACK")], [LINE], {0: [Label(18, 26, "IP_ADDRESS"), Label(0, 4, "IP_LOOPBACK")]}
    )
    assert fine.recall() == (0, 2)


def test_scores_of_several_logs_add_up() -> None:
    score = scored([Label(5, 12, "EMAIL_ADDRESS")], [(5, 12, "EMAIL_ADDRESS")])
    score.merge(scored([Label(5, 12, "EMAIL_ADDRESS")], []))
    assert score.recall() == (1, 2)
    assert score.size == 2 * (len(LINE) + 1)


def test_old_labels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text('{"line":3,"spans":[[1,9,"HF_TOKEN","b64","json"]],"neg":null}\n', encoding="utf-8")
    assert read_labels(path) == {3: [Label(1, 9, "HUGGINGFACE_TOKEN", "base64")]}


@pytest.mark.parametrize(
    ("labels", "found", "words"),
    [
        ([Label(5, 12, "EMAIL_ADDRESS")], [], "recall of tier A 0.000 is below 0.99"),
        ([Label(5, 12, "EMAIL_ADDRESS", "hex")], [], "recall at depth 1 and 2 0.000 is below 0.97"),
        ([], [(0, 4, "PERSON")], "1000.00 false findings per 1,000 clean lines are more than 1"),
        ([Label(5, 12, "EMAIL_ADDRESS")], [(0, 2, "PERSON")], "precision 0.000 is below 0.97"),
    ],
)
def test_the_check_names_what_is_not_reached(labels: list[Label], found: list, words: str) -> None:
    assert words in pii.failures(scored(labels, found))


def test_the_check_is_content_with_a_tool_that_finds_all() -> None:
    assert pii.failures(scored([Label(5, 12, "EMAIL_ADDRESS")], [(5, 12, "EMAIL_ADDRESS")])) == []


def test_the_command_line_measures_a_log_and_fails_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log, labels = tmp_path / "a.log", tmp_path / "labels"
    log.write_text(f"{LINE}\nnothing here\n", encoding="utf-8")
    spans = [[5, 12, "EMAIL_ADDRESS", "plain"], [18, 26, "IP_ADDRESS", "plain"], [0, 4, "PERSON", "plain"]]
    labels.write_text(json.dumps({"line": 0, "spans": spans}) + "\n", encoding="utf-8")
    command = ["pii.py", "--log", str(log), "--labels", str(labels), "--peer-lines", "0", "--check", "--cases", "5"]
    monkeypatch.setattr(sys, "argv", command)
    assert pii.main() == 1
    shown = capsys.readouterr().out
    assert "EMAIL_ADDRESS     |     1.000   1.000       1      0" in shown
    assert "PERSON missed [plain] …mail" in shown
    assert "not reached: the log: recall of plain values 0.667 is below 0.97" in shown


def test_sentences_of_presidio_research_keep_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    spans = [
        {"entity_type": "EMAIL_ADDRESS", "entity_value": "a@b.org", "start_position": 3, "end_position": 10},
        {"entity_type": "PERSON", "entity_value": "Jo", "start_position": 0, "end_position": 2},
    ]
    path.write_text(json.dumps([{"full_text": "Jo\na@b.org", "spans": spans}]), encoding="utf-8")
    texts, labels = sentences(path)
    assert texts == ["Jo a@b.org"]
    assert [texts[0][label.start : label.end] for label in labels[0]] == ["a@b.org"]


LOG = ["nothing", LINE, "x"]
WANTED = {1: [Label(5, 12, "EMAIL_ADDRESS"), Label(18, 26, "IP_ADDRESS")]}
SPELLED = {
    "spans": '{"line": 1, "spans": [[5, 12, "EMAIL"], [18, 26, "ip"]]}\n',
    "spans with chains": '{"line": 1, "spans": [[5, 12, "EMAIL_ADDRESS", "plain"], [18, 26, "IP_ADDRESS", "plain"]]}\n',
    "objects": '{"line": 1, "spans": [{"start": 5, "end": 12, "label": "e-mail"}, {"start": 18, "end": 26, "type": "IPv4"}]}',
    "a label a line": '{"line": 1, "start": 5, "end": 12, "type": "Email address"}\n\n{"line": 1, "start": 18, "end": 26, "entity": "IP"}\n',
    "one list": '[{"line": 1, "start": 5, "end": 12, "type": "email"},\n {"line": 1, "start": 18, "end": 26, "type": "ip"}]',
    "csv": "line,start,end,type\n1,5,12,EMAIL\n1,18,26,IP\n",
    "tabs": "line\tstart\tend\tlabel\n1\t5\t12\tEMAIL\n1\t18\t26\tIP\n",
    "places in the file": '{"start": 13, "end": 20, "type": "EMAIL"}\n{"start": 26, "end": 34, "type": "IP"}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", SPELLED)
def test_labels_are_read_as_people_write_them(tmp_path: Path, name: str) -> None:
    path = tmp_path / "labels"
    path.write_text(SPELLED[name], encoding="utf-8")
    assert read_labels(path, LOG) == WANTED


def test_lines_may_count_from_1(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text('{"line": 2, "spans": [[5, 12, "EMAIL"], [18, 26, "IP"]]}\n', encoding="utf-8")
    assert read_labels(path, LOG, first_line=1) == WANTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mail a@b.org from\n", "row 1 is no label|holds no label"),
        ('{"line": 1}\n', "row 1 is no label: it takes `line`, `start`, `end` and `type`"),
        ('{"line": 1, "spans": [[5]]}\n', "row 1 is no label"),
        ('{"line": 1, "start": 5, "end": 12\n', "is no JSON from line 1 on"),
        ('{"line": 1, "start": 5, "end": 12, "type": "EMAIL"}\nnonsense\n', "is no JSON from line 2 on"),
        ('{"line": 3, "start": 5, "end": 12, "type": "EMAIL"}\n', "line 3, columns 5 to 12 are not in the log; .*--first-line 1"),
        ('{"line": 1, "start": 5, "end": 400, "type": "EMAIL"}\n', "columns 5 to 400 are not in the log"),
        ("[1, 2]", "row 1 is no JSON object"),
        ("", "holds no label"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "labels"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelsError, match=words) as caught:
        read_labels(path, LOG)
    assert "\n" not in str(caught.value)


def test_every_alias_is_a_kind() -> None:
    from pii_labels import ALIASES

    assert set(ALIASES.values()) <= pii.KNOWN
    assert not set(ALIASES) & pii.KNOWN
    assert kind_of("shoe size") == "SHOE_SIZE"


@pytest.mark.parametrize("log", ["gone.log", "."])
def test_a_wrong_file_is_one_sentence_and_exit_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["pii.py", "--log", str(tmp_path / log), "--labels", str(tmp_path / "l")])
    with pytest.raises(SystemExit) as ended:
        pii.main()
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
