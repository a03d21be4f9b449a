"""Data files: every fault is named with its place and its remedy, and the sound twin opens."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.model.errors import UnusableInput
from assay.targets.opened import Opened

Open = Callable[..., Opened]

CSV = "id,age,job,default\n1,41,clerk,good\n2,23,cook,bad\n3,35,clerk,good\n"
TABLE = """
io: {classes: [good, bad]}
columns: {id: {role: identifier}}
data: {train: {path: DATA, label: default}}
"""


def frame() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(CSV))


def write_table(path: Path, table: pd.DataFrame, form: str) -> None:
    if form == "parquet":
        table.to_parquet(path)
    elif form == "jsonl":
        path.write_text(table.to_json(orient="records", lines=True))
    elif form == "jsonl.gz":
        path.write_bytes(gzip.compress(table.to_json(orient="records", lines=True).encode()))
    elif form == "csv.gz":
        path.write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    else:
        table.to_csv(path, index=False, sep={"csv": ",", "tsv": "\t", "semicolons": ";"}[form])


@pytest.mark.parametrize("form", ["csv", "tsv", "semicolons", "csv.gz", "parquet", "jsonl", "jsonl.gz"])
def test_each_format_gives_the_same_rows_whatever_the_file_is_called(
    open_target: Open, tmp_path: Path, form: str
) -> None:
    write_table(tmp_path / "data.bin", frame(), form)
    data = open_target(TABLE.replace("DATA", "data.bin")).data("data.train")
    assert data.columns == ("age", "job")
    assert data.rows == 3
    assert data.x["age"].tolist() == [41, 23, 35]
    assert data.x["job"].tolist() == ["clerk", "cook", "clerk"]
    assert data.y.tolist() == ["good", "bad", "good"]


def refused(open_target: Open, manifest: str, name: str = "data.train") -> str:
    with pytest.raises(UnusableInput) as caught:
        open_target(manifest).data(name)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


CSV_FAULTS: dict[str, tuple[bytes | str, str]] = {
    "empty file": (b"", "data.csv: is empty"),
    "a parquet header only": (b"PAR1PAR1", "damaged parquet"),
    "binary": (bytes(range(256)) * 40, "is no data file that Assay reads"),
    "a pickle": (b"\x80\x04K\x01.", "its content is pickle;"),
    "header only": ("id,age,job,default\n", "has no rows"),
    "one row": (CSV[: CSV.index("2,23")], "has one row"),
    "a field too many": (CSV + "4,50,a,b,good\n", "line 5 has 5 fields and the header has 4"),
    "a field too few": (CSV + "4,50,good\n5,1,a,bad\n", "line 5 has 3 fields"),
    "a quote left open": (CSV + '4,50,"cook,bad\n5,1,cook,bad\n', "the record at line 5 is no csv"),
    "Latin-1": (CSV.encode() + "4,50,bäcker,good\n".encode("latin-1"), "line 5 is no UTF-8 text (byte 7"),
    "UTF-16": (CSV.encode("utf-16"), "UTF-16"),
    "twin columns": (CSV.replace("age", "job"), "names 'job' more than once"),
    "a column without a name": (CSV.replace("age", " "), "column 2 has no name"),
    "label column misspelt": (CSV.replace("default", "Defualt"), "no label column 'default' (did you mean 'Defualt'?)"),
    "label column absent": (CSV.replace("default", "outcome"), "its columns are 'id', 'age', 'job', 'outcome'"),
    "identifier absent": (CSV.replace("id,", "key,", 1), "describes a column 'id' that is not in this file"),
    "a label misspelt": (CSV.replace("bad", "baad"), "the label 'baad' in label column 'default', row 1, is not among"),
    "a near class": (CSV.replace("bad", "baad"), "did you mean 'bad'?"),
    "no label in a row": (CSV.replace(",bad", ","), "label column 'default' has no label in row 1"),
    "one class only": (CSV.replace("bad", "good"), "every row has the one label 'good'"),
    "a number missing": (
        CSV.replace("23", ""),
        "column 'age' has no value in row 1; fill it, or set columns.age.nullable",
    ),
    "a number not available": (CSV.replace("23", "NA").replace("35", "nan"), "column 'age' has no value in rows 1, 2;"),
    "text missing": (CSV.replace("cook", ""), "column 'job' has no value in row 1"),
    "infinite": (CSV.replace("23", "-inf"), "column 'age' is infinite in row 1"),
    "an empty column": ("id,age,job,default\n1,,a,good\n2,,b,bad\n", "column 'age' is empty in every row"),
}


@pytest.mark.parametrize("case", CSV_FAULTS)
def test_a_faulty_csv_is_refused_with_the_place(open_target: Open, tmp_path: Path, case: str) -> None:
    content, wanted = CSV_FAULTS[case]
    (tmp_path / "data.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    sentence = refused(open_target, TABLE.replace("DATA", "data.csv"))
    assert sentence.startswith("data.csv")
    assert wanted in sentence


def test_a_missing_file_is_named(open_target: Open) -> None:
    assert refused(open_target, TABLE.replace("DATA", "gone.csv")).startswith("gone.csv: there is no such file")


def test_missing_values_pass_where_the_manifest_means_them(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV.replace("23", "NA"))
    manifest = TABLE.replace("DATA", "data.csv").replace("columns: {", "columns: {age: {nullable: true}, ")
    ages = open_target(manifest).data("data.train").x["age"]
    assert ages.dtype == float
    assert ages.isna().tolist() == [False, True, False]


def test_words_for_no_value_stay_text_in_a_column_of_text(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV.replace("cook", "None"))
    assert open_target(TABLE.replace("DATA", "data.csv")).data("data.train").x["job"].tolist()[1] == "None"


def test_quoted_line_ends_and_separators_are_one_field(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV.replace("cook", '"cook,\n""chef"""'))
    assert open_target(TABLE.replace("DATA", "data.csv")).data("data.train").x["job"].tolist()[1] == 'cook,\n"chef"'


