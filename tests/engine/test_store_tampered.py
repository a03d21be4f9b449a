"""Rows that are not what was put: damaged, swapped, or forged by somebody who can write the file."""

import hashlib
import io
import pickle
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from assay.engine import frames, store
from assay.engine.store import Store

FIRED = []


class Bomb:
    def __reduce__(self):
        return FIRED.append, (1,)


def key(name):
    return hashlib.sha256(str(name).encode()).hexdigest()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
def kept(path):
    with closing(Store.open(path, now=1_795_000_000.0)) as opened:
        yield opened


def edit(path, statement, *values):
    """Change the file behind the store's back."""
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def forged(name, stored):
    """Return the row of somebody who can write the file: bytes with their right digest."""
    return hashlib.sha256(key(name).encode() + stored).digest(), stored


TAMPERED = {
    "a flipped bit": lambda digest, value: (digest, value[:-1] + bytes([value[-1] ^ 1])),
    "cut short": lambda digest, value: (digest, value[:-1]),
    "empty": lambda digest, value: (digest, b""),
    "another digest": lambda digest, value: (bytes(32), value),
    "text for bytes": lambda digest, value: (digest, "text"),
    "text that is no UTF-8": lambda digest, value: (digest, None),
    "a number for the digest": lambda digest, value: (7, value),
    "forged: another row's value": lambda digest, value: forged("other", value),
    "forged: a pickle": lambda digest, value: forged("it", b"r" + pickle.dumps(Bomb())),
    "forged: a compressed pickle": lambda digest, value: forged("it", b"z" + zlib.compress(pickle.dumps(Bomb()))),
    "forged: an array of objects": lambda digest, value: forged("it", b"r" + object_frame()),
    "forged: no such packing": lambda digest, value: forged("it", b"p" + pickle.dumps(Bomb())),
    "forged: not compressed at all": lambda digest, value: forged("it", b"z" + b"junk"),
    "forged: bytes after the frame": lambda digest, value: forged("it", value + b"x"),
    "forged: declares a header of 4 GB": lambda digest, value: forged("it", b"rASSY\xff\xff\xff\xff"),
}  # fmt: skip


def object_frame():
    blob = io.BytesIO()
    np.lib.format.write_array(blob, np.array([Bomb()], dtype=object), allow_pickle=True)
    raw = blob.getvalue()
    header = f'{{"body":{{"$npy":0}},"blobs":[{len(raw)}]}}'.encode()
    return frames.MAGIC + len(header).to_bytes(4, "big") + header + raw


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_a_row_that_is_not_what_was_put_is_deleted_and_counts_as_absent(path, kept, change):
    kept.put(key("it"), {"accuracy": 0.5})
    kept.put(key("other"), "other")
    with sqlite3.connect(path) as connection:
        row = connection.execute("SELECT digest, value FROM entries WHERE key = ?", (key("it"),)).fetchone()
    connection.close()
    digest, value = change(*row)
    edit(
        path,
        "UPDATE entries SET digest = ?, value = coalesce(?, CAST(x'ff' AS TEXT)) WHERE key = ?",
        digest,
        value,
        key("it"),
    )
    assert kept.get(key("it")) is None
    assert not FIRED
    assert kept.info().entries == 1
    assert kept.get(key("other")) == "other"
    kept.put(key("it"), "again")
    assert kept.get(key("it")) == "again"


def test_another_row_under_this_key_counts_as_absent(path, kept):
    kept.put(key("it"), "it")
    kept.put(key("other"), "other")
    genuine = "(SELECT digest, value FROM entries WHERE key = ?)"
    edit(path, f"UPDATE entries SET (digest, value) = {genuine} WHERE key = ?", key("other"), key("it"))
    assert kept.get(key("it")) is None
    assert kept.get(key("other")) == "other"


def test_a_value_that_unpacks_to_more_than_the_limit_counts_as_absent(kept, monkeypatch):
    kept.put(key("it"), "x" * 20_000)
    assert len(kept.get(key("it"))) == 20_000
    monkeypatch.setattr(store, "LARGEST", 10_000)
    assert kept.get(key("it")) is None


def test_no_pickle_in_the_source():
    for source in Path(store.__file__).parent.glob("store*.py"):
        assert "import pickle" not in source.read_text(encoding="utf-8")
