"""The big libraries work under the seal, each in a worker of its own."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from assay.engine.supervisor import Task, Worker
from assay.targets.refs import InputRef, Shard

PARQUET = Path(__file__).resolve().parents[2] / "fixtures" / "credit" / "test.parquet"


@pytest.fixture
def do(monkeypatch):
    """A function that does one work of frameworks.py in a fresh worker and returns its value."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    worker = Worker({}, [InputRef("data.test", "data", str(PARQUET), "test.parquet")])

    def call(work, *needed):
        absent = [name for name in needed if find_spec(name) is None]
        if absent:
            pytest.skip(f"not installed: {', '.join(absent)}")
        answer = worker.call(Task(f"frameworks:{work}", Shard("data.test"), {}), 300)
        assert answer.error is None, f"{answer.error} in {answer.trace}"
        if sys.platform == "linux":
            assert worker.seal.layers["seccomp"] == "filter"
        return answer.value

    yield call
    worker.stop()


def test_torch_forward_and_backward(do):
    assert do("torch_trains", "torch") is True


def test_onnxruntime_session(do):
    answer = do("onnx_answers", "onnx", "onnxruntime")
    assert answer.shape == (2, 3)
    assert answer.ravel().tolist() == pytest.approx([1 / 3] * 6)


def test_sklearn_clone_fit_predict(do):
    assert do("sklearn_fits_a_clone", "sklearn") > 0.9


def test_xgboost_fits_and_predicts(do):
    assert do("xgboost_fits", "xgboost") > 0.9


def test_art_imports_and_keeps_to_its_prepared_home(do):
    version, folder = do("art_imports", "art")
    assert version
    assert "/assay-" in folder


def test_presidio_analyzes_without_a_download(do):
    assert do("presidio_analyzes", "presidio_analyzer") == [1, 1]


def test_pandas_reads_parquet(do):
    assert do("pandas_reads_parquet", "pandas", "pyarrow") > 100


def test_looking_for_a_library_asks_no_compiler(do, monkeypatch):
    """As torch built for CUDA does when it is imported: a compiler that is found is handed a file of its own."""
    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
    assert do("looks_for_a_library") is None
