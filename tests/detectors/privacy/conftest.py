"""Small targets whose leak is known: models that learn by heart, models that cannot, and groups that differ."""

import itertools
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from assay.targets.base import Target
from assay.targets.resolve import resolve
from assay.testing.direct import run_detector
from assay_detectors.privacy.membership import MembershipDetector
from assay_detectors.privacy.spec import AUC, EPSILON, TPR

NUMBERS = itertools.count()


class Records:
    """Rows of two overlapping clouds with noisy labels: members in train, others in test."""

    def __init__(self, folder, *, members=400, others=400, noise=0.25, seed=0, columns=8):
        self.folder = folder
        self.rng = np.random.default_rng(seed)
        n = members + others
        self.x = self.rng.normal(size=(n, columns)).astype(np.float32)
        self.y = (self.x[:, 0] + self.x[:, 1] > 0).astype(int)
        wrong = self.rng.random(n) < noise
        self.y[wrong] = 1 - self.y[wrong]
        self.train, self.test = np.arange(members), np.arange(members, n)
        self.trusted = None

    def fit(self, estimator):
        """Fit and save a scikit-learn model; return self."""
        import skops.io

        skops.io.dump(estimator.fit(self.x[self.train], self.y[self.train]), self.folder / "model.skops")
        self.model = "{path: model.skops}"
        return self

    def network(self, epochs, width=64):
        """Train a torch network on the members and save it; return self."""
        import torch
        from safetensors.torch import save_file

        module = f"privacy_net_{next(NUMBERS)}"
        source = f"""
            from torch import nn

            def build():
                return nn.Sequential(nn.Linear({self.x.shape[1]}, {width}), nn.ReLU(), nn.Linear({width}, 2))
        """
        (self.folder / f"{module}.py").write_text(textwrap.dedent(source))
        torch.manual_seed(1)
        net = torch.nn.Sequential(torch.nn.Linear(self.x.shape[1], width), torch.nn.ReLU(), torch.nn.Linear(width, 2))
        optimiser = torch.optim.Adam(net.parameters(), 0.01)
        inputs, labels = torch.from_numpy(self.x[self.train]), torch.from_numpy(self.y[self.train])
        for _ in range(epochs):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(inputs), labels).backward()
            optimiser.step()
        save_file(net.state_dict(), self.folder / "model.safetensors")
        self.model = f'{{path: model.safetensors, factory: "{module}:build"}}'
        return self

    def run(self, *, seed=0, output="proba", training="", classes='["0", "1"]', **options):
        """Run the detector; return measurements by metric, evidence rows, sentences, refusals."""
        names = {"train": self.train, "test": self.test, "trusted": self.trusted}
        for name, rows in names.items():
            if rows is not None:
                np.savez(self.folder / f"{name}.npz", x=self.x[rows], y=self.y[rows])
        data = ", ".join(f"{name}: {{path: {name}.npz}}" for name, rows in names.items() if rows is not None)
        lines = ["version: 1", "name: records", f"model: {self.model}", "task: classification", f"data: {{{data}}}"]
        lines += [f"io: {{output: {output}, classes: {classes}}}", training]
        (self.folder / "assay.yaml").write_text("\n".join(lines) + "\n")
        resolved = resolve(self.folder / "assay.yaml")
        target = Target(resolved.manifest, resolved.root, resolved.inputs)
        done = run_detector(MembershipDetector(), target, seed=seed, **options)
        by = {(m.metric, m.labels.get("fpr")): m for m in done.measurements}
        rows = {o.evidence.locator.row for o in done.observations}
        return SimpleNamespace(
            auc=by[AUC, None], epsilon=by[EPSILON, None], tpr={k[1]: m for k, m in by.items() if k[0] == TPR},
            rows=rows, said=done.not_covered, refused=done.unresolved, done=done,
        )  # fmt: skip


@pytest.fixture
def records(tmp_path):
    return lambda **how: Records(tmp_path, **how)
