"""ONNX models: probabilities from whichever output holds them, weights from nowhere but the model's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from assay.model.errors import UnusableInput
from assay.targets.opened import Opened

Open = Callable[..., Opened]

RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 3)).astype(np.float32)
Y = np.where(X[:, 0] > 0.3, "no", np.where(X[:, 1] > 0, "yes", "maybe"))
MANIFEST = "model: {path: m.onnx}\nio: {output: proba, classes: [yes, no, maybe]}"


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(UnusableInput) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("zipmap", [True, False])
def test_the_order_of_classes_is_the_manifests(open_target: Open, tmp_path: Path, zipmap: bool) -> None:
    model = LogisticRegression().fit(X, Y)
    made = to_onnx(model, X[:1], options={"zipmap": zipmap})
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    opened = open_target(MANIFEST).model()
    wanted = model.predict_proba(X)[:, [2, 1, 0]]
    np.testing.assert_allclose(opened.predict_proba(X), wanted, atol=1e-5)
    assert (opened.kind, opened.classes, opened.n_features) == ("onnx", ("yes", "no", "maybe"), 3)
    assert opened.predict_proba(X.astype(np.float64)).shape == (300, 3)
    named = open_target("model: {path: m.onnx}").model()
    named.predict_proba(X[:5])
    assert named.classes == (("maybe", "no", "yes") if zipmap else ("0", "1", "2"))


def test_labels_are_read_where_the_manifest_says_so(open_target: Open, tmp_path: Path) -> None:
    model = LogisticRegression().fit(X, Y)
    (tmp_path / "m.onnx").write_bytes(to_onnx(model, X[:1]).SerializeToString())
    opened = open_target(MANIFEST.replace("proba", "label")).model()
    found = np.array(["yes", "no", "maybe"])[opened.predict_proba(X).argmax(axis=1)]
    assert (found == model.predict(X)).all()


def columns() -> pd.DataFrame:
    return pd.DataFrame({"age years": X[:, 0], "job": np.where(X[:, 1] > 0, "cook", "clerk"), "n": np.arange(300) % 4})


@pytest.fixture
def by_column(tmp_path: Path) -> Any:
    """Write a model with one input per column; return the pipeline that it was made from."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    steps = make_column_transformer((OneHotEncoder(), ["job"]), remainder="passthrough")
    model = make_pipeline(steps, LogisticRegression()).fit(columns(), Y)
    types = [
        ("age years", FloatTensorType([None, 1])),
        ("job", StringTensorType([None, 1])),
        ("n", Int64TensorType([None, 1])),
    ]
    made = to_onnx(model, initial_types=types, options={"zipmap": False})
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    return model


def test_one_input_per_column_takes_a_table(open_target: Open, by_column: Any) -> None:
    opened = open_target(MANIFEST).model()
    wanted = by_column.predict_proba(columns())[:, [2, 1, 0]]
    np.testing.assert_allclose(opened.predict_proba(columns()[["n", "job", "age years"]]), wanted, atol=1e-5)
    renamed = columns().rename(columns={"age years": "ages"})
    assert "the model has an input 'age_years' and the data have no such column" in refused(
        lambda: opened.predict_proba(renamed)
    )
    assert "the input 'job' takes text and the column holds numbers" in refused(
        lambda: opened.predict_proba(columns().assign(job=1))
    )
    assert "takes int64 and the data hold numbers that are none" in refused(
        lambda: opened.predict_proba(columns().assign(n=0.5))
    )
    empty = columns()
    empty.loc[3, "job"] = None
    assert "takes text and has no value in row 3" in refused(lambda: opened.predict_proba(empty))


def dense(first: Any, *, external: str | None = None, output: str = "logits", operator: str = "Gemm") -> bytes:
    """Return a model of one layer: x (n, 3) times ones, shape (3, 2)."""
    weight = numpy_helper.from_array(np.ones((3, 2), dtype=np.float32), "w")
    if external is not None:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=external)
        weight.external_data.add(key="length", value="24")
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "w"], [output])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [first, 3])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [first, 2])],
        [weight],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    data: bytes = made.SerializeToString()
    return data


