"""From rows to what a model eats: axes by `io.layout`, numbers by `io.dtype`, values as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets.wording import listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def laid_out(x: NDArray[np.generic], layout: str | None) -> NDArray[np.generic]:
    """Return images (n, h, w) or (n, h, w, c) with their axes as `layout` says; other arrays as they are.

    `nchw` puts the channels first and adds an axis for one, `nhwc` adds that axis at the end, `nhw` takes it
    away,
    `flat` makes rows of all.
    """
    import numpy as np

    if layout == "flat":
        return x.reshape(len(x), -1)
    if x.ndim == 3 and layout == "nchw":
        return x[:, None, :, :]
    if x.ndim == 3 and layout == "nhwc":
        return x[..., None]
    if x.ndim == 4 and layout == "nchw":
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    if x.ndim == 4 and layout == "nhw" and x.shape[3] == 1:
        return x[..., 0]
    return x


def matrix(x: Any, dtype: str, model: str) -> NDArray[np.generic]:
    """Return rows as one array of numbers of type `dtype`; a table becomes (n, columns).

    Raises:
        UnusableInput: columns of text, or values that `dtype` cannot hold.
    """
    import numpy as np

    if hasattr(x, "columns"):
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        text = [str(n) for n in x.columns if not (is_numeric_dtype(x[n].dtype) or is_bool_dtype(x[n].dtype))]
        if text:
            raise UnusableInput(
                f"{model} takes one matrix of numbers and {listed(text)} {'are' if len(text) > 1 else 'is'} "
                f"text; encode it, or wrap the encoding into the model"
            )
        x = x.to_numpy(dtype=np.float64 if dtype.startswith("float") else None)
    return cast(np.asarray(x), dtype, model)


def cast(x: NDArray[np.generic], dtype: str, model: str) -> NDArray[np.generic]:
    """Return `x` as `dtype`; whole numbers must stay what they are.

    Raises:
        UnusableInput: fractions, missing or too large values for a type of whole numbers.
    """
    import numpy as np

    wanted = np.dtype(dtype)
    if x.dtype == wanted:
        return x
    if wanted.kind in "iu":
        limits = np.iinfo(wanted)
        whole = x.dtype.kind in "biu" or bool(np.isfinite(x).all() and (x == np.floor(x)).all())
        if not whole or (x.size and (x.min() < limits.min or x.max() > limits.max)):
            raise UnusableInput(
                f"{model} takes {dtype} and the data hold numbers that are none ({x.dtype}); correct io.dtype"
            )
    return x.astype(wanted)
