"""Boosted trees in their libraries' own formats: numbers, read by loaders that run nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.models.inputs import matrix
from assay.targets.models.queried import Queried
from assay.targets.refs import InputRef
from assay.targets.wording import listed, near

_AGAIN = "save it again with the library's own save_model"
Predict = Callable[[Any], Any]


class BoosterModel(Queried):
    """A booster: a matrix of numbers in, probabilities or values out."""

    kind = "booster"

    def __init__(self, predict: Predict, names: list[str], ref: InputRef, manifest: dict[str, Any]) -> None:
        """Keep how to predict.

        Args:
            predict: from a float matrix (n, features) to one answer a row.
            names: of the features, where the file tells real ones.
            ref: the model.
            manifest: the manifest; `io.output` defaults to probabilities, to values for regression.
        """
        io = manifest["io"]
        output = io["output"] or ("value" if manifest["task"] == "regression" else "proba")
        super().__init__(ref, manifest, output)
        self._predict = predict
        self._names = names
        self._dtype = io["dtype"] if io["dtype"] not in (None, "str") else "float64"

    def _answer(self, part: Any) -> Any:
        if hasattr(part, "columns") and self._names and set(map(str, part.columns)) >= set(self._names):
            part = part[self._names]
        elif hasattr(part, "columns") and self._names:
            missing = [name for name in self._names if name not in set(map(str, part.columns))]
            raise UnusableInput(
                f"{self.shown}: the model was fitted with {listed(missing)}, which the data lack"
                f"{near(missing[0], map(str, part.columns))}; correct io.columns or the data"
            )
        rows = matrix(part, self._dtype, f"{self.shown}: the model")
        return self._predict(rows.reshape(len(rows), -1))


def open_booster(path: Path, found: str, ref: InputRef, manifest: dict[str, Any]) -> BoosterModel:
    """Open a booster by the format of its file.

    Raises:
        UnusableInput: the library is not installed, or cannot read the file.
    """
    opened = {sniff.LIGHTGBM: _lightgbm, sniff.CATBOOST: _catboost}.get(found, _xgboost)
    predict, names = foreign_call(
        lambda: opened(path, found, ref.shown), f"{ref.shown}: cannot be read as {found}", _AGAIN
    )
    return BoosterModel(predict, names, ref, manifest)


def _xgboost(path: Path, found: str, shown: str) -> tuple[Predict, list[str]]:
    library = need(shown, "boosting", "xgboost")
    # the library goes by the name of a file, so it is given bytes, of which it reads the first
    booster = library.Booster({"nthread": 1})
    booster.load_model(bytearray(path.read_bytes()))
    names = [str(name) for name in booster.feature_names or []]

    def predict(rows: Any) -> Any:
        return booster.predict(library.DMatrix(rows, feature_names=names or None, nthread=1), validate_features=False)

    return predict, names


def _lightgbm(path: Path, found: str, shown: str) -> tuple[Predict, list[str]]:
    library = need(shown, "boosting", "lightgbm")
    booster = library.Booster(model_str=path.read_text(encoding="utf-8"))
    names = [str(name) for name in booster.feature_name()]
    told = [] if all(name == f"Column_{index}" for index, name in enumerate(names)) else names
    return (lambda rows: booster.predict(rows, num_threads=1)), told


def _catboost(path: Path, found: str, shown: str) -> tuple[Predict, list[str]]:
    library = need(shown, "catboost", "catboost")
    booster = library.CatBoost()
    booster.load_model(os.fspath(path), format="cbm")
    classes = len(booster.classes_) if booster.classes_ is not None else 0
    kind = "Probability" if classes else "RawFormulaVal"
    names = [str(name) for name in booster.feature_names_ or []]
    told = [] if all(name == str(index) for index, name in enumerate(names)) else names
    return (lambda rows: booster.predict(rows, prediction_type=kind, thread_count=1)), told
