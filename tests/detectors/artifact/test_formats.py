"""Formats around pickles: each with a planted fault, then the ordinary file."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

EVIL = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
GOOD = pickle.dumps({"a": 1})


def _found(result: dict[str, Any]) -> list[str]:
    return [finding["name"] for finding in result["findings"]]


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress], ids=["gzip", "bz2", "xz", "zlib"]
)
def test_compressed_pickles(pack: Any, read: Any) -> None:
    assert _found(read(pack(EVIL))) == ["os.system"]
    assert read(pack(GOOD))["complete"]
    assert not read(pack(GOOD)[:-9])["complete"]


def test_a_second_compressed_stream_is_read_too(read: Any) -> None:
    assert _found(read(gzip.compress(GOOD) + gzip.compress(EVIL))) == ["os.system"]


def test_lz4_frames(read: Any) -> None:
    blocks = [(len(EVIL) | 1 << 31).to_bytes(4, "little") + EVIL, bytes(4)]
    frame = b"\x04\x22\x4d\x18\x60\x40\x82" + b"".join(blocks)
    assert _found(read(frame)) == ["os.system"]


def test_an_lz4_block_with_a_match() -> None:
    from assay_detectors.artifact.lz4 import _block

    assert _block(b"\x12a\x01\x00\x10b", b"") == b"aaaaaaab"


def test_a_decompression_bomb_ends_soon(read: Any) -> None:
    started = time.process_time()
    result = read(gzip.compress(b"\x80\x04C\x01a0" + bytes(300 << 20), 1))
    assert not result["complete"]
    assert time.process_time() - started < 10


def _joblib(path: Path, value: Any, **options: Any) -> bytes:
    import joblib

    joblib.dump(value, path, **options)
    return path.read_bytes()


def test_joblib_arrays_are_passed_over_and_what_follows_is_read(read: Any, tmp_path: Path) -> None:
    import numpy as np

    value = [np.arange(1000.0), np.array(["a", None], dtype=object), np.zeros((0, 3)), np.array(["x", "yy"])]
    good = _joblib(tmp_path / "m.joblib", value)
    result = read(good)
    assert result["format"] == "joblib" and result["complete"] and not result["total"], result
    planted = good[:-1] + b"0" + EVIL[2:]
    assert _found(read(planted)) == ["os.system"]
    assert not read(good[:-600])["complete"]


@pytest.mark.parametrize("compress", [("zlib", 3), ("xz", 1)])
def test_compressed_joblib(compress: Any, read: Any, tmp_path: Path) -> None:
    import numpy as np

    result = read(_joblib(tmp_path / "m.joblib", {"w": np.arange(99.0)}, compress=compress))
    assert result["complete"] and not result["total"], result


def test_array_bytes_that_are_opcodes_for_pickle_are_found(read: Any, tmp_path: Path) -> None:
    import numpy as np

    payload = b"cos\nsystem\n(S'ls'\ntR."
    good = _joblib(tmp_path / "m.joblib", np.frombuffer(payload, dtype=np.uint8))
    without = good.replace(b"numpy_array_alignment_bytes", b"numpy_array_alignment_bytez")
    start = without.index(payload)
    pad = next(n for n in range(1, 17) if without[start - n - 1] == n and without[start - n : start] == b"\xff" * n)
    without = without[: start - pad - 1] + payload + without[start + len(payload) :]
    assert "os.system" in _found(read(without))


def test_npy_with_objects_is_a_pickle_and_numbers_are_not(read: Any) -> None:
    import numpy as np

    out = io.BytesIO()
    np.save(out, np.arange(9.0))
    assert read(out.getvalue())["complete"]
    assert not read(out.getvalue() + EVIL)["complete"]
    out = io.BytesIO()
    np.save(out, np.array([1, None], dtype=object), allow_pickle=True)
    raw = out.getvalue()
    assert read(raw)["complete"]
    head = raw[: 10 + int.from_bytes(raw[8:10], "little")]
    assert _found(read(head + EVIL)) == ["os.system"]


def _zip(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_a_wrong_checksum_does_not_hide_a_member(read: Any) -> None:
    raw = bytearray(_zip([("a/data.pkl", EVIL)]))
    crc = zlib.crc32(EVIL).to_bytes(4, "little")
    broken = bytes(raw).replace(crc, b"\x01\x02\x03\x04")
    result = read(broken)
    assert _found(result) == ["os.system"] and not result["complete"]


def test_local_header_and_directory_must_agree(read: Any) -> None:
    raw = _zip([("a/data.pkl", GOOD)])
    assert read(raw)["complete"]
    changed = raw.replace(b"a/data.pkl", b"a/data.txt", 1)
    assert any("different names" in reason for reason in read(changed)["reasons"])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(read: Any) -> None:
    result = read(_zip([("a/data.pkl", EVIL), ("a/data.pkl", GOOD)]))
    assert _found(result) == ["os.system"] and not result["complete"]


def test_a_member_outside_the_file(read: Any) -> None:
    raw = bytearray(_zip([("a/data.pkl", GOOD)]))
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 42 : entry + 46] = (1 << 31).to_bytes(4, "little")
    result = read(bytes(raw))
    assert not result["complete"] and "outside the file" in result["reasons"][0]


def test_a_pickle_with_a_zip_at_its_end_is_read_both_ways(read: Any) -> None:
    result = read(GOOD + _zip([("a/data.pkl", EVIL)]))
    assert _found(result) == ["os.system"] and not result["complete"]


def test_tar_members(read: Any) -> None:
    for data, names in ((EVIL, ["os.system"]), (GOOD, [])):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            info = tarfile.TarInfo("x" * 150 + "/m.pkl")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        result = read(out.getvalue())
        assert _found(result) == names and result["complete"]


def test_containers_within_containers_end(read: Any) -> None:
    data = EVIL
    for _ in range(20):
        data = gzip.compress(data)
    result = read(data)
    assert not result["complete"] and "within each other" in result["reasons"][0]


def test_skops_types_are_judged_by_the_same_list(read: Any) -> None:
    node = {
        "__class__": "LogisticRegression",
        "__module__": "sklearn.linear_model._logistic",
        "__loader__": "ObjectNode",
    }
    assert read(_zip([("schema.json", json.dumps(node).encode())]))["complete"]
    node |= {"content": {"__class__": "Popen", "__module__": "subprocess", "__loader__": "ObjectNode"}}
    assert _found(read(_zip([("schema.json", json.dumps(node).encode())]))) == ["subprocess.Popen"]


def test_real_skops_files_are_zero(read: Any) -> None:
    import skops.io
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    result = read(skops.io.dumps(model))
    assert result["format"] == "skops" and result["complete"] and not result["total"], result


def test_safetensors_header_is_strict(read: Any) -> None:
    def build(entry: dict[str, Any], data: bytes) -> bytes:
        header = json.dumps({"w": entry}).encode()
        return struct.pack("<Q", len(header)) + header + data

    good = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    assert read(build(good, bytes(8)))["complete"]
    assert not read(build(good, bytes(9)))["complete"]
    assert not read(build(good | {"shape": [3]}, bytes(8)))["complete"]


def _onnx(domain: str = "", location: str | None = None) -> bytes:
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("Relu", ["x"], ["y"], domain=domain)
    io_ = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    if location is not None:
        tensor.ClearField("float_data")
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location
    graph = helper.make_graph([node], "g", io_[:1], io_[1:], [tensor])
    return onnx.ModelProto.SerializeToString(helper.make_model(graph))


def test_onnx_domains_and_external_paths(read: Any) -> None:
    assert read(_onnx())["complete"] and not read(_onnx())["total"]
    assert _found(read(_onnx("evil.ops"))) == ["evil.ops::Relu"]
    assert _found(read(_onnx(location="../../etc/passwd"))) == ["external data ../../etc/passwd"]
    assert not read(_onnx(location="weights.bin"))["total"]


def test_torchscript_is_read_with_its_code(read: Any) -> None:
    members = [("m/data.pkl", GOOD), ("m/code/__torch__.py", b"class A:\n  pass\n"), ("m/constants.pkl", b"\x80\x02).")]
    assert read(_zip(members))["format"] == "torchscript"
    members[1] = ("m/code/__torch__.py", b"def f(x):\n  ops.evil.run(x)\n  return x\n")
    assert _found(read(_zip(members)))
