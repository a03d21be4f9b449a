"""Errors that a person reads: one sentence with place and remedy, and an exit code."""

from __future__ import annotations

from typing import Final

EXIT_OK: Final = 0
EXIT_VIOLATED: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_ASSESSED: Final = 3
EXIT_INCONCLUSIVE: Final = 4
EXIT_WAIVER: Final = 5
EXIT_INTERRUPTED: Final = 130


class AssayError(Exception):
    """The base: `str()` is what the person reads."""

    exit_code: int = EXIT_NOT_ASSESSED


class InvalidInput(AssayError):
    """Usage, manifest, policy or result file invalid."""

    exit_code = EXIT_USAGE


class NotAssessed(AssayError):
    """The scan could not be made."""

    exit_code = EXIT_NOT_ASSESSED


class UnusableInput(AssayError):
    """One input cannot be used; the others can. Raised in workers, kept in its `InputRecord`."""
