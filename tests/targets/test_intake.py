"""The intake: one record per input, the sentence that says what is wrong, the sound twin beside it."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression

from assay.model.errors import UnusableInput
from assay.model.result import InputRecord
from assay.targets.digest import digest
from assay.targets.intake import compare, examine, probe
from assay.targets.opened import Opened
from assay.targets.refs import Shard

Open = Callable[..., Opened]

CSV = "age,job,y\n41,clerk,good\n23,cook,bad\n35,clerk,good\n"
DATA = "data: {train: {path: train.csv, label: y}, test: {path: test.csv, label: y}}"


def look(opened: Opened, name: str) -> dict[str, Any]:
    """Return the record, after checking that a result can hold it."""
    found = examine(opened, Shard(name))
    InputRecord(name=name, role=opened.ref(name).role, path=opened.shown(name), **found)
    assert (found["status"] == "usable") == (found["problem"] is None)
    return found


def test_sound_data_give_digest_format_and_facts(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(CSV)
    found = look(open_target("data: {train: {path: train.csv, label: y}}"), "data.train")
    assert found == {
        "status": "usable",
        "problem": None,
        "sha256": hashlib.sha256(CSV.encode()).hexdigest(),
        "size": len(CSV),
        "format": "csv",
        "facts": {"rows": 3, "label": "y", "columns": ["age", "job"], "classes": ["bad: 1", "good: 2"]},
    }


def test_faulty_data_still_have_their_identity(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(CSV.replace("23", ""))
    found = look(open_target("data: {train: {path: train.csv, label: y}}"), "data.train")
    assert found["status"] == "unusable"
    assert found["problem"].startswith("train.csv: column 'age' has no value in row 1;")
    assert found["sha256"] == hashlib.sha256((tmp_path / "train.csv").read_bytes()).hexdigest()
    assert found["format"] == "csv"


def test_a_model_is_hashed_and_never_loaded(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"cposix\nsystem\n(S'touch ran'\ntR.")
    sha256 = hashlib.sha256((tmp_path / "m.pkl").read_bytes()).hexdigest()
    found = look(open_target("model: {path: m.pkl}"), "model")
    assert (found["status"], found["sha256"], found["format"], found["facts"]) == ("usable", sha256, "pickle", {})
    assert look(open_target(f"model: {{path: m.pkl, sha256: {sha256.upper()}}}"), "model")["status"] == "usable"
    other = "0" * 64
    found = look(open_target(f"model: {{path: m.pkl, sha256: '{other}'}}"), "model")
    assert found["status"] == "unusable"
    assert sha256 in found["problem"]
    assert other in found["problem"]


def test_a_missing_and_an_empty_model(open_target: Open, tmp_path: Path) -> None:
    assert look(open_target("model: {path: gone.pkl}"), "model")["problem"].startswith(
        "gone.pkl: there is no such file"
    )
    (tmp_path / "m.pkl").touch()
    assert "is empty" in look(open_target("model: {path: m.pkl}"), "model")["problem"]


def test_a_pipe_is_refused_at_once(open_target: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.pkl")
    assert "is no regular file" in look(open_target("model: {path: m.pkl}"), "model")["problem"]


def test_the_digest_of_a_folder_sees_names_content_and_links(tmp_path: Path) -> None:
    def build(name: str, inner: str = "b.txt", content: str = "two", target: str = "a.txt") -> str:
        folder = tmp_path / name
        (folder / "sub").mkdir(parents=True)
        (folder / "a.txt").write_text("one")
        (folder / "sub" / inner).write_text(content)
        (folder / "link").symlink_to(target)
        found = digest(folder, name)
        assert found.size == 6 + len((folder / "link").read_text())
        return found.sha256

    same = build("first")
    assert build("second") == same
    assert build("renamed", inner="c.txt") != same
    assert build("changed", content="tow") != same
    assert build("relinked", target="sub/b.txt") != same
    lines = hashlib.sha256()
    for path, content in ((b"a.txt", b"one"), (b"link", b"one"), (b"sub/b.txt", b"two")):
        lines.update(path + b"\0" + hashlib.sha256(content).hexdigest().encode() + b"\n")
    assert same == lines.hexdigest()


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "round").symlink_to(folder)
    assert digest(folder, "m").size == 0
    (folder / "gone").symlink_to("nowhere")
    with pytest.raises(UnusableInput, match="m/gone: there is no such file"):
        digest(folder, "m")


MISMATCHES = {
    "a column renamed": (
        CSV.replace("job", "jop"),
        "test.csv: lacks 'job', which train.csv has (did you mean 'jop'?)",
    ),
    "a column more": (
        "x," + CSV.replace("\n", "\n1,", 3),
        "test.csv: has 'x', which train.csv lacks",
    ),
    "text among numbers": (
        CSV.replace("23", "old"),
        "column 'age' holds text and in train.csv numbers (row 1 is the first",
    ),
    "numbers for text": (
        CSV.replace("clerk", "1").replace("cook", "2"),
        "column 'job' holds numbers and in train.csv text",
    ),
    "an unknown label": (
        CSV.replace("bad", "goood"),
        "label 'goood' does not occur in train.csv (did you mean 'good'?)",
    ),
}


@pytest.mark.parametrize("case", MISMATCHES)
def test_test_data_that_are_not_like_training_data(open_target: Open, tmp_path: Path, case: str) -> None:
    content, wanted = MISMATCHES[case]
    (tmp_path / "train.csv").write_text(CSV)
    (tmp_path / "test.csv").write_text(content)
    opened = open_target(DATA)
    assert look(opened, "data.test")["status"] == "usable"
    found = compare(opened, Shard("data.test"))
    assert found["status"] == "unusable"
    assert found["problem"].startswith("test.csv: ")
    assert wanted in found["problem"]
    (tmp_path / "test.csv").write_text(CSV.replace("41", "17"))
    sound = compare(open_target(DATA), Shard("data.test"))
    assert sound == {"status": "usable", "problem": None, "facts": {"compared_with": "train.csv"}}


def test_arrays_of_another_shape_or_scale(open_target: Open, tmp_path: Path) -> None:
    manifest = "data: {train: {path: a.npz}, trusted: {path: b.npz}}"
    y = np.array([0, 1, 1, 0])
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 8, 8), np.float32), y=y)
    for x, wanted in (
        (np.zeros((4, 8, 9), np.float32), "rows have the shape (8, 9) and in a.npz (8, 8)"),
        (np.zeros((4, 8, 8), np.uint8), "values are uint8 and in a.npz float32"),
    ):
        np.savez(tmp_path / "b.npz", x=x, y=y)
        assert wanted in compare(open_target(manifest), Shard("data.trusted"))["problem"]
    np.savez(tmp_path / "b.npz", x=np.zeros((4, 8, 8)), y=y)
    assert compare(open_target(manifest), Shard("data.trusted"))["status"] == "usable"
    (tmp_path / "b.npz").write_text("a,y\n1,0\n2,1\n")
    labelled = manifest.replace("b.npz", "b.npz, label: y")
    assert "is a table and a.npz is an array" in compare(open_target(labelled), Shard("data.trusted"))["problem"]


def test_nothing_is_compared_with_unusable_training_data(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("")
    (tmp_path / "test.csv").write_text(CSV)
    found = compare(open_target(DATA), Shard("data.test"))
    assert found["facts"] == {"compared_with": "nothing: train.csv is unusable"}


def test_logs_plain_packed_and_none(open_target: Open, tmp_path: Path) -> None:
    lines = b"2026-01-01 a line\n" * 3
    (tmp_path / "a.log").write_bytes(lines)
    (tmp_path / "b.log").write_bytes(gzip.compress(lines))
    (tmp_path / "c.log").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "d.log").touch()
    opened = open_target("logs: [{path: '*.log'}]")
    assert look(opened, "logs:a.log")["facts"] == {"compressed": False, "compression": None}
    assert look(opened, "logs:b.log")["facts"] == {"compressed": True, "compression": "gzip"}
    assert look(opened, "logs:c.log")["problem"].startswith("c.log")
    assert "is empty" in look(opened, "logs:d.log")["problem"]


def numbers(tmp_path: Path) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(90, 2))
    y = (x[:, 0] > 0).astype(int)
    np.savez(tmp_path / "test.npz", x=x, y=y)
    return x, y


def test_the_probe_of_a_sound_model(open_target: Open, tmp_path: Path) -> None:
    x, y = numbers(tmp_path)
    skops.io.dump(LogisticRegression(C=1e6).fit(x, y), tmp_path / "m.skops")
    found = probe(open_target("model: {path: m.skops}\ndata: {test: {path: test.npz}}"), Shard("model"))
    assert found["problem"] is None
    assert found["facts"] == {
        "kind": "sklearn",
        "rows": 64,
        "source": "data.test",
        "deterministic": True,
        "classes": ["0", "1"],
        "test_accuracy": 1.0,
    }
    bare = probe(open_target("model: {path: m.skops}"), Shard("model"))
    assert bare["facts"] == {"kind": "sklearn", "classes": ["0", "1"], "rows": 0}


def test_the_probe_of_a_model_that_does_not_fit_its_data(open_target: Open, tmp_path: Path) -> None:
    x, y = numbers(tmp_path)
    skops.io.dump(LogisticRegression().fit(np.hstack([x, x]), y), tmp_path / "m.skops")
    manifest = "model: {path: m.skops}\ndata: {test: {path: test.npz}}"
    found = probe(open_target(manifest), Shard("model"))
    assert found["status"] == "unusable"
    assert (
        "m.skops: the model raises in predict on data.test rows 0-63 (ValueError: X has 2 features" in found["problem"]
    )
    skops.io.dump(LogisticRegression().fit(x, np.where(y, "yes", "no")), tmp_path / "m.skops")
    found = probe(open_target(manifest), Shard("model"))
    assert "m.skops: the data hold labels like '1' and the model knows the classes 'no', 'yes'" in found["problem"]
    skops.io.dump(LogisticRegression().fit(x, y), tmp_path / "m.skops")
    (tmp_path / "test.npz").write_bytes(b"")
    assert "no rows to ask the model for: test.npz: is empty" in probe(open_target(manifest), Shard("model"))["problem"]


def test_the_probe_of_a_regression(open_target: Open, tmp_path: Path) -> None:
    x, _ = numbers(tmp_path)
    skops.io.dump(LinearRegression().fit(x, x[:, 1]), tmp_path / "m.skops")
    manifest = "model: {path: m.skops}\ntask: regression\ndata: {test: {path: test.npz}}"
    assert probe(open_target(manifest), Shard("model"))["facts"] == {
        "kind": "sklearn",
        "rows": 64,
        "source": "data.test",
        "deterministic": True,
    }


def test_the_import_is_light() -> None:
    heavy = ("numpy", "pandas", "pydantic", "pyarrow", "torch", "sklearn", "skops", "onnx")
    code = f"import sys, assay.targets.intake; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_extra_says_what_to_install(
    open_target: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skops.io.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "m.skops")
    monkeypatch.setitem(sys.modules, "skops.io", None)
    found = probe(open_target("model: {path: m.skops}"), Shard("model"))
    assert found["problem"].endswith("which needs the extra `models`: pip install 'model-assay[models]'")
