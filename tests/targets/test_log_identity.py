"""The identity of a range of a log changes exactly where something changes that is read for it."""

from __future__ import annotations

import pytest

from assay.model.errors import UnusableInput
from assay.targets import log_identity
from assay.targets.log_identity import range_identity
from assay.targets.logs import LogReader
from assay.targets.opened import Opened
from assay.targets.refs import InputRef, Shard


@pytest.fixture
def told(tmp_path, monkeypatch):
    """The identity of a range of these bytes, and what is delivered of it; the head is short."""
    monkeypatch.setattr(log_identity, "HEAD", 16)

    def of(data, start, stop):
        path = tmp_path / "a.log"
        path.write_bytes(data)
        opened = Opened({}, [InputRef("a", "log", str(path), "a.log")])
        delivered = [(piece.data, piece.offset) for piece in LogReader(path, "a.log", start, stop)]
        return range_identity(opened, Shard("a", start, stop))["content"], delivered

    return of


BASE = b"head of the file\n" + b"line %d of the log\n" * 40


def test_ranges_with_one_identity_deliver_the_same(told):
    import random

    rng = random.Random(1)
    known = {}
    for _ in range(1500):
        data = bytearray(BASE)
        at = rng.randrange(len(data))
        data[at] = rng.choice(b"\nx")
        start = rng.choice([0, 100, 150, 200])
        content, delivered = told(bytes(data[: rng.choice([len(data), 300])]), start, start + 60)
        assert known.setdefault((start, content), delivered) == delivered
    assert len(known) > 100


@pytest.mark.parametrize(("at", "changes"), [(98, False), (99, True), (100, True), (158, True), (250, False)])
def test_a_byte_changes_the_ranges_that_read_it(told, at, changes):
    data = bytearray(BASE)
    before = told(bytes(data), 100, 160)[0]
    data[at] = ord("#")
    assert (told(bytes(data), 100, 160)[0] != before) == changes


def test_a_range_within_an_endless_line_reads_no_further(told):
    line = b"head of the file\n" + b"x" * 1000
    assert told(line, 200, 300)[0] == told(line + b"y" * 500, 200, 300)[0]
    assert told(line, 10, 300)[0] != told(line + b"y", 10, 300)[0]


def test_what_cannot_be_cut_is_read_whole_by_the_first_range(told):
    packed = b"\x1f\x8b\x08" + bytes(range(200))
    path_first, other = range_of(told, packed, 0), range_of(told, packed, 100)
    assert path_first != range_of(told, packed + b"x", 0)
    assert other == range_of(told, packed + b"x", 100)


def range_of(told, data, start):
    try:
        return told(data, start, start + 100)[0]
    except UnusableInput:
        pytest.fail("it should be readable")


def test_a_log_that_is_gone_is_unusable(tmp_path):
    opened = Opened({}, [InputRef("a", "log", str(tmp_path / "gone.log"), "gone.log")])
    with pytest.raises(UnusableInput, match=r"gone\.log does not exist"):
        range_identity(opened, Shard("a", 0, 10))
