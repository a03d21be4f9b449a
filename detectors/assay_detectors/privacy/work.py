"""What a worker does for `privacy.membership`: ask the model, train a reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.labels import class_codes
from assay_detectors.privacy.pool import Pool, collect, halves
from assay_detectors.privacy.references import FOREST, Fit, Recipe, kind_of, train

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard


def ask_model(opened: OpenTarget, shard: Shard, *, rows: dict[str, Sequence[int]]) -> dict[str, Any]:
    """Return what the model says of members and non-members.

    Returns:
        `chance`: probability of each row's label, shape (n,); `right`: whether it is the likeliest; `member`; `kind`
        of references that can be made of it; `loss` and `accuracy` on members.

    Raises:
        UnusableInput: a label that is no class of the model.
    """
    import numpy as np

    model: Any = opened.model(shard.input)
    pool = collect(opened, rows)
    proba, codes = _asked(model, pool, opened.shown(shard.input))
    chance = proba[np.arange(pool.rows), codes]
    right = proba.argmax(axis=1) == codes
    return {
        "chance": chance,
        "right": right,
        "member": pool.member,
        "kind": kind_of(model, opened.ref(shard.input).spec),
        "loss": float(-np.log(np.maximum(chance[pool.member], 1e-12)).mean()),
        "accuracy": float(right[pool.member].mean()),
    }


def train_reference(
    opened: OpenTarget,
    shard: Shard,
    *,
    rows: dict[str, Sequence[int]],
    kind: str,
    loss: float,
    accuracy: float,
    epochs: int,
    learning_rate: float,
    batch: int,
    seed: int,
) -> dict[str, Any]:
    """Train the reference of `shard.extra["half"]` (0 or 1); return its probability of each row's label.

    Returns:
        `chance`, shape (n,); `seen`: the rows that it was trained on; `right`.
    """
    import numpy as np

    model: Any = opened.model(shard.input)
    ref = opened.ref(shard.input)
    pool = collect(opened, rows)
    codes = _codes(model, pool, opened.shown(shard.input))
    half = int(shard.extra["half"])
    first = halves(pool, codes, seed)
    seen = first if half == 0 else ~first
    own = _own_codes(model, codes) if kind != FOREST else codes
    proba = train(
        kind, model, ref, opened.manifest, pool, seen, own, Recipe(epochs, learning_rate, batch), Fit(loss, accuracy),
        seed + 1 + half,
    )  # fmt: skip
    return {
        "chance": proba[np.arange(pool.rows), codes],
        "seen": seen,
        "right": proba.argmax(axis=1) == codes,
    }


def _asked(model: Any, pool: Pool, shown: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    proba = model.predict_proba(pool.x, "data.train and data.test")
    return proba, _codes(model, pool, shown)


def _codes(model: Any, pool: Pool, shown: str) -> NDArray[np.int64]:
    """Return the labels as indices into the model's classes."""
    if not model.classes:
        model.predict_proba(pool.x[:2] if not hasattr(pool.x, "iloc") else pool.x.iloc[:2], "data.train")
    codes = class_codes(pool.y, model.classes)
    if (codes < 0).any():
        raise UnusableInput(f"{shown}: a label of the data is no class of the model; list its classes in io.classes")
    return codes


def _own_codes(model: Any, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the labels as the estimator itself numbers its classes; networks have the manifest's order."""
    own = getattr(model, "own_classes", ())
    if not own:
        return codes
    import numpy as np

    by_name = class_codes(np.array(model.classes, dtype=object), own)
    return by_name[codes] if (by_name >= 0).all() else codes
