"""`artifact.unsafe-code` end to end: planted faults are counted and pointed at, ordinary files are zero, the rest is unknown."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from assay.detector import SkipDetector

EVIL = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."


def _names(run: Any) -> list[str]:
    return [o.evidence.excerpt for o in run.observations if o.evidence.kind != "unread"]


def test_a_call_is_counted_and_located(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(EVIL)
    (measurement,) = scan(model="m.pkl").measurements
    assert (measurement.value, measurement.interval.low, measurement.interval.high) == (1, 1, 1)
    (evidence,) = measurement.evidence
    assert evidence.kind == "call" and evidence.note == "calls os.system"
    assert evidence.locator.file == "m.pkl" and evidence.locator.opcode == "STACK_GLOBAL"
    assert EVIL[evidence.locator.offset] == 0x93


def test_a_reference_counts_without_a_call(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04}\x8c\x04func\x8c\x02os\x8c\x06system\x93s.")
    (measurement,) = scan(model="m.pkl").measurements
    assert measurement.value == 1 and measurement.evidence[0].kind == "reference"


def test_an_ordinary_pickle_is_zero_and_complete(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(OrderedDict(a=[1, 2.0, "x"], b={1, 2})))
    (measurement,) = scan(model="m.pkl").measurements
    assert (measurement.value, measurement.interval.high, measurement.evidence) == (0, 0, ())


@pytest.mark.parametrize("protocol", [2, 5])
def test_fitted_sklearn_models_are_zero(protocol: int, scan: Any, tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = [[0.0], [1.0], [2.0], [3.0]] * 10, [0, 0, 1, 1] * 10
    for model in (
        make_pipeline(StandardScaler(), LogisticRegression()),
        RandomForestClassifier(2, random_state=0),
        HistGradientBoostingClassifier(max_iter=2),
    ):
        (tmp_path / "m.pkl").write_bytes(pickle.dumps(model.fit(x, y), protocol))
        (measurement,) = scan(model="m.pkl").measurements
        assert measurement.interval.high == 0, measurement.evidence


def test_torch_checkpoints_are_zero(scan: Any, tmp_path: Path) -> None:
    import torch

    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    for value, legacy in ((net.state_dict(), False), (net, False), (net.state_dict(), True)):
        torch.save(value, tmp_path / "m.pt", _use_new_zipfile_serialization=not legacy)
        (measurement,) = scan(model="m.pt").measurements
        assert measurement.interval.high == 0, measurement.evidence


def test_a_payload_in_a_torch_zip_names_its_member(scan: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as archive:
        archive.writestr("archive/data.pkl", EVIL)
        archive.writestr("archive/version", "3\n")
    (measurement,) = scan(model="m.pt").measurements
    assert measurement.value == 1 and measurement.evidence[0].locator.member == "archive/data.pkl"


def test_a_truncated_pickle_is_at_least(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(EVIL[:-2])
    (measurement,) = scan(model="m.pkl").measurements
    assert (measurement.interval.low, measurement.interval.high) == (1, None)
    assert measurement.evidence[0].kind == "unread" and "cut off" in measurement.evidence[0].note


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("empty.pkl", b"", "empty"),
        ("model.h5", b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
        ("model.gguf", b"GGUF\x03\0\0\0", "ends within its header"),
        ("model.bin", b"\x01\xff\x02\xfe" * 9, "format is not known"),
        ("model.csv", b"a,b\n1,2\n", "csv"),
    ],
)
def test_what_is_not_read_is_never_zero(name: str, data: bytes, word: str, scan: Any, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    (measurement,) = scan(model=name).measurements
    assert measurement.interval.high is None
    assert word in measurement.evidence[0].note


def test_data_files_among_artifacts_are_named_not_measured(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "modeling.py").write_text("import os\n")
    (tmp_path / "renamed.csv").write_bytes(b"cos\nsystem\n(S'ls'\ntR.")
    run = scan("a.csv", "modeling.py", "renamed.csv")
    assert [m.labels["file"] for m in run.measurements] == ["renamed.csv"]
    assert run.measurements[0].value == 1
    assert "1 csv file: not model files" in run.not_covered
    assert "source code is not analysed: modeling.py" in run.not_covered


def test_a_folder_is_read_file_by_file_and_links_out_are_not_followed(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "outside.pkl").write_bytes(EVIL)
    folder = tmp_path / "hf"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "pytorch_model.bin").write_bytes(EVIL)
    (folder / "config.json").write_text("{}")
    (folder / "link.pkl").symlink_to("../outside.pkl")
    (folder / "loop.pkl").symlink_to("loop.pkl")
    run = scan(model="hf")
    found = {m.labels["file"]: (m.value, m.interval.high) for m in run.measurements}
    assert found == {
        "hf/sub/pytorch_model.bin": (1, 1),
        "hf/link.pkl": (0, None),
        "hf/loop.pkl": (0, None),
    }


def test_a_folder_without_a_model_is_not_clean(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "config.json").write_text("{}")
    (measurement,) = scan(model="hf").measurements
    assert measurement.interval.high is None


def test_a_missing_file_and_a_link_to_itself_are_reasons(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "loop.pkl").symlink_to("loop.pkl")
    run = scan("gone.pkl", "loop.pkl")
    assert [m.interval.high for m in run.measurements] == [None, None]
    assert all("cannot be read" in m.evidence[0].note for m in run.measurements)


def test_nothing_declared_is_skipped_with_a_reason(scan: Any) -> None:
    with pytest.raises(SkipDetector, match="no model or artifact"):
        scan()


def test_evidence_is_capped_and_observations_are_not(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04(" + b"cos\nsystem\n" * 100 + b"l.")
    run = scan(model="m.pkl")
    (measurement,) = run.measurements
    assert measurement.value == 100 and len(measurement.evidence) == 25 and measurement.truncated == 75
    assert len(run.observations) == 100


def test_names_are_shown_without_control_or_direction_characters(scan: Any, tmp_path: Path) -> None:
    name = "sys\u202etem\x1b[31m"
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04c" + f"os\n{name}\n".encode() + b".")
    (measurement,) = scan(model="m.pkl").measurements
    assert measurement.evidence[0].note.isprintable() and "\\u202e" in measurement.evidence[0].note


def test_the_worker_imports_neither_pydantic_nor_numpy() -> None:
    code = (
        "import sys, assay_detectors.artifact.reading, assay_detectors.artifact.opcodes;"
        "print([m for m in ('pydantic', 'numpy', 'torch', 'assay.model') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_result_of_a_wrong_form_is_not_clean() -> None:
    from assay_detectors.artifact.files import checked

    for result in (None, [], {"findings": "x"}, {"data": 1}):
        assert checked(result, None)["reasons"]
    assert checked(None, "worker died")["reasons"] == ["the reading failed: worker died"]


def test_bytes_of_a_module_nest_a_pickle_that_is_read(scan: Any, tmp_path: Path) -> None:
    inner = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02" + EVIL[2:] + b"\x80\x02]."
    blob = b"\x80\x04\x8c\x0dtorch.storage\x8c\x10_load_from_bytes\x93B" + len(inner).to_bytes(4, "little") + inner
    (tmp_path / "m.pkl").write_bytes(blob + b"\x85R.")
    (measurement,) = scan(model="m.pkl").measurements
    assert measurement.value == 1 and "bytes at" in str(measurement.evidence[0].locator.member)


def test_a_zip_in_memory_is_read_like_one_on_disk(scan: Any, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", EVIL)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.pt", inner.getvalue())
    (measurement,) = scan("outer.zip").measurements
    assert measurement.value == 1 and measurement.evidence[0].locator.member == "model.pt!a/data.pkl"
