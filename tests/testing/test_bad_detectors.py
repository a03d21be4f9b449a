"""The battery catches each deliberately bad detector by the check that is meant for it, and lets the good one pass."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from assay.testing import planted
from assay.testing.conformance import Example, NonConformant, battery

POLICY = """
version: 1
id: tests/demo
rules:
  - {id: few, metric: demo.labels.wrong, limit: {max: 0}, required: declared, severity: high}
"""
ROWS = (200, 40, 150)
CAUGHT_BY = {
    "Dreams": ["same_numbers_for_the_same_seed"],
    "Boastful": ["declares_what_it_measures"],
    "Undeclared": ["declares_what_it_measures"],
    "CountsShards": ["same_numbers_for_the_same_seed"],
    "Meddles": ["same_numbers_among_others"],
    "Nervous": ["silent_on_clean_targets"],
    "TakesBait": ["silent_on_bait"],
    "Blind": ["finds_the_plant_and_points_at_it"],
    "PointsElsewhere": ["finds_the_plant_and_points_at_it"],
    "Greedy": ["bounded_memory"],
    "Deaf": ["ends_within_two_seconds_of_an_interrupt"],
    "Careless": ["odd_input_is_a_reasoned_outcome"],
    "Silent": ["odd_input_is_a_reasoned_outcome"],
    "Scribbles": ["input_is_left_as_it_was"],
    "Quotes": ["no_secret_in_any_output"],
    "Unbounded": ["options_are_bounded_and_work"],
    "Heavy": ["the_driver_is_light"],
}


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    policy = tmp_path_factory.mktemp("policy") / "policy.yaml"
    policy.write_text(POLICY)
    table = partial(planted.table, rows=ROWS, noise=0.0)
    odd = {
        "20 rows": partial(planted.table, rows=ROWS, spoil=planted.few_rows(20, "train", "test", "trusted")),
        "one row": partial(planted.table, rows=ROWS, spoil=planted.few_rows(1, "train", "trusted")),
    }
    return Example(
        spec="bad_detectors:GOOD", policy=str(policy), clean=table, seeds=2, error_rate=0.0, most_mb=500, odd=odd,
        bait={"rare class": partial(table, spoil=planted.rare_class)},
        planted=partial(table, spoil=planted.wrong_labels(0.2)),
        secret=partial(table, spoil=planted.with_personal_text),
    )  # fmt: skip


def checks(example):
    return {str(check): check for check in battery(example)}


def test_every_check_has_a_bad_detector_of_its_own(example):
    assert set(checks(example)) == {check for caught in CAUGHT_BY.values() for check in caught}


@pytest.mark.parametrize("name", sorted({check for caught in CAUGHT_BY.values() for check in caught}))
def test_the_good_detector_keeps_every_promise(example, name, tmp_path):
    checks(example)[name](tmp_path)


@pytest.mark.parametrize(("bad", "names"), CAUGHT_BY.items(), ids=CAUGHT_BY)
def test_a_bad_detector_is_caught(example, bad, names, tmp_path):
    spoiled = replace(example, spec=f"bad_detectors:SPEC_{bad}")
    for name in names:
        with pytest.raises(NonConformant, match=r"^[^\n]+$"):
            checks(spoiled)[name](tmp_path)
