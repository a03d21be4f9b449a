"""Optional libraries: imported by name in a worker, or one sentence that says what to install."""

from __future__ import annotations

import importlib
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
