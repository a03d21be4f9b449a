"""The files of a scan, and their digests: looked up where the intake has them, computed in workers where it has not.

The intake has digested every input once; a single file is not read again, and the engine refuses the scan if it changed
since. Of a folder the intake keeps one digest, so its files are digested here one by one, and must add up to it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.detector import Context, DetectorFailed
from assay.targets.base import OpenTarget, Target
from assay.targets.digest import Digest, folder_digest, link_digest
from assay.targets.refs import InputRef, Shard
from assay_detectors.artifact.files import clean
from assay_detectors.artifact.integrity_listing import STRONG, is_digest, new_hash

MAX_FILES = 20_000
"""Files that are digested below one folder."""
MAX_WALKED = 100_000
"""Files of a scan beyond which nothing is compared."""
BATCH_FILES = 256
BATCH_BYTES = 512 << 20
CHUNK = 1 << 20
RELEASED = ("model", "artifact")
"""Roles of what somebody published; data and logs are compared where they are listed."""


@dataclass(frozen=True)
class Piece:
    """What is digested: a file, or a part of it, by one algorithm."""

    input: str
    below: str
    """Path below the input; empty for the input itself."""
    algorithm: str = "sha256"
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True)
class File:
    """One file of the scan."""

    input: str
    below: str
    role: str
    path: str
    """Absolute, not resolved."""
    shown: str
    size: int
    link: bool = False
    folder: bool = False
    """A link to a folder, which is not followed."""

    def piece(self, algorithm: str = "sha256", start: int = 0, stop: int | None = None) -> Piece:
        """Return this file, or a part of it, to be digested."""
        return Piece(self.input, self.below, algorithm, start, stop)


@dataclass(frozen=True)
class Found:
    """What a worker says of a piece."""

    digest: str | None
    size: int
    problem: str = ""


def all_files(target: Target) -> Iterator[File]:
    """Yield the files of every input but the references; a file in two roles comes as the released one, once.

    Names and sizes only; an input that is missing is a file too.
    """
    seen: set[str] = set()
    refs = sorted(
        (r for r in target.inputs if r.role != "reference" and not r.leads_away), key=lambda r: r.role not in RELEASED
    )
    for ref in refs:
        for file in _below(ref) if os.path.isdir(ref.path) else [_file(ref)]:
            if file.path not in seen:
                seen.add(file.path)
                yield file


def _file(ref: InputRef) -> File:
    return File(ref.name, "", ref.role, ref.path, clean(ref.shown), _size(ref.path), os.path.islink(ref.path))


def _size(path: str) -> int:
    try:
        found = os.stat(path)
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _below(ref: InputRef) -> Iterator[File]:
    """Yield the files and the links to folders below a folder, in the order of its digest."""
    found: list[File] = []
    prefix = "" if ref.shown in (".", "") else f"{ref.shown.rstrip('/')}/"
    for folder, folders, files in os.walk(ref.path):
        if len(found) > MAX_WALKED:
            break
        linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *linked):
            path = os.path.join(folder, name)
            below = os.path.relpath(path, ref.path).replace(os.sep, "/")
            is_folder = name in linked
            shown = clean(f"{prefix}{below}")
            size = 0 if is_folder else _size(path)
            found.append(File(ref.name, below, ref.role, path, shown, size, os.path.islink(path), is_folder))
    yield from sorted(found, key=lambda file: os.fsencode(file.below))


class Digests:
    """Digests by piece: asked for once."""

    def __init__(self, target: Target, ctx: Context) -> None:
        self._target, self._ctx = target, ctx
        self._known: dict[Piece, Found] = {}
        self._done = 0
        for record in target.records:
            ref = target.input(record.name)
            if record.sha256 is not None and ref is not None and not os.path.isdir(ref.path):
                self._known[Piece(record.name, "")] = Found(record.sha256, record.size or 0)

    def ask(self, wanted: Iterable[tuple[File, Piece]]) -> None:
        """Have these digested, where they are not known yet; those beyond `MAX_FILES` are not."""
        asked = {piece: file for file, piece in wanted if piece not in self._known}
        for piece, file in asked.items():
            if file.folder:
                self._known[piece] = _of_link(file)
        pieces = [piece for piece in asked if piece not in self._known]
        for piece in pieces[MAX_FILES:]:
            self._known[piece] = Found(None, 0, f"is not digested: only the first {MAX_FILES:,} files are")
        shards = list(_batches(pieces[:MAX_FILES], asked))
        for shard, result, reason in self._ctx.map_outcomes(digest_pieces, shards):
            self._ctx.check()
            self._keep(shard, result, reason)
            self._done += 1
            self._ctx.progress(self._done, len(shards))

    def of(self, piece: Piece) -> Found:
        """Return what is known of a piece that was asked for."""
        return self._known[piece]

    def check_folders(self, files: Iterable[File]) -> None:
        """Compare the files of each folder with the digest that the intake made of it.

        Raises:
            DetectorFailed: the folder is another one by now.
        """
        below: dict[str, list[tuple[str, Digest]]] = {}
        whole: set[str] = set()
        for file in files:
            found = self.of(file.piece())
            if file.below and found.digest is not None:
                below.setdefault(file.input, []).append((file.below, Digest(found.digest, found.size)))
            elif file.below:
                whole.add(file.input)
        for name, entries in below.items():
            record = self._target.record(name)
            if record is None or record.sha256 is None or name in whole:
                continue
            if folder_digest(entries).sha256 != record.sha256:
                raise DetectorFailed(f"{clean(record.path)}: changed while it was scanned; scan again")

    def _keep(self, shard: Shard, result: Any, reason: str | None) -> None:
        pieces = [Piece(shard.input, *parts) for parts in shard.extra["pieces"]]
        answers = result if isinstance(result, list) and len(result) == len(pieces) else [None] * len(pieces)
        for piece, answer in zip(pieces, answers, strict=True):
            self._known[piece] = _found(answer, piece.algorithm, reason)


def _found(answer: Any, algorithm: str, reason: str | None) -> Found:
    """Return a worker's answer in a known form."""
    if isinstance(answer, list) and len(answer) == 3:
        digest, size, problem = answer
        if is_digest(digest, algorithm) and type(size) is int and size >= 0:
            return Found(digest, size)
        if isinstance(problem, str) and digest is None:
            return Found(None, 0, clean(problem, 120))
    return Found(None, 0, clean(f"could not be digested: {reason or 'the worker gave no answer'}", 200))


