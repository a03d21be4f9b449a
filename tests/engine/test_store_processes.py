"""The store between processes: killed while it writes, shared, locked, and where the disk has no shared memory."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from assay.engine import store as module
from assay.engine.store import Store, StoreProblem, remove

NOW = 1_795_000_000.0

WRITER = """
import hashlib, sys
from pathlib import Path
import numpy as np
from assay.engine.store import Store

def key(i):
    return hashlib.sha256(str(i).encode()).hexdigest()

def value(i):
    return {"i": i, "rows": np.arange(i % 700), "text": "x" * (i * 37 % 9000)}

path, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
store = Store.open(path, now=1_795_000_000.0)
for i in range(first, last):
    store.put(key(i), value(i))
    print(i, flush=True)
store.close()
"""


def key(i):
    return hashlib.sha256(str(i).encode()).hexdigest()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
def start():
    """Start writers that wait for a line on stdin."""
    started = []

    def writer(path, first, last):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(first), str(last)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield writer
    for process in started:
        process.kill()
        process.communicate()


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def check(path, committed):
    """Every committed entry is there; none, committed or not, is wrong."""
    with closing(Store.open(path, now=NOW)) as store:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        entries = store.info().entries
        present = 0
        for i in range(max(committed) + 2):
            found = store.get(key(i))
            assert found is not None or i not in committed, i
            if found is not None:
                present += 1
                assert found["i"] == i
                assert found["text"] == "x" * (i * 37 % 9000)
                np.testing.assert_array_equal(found["rows"], np.arange(i % 700))
        assert present == entries


def test_kill_9_while_it_writes_loses_no_committed_entry(path, start):
    dice = random.Random(0)
    committed, first = set(), 0
    for _ in range(8):
        process = start(path, first, first + 100_000)
        go(process)
        for _ in range(dice.randrange(1, 300)):
            committed.add(int(process.stdout.readline()))
        os.kill(process.pid, signal.SIGKILL)
        committed |= {int(line) for line in process.stdout.read().splitlines()}
        check(path, committed)
        first = max(committed) + 1
    assert len(committed) > 300


def test_two_processes_make_and_fill_one_store(path, start):
    for attempt in range(3):
        shared = path.with_name(f"{attempt}.sqlite")
        writers = [start(shared, 0, 150), start(shared, 100, 250)]
        for writer in writers:
            go(writer)
        for writer in writers:
            _, errors = writer.communicate(timeout=60)
            assert writer.returncode == 0, errors
        check(shared, set(range(250)))


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def lock():
    """Let another process hold the file by the statements given."""
    started = []

    def locker(path, *statements):
        process = subprocess.Popen(
            [sys.executable, "-c", LOCKER, path, *statements], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "locked\n"
        return process

    yield locker
    for process in started:
        process.kill()
        process.communicate()


def test_a_put_into_a_locked_store_waits_then_says_so_and_goes_on_afterwards(path, lock):
    with closing(Store.open(path, now=NOW, wait=0.3)) as store:
        store.put(key(1), 1)
        locker = lock(path, "BEGIN IMMEDIATE")
        began = time.monotonic()
        for call in (lambda: store.put(key(2), 2), store.clear):
            with pytest.raises(StoreProblem, match=r"locked by another process; wait.*--no-cache") as caught:
                call()
            assert not caught.value.clearable
        assert 0.6 <= time.monotonic() - began < 3
        assert store.get(key(1)) == 1
        locker.kill()
        locker.wait()
        store.put(key(2), 2)
        assert store.get(key(2)) == 2


def test_a_put_waits_for_a_lock_that_goes(path, lock):
    with closing(Store.open(path, now=NOW)) as store:
        assert store._connection.execute("PRAGMA busy_timeout").fetchall() == [(5000,)]
        locker = lock(path, "BEGIN IMMEDIATE")
        release = threading.Timer(0.4, locker.kill)
        release.start()
        store.put(key(1), 1)
        release.join()
        assert store.get(key(1)) == 1


def test_a_store_that_another_process_has_for_itself_is_not_opened(path, lock):
    Store.open(path, now=NOW).close()
    lock(path, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
    with pytest.raises(StoreProblem, match="locked by another process"):
        Store.open(path, now=NOW, wait=0.1)
    with pytest.raises(StoreProblem, match="locked by another process"):
        remove(path)
    assert path.exists()


def test_a_store_in_use_is_not_removed(path):
    with closing(Store.open(path, now=NOW)) as store:
        store.put(key(1), 1)
        with pytest.raises(StoreProblem, match="locked by another process"):
            remove(path)
        assert store.get(key(1)) == 1
    assert remove(path) > 0


@pytest.fixture
def without_shared_memory(monkeypatch):
    """SQLite's own file layer that locks by files and has no shared memory, as some network disks."""
    monkeypatch.setattr(module, "uri", lambda path: f"{path.as_uri()}?mode=rw&vfs=unix-dotfile")


def test_without_shared_memory_the_old_journal_serves(path, without_shared_memory):
    with closing(Store.open(path, now=NOW)) as store:
        assert store._connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        store.put(key(1), np.arange(5000))
        with closing(Store.open(path, now=NOW)) as second:
            assert (second.get(key(1)) == np.arange(5000)).all()
            assert second.clear() == 1


def test_a_get_from_a_locked_store_says_so(path, without_shared_memory):
    with closing(Store.open(path, now=NOW, wait=0.1)) as store:
        store.put(key(1), 1)
        with closing(sqlite3.connect(module.uri(path), uri=True, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            for call in (lambda: store.get(key(1)), store.info, lambda: store.put(key(1), 2)):
                with pytest.raises(StoreProblem, match="locked by another process"):
                    call()
        assert store.get(key(1)) == 1


class RaisesOnWal:
    """A connection on a disk where the write-ahead log raises instead of answering."""

    def __init__(self, code):
        self.code, self.asked = code, 0

    def execute(self, statement):
        self.asked += 1
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = self.code
        raise error


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN])
def test_a_disk_that_raises_on_the_log_has_none(code):
    assert module._takes_wal(RaisesOnWal(code), 0.1) is False


def test_a_busy_file_is_asked_again_until_the_wait_is_over():
    busy = RaisesOnWal(sqlite3.SQLITE_BUSY)
    with pytest.raises(sqlite3.OperationalError):
        module._takes_wal(busy, 0.1)
    assert busy.asked > 3
