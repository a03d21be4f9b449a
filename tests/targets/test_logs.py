"""The log reader: compression by content, damaged files, wide text, endless lines, byte ranges."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import sys

import pytest

from assay.model.errors import UnusableInput
from assay.targets import logs
from assay.targets.logs import LogBlock, LogReader, LogWindow

TEXT = "".join(f"line {n} grüße\n" for n in range(1, 2000)) + "last without end"


def read(path, start=None, stop=None, **options):
    """Return the reader after use and its lines by number; checks that windows meet without gap."""
    reader, lines = LogReader(path, path.name, start, stop, **options), {}
    for piece in reader:
        if isinstance(piece, LogBlock):
            for number, line in enumerate(piece.data.decode().removesuffix("\n").split("\n"), start=piece.line):
                lines[number] = line
        else:
            assert isinstance(piece, LogWindow)
            so_far = lines.get(piece.line, "")
            assert piece.column + piece.head == len(so_far)
            lines[piece.line] = so_far + piece.data.decode()[piece.head : piece.tail]
    return reader, [lines[n] for n in sorted(lines)]


def zstd(data):
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


PACKERS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstd}


@pytest.mark.parametrize("packer", PACKERS)
def test_compression_is_told_by_content_not_by_name(tmp_path, packer):
    path = tmp_path / ("a.gz" if packer == "plain" else "a.log")
    path.write_bytes(PACKERS[packer](TEXT.encode()))
    reader, lines = read(path)
    assert lines == TEXT.split("\n")
    assert (reader.lines, reader.problem, reader.plain) == (2000, None, packer == "plain")


@pytest.mark.parametrize("packer", [p for p in PACKERS if p != "plain"])
def test_every_member_and_frame_is_read(tmp_path, packer):
    path = tmp_path / "a.log"
    path.write_bytes(PACKERS[packer](b"one\n") + PACKERS[packer](b"two\n"))
    assert read(path)[1] == ["one", "two"]


@pytest.mark.parametrize("packer", [p for p in PACKERS if p != "plain"])
def test_a_cut_file_delivers_its_good_part_and_says_where_it_ends(tmp_path, packer):
    noise = random.Random(0)
    text = "".join(f"{n} {noise.random()} {noise.random()}\n" for n in range(120_000))
    path = tmp_path / "a.log"
    packed = PACKERS[packer](text.encode())
    path.write_bytes(packed[: len(packed) * 2 // 3])
    reader, lines = read(path)
    assert 1000 < len(lines) < 120_000
    assert lines[:-1] == text.split("\n")[: len(lines) - 1]
    assert reader.problem.startswith("a.log could not be read to its end: it ends in the middle")
    assert f"after line {reader.lines}" in reader.problem


def test_damaged_gzip_is_a_problem_too(tmp_path):
    path = tmp_path / "a.log"
    packed = bytearray(gzip.compress(TEXT.encode()))
    packed[-6] ^= 0xFF  # the checksum
    path.write_bytes(packed)
    reader, lines = read(path)
    assert "damaged" in reader.problem
    assert lines == TEXT.split("\n")


def test_what_stands_before_the_damage_in_gzip_is_read(tmp_path):
    noise = random.Random(3)
    text = "".join(f"{n} {noise.random()}\n" for n in range(40_000))
    packed = bytearray(gzip.compress(text.encode()))
    packed[len(packed) // 2 :] = b"\xff" * 1000
    path = tmp_path / "a.log"
    path.write_bytes(packed)
    reader, lines = read(path)
    assert reader.problem.startswith("a.log could not be read to its end")
    assert len(lines) > 15_000
    assert lines[:-1] == text.split("\n")[: len(lines) - 1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig"])
def test_wide_text_by_its_byte_order_mark(tmp_path, encoding):
    path = tmp_path / "a.log"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path.write_bytes(mark + TEXT.encode(encoding))
    assert read(path)[1] == TEXT.split("\n")


def test_bytes_that_are_no_utf8_are_replaced_not_refused(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"caf\xe9 ok\n")
    (block,) = LogReader(path, "a.log")
    assert block.data == b"caf\xe9 ok\n"


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"\x80\x04\x95\0\0\0\0\0", "a.log is binary, not a log: "),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "a.log is binary, not a log: "),
        (gzip.compress(bytes(range(256)) * 40), "a.log is binary, not a log: "),
        ("wide".encode("utf-16-le") * 100, "byte order mark"),
        (b"PK\x03\x04....", "a.log is a zip archive"),
        (b"\x04\x22\x4d\x18....", "lz4"),
        (None, "a.log does not exist"),
    ],
)
def test_what_is_no_log_is_refused_with_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "a.log"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableInput, match=r"^a\.log ") as caught:
        list(LogReader(path, "a.log"))
    assert sentence in str(caught.value)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UnusableInput, match="is a folder"):
        list(LogReader(tmp_path, "logs"))


def test_zstandard_missing_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    path = tmp_path / "a.log"
    path.write_bytes(b"\x28\xb5\x2f\xfd....")
    with pytest.raises(UnusableInput, match="extra `data`"):
        list(LogReader(path, "a.log"))


def test_an_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"")
    reader, lines = read(path)
    assert (lines, reader.lines, reader.problem) == ([], 0, None)


@pytest.mark.parametrize("seed", range(25))
def test_ranges_and_windows_deliver_every_character_once(tmp_path, monkeypatch, seed):
    for name, value in (("CHUNK", 1500), ("WINDOW", 4096), ("OVERLAP", 256)):
        monkeypatch.setattr(logs, name, value)
    chance = random.Random(seed)
    lines = [
        "".join(chance.choice("abcé€😀 1") for _ in range(chance.choice([0, 5, 100, 1000, 9000, 30000])))
        for _ in range(chance.randrange(1, 20))
    ]
    raw = ("\n".join(lines) + chance.choice(["", "\n"])).encode()
    path = tmp_path / "a.log"
    path.write_bytes(raw)
    step = chance.choice([len(raw) or 1, 700, 5000, 20000])
    got = []
    for start in range(0, len(raw), step):
        got += read(path, start, min(start + step, len(raw)), line_cap=2000)[1]
    assert got == raw.decode().removesuffix("\n").split("\n")[: len(got)]
    assert len(got) == raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))


@pytest.mark.parametrize("seed", range(10))
def test_a_run_of_code_is_whole_in_the_window_that_owns_it_or_said_to_be_severed(tmp_path, monkeypatch, seed):
    for name, value in (("CHUNK", 1500), ("WINDOW", 4096), ("OVERLAP", 256)):
        monkeypatch.setattr(logs, name, value)
    chance = random.Random(seed)
    runs = [chance.choice("Qz9+") * chance.choice([3, 120, 2000, 3700, 4500, 9000]) for _ in range(30)]
    path = tmp_path / "a.log"
    path.write_text("é ".join(runs), encoding="utf-8")
    assert read(path, line_cap=2000)[1] == ["é ".join(runs)]
    at, whole, severed = 0, set(), set()
    pieces = [piece for piece in LogReader(path, "a.log", line_cap=2000) if isinstance(piece, LogWindow)]
    for run in runs:
        for piece in pieces:
            text, start = piece.data.decode(), at - piece.column
            if piece.head <= start < piece.tail and text[start : start + len(run)] == run:
                whole.add(at)
            if piece.severed == start:
                severed.add(at)
        at += len(run) + 2
    starts = [sum(map(len, runs[:place])) + 2 * place for place in range(len(runs))]
    assert whole | severed == set(starts)
    assert all(at in whole for at, run in zip(starts, runs, strict=True) if len(run) <= 3700)


def test_offsets_are_bytes_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "CHUNK", 1000)
    path = tmp_path / "a.log"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    raw = path.read_bytes()
    for piece in LogReader(path, "a.log"):
        assert raw[piece.offset : piece.offset + len(piece.data)] == piece.data


def test_a_compressed_file_is_read_by_its_first_range_alone(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert len(read(path, 0, 50)[1]) == 2000
    assert read(path, 50, 100)[1] == []


def test_a_binary_file_is_refused_in_every_range(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(bytes(range(256)) * 4000)
    for start in (0, 500_000):
        with pytest.raises(UnusableInput, match="is binary"):
            list(LogReader(path, "a.log", start, start + 1000))


def test_a_line_beyond_the_limit_is_cut_and_named(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"first\n" + b"a" * 5_000_000 + b"\nthird\n")
    reader, lines = read(path, line_limit=2_000_000)
    assert (lines[0], lines[2], reader.lines, reader.cut_lines) == ("first", "third", 3, [2])
    assert 2_000_000 <= len(lines[1]) < 2_500_000


def test_a_bomb_is_streamed_in_small_pieces(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(gzip.compress(b"a" * 60_000_000))
    assert max(len(piece.data) for piece in LogReader(path, "a.log")) <= 1 << 18


def test_the_reader_imports_nothing_heavy():
    code = "import sys, assay.targets.logs; print(sorted({'numpy', 'pydantic', 'zstandard'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"one\n" + b"\0" * 5000 + b"two\n", True),
        (b"\0" * 100_000 + b"two\n", True),
        (b"one\n" + "two\n".encode("utf-16-le") + b"three\n", True),
        (b"x" * 5000 + b"\0\n", False),
    ],
)
def test_nul_bytes_in_a_text_are_said_and_the_text_is_read(tmp_path, content, problem):
    path = tmp_path / "a.log"
    path.write_bytes(content)
    reader, lines = read(path)
    assert "\n".join(lines) == content.decode().removesuffix("\n")
    assert (reader.problem is not None) is problem
    assert not problem or reader.problem.startswith("a.log holds many NUL bytes: ")


LINE = b"served in 12 ms\n"
WIDE = "mail jo.k@acme.org\nto jane@acme.org\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [10, 60_000, (1 << 20) // 16, (1 << 20) // 16 - 1])
def test_a_small_part_in_utf_16_is_searched_and_said(tmp_path, encoding, before):
    path = tmp_path / "a.log"
    path.write_bytes(LINE * before + b"x" * 7 + WIDE.encode(encoding) + LINE * 60_000)
    reader, lines = read(path)
    found = [line.strip("\0") for line in lines if "@" in line]
    assert found == ["x" * 7 + "mail jo.k@acme.org", "to jane@acme.org"]
    assert len("\n".join(lines)) + 1 == path.stat().st_size and lines[-1] == "served in 12 ms"
    assert reader.problem.startswith("a.log holds text in UTF-16 among its lines")


APPENDED = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("kind", APPENDED)
@pytest.mark.parametrize("before", [60_000, 1 << 16, (1 << 16) - 1])
def test_packed_data_behind_a_text_are_said(tmp_path, kind, before):
    path = tmp_path / "a.log"
    path.write_bytes(LINE * before + b"y" * 12 + APPENDED[kind](LINE * 9) + LINE * 10)
    reader = LogReader(path, path.name)
    assert sum(isinstance(piece, LogBlock) for piece in reader) and reader.lines > before
    assert reader.problem.startswith(f"a.log holds compressed data ({kind}) among its lines")