def _of_link(file: File) -> Found:
    try:
        return Found(link_digest(Path(file.path)), 0)
    except OSError:
        return Found(None, 0, "cannot be read")


def _batches(pieces: list[Piece], files: dict[Piece, File]) -> Iterator[Shard]:
    """Yield shards of some hundred files or some hundred megabytes, each of one input."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        if batch and (batch[0].input != piece.input or len(batch) >= BATCH_FILES or size >= BATCH_BYTES):
            yield _shard(batch)
            batch, size = [], 0
        batch.append(piece)
        size += files[piece].size if piece.stop is None else piece.stop - piece.start
    if batch:
        yield _shard(batch)


def _shard(batch: list[Piece]) -> Shard:
    return Shard(batch[0].input, extra={"pieces": [[p.below, p.algorithm, p.start, p.stop] for p in batch]})


def digest_pieces(opened: OpenTarget, shard: Shard) -> list[list[Any]]:
    """Return `[digest, size of the file, None]` for each piece, or `[None, 0, why not]`. Runs in a worker."""
    root = str(opened.path(shard.input))
    buffer = memoryview(bytearray(CHUNK))
    return [
        _digest(os.path.join(root, below) if below else root, algorithm, start, stop, buffer)
        for below, algorithm, start, stop in shard.extra["pieces"]
    ]


def _digest(path: str, algorithm: str, start: int, stop: int | None, buffer: memoryview) -> list[Any]:
    if algorithm not in STRONG:
        return [None, 0, "is listed by an unknown algorithm"]
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return [None, 0, "is no regular file"]
        state = new_hash(algorithm)
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(start)
            left = None if stop is None else stop - start
            while left is None or left > 0:
                count = file.readinto(buffer if left is None else buffer[: min(left, CHUNK)])
                if not count:
                    break
                state.update(buffer[:count])
                left = None if left is None else left - count
    except FileNotFoundError:
        return [None, 0, "is not there"]
    except OSError as error:
        return [None, 0, f"cannot be read ({error.strerror})"]
    return [state.hexdigest(), size, None]
