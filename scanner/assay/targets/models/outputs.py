"""From what a model says to probabilities: classes in the order of the manifest, every answer checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.labels import class_codes, label_text
from assay.targets.wording import listed, masked, near, rows_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUM_TOLERANCE = 1e-2
"""By which a row of probabilities may miss 1 (float16 rounds that coarsely); beyond it they are something else."""


def align(own: Sequence[str] | None, declared: Sequence[str], shown: str) -> tuple[tuple[str, ...], list[int] | None]:
    """Return the class names in the order of the manifest, and for each the column of the model that holds
    it.

    The names decide where model and manifest use the same ones. A model that numbers its classes 0 .. k-1
    has them in
    the order of io.classes. No order (None) means that the columns are in order already.

    Raises:
        UnusableInput: the two name different classes.
    """
    if own is None or not declared:
        return tuple(declared or own or ()), None
    columns = {label_text(name): index for index, name in enumerate(own)}
    names = [label_text(name) for name in declared]
    if set(columns) == set(names):
        order = [columns[name] for name in names]
        return tuple(declared), None if order == sorted(order) else order
    if list(columns) == [str(index) for index in range(len(names))]:
        return tuple(declared), None
    unknown = next((name for name in names if name not in columns), names[0])
    raise UnusableInput(
        f"{shown}: the model knows the classes {listed(list(columns))} and io.classes lists {listed(names)}"
        f"{near(unknown, columns)}; list the model's classes"
    )


def probabilities(
    raw: NDArray[np.generic], output: str, classes: Sequence[str], model: str, rows: str, start: int
) -> NDArray[np.float64]:
    """Return the answer `raw` as probabilities, shape (n, k).

    Args:
        raw: shape (n,) or (n, k), as `output` says: numbers, or labels.
        output: `proba`, `logits`, `score` (a softmax is taken of both) or `label`.
        classes: names, k of them; empty where nobody knows.
        model: `<shown>: the model`, for sentences.
        rows: where the rows come from, for sentences.
        start: number of the first row.

    Raises:
        UnusableInput: another width than there are classes, NaN or infinity, no probabilities, an unknown
        label.
    """
    import numpy as np

    if output == "label":
        return _from_labels(raw, classes, model, start)
    numbers = _numbers(raw, model, rows, start)
    if numbers.ndim != 2:
        numbers = numbers.reshape(len(numbers), -1)
    if numbers.shape[1] == 1:
        numbers = _two_columns(numbers, output)
    if classes and numbers.shape[1] != len(classes):
        raise UnusableInput(
            f"{model} gives {raw.shape[1] if raw.ndim > 1 else 1} numbers a row and there are {len(classes)} "
            f"classes; list the classes in io.classes in the order of its outputs"
        )
    if output != "proba":
        scaled = np.exp(numbers - numbers.max(axis=1, keepdims=True))
        return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))
    sums = numbers.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1) > SUM_TOLERANCE) | (numbers.min(axis=1) < -SUM_TOLERANCE))
    if len(wrong):
        row = numbers[wrong[0]]
        raise UnusableInput(
            f"{model} gives no probabilities on {rows} (row {start + int(wrong[0])} sums to "
            f"{sums[wrong[0]]:.4g}, lowest {row.min():.4g}); set io.output to logits or score"
        )
    positive = np.clip(numbers, 0.0, None)
    return np.asarray(positive / positive.sum(axis=1, keepdims=True))


def values(raw: NDArray[np.generic], model: str, source: str, start: int) -> NDArray[np.float64]:
    """Return the answer as one finite number a row, shape (n,).

    Raises:
        UnusableInput: several numbers a row, text, NaN or infinity.
    """
    numbers = _numbers(raw, model, source, start)
    if numbers.size != len(numbers):
        raise UnusableInput(
            f"{model} gives {numbers.shape[1:]} numbers a row; io.output: value is for one number a row"
        )
    return numbers.reshape(-1)


def _numbers(raw: NDArray[np.generic], model: str, rows: str, start: int) -> NDArray[np.float64]:
    import numpy as np

    if raw.dtype.kind not in "biuf":
        raise UnusableInput(f"{model} gives {raw.dtype} and not numbers; set io.output: label")
    numbers = raw.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1))
    if len(bad):
        raise UnusableInput(
            f"{model} gives NaN or infinity on {rows}, {rows_at(bad + start)}; check its weights, io.dtype "
            f"and io.layout"
        )
    return numbers


def _two_columns(numbers: NDArray[np.float64], output: str) -> NDArray[np.float64]:
    """Return both columns of a binary model that says only how sure it is of the second class."""
    import numpy as np

    other = 1.0 - numbers if output == "proba" else np.zeros_like(numbers)
    return np.concatenate([other, numbers], axis=1)


def _from_labels(raw: Any, classes: Sequence[str], model: str, start: int) -> NDArray[np.float64]:
    import numpy as np

    labels = raw.reshape(-1)
    if len(labels) != len(raw):
        raise UnusableInput(f"{model} gives {raw.shape[1]} labels a row; set io.output: proba, logits or score")
    codes = class_codes(labels, classes)
    numbered = labels.dtype.kind in "iu" and not any(name.lstrip("-").isdecimal() for name in classes)
    if numbered and labels.min() >= 0 and labels.max() < len(classes):
        codes = labels.astype(np.int64)
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        first = masked(str(labels[unknown[0]]))
        raise UnusableInput(
            f"{model} gives the label {first!r} at row {start + int(unknown[0])}, which is not among the classes "
            f"{listed(classes)}{near(first, classes)}; correct io.classes"
        )
    found = np.zeros((len(codes), len(classes)))
    found[np.arange(len(codes)), codes] = 1.0
    return found
