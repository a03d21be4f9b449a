"""The score of a finding is a probability: the table covers all that rules give, follows from its counts, and holds."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

import pii_calibration as bench
from pii_calibration import Count, Judged

from assay_detectors.pii import calibration, calibration_table
from assay_detectors.pii.calibration import CELLS, probability
from assay_detectors.pii.line import LineScanner
from assay_detectors.pii.rule import CERTAIN, CHECKED, FORMAT, NAMED, Rule

SECRET_RULE = Rule("CUSTOM_SECRET", r"zq_[a-z]{8}", 0.42, 0.42, anchor="zq_", name="of the user")


@pytest.fixture(scope="module")
def unseen() -> list[Judged]:
    return list(bench.judged(131, 8000, "dev", LineScanner(0.0)))


def test_the_table_has_every_level_that_a_rule_can_give_and_no_other():
    assert list(CELLS) == bench.givable()


def test_the_table_follows_from_its_counts():
    counts = {key: Count(cell.right, cell.findings) for key, cell in CELLS.items()}
    assert bench.pooled(counts) == calibration_table.POOLED
    assert {key: bench.Estimate(c.probability, c.low, c.high) for key, c in CELLS.items()} == bench.estimates(counts)


def test_a_higher_level_of_an_entity_is_never_less_probable():
    for lower, higher in pairwise(CELLS.values()):
        if lower.entity == higher.entity:
            assert lower.probability <= higher.probability
    assert all(0 < cell.probability < 1 and cell.low < cell.high for cell in CELLS.values())


def test_levels_out_of_order_are_pooled_and_small_counts_lean_on_the_level():
    counts = {("A", CHECKED): Count(9, 10), ("A", NAMED): Count(5, 10), ("B", NAMED): Count(0, 0)}
    found = bench.estimates(counts)
    assert found["A", CHECKED] == found["A", NAMED]
    assert found["A", NAMED].low < 0.7 < found["A", NAMED].high
    assert abs(found["B", NAMED].probability - bench.pooled(counts)[NAMED]) < 0.05


def test_what_is_said_holds_on_a_log_that_was_not_used(unseen):
    for least in (0.0, bench.REPORTED):
        found = bench.reliability(unseen, probability, least)
        assert found.findings > 300
        assert bench.failures(found) == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda entity, level: level,
        lambda entity, level: 1 - probability(entity, level),
        lambda entity, level: max(probability(entity, level), 0.5),
        lambda entity, level: probability(entity, level) * 0.9,
    ],
    ids=["raw levels", "turned round", "nothing under one half", "a tenth too low"],
)
def test_a_wrong_table_is_caught(unseen, wrong):
    assert bench.failures(bench.reliability(unseen, wrong))


def test_findings_say_their_probability_and_the_threshold_is_on_it():
    line = "charge 4556 7375 8689 9855 now"
    (found,) = LineScanner(0.5).scan(line)
    said = found.probability
    assert said == CELLS["CREDIT_CARD", found.score].probability
    assert LineScanner(said).scan(line)
    assert not LineScanner(said + 0.0005).scan(line)


def test_scores_of_the_user_stay_as_they_are():
    scanner = LineScanner(0.4, brought=(SECRET_RULE,))
    (found,) = scanner.scan("a zq_abcdefgh b")
    assert found.probability == 0.42
    assert not LineScanner(0.5, brought=(SECRET_RULE,)).scan("a zq_abcdefgh b")


def test_an_entity_without_a_cell_takes_the_level():
    assert probability("NEW_ENTITY", CERTAIN) == calibration_table.POOLED[CERTAIN]
    assert probability("IP_LOOPBACK", 0.75) == probability("IP_ADDRESS", 0.75)
    assert calibration_table.POOLED[FORMAT] < bench.REPORTED < calibration_table.POOLED[CHECKED]


def test_real_logs_count_against_all_but_addresses(tmp_path):
    (tmp_path / "a.log").write_text("from 8.8.4.4 card 4556737586899855\n", encoding="utf-8")
    assert list(bench.real(tmp_path, LineScanner(0.5))) == [(("CREDIT_CARD", CERTAIN), False)]


def test_the_written_table_is_the_module(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "TABLE", tmp_path / "table.py")
    monkeypatch.setattr(sys, "argv", ["pii_calibration.py", "--write", "--lines", "50"])
    assert bench.main() == 0
    space: dict[str, object] = {}
    exec((tmp_path / "table.py").read_text(encoding="utf-8"), space)
    assert [(row[0], row[1]) for row in space["ROWS"]] == bench.givable()
    assert set(space["POOLED"]) == set(bench.LEVELS)


def test_the_page_shows_bins_and_fails_where_asked(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("# Title\n<!-- measured -->\nold", encoding="utf-8")
    argv = ["pii_calibration.py", "--seeds", "132", "--lines", "1500", "--out", str(page), "--check"]
    monkeypatch.setattr(sys, "argv", argv)
    assert bench.main() == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Title\n<!-- measured -->\n\n`python benchmarks/pii_calibration.py --seeds 132")
    assert "old" not in text
    assert re.search(r"\| 0 to 0\.1 \| 0\.0\d+ \| \d+ of \d{3,} \|", text)
    monkeypatch.setattr(calibration, "probability", lambda entity, level: 0.6)
    assert bench.main() == 1
    assert "not reached: dev systems, seeds 132" in capsys.readouterr().out