def test_io_columns_give_the_order_and_a_lacking_one_is_named(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CSV)
    manifest = TABLE.replace("DATA", "data.csv").replace("io: {", "io: {columns: [job, age], ")
    assert open_target(manifest).data("data.train").x.columns.tolist() == ["job", "age"]
    sentence = refused(open_target, manifest.replace("job, age", "job, aged"))
    assert "io.columns wants 'aged', which is not in this file (did you mean 'age'?)" in sentence
    assert "lists it as a feature" in refused(open_target, manifest.replace("job, age", "job, default"))


def test_no_feature_left(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("id,default\n1,good\n2,bad\n")
    assert "no feature column is left" in refused(open_target, TABLE.replace("DATA", "data.csv"))


def test_whole_numbers_and_class_names_are_compared_as_text(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,y\n1,3.0\n2,4.0\n3,3.0\n")
    manifest = 'io: {classes: ["3", 4]}\ndata: {train: {path: data.csv, label: y}}'
    assert open_target(manifest).data("data.train").y.tolist() == [3.0, 4.0, 3.0]


def test_a_label_column_with_a_value_for_each_row_is_no_class(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,y\n" + "".join(f"{i % 3},{i * 7}\n" for i in range(30)))
    manifest = "data: {train: {path: data.csv, label: y}}"
    assert "30 different labels in 30 rows" in refused(open_target, manifest)
    assert open_target(manifest + "\ntask: regression").data("data.train").y[2] == 14


def test_test_rows_without_labels_open_unless_the_name_is_nearly_right(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,default\n1,x\n2,y\n")
    (tmp_path / "test.csv").write_text("a\n1\n2\n")
    manifest = "data: {train: {path: train.csv, label: default}, test: {path: test.csv}}"
    assert open_target(manifest).data("data.test").y is None
    (tmp_path / "test.csv").write_text("a,Default\n1,x\n2,y\n")
    assert "did you mean 'Default'?" in refused(open_target, manifest, "data.test")


JSONL_FAULTS = {
    "no JSON": ('{"a": 1, "y": 1}\n{"a": 2, "y": 0}\n{"a": oops}\n', "line 3 is no JSON"),
    "a list": ('{"a": 1, "y": 1}\n{"a": 2, "y": 0}\n\n[1, 2]\n', "line 4 is no JSON object"),
    "nested": ('{"a": 1, "y": 1}\n{"a": {"b": 1}, "y": 0}\n', "line 2 holds a list or an object in 'a'"),
    "mixed": ('{"a": 1, "y": 1}\n{"a": "2", "y": 0}\n', "line 2 holds text in 'a' where earlier lines hold a number"),
    "twice": ('{"a": 1, "y": 1}\n{"a": 1, "a": 2, "y": 0}\n', "line 2 is no JSON ('a' stands twice"),
    "left out": ('{"a": 1, "y": 1}\n{"y": 0}\n', "column 'a' has no value in row 1"),
    "NaN": ('{"a": 1, "y": 1}\n{"a": NaN, "y": 0}\n', "column 'a' has no value in row 1"),
    "too deep": ('{"a": 1, "y": 1}\n{"a": 2, "y": 1}\n{"a": ' + "[" * 200_000, "line 3 is nested too deep"),
}


@pytest.mark.parametrize("case", JSONL_FAULTS)
def test_faulty_json_lines_are_refused_with_the_line(open_target: Open, tmp_path: Path, case: str) -> None:
    content, wanted = JSONL_FAULTS[case]
    (tmp_path / "rows.jsonl").write_text(content)
    assert wanted in refused(open_target, "data: {train: {path: rows.jsonl, label: y}}")


def test_a_parquet_with_dates_or_lists_names_the_column(open_target: Open, tmp_path: Path) -> None:
    table = frame().assign(since=pd.Timestamp("2024-01-01"), tags=[["a"], [], ["b"]])
    table.to_parquet(tmp_path / "d.parquet")
    manifest = TABLE.replace("DATA", "d.parquet")
    assert "column 'since' is of type timestamp" in refused(open_target, manifest)
    manifest = manifest.replace("columns: {", "columns: {since: {role: time}, ")
    assert "column 'tags' is of type list" in refused(open_target, manifest)
    manifest = manifest.replace("columns: {", "columns: {tags: {role: ignore}, ")
    assert open_target(manifest).data("data.train").columns == ("age", "job")


def test_a_parquet_index_is_no_feature_and_dictionaries_are_text(open_target: Open, tmp_path: Path) -> None:
    table = frame().astype({"job": "category"})
    table.index = pd.Index([7, 8, 9])
    table.to_parquet(tmp_path / "d.parquet")
    data = open_target(TABLE.replace("DATA", "d.parquet")).data("data.train")
    assert data.columns == ("age", "job")
    assert data.x["job"].tolist() == ["clerk", "cook", "clerk"]
    assert data.x.index.tolist() == [0, 1, 2]


def test_a_parquet_that_declares_too_much_is_refused_before_it_is_read(
    open_target: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = pa.table({"a": pa.array(np.zeros(200_000)).dictionary_encode(), "default": ["good", "bad"] * 100_000})
    pq.write_table(wide, tmp_path / "d.parquet")
    assert (tmp_path / "d.parquet").stat().st_size < 100_000
    monkeypatch.setattr("assay.targets.datasets.parquet_file.LARGEST", 1_000_000)
    manifest = "data: {train: {path: d.parquet, label: default}}"
    assert "needs 3.1 MiB unpacked" in refused(open_target, manifest)


def test_a_gzip_bomb_stops_at_the_limit_and_a_cut_gzip_is_named(
    open_target: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(b"a,y\n" + b"1,0\n2,1\n" * 100_000)
    (tmp_path / "d.csv.gz").write_bytes(packed)
    manifest = "data: {train: {path: d.csv.gz, label: y}}"
    assert open_target(manifest).data("data.train").rows == 200_000
    monkeypatch.setattr("assay.targets.datasets.text_lines.LARGEST", 100_000)
    assert "holds more than 97.7 KiB of text" in refused(open_target, manifest)
    monkeypatch.undo()
    (tmp_path / "d.csv.gz").write_bytes(packed[:-20])
    assert "damaged gzip" in refused(open_target, manifest)


X = np.arange(12, dtype=np.float32).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])
NPZ = "data: {train: {path: d.npz}}"


def with_nan() -> np.ndarray[Any, Any]:
    x = X.copy()
    x[2, 1] = np.nan
    x[4, 0] = np.nan
    return x


NPZ_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "objects": ({"x": np.array([[1, "a"]], dtype=object), "y": Y}, "array 'x' holds Python objects"),
    "objects as labels": ({"x": X, "y": Y.astype(object)}, "array 'y' holds Python objects"),
    "lengths": ({"x": X, "y": Y[:5]}, "'x' has 6 rows and 'y' has 5"),
    "one axis": ({"x": X[:, 0], "y": Y}, "has the shape (6,)"),
    "no columns": ({"x": X[:, :0], "y": Y}, "so no features"),
    "one-hot": ({"x": X, "y": np.eye(2)[Y]}, "y.argmax(axis=1)"),
    "labels in a column": ({"x": X, "y": Y[:, None]}, "y.ravel()"),
    "text": ({"x": X.astype(str), "y": Y}, "store numbers"),
    "NaN": ({"x": with_nan(), "y": Y}, "array 'x' holds NaN in rows 2, 4;"),
    "infinity": ({"x": np.where(X == 7, np.inf, X), "y": Y}, "holds infinite values in row 3"),
    "other name": ({"x": X, "labels": Y}, "there is no array 'y'; it holds 'labels', 'x'"),
    "near name": ({"X": X, "y": Y}, "there is no array 'x' (did you mean 'X'?)"),
    "one row": ({"x": X[:1], "y": Y[:1]}, "has one row"),
    "no rows": ({"x": X[:0], "y": Y[:0]}, "has no rows"),
    "one class": ({"x": X, "y": Y * 0}, "every row has the one label '0'"),
    "NaN label": ({"x": X, "y": np.where(Y, 1.0, np.nan)}, "has no label in rows 0, 2, 4;"),
}


@pytest.mark.parametrize("case", NPZ_FAULTS)
def test_a_faulty_npz_is_refused(open_target: Open, tmp_path: Path, case: str) -> None:
    arrays, wanted = NPZ_FAULTS[case]
    np.savez(tmp_path / "d.npz", **arrays)
    sentence = refused(open_target, NPZ)
    assert sentence.startswith("d.npz")
    assert wanted in sentence


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("shape", [(6, 2), (6, 3, 3), (6, 3, 3, 3)])
def test_a_sound_npz_opens(open_target: Open, tmp_path: Path, save: Any, shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    save(tmp_path / "d.npz", pictures=x, labels=Y.astype(str))
    data = open_target("data: {train: {path: d.npz, arrays: {x: pictures, y: labels}}}").data("data.train")
    assert data.x.dtype == np.uint8
    assert (data.x == x).all()
    assert data.y.tolist() == ["0", "1"] * 3
    assert data.columns == ()


def test_class_indices_become_the_names_of_the_manifest(open_target: Open, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    named = open_target(NPZ + "\nio: {classes: [cat, dog]}").data("data.train")
    assert named.y.tolist() == ["cat", "dog"] * 3
    assert "label '0' in array 'y', rows 0, 2, 4" in refused(open_target, NPZ + "\nio: {classes: [1, 2]}")


def test_an_npz_that_declares_more_than_it_holds_allocates_nothing(open_target: Open, tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**5)})
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue() + b"\0" * 64)
    assert "declares the shape (10000000, 100000), 7,450.6 GiB" in refused(open_target, NPZ)
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue().replace(b"(10000000, 100000)", b"(10, 10)          ") + b"\0" * 64)
    assert "declares 800 bytes and 64 bytes follow" in refused(open_target, NPZ)


def test_an_npz_with_one_name_twice_or_cut_is_refused(open_target: Open, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    whole = (tmp_path / "d.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "d.npz", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x.npy", b"another")
    assert "more than once" in refused(open_target, NPZ)
    damaged = bytearray(whole)
    damaged[whole.index(X.tobytes())] ^= 1
    (tmp_path / "d.npz").write_bytes(damaged)
    assert "damaged npz (BadZipFile: Bad CRC-32" in refused(open_target, NPZ)


def test_a_json_document_is_not_json_lines(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text(json.dumps([{"a": 1, "y": 0}, {"a": 2, "y": 1}]))
    assert "line 1 is no JSON object" in refused(open_target, "data: {train: {path: d.json, label: y}}")
