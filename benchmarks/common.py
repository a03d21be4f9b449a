"""What the scripts share: public data that the project carries, and one thread a process."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import Any

import numpy as np


def one_thread() -> None:
    """Start this script again with one thread a process, if nobody chose: on shared cores threads spin, and 40 CPU seconds become an hour."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    if not any(name in os.environ for name in names):
        os.environ.update(dict.fromkeys(names, "1"))
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


@lru_cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 1,797 images, shape (n, 8, 8), values in [0, 1], and their labels (scikit-learn)."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.images / 16).astype(np.float32), data.target.astype(np.int64)


@lru_cache
def german() -> tuple[Any, np.ndarray]:
    """Return the 1,000 rows of German Credit as a table, and 1 for good debtors (fixtures/sources)."""
    from fixtures.recipes.credit import SOURCE, _decode, _frame
    from fixtures.recipes.credit_codes import LABEL

    frame = _frame(_decode(SOURCE))
    return frame.drop(columns=[LABEL]), (frame[LABEL] == "good").to_numpy().astype(np.int64)


def taken(x: Any, rows: np.ndarray) -> Any:
    """Return rows of an array or a table."""
    return x.iloc[rows].reset_index(drop=True) if hasattr(x, "iloc") else x[rows]
