"""What can be wrong with the store, in one sentence with the file and the remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.model.errors import NotAssessed

CLEAR = "run `assay cache clear`, or scan with --no-cache"
PERMISSIONS = "check the permissions, set ASSAY_CACHE to another file, or scan with --no-cache"


class StoreProblem(NotAssessed):
    """The store cannot be used; the scan can go on without it."""

    def __init__(self, path: Path, what: str, remedy: str, *, clearable: bool = False) -> None:
        super().__init__(f"{path}: {what}; {remedy}")
        self.what = what
        """What happened, without place and remedy."""
        self.clearable = clearable
        """Whether deleting the whole file is the remedy."""


def damaged(path: Path, why: str) -> StoreProblem:
    """Return the problem of a file that cannot be read as a store."""
    return StoreProblem(path, f"the store is damaged ({why})", CLEAR, clearable=True)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a `StoreProblem`."""
    try:
        yield
    except sqlite3.Error as error:
        raise _problem(path, error) from error


def _problem(path: Path, error: sqlite3.Error) -> StoreProblem:
    code = error_code(error)
    if code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    match code & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            remedy = "wait until that process ends, or scan with --no-cache"
            return StoreProblem(path, "the store is locked by another process", remedy)
        case sqlite3.SQLITE_FULL:
            return StoreProblem(path, "no room left for the store", f"free some disk space, {CLEAR}", clearable=True)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return StoreProblem(path, f"the store cannot be opened for writing ({error})", PERMISSIONS)
        case sqlite3.SQLITE_IOERR:
            what = f"the store cannot be read or written ({error})"
            return StoreProblem(path, what, f"check the disk and its quota, {CLEAR}", clearable=True)
    return StoreProblem(path, f"the store failed ({error})", CLEAR)


def error_code(error: sqlite3.Error) -> int:
    """Return SQLite's extended result code; 0 where Python's own layer raised."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code if isinstance(code, int) else 0
