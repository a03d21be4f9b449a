"""The identity of an input: sha256 and size of a file or a folder, by streaming. Standard library only."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assay.model.errors import UnusableInput
from assay.targets.wording import clip

CHUNK = 1 << 20


@dataclass(frozen=True)
class Digest:
    """What a file or folder is, by content."""

    sha256: str
    """Of the bytes; of a folder: of one line `relative path NUL sha256` per file, sorted by path."""
    size: int
    """Bytes, of a folder those of all files."""


def digest(path: Path, shown: str) -> Digest:
    """Return the digest of the file or folder at `path`.

    A link to a file counts with the content it leads to, for that is what a loader reads; a link to a folder counts
    with its text and is not followed.

    Raises:
        UnusableInput: missing, unreadable, or something that is neither file nor folder.
    """
    with _named(shown):
        if not stat.S_ISDIR(path.stat().st_mode):
            return _of_file(path, shown)
    return folder_digest(listing(path, shown))


def listing(folder: Path, shown: str) -> Iterator[tuple[str, Digest]]:
    """Yield `(path below the folder, digest)` of each file and each link, sorted by the bytes of the path.

    Raises:
        UnusableInput: as `digest`.
    """
    with _named(shown):
        entries = sorted(_entries(folder))
    for relative, entry in entries:
        below = os.fsdecode(relative)
        with _named(name := f"{shown}/{below}"):
            linked = entry.is_symlink() and entry.is_dir()
            yield below, Digest(link_digest(entry), 0) if linked else _of_file(entry, name)


def link_digest(link: Path) -> str:
    """Return the digest by which a link to a folder counts: of its text."""
    return hashlib.sha256(b"link " + os.fsencode(link.readlink())).hexdigest()


def folder_digest(entries: Iterable[tuple[str, Digest]]) -> Digest:
    """Return the digest of a folder, from its sorted listing."""
    lines = hashlib.sha256()
    size = 0
    for below, found in entries:
        lines.update(os.fsencode(below) + b"\0" + found.sha256.encode() + b"\n")
        size += found.size
    return Digest(lines.hexdigest(), size)


@contextmanager
def _named(shown: str) -> Iterator[None]:
    """Turn what the system says of `shown` into one sentence."""
    try:
        yield
    except FileNotFoundError:
        raise UnusableInput(f"{shown}: there is no such file; correct the path in the manifest") from None
    except OSError as error:
        reason = clip(error.strerror or type(error).__name__, 80)
        raise UnusableInput(f"{shown}: cannot be read ({reason}); check its permissions") from None


def _of_file(path: Path, shown: str) -> Digest:
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnusableInput(f"{shown}: is no regular file (a pipe, socket or device); give a file or a folder")
    with path.open("rb") as file:
        state = hashlib.sha256()
        size = 0
        while chunk := file.read(CHUNK):
            state.update(chunk)
            size += len(chunk)
    return Digest(state.hexdigest(), size)


def _entries(root: Path) -> Iterator[tuple[bytes, Path]]:
    """Yield `(path relative to root, entry)` for each file and each link, with `/` on every system."""

    def unreadable(error: OSError) -> None:
        raise error

    for folder, folders, files in os.walk(root, onerror=unreadable):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in (*files, *links):
            entry = here / name
            yield os.fsencode(entry.relative_to(root).as_posix()), entry
