"""Rows that stand in two sets: copies, as against natural repetition."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EXTRA = 0.02
_ERRORS = 3.0
"""Twins beyond what the set itself repeats, plus 2 points and three standard errors, are copies."""


@dataclass(frozen=True)
class Twins:
    """Rows of one set that stand in another, feature by feature."""

    rows: NDArray[np.bool_]
    """Which rows of the one set have a twin in the other, shape (n,)."""
    partners: NDArray[np.bool_]
    """Which rows of the other set are these twins, shape (m,)."""
    first: NDArray[np.int64]
    """For each row of the one set the first twin in the other, -1 without one; shape (n,)."""
    natural: float
    """Share of rows that have a twin in their own set, in that of both sets where fewer have one."""

    @property
    def copied(self) -> bool:
        """Say whether there are more twins than the data repeat by nature: rows were copied from set to set."""
        share, n = float(self.rows.mean()), self.rows.size
        error = math.sqrt(self.natural * (1 - self.natural) / n)
        return share > self.natural + _EXTRA + _ERRORS * error


def twins(rows: Any, among: Any) -> Twins:
    """Return which rows of `rows` also stand in `among`; labels play no part.

    Args:
        rows: features as `Rows.x` holds them.
        among: features of the same form.
    """
    import numpy as np

    mine, theirs = _digests(rows), _digests(among)
    first: dict[bytes, int] = {}
    for index, digest in enumerate(theirs):
        first.setdefault(digest, index)
    known = set(mine)
    return Twins(
        rows=np.array([digest in first for digest in mine], dtype=np.bool_),
        partners=np.array([digest in known for digest in theirs], dtype=np.bool_),
        first=np.array([first.get(digest, -1) for digest in mine], dtype=np.int64),
        natural=min(_repeated(mine), _repeated(theirs)),  # one set may repeat itself by oversampling
    )


def _repeated(digests: list[bytes]) -> float:
    counts = Counter(digests)
    return sum(count for count in counts.values() if count > 1) / len(digests)


def _digests(rows: Any) -> list[bytes]:
    """Return for each row what it holds, as bytes."""
    import numpy as np

    if hasattr(rows, "columns"):
        import pandas as pd

        return [value.tobytes() for value in pd.util.hash_pandas_object(_plain(rows), index=False).to_numpy()]
    flat = np.ascontiguousarray(np.asarray(rows).reshape(len(rows), -1))
    if flat.dtype.kind == "f":
        flat = flat.astype(np.float64) + 0.0  # one zero
    return [row.tobytes() for row in flat]


def _plain(frame: Any) -> Any:
    """Return the table with numbers of one type, so that 1 and 1.0 are twins."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: frame[name].astype(float) if pd.api.types.is_numeric_dtype(frame[name].dtype) else frame[name]
            for name in frame.columns
        }
    )
