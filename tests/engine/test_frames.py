"""Frames: what goes in comes out; what is no frame is refused, and nothing is executed or allocated for it."""

import io
import json
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.engine import frames
from assay.engine.frames import FrameError, decode, encode


def read_from(data: bytes):
    stream = io.BytesIO(data)

    def read(length):
        part = stream.read(length)
        if len(part) < length:
            raise EOFError
        return part

    return read


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
).filter(lambda value: "$npy" not in str(value))


@given(plain)
def test_plain_data_round_trip(value):
    assert decode(read_from(encode(value))) == value


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "bool", "U3", "S2"])
def test_arrays_round_trip(dtype):
    array = np.zeros((2, 3), dtype)
    back = decode(read_from(encode({"a": [array], "b": np.float64(2.5)})))
    assert back["a"][0].dtype == array.dtype
    assert np.array_equal(back["a"][0], array)
    assert back["b"] == 2.5


def npy(array, **changes):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=True)
    return stream.getvalue()


def raw(body, blobs=(), sizes=None, magic=b"ASSY"):
    header = json.dumps({"body": body, "blobs": sizes if sizes is not None else [len(b) for b in blobs]}).encode()
    return magic + struct.pack(">I", len(header)) + header + b"".join(blobs)


FIRED = []


class Bomb:
    def __reduce__(self):
        return FIRED.append, (1,)


HOSTILE = {
    "a pickle": pickle.dumps(Bomb()),
    "wrong magic": raw({}, magic=b"XXXX"),
    "not JSON": b"ASSY" + struct.pack(">I", 4) + b"nope",
    "no header keys": b"ASSY" + struct.pack(">I", 2) + b"{}",
    "a header of 4 GB": b"ASSY\xff\xff\xff\xff",
    "an array of 1 GB that is only declared": raw({"$npy": 0}, sizes=[1 << 30]),
    "many arrays that are over the limit together": raw({}, sizes=[1 << 29] * 3),
    "negative size": raw({}, sizes=[-1]),
    "size that is text": raw({}, sizes=["9"]),
    "array that is not there": raw({"$npy": 3}),
    "array index that is a flag": raw({"$npy": True}, [npy(np.zeros(2))]),
    "array of objects": raw({"$npy": 0}, [npy(np.array([Bomb()], dtype=object))]),
    "array cut short": raw({"$npy": 0}, [npy(np.zeros(9))[:-5]]),
    "array with trailing bytes": raw({"$npy": 0}, [npy(np.zeros(9)) + b"x"]),
    "array that declares 1 TB": raw({"$npy": 0}, [npy(np.zeros(1)).replace(b"(1,)", b"(9999999999,)")]),
    "array that is a pickle": raw({"$npy": 0}, [pickle.dumps(Bomb())]),
    "nested 5000 deep": b"ASSY" + struct.pack(">I", 10024) + b'{"body":' + b"[" * 5000 + b"]" * 5000 + b', "blobs":[]}' + b" " * 3,
    "a million empty lists": raw([[]] * 1_000_001),
    "nested 100 deep": raw(json.loads("[" * 100 + "]" * 100)),
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_frames_are_refused_and_nothing_fires(data):
    with pytest.raises((FrameError, EOFError)):
        decode(read_from(data))
    assert not FIRED


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, np.array([None]), b"bytes", {"a": {1, 2}}],
    ids=["object", "key", "objects", "bytes", "set"],
)
def test_what_is_not_plain_does_not_travel(value):
    with pytest.raises(FrameError):
        encode(value)


def test_limits_are_what_the_module_says(monkeypatch):
    monkeypatch.setattr(frames, "MAX_HEADER", 10)
    with pytest.raises(FrameError, match="too large"):
        encode("x" * 100)
