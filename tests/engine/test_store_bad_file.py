"""A store's file that does not serve: one sentence with the file and the remedy, nothing written, nothing half open."""

import hashlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from assay.engine import store_schema
from assay.engine.store import Store, StoreProblem, remove
from assay.model.errors import EXIT_NOT_ASSESSED

NOW = 1_795_000_000.0
KEY = hashlib.sha256(b"1").hexdigest()
OTHER = hashlib.sha256(b"2").hexdigest()
CLEAR = "run `assay cache clear`, or scan with --no-cache"
NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


def filled(path, entries=200):
    """Write a store with some entries."""
    with closing(Store.open(path, now=NOW)) as store:
        store.put(KEY, "kept")
        for i in range(entries):
            store.put(hashlib.sha256(f"row {i}".encode()).hexdigest(), "x" * 900)


def problem(path, **options):
    """Open a store that does not serve; return the problem."""
    with pytest.raises(StoreProblem) as caught:
        Store.open(path, now=NOW, **options).close()
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert caught.value.exit_code == EXIT_NOT_ASSESSED
    return caught.value


def change(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def spoil_random(path):
    path.write_bytes(hashlib.shake_256(b"random").digest(20_000))


def spoil_text(path):
    path.write_text("these are my notes\n" * 1000)


def spoil_short_text(path):
    path.write_text("hello")


def spoil_truncated(path):
    filled(path)
    os.truncate(path, path.stat().st_size // 2)


def spoil_header_only(path):
    filled(path)
    os.truncate(path, 100)


def spoil_schema_page(path):
    filled(path)
    with path.open("r+b") as stream:
        stream.seek(100)
        stream.write(os.urandom(1000))


def spoil_trigger(path):
    filled(path)
    change(path, "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END")


def spoil_view(path):
    filled(path)
    change(path, "ALTER TABLE entries RENAME TO rows", "CREATE VIEW entries AS SELECT * FROM rows")


DAMAGED = [spoil_random, spoil_text, spoil_short_text, spoil_truncated, spoil_header_only, spoil_schema_page, spoil_trigger, spoil_view]  # fmt: skip


@pytest.mark.parametrize("spoil", DAMAGED, ids=lambda spoil: spoil.__name__.removeprefix("spoil_"))
def test_a_damaged_file_is_refused_unwritten_and_can_be_removed(path, spoil):
    spoil(path)
    before = path.read_bytes()
    found = problem(path)
    assert "damaged" in str(found)
    assert CLEAR in str(found)
    assert found.clearable
    assert path.read_bytes() == before
    assert remove(path) >= len(before)
    assert not list(path.parent.iterdir())
    filled(path, 1)


def read_all(path):
    """Return how many of the 60 rows are there; a wrong one or another exception fails the test."""
    with closing(Store.open(path, now=NOW)) as store:
        found = [store.get(hashlib.sha256(f"row {i}".encode()).hexdigest()) for i in range(60)]
        store.put(OTHER, "new")
        assert store.get(OTHER) == "new"
    assert set(found) <= {None, "x" * 900}
    return found.count("x" * 900)


def test_a_damaged_page_is_an_absent_entry_or_said_and_never_a_wrong_value(path):
    filled(path, 60)
    sound = path.read_bytes()
    dice = random.Random(0)
    said = absent = 0
    for at in (*range(0, len(sound), 4096), *(dice.randrange(len(sound)) for _ in range(200))):
        spoiled = bytearray(sound)
        length = 4096 if at % 4096 == 0 else 1
        spoiled[at : at + length] = dice.randbytes(length)
        path.write_bytes(spoiled)
        try:
            absent += read_all(path) < 60
        except StoreProblem as problem:
            assert str(problem).startswith(f"{path}: ")
            said += 1
        for name in ("", "-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
    assert said > 5
    assert absent > 5


VERSIONS = {"newer": (store_schema.VERSION + 1, "a newer"), "older": (store_schema.VERSION - 1, "an older")}


@pytest.mark.parametrize(("version", "words"), VERSIONS.values(), ids=VERSIONS)
def test_another_version_is_refused_unwritten_and_can_be_removed(path, version, words):
    filled(path)
    change(path, f"PRAGMA user_version = {version}", "ALTER TABLE entries ADD COLUMN more TEXT")
    before = path.read_bytes()
    found = problem(path)
    assert f"made by {words} Assay (schema {version}" in str(found)
    assert CLEAR in str(found)
    assert path.read_bytes() == before
    assert found.clearable
    assert remove(path) == len(before)
    filled(path, 1)


def test_a_database_of_another_program_is_neither_written_nor_removed(path):
    change(path, "CREATE TABLE photos (x)", "PRAGMA user_version = 1")
    path.chmod(0o600)
    before = path.read_bytes()
    found = problem(path)
    assert "another program" in str(found)
    assert not found.clearable
    with pytest.raises(StoreProblem, match="another program"):
        remove(path)
    assert path.read_bytes() == before


def test_a_file_of_another_name_is_not_removed(tmp_path):
    notes = tmp_path / "thesis.txt"
    notes.write_text("years of work " * 100)
    problem(notes)
    with pytest.raises(StoreProblem, match="does not look like a store"):
        remove(notes)
    assert notes.exists()


def test_an_empty_file_becomes_a_store(path):
    path.touch(mode=0o600)
    filled(path, 1)


def test_a_folder_in_its_place(path):
    path.mkdir()
    assert "is a folder" in str(problem(path))
    with pytest.raises(StoreProblem, match="is a folder"):
        remove(path)


def test_a_pipe_in_its_place(path):
    os.mkfifo(path)
    assert "no regular file" in str(problem(path))


def test_a_file_for_a_folder(tmp_path):
    (tmp_path / "file").touch()
    problem(tmp_path / "file" / "store.sqlite")


@pytest.mark.parametrize("dangling", [False, True], ids=["link", "dangling link"])
def test_a_link_is_not_followed(tmp_path, path, dangling):
    elsewhere = tmp_path / "elsewhere"
    if not dangling:
        elsewhere.write_bytes(b"")
    path.symlink_to(elsewhere)
    assert "symbolic link" in str(problem(path))
    with pytest.raises(StoreProblem, match="symbolic link"):
        remove(path)
    assert path.is_symlink()
    assert elsewhere.exists() != dangling


@pytest.mark.parametrize("name", ["-wal", "-shm", "-journal"])
def test_a_link_beside_it_is_not_followed(path, name):
    filled(path, 1)
    path.with_name(path.name + name).symlink_to(path.parent / "elsewhere")
    with pytest.raises(StoreProblem, match="symbolic link"):
        Store.open(path, now=NOW)
    assert not (path.parent / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", ["", "-wal"], ids=["file", "log"])
def test_another_users_file_is_refused(path, name):
    filled(path, 1)
    victim = path.with_name(path.name + name)
    victim.touch(mode=0o600)
    os.chown(victim, NOBODY, NOBODY)
    with pytest.raises(StoreProblem, match="belongs to another user"):
        Store.open(path, now=NOW)
    if not name:
        with pytest.raises(StoreProblem, match="belongs to another user"):
            remove(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_another_users_folder_is_refused(path):
    os.chown(path.parent, NOBODY, NOBODY)
    assert "folder belongs to another user" in str(problem(path))


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777], ids=oct)
def test_a_folder_that_others_may_write_is_refused(path, mode):
    path.parent.chmod(mode)
    assert "chmod go-w" in str(problem(path))
    path.parent.chmod(0o755)
    filled(path, 1)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277], ids=oct)
def test_folders_and_files_are_the_users_alone(tmp_path, mask):
    path = tmp_path / "a" / "b" / "store.sqlite"
    if mask == 0o277:
        path.parent.mkdir(mode=0o700, parents=True)
    old = os.umask(mask)
    try:
        with closing(Store.open(path, now=NOW)) as store:
            store.put(KEY, 1)
            files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert files == {"store.sqlite": 0o600, "store.sqlite-wal": 0o600, "store.sqlite-shm": 0o600}
    if mask != 0o277:
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}


