"""Small targets with a fault in them, and their clean, odd and broken relatives: for conformance examples.

Tables are two clouds of numbers with labels that the first two columns mostly decide; models are scikit-learn
pipelines saved with skops. Everything is drawn anew for each seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.evidence import Evidence
from assay.testing.conformance import Built

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EMAIL = "jane.roe+secret{}@example-hospital.org"
"""A value that no output may hold."""

Spoil = Callable[["Table"], None]
Fit = Callable[[int], Any]
"""Seed -> an unfitted estimator."""


@dataclass
class Table:
    """Rows before they are written; a `Spoil` may change anything."""

    rng: np.random.Generator
    x: NDArray[np.float64]
    y: NDArray[np.int64]
    split: dict[str, NDArray[np.intp]]
    """Rows of `train`, `test`, `trusted`."""
    places: list[int] = field(default_factory=list)
    """Rows of train that a fault was planted in."""
    classes: int = 2
    text: bool = False
    """A further column of personal text, and classes named by addresses."""
    written: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """Replaces what is written: split -> (x, y)."""


def table(
    folder: Path,
    seed: int,
    *,
    rows: tuple[int, int, int] = (300, 300, 150),
    columns: int = 6,
    classes: int = 2,
    noise: float = 0.05,
    spoil: Spoil | None = None,
    fit: Fit | None = None,
) -> Built:
    """Write train, test and trusted rows, and a model where `fit` gives one.

    Args:
        folder: an empty folder.
        seed: of the rows and of the fit.
        rows: of train, test and trusted.
        columns: numbers in a row.
        classes: kinds of labels.
        noise: share of labels, everywhere alike, that nothing predicts.
        spoil: changes the rows before the model is fitted.
        fit: returns an estimator for the seed; it is fitted to train.
    """
    import numpy as np

    rng = np.random.default_rng([seed, 20261126])
    total = sum(rows)
    centres = 3.0 * np.random.default_rng(5).normal(size=(classes, columns)) / np.sqrt(columns)
    y = rng.integers(0, classes, total)
    x = centres[y] + rng.normal(size=(total, columns)) * 0.8
    odd = rng.random(total) < noise
    y[odd] = rng.integers(0, classes, int(odd.sum()))
    ends = np.cumsum([0, *rows])
    split = {name: np.arange(ends[i], ends[i + 1]) for i, name in enumerate(("train", "test", "trusted"))}
    made = Table(rng, x, y, split, classes=classes)
    if spoil is not None:
        spoil(made)
    _write(folder, made)
    model = ""
    if fit is not None:
        import skops.io

        train = made.split["train"]
        train = train if len(set(made.y[train])) > 1 and np.isfinite(made.x[train]).all() else np.arange(20, 120)
        names = np.array([f"k{code}" for code in range(made.classes)], dtype=object)
        skops.io.dump(fit(seed).fit(made.x[train], names[made.y[train]]), folder / "model.skops")
        model = "model: {path: model.skops}\n"
    (folder / "assay.yaml").write_text(_manifest(made, model, columns))
    planted = set(made.places)

    def pointed(evidence: list[Evidence]) -> bool:
        """Most of the rows that are named are planted, and some are."""
        named = {piece.locator.row for piece in evidence if piece.locator.row is not None}
        return len(named & planted) > 0.5 * len(named) if planted else bool(named)

    secrets = tuple(EMAIL.format(index) for index in range(10)) if made.text else ()
    return Built(manifest=folder / "assay.yaml", pointed=pointed, secrets=secrets)


def _manifest(made: Table, model: str, columns: int) -> str:
    listed = ", ".join(f"k{code}" for code in range(made.classes))
    data = ", ".join(f"{name}: {{path: {name}.csv, label: label}}" for name in made.split)
    features = ", ".join([*(f"c{column}" for column in range(columns)), *(["note"] if made.text else [])])
    return (
        f"version: 1\nname: planted\n{model}task: classification\nio: {{classes: [{listed}], columns: [{features}]}}\n"
        f"data: {{{data}}}\n"
    )


def _write(folder: Path, made: Table) -> None:
    for name, rows in made.split.items():
        x, y = made.written.get(name, (made.x[rows], [f"k{code}" for code in made.y[rows]]))
        columns = [f"c{column}" for column in range(x.shape[1])]
        lines = [",".join([*columns, *(["note"] if made.text else []), "label"])]
        for index, (numbers, label) in enumerate(zip(x, y, strict=True)):
            cells = ["" if number != number else repr(float(number)) for number in numbers]
            cells += [EMAIL.format(index % 10)] if made.text else []
            lines.append(",".join([*cells, str(label)]))
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def wrong_labels(share: float) -> Spoil:
    """Give random wrong labels to a share of the training rows."""

    def spoil(made: Table) -> None:
        rows = made.rng.permutation(len(made.split["train"]))[: round(share * len(made.split["train"]))]
        chosen = made.split["train"][rows]
        made.y[chosen] = (made.y[chosen] + made.rng.integers(1, made.classes, len(chosen))) % made.classes
        made.places = sorted(int(row) for row in rows)

    return spoil


def with_personal_text(made: Table) -> None:
    """Add a column of addresses, which no method needs and no output may show."""
    made.text = True
    wrong_labels(0.1)(made)


def rare_class(made: Table) -> None:
    """Keep one row in five of class 0 in training: honest imbalance."""
    train = made.split["train"]
    rare = train[made.y[train] == 0]
    import numpy as np

    made.split["train"] = np.setdiff1d(train, rare[: round(0.8 * len(rare))])


def repeated_rows(made: Table) -> None:
    """Let a quarter of the training rows stand twice."""
    train = made.split["train"]
    quarter = len(train) // 4
    made.x[train[:quarter]], made.y[train[:quarter]] = made.x[train[-quarter:]], made.y[train[-quarter:]]


def noisy_labels(made: Table) -> None:
    """Make a quarter of all labels, everywhere alike, unpredictable."""
    some = made.rng.random(len(made.y)) < 0.25
    made.y[some] = made.rng.integers(0, made.classes, int(some.sum()))


def one_class(*names: str) -> Spoil:
    """Leave one class in these splits."""

    def spoil(made: Table) -> None:
        for name in names:
            made.split[name] = made.split[name][made.y[made.split[name]] == 0]

    return spoil


def few_rows(count: int, *names: str) -> Spoil:
    """Leave so many rows in these splits."""

    def spoil(made: Table) -> None:
        for name in names:
            made.split[name] = made.split[name][:count]

    return spoil


def gaps(made: Table) -> None:
    """Leave numbers out of training rows."""
    made.x[made.split["train"][:5], 1] = float("nan")


def wrong_shape(made: Table) -> None:
    """Let test and trusted rows have a column fewer."""
    for name in ("test", "trusted"):
        rows = made.split[name]
        made.written[name] = (made.x[rows][:, :-1], [f"k{code}" for code in made.y[rows]])


def same_rows(made: Table) -> None:
    """Let test and trusted rows be the training rows."""
    made.split["test"] = made.split["trusted"] = made.split["train"]


def no_signal(made: Table) -> None:
    """Draw all labels without a look at the rows."""
    made.y[:] = made.rng.integers(0, made.classes, len(made.y))


def empty(folder: Path, seed: int) -> Built:
    """Write a table whose files hold nothing."""
    built = table(folder, seed)
    for name in ("train", "test", "trusted"):
        (folder / f"{name}.csv").write_text("")
    return built


def logs(folder: Path, seed: int, lines: Sequence[tuple[str, str]] = (), *, count: int = 200) -> Built:
    """Write a log of requests, with `lines` (text, value that must not show) spread over it."""
    import random

    rng = random.Random(seed)
    rows = [
        json.dumps({"ts": f"2026-05-04T10:{i // 60 % 60:02d}:{i % 60:02d}Z", "ms": rng.randrange(900), "ok": True})
        for i in range(count)
    ]
    places = set()
    for index, (text, _) in enumerate(lines):
        at = (index * 37 + rng.randrange(20)) % count
        rows[at] = text
        places.add(at + 1)
    (folder / "app.log").write_text("\n".join(rows) + "\n")
    (folder / "assay.yaml").write_text("version: 1\nname: planted\nlogs: [{path: app.log}]\n")

    def pointed(evidence: list[Evidence]) -> bool:
        return places <= {piece.locator.line for piece in evidence if piece.locator.line is not None}

    return Built(manifest=folder / "assay.yaml", pointed=pointed, secrets=tuple(value for _, value in lines))


def artifact(folder: Path, content: bytes, *, name: str = "model.pkl", offset: int | None = None) -> Built:
    """Write a file that may be loaded; `offset` is where its fault lies."""
    (folder / name).write_bytes(content)
    (folder / "assay.yaml").write_text(f"version: 1\nname: planted\nartifacts: [{name}]\n")

    def pointed(evidence: list[Evidence]) -> bool:
        return any(piece.locator.file == name and piece.locator.offset == offset for piece in evidence)

    return Built(manifest=folder / "assay.yaml", pointed=pointed)
