"""The pure parts of `pii.dataset`: keys from names, verdicts, chance, dictionaries, groups."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pytest

from assay_detectors.pii.dataset_categories import CATEGORIES, categories_of
from assay_detectors.pii.dataset_columns import _tail, by_chance, hinted, needed, shaped, texts_of
from assay_detectors.pii.dataset_engine import CELL, CellScanner, key_of
from assay_detectors.pii.dataset_identity import candidate, chosen, classes, kind_of

CARD = "4556737586899855"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Phone number 2", "phone_number"),
        ("phoneNumber", "phone_number"),
        ("user.e-mail", "user_e_mail"),
        ("DOB", "dob"),
        ("office_phone", "phone"),
        ("office", "value"),
        ("name", "value"),
        ("x\n\"'", "x"),
        ("123", "value"),
        ("", "value"),
    ],
)
def test_key_of(name, key):
    assert key_of(name) == key


@pytest.mark.parametrize(
    ("name", "entity", "said"),
    [
        ("customer_email", "EMAIL_ADDRESS", True),
        ("emailed", "EMAIL_ADDRESS", False),
        ("ssn", "US_SSN", True),
        ("home_address", "LOCATION", True),
        ("ip_address", "LOCATION", False),
        ("memory_address", "LOCATION", False),
        ("birth_weight", "DATE_OF_BIRTH", False),
        ("lastName", "PERSON", True),
        ("model_name", "PERSON", False),
    ],
)
def test_what_names_say(name, entity, said):
    assert hinted(name, entity) is said


def test_a_check_digit_asks_for_twice_what_chance_gives():
    assert (needed("x", "CREDIT_CARD"), needed("card", "CREDIT_CARD"), needed("email", "EMAIL_ADDRESS")) == (
        0.5,
        0.2,
        0.1,
    )


@pytest.mark.parametrize(
    ("series", "values"),
    [
        (pd.Series([1.5, 2.5]), None),
        (pd.Series([1, 2, 999_999]), None),
        (pd.Series([True, False]), None),
        (pd.Series([None, None]), None),
        (pd.Series([4556737586899855, 7]), [CARD, "7"]),
        (pd.Series([4556737586899855.0, float("nan")]), [CARD]),
        (pd.Series(["b", "a", "b", None]), ["b", "a"]),
        (pd.Series([1e300, 2.0]), None),
    ],
)
def test_which_columns_are_text(series, values):
    found = texts_of(series)
    assert (found.values if found else None) == values


def test_rows_of_a_column_with_gaps_keep_their_numbers():
    found = texts_of(pd.Series([float("nan"), 4556737586899855.0]))
    assert list(found.rows[found.codes >= 0]) == [1]


def test_birth_dates_names_and_streets_have_shapes():
    dates = [
        "1965-06-03",
        "03/06/1965",
        "3 Jun 1965",
        "19650603",
        "1965-06-03 00:00:00",
        "03.06.65",
        "1765-06-03",
        "soon",
    ]
    assert shaped("dob", dates)["DATE_OF_BIRTH"].tolist() == [True] * 6 + [False] * 2
    people = ["Okafor", "de la Cruz", "Anna-Maria", "lindqvist", "NOVAK", "O'Brien", "n/a 12", "red green small order"]
    assert shaped("surname", people)["PERSON"].tolist() == [True] * 6 + [False] * 2
    assert shaped("street", ["Hauptstr. 5", "12 Elm Road", "n/a", "77"])["LOCATION"].tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert shaped("amount", dates) == {}


def test_chance_is_the_binomial_tail():
    from scipy.stats import binom

    for k, n in ((1, 1), (3, 10), (97, 900), (250, 2000)):
        for rate in (0.1, 1 / 97):
            assert _tail(k, n, rate) == pytest.approx(binom.sf(k - 1, n, rate), rel=1e-8)


def test_cards_are_kept_alone_and_in_prose_and_doubted_among_ids():
    ids = [str(4_000_000_000_000_000 + i) for i in range(500)]
    assert by_chance("CREDIT_CARD", [CARD, "word"], {0}) == set()
    assert by_chance("CREDIT_CARD", [*ids, f"card {CARD}"], {500}) == set()
    assert by_chance("CREDIT_CARD", [*ids, "4556 7375 8689 9855"], {500}) == {500}
    assert by_chance("CREDIT_CARD", ids, set(range(90))) == set()
    assert by_chance("CREDIT_CARD", ids, set(range(50))) == set(range(50))
    codes = [f"DE{i:020d}" for i in range(500)]
    assert by_chance("IBAN_CODE", codes, {1, 2, 3}) == {1, 2, 3}
    assert by_chance("IBAN_CODE", codes, set(range(40))) == set()


def test_dictionaries_ask_for_two_telling_values():
    def names(column, values=None):
        return [category.name for category, _ in categories_of(column, values)]

    assert names("x", ["white", "black"]) == [] and names("race", ["White", "Black", "Other"]) == [
        "racial or ethnic origin"
    ]
    assert names("grade", ["A+", "A-", "B+", "C"]) == []
    assert names("blood", ["A+", "O-", "AB+", "B-", "O+"]) == ["health"]
    assert names("side", ["left", "right"]) == [] and names("party", ["Liberal", "Green"]) == ["political opinions"]
    assert names("device_fingerprint") == [] and names("fingerprint") == ["biometric data"]
    assert names("unionized") == [] and names("union_member") == ["trade union membership"]
    assert {category.article for category in CATEGORIES} == {"gdpr:Art.9(1)", "gdpr:Art.10"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("birth_year", "birth"),
        ("Age", "age"),
        ("gender", "sex"),
        ("ZIP", "place"),
        ("job", "work"),
        ("score", None),
        ("agency", None),
    ],
)
def test_kinds_of_quasi_identifiers(name, kind):
    assert kind_of(name) == kind


def test_values_must_fit_the_kind():
    assert candidate("age", pd.Series([0.1, -2.0, 3.0]), False) is None
    assert candidate("sex", pd.Series([0.05, -0.04]), False) is None
    assert candidate("zip", pd.Series([1, 1, 1]), False) is None
    assert candidate("sex", pd.Series(["M", "F"]), False).kind == "sex"


def test_groups_equal_those_of_pandas_for_any_columns():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {"age": rng.integers(18, 60, 900), "sex": rng.choice(["m", "f"], 900), "city": rng.choice(list("abcdefg"), 900)}
    )
    frame.loc[::50, "city"] = None
    picked = chosen([candidate(name, frame[name], False) for name in frame])
    found = classes(picked, 5)
    sizes = frame.groupby(list(frame), dropna=False).size()
    assert (found.count, found.smallest, found.unique) == (len(sizes), sizes.min(), (sizes == 1).sum())
    assert found.small == sizes[sizes < 5].sum() and len(found.alone) == min(5, found.unique)


def test_four_columns_at_most_and_somebody_to_describe():
    def made(name):
        return candidate(name, pd.Series(["m", "f", "w"] if name == "sex" else ["1", "2", "3"]), False)

    names = ["education", "occupation", "zip", "city", "sex", "birth_date", "age", "marital_status"]
    assert [c.name for c in chosen([made(name) for name in names])] == ["birth_date", "sex", "zip", "occupation"]
    assert chosen([made("zip"), made("occupation")]) == []


@pytest.mark.parametrize("engine", ["hyperscan", "re2", "re"])
def test_cells_are_found_at_their_place_whatever_the_block(engine):
    if engine != "re":
        pytest.importorskip(engine)
    cells = [f"word {i}" for i in range(20_000)]
    cells[0] = cells[8191] = cells[8192] = cells[19_999] = f"a@uni-bonn.de\nor {CARD}"
    cells[5] = "x" * CELL + " a@uni-bonn.de"
    found = {place: sorted(one.entity for one in hits) for place, hits, _ in CellScanner(engine).cells("note", cells)}
    assert found == {place: ["CREDIT_CARD", "EMAIL_ADDRESS"] for place in (0, 8191, 8192, 19_999)}


LONG = {
    "beside empty cells": (pd.Series([4111111111111111.0, None, 5.0]), "4111111111111111"),
    "beside a fraction": (pd.Series([4111111111111111.0, 0.5]), "4111111111111111"),
    "seventeen digits": (pd.Series([41111111111111112.0, None]), "41111111111111112"),
    "unsigned": (pd.Series([2**63 + 5, 5], dtype="uint64"), str(2**63 + 5)),
    "decimal": (pd.Series([decimal.Decimal("4111111111111111.00"), None]), "4111111111111111"),
    "mixed": (pd.Series([4111111111111111.0, "x"], dtype=object), "4111111111111111"),
    "bytes": (pd.Series([b"jane@uni-bonn.de"], dtype=object), "jane@uni-bonn.de"),
    "category": (pd.Series([4111111111111111] * 2).astype("category"), "4111111111111111"),
}


@pytest.mark.parametrize("name", LONG)
def test_no_long_number_is_left_out(name):
    series, text = LONG[name]
    assert text in texts_of(series).values
