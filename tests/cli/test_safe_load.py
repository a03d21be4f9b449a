"""Every format that can be loaded, in the sealed worker, from the command line: good models answer, hostile ones do not fire."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

ASK = {"output": "proba", "classes": ["0", "1"], "dtype": "float32"}


def rows(folder: Path) -> tuple[Any, Any]:
    import numpy as np

    table = np.loadtxt(folder / "train.csv", delimiter=",", skiprows=1)
    return table[:, :3], table[:, 3].astype(int)


def torchscript(folder: Path) -> str:
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(dim=1)).eval()
    torch.jit.trace(network, torch.zeros(1, 3)).save(str(folder / "m.pt"))
    return "m.pt"


def exported(folder: Path) -> str:
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Softmax(dim=1)).eval()
    rows = torch.export.Dim("rows", min=1, max=4096)
    program = torch.export.export(network, (torch.zeros(2, 3),), dynamic_shapes=({0: rows},))
    torch.export.save(program, folder / "m.pt2")
    return "m.pt2"


def keras_model(folder: Path, name: str) -> str:
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras")
    layers = [keras.layers.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2, "softmax")]
    keras.Sequential(layers).save(folder / name)
    return name


def xgboost_model(folder: Path, name: str) -> str:
    xgboost = pytest.importorskip("xgboost")
    x, y = rows(folder)
    xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(x, y).save_model(folder / name)
    return name


def lightgbm_model(folder: Path) -> str:
    lightgbm = pytest.importorskip("lightgbm")
    x, y = rows(folder)
    lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(x, y).booster_.save_model(folder / "m.txt")
    return "m.txt"


def mlflow_folder(folder: Path) -> str:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    (folder / "run" / "data").mkdir(parents=True)
    skops.io.dump(LogisticRegression().fit(*rows(folder)), folder / "run" / "data" / "model.skops")
    (folder / "run" / "MLmodel").write_text("flavors:\n  sklearn: {pickled_model: data/model.skops}\n")
    return "run"


GOOD = {
    "torchscript": torchscript,
    "torch-export": exported,
    "keras": lambda folder: keras_model(folder, "m.keras"),
    "h5": lambda folder: keras_model(folder, "m.h5"),
    "xgboost-json": lambda folder: xgboost_model(folder, "m.json"),
    "xgboost-ubj": lambda folder: xgboost_model(folder, "m.ubj"),
    "lightgbm": lightgbm_model,
    "mlflow": mlflow_folder,
}


KIND = {"torchscript": "torch", "torch-export": "torch", "keras": "keras", "h5": "keras", "mlflow": "sklearn"}


@pytest.mark.parametrize("form", GOOD)
@pytest.mark.filterwarnings("ignore")
def test_a_good_model_is_loaded_and_answers(assay, target, manifest, form: str) -> None:
    name = GOOD[form](target)
    manifest(model={"path": name}, io=ASK, data={"test": {"path": "test.csv", "label": "label"}}, logs=None)
    done = assay("scan", "assay.yaml")
    (model,) = (record for record in done.result["provenance"]["inputs"] if record["name"] == "model")
    assert model["status"] == "usable", model["problem"]
    assert model["facts"]["kind"] == KIND.get(form, "booster")
    unsafe = next(o for o in done.result["outcomes"] if o["detector"] == "artifact.unsafe-code")
    assert all(m["interval"]["high"] == 0 for m in unsafe["measurements"]), unsafe


class Fires:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


def evil_pickle(folder: Path, fired: Path) -> str:
    (folder / "m.pkl").write_bytes(pickle.dumps(Fires(fired)))
    return "m.pkl"


def evil_keras(folder: Path, fired: Path) -> str:
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras")
    layer = keras.layers.Lambda(lambda x, path=str(fired): (os.mkdir(path), x)[1], output_shape=(3,))
    keras.Sequential([keras.layers.Input((3,)), layer]).save(folder / "m.keras")
    if fired.exists():
        fired.rmdir()
    return "m.keras"


def evil_mlflow(folder: Path, fired: Path) -> str:
    mlflow_folder(folder)
    (folder / "run" / "code.py").write_text(f"import os\nos.mkdir({str(fired)!r})\n")
    (folder / "run" / "MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: code, code: .}\n  sklearn: {pickled_model: data/model.skops}\n"
    )
    return "run"


def evil_transformers(folder: Path, fired: Path) -> str:
    (folder / "hf").mkdir()
    config = {"model_type": "own", "auto_map": {"AutoConfig": "own.C"}, "architectures": ["XForImageClassification"]}
    (folder / "hf" / "config.json").write_text(json.dumps(config))
    (folder / "hf" / "own.py").write_text(f"import os\nos.mkdir({str(fired)!r})\n")
    header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (folder / "hf" / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    return "hf"


@pytest.mark.parametrize("build", [evil_pickle, evil_keras, evil_mlflow, evil_transformers], ids=lambda b: b.__name__)
def test_a_hostile_model_is_named_and_never_opened(assay, target, manifest, build: Any) -> None:
    fired = target / "fired"
    name = build(target, fired)
    manifest(model={"path": name}, io=ASK, data={"test": {"path": "test.csv", "label": "label"}}, logs=None)
    done = assay("scan", "assay.yaml")
    assert done.code == 1
    assert not fired.exists()
    (model,) = (record for record in done.result["provenance"]["inputs"] if record["name"] == "model")
    assert model["status"] == "refused" and "it holds forbidden code" in model["problem"]
