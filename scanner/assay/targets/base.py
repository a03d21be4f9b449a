"""What a detector sees of the target: a light description in the driver, open handles in the worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assay.model.manifest import Manifest
from assay.model.result import InputRecord
from assay.targets.refs import InputRef, Shard
from assay.targets.trust import NO_TRUST, Trust

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Target:
    """The target as the driver knows it: names, sizes, facts; no content."""

    manifest: Manifest
    root: Path
    """Folder of the manifest; every shown path is relative to it."""
    inputs: tuple[InputRef, ...]
    records: tuple[InputRecord, ...] = ()
    """What the intake found out about each input; same names."""
    trust: Trust = NO_TRUST
    """What the person who scans trusts besides the allowlist."""

    def of_role(self, *roles: str) -> tuple[InputRef, ...]:
        """Return the inputs of these roles, in the order of the manifest, usable or not."""
        return tuple(ref for ref in self.inputs if ref.role in roles)

    def input(self, name: str) -> InputRef | None:
        """Return the input of that name, or None."""
        return next((ref for ref in self.inputs if ref.name == name), None)

    def record(self, name: str) -> InputRecord | None:
        """Return what the intake says of that input, or None before the intake."""
        return next((record for record in self.records if record.name == name), None)


__all__ = ["Dataset", "InputRef", "OpenModel", "OpenTarget", "Shard", "Target"]


class OpenModel(Protocol):
    """A model that can be queried, in a worker."""

    @property
    def kind(self) -> str:
        """`sklearn`, `torch`, `onnx`."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities; empty while neither manifest nor model says."""

    def predict_proba(self, x: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return probabilities, shape (n, classes), rows summing to 1."""


class Dataset(Protocol):
    """Rows of one data file, in a worker."""

    @property
    def x(self) -> Any:
        """Features: a numeric array (n, d), (n, h, w[, c]), or a pandas DataFrame for tables."""

    @property
    def y(self) -> Any:
        """Labels, shape (n,): numbers or names (`str`); None where the file has none."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the feature columns; empty for arrays."""

    @property
    def rows(self) -> int:
        """Number of rows."""


class OpenTarget(Protocol):
    """The target inside a worker. Everything is opened on first use and kept."""

    manifest: dict[str, Any]
    """The manifest as plain data."""

    def ref(self, name: str) -> InputRef:
        """Return the input of that name."""

    def path(self, name: str) -> Path:
        """Return the path of the input."""

    def shown(self, name: str) -> str:
        """Return the path as people see it."""

    def data(self, name: str) -> Dataset:
        """Return the rows of `data.train`, `data.test` or `data.trusted`; raises `UnusableInput`."""

    def model(self, name: str = "model") -> OpenModel:
        """Return the opened model; raises `UnusableInput`."""
