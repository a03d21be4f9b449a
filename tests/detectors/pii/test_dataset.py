"""`pii.dataset`: columns, rare values, groups, special categories; the honest twin is silent, nothing raw gets out."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from assay.detector import DetectorFailed, DetectorNotApplicable
from assay.model.manifest import Manifest
from assay.targets.base import Target
from assay.targets.refs import InputRef
from assay.testing.direct import run_detector
from assay_detectors.pii.dataset import SPEC, DatasetDetector
from assay_detectors.pii.dataset_spec import COLUMNS, SHARE, SMALL, SMALLEST, SPECIAL, UNIQUE, VALUES
from assay_detectors.pii.entities import BY_NAME, NAMES

MAIL, SSN, CARD, IBAN = "maria.lopez@uni-bonn.de", "536-22-8741", "4556 7375 8689 9855", "DE89370400440532013000"
TOKEN = "ghp_TNehxyMliHSfNsPYQRiD6O7f2olvp1j363Lq"
ROWS = 400


@pytest.fixture
def scan(tmp_path):
    """Write `files` (role -> frame, text, bytes, or arrays) and run the detector on all of them."""

    def run(columns=None, seed=0, **files):
        refs, data = [], {}
        for role, content in files.items():
            role, _, kind = role.partition("_")
            path = tmp_path / f"{role}.{kind or 'csv'}"
            if isinstance(content, pd.DataFrame):
                content.to_parquet(path, index=False) if kind == "parquet" else content.to_csv(path, index=False)
            elif isinstance(content, dict):
                np.savez(path, **content)
            elif content is not None:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            data[role] = {"path": path.name}
            refs.append(InputRef(f"data.{role}", "data", str(path), path.name, spec=data[role]))
        manifest = Manifest.model_validate({"version": 1, "name": "t", "data": data, "columns": columns or {}})
        return run_detector(DatasetDetector(), Target(manifest, tmp_path, tuple(refs)), seed=seed)

    return run


def mails(count, host="uni-bonn.de"):
    return [f"user{i}@{host}" for i in range(count)]


def values(run, metric, **labels):
    return {
        m.labels.get("column") or m.labels.get("entity") or m.labels.get("category"): m.value
        for m in run.measurements
        if m.metric == metric and m.value and labels.items() <= m.labels.items()
    }


def called(run):
    return {m.labels["entity"]: m.value for m in run.measurements if m.metric == COLUMNS and m.value}


def out(run):
    nouns = (*run.measurements, *run.observations)
    return "\n".join([noun.model_dump_json() for noun in nouns] + [*run.not_covered])


def honest(rows=ROWS):
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "id": rng.integers(4 * 10**15, 5 * 10**15, rows),
            "zip": rng.integers(10000, 99999, rows),
            "when": [f"2024-05-{1 + i % 28:02d} 10:11:12" for i in range(rows)],
            "sha": [f"{rng.integers(2**62):016x}{rng.integers(2**62):016x}" for _ in range(rows)],
            "price": rng.lognormal(size=rows),
            "name": [f"Blue Widget {i}" for i in range(rows)],
            "phone_calls": rng.integers(0, 99, rows),
            "ok": rng.random(rows) < 0.5,
        }
    )


def test_columns_are_called_by_their_values(scan):
    frame = honest().assign(a=mails(ROWS), b=[SSN[:-4] + f"{i:04d}" for i in range(1, ROWS + 1)])
    run = scan(train=frame)
    assert called(run) == {"EMAIL_ADDRESS": 1, "US_SSN": 1}
    (share,) = [m for m in run.measurements if m.metric == SHARE and m.labels["column"] == "a"]
    assert (share.value, share.statistic.k, share.statistic.n, share.interval.method) == (
        1,
        ROWS,
        ROWS,
        "clopper-pearson",
    )
    assert share.labels == {"entity": "EMAIL_ADDRESS", "tier": "A", "column": "a", "source": "train.csv"}
    assert "Wilson 95 % [0.99" in share.method and "gdpr:Art.4(1)" in share.evidence[0].note


def test_the_honest_twin_is_silent_and_every_kind_says_zero(scan):
    run = scan(train=honest())
    assert called(run) == {} and values(run, VALUES) == {} and values(run, SPECIAL) == {}
    assert {m.labels["entity"] for m in run.measurements if m.metric == COLUMNS} == set(NAMES)
    assert {m.labels["entity"] for m in run.measurements if m.metric == VALUES} == {
        name for name in NAMES if BY_NAME[name].tier == "A"
    }
    assert all(m.interval.high == 0 for m in run.measurements if m.metric in (COLUMNS, VALUES))
    assert any("taken for ids" in sentence for sentence in run.not_covered)


@pytest.mark.parametrize(
    ("name", "other", "value", "entity"),
    [
        ("phone", "amount_x", lambda i: f"20255{50000 + i}", "PHONE_NUMBER"),
        ("DOB", "shipped", lambda i: f"19{40 + i % 60}-0{1 + i % 9}-1{i % 9}", "DATE_OF_BIRTH"),
        ("date_of_birth", "day", lambda i: f"19{40 + i % 60}0{1 + i % 9}1{i % 9}", "DATE_OF_BIRTH"),
        ("ssn", "code", lambda i: f"53622{1000 + i}", "US_SSN"),
        ("last_name", "shade", lambda i: f"Okafor{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10 % 10]}", "PERSON"),
        ("home_address", "text", lambda i: f"Hauptstraße {i + 1}, 5311{i % 10} Bonn", "LOCATION"),
    ],
)
def test_a_name_turns_a_shape_into_a_kind(scan, name, other, value, entity):
    cells = [value(i) for i in range(ROWS)]
    assert entity in called(scan(train=honest().assign(**{name: cells})))
    assert entity not in called(scan(train=honest().assign(**{other: cells})))


def test_a_bare_name_column_is_of_people_where_given_names_are(scan):
    people = [f"{first} Quillfeather{last}" for first in ("Anna", "Peter", "Wei", "Olga") for last in "abcdefghij"]
    assert called(scan(train=pd.DataFrame({"name": people}))) == {"PERSON": 1}
    assert called(scan(train=pd.DataFrame({"name": [f"Green Lamp {x}" for x in "abcdefghij"] * 4}))) == {}


def test_a_third_is_called_only_where_the_name_says_so(scan):
    cells = [mail if i % 3 == 0 else f"word {i}" for i, mail in enumerate(mails(ROWS))]
    assert called(scan(train=honest().assign(email_addr=cells))) == {"EMAIL_ADDRESS": 1}
    assert called(scan(train=honest().assign(text=cells))) == {}


def test_every_rare_value_is_pointed_at_by_row_and_column(scan):
    frame = honest(3000).assign(note="fine", memo="good")
    planted = {7: MAIL, 900: f"card {CARD} please", 1234: IBAN, 2999: TOKEN}
    for row, value in planted.items():
        frame.loc[row, "note"] = value
    frame.loc[41, "memo"] = MAIL.upper()
    run = scan(train=frame)
    places = {(o.evidence.locator.row, o.evidence.locator.path) for o in run.observations}
    assert places == {(row, "$.note") for row in planted} | {(41, "$.memo")}
    groups = {o.evidence.locator.row: o.evidence.group for o in run.observations}
    assert groups[7] == groups[41] and len(set(groups.values())) == 4
    assert values(run, VALUES, column="note").keys() == {"note"}
    assert called(run) == {}
    text = out(run)
    assert not any(value.lower() in text.lower() for value in (MAIL, CARD, IBAN, TOKEN, CARD.replace(" ", "")))


def test_values_repeat_and_are_counted_by_row_and_capped_as_evidence(scan):
    run = scan(train=honest().assign(owner=[MAIL] * ROWS))
    (m,) = [m for m in run.measurements if m.metric == VALUES and m.value]
    assert (m.value, m.n, len(m.evidence), m.truncated) == (ROWS, ROWS, 25, ROWS - 25)
    assert {o.evidence.locator.row for o in run.observations} == set(range(ROWS))


def test_card_numbers_are_told_from_ids_that_pass_by_chance(scan):
    ids = [str(4_000_000_000_000_000 + i) for i in range(ROWS)]
    assert values(scan(train=honest().assign(ref=ids)), VALUES) == {}
    cards = [n for n in range(4_000_000_000_000_000, 4_000_000_000_004_000) if _luhn(n)][:ROWS]
    run = scan(train=pd.DataFrame({"ref": cards}))
    assert values(run, VALUES) == {"ref": len(cards)} and called(run) == {"CREDIT_CARD": 1}
    half = scan(train=pd.DataFrame({"ref": [*cards[:100], *range(4 * 10**15, 4 * 10**15 + 100)]}))
    assert values(half, VALUES)["ref"] >= 100


def _luhn(number):
    twice = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(str(number)))]
    return sum(n - 9 if n > 9 else n for n in twice) % 10 == 0


def test_groups_by_quasi_identifiers_are_exact(scan):
    frame = pd.DataFrame({"age": [30, 30, 30, 41, 52] * 4, "sex": ["m", "m", "m", "f", "f"] * 4, "zip": 53111})
    frame.loc[3, "zip"] = 53113
    frame.loc[4, "zip"] = 53115
    run = scan(train=frame)
    told = {m.metric: m for m in run.measurements if m.metric in (SMALLEST, UNIQUE, SMALL)}
    assert told[SMALLEST].labels == {"columns": "age + sex + zip", "source": "train.csv"}
    assert told[SMALLEST].value == 1
    assert told[UNIQUE].value == pytest.approx(2 / 20)
    assert {e.locator.row for e in told[UNIQUE].evidence} == {3, 4}
    assert told[SMALL].value == pytest.approx((1 + 1 + 3 + 3) / 20)


def test_roles_say_what_takes_part(scan):
    frame = pd.DataFrame({"age": range(20, 60), "sex": ["m", "f"] * 20, "hobby": [f"h{i % 4}" for i in range(40)]})
    declared = {"hobby": {"sensitive": True}, "age": {"role": "identifier"}}
    assert values(scan(train=frame), SMALLEST)
    labels = [m.labels["columns"] for m in scan(declared, train=frame).measurements if m.metric == SMALLEST]
    assert labels == ["sex + hobby"]
    alone = scan(train=frame[["age", "hobby"]])
    assert not values(alone, SMALLEST) and any("no two columns" in s for s in alone.not_covered)


def test_special_categories_by_name_and_by_values(scan):
    frame = honest().assign(
        Religion="x",
        grp=["Hispanic", "Caucasian", "Black", "White"] * (ROWS // 4),
        priors_count=3,
        colour=["white", "black"] * (ROWS // 2),
        diag=["asthma", "Diabetes", "none", "cancer"] * (ROWS // 4),
    )
    run = scan(train=frame)
    assert set(values(run, SPECIAL)) == {
        "religion",
        "racial or ethnic origin",
        "criminal convictions or offences",
        "health",
    }
    paths = {e.locator.path for m in run.measurements if m.metric == SPECIAL for e in m.evidence}
    assert paths == {"$.Religion", "$.grp", "$.priors_count", "$.diag"}


def test_the_same_bytes_for_the_same_seed_and_a_sample_where_there_are_many(scan):
    frame = pd.DataFrame({"x": [m if i % 2 else f"w{i}" for i, m in enumerate(mails(12_000))]})
    first, again, other = scan(train=frame), scan(train=frame), scan(train=frame, seed=1)
    assert out(first) == out(again)
    (m,) = [m for m in first.measurements if m.metric == SHARE and m.value]
    assert m.n == 10_000 and "10,000 of 12,000 distinct values" in m.method and m.interval.holds(0.5)
    assert values(first, VALUES) == values(other, VALUES) == {"x": 6000}


def test_columns_of_every_role_and_the_label_are_searched(scan):
    frame = honest().assign(key=mails(ROWS), target=mails(ROWS, "acme.com"), skip=mails(ROWS, "b.org"))
    run = scan({"key": {"role": "identifier"}, "target": {"role": "label"}, "skip": {"role": "ignore"}}, train=frame)
    assert called(run) == {"EMAIL_ADDRESS": 3}


def test_parquet_jsonl_gzip_and_npz(scan):
    frame = honest().assign(email=mails(ROWS))
    lines = "".join(json.dumps({"a": i, "email": mail}) + "\n" for i, mail in enumerate(mails(ROWS)))
    run = scan(
        train_parquet=frame,
        test_jsonl=gzip.compress(lines.encode()),
        trusted_npz={"x": np.ones((ROWS, 2)), "y": np.array(mails(ROWS))},
    )
    found = {m.labels["source"]: m.labels["column"] for m in run.measurements if m.metric == SHARE and m.value}
    assert found == {"train.parquet": "email", "test.jsonl": "email", "trusted.npz": "y"}


def test_dates_bytes_and_nested_values(scan):
    table = pd.DataFrame(
        {
            "dob": pd.to_datetime([f"19{40 + i % 60}-03-07" for i in range(60)]),
            "raw": [mail.encode() for mail in mails(60)],
            "bad": [b"\xff\xfe"] * 60,
            "deep": [[1, 2]] * 60,
        }
    )
    run = scan(train_parquet=table)
    assert called(run) == {"DATE_OF_BIRTH": 1, "EMAIL_ADDRESS": 1}
    refused = [s for s in run.not_covered if "not searched" in s]
    assert len(refused) == 2 and all(m.interval.high is None for m in run.measurements if m.metric == VALUES)
    rows = [{"u": {"contact": mail}, "mixed": [1, "x", 2.5][i % 3]} for i, mail in enumerate(mails(60))]
    nested = scan(test_jsonl="".join(json.dumps(row) + "\n" for row in rows))
    assert values(nested, VALUES) == {"u": 60}


def test_a_ragged_csv_is_searched_where_it_fits(scan):
    text = "a,b\n" + "1,x\n" * 30 + f"2,{MAIL}\n" + "3,4,5\n" + f"6,{MAIL}\n"
    run = scan(train=text)
    assert [o.evidence.locator.row for o in run.observations] == [30, 32]
    assert any("32 of 33 records fit the header" in s for s in run.not_covered)
    assert all(m.interval.high is None for m in run.measurements if m.metric in (VALUES, COLUMNS))


def test_a_file_without_header_does_not_show_its_first_row(scan):
    run = scan(train=f"{MAIL},{SSN},41\n" + "".join(f"{mail},x,3\n" for mail in mails(50)))
    assert MAIL not in out(run) and SSN not in out(run)
    assert {o.evidence.locator.path for o in run.observations} == {"$['column 1']", "$['column 2']"}
    assert sum(o.evidence.locator.row is None for o in run.observations) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows"),
        (b"a,b\n\xff\xfe,1\n", "no UTF-8"),
        (None, "no such file"),
        (b"\x80\x04\x95\0\0\0\0model", "no data file"),
    ],
)
def test_a_file_that_cannot_be_read_is_said(scan, content, said):
    with pytest.raises(DetectorFailed, match=said):
        scan(train=content)
    beside = scan(train=content, test=honest().assign(email=mails(ROWS)))
    assert any(said in s for s in beside.not_covered)
    assert called(beside) == {"EMAIL_ADDRESS": 1}
    assert all(m.interval.high is None for m in beside.measurements if m.metric in (VALUES, COLUMNS))


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.5], "b": ["x"]}),
        pd.DataFrame({"a": [float("nan")] * 9, "b": [None] * 9}),
        pd.DataFrame({"a": [1, "x", 2.5, True] * 5, "y": ["same"] * 20}),
        pd.DataFrame({"a": [float("inf"), 1e308, -1e308], "b": [2**62, -(2**62), 0]}),
        pd.DataFrame({f"c{i}": [i, i + 1] for i in range(2000)}),
        pd.DataFrame({"a\nb": ["x\ny", 'q"u', "back\\slash"], "'": ["é", "\u200b", "\U0001f600"]}),
    ],
    ids=["one row", "nothing but gaps", "mixed", "infinite", "wide", "odd text"],
)
def test_odd_tables_are_measured_and_silent(scan, frame):
    run = scan(train=frame)
    assert called(run) == {} and values(run, VALUES) == {}


def test_long_cells_are_cut_and_that_is_said(scan):
    run = scan(train_jsonl=json.dumps({"t": f"{MAIL} " + "x" * 70_000 + f" {CARD}"}) + "\n")
    assert values(run, VALUES) == {"t": 1}
    assert any("1 cells are longer than 65,536 characters" in s for s in run.not_covered)


def test_no_data_is_not_applicable(tmp_path):
    target = Target(Manifest(version=1, name="t"), tmp_path, ())
    with pytest.raises(DetectorNotApplicable):
        run_detector(DatasetDetector(), target)
    assert SPEC.needs == ()


def test_values_inside_encodings_are_found_and_the_way_is_said(scan):
    import base64

    wrapped = base64.b64encode(f'{{"contact": "{MAIL}"}}'.encode()).decode()
    run = scan(train=honest().assign(blob=["plain"] * (ROWS - 1) + [wrapped]))
    assert values(run, VALUES) == {"blob": 1}
    assert "inside base64" in run.observations[0].evidence.note and MAIL not in out(run)


def test_long_names_that_begin_alike_stay_apart(scan):
    run = scan(train=pd.DataFrame({"x" * 90 + "a": mails(30), "x" * 90 + "b": mails(30, "acme.com")}))
    assert values(run, SHARE) == {"x" * 77 + "...": 1, "column 2": 1}


def long_card(place):
    """A card of 19 digits, beyond what a float holds."""
    body = f"6212345678901{place:05d}"
    total = sum(sum(divmod(int(digit) * (2 - i % 2), 10)) for i, digit in enumerate(reversed(body)))
    return int(f"{body}{-total % 10}")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_long_numbers_beside_empty_cells_are_searched_digit_by_digit(scan, kind):
    cards = [long_card(place) if place % 3 else None for place in range(60)]
    frame = pd.DataFrame({"card": pd.array(cards, dtype="Int64"), "n": range(60)})
    lines = "".join(json.dumps({"card": card, "n": n}) + "\n" for n, card in enumerate(cards))
    run = scan(**{f"train_{kind}": lines if kind == "jsonl" else frame})
    assert values(run, VALUES, entity="CREDIT_CARD", column="card") == {"card": 40}
    assert called(run) == {"CREDIT_CARD": 1}


def test_a_row_index_of_a_parquet_is_searched(scan, tmp_path):
    frame = pd.DataFrame({"n": range(20)}, index=mails(20))
    frame.to_parquet(tmp_path / "kept.parquet")
    run = scan(train_parquet=(tmp_path / "kept.parquet").read_bytes())
    assert values(run, VALUES, column="__index_level_0__") == {"__index_level_0__": 20}
