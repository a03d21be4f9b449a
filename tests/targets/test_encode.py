"""Rows as one matrix of numbers, alike for every set of rows."""

import numpy as np
import pandas as pd
import pytest

from assay.targets.encode import TOPICS, encode


def test_the_split_into_sets_changes_nothing():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(30, 4))
    whole = encode([rows])
    assert np.array_equal(whole, encode([rows[:11], rows[11:]]))
    frame = pd.DataFrame({"a": rows[:, 0], "b": ["x", "y", "z"] * 10})
    assert np.array_equal(encode([frame]), encode([frame[:7], frame[7:]]))


def test_two_categories_lie_one_apart_and_numbers_are_standardized():
    frame = pd.DataFrame({"n": [10.0, 20.0, 30.0, 40.0], "c": ["p", "q", "p", "r"]})
    found = encode([frame])
    assert found.shape == (4, 4)
    assert found[:, 0].std() == pytest.approx(1)
    assert np.linalg.norm(found[0, 1:] - found[1, 1:]) == pytest.approx(1)


def test_a_gap_is_the_mean_and_is_said():
    found = encode([pd.DataFrame({"n": [1.0, np.nan, 3.0]})])
    assert found[1].tolist() == [pytest.approx(0), 1.0]


def test_large_images_are_averaged_and_small_ones_are_kept():
    small = np.random.default_rng(0).integers(0, 255, (5, 8, 8)).astype(np.uint8)
    assert encode([small]).shape == (5, 64)
    assert encode([np.repeat(np.repeat(small, 8, 1), 8, 2)]).shape == (5, 32 * 32)
    large = np.zeros((2, 65, 65, 3), np.uint8)
    large[1] = 200
    found = encode([large], side=16)
    assert found.shape == (2, 16 * 16 * 3)
    assert (found[0].max(), found[1].min()) == (0.0, 1.0)


def test_free_text_becomes_numbers_in_which_like_texts_are_near():
    texts = [f"please send invoice number {i} today" for i in range(60)] + [
        f"free prize winner {i} call" for i in range(60)
    ]
    found = encode([pd.DataFrame({"t": texts})])
    assert found.shape[1] <= TOPICS
    assert np.linalg.norm(found[0] - found[1]) < np.linalg.norm(found[0] - found[80])


def test_constant_columns_and_huge_numbers_stay_finite():
    frame = pd.DataFrame({"c": [7.0] * 3, "h": [1e300, -1e300, 0.0], "e": ["", "", ""]})
    assert np.isfinite(encode([frame])).all()
