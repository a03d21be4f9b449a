"""scikit-learn models: only trusted types are loaded, classes keep their order, every wrong answer is named."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import LinearSVC

from assay.model.errors import UnusableInput
from assay.model.manifest import Manifest
from assay.targets.models.sklearn_model import SklearnModel
from assay.targets.opened import Opened
from assay.targets.refs import InputRef

Open = Callable[..., Opened]

RNG = np.random.default_rng(7)
X = RNG.normal(size=(300, 3))
Y = np.where(X[:, 0] > 0.3, "no", np.where(X[:, 1] > 0, "yes", "maybe"))


def table() -> pd.DataFrame:
    return pd.DataFrame({"age": X[:, 0], "job": np.where(X[:, 1] > 0, "cook", "clerk"), "sum": X[:, 2]})


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(UnusableInput) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_skops_pipeline_takes_a_table_in_any_order(open_target: Open, tmp_path: Path) -> None:
    steps = make_column_transformer((OneHotEncoder(), ["job"]), remainder="passthrough")
    model = make_pipeline(steps, LogisticRegression()).fit(table(), Y)
    skops.io.dump(model, tmp_path / "m.bin")
    opened = open_target("model: {path: m.bin}\nio: {output: proba, classes: [yes, no, maybe]}").model()
    proba = opened.predict_proba(table()[["sum", "job", "age"]])
    wanted = model.predict_proba(table())[:, [2, 1, 0]]  # scikit-learn sorts: maybe, no, yes
    np.testing.assert_allclose(proba, wanted, rtol=1e-12)
    assert opened.classes == ("yes", "no", "maybe")
    assert opened.kind == "sklearn"


def test_without_io_classes_the_model_names_them(open_target: Open, tmp_path: Path) -> None:
    skops.io.dump(LogisticRegression().fit(X, Y), tmp_path / "m.skops")
    opened = open_target("model: {path: m.skops}").model()
    assert opened.classes == ("maybe", "no", "yes")
    np.testing.assert_allclose(opened.predict_proba(X).sum(axis=1), 1.0, atol=1e-15)


def test_a_forest_opens_by_our_own_list(open_target: Open, tmp_path: Path) -> None:
    model = RandomForestClassifier(n_estimators=3, n_jobs=-1, random_state=0).fit(X, Y)
    skops.io.dump(model, tmp_path / "m.skops")
    assert "sklearn.tree._tree.Tree" in skops.io.get_untrusted_types(file=tmp_path / "m.skops")
    opened = open_target("model: {path: m.skops}").model()
    np.testing.assert_allclose(opened.predict_proba(X), model.predict_proba(X))


def test_a_type_that_nobody_trusts_is_named_even_if_the_file_trusts_it(open_target: Open, tmp_path: Path) -> None:
    skops.io.dump(make_pipeline(FunctionTransformer(os.system), LogisticRegression()), tmp_path / "m.skops")
    manifest = "model: {path: m.skops}"
    wanted = f"m.skops: holds '{os.name}.system', which Assay does not trust"
    assert wanted in refused(open_target(manifest).model)
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        schema = json.loads(archive.read("schema.json"))
        rest = {name: archive.read(name) for name in archive.namelist() if name != "schema.json"}
    schema |= {"trusted": [f"{os.name}.system"], "trusted_types": [f"{os.name}.system"]}
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
        for name, data in rest.items():
            archive.writestr(name, data)
    assert wanted in refused(open_target(manifest).model)


def test_a_damaged_skops_and_a_huge_one(open_target: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skops.io.dump(LogisticRegression().fit(X, Y), tmp_path / "m.skops")
    monkeypatch.setattr("assay.targets.models.sklearn_model.LARGEST", 100)
    assert "at most 100 bytes is loaded" in refused(open_target("model: {path: m.skops}").model)
    monkeypatch.undo()
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        archive.writestr("schema.json", "{}")
    assert "m.skops: cannot be read as skops (" in refused(open_target("model: {path: m.skops}").model)


class Mark:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_pickle_is_not_even_looked_into_unless_the_engine_allows(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Mark(tmp_path / "ran")))
    opened = open_target("model: {path: m.pkl}")
    assert "m.pkl: is a pickle, which runs code when it is loaded" in refused(opened.model)
    opened.ref("model").spec["pickle_ok"] = "yes"
    assert "is a pickle" in refused(opened.model)
    assert not (tmp_path / "ran").exists()
    opened.ref("model").spec["pickle_ok"] = True
    assert "without predict" in refused(opened.model)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_a_joblib_dump_opens_where_the_engine_allows(open_target: Open, tmp_path: Path, compress: Any) -> None:
    model = LogisticRegression().fit(X, Y)
    joblib.dump(model, tmp_path / "m.joblib", compress=compress)
    opened = open_target("model: {path: m.joblib}")
    assert "is a pickle" in refused(opened.model)
    opened.ref("model").spec["pickle_ok"] = True
    np.testing.assert_allclose(opened.model().predict_proba(X), model.predict_proba(X))


def test_unpickling_that_raises_is_one_sentence(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(
        pickle.dumps(LogisticRegression()).replace(b"LogisticRegression", b"LogisticRegressiom")
    )
    opened = open_target("model: {path: m.pkl}")
    opened.ref("model").spec["pickle_ok"] = True
    assert "m.pkl: cannot be unpickled (AttributeError: " in refused(opened.model)


class Fake:
    """An estimator that answers what it is told."""

    def __init__(self, answer: Callable[[Any], Any], **known: Any) -> None:
        self._answer = answer
        vars(self).update(known)

    def predict_proba(self, x: Any) -> Any:
        return self._answer(x)

    predict = decision_function = predict_proba


def wrapped(estimator: Any, **io: Any) -> SklearnModel:
    ref = InputRef("model", "model", "/t/m.skops", "m.skops")
    manifest = Manifest(version=1, name="t", io=io).model_dump(mode="json")
    return SklearnModel(estimator, ref, manifest)


def fill(value: float, width: int = 2) -> Callable[[Any], Any]:
    return lambda x: np.full((len(x), width), value)


def raises(error: BaseException) -> Callable[[Any], Any]:
    def answer(x: Any) -> Any:
        if len(x) < 256:
            raise error
        return np.full((len(x), 2), 0.5)

    return answer


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "raises in the second batch": (
        raises(KeyError("age")),
        "the model raises in predict on data.test rows 256-299 (KeyError: 'age')",
    ),
    "quotes what it was given": (
        raises(KeyError("age\nsecret")),
        "the model raises in predict on data.test rows 256-299 (KeyError: '...')",
    ),
    "exits": (raises(SystemExit(3)), "rows 256-299 (SystemExit: 3)"),
    "out of memory": (raises(MemoryError()), "rows 256-299 (MemoryError)"),
    "NaN": (fill(float("nan")), "gives NaN or infinity on data.test rows 0-255, rows 0, 1, 2 and 253 more"),
    "no probabilities": (fill(3.0), "no probabilities on data.test rows 0-255 (row 0 sums to 6, lowest 3)"),
    "too wide": (fill(1 / 3, 3), "gives 3 numbers a row and there are 2 classes"),
    "too few rows": (lambda x: np.full((1, 2), 0.5), "answers 256 rows of data.test with an array of shape (1, 2)"),
    "one number": (lambda x: 0.5, "with an array of shape ()"),
    "text": (lambda x: ["good"] * len(x), "and not numbers; set io.output: label"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_answer_is_named(case: str) -> None:
    answer, wanted = WRONG[case]
    model = wrapped(Fake(answer), output="proba", classes=["good", "bad"])
    sentence = refused(lambda: model.predict_proba(X, "data.test"))
    assert sentence.startswith("m.skops: the model ")
    assert wanted in sentence
    sound = wrapped(Fake(fill(0.5)), output="proba", classes=["good", "bad"])
    assert (sound.predict_proba(X, "data.test") == 0.5).all()


def test_our_interruption_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        wrapped(Fake(raises(KeyboardInterrupt()))).predict_proba(X)


def test_labels_become_one_for_their_class() -> None:
    model = wrapped(Fake(lambda x: np.where(x[:, 0] > 0, "bad", "good")), output="label", classes=["good", "bad"])
    proba = model.predict_proba(X)
    assert (proba[:, 1] == (X[:, 0] > 0)).all()
    assert (proba.sum(axis=1) == 1).all()
    numbered = wrapped(Fake(lambda x: (x[:, 0] > 0).astype(int)), output="label", classes=["good", "bad"])
    assert (numbered.predict_proba(X) == proba).all()
    odd = wrapped(Fake(lambda x: ["godo"] * len(x)), output="label", classes=["good", "bad"])
    sentence = refused(lambda: odd.predict_proba(X))
    assert (
        "gives the label 'godo' at row 0, which is not among the classes 'good', 'bad' (did you mean 'good'?)"
        in sentence
    )


def test_scores_pass_through_a_softmax() -> None:
    svm = LinearSVC().fit(X, Y == "no")
    proba = wrapped(svm, output="score").predict_proba(X)
    np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-svm.decision_function(X))))
    assert wrapped(svm).output == "score"
    many = LinearSVC().fit(X, Y)
    assert (
        wrapped(many, output="score").predict_proba(X).argmax(axis=1) == many.decision_function(X).argmax(axis=1)
    ).all()


def test_values_are_for_regression_only() -> None:
    model = wrapped(LinearRegression().fit(X, X[:, 1]), output="value")
    np.testing.assert_allclose(model.predict_values(X), X[:, 1], atol=1e-9)
    assert "gives values, not classes" in refused(lambda: model.predict_proba(X))


def test_classes_of_model_and_manifest_differ() -> None:
    model = LogisticRegression().fit(X, Y)
    sentence = refused(lambda: wrapped(model, classes=["yes", "nope", "maybe"]))
    assert "the model knows the classes 'maybe', 'no', 'yes' and io.classes lists 'yes', 'nope', 'maybe'" in sentence
    numbered = LogisticRegression().fit(X, np.unique(Y, return_inverse=True)[1])
    assert wrapped(numbered, classes=["a", "b", "c"]).classes == ("a", "b", "c")
    turned = wrapped(numbered, classes=["2", "1", "0"])
    np.testing.assert_allclose(turned.predict_proba(X), numbered.predict_proba(X)[:, ::-1])


def test_images_are_flattened_and_a_column_that_the_model_wants_is_named() -> None:
    model = wrapped(LogisticRegression().fit(X[:, :2], Y))
    assert model.predict_proba(X[:, :2].reshape(-1, 2, 1)).shape == (300, 3)
    named = wrapped(LogisticRegression().fit(table()[["age", "sum"]], Y))
    sentence = refused(lambda: named.predict_proba(table().rename(columns={"sum": "summe"})))
    assert "the model was fitted with 'sum', which the data lack (did you mean 'summe'?)" in sentence


def test_the_input_is_not_changed() -> None:
    def greedy(x: Any) -> Any:
        x[:] = 0
        return np.full((len(x), 2), 0.5)

    rows = X.copy()
    wrapped(Fake(greedy)).predict_proba(rows)
    assert (rows == X).all()
