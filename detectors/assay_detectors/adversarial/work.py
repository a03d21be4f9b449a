"""What a worker does for `adversarial.whitebox`: say of what kind a model is, and attack rows of the test data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.labels import class_codes
from assay.targets.wording import masked
from assay_detectors.adversarial.linear import linear_reason, slopes, worst
from assay_detectors.adversarial.pgd import Effort, Network, Source, pgd, within
from assay_detectors.adversarial.threat import Space, Threat, outside, space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay.targets.base import OpenTarget
    from assay.targets.refs import Shard

TEST = "data.test"
LINEAR, NETWORK, OTHER = "linear", "network", "other"
_SAMPLE = 1000
"""Rows by which two models are compared."""
_CELLS = 4
"""Changed columns that a note names."""


@dataclass(frozen=True)
class _Drawn:
    """Rows of the test data, their labels as the model numbers classes, and where they may be moved."""

    space: Space
    rows: NDArray[np.intp]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    sentence: str | None


def describe(opened: OpenTarget, shard: Shard, *, norm: str, eps: float, unit: str) -> dict[str, Any]:
    """Say how this model can be attacked: `linear` (exactly), `network` (by gradients) or `other`, and why.

    Returns:
        `kind`, `why`, `rows` of the test data, and the budget in full: `eps`, `unit`, `width`, `bounded`.
    """
    import numpy as np

    model: Any = opened.model(shard.input)
    data = opened.data(TEST)
    if data.y is None:
        raise UnusableInput(f"{opened.shown(TEST)}: has no labels, so no answer is right or wrong; give labels")
    some = np.arange(min(data.rows, 200))
    drawn = _drawn(opened, model, some, Threat(norm, eps, unit))
    found = drawn.space
    told = {"rows": data.rows, "eps": found.eps, "unit": found.unit, "width": found.width}
    if not found.width:
        return {**told, "kind": OTHER, "why": "no number of its inputs may change: all are categories or immutable"}
    if not found.inside.any():
        raise UnusableInput(drawn.sentence or f"{opened.shown(TEST)}: no row keeps to the declared bounds")
    if model.kind == "torch":
        if not model.differentiable:
            return {**told, "kind": OTHER, "why": "its inputs are whole numbers, which have no gradient"}
        return {**told, "kind": NETWORK, "why": ""}
    if model.kind != "sklearn":
        return {**told, "kind": OTHER, "why": f"{model.kind} gives no gradients"}
    reason = linear_reason(model.estimator)
    if reason is None:
        straight = slopes(model, found, 0)
        reason = straight if isinstance(straight, str) else None
    return {**told, "kind": OTHER if reason else LINEAR, "why": reason or ""}


def answers_of(opened: OpenTarget, shard: Shard) -> NDArray[np.float64]:
    """Return the probabilities of a model on the first test rows, shape (n, classes)."""
    import numpy as np

    x = opened.data(TEST).x
    some = x.iloc[:_SAMPLE] if hasattr(x, "iloc") else x[:_SAMPLE]
    model: Any = opened.model(shard.input)
    return np.asarray(model.predict_proba(some, TEST), dtype=np.float64)


def attack_linear(opened: OpenTarget, shard: Shard, *, norm: str, eps: float, unit: str, seed: int) -> dict[str, Any]:
    """Attack the rows `shard.extra["rows"]` of a linear model: exactly, each candidate tried on the model itself."""
    import numpy as np

    model: Any = opened.model(shard.input)
    drawn = _drawn(
        opened, model, np.array(shard.extra["rows"], dtype=np.intp), Threat(norm, eps, unit), model.own_classes
    )
    found = drawn.space
    per_unit = slopes(model, found, seed)
    if isinstance(per_unit, str):
        raise UnusableInput(f"{opened.shown(shard.input)}: {per_unit}; it was linear on other rows")
    answers = _answers(model, found.form)
    least = worst(model, found, drawn.labels, per_unit)
    every = np.arange(len(drawn.rows))
    moved = _answers(model, found.rebuilt(every, least.values))
    right = answers == drawn.labels
    if not within(found, every, least.values).all():
        raise UnusableInput(f"{opened.shown(shard.input)}: a computed change left the budget; please report it")
    broken = right & (moved != drawn.labels)
    missed = int((right & (least.margin < -1e-6) & ~broken).sum())
    told = _told(opened, drawn, answers, broken, least.values, moved)
    return {**told, "missed": missed, "queries": 3 * len(drawn.rows)}


def attack_network(
    opened: OpenTarget,
    shard: Shard,
    *,
    norm: str,
    eps: float,
    unit: str,
    steps: int,
    restarts: int,
    noise: int,
    source: str,
    seed: int,
) -> dict[str, Any]:
    """Attack the rows `shard.extra["rows"]` of a torch network by projected gradient descent."""
    import numpy as np
    import torch

    model: Any = opened.model(shard.input)
    drawn = _drawn(opened, model, np.array(shard.extra["rows"], dtype=np.intp), Threat(norm, eps, unit))
    network = Network(model, drawn.space)
    every = np.arange(len(drawn.rows))
    with torch.no_grad():
        twice = [network.logits(network.inputs(every, drawn.space.values)).cpu().numpy() for _ in range(2)]
    answers = twice[0].argmax(axis=1)
    right = np.flatnonzero(answers == drawn.labels)
    part = _subset(drawn.space, right)
    other: Source | None = None
    if source == "art":
        from assay_detectors.adversarial.art_source import art_pgd

        other = art_pgd
    effort = Effort(steps, restarts, noise, seed + int(shard.extra["block"]))
    attack = pgd(Network(model, part), part, drawn.labels[right], effort, other)
    if len(right) and not within(part, np.arange(len(right)), attack.found).all():
        raise UnusableInput(f"{opened.shown(shard.input)}: an attack left its budget; please report it")
    broken, values, moved = np.zeros(len(every), np.bool_), drawn.space.values.copy(), answers.copy()
    broken[right], values[right], moved[right] = attack.broken, attack.found, attack.answers
    return {
        **_told(opened, drawn, answers, broken, values, moved),
        "attacked": len(right),
        "flat": attack.flat,
        "by_noise": attack.by_noise,
        "by_gradient": attack.by_gradient,
        "steady": bool(np.array_equal(twice[0], twice[1])),
        "queries": attack.queries + 2 * len(every),
    }


def _drawn(opened: OpenTarget, model: Any, rows: NDArray[np.intp], threat: Threat, own: tuple[str, ...] = ()) -> _Drawn:
    """Return these rows, without those outside the declared bounds."""
    import numpy as np

    data, shown = opened.data(TEST), opened.shown(TEST)
    found = space(data.x, rows, opened.manifest, threat, shown)
    sentence = outside(found, rows, shown)
    kept = np.flatnonzero(found.inside)
    names = tuple(own or model.classes)
    if not names:
        model.predict_proba(data.x[:2], TEST)
        names = tuple(model.classes)
    labels = _codes(data.y[rows[kept]], names, model)
    return _Drawn(_subset(found, kept), rows[kept], labels, names, sentence)


def _codes(y: Any, names: tuple[str, ...], model: Any) -> NDArray[np.int64]:
    """Return labels as the numbers of `names`; a model that numbers its classes has them in the manifest's order."""
    codes = class_codes(y, names)
    if (codes < 0).any() and len(model.classes) == len(names):
        codes = class_codes(y, model.classes)
    return codes


