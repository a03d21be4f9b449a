"""Small labelled data sets: clouds of points, trusted and training rows drawn alike, labels spoiled on demand."""

from types import SimpleNamespace

import numpy as np
import pytest

from assay.targets.base import Target
from assay.targets.resolve import resolve
from assay.testing.direct import run_detector
from assay_detectors.poisoning.labels import LabelsDetector


class Clouds:
    """Training and trusted rows of `classes` overlapping clouds, written as npz with a manifest."""

    def __init__(self, folder, *, train=400, trusted=200, classes=4, seed=0, spread=1.0):
        self.folder, self.classes = folder, classes
        self.rng = np.random.default_rng(seed)
        centres = self.rng.normal(size=(classes, 6)) * 3
        self.y = self.rng.integers(0, classes, train + trusted)
        self.x = centres[self.y] + spread * self.rng.normal(size=(train + trusted, 6))
        self.train, self.trusted = np.arange(train), np.arange(train, train + trusted)
        self.wrong = np.array([], dtype=int)
        self.y_train = {}  # labels that training rows have instead

    def flip(self, share):
        """Give random wrong labels to a share of the training rows."""
        self.wrong = np.sort(self.rng.permutation(self.train)[: round(share * len(self.train))])
        self.y[self.wrong] = (self.y[self.wrong] + self.rng.integers(1, self.classes, len(self.wrong))) % self.classes
        return self

    def backdoor(self, share, target=0):
        """Shift one feature and set one label: a trigger."""
        others = self.train[self.y[self.train] != target]
        self.wrong = np.sort(self.rng.permutation(others)[: round(share * len(self.train))])
        self.x[self.wrong, 5] += 4.0
        self.y[self.wrong] = target
        return self

    def write(self, **manifest):
        """Write the files; return the path of the manifest."""
        for name, rows in (("train", self.train), ("trusted", self.trusted)):
            other = self.y_train if name == "train" else {}
            y = np.array([other.get(int(row), self.y[row]) for row in rows])
            np.savez(self.folder / f"{name}.npz", x=self.x[rows], y=y)
        lines = ["version: 1", "name: clouds", f"task: {manifest.get('task', 'classification')}"]
        lines += ["data: {train: {path: train.npz}, trusted: {path: trusted.npz}}"]
        (self.folder / "assay.yaml").write_text("\n".join(lines) + "\n")
        return self.folder / "assay.yaml"

    def run(self, seed=0, **options):
        """Run the detector here; return p-values by class (None: all), share, rows, sentences, refusals."""
        resolved = resolve(self.write())
        target = Target(resolved.manifest, resolved.root, resolved.inputs)
        done = run_detector(LabelsDetector(), target, seed=seed, **options)
        p = {m.labels.get("class"): m for m in done.measurements if m.metric.endswith("p-value")}
        (share,) = (m for m in done.measurements if m.metric.endswith("share") and m.labels == {"scope": "global"})
        rows = {o.evidence.locator.row: o.evidence for o in done.observations}
        return SimpleNamespace(p=p, share=share, rows=rows, said=done.not_covered, refused=done.unresolved, done=done)


@pytest.fixture
def clouds(tmp_path):
    return lambda **how: Clouds(tmp_path, **how)
