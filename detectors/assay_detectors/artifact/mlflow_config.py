"""Flavors of an `MLmodel` file: what MLflow would import, and what the file trusts by its own word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay_detectors.artifact.config_names import is_model_class, is_trusted_target

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

_OWN = re.compile(r"mlflow(?:\.[a-z]\w*)+")
PICKLE_MODULES = frozenset({"mlflow.pytorch.pickle_module", "pickle", "cloudpickle", "dill", "torch.serialization"})
KERAS_MODULES = frozenset({"keras", "tensorflow.keras", "tf_keras", "tf.keras"})
_PATHS = ("code", "code_path", "code_paths", "model_code_path", "python_model")
_TRUST = ("skops_trusted_types", "trusted_types", "trusted")
_CLASSES = ("model_class", "model_type_class", "learner_class", "estimator_class")


def judge_flavors(flavors: dict[str, Any], report: Report) -> None:
    """Report modules that are not MLflow's own, code that comes along, and lists of trusted types."""
    for flavor, settings in flavors.items():
        if isinstance(settings, dict):
            _Flavor(flavor, settings, report).judge()


class _Flavor:
    def __init__(self, name: str, settings: dict[str, Any], report: Report) -> None:
        self.name = name
        self.settings = settings
        self.report = report

    def _find(self, key: str, name: str, why: str) -> None:
        self.report.find("reference", name, f"flavor {self.name}: {key} {why}", None, key)

    def judge(self) -> None:
        loader = self.settings.get("loader_module")
        if isinstance(loader, str) and loader and _OWN.fullmatch(loader) is None:
            self._find("loader_module", loader, f"makes MLflow import {loader}, which is not its own")
        keras = self.settings.get("keras_module")
        if isinstance(keras, str) and keras and keras not in KERAS_MODULES:
            self._find("keras_module", keras, f"makes MLflow import {keras}")
        pickler = self.settings.get("pickle_module") or self.settings.get("pickle_module_name")
        if isinstance(pickler, str) and pickler not in PICKLE_MODULES:
            self._find("pickle_module", pickler, f"makes MLflow import {pickler}")
        for key in _CLASSES:
            name = self.settings.get(key)
            if isinstance(name, str) and "." in name and not _is_class(name):
                self._find(key, name, f"makes MLflow import {name}")
        for key in _PATHS:
            value = self.settings.get(key)
            if value and value not in ("null", "~", "None"):
                self._find(key, f"{key} -> {value}"[:300], "brings code along, which MLflow runs")
        for key in _TRUST:
            self._trust(key, self.settings.get(key))

    def _trust(self, key: str, value: Any) -> None:
        """A list of types to trust is a permission that the model gives itself, unless they are trusted anyway."""
        if isinstance(value, str):
            value = [] if value.lower() in ("", "null", "~", "none", "false", "[]") else [value]
        for name in value if isinstance(value, list) else []:
            if not (isinstance(name, str) and is_trusted_target(name, called=False)):
                self._find(key, str(name), "asks to trust this type by the model's own word")


def _is_class(name: str) -> bool:
    return is_trusted_target(name, called=True) or is_model_class(name)
