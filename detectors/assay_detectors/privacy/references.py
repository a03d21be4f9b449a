"""Reference models: trained on a half of the rows, in the way that the model itself was, or by a stand-in.

`clone` for scikit-learn: the estimator's own parameters, another seed. `factory` for torch: a new network from the
factory, trained by Adam until it fits its half as well as the model fits its members. Else random forests, of which
only the one that has not seen a row speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.encode import encode
from assay.targets.foreign import foreign_call
from assay.targets.labels import class_codes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from assay_detectors.privacy.pool import Pool

    Floats = NDArray[np.float64]

CLONE, FACTORY, FOREST = "clone", "factory", "forest"
_TREES = 200


@dataclass(frozen=True)
class Recipe:
    """How torch references are trained."""

    epochs: int
    learning_rate: float
    batch: int


@dataclass(frozen=True)
class Fit:
    """How well the model fits its members: where its references should stop."""

    loss: float
    accuracy: float


def kind_of(model: Any, spec: dict[str, Any]) -> str:
    """Return how references of this model are made."""
    if model.kind == "sklearn":
        return CLONE
    if model.kind == "torch" and spec.get("factory"):
        return FACTORY
    return FOREST


def train(
    kind: str, model: Any, ref: Any, manifest: dict[str, Any], pool: Pool, rows: NDArray[np.bool_], codes: Any,
    recipe: Recipe, fit: Fit, seed: int,
) -> Floats:  # fmt: skip
    """Train one reference on `rows` of the pool; return its probabilities on all rows, shape (n, classes).

    Raises:
        UnusableInput: the estimator cannot be cloned or fitted, or the factory's network cannot be trained.
    """
    if kind == CLONE:
        return _cloned(model, ref, manifest, pool, rows, codes, seed)
    if kind == FACTORY:
        return _built(model, ref, manifest, pool, rows, codes, recipe, fit, seed)
    return _forest(model, pool, rows, codes, seed)


def _taken(x: Any, rows: NDArray[np.bool_]) -> Any:
    return x.loc[rows] if hasattr(x, "iloc") else x[rows]


def _cloned(
    model: Any, ref: Any, manifest: dict[str, Any], pool: Pool, rows: NDArray[np.bool_], codes: Any, seed: int
) -> Floats:
    import joblib
    import numpy as np
    from sklearn.base import clone

    from assay.targets.models.sklearn_model import SklearnModel

    def fitted() -> Any:
        again = clone(model.estimator)
        given = again.get_params(deep=True)
        fresh = {name: seed % 2**31 for name in given if name.rsplit("__", 1)[-1] == "random_state"}
        alone = {name: 1 for name, jobs in given.items() if name.rsplit("__", 1)[-1] == "n_jobs" and jobs}
        again.set_params(**fresh, **alone)
        own = np.asarray(model.estimator.classes_)[codes]
        with joblib.parallel_config(backend="sequential"):
            return again.fit(model.rows_of(_taken(pool.x, rows)), own[rows])

    estimator = foreign_call(
        fitted,
        f"{ref.shown}: no reference model can be trained by clone and fit",
        "set training.recipe: none, or save an estimator that can be fitted again",
    )
    if len(estimator.classes_) == len(model.estimator.classes_):
        return np.asarray(SklearnModel(estimator, ref, manifest).predict_proba(pool.x))
    return _widened(model, estimator, pool, ref)


def _widened(model: Any, estimator: Any, pool: Pool, ref: Any) -> Floats:
    """Return the probabilities of a reference that has never seen some class: 0 for that class."""
    import numpy as np

    own = np.asarray(model.estimator.classes_)
    given = foreign_call(
        lambda: np.asarray(estimator.predict_proba(model.rows_of(pool.x)), dtype=np.float64),
        f"{ref.shown}: a reference model gives no probabilities",
        "set training.recipe: none",
    )
    wide = np.zeros((pool.rows, len(own)))
    wide[:, np.searchsorted(own, estimator.classes_)] = given
    place = class_codes(np.array(model.classes, dtype=object), model.own_classes)
    return wide[:, place] if (place >= 0).all() else wide


def _built(
    model: Any, ref: Any, manifest: dict[str, Any], pool: Pool, rows: NDArray[np.bool_], codes: Any,
    recipe: Recipe, fit: Fit, seed: int,
) -> Floats:  # fmt: skip
    import numpy as np
    import torch

    from assay.targets.models.factory import build
    from assay.targets.models.torch_model import TorchModel

    torch.manual_seed(seed % 2**63)
    module = build(ref).to(model.device)
    inputs = model.to_input(_taken(pool.x, rows))
    targets = torch.from_numpy(np.asarray(codes)[rows].astype(np.int64)).to(model.device)
    foreign_call(
        lambda: _descend(lambda part: model.logits(part, module), module, inputs, targets, recipe, fit, seed),
        f"{ref.shown}: the factory's network cannot be trained as a reference",
        "set training.recipe: none, or let the factory build a network that can be trained",
    )
    return np.asarray(TorchModel(module, ref, manifest).predict_proba(pool.x))


def _descend(
    logits: Callable[[Any], Any], module: Any, inputs: Any, targets: Any, recipe: Recipe, fit: Fit, seed: int
) -> None:
    """Train until the network fits these rows as well as the model fits its members, or the epochs are over."""
    import torch

    weights = [weight for weight in module.parameters() if weight.requires_grad]
    if not weights:
        raise UnusableInput("it has no weights that can be trained")
    optimiser = torch.optim.Adam(weights, recipe.learning_rate)
    order = torch.Generator().manual_seed(seed % 2**63)
    module.train()
    for _ in range(recipe.epochs):
        total, right = 0.0, 0
        for batch in torch.randperm(len(targets), generator=order).split(recipe.batch):
            if len(batch) < 2 <= len(targets):
                continue  # batch normalisation knows no batch of one
            optimiser.zero_grad()
            part = logits(inputs[batch])
            loss = torch.nn.functional.cross_entropy(part, targets[batch])
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(batch)
            right += int((part.argmax(dim=1) == targets[batch]).sum())
        if total / len(targets) <= fit.loss and right / len(targets) >= fit.accuracy:
            break
    module.eval()


def _forest(model: Any, pool: Pool, rows: NDArray[np.bool_], codes: Any, seed: int) -> Floats:
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    encoded = encode([pool.x])
    forest = RandomForestClassifier(_TREES, min_samples_leaf=2, n_jobs=1, random_state=seed % 2**31)
    forest.fit(encoded[rows], np.asarray(codes)[rows])
    found = np.zeros((pool.rows, max(len(model.classes), int(np.max(codes)) + 1)))
    found[:, forest.classes_] = forest.predict_proba(encoded)
    return found
