"""Runs of values taken at one go: what is reported is what the opcodes, one by one, make of the same pickle."""

from __future__ import annotations

import pickle
import random
import re
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from pickle_dense import dense, old_dense

from assay_detectors.artifact import alike, machine, runs
from assay_detectors.artifact.pickles import read_pickles
from assay_detectors.artifact.reader import Reader
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held

TOO_MUCH = "holds too much to say"
"""What is said of a tuple whose items a run does not keep, where it is a key: that the reading is not complete."""
Read = Callable[[bytes], dict[str, Any]]


@pytest.fixture(params=[(48, 1 << 14, 300_000), (8, 1, 300_000), (8, 1, 6)])
def _limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    least, shape, full = request.param
    monkeypatch.setattr(runs, "LEAST", least)
    monkeypatch.setattr(runs, "OLD_FROM", 0)
    monkeypatch.setattr(alike, "BYTES_A_SHAPE", shape)
    monkeypatch.setattr(machine, "FULL_MEMO", full)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the bytes that are taken at one go."""
    counts: list[int] = []
    original = machine.take_run

    def counted(m: machine.Machine, at: int, full: bool, old: bool) -> tuple[int, int]:
        end, again = original(m, at, full, old)
        counts.append(end - at)
        return end, again

    monkeypatch.setattr(machine, "take_run", counted)
    yield counts


def _read(data: bytes) -> tuple[Any, ...]:
    report = Report()
    reader = Reader()
    read_pickles(Held(data), report, reader.budget, reader.nested, joblib=True)
    reasons = [re.sub("at byte [0-9]+", "", reason) for reason in report.reasons]  # a break is found some opcodes later
    return report.findings, report.total, [reason for reason in reasons if TOO_MUCH not in reason]


def _one_by_one(data: bytes) -> tuple[Any, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "take_run", lambda _m, at, _full, _old: (at, 1 << 62))
        return _read(data)


@pytest.mark.usefixtures("_limits")
@pytest.mark.parametrize("make", [dense, old_dense])
def test_runs_are_read_as_their_opcodes_are(make: Callable[[random.Random], bytes], taken: list[int]) -> None:
    rng = random.Random(11)
    head = b"\x80\x04" if make is dense else b"\x80\x02"
    for _ in range(400):
        data = head + make(rng) + b"."
        at_once, single = _read(data), _one_by_one(data)
        if machine.FULL_MEMO > 6:
            assert at_once == single, data
        else:  # what is no longer held may be a name that is computed
            assert bool(at_once[1]) == bool(single[1]) and bool(at_once[2]) == bool(single[2]), data
    assert sum(length > 0 for length in taken) > 80


def test_each_text_of_a_run_keeps_its_own_place_in_the_memo(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts of one letter are one object in CPython: the first value must not give two places the same column."""
    monkeypatch.setattr(alike, "BYTES_A_SHAPE", 1)
    monkeypatch.setattr(runs, "OLD_FROM", 0)
    pairs = [(b"a", b"a")] * 2 + [(b"os", b"collections"), (b"system", b"OrderedDict")] + [(b"b", b"c")] * 8
    new = b"".join(b"\x8c%c%s\x94\x8c%c%s\x94\x86\x94" % (len(a), a, len(b), b) for a, b in pairs)
    result = read(b"\x80\x04]\x94(" + new + b"eh\x07h\x0a\x93.")
    assert [finding["name"] for finding in result["findings"]] == ["os.system"]
    old, place = b"", 1
    for pair in pairs:
        for word in pair:
            old += b"X%s%sr%s" % (struct.pack("<I", len(word)), word, struct.pack("<I", place))
            place += 1
        old += b"\x86r" + struct.pack("<I", place)
        place += 1
    result = read(b"\x80\x02]r\0\0\0\0(" + old + b"eh\x07h\x0a\x93.")
    assert [finding["name"] for finding in result["findings"]] == ["os.system"]


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_ordinary_lists_are_taken_at_one_go(protocol: int, taken: list[int]) -> None:
    words = [f"w{i}" for i in range(9_000)]
    for value in (words, [(i % 256, i) for i in range(9_000)], [[i % 9, 1.5] for i in range(9_000)],
                  dict.fromkeys(words, 1), [{"x": i, "y": None} for i in range(9_000)]):  # fmt: skip
        taken.clear()
        data = pickle.dumps([words, value], protocol)
        report = _read(data)
        assert report[1] == 0 and not report[2]
        assert sum(taken) > len(data) / 2


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        (b"Nq\x010h\x01.", True),  # Python 2 begins with 1
        (b"Nq\x010h\x00.", False),  # and stores nothing at 0
        (b"Nq\x010X\x01\0\0\0a\x940h\x01.", True),  # MEMOIZE counts entries: 1 is stored anew
        (b"Nq\x010X\x01\0\0\0a\x940h\x02.", False),
        (b"Nq\x010Nq\x000h\x00.", True),
        (b"Nq\x010Nq\x000N\x940h\x02.", True),
    ],
)
def test_places_that_begin_with_one(read: Read, body: bytes, reads: bool) -> None:
    data = b"\x80\x02" + body
    assert read(data)["complete"] is reads
    if reads:
        pickle.loads(data)
    else:
        with pytest.raises(pickle.UnpicklingError):
            pickle.loads(data)
