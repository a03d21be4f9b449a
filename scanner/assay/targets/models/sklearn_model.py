"""scikit-learn models: skops with our own list of trusted types; joblib and pickle only where the engine allows."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.extras import need, without_torch
from assay.targets.foreign import foreign_call
from assay.targets.labels import label_text
from assay.targets.limits import LARGEST
from assay.targets.models.inputs import laid_out
from assay.targets.models.queried import Queried
from assay.targets.refs import InputRef
from assay.targets.wording import amount, listed, near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METHODS = {
    "proba": "predict_proba",
    "logits": "decision_function",
    "score": "decision_function",
    "label": "predict",
    "value": "predict",
}
"""What is called for each `io.output`; without one, the first that the model has."""
TRUSTED_POWERS = frozenset({"constructor", "data", "function"})
"""Of our list, what a skops file may hold: nothing that calls or unpickles what the file gives it."""


class SklearnModel(Queried):
    """An estimator or a pipeline."""

    kind = "sklearn"

    def __init__(self, estimator: Any, ref: InputRef, manifest: dict[str, Any]) -> None:
        output, method = _method(estimator, ref.shown, manifest)
        own = getattr(estimator, "classes_", None)
        names = None if own is None or output == "value" else [label_text(name) for name in list(own)]
        super().__init__(ref, manifest, output, names)
        self.estimator = estimator
        self._method = method
        self._io = manifest["io"]
        known = getattr(estimator, "feature_names_in_", None)
        self.feature_names = None if known is None else tuple(str(name) for name in known)
        width = getattr(estimator, "n_features_in_", None)
        self.n_features = None if width is None else int(width)

    @property
    def own_classes(self) -> tuple[str, ...]:
        """Return the names of the estimator's classes in its own order; empty where it has none."""
        own = getattr(self.estimator, "classes_", None)
        return () if own is None else tuple(label_text(name) for name in list(own))

    def rows_of(self, part: Any) -> Any:
        """Return rows as the estimator wants them: its columns in its order, numbers of `io.dtype`."""
        return self._named(part) if self.feature_names is not None else self._plain(part)

    def decisions(self, x: Any) -> NDArray[np.float64]:
        """Return `decision_function`, shape (n,) for two classes or (n, classes), in the estimator's own order.

        Raises:
            UnusableInput: the estimator has none, or it raises.
        """
        import numpy as np

        return foreign_call(
            lambda: np.asarray(self.estimator.decision_function(self.rows_of(x)), dtype=np.float64),
            f"{self.shown}: the model raises in decision_function",
            "check io.columns and io.dtype",
        )

    def _answer(self, part: Any) -> Any:
        import joblib

        rows = self.rows_of(part)
        # one after the other: threads would add up votes in the order in which they finish
        with joblib.parallel_config(backend="sequential"):
            return self._method(rows)

    def _named(self, part: Any) -> Any:
        """Return a table with the columns by which the model was fitted, in its order."""
        import pandas as pd

        names = self.feature_names or ()
        if not hasattr(part, "columns"):
            part = pd.DataFrame(self._plain(part), columns=list(names))
        missing = [name for name in names if name not in part.columns]
        if missing:
            raise UnusableInput(
                f"{self.shown}: the model was fitted with {listed(missing)}, which the data lack"
                f"{near(missing[0], map(str, part.columns))}; correct io.columns or the data"
            )
        return self._typed(part[list(names)])

    def _plain(self, part: Any) -> Any:
        if hasattr(part, "columns"):
            table = self._typed(part)
            kinds = {dtype.kind for dtype in table.dtypes}
            return table.to_numpy() if kinds <= set("biuf") else table
        array: NDArray[np.generic] = laid_out(part, self._io["layout"])
        if array.ndim > 2 and self.n_features == array[0].size:
            array = array.reshape(len(array), -1)
        dtype = self._io["dtype"]
        return array.astype(dtype) if dtype not in (None, "str") else array

    def _typed(self, table: Any) -> Any:
        """Return the table with its numbers as `io.dtype`."""
        dtype = self._io["dtype"]
        if dtype in (None, "str"):
            return table
        return table.astype({name: dtype for name, kind in table.dtypes.items() if kind.kind in "iuf"})


