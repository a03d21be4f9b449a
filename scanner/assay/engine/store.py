"""The store: results by the digest of all that they depend on, in one SQLite file; nothing is ever unpickled.

Only the process that the user started writes it; several such processes may share one file. What a worker returned is
kept as the frame it travelled in and is decoded under the same caps. Where the file does not serve, methods raise
`StoreProblem`, and the scan goes on without the store.
"""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from assay.engine import frames
from assay.engine.store_file import default_path, prepare, remove, uri
from assay.engine.store_problem import StoreProblem, error_code, told
from assay.engine.store_schema import number, ready

__all__ = ["Store", "StoreInfo", "StoreProblem", "default_path", "remove"]

CAP = 512 * 1024 * 1024
"""Bytes that the entries take on disk, at most; the write-ahead log (16 MiB) comes on top."""
EXPIRY = 30 * 24 * 3600.0
"""Seconds after which an unused entry goes."""
WAIT = 5.0
"""Seconds to wait for another process that holds the file."""
LARGEST = 128 * 1024 * 1024
"""Bytes of one value before compression; a larger one is not kept."""
_COMPRESS_OVER = 4096
_LOG = 16 * 1024 * 1024
_MOST_TOUCHED = 4096
_INSERT = "INSERT OR REPLACE INTO entries (key, created, used, size, digest, value) VALUES (?, ?, ?, ?, ?, ?)"
_KEY = re.compile(r"[0-9a-f]{64}")


class StoreInfo(NamedTuple):
    """What is in a store."""

    path: Path
    entries: int
    bytes: int
    """Of all values as stored, after compression; the file is somewhat larger."""
    oldest: float | None
    """When the oldest entry was made, in seconds since 1970; None in an empty store."""


class Store:
    """Values by key. Safe to use from several threads, not across a fork."""

    def __init__(self, path: Path, connection: sqlite3.Connection, now: float, cap: int) -> None:
        self._path, self._connection, self._cap = path, connection, cap
        self._started = now - time.monotonic()
        self._lock = threading.RLock()
        self._touched: dict[str, float] = {}
        self._closed = False

    @classmethod
    def open(cls, path: Path, *, now: float, cap: int = CAP, wait: float = WAIT) -> Store:
        """Open the store, making folders and file where they are missing, and drop what has expired.

        `now` is in seconds since 1970, `cap` in bytes, `wait` in seconds.

        Raises:
            StoreProblem: the file cannot serve as a store; the sentence says why and what to do.
        """
        path = path.absolute()
        prepare(path)
        with ExitStack() as undo, told(path):
            connection = sqlite3.connect(
                uri(path), uri=True, timeout=wait, isolation_level=None, check_same_thread=False
            )
            undo.callback(connection.close)
            _harden(connection)
            ready(connection, path)
            _set_journal(connection, wait)
            store = cls(path, connection, now, cap)
            store.expire(EXPIRY)
            undo.pop_all()
            return store

    def get(self, key: str) -> Any | None:
        """Return the value of a key, or None. (So a stored None reads as absent.)

        An entry whose bytes are not those that were put is deleted and counts as absent.
        """
        _check_key(key)
        with self._lock, told(self._path):
            rows = self._open().execute("SELECT digest, value FROM entries WHERE key = ?", (key,)).fetchall()
        if not rows:
            return None
        digest, stored = rows[0]
        try:
            value = _decoded(key, digest, stored)
        except frames.FrameError:
            with self._writing() as connection:
                connection.execute("DELETE FROM entries WHERE key = ? AND digest IS ?", (key, digest))
            return None
        with self._lock:
            # Written with the next put: a commit for each get would cost more than the get.
            self._touched[key] = self._now()
            if len(self._touched) >= _MOST_TOUCHED:
                with self._writing() as connection:
                    self._flush(connection)
        return value

    def put(self, key: str, value: Any) -> None:
        """Keep a value of plain data and arrays; it is committed when this returns.

        A value over 128 MiB, or over a quarter of the cap once compressed, is not kept.
        """
        _check_key(key)
        stored = _stored(self._path, value)
        if stored is None or len(stored) > self._cap // 4:
            return
        now = self._now()
        row = (key, now, now, len(stored), _digest(key, stored), stored)
        with self._writing() as connection:
            self._flush(connection)
            connection.execute(_INSERT, row)
            self._evict(connection, keep=key)

    def expire(self, older_than_seconds: float) -> int:
        """Delete what was not used for so long; return how many entries that were."""
        limit = (self._now() - older_than_seconds,)
        with self._lock, told(self._path):
            self._flush_if_any()
            found = self._open().execute("SELECT 1 FROM entries WHERE used < ? LIMIT 1", limit).fetchall()
        if not found:
            return 0
        with self._writing() as connection:
            return connection.execute("DELETE FROM entries WHERE used < ?", limit).rowcount

    def clear(self) -> int:
        """Delete every entry and give the room back to the disk; return how many there were."""
        with self._writing() as connection:
            self._touched.clear()
            count = connection.execute("DELETE FROM entries").rowcount
        with self._lock, suppress(sqlite3.OperationalError):
            # The entries are gone; only their room stays taken while another process reads or the disk is full.
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return count

    def info(self) -> StoreInfo:
        """Return how much is stored."""
        with self._lock, told(self._path):
            query = "SELECT count(*), coalesce(sum(size), 0), min(created) FROM entries"
            ((entries, size, oldest),) = self._open().execute(query).fetchall()
        return StoreInfo(self._path, entries, size, oldest)

    def close(self) -> None:
        """Close the file; a second call does nothing. Raises nothing."""
        with self._lock:
            if self._closed:
                return
            with suppress(StoreProblem):
                # Lost, this costs the order of eviction, and no entry.
                self._flush_if_any()
            self._closed = True
            with suppress(sqlite3.Error):
                self._connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreProblem(self._path, "the store is closed already", "report this as a defect of Assay")
        return self._connection

    def _now(self) -> float:
        return self._started + time.monotonic()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, told(self._path):
            connection = self._open()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                # After a fault or Ctrl-C. SQLite has often rolled back itself, and may be unable to say so.
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")

    def _flush_if_any(self) -> None:
        if self._touched:
            with self._writing() as connection:
                self._flush(connection)

    def _flush(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "UPDATE entries SET used = max(used, ?) WHERE key = ?", [(used, key) for key, used in self._touched.items()]
        )
        self._touched.clear()

    def _evict(self, connection: sqlite3.Connection, keep: str) -> None:
        # Pages rather than a sum of sizes: the answer is immediate, and it is what the disk gives.
        page = number(connection, "page_size")
        while (
            excess := (number(connection, "page_count") - number(connection, "freelist_count")) * page - self._cap
        ) > 0:
            rows = connection.execute(
                "SELECT rowid, size FROM entries WHERE key != ? ORDER BY used LIMIT 256", (keep,)
            ).fetchall()
            if not rows:
                return
            goal = excess + self._cap // 20
            for rowid, size in rows:
                connection.execute("DELETE FROM entries WHERE rowid = ?", (rowid,))
                goal -= size
                if goal <= 0:
                    break


