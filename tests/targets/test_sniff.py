"""Formats are found by content: each named case, then what must not be mistaken for it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

import pytest

from assay.targets import sniff

VALUE = OrderedDict(a=[1, 2.5, "text"])


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    return out.getvalue()


def _safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


CASES = {
    "protocol 0": (pickle.dumps(VALUE, 0), sniff.PICKLE),
    "protocol 1": (pickle.dumps(VALUE, 1), sniff.PICKLE),
    "protocol 2": (pickle.dumps(VALUE, 2), sniff.PICKLE),
    "protocol 4": (pickle.dumps(VALUE, 4), sniff.PICKLE),
    "protocol 5": (pickle.dumps(VALUE, 5), sniff.PICKLE),
    "no header": (b"\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.", sniff.PICKLE),
    "text that imports": (b"cos\nsystem\n(S'ls'\ntR.", sniff.PICKLE),
    "text that spells a name by escapes": (b"Vos\nV\\u0073ystem\n\x93(S'ls'\ntR.", sniff.PICKLE),
    "string that spells a name by escapes": (b"S'os'\nS'\\x73ystem'\n\x93(S'ls'\ntR.", sniff.PICKLE),
    "broken after a call": (b"cos\nsystem\n(S'ls'\ntR\x00\x00", sniff.PICKLE),
    "legacy torch": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", sniff.TORCH_LEGACY),
    "joblib": (b"\x80\x04\x8c\x13joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93.", sniff.JOBLIB),
    "old joblib": (b"ZF0x26                x\x9c" + bytes(9), sniff.JOBLIB_ZF),
    "gzip": (gzip.compress(b"x" * 99), sniff.GZIP),
    "bz2": (bz2.compress(b"x" * 99), sniff.BZ2),
    "xz": (lzma.compress(b"x" * 99), sniff.XZ),
    "lzma": (lzma.compress(b"x" * 99, lzma.FORMAT_ALONE), sniff.LZMA),
    "zlib": (zlib.compress(b"x" * 99), sniff.ZLIB),
    "tar": (_tar(), sniff.TAR),
    "zip": (_zip(a=b"1"), sniff.ZIP),
    "zip behind other bytes": (b"\x00\x01\x02" * 9 + _zip(a=b"1"), sniff.ZIP),
    "torch zip": (_zip(m__data_DOT_pkl=b"N.", m__version=b"3"), sniff.TORCH_ZIP),
    "torchscript": (
        _zip(m__data_DOT_pkl=b"N.", m__code____torch___DOT_py=b"", m__constants_DOT_pkl=b"N."),
        "torchscript",
    ),
    "npz": (_zip(x_DOT_npy=b"\x93NUMPY"), sniff.NPZ),
    "skops": (_zip(schema_DOT_json=b"{}"), sniff.SKOPS),
    "keras": (_zip(config_DOT_json=b"{}", metadata_DOT_json=b"{}"), sniff.KERAS),
    "npy": (b"\x93NUMPY\x01\x00", sniff.NPY),
    "safetensors": (_safetensors(), sniff.SAFETENSORS),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(99), sniff.HDF5),
    "gguf": (b"GGUF\x03\x00\x00\x00", sniff.GGUF),
    "parquet": (b"PAR1" + bytes(9), sniff.PARQUET),
    "onnx": (b"\x08\x08\x12\x04test\x3a\x02\x12\x00\x42\x04\x0a\x00\x10\x11", sniff.ONNX),
    "json": (b'{"a": 1}', sniff.JSON),
    "jsonl": (b'{"a": 1}\n{"a": 2}\n', sniff.JSONL),
    "csv": (b"Index,age\n1,2\n3,4\n", sniff.CSV),
    "prose": (b"I am a text.\nNothing else.\n", sniff.TEXT),
    "word list": (b"cat\ndog\nmouse\n", sniff.TEXT),
    "word list with a capital": (b"cat\ndog\nRat\n", sniff.TEXT),
    "call of an unknown name": (b"cmy-module\nf\n(tR\x00", sniff.PICKLE),
    "utf-16": ("\ufeffname,age\n".encode("utf-16-le"), sniff.UTF16),
    "latin-1": ("Größe und Maß\n".encode("latin-1"), sniff.TEXT),
    "noise": (b"\x01\xff\x02\xfe" * 20, sniff.BINARY),
    "empty": (b"", sniff.EMPTY),
    "lightgbm": (b"tree\nversion=v4\nnum_class=1\n", sniff.LIGHTGBM),
}


@pytest.mark.parametrize("case", CASES)
def test_content_tells_the_format(case: str, tmp_path: Path) -> None:
    data, expected = CASES[case]
    path = tmp_path / "model.csv"
    path.write_bytes(data)
    assert sniff.sniff(path) == expected


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_no_pickle(seed: int) -> None:
    import random

    data = random.Random(seed).randbytes(4096)
    assert data[0] == 0x80 or sniff.sniff_bytes(b"\x00" + data) not in sniff.PICKLES


def test_a_pickle_whose_first_string_is_long_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"S'" + b"A" * 200_000 + b"'\n0cos\nsystem\n(S'ls'\ntR.")
    assert sniff.sniff(path) == sniff.PICKLE


def test_folders_and_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert sniff.sniff(tmp_path) == sniff.FOLDER
    assert sniff.sniff(tmp_path / "pipe") == sniff.SPECIAL


@pytest.mark.parametrize("length", [128, 640, 128 + 256 * 8])
def test_a_safetensors_header_may_begin_like_a_protocol(tmp_path: Path, length: int) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode().ljust(length)
    path = tmp_path / "m"
    path.write_bytes(struct.pack("<Q", length) + header + bytes(4))
    assert path.read_bytes()[0] == 0x80
    assert sniff.sniff(path) == sniff.SAFETENSORS
