"""The tables of the store and their version: made where the file is empty, refused where they are not ours.

Nothing is migrated: a cache of another version is cheaper to fill again than to convert.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from assay.engine.store_problem import CLEAR, StoreProblem, damaged

APPLICATION = 0x41535359
"""`ASSY`, in SQLite's header: by this an Assay knows its own file."""

VERSION = 1

_STATEMENTS = (
    "CREATE TABLE entries (key TEXT PRIMARY KEY NOT NULL, created REAL NOT NULL, used REAL NOT NULL, "
    "size INTEGER NOT NULL, digest BLOB NOT NULL, value BLOB NOT NULL)",
    # Holds all that eviction, expiry and `info` ask for, so that none of them reads a value.
    "CREATE INDEX entries_used ON entries (used, size, created)",
)


def ready(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty file; check them in any other, which is not written.

    Raises:
        StoreProblem: made by a newer or an older Assay, or by another program.
        sqlite3.Error: the file cannot be read or written.
    """
    try:
        connection.execute("BEGIN")
        empty = _is_empty(connection, path)
    finally:
        connection.rollback()
    if not empty:
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have been first.
        if _is_empty(connection, path):
            for statement in _STATEMENTS:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
    finally:
        connection.rollback()


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    application, version = number(connection, "application_id"), number(connection, "user_version")
    found = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
    if not (application or version or found):
        return True
    if application != APPLICATION:
        remedy = "set ASSAY_CACHE to another file, or scan with --no-cache"
        raise StoreProblem(path, "is a database of another program", remedy)
    if version != VERSION:
        age = "a newer" if version > VERSION else "an older"
        what = f"the store was made by {age} Assay (schema {version}, this one knows {VERSION})"
        raise StoreProblem(path, what, CLEAR, clearable=True)
    # A trigger or a view that somebody planted would run inside our statements.
    if sorted(found) != sorted(_STATEMENTS):
        raise damaged(path, "its tables are not those of this version")
    return False


def number(connection: sqlite3.Connection, pragma: str) -> int:
    """Return the whole number that a pragma answers."""
    ((answer,),) = connection.execute(f"PRAGMA {pragma}").fetchall()
    return int(answer)
