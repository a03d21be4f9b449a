"""Run the command line as a user does, and small targets to run it on."""

import json
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest

GOOD = {"weights": [0.1, 0.2], "bias": 1.0}
ROWS = {"train": 300, "test": 400, "trusted": 170}


@pytest.fixture
def assay(tmp_path):
    """Return a function that runs `assay ...` in tmp_path and returns code, out, err, result."""

    def run(*arguments, env=None, timeout=300, path=None):
        result = tmp_path / "result.json"
        result.unlink(missing_ok=True)
        scanning = arguments[:1] == ("scan",)
        command = [sys.executable, "-m", "assay.cli", *arguments, *(("-o", f"json={result}") if scanning else ())]
        extra = {"PYTHONPATH": str(path)} if path else {}
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=timeout, check=False,
            env={**os.environ, **extra, **(env or {})},
        )  # fmt: skip
        saved = json.loads(result.read_text()) if result.exists() else None
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr, result=saved, path=result)

    return run


@pytest.fixture
def target(tmp_path):
    """Write a small target that passes, its manifest without model and trusted rows; return its folder."""
    import numpy as np

    (tmp_path / "params.pkl").write_bytes(pickle.dumps(GOOD))
    (tmp_path / "app.log").write_text("2026-11-23T10:00:00Z INFO request served in 12 ms\n" * 20)
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, sum(ROWS.values()))
    x = generator.normal(size=(len(y), 3))
    x[:, 0] = 0.5 * x[:, 0] + np.where(y == 1, 2.0, -2.0)  # no row near the other class: every family can pass
    ends = np.cumsum([0, *ROWS.values()])
    for place, name in enumerate(ROWS):
        rows = slice(ends[place], ends[place + 1])
        lines = [
            "a,b,c,label",
            *(f"{','.join(f'{v:.4f}' for v in row)},{k}" for row, k in zip(x[rows], y[rows], strict=True)),
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    write_manifest(tmp_path)
    return tmp_path


def write_manifest(folder, **changes):
    """Write assay.yaml; `changes` replace top-level entries, None removes one."""
    from ruamel.yaml import YAML

    manifest = {
        "version": 1, "name": "small", "artifacts": ["params.pkl"], "task": "classification",
        "io": {"output": "proba", "classes": ["0", "1"]},
        "data": {"train": {"path": "train.csv", "label": "label"}, "test": {"path": "test.csv", "label": "label"}},
        "logs": [{"path": "app.log"}],
    }  # fmt: skip
    manifest = {key: value for key, value in {**manifest, **changes}.items() if value is not None}
    with (folder / "assay.yaml").open("w") as stream:
        YAML().dump(manifest, stream)


@pytest.fixture
def manifest(target):
    """Return a function that rewrites the manifest of `target`."""
    return lambda **changes: write_manifest(target, **changes)


@pytest.fixture
def sklearn_model(target):
    """Train a small pipeline on the target and save it; return the path."""
    import numpy as np
    import skops.io
    from sklearn.linear_model import LogisticRegression

    rows = np.loadtxt(target / "train.csv", delimiter=",", skiprows=1)
    path = target / "model.skops"
    skops.io.dump(LogisticRegression().fit(rows[:, :3], rows[:, 3].astype(int)), path)
    return path
