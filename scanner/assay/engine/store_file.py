"""The file of the store: where it lies, whose it must be, who may write it, and how it is deleted.

What the store says is believed, so nobody but the user may write it: the file and its folder belong to the user, others
cannot write them, and no link leads elsewhere.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

from assay.engine.store_problem import PERMISSIONS, StoreProblem, error_code, told
from assay.engine.store_schema import APPLICATION

SIDECARS = ("-journal", "-wal", "-shm")
"""What SQLite puts beside its file, in an order in which they can be deleted."""

_MAGIC = b"SQLite format 3\x00"
_ELSEWHERE = "set ASSAY_CACHE to a file in a folder of your own, or scan with --no-cache"


def default_path() -> Path:
    """Return the file that `ASSAY_CACHE` names, else `assay/store.sqlite` in the user's folder for caches.

    Raises:
        StoreProblem: there is no such folder, because the user has no home.
    """
    named = os.environ.get("ASSAY_CACHE")
    if named:
        return Path(os.path.expanduser(named)).absolute()
    return _usual_path()


def _usual_path() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The XDG specification has relative paths ignored.
        folder = Path(caches) if os.path.isabs(caches) else Path.home() / ".cache"
    except RuntimeError:
        raise StoreProblem(Path("~"), "no home folder for the store", _ELSEWHERE) from None
    return folder / "assay" / "store.sqlite"


def uri(path: Path) -> str:
    """Return the address by which SQLite opens the file and never makes one."""
    return f"{path.as_uri()}?mode=rw"


def prepare(path: Path) -> None:
    """Make the folders (0700) and an empty file (0600) where they are missing; check whose they are; tighten.

    Raises:
        StoreProblem: a folder, link or device in its place, another owner, writable by others, read-only.
    """
    try:
        _make_folders(path.parent)
        _check_folder(path)
        _make_file(path)
        _check_file(path, path.lstat())
        for name in SIDECARS:
            beside = path.with_name(path.name + name)
            if os.path.lexists(beside):
                _check_file(beside, beside.lstat())
    except OSError as error:
        raise StoreProblem(path, f"the store cannot be opened ({error.strerror})", PERMISSIONS) from error


def _make_folders(folder: Path) -> None:
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir(mode=0o700, exist_ok=True)


def _check_folder(path: Path) -> None:
    folder = path.parent
    if hasattr(os, "geteuid"):
        found = folder.stat()
        if found.st_uid not in (os.geteuid(), 0):
            raise StoreProblem(path, "its folder belongs to another user, who could change results", _ELSEWHERE)
        if found.st_mode & 0o022:
            what = f"others may write in its folder ({stat.filemode(found.st_mode)}) and could change results"
            raise StoreProblem(path, what, f"run `chmod go-w` on the folder, {_ELSEWHERE}")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise StoreProblem(path, "its folder cannot be written", PERMISSIONS)


def _make_file(path: Path) -> None:
    # Only a file that did not exist is opened here: closing a second handle would drop SQLite's locks on the first.
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def _check_file(path: Path, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        name = {stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder"}.get(kind, "no regular file")
        raise StoreProblem(path, f"is {name}, where the store's file belongs", _ELSEWHERE)
    if not hasattr(os, "geteuid"):
        return
    if found.st_uid != os.geteuid():
        raise StoreProblem(path, "belongs to another user, who could change results", _ELSEWHERE)
    # By the bits, not by access(2): root may write everything, but the owner has said no.
    if not found.st_mode & stat.S_IWUSR:
        raise StoreProblem(path, "is read-only", PERMISSIONS)
    if found.st_mode & 0o177:
        os.chmod(path, 0o600)


def remove(path: Path) -> int:
    """Delete the store's file and what SQLite left beside it; return how many bytes they took.

    For a store that cannot be emptied: damaged, or of another version.

    Raises:
        StoreProblem: in use, not the user's own regular file, or of another program.
    """
    try:
        _check_file(path, path.lstat())
        _check_ours(path)
        _check_unused(path)
        size = 0
        # The file goes last: SQLite would play a log that outlived its file into the next one.
        for part in (*(path.with_name(path.name + name) for name in SIDECARS), path):
            if os.path.lexists(part):
                size += part.lstat().st_size
                part.unlink()
        return size
    except OSError as error:
        raise StoreProblem(path, f"the store cannot be deleted ({error.strerror})", "check the permissions") from error


def _check_ours(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(100)
    remedy = "set ASSAY_CACHE to another file, or delete this one yourself"
    if start.startswith(_MAGIC):
        if int.from_bytes(start[68:72], "big") != APPLICATION:
            raise StoreProblem(path, "is a database of another program", remedy)
    elif start and path.suffix != ".sqlite" and path != _usual_path():
        raise StoreProblem(path, "does not look like a store", remedy)


def _check_unused(path: Path) -> None:
    connection = sqlite3.connect(uri(path), uri=True, timeout=0, isolation_level=None)
    try:
        # SQLite leaves WAL mode only for the last connection, so this fails while another process has the file open.
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        if error_code(error) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            with told(path):
                raise
    finally:
        connection.close()
