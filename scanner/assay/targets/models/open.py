"""Open a model by its content with the loader that trusts the file least."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.refs import InputRef

if TYPE_CHECKING:
    from assay.targets.models.queried import Queried

PICKLED = sniff.PICKLES - {sniff.TORCH_LEGACY} | sniff.COMPRESSED
"""What `joblib.load` reads; a compressed file is a joblib dump where it is a model at all."""
WEIGHTS = frozenset({sniff.TORCH_ZIP, sniff.TORCH_LEGACY, sniff.SAFETENSORS})
PROGRAMS = frozenset({sniff.TORCHSCRIPT, sniff.PT2})
EXPORT = "export it as ONNX, as skops, or as torch weights with a `factory`"


def open_model(ref: InputRef, manifest: dict[str, Any]) -> Queried:
    """Return the model `ref`, ready to be queried. Runs in a sealed worker, after stage 0 found the file
    clean.

    Args:
        ref: the input; its `spec` is the manifest's entry, with `pickle_ok` where the engine allows
        unpickling.
        manifest: `Manifest.model_dump(mode="json")`.

    Raises:
        UnusableInput: a format that is not loaded, types that are not trusted, weights that do not fit the
        factory,
            a missing extra; one sentence with the remedy.
    """
    path = Path(ref.path)
    try:
        found = sniff.sniff(path)
    except OSError as error:
        raise UnusableInput(
            f"{ref.shown}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from None
    if found == sniff.SKOPS:
        from assay.targets.models.sklearn_model import open_skops

        return open_skops(path, ref, manifest)
    if found in PICKLED:
        from assay.targets.models.sklearn_model import open_pickled

        return open_pickled(path, ref, manifest)
    if found in WEIGHTS:
        from assay.targets.models.torch_model import open_weights

        return open_weights(path, found, ref, manifest)
    if found == sniff.ONNX:
        from assay.targets.models.onnx_model import open_onnx

        return open_onnx(path, ref, manifest)
    if found in PROGRAMS:
        from assay.targets.models.torch_model import open_program

        return open_program(path, found, ref, manifest)
    if found in (sniff.KERAS, sniff.HDF5):
        from assay.targets.models.keras_model import open_keras

        return open_keras(path, found, ref, manifest)
    if found in sniff.BOOSTERS:
        from assay.targets.models.booster_model import open_booster

        return open_booster(path, found, ref, manifest)
    if found == sniff.FOLDER:
        from assay.targets.models.folder_model import MLMODEL, file_within
        from assay.targets.models.transformers_model import CONFIG, open_transformers

        if (path / CONFIG).is_file() and not (path / MLMODEL).exists():
            return open_transformers(path, ref, manifest)
        return open_model(file_within(path, ref), manifest)
    if found == sniff.EMPTY:
        raise UnusableInput(f"{ref.shown}: is empty; give the model file")
    raise UnusableInput(f"{ref.shown}: is of the format {found}, which Assay does not load; {EXPORT}")
