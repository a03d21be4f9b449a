"""Call code that is not ours to trust: detectors, plugins, models. The one broad `except` of Assay lives here.

Whatever it raises becomes a value; only the user's wish to stop (KeyboardInterrupt) passes.
Standard library only: workers import it before anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_MESSAGE = 300


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """A value, or the exception that came instead."""

    value: T | None = None
    error: BaseException | None = None

    @property
    def sentence(self) -> str:
        """Return `ValueError: first line`, printable and capped."""
        if self.error is None:
            return ""
        return describe(self.error)


def attempt(call: Callable[[], T]) -> Attempt[T]:
    """Return what `call()` gives, or what it raises; a `sys.exit` in foreign code is an error like any other."""
    try:
        return Attempt(value=call())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (the one place; see docs/adr/0004)
        return Attempt(error=error)


def describe(error: BaseException) -> str:
    """Return `ValueError: first line` of an exception that may be hostile."""
    said = attempt(lambda: str(error).strip().splitlines())
    lines = ["its message cannot be shown"] if said.value is None else said.value
    text = lines[0] if lines else ""
    clean = "".join(char if char.isprintable() else " " for char in text[:MAX_MESSAGE])
    return f"{type(error).__name__}: {clean}" if clean else type(error).__name__
