"""Small targets with a model whose robustness is known: linear ones, networks, and networks that hide their gradients."""

import itertools
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from assay.targets.base import Target
from assay.targets.resolve import resolve
from assay.testing.direct import run_detector
from assay_detectors.adversarial.spec import ACCURACY, ROBUST
from assay_detectors.adversarial.whitebox import WhiteboxDetector


def measure(folder, manifest, *, seed=0, asked=None, **options):
    """Run the detector on a manifest; return robust accuracy and accuracy by model, rows, sentences."""
    (folder / "assay.yaml").write_text(textwrap.dedent(manifest))
    resolved = resolve(folder / "assay.yaml")
    target = Target(resolved.manifest, resolved.root, resolved.inputs)
    done = run_detector(WhiteboxDetector(), target, seed=seed, asked=asked, **options)
    robust = {m.labels["model"]: m for m in done.measurements if m.metric == ROBUST}
    clean = {m.labels["model"]: m for m in done.measurements if m.metric == ACCURACY}
    notes = {o.evidence.locator.row: o.evidence.note for o in done.observations}
    return SimpleNamespace(robust=robust, clean=clean, notes=notes, said=done.not_covered, done=done)


TABLE = """
    version: 1
    name: loans
    model: {path: model.skops}
    task: classification
    io: {output: proba, classes: [bad, good]}
    data: {test: {path: test.parquet, label: default}}
    columns:
      age: {immutable: true}
      sum: {bounds: [0, 5000]}
"""


@pytest.fixture
def table(tmp_path):
    """Write a table, fit `model` to it and save it; return the frame, the labels and a function that measures."""

    def write(model, rows=300, seed=0, change=None, manifest=TABLE):
        import pandas as pd
        import skops.io

        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {
                "months": rng.integers(6, 60, rows),
                "sum": rng.uniform(100, 5000, rows),
                "age": rng.integers(18, 80, rows),
                "job": rng.choice(["clerk", "none", "farm"], rows).astype(object),
            }
        )
        score = 0.04 * (frame["months"] - 30) + 0.0004 * (frame["sum"] - 2500) + (frame["job"] == "none")
        y = np.where(score + rng.normal(0, 0.4, rows) > 0.3, "bad", "good").astype(object)
        skops.io.dump(model.fit(frame, y), tmp_path / "model.skops")
        if change is not None:
            frame, y = change(frame.copy(), y.copy())
        frame.assign(default=y).to_parquet(tmp_path / "test.parquet")
        run = lambda **how: measure(tmp_path, manifest, **how)  # noqa: E731
        return SimpleNamespace(frame=frame, y=y, model=model, run=run, folder=tmp_path)

    return write


NUMBERS = itertools.count()
"""A module of its own for each network: one process runs all tests, and imports a name once."""
NETWORK = """
    version: 1
    name: patches
    model: {{path: model.safetensors, factory: "{module}:build"}}
    task: classification
    io: {{output: {output}, classes: ["0", "1", "2"], layout: nchw, dtype: float32}}
    data: {{test: {{path: test.npz}}}}
    inputs: {{bounds: [0.0, 1.0]}}
"""
SOURCE = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(36, 24), nn.Linear(24, 3)

        def forward(self, x):
            {before}
            z = self.two(torch.relu(self.one(x.flatten(1))))
            {after}
            return z

    def build():
        return Net()
"""


@pytest.fixture(scope="session")
def weights():
    """Train a small network once; return its weights and test images (300, 6, 6) with labels."""
    import torch

    rng = np.random.default_rng(0)
    prototypes = rng.random((3, 6, 6))
    y = rng.integers(0, 3, 900)
    x = np.clip(prototypes[y] + 0.15 * rng.normal(size=(900, 6, 6)), 0, 1).astype(np.float32)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(36, 24), torch.nn.ReLU(), torch.nn.Linear(24, 3))
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(150):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(torch.from_numpy(x[:600]).flatten(1)), torch.from_numpy(y[:600]))
        loss.backward()
        optimiser.step()
    state = {"one.weight": net[0].weight, "one.bias": net[0].bias, "two.weight": net[2].weight, "two.bias": net[2].bias}
    return {name: value.detach().clone() for name, value in state.items()}, x[600:], y[600:]


@pytest.fixture
def network(tmp_path, weights):
    """Return a function that writes the network, `before` and `after` changed, and measures it."""

    def write(before="pass", after="pass", output="logits", images=None, labels=None, state=None):
        from safetensors.torch import save_file

        own, x, y = weights
        name = f"net_{next(NUMBERS)}"
        save_file(state or own, tmp_path / "model.safetensors")
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(SOURCE.format(before=before, after=after)))
        np.savez(tmp_path / "test.npz", x=x if images is None else images, y=y if labels is None else labels)
        manifest = NETWORK.format(module=name, output=output)
        return lambda **how: measure(tmp_path, manifest, **how)

    return write
