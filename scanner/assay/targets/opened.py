"""The target inside a worker: opened on first use, kept until the worker ends. Light until something is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.targets.refs import InputRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.targets.base import Dataset, OpenModel


class Opened:
    """Open handles for the inputs of one scan."""

    def __init__(self, manifest: dict[str, Any], inputs: Iterable[InputRef]) -> None:
        self.manifest = manifest
        self._inputs = {ref.name: ref for ref in inputs}
        self._data: dict[str, Dataset] = {}
        self._models: dict[str, OpenModel] = {}

    def ref(self, name: str) -> InputRef:
        """Return the input of that name."""
        return self._inputs[name]

    def path(self, name: str) -> Path:
        """Return the path of the input."""
        return Path(self._inputs[name].path)

    def shown(self, name: str) -> str:
        """Return the path as people see it."""
        return self._inputs[name].shown

    def data(self, name: str) -> Dataset:
        """Return the rows of `data.train`, `data.test` or `data.trusted`; raises `UnusableInput`."""
        if name not in self._data:
            from assay.targets.datasets import open_dataset

            self._data[name] = open_dataset(self.ref(name), self.manifest)
        return self._data[name]

    def model(self, name: str = "model") -> OpenModel:
        """Return the opened model; raises `UnusableInput`."""
        if name not in self._models:
            from assay.targets.models import open_model

            self._models[name] = open_model(self.ref(name), self.manifest)
        return self._models[name]
