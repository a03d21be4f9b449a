"""Copies from set to set, as against values that repeat by nature."""

import numpy as np
import pandas as pd

from assay.targets.twins import twins

RNG = np.random.default_rng(0)


def test_copies_are_found_row_by_row():
    train = RNG.normal(size=(50, 3))
    other = np.vstack([train[[7, 3]], RNG.normal(size=(8, 3))])
    found = twins(other, train)
    assert found.rows.tolist() == [True, True] + [False] * 8
    assert np.flatnonzero(found.partners).tolist() == [3, 7]
    assert found.first[:3].tolist() == [7, 3, -1]
    assert found.copied


def test_values_that_repeat_by_nature_are_no_copies():
    train, other = RNG.integers(0, 3, (500, 3)), RNG.integers(0, 3, (200, 3))
    found = twins(other, train)
    assert found.rows.mean() > 0.9
    assert not found.copied


def test_a_set_that_repeats_itself_hides_no_copies():
    train = RNG.normal(size=(50, 3))
    assert twins(train[:30], np.vstack([train, train])).copied
    assert twins(np.vstack([train, train]), train[:30]).copied


def test_tables_compare_by_value_whatever_the_type():
    train = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    other = pd.DataFrame({"a": [2.0, 2.0], "b": ["y", "z"]})
    assert twins(other, train).rows.tolist() == [True, False]


def test_zero_has_no_sign_and_images_count_as_rows():
    assert twins(np.array([[0.0]]), np.array([[-0.0]])).rows.tolist() == [True]
    images = RNG.integers(0, 9, (4, 5, 5)).astype(np.uint8)
    assert twins(images[:1], images).first.tolist() == [0]
