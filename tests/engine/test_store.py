"""The store: what is put comes back, nothing else does, it stays within its size, and it is fast."""

import hashlib
import statistics
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from assay.engine import store
from assay.engine.store import Store, StoreProblem, default_path

DAY = 24 * 3600.0
NOW = 1_795_000_000.0


def key(name):
    return hashlib.sha256(str(name).encode()).hexdigest()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "caches" / "assay" / "store.sqlite"


@pytest.fixture
def opened(path):
    """Return a function that opens the store; all are closed at the end."""
    stores = []

    def open_store(*, now=NOW, **options):
        stores.append(Store.open(path, now=now, **options))
        return stores[-1]

    yield open_store
    for each in stores:
        each.close()


VALUES = {
    "nothing in it": {},
    "zero": 0,
    "false": False,
    "text": "Prüfung \ud800 \x00",
    "nested": {"a": [1, [2.5, {"b": None}]], "c": -0.0},
    "infinite": [float("inf"), -float("inf")],
    "large number": 10**300,
    "array": np.arange(12.0).reshape(3, 4),
    "integers": np.array([1, -2], dtype=np.int8),
    "Fortran order": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "no rows": np.empty((0, 5), dtype=np.float32),
    "text array": np.array(["a", "bc"]),
    "several arrays": {"x": np.ones(3), "y": [np.zeros(2), "z"]},
    "over 4 kB": "x" * 100_000,
    "over 4 kB, random": np.random.default_rng(0).random(2_000),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_what_is_put_comes_back_from_a_new_process_of_the_store(opened, value):
    first = opened()
    first.put(key(1), value)
    first.close()
    found = opened().get(key(1))
    assert type(found) is type(value)
    np.testing.assert_equal(found, value)
    if isinstance(value, np.ndarray):
        assert found.dtype == value.dtype


def test_not_a_number_comes_back(opened):
    opened().put(key(1), float("nan"))
    assert str(opened().get(key(1))) == "nan"


def test_absent_and_replaced(opened):
    kept = opened()
    assert kept.get(key(1)) is None
    kept.put(key(1), "old")
    kept.put(key(1), "new")
    assert (kept.get(key(1)), kept.get(key(2)), kept.info().entries) == ("new", None, 1)


def test_text_over_4_kb_is_compressed(opened):
    kept = opened()
    kept.put(key(1), "x" * 100_000)
    assert kept.info().bytes < 2_000


@pytest.mark.parametrize("wrong", ["", "a" * 63, "A" * 64, "g" * 64, key(1) + "\n", f"{key(1)}' OR 1"])
def test_a_key_is_a_sha256(opened, wrong):
    kept = opened()
    with pytest.raises(ValueError, match="sha256"):
        kept.get(wrong)
    with pytest.raises(ValueError, match="sha256"):
        kept.put(wrong, 1)


@pytest.mark.parametrize(
    "value", [object(), b"bytes", {1: 2}, np.array([None])], ids=["object", "bytes", "key", "array"]
)
def test_what_is_not_plain_is_refused_and_the_store_goes_on(opened, value):
    kept = opened()
    with pytest.raises(StoreProblem, match="cannot be kept"):
        kept.put(key(1), value)
    kept.put(key(1), "fine")
    assert kept.get(key(1)) == "fine"


def test_least_recently_used_goes_first_and_the_file_stays_small(path, opened):
    cap = 1 << 20
    kept = opened(cap=cap)
    value = np.random.default_rng(0).integers(0, 256, 20_000, dtype=np.uint8)
    kept.put(key("kept"), value)
    kept.put(key("forgotten"), value)
    for i in range(200):
        kept.put(key(i), value)
        assert kept.get(key("kept")) is not None, i
        assert kept.get(key(i)) is not None, i
    assert kept.get(key("forgotten")) is None
    assert kept.get(key(0)) is None
    assert 30 <= kept.info().entries <= 52
    kept.close()
    assert path.stat().st_size <= cap + 64 * 1024


def test_a_store_under_its_cap_loses_nothing(opened):
    kept = opened(cap=1 << 20)
    for i in range(40):
        kept.put(key(i), np.random.default_rng(i).integers(0, 256, 20_000, dtype=np.uint8))
    assert all(kept.get(key(i)) is not None for i in range(40))


def test_what_was_read_last_outlives_a_restart(opened):
    first = opened(cap=1 << 20)
    value = np.random.default_rng(0).integers(0, 256, 220_000, dtype=np.uint8)
    for name in "abcd":
        first.put(key(name), value)
    assert first.get(key("a")) is not None
    first.close()
    second = opened(now=NOW + 60, cap=1 << 20)
    second.put(key("e"), value)
    assert second.get(key("a")) is not None
    assert second.get(key("b")) is None


def test_a_value_that_would_drive_out_the_others_is_not_kept(opened):
    kept = opened(cap=1 << 20)
    kept.put(key("small"), 1)
    kept.put(key("large"), np.random.default_rng(0).random(50_000))
    assert kept.get(key("large")) is None
    assert kept.get(key("small")) == 1


def test_a_value_over_the_limit_is_not_kept_however_well_it_packs(opened, monkeypatch):
    monkeypatch.setattr(store, "LARGEST", 10_000)
    kept = opened()
    kept.put(key(1), "x" * 20_000)
    assert kept.get(key(1)) is None


def test_entries_expire_after_30_days_unused(opened):
    first = opened()
    first.put(key("unused"), 1)
    first.put(key("used"), 2)
    first.close()
    second = opened(now=NOW + 29 * DAY)
    assert second.get(key("used")) == 2
    second.close()
    third = opened(now=NOW + 31 * DAY)
    assert third.info().entries == 1
    assert third.get(key("used")) == 2
    assert third.get(key("unused")) is None


def test_expire_counts_and_knows_what_was_just_read(opened):
    opened().put(key(1), 1)
    later = opened(now=NOW + 5 * DAY)
    assert later.expire(6 * DAY) == 0
    assert later.expire(4 * DAY) == 1
    assert later.expire(4 * DAY) == 0
    later.put(key(1), 1)
    much_later = opened(now=NOW + 20 * DAY)
    assert much_later.get(key(1)) == 1
    assert much_later.expire(DAY) == 0


def test_info_and_clear(path, opened):
    kept = opened()
    assert kept.info() == (path, 0, 0, None)
    for i in range(300):
        kept.put(key(i), np.random.default_rng(i).random(400))
    found = kept.info()
    assert found.entries == 300
    assert 300 * 3200 < found.bytes < 300 * 3600
    assert NOW <= found.oldest < NOW + 60
    assert kept.clear() == 300
    assert kept.clear() == 0
    assert kept.get(key(1)) is None
    assert path.stat().st_size < 64 * 1024
    kept.put(key(1), "after")
    assert kept.get(key(1)) == "after"


def test_what_was_cleared_is_not_in_the_file_any_more(path, opened):
    kept = opened()
    kept.put(key(1), "a sentence that nobody may read again")
    kept.clear()
    kept.close()
    assert all(b"nobody may read" not in file.read_bytes() for file in path.parent.iterdir())


def test_a_closed_store_says_so(opened):
    kept = opened()
    kept.close()
    kept.close()
    for call in (lambda: kept.get(key(1)), lambda: kept.put(key(1), 1), kept.clear, kept.info, lambda: kept.expire(1)):
        with pytest.raises(StoreProblem, match="closed"):
            call()


def test_an_interrupted_put_leaves_nothing_open(opened, monkeypatch):
    kept = opened()

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(kept, "_evict", interrupt)
        with pytest.raises(KeyboardInterrupt):
            kept.put(key(1), 1)
    assert kept.get(key(1)) is None
    kept.put(key(1), 2)
    assert kept.get(key(1)) == 2


def test_eight_threads_on_one_store(opened):
    kept = opened()
    faults = []

    def work(thread):
        try:
            for i in range(60):
                kept.put(key((thread, i)), {"thread": thread, "i": np.full(50, i)})
                found = kept.get(key((thread, i)))
                assert found["thread"] == thread
                assert (found["i"] == i).all()
                kept.put(key(("shared", i)), i)
                assert kept.get(key(("shared", i))) == i
        except (AssertionError, StoreProblem, TypeError) as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert kept.info().entries == 8 * 60 + 60


def test_two_stores_on_one_file_see_each_other(opened):
    first, second = opened(), opened()
    first.put(key(1), "first")
    assert second.get(key(1)) == "first"
    second.put(key(1), "second")
    assert first.get(key(1)) == "second"
    assert second.clear() == 1
    assert first.get(key(1)) is None


def milliseconds(call, rounds):
    spent = []
    for number in range(rounds):
        start = time.perf_counter()
        call(number)
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def test_fast_enough(path, opened):
    kept = opened()
    value = {"text": "x" * 500, "rows": list(range(100))}
    assert milliseconds(lambda number: kept.put(key(number), value), 500) <= 1.0
    assert milliseconds(lambda number: kept.get(key(number)), 500) <= 1.0
    assert milliseconds(lambda number: Store.open(path, now=NOW).close(), 20) <= 5.0


def test_importing_the_store_imports_nothing_heavy():
    script = "import sys, assay.engine.store; print(sorted({'numpy', 'pydantic', 'yaml', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_where_the_store_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("ASSAY_CACHE", raising=False)
    assert default_path() == tmp_path / ".cache" / "assay" / "store.sqlite"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_path() == tmp_path / "xdg" / "assay" / "store.sqlite"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_path() == tmp_path / ".cache" / "assay" / "store.sqlite"
    monkeypatch.setenv("ASSAY_CACHE", "~/here.sqlite")
    assert default_path() == tmp_path / "here.sqlite"
    monkeypatch.setenv("ASSAY_CACHE", "")
    assert default_path() == tmp_path / ".cache" / "assay" / "store.sqlite"
