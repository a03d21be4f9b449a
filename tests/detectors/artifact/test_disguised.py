"""What a loader would run is found, whatever the first bytes pretend to be; and data are not called a clean model."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assay.targets import sniff
from assay_detectors.artifact.reading import read_artifact

PAYLOAD = b"0cposix\nsystem\n(S'true'\ntR."
HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(64)


def live(data: bytes) -> bool:
    """Say whether Python's own unpickler would come to the import."""

    class Recorder(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            raise LookupError

    try:
        Recorder(io.BytesIO(data)).load()
    except LookupError:
        return True
    except Exception:
        return False
    return False


MARKS = sorted({magic for magic, _ in sniff._MAGIC} | {b"BZh91AY&SY", b"PK\x03\x04", b"CBM1", b"%PDF-", b"{", b"x\x9c"})


@pytest.mark.parametrize("mark", MARKS, ids=repr)
@pytest.mark.parametrize("packed", [False, True], ids=["bare", "gzip"])
def test_a_mark_in_front_of_a_pickle_hides_nothing(tmp_path: Path, mark: bytes, packed: bool) -> None:
    for fill in range(12):
        data = mark + bytes(fill) + PAYLOAD
        (tmp_path / "m").write_bytes(gzip.compress(data) if packed else data)
        found = read_artifact(tmp_path / "m")
        clean = found["complete"] and not found["total"]
        assert not (live(data) and clean), (mark, fill, found["format"])


def test_a_gif_whose_head_is_a_number_and_then_a_call(read: Any) -> None:
    data = b"GIF89a\0\0\0" + PAYLOAD
    assert live(data)
    assert [finding["name"] for finding in read(data)["findings"]] == ["posix.system"]


def test_a_tar_whose_first_name_is_a_program(read: Any) -> None:
    name = b"cposix\nsystem\n(S'id'\ntR."
    head = bytearray(512)
    head[: len(name)] = name
    head[100:108], head[124:136], head[156:157], head[257:263] = b"0000644\0", b"00000000000\0", b"0", b"ustar\0"
    head[148:156] = b"%06o\0 " % (sum(head) - sum(head[148:156]) + 256)
    assert live(bytes(head))
    assert read(bytes(head) + bytes(1024))["total"] == 1


@pytest.mark.parametrize("block", [512, 4096, 8192, 65_536, 1 << 18])
@pytest.mark.parametrize("fill", [b"a", b"\0", b"text\n"], ids=repr)
def test_hdf5_behind_a_block_of_any_size(read: Any, block: int, fill: bytes) -> None:
    data = (fill * block)[:block] + HDF5
    found = read(data)
    assert found["format"] == "hdf5" and not found["complete"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("features.dat", data)
    assert not read(out.getvalue())["complete"]


@pytest.mark.parametrize("data", [bytes(70_000) + PAYLOAD, b"X\n\0\0\0\2\0\3\6\0" + bytes(50), bytes(range(256)) * 9])
def test_bytes_with_zeros_are_no_text(read: Any, data: bytes) -> None:
    for content in (data, gzip.compress(data)):
        found = read(content)
        assert not found["data"] and not found["complete"]


def test_text_in_two_bytes_is_text(read: Any) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert read("plain words, and a few more of them\n".encode(encoding))["format"] == "utf-16 text"


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n" * 9, b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0;", b"words\n" * 9]
)
def test_a_container_of_data_is_no_clean_model(read: Any, content: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inside", content)
    for packed in (gzip.compress(content), out.getvalue(), gzip.compress(gzip.compress(content))):
        assert read(packed)["data"], read(packed)
    assert not read(gzip.compress(pickle.dumps([1])))["data"]