@pytest.mark.parametrize("first", ["n", 1, 7])
def test_a_fixed_batch_is_filled_up_and_cut(open_target: Open, tmp_path: Path, first: Any) -> None:
    (tmp_path / "m.onnx").write_bytes(dense(first))
    opened = open_target("model: {path: m.onnx}\nio: {output: logits}").model()
    assert opened.predict_proba(X[:20]).shape == (20, 2)
    np.testing.assert_allclose(opened.predict_proba(X[:20]), 0.5)
    assert opened.classes == ("0", "1")


def test_weights_beside_the_model_are_read_and_no_others(open_target: Open, tmp_path: Path) -> None:
    manifest = "model: {path: in/m.onnx}\nio: {output: logits}"
    (tmp_path / "in").mkdir()
    content = np.ones((3, 2), dtype=np.float32).tobytes()
    for file in (tmp_path / "secret.bin", tmp_path / "in" / "w.bin"):
        file.write_bytes(content)
    (tmp_path / "in" / "link.bin").symlink_to(tmp_path / "secret.bin")
    for location in ("../secret.bin", str(tmp_path / "secret.bin"), "link.bin", ""):
        (tmp_path / "in" / "m.onnx").write_bytes(dense("n", external=location))
        sentence = refused(open_target(manifest).model)
        assert "the tensor 'w' lies in" in sentence
        assert "outside the model's folder" in sentence
    twice = onnx.load_from_string(dense("n", external="w.bin"))
    twice.graph.initializer[0].external_data.add(key="location", value="../secret.bin")
    (tmp_path / "in" / "m.onnx").write_bytes(twice.SerializeToString())
    assert "outside the model's folder" in refused(open_target(manifest).model)
    (tmp_path / "in" / "m.onnx").write_bytes(dense("n", external="gone.bin"))
    assert "there is no such file" in refused(open_target(manifest).model)
    (tmp_path / "in" / "m.onnx").write_bytes(dense("n", external="w.bin"))
    assert open_target(manifest).model().predict_proba(X).shape == (300, 2)


def test_external_data_in_a_subgraph_is_seen(open_target: Open, tmp_path: Path) -> None:
    inner = onnx.load_from_string(dense("n", external="../secret.bin"))
    made = onnx.load_from_string(dense("n"))
    made.graph.node[0].attribute.append(helper.make_attribute("body", inner.graph))
    (tmp_path / "m.onnx").write_bytes(made.SerializeToString())
    assert "outside the model's folder" in refused(open_target("model: {path: m.onnx}\nio: {output: logits}").model)


def test_what_onnxruntime_refuses_is_one_sentence(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(dense("n", operator="Gemmm"))
    manifest = "model: {path: m.onnx}\nio: {output: logits}"
    assert refused(open_target(manifest).model).startswith("m.onnx: onnxruntime cannot load it (")
    (tmp_path / "m.onnx").write_bytes(dense("n"))
    assert "does not say what its outputs are" in refused(open_target("model: {path: m.onnx}").model)
    opened = open_target(manifest).model()
    assert "raises in predict on data.test rows 0-255 (" in refused(lambda: opened.predict_proba(X[:, :2], "data.test"))
    assert "has 0 outputs that may be io.output: label" in refused(
        open_target(manifest.replace("logits", "label") + "\n").model
    )


def test_formats_that_are_not_loaded_say_so(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"GGUF\x03\0\0\0" + bytes(64))
    assert "m.onnx: is of the format gguf, which Assay does not load; export it" in refused(open_target(MANIFEST).model)
    (tmp_path / "m.onnx").write_bytes(b"")
    assert "is empty" in refused(open_target(MANIFEST).model)
