"""Data beside models is walked to its end: vocabularies, records, MessagePack, media, empty files; nothing hides in it."""

from __future__ import annotations

import gzip
import io
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.targets import sniff
from assay.targets.data_probe import masked_crc
from assay_detectors.artifact import beside
from assay_detectors.artifact.reading import read_artifact

Read = Callable[[bytes], dict[str, Any]]


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text: str, score: float = 0.0, kind: int = 0) -> bytes:
    inner = field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + (field(3, kind) if kind else b"")
    return field(1, inner)


PIECES = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + b"".join(piece(f"▁w{n}", -n) for n in range(300))
TRAINER = field(1, b"/data/text.txt") + field(2, b"spm") + field(4, 300) + field(31, b"\n\n") + b"\x55" + bytes(4)
VOCABULARY = PIECES + field(2, TRAINER) + field(3, field(1, b"nmt_nfkc") + field(2, os.urandom(300))) + field(5, b"")
NODE = field(1, field(1, b"x") + field(2, b"PyFunc"))


def record(body: bytes) -> bytes:
    length = struct.pack("<Q", len(body))
    return length + struct.pack("<I", masked_crc(length)) + body + struct.pack("<I", masked_crc(body))


EVENTS = b"".join(record(b"\x09" + os.urandom(23 + n)) for n in range(50))


def text(value: bytes) -> bytes:
    return bytes([0xA0 + len(value)]) + value


def array(kind: int = 1, dtype: bytes = b"float32", numbers: bytes = bytes(400)) -> bytes:
    body = b"\x93\x92\x0a\x0a" + text(dtype) + b"\xc5" + struct.pack(">H", len(numbers)) + numbers
    return b"\xc8" + struct.pack(">H", len(body)) + bytes([kind]) + body


FLAX = b"\x83" + text(b"params") + b"\x81" + text(b"kernel") + array() + text(b"step") + array(3, b"int32", bytes(4))
FLAX += text(b"list") + b"\x93\x01\xc0\xcb" + bytes(8)


def clean(found: dict[str, Any]) -> bool:
    return found["complete"] and not found["total"] and not found["anomalies"]


@pytest.mark.parametrize(
    ("data", "form", "is_data"),
    [(VOCABULARY, sniff.SENTENCEPIECE, True), (EVENTS, sniff.TFRECORD, True), (FLAX, sniff.MSGPACK, False)],
    ids=["vocabulary", "records", "flax"],
)
def test_honest_data_is_read_to_its_end(read: Read, data: bytes, form: str, is_data: bool) -> None:
    found = read(data)
    assert (found["format"], found["reasons"], found["data"]) == (form, [], is_data)
    assert clean(found)


@pytest.mark.parametrize(
    "data",
    [
        VOCABULARY + field(6, b"x"),
        VOCABULARY + NODE,
        VOCABULARY[:-1],
        VOCABULARY + b"\x80\x04N.",
        PIECES + field(2, NODE),
        PIECES + field(2, field(2, field(2, NODE))),
        PIECES + field(2, field(1, NODE)),
        PIECES + field(7, NODE),
        PIECES + field(1, field(1, b"\xff\xfe")),
        EVENTS + b"x",
        EVENTS[:-6],
        EVENTS[:40] + b"\x00" + EVENTS[41:],
        FLAX + b"\x80\x04N.",
        FLAX[:-3],
        FLAX.replace(b"float32", b"object_"),
        b"\x81" + text(b"x") + array(5),
        b"\x81" + text(b"x") + array()[:-1],
        b"\x81" + text(b"x") + b"\xc1",
        b"\x83" + text(b"nd") + b"\xc3" + text(b"kind") + text(b"O") + text(b"data") + text(b"cos\nsystem\n."),
    ],
)
def test_anything_else_in_them_is_never_clean(read: Read, data: bytes) -> None:
    found = read(data)
    assert found["reasons"] or found["total"]


