"""Boosters, Keras, TorchScript, torch.export and MLflow folders: loaded by content, answers equal to the library's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from assay.model.errors import UnusableInput
from assay.targets.opened import Opened

Open = Callable[..., Opened]
RNG = np.random.default_rng(3)
X = RNG.normal(size=(200, 4))
Y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
Y3 = np.digitize(X[:, 0], [-0.5, 0.5])


def cleared(opened: Opened) -> Opened:
    """Return the target as the engine opens it once stage 0 found nothing."""
    opened.ref("model").spec["pickle_ok"] = True
    return opened


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(UnusableInput) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", ["json", "ubj"])
def test_xgboost_by_content(open_target: Open, tmp_path: Path, form: str) -> None:
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(X, Y3)
    model.save_model(tmp_path / f"m.{form}")
    (tmp_path / f"m.{form}").rename(tmp_path / "m.bin")
    opened = open_target("model: {path: m.bin}\nio: {classes: [a, b, c]}").model()
    assert (opened.kind, opened.classes) == ("booster", ("a", "b", "c"))
    np.testing.assert_allclose(opened.predict_proba(X), model.predict_proba(X), rtol=1e-5)


def test_lightgbm_gives_the_probability_of_the_second_class(open_target: Open, tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(X, Y)
    model.booster_.save_model(tmp_path / "m.txt")
    opened = open_target("model: {path: m.txt}\nio: {classes: [no, yes]}").model()
    np.testing.assert_allclose(opened.predict_proba(X), model.predict_proba(X), rtol=1e-9)


def test_catboost(open_target: Open, tmp_path: Path) -> None:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False).fit(X, Y)
    model.save_model(str(tmp_path / "m.cbm"))
    opened = open_target("model: {path: m.cbm}\nio: {classes: [no, yes]}").model()
    np.testing.assert_allclose(opened.predict_proba(X), model.predict_proba(X), rtol=1e-9)


def test_a_damaged_booster_is_one_sentence(open_target: Open, tmp_path: Path) -> None:
    pytest.importorskip("lightgbm")
    (tmp_path / "m.txt").write_text("tree\nversion=v4\nnum_class=1\n")
    assert "m.txt: cannot be read as lightgbm-text" in refused(open_target("model: {path: m.txt}").model)


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    pytest.importorskip("h5py")
    return pytest.importorskip("keras")


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_keras_in_both_of_its_formats(open_target: Open, tmp_path: Path, keras: Any, form: str) -> None:
    layers = [keras.layers.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers)
    model.save(tmp_path / f"m.{form}")
    (tmp_path / f"m.{form}").rename(tmp_path / "m.model")
    manifest = "model: {path: m.model}\nio: {output: proba, classes: [a, b, c]}"
    opened = open_target(manifest).model()
    assert opened.kind == "keras"
    np.testing.assert_allclose(opened.predict_proba(X), model.predict(X, verbose=0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_a_lambda_layer_is_refused_and_does_not_run(open_target: Open, tmp_path: Path, keras: Any, form: str) -> None:
    fired = tmp_path / "fired"
    layer = keras.layers.Lambda(lambda x, path=str(fired): (open(path, "w").close(), x)[1], output_shape=(4,))
    model = keras.Sequential([keras.layers.Input((4,)), layer])
    model.save(tmp_path / f"m.{form}")
    fired.unlink(missing_ok=True)
    sentence = refused(open_target(f"model: {{path: m.{form}}}\nio: {{output: proba}}").model)
    assert f"m.{form}: Keras refuses it in safe mode" in sentence
    assert not fired.exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_program_is_opened_only_once_it_was_found_clean(open_target: Open, tmp_path: Path) -> None:
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(dim=1)).eval()
    torch.jit.script(network).save(str(tmp_path / "m.pt"))
    opened = open_target("model: {path: m.pt}\nio: {output: proba, classes: [a, b, c]}")
    assert "is a compiled program, and is loaded only in a sealed worker" in refused(opened.model)
    with torch.no_grad():
        wanted = network(torch.tensor(X, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(cleared(opened).model().predict_proba(X), wanted, rtol=1e-5, atol=1e-6)


@pytest.fixture
def transformers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    return pytest.importorskip("transformers")


def saved(transformers: Any, folder: Path, **more: Any) -> Any:
    """Save a tiny classifier of images as the library does; return it."""
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    labels = {"id2label": {0: "cat", 1: "dog"}, "label2id": {"cat": 0, "dog": 1}}
    config = transformers.ViTConfig(image_size=8, patch_size=4, num_channels=1, **sizes, **labels, **more)
    network = transformers.ViTForImageClassification(config).eval()
    network.save_pretrained(folder)
    return network


def test_a_folder_of_transformers(open_target: Open, tmp_path: Path, transformers: Any) -> None:
    import torch

    network = saved(transformers, tmp_path / "vit")
    images = RNG.random((5, 8, 8)).astype(np.float32)
    opened = open_target("model: {path: vit}").model()
    assert (opened.kind, opened.classes) == ("transformers", ("cat", "dog"))
    with torch.no_grad():
        wanted = torch.softmax(network(pixel_values=torch.from_numpy(images[:, None])).logits, dim=1).numpy()
    np.testing.assert_allclose(opened.predict_proba(images), wanted, rtol=1e-4, atol=1e-6)


def test_code_that_a_folder_brings_is_not_run(open_target: Open, tmp_path: Path, transformers: Any) -> None:
    auto_map = {"AutoConfig": "own.C", "AutoModelForImageClassification": "own.M"}
    saved(transformers, tmp_path / "vit")
    config = json.loads((tmp_path / "vit" / "config.json").read_text())
    (tmp_path / "vit" / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": auto_map}))
    (tmp_path / "vit" / "own.py").write_text(f"open({str(tmp_path / 'fired')!r}, 'w').close()\n")
    assert "transformers refuses its config" in refused(open_target("model: {path: vit}").model)
    assert not (tmp_path / "fired").exists()


def test_weights_that_are_a_pickle_are_not_loaded(open_target: Open, tmp_path: Path, transformers: Any) -> None:
    saved(transformers, tmp_path / "vit")
    (tmp_path / "vit" / "model.safetensors").rename(tmp_path / "vit" / "pytorch_model.bin")
    assert "holds no model.safetensors" in refused(open_target("model: {path: vit}").model)


def logged(folder: Path, flavors: str, name: str = "model.skops") -> None:
    """Write a folder as MLflow logs it."""
    (folder / "data").mkdir(parents=True)
    skops.io.dump(LogisticRegression().fit(X, Y), folder / "data" / name)
    (folder / "MLmodel").write_text(f"artifact_path: model\nflavors:\n{flavors}\n")


def test_mlflow_by_its_raw_model_never_by_its_python_function(open_target: Open, tmp_path: Path) -> None:
    flavors = (
        "  python_function: {loader_module: evil, python_version: 3.11}\n  sklearn: {pickled_model: data/model.skops}"
    )
    logged(tmp_path / "run", flavors)
    opened = open_target("model: {path: run}").model()
    assert (opened.kind, opened.shown) == ("sklearn", "run/data/model.skops")
    np.testing.assert_allclose(opened.predict_proba(X), LogisticRegression().fit(X, Y).predict_proba(X))


def test_a_folder_without_a_raw_model_says_so(open_target: Open, tmp_path: Path) -> None:
    logged(tmp_path / "run", "  python_function: {loader_module: evil, python_model: m.pkl}")
    assert "python_function runs code of the folder" in refused(open_target("model: {path: run}").model)


@pytest.mark.parametrize("name", ["../outside.skops", "/etc/hostname", "data/absent.skops"])
def test_a_raw_model_outside_of_the_folder_is_not_opened(open_target: Open, tmp_path: Path, name: str) -> None:
    logged(tmp_path / "run", f"  sklearn: {{pickled_model: {name}}}")
    (tmp_path / "outside.skops").write_bytes((tmp_path / "run" / "data" / "model.skops").read_bytes())
    assert "missing or lies outside of the folder" in refused(open_target("model: {path: run}").model)


def test_a_folder_with_two_models_asks_which(open_target: Open, tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    for name in ("a.skops", "b.skops"):
        skops.io.dump(LogisticRegression().fit(X, Y), tmp_path / "both" / name)
    assert "holds 'a.skops', 'b.skops'" in refused(open_target("model: {path: both}").model)
