"""Recognizers that the user wrote in Python: the code runs here, in a sealed worker, and only if it was trusted."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from assay.model.errors import UnusableInput
from assay.targets.foreign import foreign_call
from assay_detectors.pii.presidio_engine import LANGUAGE

_MODULE = "assay_user_recognizers"


def load(source: str, shown: str) -> list[Any]:
    """Return the recognizers of a module: its instances, and one of each class that none of them is of.

    Raises:
        UnusableInput: the code raises, or there is no recognizer in it.
    """
    module = ModuleType(_MODULE)
    foreign_call(
        lambda: exec(compile(source, shown, "exec"), module.__dict__),
        f"{shown}: its code raises",
        "correct it; it may import what is installed, and nothing else",
    )
    made = foreign_call(
        lambda: _recognizers(module), f"{shown}: a recognizer cannot be made", "let it be made without arguments"
    )
    if not made:
        raise UnusableInput(f"{shown}: has no recognizer; derive one from presidio_analyzer.PatternRecognizer")
    for one in made:
        one.supported_language = LANGUAGE
    return made


def _recognizers(module: ModuleType) -> list[Any]:
    from presidio_analyzer import EntityRecognizer

    found = list(vars(module).values())
    made = [one for one in found if isinstance(one, EntityRecognizer)]
    kinds = [
        one
        for one in found
        if isinstance(one, type)
        and issubclass(one, EntityRecognizer)
        and one.__module__ == _MODULE
        and not getattr(one, "__abstractmethods__", None)
    ]
    bases = {base for kind in kinds for base in kind.__mro__[1:]}
    return [*made, *(kind() for kind in kinds if kind not in bases and kind not in {type(one) for one in made})]
