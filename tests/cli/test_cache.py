"""`assay cache`: says what is stored, deletes it, and never deletes what is not a store."""

import hashlib
import json
import sqlite3
import time
from contextlib import closing

import pytest

from assay.engine.store import Store
from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK


@pytest.fixture
def path(tmp_path):
    return tmp_path / "caches" / "store.sqlite"


@pytest.fixture
def cache(assay, path):
    """Run `assay cache ...` on the store at `path`."""
    return lambda *arguments, at=path: assay("cache", *arguments, env={"ASSAY_CACHE": str(at)})


def fill(path, entries):
    with closing(Store.open(path, now=time.time())) as store:
        for i in range(entries):
            store.put(hashlib.sha256(str(i).encode()).hexdigest(), "x" * 1000)
        return store.info()


def test_nothing_stored_yet(cache, path):
    done = cache("info")
    assert (done.code, done.err) == (EXIT_OK, "")
    assert f"store    {path}\nentries  0\n" in done.out
    assert "oldest   none" in done.out
    done = cache("clear")
    assert done.code == EXIT_OK
    assert "nothing to clear" in done.out
    assert not path.parent.exists()


def test_info_counts(cache, path):
    stored = fill(path, 3)
    done = cache("info")
    assert done.code == EXIT_OK
    assert f"entries  3\nsize     {stored.bytes:,} bytes\n" in done.out
    assert f"oldest   {time.strftime('%Y-', time.gmtime())}" in done.out
    done = cache("info", "--json")
    assert json.loads(done.out) == {"path": str(path), "entries": 3, "bytes": stored.bytes, "oldest": stored.oldest}


@pytest.mark.parametrize(("entries", "words"), [(1, "1 entry"), (3, "3 entries")])
def test_clear_empties_the_store(cache, path, entries, words):
    stored = fill(path, entries)
    done = cache("clear")
    assert (done.code, done.err) == (EXIT_OK, "")
    assert done.out == f"{path}: deleted {words}, {stored.bytes:,} bytes\n"
    assert fill(path, 0).entries == 0


def spoil_text(path):
    path.write_text("no database at all\n" * 500)


def spoil_truncated(path):
    fill(path, 200)
    path.write_bytes(path.read_bytes()[:5000])


def spoil_newer(path):
    fill(path, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(spoil_text, "damaged"), (spoil_truncated, "damaged"), (spoil_newer, "made by a newer Assay (schema 99")],
    ids=["text", "truncated", "newer"],
)
def test_clear_deletes_the_file_where_it_cannot_be_opened(cache, path, spoil, words):
    path.parent.mkdir(mode=0o700)
    spoil(path)
    size = path.stat().st_size
    done = cache("info")
    assert done.code == EXIT_NOT_ASSESSED
    assert done.err.startswith(f"assay: {path}: the store ")
    assert words in done.err
    assert "run `assay cache clear`" in done.err
    assert path.stat().st_size == size
    done = cache("clear")
    assert (done.code, done.err) == (EXIT_OK, "")
    assert done.out.startswith(f"{path}: deleted the whole file, {size:,} bytes, because the store ")
    assert not list(path.parent.iterdir())
    assert fill(path, 1).entries == 1


def spoil_document(path):
    path.write_text("my thesis " * 100)


def spoil_foreign(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE photos (x)")


def spoil_folder(path):
    path.mkdir()
    (path / "inside").touch()


def spoil_link(path):
    (path.parent / "elsewhere").write_text("something else")
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("thesis.txt", spoil_document, "does not look like a store"),
        ("photos.sqlite", spoil_foreign, "is a database of another program"),
        ("store.sqlite", spoil_folder, "is a folder"),
        ("store.sqlite", spoil_link, "is a symbolic link"),
    ],
    ids=["document", "database", "folder", "link"],
)
def test_clear_deletes_nothing_that_is_no_store(cache, path, name, spoil, words):
    path.parent.mkdir(mode=0o700)
    victim = path.parent / name
    spoil(victim)
    before = sorted((each.name, each.lstat().st_size) for each in path.parent.iterdir())
    done = cache("clear", at=victim)
    assert done.code == EXIT_NOT_ASSESSED
    assert done.out == ""
    assert done.err.startswith(f"assay: {victim}: ")
    assert words in done.err
    assert done.err.count("\n") == 1
    assert sorted((each.name, each.lstat().st_size) for each in path.parent.iterdir()) == before


def test_clear_does_not_pull_a_newer_store_from_under_its_owner(cache, path):
    fill(path, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
        done = cache("clear")
        assert done.code == EXIT_NOT_ASSESSED
        assert "locked by another process" in done.err
        assert connection.execute("SELECT count(*) FROM entries").fetchall() == [(3,)]
    assert cache("clear").code == EXIT_OK


def test_help_lists_the_command(assay):
    assert "cache" in assay("--help").out
    said = assay("cache", "--help").out
    assert "clear" in said
    assert "info" in said
    assert "ASSAY_CACHE" in said
