"""Keras models: `.keras` and `.h5`, loaded with `safe_mode`, never compiled, never another way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.extras import need
from assay.targets.foreign import foreign_call
from assay.targets.limits import LARGEST
from assay.targets.models.inputs import cast, laid_out, matrix
from assay.targets.models.queried import Queried
from assay.targets.refs import InputRef
from assay.targets.wording import amount

BACKEND = "torch"
"""The one that Assay's other extras bring."""


class KerasModel(Queried):
    """A Keras model in inference mode."""

    kind = "keras"

    def __init__(self, network: Any, ref: InputRef, manifest: dict[str, Any]) -> None:
        io = manifest["io"]
        if io["output"] is None and manifest["task"] != "regression":
            raise UnusableInput(
                f"{ref.shown}: a Keras model does not say what its outputs are; set io.output to proba, logits or score"
            )
        super().__init__(ref, manifest, io["output"] or "value")
        self._network = network
        self._layout = io["layout"]
        self._dtype = io["dtype"] if io["dtype"] not in (None, "str") else "float32"

    def _answer(self, part: Any) -> Any:
        import numpy as np
        import torch

        what = f"{self.shown}: the model"
        rows = matrix(part, self._dtype, what) if hasattr(part, "columns") else cast(part, self._dtype, what)
        with torch.no_grad():
            found = self._network(np.array(laid_out(rows, self._layout)), training=False)
        if isinstance(found, dict | list | tuple):
            raise UnusableInput(f"{self.shown}: the model has several outputs; save the one that decides by itself")
        return found.detach().to("cpu").numpy() if isinstance(found, torch.Tensor) else np.asarray(found)


def open_keras(path: Path, found: str, ref: InputRef, manifest: dict[str, Any]) -> KerasModel:
    """Open a Keras file. `safe_mode` refuses code; a file that needs it is not loaded another way.

    Raises:
        UnusableInput: Keras is not installed, or refuses the file.
    """
    if path.stat().st_size > LARGEST:
        raise UnusableInput(
            f"{ref.shown}: is {amount(path.stat().st_size)}, and at most {amount(LARGEST)} is loaded; give a smaller "
            "model"
        )
    os.environ["KERAS_BACKEND"] = BACKEND
    need(ref.shown, "keras", "torch", "h5py")
    import torch

    torch.set_num_threads(1)
    keras = need(ref.shown, "keras", "keras")
    network = foreign_call(
        lambda: _load(keras, path, found),
        f"{ref.shown}: Keras refuses it in safe mode",
        "save it with Keras 3 (`model.save('model.keras')`) and only with Keras's own layers",
    )
    return foreign_call(
        lambda: KerasModel(network, ref, manifest), f"{ref.shown}: holds no Keras model", "save a whole model"
    )


def _load(keras: Any, path: Path, found: str) -> Any:
    """Load by what the bytes are: Keras itself goes by the name, and by the name alone picks the older reader."""
    if found == sniff.HDF5:
        import h5py
        from keras.src.legacy.saving import legacy_h5_format

        with h5py.File(path, "r") as file:
            return legacy_h5_format.load_model_from_hdf5(file, compile=False, safe_mode=True)
    from keras.src.saving import saving_lib

    with path.open("rb") as stream:
        return saving_lib.load_model(stream, compile=False, safe_mode=True)