def _harden(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * LARGEST)
    # Text in a damaged file need not be UTF-8; read as something else, it fails its digest like all damage.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


def _set_journal(connection: sqlite3.Connection, wait: float) -> None:
    if not _takes_wal(connection, wait):
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    # With a write-ahead log NORMAL means: whatever ends the process loses nothing; a power cut may lose the last
    # commits, which are then computed again, and leaves no torn file: https://www.sqlite.org/pragma.html#pragma_synchronous
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG}").fetchall()


def _takes_wal(connection: sqlite3.Connection, wait: float) -> bool:
    """Some network and sandbox file systems have no shared memory; SQLite then stays with its journal, or raises."""
    deadline = time.monotonic() + wait
    while True:
        try:
            return bool(connection.execute("PRAGMA journal_mode = WAL").fetchall() == [("wal",)])
        except sqlite3.OperationalError as error:
            code = error_code(error) & 0xFF
            if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL):
                return False
            # SQLite does not wait by itself here, where two processes make the same new store.
            if code != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(f"a key of the store is a sha256 in hex, not {key[:80]!r}")


def _digest(key: str, stored: bytes) -> bytes:
    # With the key, so that a row under another row's key fails too.
    return hashlib.sha256(key.encode() + stored).digest()


def _stored(path: Path, value: Any) -> bytes | None:
    try:
        raw = frames.encode(value)
    except frames.FrameError as error:
        raise StoreProblem(path, f"a result cannot be kept ({error})", "report this as a defect of Assay") from error
    if len(raw) > LARGEST:
        return None
    packed = zlib.compress(raw, 1) if len(raw) > _COMPRESS_OVER else raw
    return b"z" + packed if len(packed) < len(raw) else b"r" + raw


def _decoded(key: str, digest: Any, stored: Any) -> Any:
    if not isinstance(stored, bytes) or digest != _digest(key, stored):
        raise frames.FrameError("not the bytes that were put")
    raw = stored[1:]
    if stored[:1] == b"z":
        unpacker = zlib.decompressobj()
        try:
            raw = unpacker.decompress(raw, LARGEST)
        except zlib.error as error:
            raise frames.FrameError(f"cannot be unpacked: {error}") from None
        if not unpacker.eof:
            raise frames.FrameError("unpacks to more than was ever put")
    stream = io.BytesIO(raw)

    def read(size: int) -> bytes:
        part = stream.read(size)
        if len(part) != size:
            raise frames.FrameError("ends too early")
        return part

    value = frames.decode(read)
    if stream.read(1):
        raise frames.FrameError("bytes after its end")
    return value
