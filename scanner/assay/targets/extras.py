"""Optional libraries: imported by name in a worker, or one sentence that says what to install."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assay.model.errors import UnusableInput


def need(shown: str, extra: str, *modules: str) -> Any:
    """Import `modules` and return the last one.

    Raises:
        UnusableInput: one is not installed; the sentence names `shown`, the module and the extra.
    """
    module: Any = None
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            missing = error.name or name
            raise UnusableInput(
                f"{shown}: cannot be opened without {missing!r}, which needs the extra `{extra}`: "
                f"pip install 'model-assay[{extra}]'"
            ) from None
    return module


class _NoTorch:
    """A finder that knows no torch."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Refuse torch; leave all else to the other finders."""
        if name == "torch" or name.startswith("torch."):
            raise ImportError(f"{name} is not imported here", name=name)


@contextmanager
def without_torch() -> Iterator[None]:
    """Keep a library from importing torch by the way: 180 MB and two CPU seconds for nothing.

    spaCy does, which Presidio imports; so does skops, which imports every module of scikit-learn to list its types.
    Not by `sys.modules["torch"] = None`: scipy looks there for torch's types.
    """
    finder = _NoTorch()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
