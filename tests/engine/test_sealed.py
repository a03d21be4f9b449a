"""What is kept by content is sealed: only the content opens it, and a changed or foreign entry is no result."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.engine.frames import FrameError
from assay.engine.memory import Memory
from assay.engine.sealed import Identity, identity, seal, unseal
from assay.engine.store import Store

SECRET = Identity("ab" * 32, None).secret("part")
VALUE = {"counts": {"US_SSN": 2}, "located": [["US_SSN", 1, 5, "9f86d081884c7d65"]] * 400, "problem": None}


def test_what_was_sealed_is_opened_by_its_secret_only() -> None:
    sealed = seal(VALUE, SECRET)
    assert unseal(sealed, SECRET) == VALUE
    assert "9f86" not in sealed and "US_SSN" not in sealed
    with pytest.raises(FrameError):
        unseal(sealed, Identity("ab" * 32, None).secret("another part"))


@pytest.mark.parametrize("damage", [None, 7, "", "plain", "}}", lambda sealed: sealed[:-5], lambda s: "0" + s[1:]])
def test_what_is_damaged_is_no_result(damage: object) -> None:
    bad = damage(seal(VALUE, SECRET)) if callable(damage) else damage
    with pytest.raises(FrameError):
        unseal(bad, SECRET)


def test_address_and_secret_hang_on_content_and_part_and_tell_nothing_of_each_other() -> None:
    one, other = Identity("ab" * 32, None), Identity("cd" * 32, None)
    told = {one.key("p"), one.key("q"), other.key("p"), *(i.secret(p).hex() for i in (one, other) for p in ("p", "q"))}
    assert len(told) == 7


@pytest.mark.parametrize("answer", [None, {}, {"content": 1}, {"content": "AB" * 32}, {"content": "ab" * 31}, []])
def test_a_worker_that_gives_no_identity_gives_none(answer: object) -> None:
    assert identity(answer) is None


def test_the_secret_of_a_store_stays_and_another_store_has_another(tmp_path: Path) -> None:
    def secret(name: str, word: str = "values") -> str:
        store = Store.open(tmp_path / name / "store.sqlite", now=0.0)
        try:
            return Memory(store).secret(word)
        finally:
            store.close()

    assert secret("a") == secret("a") != secret("b")
    assert secret("a") != secret("a", "other")
    memory = Memory()
    assert memory.secret("values") == memory.secret("values") != Memory().secret("values")
