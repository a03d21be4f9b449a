"""Frames of zstandard are found by their sizes; parts of them deliver what the whole file does, line for line."""

from __future__ import annotations

import itertools
import random

import pytest

from assay.targets.log_frames import Part, zstd_parts
from assay.targets.logs import LogReader
from assay.targets.opened import Opened
from assay.targets.refs import InputRef, Shard

zstandard = pytest.importorskip("zstandard")
SKIPPED = b"\x53\x2a\x4d\x18\x05\x00\x00\x00seek!"


def frame(data, **how):
    return zstandard.ZstdCompressor(level=1, **how).compress(data)


def streamed(data):
    """A frame that does not say how large its content is."""
    machine = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
    return machine.compress(data) + machine.flush()


def text_of(rng, size):
    return b"".join(b"%d line \xc3\xa9 of the log %x\n" % (n, rng.getrandbits(200)) for n in range(size))


def cut(rng, data, pieces):
    places = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(pieces))})
    return [data[a:b] for a, b in itertools.pairwise(places)]


@pytest.fixture
def parts_of(tmp_path):
    def of(data, size):
        path = tmp_path / "a.zst"
        path.write_bytes(data)
        opened = Opened({}, [InputRef("a", "log", str(path), "a.zst")])
        return path, [Part(*part) for part in zstd_parts(opened, Shard("a"), size=size)]

    return of


def read(path, part=None):
    reader = LogReader(path, "a.zst", part=part)
    return b"".join(piece.data for piece in reader), reader.lines, reader.problem


@pytest.mark.parametrize("seed", range(12))
def test_parts_deliver_what_the_whole_delivers(parts_of, seed):
    rng = random.Random(seed)
    data = text_of(rng, 4000)
    if seed % 3 == 0:
        data = data.rstrip(b"\n")
    if seed % 4 == 1:
        data = data[:20_000] + b"x" * 90_000 + data[20_000:]
    makers = (frame, streamed, lambda d: frame(d, write_content_size=False), lambda d: frame(b"") + frame(d) + SKIPPED)
    packed = b"".join(rng.choice(makers)(piece) for piece in cut(rng, data, 30))
    path, parts = parts_of(packed, 5_000)
    assert len(parts) > 4
    assert [p.start for p in parts[1:]] == [p.stop for p in parts[:-1]]
    answers = [read(path, part) for part in parts]
    assert b"".join(answer[0] for answer in answers) == data == read(path)[0]
    assert sum(answer[1] for answer in answers) == read(path)[1]
    assert all(answer[2] is None for answer in answers)


def test_what_cannot_be_cut_soundly_is_one_part(parts_of):
    rng = random.Random(1)
    data = text_of(rng, 3000)
    two = frame(data) + frame(data)
    assert len(parts_of(two, 1000)[1]) == 2
    assert len(parts_of(frame(data), 1000)[1]) == 1
    for bad in (two[:-1], two + b"rest", frame(data) + b"\0" + frame(data)):
        assert parts_of(bad, 1000)[1] == []
    wide_text = [frame(piece) for piece in cut(rng, data.decode().encode("utf-16"), 3)]
    assert parts_of(b"".join(wide_text), 1000)[1] == []


def test_a_damaged_frame_is_a_problem_of_its_part(parts_of):
    rng = random.Random(2)
    frames = [frame(text_of(rng, 400), write_checksum=True) for _ in range(4)]
    whole, parts = parts_of(b"".join(frames), 1000)
    assert len(parts) == 4
    at = parts[2].start + len(frames[2]) // 2
    broken = bytearray(b"".join(frames))
    broken[at : at + 8] = bytes(8)
    whole.write_bytes(bytes(broken))
    problems = [read(whole, part)[2] for part in parts]
    assert problems[0] is None and "damaged" in problems[2]
