"""Rows of any kind as one matrix of numbers, for methods that compare inputs without the model.

Several sets of rows are encoded together and alike, so that nothing in the matrix tells which set a row came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 32
"""Pixels to which a side of an image is averaged down."""
FEW = 50
"""Different values up to which a column of text is taken for a category."""
WORDS = 4000
"""Most frequent words and pairs of words of a column of free text."""
TOPICS = 100
"""Numbers that a text becomes."""


def encode(parts: Sequence[Any], side: int = SIDE) -> NDArray[np.float64]:
    """Return all rows of `parts` below each other, shape (n, d).

    Images (n, h, w) or (n, h, w, c) are averaged down to at most `side` pixels a side and scaled to [0, 1] together.
    Columns of numbers are standardized; a missing one becomes the mean, with a column that says so. Categories become
    0 and 0.7, so that two different ones lie 1 apart. Free text becomes `TOPICS` numbers (TF-IDF of words and pairs,
    singular vectors), standardized together.

    Args:
        parts: features as `Rows.x` holds them, all of one form.
        side: largest side of an image.
    """
    import numpy as np

    if hasattr(parts[0], "columns"):
        return _table(parts)
    rows = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    if rows.ndim == 2:
        return _standard(rows)
    images = rows if rows.ndim == 4 else rows[..., None]
    small = _averaged(_averaged(images, 1, side), 2, side).reshape(len(rows), -1)
    low, high = float(small.min()), float(small.max())
    return np.asarray((small - low) / (high - low if high > low else 1.0), dtype=np.float64)


def _table(parts: Sequence[Any]) -> NDArray[np.float64]:
    import numpy as np
    import pandas as pd

    columns: list[NDArray[np.float64]] = []
    for name in parts[0].columns:
        series = pd.concat([part[name] for part in parts], ignore_index=True)
        if pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype):
            columns.append(_numbers(series.to_numpy(dtype=np.float64, na_value=np.nan)))
        elif series.nunique(dropna=False) <= FEW:
            columns.append(_categories(series))
        else:
            columns.append(_text(series.fillna("").astype(str).tolist()))
    return np.hstack(columns)


def _numbers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    gaps = np.isnan(values)
    known = np.where(gaps, np.nanmean(values) if not gaps.all() else 0.0, values)
    scaled = _standard(known[:, None])
    return np.hstack([scaled, gaps[:, None].astype(np.float64)]) if gaps.any() else scaled


def _categories(series: Any) -> NDArray[np.float64]:
    import numpy as np
    import pandas as pd

    codes, names = pd.factorize(series, sort=True, use_na_sentinel=False)
    return np.asarray(np.eye(max(1, len(names)))[codes] * np.sqrt(0.5), dtype=np.float64)


def _text(texts: list[str]) -> NDArray[np.float64]:
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(
        ngram_range=(1, 2), max_features=WORDS, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
    ).fit_transform([text or "empty" for text in texts])
    most = min(TOPICS, counts.shape[1] - 1, counts.shape[0] - 1)
    if most < 1:
        return np.zeros((len(texts), 1))
    topics = TruncatedSVD(most, random_state=0).fit_transform(counts)
    return np.asarray(topics / max(float(topics.std()), 1e-12), dtype=np.float64)


def _standard(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    scale = np.maximum(np.abs(rows).max(axis=0), 1e-300)
    small = rows / scale  # so that squares of large numbers do not overflow
    deviation = small.std(axis=0)
    return np.asarray((small - small.mean(axis=0)) / np.where(deviation > 1e-12, deviation, 1.0), dtype=np.float64)


def _averaged(images: NDArray[np.float64], axis: int, side: int) -> NDArray[np.float64]:
    """Return the images with blocks of neighbouring pixels along `axis` averaged, at most `side` of them."""
    import numpy as np

    length = images.shape[axis]
    if length <= side:
        return images
    starts = np.linspace(0, length, side, endpoint=False).astype(np.int64)
    widths = np.diff(np.append(starts, length)).reshape([-1 if i == axis else 1 for i in range(images.ndim)])
    return np.asarray(np.add.reduceat(images, starts, axis=axis) / widths, dtype=np.float64)
