"""GGUF: chat templates reach their judge, and no count or length is believed before it is checked."""

from __future__ import annotations

import io
import struct
import time
from typing import Any

import pytest

from assay_detectors.artifact.gguf import read_gguf
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Held, Unread

UINT32, STRING, ARRAY = 4, 8, 9
CHAT = "tokenizer.chat_template"


class Builder:
    """Writes a GGUF file; `wide` says whether lengths have eight bytes (version 2 and later)."""

    def __init__(self, order: str = "<", version: int = 3) -> None:
        self.order, self.version = order, version
        self.length = "Q" if version > 1 else "I"
        self.keys: list[bytes] = []
        self.tensors: list[bytes] = []

    def pack(self, form: str, *values: Any) -> bytes:
        return struct.pack(self.order + form.replace("N", self.length), *values)

    def text(self, value: str) -> bytes:
        return self.pack("N", len(value.encode())) + value.encode()

    def string(self, key: str, value: str) -> Builder:
        self.keys.append(self.text(key) + self.pack("I", STRING) + self.text(value))
        return self

    def number(self, key: str, value: int) -> Builder:
        self.keys.append(self.text(key) + self.pack("II", UINT32, value))
        return self

    def strings(self, key: str, values: list[str]) -> Builder:
        head = self.text(key) + self.pack("IIN", ARRAY, STRING, len(values))
        self.keys.append(head + b"".join(map(self.text, values)))
        return self

    def tensor(self, name: str, count: int, offset: int) -> Builder:
        self.tensors.append(self.text(name) + self.pack("INIQ", 1, count, 0, offset))
        return self

    def build(self, data: int = 0) -> bytes:
        head = b"GGUF" + self.pack("INN", self.version, len(self.tensors), len(self.keys))
        head += b"".join(self.keys) + b"".join(self.tensors)
        return head + bytes(-len(head) % 32 + data) if self.tensors else head


def _read(data: bytes, length: bool = True) -> tuple[list[str], Report]:
    seen: list[str] = []
    report = Report()

    def judge(text: str, report: Report, offset: int | None = None, where: str = "", *, required: bool = True) -> None:
        assert offset is not None
        assert data[offset : offset + len(text.encode())] == text.encode()
        seen.append(f"{text}|{required}")

    try:
        read_gguf(Held(data), len(data) if length else None, report, judge)
    except Unread as error:
        report.unread(str(error), error.rule)
    return seen, report


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_and_byte_order(order: str, version: int) -> None:
    builder = Builder(order, version).string("general.architecture", "llama").string(CHAT, "{{ a }}")
    builder = builder if version == 1 else builder.tensor("t", 8, 0).tensor("u", 8, 32)
    seen, report = _read(builder.build(64))
    assert seen == ["{{ a }}|True"]
    assert not report.reasons and not report.anomalies


def test_templates_are_found_wherever_they_stand() -> None:
    builder = Builder().string(CHAT, "{{ a }}").string(f"{CHAT}.tool_use", "no marks")
    builder.string("general.description", "see {% x %}").string("general.url", "https://example.org/{x}")
    builder.strings("own.things", ["{{ b }}", "{"]).strings("tokenizer.chat_templates", ["tool_use"])
    builder.strings("tokenizer.ggml.tokens", ["{{ c }}", "{%"])
    assert _read(builder.build())[0] == ["{{ a }}|True", "no marks|True", "see {% x %}|False", "{{ b }}|False"]


def test_a_key_that_is_there_twice_has_both_values_judged() -> None:
    seen, report = _read(Builder().string(CHAT, "{{ a }}").string(CHAT, "{{ b }}").build())
    assert seen == ["{{ a }}|True", "{{ b }}|True"]
    assert [anomaly["rule"] for anomaly in report.anomalies.values()] == ["two-readings"]
    assert report.reasons


@pytest.mark.parametrize(
    ("tensors", "data", "why"),
    [
        ([("a", 8, 0), ("b", 8, 16)], 64, "not aligned"),
        ([("a", 16, 0), ("b", 8, 32)], 64, "lies upon another"),
        ([("a", 8, 0), ("b", 8, 1 << 40)], 64, "ends behind the file"),
        ([("a", 1 << 40, 0)], 64, "ends behind the file"),
        ([("a", 8, 0), ("a", 8, 32)], 64, "is there twice"),
    ],
)
@pytest.mark.parametrize("length", [True, False])
def test_tensors_that_lie_where_they_must_not(tensors: Any, data: int, why: str, length: bool) -> None:
    builder = Builder()
    for tensor in tensors:
        builder.tensor(*tensor)
    assert why in " ".join(_read(builder.build(data), length)[1].reasons)


def test_bytes_that_belong_to_no_tensor_are_noted() -> None:
    _, report = _read(Builder().tensor("a", 8, 0).build(5000))
    assert [anomaly["rule"] for anomaly in report.anomalies.values()] == ["hidden"]
    assert not report.reasons


HUGE = {
    "string": Builder().build()[:8] + struct.pack("<QQQ", 0, 1, 1 << 63) + b"x",
    "keys": Builder().build()[:8] + struct.pack("<QQ", 0, 1 << 62),
    "tensors": Builder().build()[:8] + struct.pack("<QQ", 1 << 62, 0),
    "array": Builder().build()[:8] + struct.pack("<QQQ1sIIQ", 0, 1, 1, b"k", ARRAY, STRING, 1 << 61),
    "numbers": Builder().build()[:8] + struct.pack("<QQQ1sIIQ", 0, 1, 1, b"k", ARRAY, UINT32, 1 << 61),
    "nesting": Builder().build()[:8] + struct.pack("<QQQ1sI", 0, 1, 1, b"k", ARRAY) + struct.pack("<IQ", ARRAY, 1) * 99,
    "version": b"GGUF\x09\0\0\0" + bytes(16),
    "alignment": Builder().number("general.alignment", 24).build(),
    "backwards": b"FUGG" + Builder(">").build()[4:],
    "empty": b"GGUF",
}


@pytest.mark.parametrize("data", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("length", [True, False])
def test_hostile_headers_end_soon_with_a_reason(data: bytes, length: bool) -> None:
    started = time.process_time()
    assert len(_read(data, length)[1].reasons) == 1
    assert time.process_time() - started < 1


def test_every_truncation_of_the_header_has_a_reason() -> None:
    data = Builder().string(CHAT, "{{ a }}").strings("tokenizer.ggml.tokens", ["a", "b"]).tensor("t", 8, 0).build(32)
    assert not _read(data)[1].reasons
    assert all(_read(data[:stop])[1].reasons for stop in range(len(data)))


def test_two_hundred_thousand_tokens_are_passed_quickly() -> None:
    data = Builder().strings("tokenizer.ggml.tokens", [f"token{i}{{{{" for i in range(200_000)]).build()
    started = time.process_time()
    seen, report = _read(data)
    assert time.process_time() - started < 2
    assert not seen and not report.reasons


def test_tensor_data_is_not_read() -> None:
    class Counting(Held):
        taken = 0

        def read(self, count: int) -> bytes:
            chunk = super().read(count)
            self.taken += len(chunk)
            return chunk

    source = Counting(Builder().tensor("t", 4 << 20, 0).build(16 << 20))
    read_gguf(source, len(source.data), Report(), lambda *_, **__: None)
    assert source.taken <= 1 << 20


def test_the_builder_agrees_with_the_format() -> None:
    stream = io.BytesIO(Builder().string("k", "v").build())
    assert stream.read(4) == b"GGUF"
    assert struct.unpack("<IQQ", stream.read(20)) == (3, 0, 1)
