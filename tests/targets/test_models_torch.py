"""torch models: weights only, the network from the manifest's folder, strict in what fits."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from assay.model.errors import UnusableInput
from assay.targets.opened import Opened
from assay.targets.refs import InputRef, Shard

Open = Callable[..., Opened]

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.conv(x))).flatten(1))


def build():
    return Net()


def pair():
    net = Net()
    net.forward = lambda x: (x, x)
    return net


def nothing():
    return None


def leaves():
    raise SystemExit(0)


def fails():
    raise RuntimeError("no weights\\nhere")
"""
X = np.random.default_rng(3).integers(0, 255, size=(300, 4, 4)).astype(np.uint8)
MANIFEST = "model: {path: m.bin, factory: 'NAME:build'}\nio: {output: logits, classes: [a, b, c], layout: nchw}"


@pytest.fixture
def name(tmp_path: Path) -> Iterator[str]:
    """Write the network's module under a name that no other test has imported."""
    found = "net_" + hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]
    (tmp_path / f"{found}.py").write_text(NET)
    yield found
    sys.modules.pop(found, None)


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "conv.weight": torch.randn(2, 1, 3, 3) / 100,
        "conv.bias": torch.randn(2),
        "out.weight": torch.randn(3, 8),
        "out.bias": torch.randn(3),
    }


def expected(weights: dict[str, torch.Tensor]) -> np.ndarray:
    x = torch.from_numpy(X.astype(np.float32))[:, None]
    hidden = torch.relu(torch.nn.functional.conv2d(x, weights["conv.weight"], weights["conv.bias"]))
    logits = hidden.flatten(1) @ weights["out.weight"].T + weights["out.bias"]
    return torch.softmax(logits.double(), dim=1).numpy()


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(UnusableInput) as caught:
        work()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("m.bin: ")
    return str(caught.value)


@pytest.mark.parametrize("form", ["safetensors", "state_dict", "legacy", "checkpoint"])
def test_weights_answer_like_the_network(
    open_target: Open, tmp_path: Path, name: str, weights: dict[str, torch.Tensor], form: str
) -> None:
    path = tmp_path / "m.bin"
    if form == "safetensors":
        save_file(weights, path)
    elif form == "checkpoint":
        torch.save({"epoch": 3, "model_state_dict": weights}, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=form != "legacy")
    model = open_target(MANIFEST.replace("NAME", name)).model()
    np.testing.assert_allclose(model.predict_proba(X), expected(weights), rtol=1e-3, atol=1e-6)
    assert (model.predict_proba(X) == model.predict_proba(X)).all()  # dropout is off
    assert (model.kind, model.classes) == ("torch", ("a", "b", "c"))
    assert not (tmp_path / "__pycache__").exists()
    assert str(tmp_path) not in sys.path


class Whole(torch.nn.Linear):
    """A whole module, as `torch.save(model)` pickles it."""


def test_a_pickled_module_is_refused_and_never_loaded_another_way(open_target: Open, tmp_path: Path, name: str) -> None:
    torch.save(Whole(2, 2), tmp_path / "m.bin")
    sentence = refused(open_target(MANIFEST.replace("NAME", name)).model)
    assert "holds more than weights, or is damaged, and is not loaded (UnpicklingError" in sentence
    assert sentence.endswith("save `model.state_dict()` with torch.save, or use safetensors")


def test_torchscript_is_refused_before_stage_0_found_it_clean(open_target: Open, tmp_path: Path, name: str) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "m.bin"))
    assert "is a compiled program, and is loaded only in a sealed worker" in refused(
        open_target(MANIFEST.replace("NAME", name)).model
    )


def test_weights_that_do_not_fit_are_named(
    open_target: Open, tmp_path: Path, name: str, weights: dict[str, torch.Tensor]
) -> None:
    manifest = MANIFEST.replace("NAME", name)
    renamed = {key.replace("out.bias", "out.bais"): value for key, value in weights.items()}
    save_file(renamed, tmp_path / "m.bin")
    assert "lacks 'out.bias', which the factory's network has (did you mean 'out.bais'?)" in refused(
        open_target(manifest).model
    )
    save_file(weights | {"more": torch.zeros(1)}, tmp_path / "m.bin")
    assert "holds 'more', for which the factory's network has no place" in refused(open_target(manifest).model)
    save_file(weights | {"out.bias": torch.zeros(4)}, tmp_path / "m.bin")
    assert "'out.bias' has the shape (4,) and the factory's network (3,)" in refused(open_target(manifest).model)
    torch.save([1, 2], tmp_path / "m.bin")
    assert "holds no state_dict" in refused(open_target(manifest).model)


