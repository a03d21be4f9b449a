"""Call code that is not ours to trust: detectors, plugins, models. The one broad `except` of Assay lives here.

Whatever it raises becomes a value; only the user's wish to stop (KeyboardInterrupt) passes.
Standard library only: workers import it before anything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_MESSAGE = 300

_QUOTED = re.compile(r"'[^']*'?|\"[^\"]*\"?")
_NAME = re.compile(r"['\"][A-Za-z_][\w.\-]{0,60}['\"]?")
_VALUE = re.compile(r"\S*@\S*|\S*(?:\d[ .:/\-]?){8,}\S*")
_TELLS_A_VALUE = (ValueError, OverflowError, TypeError)
"""What is raised about a value and quotes it: `could not convert string to float: 'Jane Roe'`."""


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
    """Return `ValueError: first line` of an exception that may be hostile, without what it quotes of the data."""
    said = attempt(lambda: str(error).strip().splitlines())
    lines = ["its message cannot be shown"] if said.value is None else said.value
    text = _without_values(lines[0] if lines else "", isinstance(error, _TELLS_A_VALUE))
    clean = "".join(char if char.isprintable() else " " for char in text[:MAX_MESSAGE])
    return f"{type(error).__name__}: {clean}" if clean else type(error).__name__


def _without_values(text: str, about_a_value: bool) -> str:
    """Return a message without quoted texts that are no plain names, addresses and long numbers."""

    def shown(quoted: re.Match[str]) -> str:
        plain = _NAME.fullmatch(quoted[0]) and not about_a_value and sum(map(str.isdigit, quoted[0])) < 6
        return quoted[0] if plain else "'...'"

    return _VALUE.sub("...", _QUOTED.sub(shown, text[: 2 * MAX_MESSAGE]))