def open_skops(path: Path, ref: InputRef, manifest: dict[str, Any]) -> SklearnModel:
    """Open a skops file. Types that skops does not trust must be on our list; a list in the file counts for
    nothing.

    Raises:
        UnusableInput: names the types that nobody trusts; damaged, too large, no estimator inside.
    """
    from assay.targets.allowlist import trusted

    with without_torch():
        skops = need(ref.shown, "models", "sklearn", "skops.io")
    damaged = f"{ref.shown}: cannot be read as skops"
    again = "save it again with skops.io.dump"
    size = foreign_call(lambda: _unpacked_size(path), damaged, again)
    if size > LARGEST:
        raise UnusableInput(
            f"{ref.shown}: unpacks to {amount(size)}, and at most {amount(LARGEST)} is loaded; give a smaller model"
        )
    unknown = foreign_call(lambda: [str(name) for name in skops.get_untrusted_types(file=path)], damaged, again)
    ours = [name for name in unknown if trusted(*_split(name)) in TRUSTED_POWERS]
    foreign = sorted(set(unknown) - set(ours))
    if foreign:
        raise UnusableInput(
            f"{ref.shown}: holds {listed(foreign)}, which Assay does not trust, so it is not loaded; "
            "export it as ONNX, or leave these types out"
        )
    estimator = foreign_call(lambda: skops.load(path, trusted=ours), damaged, again)
    return _estimator(estimator, ref, manifest)


def open_pickled(path: Path, ref: InputRef, manifest: dict[str, Any]) -> SklearnModel:
    """Unpickle a model, where the engine says `pickle_ok`: stage 0 found nothing and the worker is sealed.

    Raises:
        UnusableInput: not allowed; unpickling raises; no estimator inside.
    """
    if ref.spec.get("pickle_ok") is not True:
        raise UnusableInput(
            f"{ref.shown}: is a pickle, which runs code when it is loaded, and is loaded only in a sealed "
            f"worker after stage 0 found it clean; see the finding on this file, or save it with skops.io.dump"
        )
    joblib = need(ref.shown, "models", "sklearn", "joblib")
    estimator = foreign_call(
        lambda: joblib.load(path),
        f"{ref.shown}: cannot be unpickled",
        "install what it was made with, or save it with skops.io.dump",
    )
    return _estimator(estimator, ref, manifest)


def _estimator(estimator: Any, ref: InputRef, manifest: dict[str, Any]) -> SklearnModel:
    return foreign_call(
        lambda: SklearnModel(estimator, ref, manifest),
        f"{ref.shown}: holds no estimator that can be used",
        "save a fitted scikit-learn estimator or pipeline",
    )


def _method(estimator: Any, shown: str, manifest: dict[str, Any]) -> tuple[str, Callable[[Any], Any]]:
    """Return the kind of output and the method that gives it."""
    wanted = manifest["io"]["output"]
    if wanted is None:
        regression = manifest["task"] == "regression"
        wanted = "value" if regression else next((k for k, v in METHODS.items() if hasattr(estimator, v)), None)
    method = getattr(estimator, METHODS.get(wanted or "", ""), None)
    if method is None:
        need_method = METHODS.get(wanted or "", "predict")
        raise UnusableInput(
            f"{shown}: holds a {type(estimator).__name__} without {need_method}; save a fitted estimator, or "
            f"correct io.output"
        )
    # decision_function gives no logits, and gives none for more classes; both are scores
    return ("score" if wanted == "logits" else str(wanted)), method


def _split(name: str) -> tuple[str, str]:
    module, _, attribute = name.rpartition(".")
    return module, attribute


def _unpacked_size(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(info.file_size for info in archive.infolist())