FACTORIES = {
    "none": ("", "holds weights only; name the function"),
    "no module": (
        "absent_module:build",
        "'absent_module' cannot be imported from the manifest's folder (ModuleNotFoundError",
    ),
    "no function": ("NAME:biuld", "has no function 'biuld'"),
    "raises": ("NAME:fails", "raises (RuntimeError: no weights); it is called without arguments"),
    "exits": ("NAME:leaves", "raises (SystemExit: 0)"),
    "no network": ("NAME:nothing", "returns a NoneType; return a torch.nn.Module"),
    "an installed module": ("json:dumps", "is another one than that in the manifest's folder"),
}


@pytest.mark.parametrize("case", FACTORIES)
def test_a_faulty_factory_is_named(
    open_target: Open, tmp_path: Path, name: str, weights: dict[str, torch.Tensor], case: str
) -> None:
    factory, wanted = FACTORIES[case]
    save_file(weights, tmp_path / "m.bin")
    entry = f"factory: '{factory.replace('NAME', name)}'" if factory else ""
    manifest = MANIFEST.replace("factory: 'NAME:build'", entry)
    assert wanted in refused(open_target(manifest).model)


def test_a_tuple_for_an_answer_and_images_that_do_not_fit(
    open_target: Open, tmp_path: Path, name: str, weights: dict[str, torch.Tensor]
) -> None:
    save_file(weights, tmp_path / "m.bin")
    manifest = MANIFEST.replace("NAME", name)
    model = open_target(manifest.replace("build", "pair")).model()
    assert "the network returns a tuple" in refused(lambda: model.predict_proba(X))
    model = open_target(manifest).model()
    sentence = refused(lambda: model.predict_proba(X[:, :3], "data.test"))
    assert "raises in predict on data.test rows 0-255 (RuntimeError: " in sentence
    assert sentence.endswith("check io.columns, io.dtype and io.layout, or the model's own code")


def test_the_kind_of_output_must_be_said(
    open_target: Open, tmp_path: Path, name: str, weights: dict[str, torch.Tensor]
) -> None:
    save_file(weights, tmp_path / "m.bin")
    manifest = MANIFEST.replace("NAME", name)
    assert "set io.output to logits" in refused(open_target(manifest.replace("output: logits, ", "")).model)
    model = open_target(manifest.replace("logits", "proba")).model()
    assert "gives no probabilities" in refused(lambda: model.predict_proba(X))
    model = open_target(manifest.replace("a, b, c", "a, b")).model()
    assert "gives 3 numbers a row and there are 2 classes" in refused(lambda: model.predict_proba(X))


def test_a_model_outside_the_folder_has_no_factory(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    save_file(weights, tmp_path / "m.bin")
    path = str(tmp_path / "m.bin")
    ref = InputRef("model", "model", path, path, spec={"factory": "net:build"})
    manifest = {"io": {"classes": None, "output": "logits", "dtype": None, "layout": None}, "task": None}
    with pytest.raises(UnusableInput, match="lies outside the manifest's folder"):
        Opened(manifest, [ref]).model()


def test_the_probe_reports_what_the_network_does(
    open_target: Open, tmp_path: Path, name: str, weights: dict[str, torch.Tensor]
) -> None:
    from assay.targets.intake import probe

    save_file(weights, tmp_path / "m.bin")
    y = np.array(["a", "b", "c"])[expected(weights).argmax(axis=1)]
    y[:16] = np.where(y[:16] == "a", "b", "a")
    np.savez(tmp_path / "test.npz", x=X, y=y)
    found = probe(open_target(MANIFEST.replace("NAME", name) + "\ndata: {test: {path: test.npz}}"), Shard("model"))
    assert found["status"] == "usable"
    assert found["facts"] == {
        "kind": "torch",
        "rows": 64,
        "source": "data.test",
        "deterministic": True,
        "classes": ["a", "b", "c"],
        "test_accuracy": 0.75,
    }
