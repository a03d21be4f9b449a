"""Labels and class names: compared as text; `3`, `3.0` and `"3"` are one name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.wording import listed, masked, near, rows_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MANY_CLASSES = 0.5
"""Share of rows with a label of their own beyond which a column is no class label."""

Codes = list["NDArray[np.int64]"]
"""Class indices of several sets of rows."""

_WHOLE = re.compile(r"([+-]?\d+)\.0*")


def label_text(value: Any) -> str:
    """Return the name of a label: `3.0` and `3` are both `3`; text stays as it is."""
    text = str(value)
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def label_names(y: NDArray[np.generic]) -> NDArray[np.object_]:
    """Return the names of the labels `y`, shape (n,), as `str`."""
    import numpy as np

    values, where = np.unique(y, return_inverse=True)
    names = np.array([label_text(value) for value in values.tolist()], dtype=object)
    return names[where]


def class_codes(y: NDArray[np.generic], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return for each label its index in `classes`, -1 where it is none of them; shape (n,)."""
    import numpy as np

    order = {label_text(name): index for index, name in reversed(list(enumerate(classes)))}
    values, where = np.unique(y, return_inverse=True)
    codes = np.array([order.get(label_text(value), -1) for value in values.tolist()], dtype=np.int64)
    return codes[where]


def coded(parts: Sequence[NDArray[np.generic]], classes: Sequence[str] | None) -> tuple[Codes, tuple[str, ...]]:
    """Return the labels of several sets as indices into one list of classes, and that list.

    A label outside `classes` gets -1.

    Args:
        parts: labels, shapes (n_i,).
        classes: names in the order of the manifest; None where it lists none: then those that occur, numbers in their
            order, then text.
    """
    if classes is None:
        names = {name for part in parts for name, _ in class_counts(part)}
        classes = sorted(names, key=lambda name: (0, float(name), "") if _is_number(name) else (1, 0.0, name))
    return [class_codes(part, classes) for part in parts], tuple(classes)


def class_counts(y: NDArray[np.generic]) -> list[tuple[str, int]]:
    """Return `(name, rows)` of each class, numbers in their order, then text."""
    import numpy as np

    values, counts = np.unique(y, return_counts=True)
    return [(label_text(value), int(count)) for value, count in zip(values.tolist(), counts, strict=True)]


def by_name(y: NDArray[np.generic], classes: Sequence[str]) -> NDArray[np.generic]:
    """Return the labels; indices into `classes` become names.

    Arrays mostly hold class indices, also where the manifest gives the classes names. Indices are taken for
    what they
    are only where no label is itself a name, no class name is a number, and every label is one of 0 .. k-1.
    """
    import numpy as np

    if y.dtype.kind not in "iuf" or any(_is_number(name) for name in classes):
        return y
    values = np.unique(y)
    if not np.all(values == np.floor(values)) or values[0] < 0 or values[-1] >= len(classes):
        return y
    return np.array(list(classes), dtype=object)[y.astype(np.int64)]


def check_classes(y: NDArray[np.generic], classes: Sequence[str], shown: str, label: str, *, several: bool) -> None:
    """Check that `y` holds class labels: those of `classes` if given, and of `several` classes if asked.

    Raises:
        UnusableInput: a label that is no class (which, where, near miss), one class, a class for almost
        every row.
    """
    counts = class_counts(y)
    if classes:
        _check_known(y, classes, shown, label)
    elif len(y) >= 20 and len(counts) > len(y) * MANY_CLASSES:
        raise UnusableInput(
            f"{shown}: {label} has {len(counts):,} different labels in {len(y):,} rows, so it is no class; name the "
            "column that holds the class, or say `task: regression`"
        )
    if several and len(counts) < 2:
        raise UnusableInput(
            f"{shown}: every row has the one label {masked(counts[0][0])!r} in {label}; give rows of at "
            f"least two classes"
        )


def _check_known(y: NDArray[np.generic], classes: Sequence[str], shown: str, label: str) -> None:
    import numpy as np

    names = label_names(y)
    unknown = np.flatnonzero(class_codes(y, classes) < 0)
    if not len(unknown):
        return
    first = str(names[unknown[0]])
    same = np.flatnonzero(names == names[unknown[0]])
    others = len(set(names[unknown].tolist())) - 1
    more = f" (and {others} other unknown label{'s' if others > 1 else ''})" if others else ""
    raise UnusableInput(
        f"{shown}: the label {masked(first)!r} in {label}, {rows_at(same)}{more}, is not among io.classes "
        f"{listed(classes)}{near(first, classes)}; correct the label or io.classes"
    )


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