def test_arrays_of_numbers_as_msgpack_numpy_writes_them_pass(read: Read) -> None:
    data = b"\x83" + text(b"nd") + b"\xc3" + text(b"kind") + text(b"") + text(b"type") + text(b"<f4")
    assert clean(read(data + b""))


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\xa1a\xdd\xff\xff\xff\xff" + bytes(40_000),
        b"\x81\xa1a" * 30_000,
        b"\x81\xa1a\xc6\xff\xff\xff\xff",
        record(b"") * 40_000,
        piece("a") * 3 + field(1, field(1, b"")) * 40_000,
    ],
    ids=["values", "depth", "length", "records", "entries"],
)
def test_hostile_data_ends_at_a_limit(read: Read, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MAX_VALUES", "MAX_RECORDS", "MAX_ENTRIES"):
        monkeypatch.setattr(beside, limit, 20_000)
    start = time.process_time()
    assert {anomaly["rule"] for anomaly in read(data)["anomalies"]} <= {"bomb", "cut-off"}
    assert not read(data)["complete"]
    assert time.process_time() - start < 2


BITMAP = b"BM" + struct.pack("<IIIIiiHH", 78, 0, 54, 40, 2, 2, 1, 24) + bytes(48)
ICON = b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0" + struct.pack("<II", 40, 22) + bytes(40)
FONT = b"\0\1\0\0\0\3" + bytes(6) + b"".join(n + struct.pack(">III", 0, 60, 4) for n in (b"cmap", b"glyf", b"head"))
MEDIA = {
    "webp": (b"RIFF\x2a\0\0\0WEBPVP8 " + bytes(34), sniff.IMAGE),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0" + bytes(20), sniff.MEDIA),
    "mp4": (b"\0\0\0\x18ftypmp42" + bytes(60), sniff.MEDIA),
    "bmp": (BITMAP, sniff.IMAGE),
    "ico": (ICON, sniff.IMAGE),
    "ttf": (FONT + bytes(16), sniff.FONT),
    "otf": (b"OTTO" + FONT[4:] + bytes(16), sniff.FONT),
    "woff2": (b"wOF2\0\1\0\0" + bytes(60), sniff.FONT),
    "mp3": (b"ID3\x03" + bytes(60), sniff.MEDIA),
    "mp3 without a tag": ((b"\xff\xfb\x90\x00" + bytes(413)) * 4, sniff.MEDIA),
    "flac": (b"fLaC\0\0\0\x22" + bytes(60), sniff.MEDIA),
    "ogg": (b"OggS\0\2" + bytes(60), sniff.MEDIA),
    "folder view": (b"\0\0\0\1Bud1" + bytes(60), sniff.FOLDER_VIEW),
}


@pytest.mark.parametrize("case", MEDIA)
def test_media_are_data(read: Read, case: str) -> None:
    data, form = MEDIA[case]
    found = read(data)
    assert (found["format"], found["data"], found["reasons"]) == (form, True, [])


@pytest.mark.parametrize("data", [BITMAP[:14] + bytes(60), ICON[:20] + b"\xff\xff", FONT, b"BM" + bytes(70)])
def test_a_short_mark_alone_is_no_medium(read: Read, data: bytes) -> None:
    assert read(data)["reasons"] == ["its format is not known"]


@pytest.mark.parametrize("mark", [b"ID3\x03" + bytes(5), b"\x89PNG\r\n\x1a\n" + bytes(2), b"II*\0" + bytes(5)])
@pytest.mark.parametrize("graph", [field(7, NODE), field(2, field(2, NODE)), NODE], ids=["onnx", "saved", "graph"])
def test_a_mark_in_front_of_a_graph_hides_nothing(read: Read, mark: bytes, graph: bytes) -> None:
    """A loader of protobuf takes the mark for a field that it does not know."""
    assert sniff.sniff_bytes(mark + b"\xff" * 60) != sniff.BINARY
    assert read(mark + graph)["reasons"]


def test_hdf5_behind_an_image_is_read(read: Read) -> None:
    assert read(b"\x89PNG\r\n\x1a\n".ljust(512, b"\xff") + b"\x89HDF\r\n\x1a\n" + bytes(99))["format"] == sniff.HDF5


@pytest.mark.parametrize("name", ["__init__.py", ".gitkeep", "notes.md", "LICENSE", "a.txt", "config.json"])
def test_an_empty_file_that_promises_no_model_holds_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    found = read_artifact(tmp_path / name)
    assert (found["data"], found["reasons"], found["notes"]) == (True, [], ["it is empty"])


@pytest.mark.parametrize("name", ["model.pkl", "pytorch_model.bin", "a.tar.gz", "m.data-00000-of-00001", "X.ONNX"])
def test_an_empty_model_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    found = read_artifact(tmp_path / name)
    assert (found["data"], found["reasons"]) == (False, ["it is empty"])


def test_an_empty_file_that_is_declared_as_the_model_is_not_clean(tmp_path: Path, scan: Any) -> None:
    (tmp_path / "model").touch()
    result = scan(model="model")
    assert result.measurements
    assert all(m.interval is not None and m.interval.high is None for m in result.measurements)


@pytest.mark.parametrize(
    "data", [b"A\n3\n262657\n197888\n5\nUTF-8\n", b"A\n2\n262657\n", b"RDA3\nA\n3\n", b"RDX2\nX\n"]
)
def test_objects_of_r_in_text_are_not_data(read: Read, data: bytes) -> None:
    assert read(data)["reasons"] == ["its format is not known"]


PROSE = [
    b"Git v2.31.7 Release Notes\n=========\n\nFixes.\n",
    b"Git 1.7.12.2 Release Notes\n",
    b"K2. The second mountain.\n",
    b"Mrs. Smith\n",
    b"N. Korea\nS. Korea\n",
    b"Copyright".ljust(113, b"x") + b". All rights reserved.\n",
    b"GGUF is a format for models.\n",
    b"PARENT_DIRECTORY\n----------------\n",
]


@pytest.mark.parametrize("data", PROSE)
def test_prose_that_begins_with_opcodes_is_text(read: Read, data: bytes) -> None:
    found = read(data)
    assert found["format"] in (sniff.TEXT, sniff.CSV)
    assert clean(found)


CALL = b"cposix\nsystem\n(S'id'\ntR."


@pytest.mark.parametrize(
    "data",
    [
        b"Git v2.31." + CALL,
        b"Git v2.31.K2." + CALL,
        b"N.N.N." + CALL + b" and so on",
        b"K2." * 2000 + b"x",
        b"U" + bytes([len(CALL)]) + CALL + b". Text",
        b"C0" + b"gASVIQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSF" + b". Text\n",
        b"Git v2.31.7 \x00\x01",
    ],
)
def test_a_pickle_behind_a_constant_is_still_one(read: Read, data: bytes) -> None:
    found = read(data)
    assert found["format"] not in (sniff.TEXT, sniff.CSV)
    assert found["reasons"] or found["total"]


LONG = [
    b"S'" + b"A" * 200_000 + b"'\n0" + CALL,
    b"V" + b"A" * 200_000 + b"\n0" + CALL,
    b"(lp0\n" + b"".join(b"S'%s'\np%d\na" % (b"x" * 100, n) for n in range(1, 3000)) + CALL[:-1] + b"a.",
    (b"C\x7f" + b"a" * 127 + b".") * 600 + CALL,
]


@pytest.mark.parametrize("data", LONG, ids=["text", "line", "list", "constants"])
def test_a_packed_pickle_that_begins_with_long_text_is_found(read: Read, data: bytes) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("notes.txt", data)
    for packed in (data, gzip.compress(data), archive.getvalue()):
        assert [finding["name"] for finding in read(packed)["findings"]] == ["posix.system"]


@pytest.mark.parametrize("data", [b"The text. " * 20_000, b"Species of text " * 10_000, b"S'" * 50_000])
def test_packed_prose_that_begins_like_a_pickle_is_text(read: Read, data: bytes) -> None:
    assert clean(read(gzip.compress(data)))
