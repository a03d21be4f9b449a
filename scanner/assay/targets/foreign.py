"""Calls into foreign code, the model's own and its framework's: whatever they raise becomes one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from assay.attempt import attempt, describe
from assay.model.errors import UnusableInput

T = TypeVar("T")


def foreign_call(call: Callable[[], T], happened: str, remedy: str) -> T:
    """Return `call()`; whatever it raises becomes `<happened> (<type>: <first line>); <remedy>`.

    A model's `predict`, a user's factory and the reader of a framework run code that is not ours, and they raise
    what they like: `AttributeError` from a missing method, `RuntimeError` from a kernel, `SystemExit` from a
    script. None of it is a fault of the scan. Our own `UnusableInput` passes through, and so does
    KeyboardInterrupt. `MemoryError` is among what is caught: the worker's limit, met by this model.

    Raises:
        UnusableInput: the call raised anything.
    """
    error: BaseException
    try:
        done = attempt(call)
        if done.error is None:
            return cast(T, done.value)
        error = done.error
    except SystemExit as wish:
        error = wish
    if isinstance(error, UnusableInput):
        raise error
    raise UnusableInput(f"{happened} ({describe(error)}); {remedy}") from None
