"""Write a report to a file: whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from assay.model.errors import InvalidInput
from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.reports.registry import chunks
from assay.reports.text import safe


def write(result: ScanResult, format_name: str, path: str | Path, observations: Iterable[Observation] = ()) -> None:
    """Write the report to `path` as UTF-8: into a new file beside it first, then in its place.

    A device or a pipe (`/dev/stdout`) is written to directly; of a symbolic link, the file behind it is replaced.

    Raises:
        InvalidInput: no such format, or `path` cannot be written; an older file at `path` is then as it was.
    """
    write_pieces(chunks(format_name, result, observations), path)


def write_pieces(pieces: Iterable[str], path: str | Path) -> None:
    """Write text to `path` in the same way; errors as in `write`."""
    goal = Path(path)
    try:
        if goal.exists() and not goal.is_file() and not goal.is_dir():
            with goal.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(pieces)
        else:
            _replace(goal, pieces)
    except OSError as error:
        raise InvalidInput(_problem(goal, error)) from error


def _replace(goal: Path, pieces: Iterable[str]) -> None:
    if goal.is_dir():
        raise IsADirectoryError
    goal = goal.resolve()
    draft = goal.parent / f".assay-{secrets.token_hex(8)}.tmp"
    # Not tempfile: it makes files that only the owner can read, and a CI step often reads as somebody else.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(goal)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _problem(goal: Path, error: OSError) -> str:
    name = safe(str(goal), keep_end=True)
    if isinstance(error, IsADirectoryError):
        return f"{name}: is a folder, so no report was written; name a file in it"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        folder = safe(str(goal.parent), keep_end=True)
        return f"{name}: the folder {folder} does not exist, so no report was written; create it or name another"
    if isinstance(error, PermissionError):
        return f"{name}: not writable, so no report was written; change its permissions or name another path"
    cause = safe(error.strerror or type(error).__name__)
    return f"{name}: no report was written ({cause}); free the path or name another"