def test_wider_permissions_are_tightened(path):
    with closing(Store.open(path, now=NOW)) as store:
        store.put(KEY, 1)
        for file in path.parent.iterdir():
            file.chmod(0o664)
        with closing(Store.open(path, now=NOW)) as second:
            assert second.get(KEY) == 1
            assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_read_only_file(path):
    filled(path, 1)
    path.chmod(0o400)
    found = problem(path)
    assert "read-only" in str(found)
    assert "--no-cache" in str(found)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


AS_ORDINARY_USER = """
import os, sys
from pathlib import Path
from assay.engine.store import Store, StoreProblem
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    Store.open(Path(sys.argv[1]), now=1_795_000_000.0).close()
    print("opened")
except StoreProblem as problem:
    print(problem)
"""


def open_as_ordinary_user(folder):
    """Open a store as somebody who is not root but owns the folder; return what is said."""
    if os.geteuid() == 0:
        for each in (folder, *folder.iterdir()):
            os.chown(each, NOBODY, NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", AS_ORDINARY_USER, folder / "store.sqlite"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def open_folder():
    """A folder that another user can reach; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_a_read_only_folder_and_its_writable_twin(open_folder):
    assert open_as_ordinary_user(open_folder) == "opened\n"
    for content in ("store", "nothing"):
        open_folder.chmod(0o500)
        said = open_as_ordinary_user(open_folder)
        assert "its folder cannot be written" in said, content
        assert "--no-cache" in said
        open_folder.chmod(0o700)
        (open_folder / "store.sqlite").unlink(missing_ok=True)


def test_no_room_left_loses_nothing_and_the_store_goes_on(path):
    filled(path, 20)
    with closing(Store.open(path, now=NOW)) as store:
        pages = store_schema.number(store._connection, "page_count")
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}").fetchall()
        with pytest.raises(StoreProblem, match=r"no room left.*free some disk space.*--no-cache"):
            store.put(OTHER, list(range(20_000)))
        assert store.get(KEY) == "kept"
        assert store.get(OTHER) is None
        store.put(OTHER, "small")
        assert store.get(OTHER) == "small"


def test_a_file_size_limit_loses_nothing(path):
    script = """
        import resource, sys, hashlib, os
        from pathlib import Path
        from assay.engine.store import Store, StoreProblem
        store = Store.open(Path(sys.argv[1]), now=1_795_000_000.0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        kept = 0
        try:
            while kept < 1000:
                store.put(hashlib.sha256(str(kept).encode()).hexdigest(), os.urandom(1000).hex())
                kept += 1
        except StoreProblem as problem:
            print(problem)
        assert all(store.get(hashlib.sha256(str(i).encode()).hexdigest()) for i in range(kept))
        store.close()
        print(kept)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said, kept = done.stdout.splitlines()
    assert said.startswith(f"{path}: the store cannot be read or written") or "no room left" in said
    assert "--no-cache" in said
    with closing(Store.open(path, now=NOW)) as store:
        assert store.info().entries == int(kept) > 10
