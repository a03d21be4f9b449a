"""A model that answers queries: rows in by batches, checked probabilities out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.foreign import foreign_call
from assay.targets.models.outputs import align, probabilities, values
from assay.targets.refs import InputRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 256
"""Rows that the model gets at a time; part of the number, for batch size may move the last bit."""


class Queried(ABC):
    """A model in a worker. Frameworks differ in `_answer` alone; all that they may get wrong is checked here."""

    kind: str
    """`sklearn`, `torch` or `onnx`."""
    batch = BATCH
    fixed = False
    """Whether every batch must have `batch` rows; a short one is filled up and its answer cut."""

    def __init__(self, ref: InputRef, manifest: dict[str, Any], output: str, own: Sequence[str] | None = None) -> None:
        """Keep what the manifest says of outputs.

        Args:
            ref: the model.
            manifest: the manifest.
            output: `proba`, `logits`, `label`, `score` or `value`.
            own: class names that the model itself knows, in the order of its outputs.
        """
        self.shown = ref.shown
        self.output = output
        self.n_features: int | None = None
        """Numbers in a row, where the model says."""
        self._classes, self._order = align(own, manifest["io"]["classes"] or (), ref.shown)
        if output == "label" and not self._classes:
            raise UnusableInput(
                f"{ref.shown}: the model gives labels and neither it nor the manifest lists the classes; set io.classes"
            )

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities; empty until the first answer where nobody lists them."""
        return self._classes

    def predict_proba(self, x: Any, source: str = "the given data") -> NDArray[np.float64]:
        """Return probabilities, shape (n, classes), rows summing to 1, classes in the order of `classes`.

        Logits and scores pass through a softmax (one column: a sigmoid); a label becomes 1 for its class.

        Args:
            x: features as `Rows.x` holds them: a DataFrame, or an array (n, ...).
            source: where they come from, for sentences: `data.test`.

        Raises:
            UnusableInput: the model raises, or gives anything but one finite answer of the right width a row.
        """
        import numpy as np

        if self.output == "value":
            raise UnusableInput(
                f"{self.shown}: gives values, not classes (io.output: value); this check needs a classifier"
            )
        parts = []
        for start, raw in self._answers(x, source):
            rows = f"{source} rows {start}-{start + len(raw) - 1}"
            found = probabilities(raw, self.output, self._classes, f"{self.shown}: the model", rows, start)
            if not self._classes:
                self._classes = tuple(str(index) for index in range(found.shape[1]))
            parts.append(found if self._order is None or self.output == "label" else found[:, self._order])
        return np.concatenate(parts) if parts else np.zeros((0, len(self._classes)))

    def predict_values(self, x: Any, source: str = "the given data") -> NDArray[np.float64]:
        """Return one number a row, shape (n,): for regression.

        Raises:
            UnusableInput: as `predict_proba`.
        """
        import numpy as np

        parts = [values(raw, f"{self.shown}: the model", source, start) for start, raw in self._answers(x, source)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _answers(self, x: Any, source: str) -> list[tuple[int, NDArray[np.generic]]]:
        """Return `(first row, raw answer)` per batch, each with one entry a row."""
        import numpy as np

        found = []
        for start in range(0, len(x), self.batch):
            part = x.iloc[start : start + self.batch] if hasattr(x, "iloc") else x[start : start + self.batch]
            part = part.copy()  # a model may scale in place
            rows = len(part)
            if self.fixed and rows < self.batch:
                fill = np.append(np.arange(rows), np.full(self.batch - rows, rows - 1))
                part = part.iloc[fill] if hasattr(part, "iloc") else part[fill]
            raw = foreign_call(
                lambda part=part: np.asarray(self._answer(part)),  # type: ignore[misc]
                f"{self.shown}: the model raises in predict on {source} rows {start}-{start + rows - 1}",
                "check io.columns, io.dtype and io.layout, or the model's own code",
            )
            if raw.ndim == 0 or len(raw) != len(part):
                raise UnusableInput(
                    f"{self.shown}: the model answers {len(part)} rows of {source} with an array of shape "
                    f"{raw.shape}; it must give one answer a row"
                )
            found.append((start, raw[:rows]))
        return found

    @abstractmethod
    def _answer(self, part: Any) -> Any:
        """Return the raw answer to at most `batch` rows, one entry a row; may raise anything."""