def _subset(found: Space, rows: NDArray[np.intp]) -> Space:
    from dataclasses import replace

    form = (
        found.form.iloc[rows].reset_index(drop=True) if found.names or hasattr(found.form, "iloc") else found.form[rows]
    )
    parts = {name: getattr(found, name)[rows] for name in ("values", "low", "high", "inside")}
    return replace(found, form=form, **parts)


def _answers(model: Any, x: Any) -> NDArray[np.int64]:
    """Return the class that a scikit-learn model gives each row, as index into its own classes."""
    import numpy as np

    raw = np.asarray(model.decisions(x))
    return np.asarray((raw > 0).astype(np.int64) if raw.ndim == 1 else raw.argmax(axis=1))


def _told(
    opened: OpenTarget,
    drawn: _Drawn,
    answers: NDArray[np.int64],
    broken: NDArray[np.bool_],
    values: NDArray[np.float64],
    moved: NDArray[np.int64],
) -> dict[str, Any]:
    """Return counts and the rows that were turned, as plain data."""
    import numpy as np

    right = answers == drawn.labels
    names = [masked(name) for name in drawn.names]
    return {
        "n": len(drawn.rows),
        "right": int(right.sum()),
        "robust": int((right & ~broken).sum()),
        "answered": sorted(Counter(names[code] for code in answers.tolist()).items()),
        "labelled": sorted(Counter(names[code] if code >= 0 else "?" for code in drawn.labels.tolist()).items()),
        "turned": [
            [
                int(drawn.rows[index]),
                names[drawn.labels[index]],
                names[moved[index]],
                _cells(drawn.space, index, values),
            ]
            for index in np.flatnonzero(broken).tolist()
        ],
        "sentence": drawn.sentence,
    }


def _cells(found: Space, index: int, values: NDArray[np.float64]) -> str:
    """Return which columns changed by how much, the largest part of the budget first; of arrays how many numbers."""
    import numpy as np

    step = np.nan_to_num(values[index] - found.values[index])
    changed = np.flatnonzero(np.abs(step) > 1e-12)
    if not found.names:
        return f"{len(changed)} numbers changed"
    size = np.abs(step) / np.where(found.scale > 0, found.scale, 1.0)
    order = changed[np.argsort(-size[changed], kind="stable")]
    rest = f" and {len(order) - _CELLS} more" if len(order) > _CELLS else ""
    return ", ".join(f"{found.names[column]} {step[column]:+.9g}" for column in order[:_CELLS]) + rest
