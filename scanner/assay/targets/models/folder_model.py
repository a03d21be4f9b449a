"""Models that are folders: MLflow's, by the raw model inside; never by the code that the folder brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets import sniff
from assay.targets.foreign import foreign_call
from assay.targets.refs import InputRef
from assay.targets.wording import listed

MLMODEL = "MLmodel"
RAW = ("skops", "sklearn", "onnx", "xgboost", "lightgbm", "catboost", "keras", "tensorflow", "pytorch")
"""Flavours that hold a model of their own, those that trust their file least first. `python_function` never."""
_KEYS = ("pickled_model", "model_path", "data", "model_data", "saved_model")
_MAX_DESCRIPTION = 1 << 20
_WEIGHTS = ("model.safetensors",)


def file_within(path: Path, ref: InputRef) -> InputRef:
    """Return the one model file of a folder, to be opened in its place.

    Args:
        path: the folder.
        ref: its input.

    Raises:
        UnusableInput: no known layout, no flavour that Assay loads, or a path that leads out of the folder.
    """
    logged = (path / MLMODEL).is_file()
    name = _raw_model(path, ref.shown) if logged else _only_model(path, ref.shown)
    inside = (path / name).resolve()
    if not inside.is_relative_to(path.resolve()) or not inside.exists():
        raise UnusableInput(
            f"{ref.shown}: names the model {name!r}, which is missing or lies outside of the folder; save it again"
        )
    if inside.is_dir():
        name = f"{name.rstrip('/')}/{_only_model(inside, f'{ref.shown}/{name}')}"
        inside = (path / name).resolve()
    return replace(ref, path=str(inside), shown=f"{ref.shown.rstrip('/')}/{name}")


def _raw_model(path: Path, shown: str) -> str:
    """Return the path of the raw model that `MLmodel` names."""
    described = foreign_call(
        lambda: _described(path / MLMODEL), f"{shown}/{MLMODEL}: cannot be read as YAML", "log the model again"
    )
    flavours = described.get("flavors") if isinstance(described, Mapping) else None
    if not isinstance(flavours, Mapping):
        raise UnusableInput(f"{shown}/{MLMODEL}: lists no flavors; log the model again with MLflow")
    for flavour in RAW:
        entry = flavours.get(flavour)
        if isinstance(entry, Mapping):
            name = next((entry[key] for key in _KEYS if isinstance(entry.get(key), str)), None)
            if name is not None:
                return str(name)
    raise UnusableInput(
        f"{shown}/{MLMODEL}: has the flavors {listed([str(name) for name in flavours])}, of which none names a model "
        "that Assay loads (python_function runs code of the folder); export the model as ONNX or skops"
    )


def _described(path: Path) -> Any:
    from ruamel.yaml import YAML

    if path.stat().st_size > _MAX_DESCRIPTION:
        raise ValueError("it is larger than any description of a model")
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def _only_model(path: Path, shown: str) -> str:
    """Return the one file of the folder that holds a model; safetensors before others of the same model."""
    models = [entry.name for entry in sorted(path.iterdir()) if entry.is_file() and _is_model(entry)]
    named = [name for name in _WEIGHTS if name in models]
    chosen = named or models
    if len(chosen) != 1:
        held = listed(chosen) if chosen else "no file of a format that Assay loads"
        raise UnusableInput(f"{shown}: the folder holds {held}; name the one model file in `model: {{path: ...}}`")
    return chosen[0]


def _is_model(path: Path) -> bool:
    found = sniff.sniff(path)
    loaded = sniff.PICKLES | sniff.BOOSTERS | {sniff.ONNX, sniff.SAFETENSORS, sniff.SKOPS, sniff.KERAS, sniff.HDF5}
    return found in loaded | {sniff.TORCH_ZIP, sniff.TORCHSCRIPT, sniff.PT2}
