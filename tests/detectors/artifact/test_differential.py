"""The symbolic unpickler against CPython's two: same imports, and never a clean reading of what they see differently.

Pickles are generated at random from a seed and are harmless: the recording `find_class` imports nothing.
"""

from __future__ import annotations

import io
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from assay_detectors.artifact.reading import read_artifact

NAMES = [("os", "system"), ("collections", "OrderedDict"), ("a.b", "c"), ("builtins", "eval"), ("m", "x.y")]


class _Thing:
    """What every import gives: callable, stateful, fillable."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> _Thing:
        return object.__new__(cls)

    def __call__(self, *_args: Any, **_kwargs: Any) -> _Thing:
        return _Thing()

    def __setstate__(self, _state: Any) -> None: ...

    def append(self, _item: Any) -> None: ...

    def extend(self, _items: Any) -> None: ...

    def add(self, _item: Any) -> None: ...

    def __setitem__(self, _key: Any, _value: Any) -> None: ...


def _recorder(base: type) -> tuple[type, list[str]]:
    seen: list[str] = []

    class Recorder(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            if getattr(self, "proto", 4) < 3:
                module, name = _mapped(module, name)
            seen.append(f"{module}.{name}")
            return _Thing

        def persistent_load(self, _pid: Any) -> Any:
            return _Thing()

    return Recorder, seen


def _mapped(module: str, name: str) -> tuple[str, str]:
    import _compat_pickle

    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[(module, name)]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def _load(base: type, data: bytes) -> tuple[bool, list[str]]:
    kind, seen = _recorder(base)
    try:
        kind(io.BytesIO(data)).load()
    except Exception:
        return False, seen
    return True, seen


def _text(value: str) -> bytes:
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def _opcode(rng: random.Random) -> bytes:
    """Return one opcode with a valid argument."""
    module, name = rng.choice(NAMES)
    choices: list[bytes] = [
        b"(", b")", b"]", b"}", b"N", b"\x88", b"\x89", b"0", b"1", b"2", b"t", b"l", b"d", b"u", b"e", b"s", b"a",
        b"R", b"\x81", b"b", b"o", b"\x85", b"\x86", b"\x87", b"\x94", b"\x8f", b"\x90", b"\x91", b"Q", b"\x92",
        b"K" + bytes([rng.randrange(256)]), b"M\x01\x02", b"J" + rng.randbytes(4), b"G" + rng.randbytes(8),
        b"I%d\n" % rng.randrange(99), b"L5L\n", b"F1.5\n", b"S'os'\n", b"Vsystem\n", b"U\x02os", b"C\x02ab",
        b"q" + bytes([rng.randrange(6)]), b"h" + bytes([rng.randrange(6)]), b"p%d\n" % rng.randrange(6), b"g0\n",
        b"c" + module.encode() + b"\n" + name.encode() + b"\n", _text(module) + _text(name) + b"\x93", _text(module),
        _text(name), b"\x93", b"(i" + module.encode() + b"\n" + name.encode() + b"\n", b"\x8a\x01\x05",
        b"Ppid\n", b"\x80" + bytes([rng.randrange(6)]),
    ]  # fmt: skip
    return rng.choice(choices)


def _valid_step(rng: random.Random) -> bytes:
    """Return a short piece that leaves one more value on the stack, so that long pickles stay valid."""
    module, name = rng.choice(NAMES)
    glob = rng.choice([b"c%s\n%s\n" % (module.encode(), name.encode()), _text(module) + _text(name) + b"\x93"])
    return rng.choice(
        [
            glob, glob + b")R", glob + b"K\x01\x85R", glob + b")\x81", glob + b")\x81}b", b"(" + glob + b"o",
            b"(K\x01K\x02t", b"]K\x01a", b"}K\x01Ns", b"](K\x01K\x02e", b"N\x94", glob + b"\x94", b"h\x00", b"N2\x86",
            b"(" + b"K\x01" * 40 + b"t", b"(" + b"M\x01\x01K\x05" * 12 + b"l", b"G" + bytes(8), b"\x8f(K\x01\x90",
        ]
    )  # fmt: skip


def _generate(rng: random.Random) -> bytes:
    steps = rng.randrange(1, 14)
    if rng.random() < 0.3:
        body = b"".join(_opcode(rng) for _ in range(steps))
    else:
        body = b"N\x94" + b"".join(_valid_step(rng) for _ in range(steps))
        if rng.random() < 0.2:
            at = rng.randrange(len(body))
            body = body[:at] + _opcode(rng) + body[at:]
    body += b"."
    head = b"\x80\x04" if rng.random() < 0.7 else b""
    if rng.random() < 0.3:
        length = len(body) if rng.random() < 0.6 else max(0, len(body) + rng.randrange(-8, 9))
        body = b"\x95" + length.to_bytes(8, "little") + body
    return head + body


def _check(data: bytes, path: Path) -> str:
    path.write_bytes(data)
    result = read_artifact(path)
    native_ok, native = _load(pickle.Unpickler, data)
    python_ok, python = _load(pickle._Unpickler, data)  # type: ignore[attr-defined]
    found = {finding["name"] for finding in result["findings"]}
    trusted = {"collections.OrderedDict"}
    if not result["complete"] and b"\x95" in data[:3]:
        return "unread"  # across frames CPython's C unpickler loses bytes and its Python one refuses
    if result["data"] or not result["complete"]:
        if result["format"] == "pickle":
            assert set(native) - trusted <= found | {"<computed>"}, data
        elif result["data"]:
            assert not set(native) & {"os.system", "builtins.eval"}, data
        return "unread"
    assert native_ok == python_ok, data
    assert set(native) - trusted <= found, data
    assert set(python) - trusted <= found, data
    if native_ok:
        assert found - {"<computed>"} <= set(native) | set(python), data
        return "equal"
    return "both refuse"


@pytest.mark.parametrize("seed", range(4))
def test_random_pickles_read_as_cpython_reads_them(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    outcomes = [_check(_generate(rng), tmp_path / "x.pkl") for _ in range(1000)]
    assert outcomes.count("equal") > 300


@pytest.mark.parametrize("protocol", range(6))
def test_cut_and_flipped_pickles_never_crash_and_never_lose_an_import(protocol: int, tmp_path: Path) -> None:
    rng = random.Random(protocol)

    class Evil:
        def __reduce__(self) -> Any:
            return (pickle.loads, (b"N.",))

    good = pickle.dumps([1.5, "text", (1, 2), {"k": Evil()}, list(range(300)), b"bytes" * 20], protocol)
    for _ in range(300):
        data = bytearray(good)
        if rng.random() < 0.5:
            del data[rng.randrange(len(data)) :]
        else:
            data[rng.randrange(len(data))] = rng.randrange(256)
        path = tmp_path / "x.pkl"
        path.write_bytes(bytes(data))
        result = read_artifact(path)
        if result["complete"] and not result["total"]:  # only then: a flipped memo index costs CPython gigabytes
            ok, native = _load(pickle.Unpickler, bytes(data))
            assert not ok or not any(name.endswith("pickle.loads") for name in native), bytes(data)


@pytest.mark.parametrize("value", [b"\x80\x04\x95\x03\0\0\0\0\0\0\0\x8c\x02os\x8c\x06system\x93."])
def test_a_frame_that_ends_inside_an_opcode_is_never_clean(value: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(value)
    assert not _load(pickle._Unpickler, value)[0]  # type: ignore[attr-defined]
    result = read_artifact(path)
    assert [f["name"] for f in result["findings"]] == ["os.system"]
    assert not result["complete"] and "frame" in result["reasons"][0]
