"""The user's own code that builds an empty network: imported from the manifest's folder."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets.foreign import foreign_call
from assay.targets.refs import InputRef


def root_of(ref: InputRef) -> Path:
    """Return the folder of the manifest.

    `spec["root"]` where the engine gives it; otherwise the path without what is shown of it, for paths are shown
    relative to that folder.

    Raises:
        UnusableInput: the model lies outside of the manifest's folder.
    """
    if given := ref.spec.get("root"):
        return Path(given)
    parts, shown = Path(ref.path).parts, tuple(ref.shown.split("/"))
    if Path(ref.shown).is_absolute() or parts[-len(shown) :] != shown:
        raise UnusableInput(
            f"{ref.shown}: lies outside the manifest's folder, from where its factory is imported; put the "
            f"manifest beside it"
        )
    return Path(*parts[: -len(shown)])


def build(ref: InputRef) -> Any:
    """Return what the factory of the manifest's entry returns.

    Raises:
        UnusableInput: no factory, no such module in the manifest's folder, or its code raises.
    """
    factory = ref.spec.get("factory")
    if not factory:
        raise UnusableInput(
            f"{ref.shown}: holds weights only; name the function that builds the network: `factory: "
            f"package.module:build`"
        )
    module_name, _, name = str(factory).partition(":")
    root = root_of(ref)
    with _importable(root):
        module = foreign_call(
            lambda: importlib.import_module(module_name),
            f"{ref.shown}: the factory's module {module_name!r} cannot be imported from the manifest's folder",
            "correct `factory`, or install what it imports",
        )
        _check_home(module, root, ref.shown, module_name)
        make = getattr(module, name, None)
        if not callable(make):
            raise UnusableInput(f"{ref.shown}: the module {module_name!r} has no function {name!r}; correct `factory`")
        return foreign_call(
            make, f"{ref.shown}: the factory {factory} raises", "it is called without arguments; correct it"
        )


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """Let modules in `root` be imported, without leaving compiled files there."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(root))
        sys.dont_write_bytecode = before


def _check_home(module: ModuleType, root: Path, shown: str, name: str) -> None:
    """A module of the same name that was imported before would be called in place of the user's."""
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).resolve().is_relative_to(root.resolve()):
        raise UnusableInput(
            f"{shown}: the factory's module {name!r} is another one than that in the manifest's folder; rename the file"
        )
