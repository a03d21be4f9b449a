"""Opcodes that push numbers, text and bytes. What may be a pickle inside a bytes constant is kept, to be read later."""

from __future__ import annotations

import codecs
import math
import re
import warnings
from typing import Any

from assay.targets.repeats import exact
from assay_detectors.artifact import calls
from assay_detectors.artifact.machine import Broken, Machine
from assay_detectors.artifact.table import number, opcode
from assay_detectors.artifact.values import NUMBER, OPAQUE, TEXT, Blob, is_plain

MAX_HELD = 64 << 20
"""Bytes constants up to this size are held where they may be a pickle."""
_KEEP_INT = 16
_KEEP_DIGITS = 400
_OCTAL = re.compile(rb"\s*[-+]?0[0-7]+\s*\Z")
_DIGITS = re.compile(exact(rb"\s*[-+]?[0-9]++(?:_[0-9]++)*+\s*\Z"))
_FLOAT = re.compile(rb"[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf|infinity|nan)\Z", re.IGNORECASE)
TWO = "two-readings"


@opcode(b"J", b"K", b"M")
def _binint(m: Machine, at: int) -> int:
    op = m.buf[at - 1]
    width = 1 if op == 0x4B else 2 if op == 0x4D else 4
    value = number(m, at, width)
    m.stack.append(value - (1 << 32) if width == 4 and value >> 31 else value)
    return at + width


@opcode(b"G")
def _binfloat(m: Machine, at: int) -> int:
    if at + 8 > m.size:
        raise Broken("it is cut off")
    m.stack.append(NUMBER)
    return at + 8


@opcode(b"\x8a", b"\x8b")
def _long(m: Machine, at: int) -> int:
    width = 1 if m.buf[at - 1] == 0x8A else 4
    count = number(m, at, width)
    at += width
    if width == 4 and count >> 31:
        raise Broken("a number has a negative length")
    if count <= _KEEP_INT and at + count <= m.size:
        m.stack.append(int.from_bytes(m.buf[at : at + count], "little", signed=True))
        return at + count
    m.stack.append(NUMBER)
    return ~m.pass_over(at, count)


def _up_to_nul(m: Machine, line: bytes) -> bytes:
    """C takes a zero byte for the end of the text."""
    if b"\0" not in line:
        return line
    m.report.unread("a number holds a zero byte, which Python's two unpicklers read differently", TWO)
    return line.split(b"\0", 1)[0]


@opcode(b"I", b"L")
def _int_line(m: Machine, at: int) -> int:
    op = m.buf[at - 1]
    line, at = m.line(at)
    line = _up_to_nul(m, line)
    if op == 0x4C and line[-1:] == b"L":
        line = line[:-1]
    if op == 0x49 and line in (b"00", b"01"):
        m.stack.append(line == b"01")
        return ~at
    value: Any = NUMBER
    try:
        value = int(line, 0) if len(line) <= _KEEP_DIGITS else int(line, 0) and NUMBER
    except ValueError:
        if len(line) > _KEEP_DIGITS and _DIGITS.match(line):
            m.report.unread("an integer has more digits than Python reads by default", "bomb")
        elif op == 0x49 and _OCTAL.match(line):
            reason = "an integer is written with a leading zero, which Python's two unpicklers read differently"
            m.report.unread(reason, TWO, m.offset)
        else:
            raise Broken("a number is no number") from None
    m.stack.append(value)
    return ~at


@opcode(b"F")
def _float_line(m: Machine, at: int) -> int:
    line, at = m.line(at)
    line = _up_to_nul(m, line)
    try:
        value = float(line)
    except ValueError:
        raise Broken("a number is no number") from None
    if not _FLOAT.match(line) or (math.isinf(value) and b"n" not in line.lower()):
        m.report.unread("a number is written so that only one of Python's two unpicklers reads it", TWO, m.offset)
    m.stack.append(NUMBER)
    return ~at


@opcode(b"S")
def _string_line(m: Machine, at: int) -> int:
    whole, at = m.line(at)
    line = whole.strip(b" \t\r\v\f")
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise Broken("a string is not quoted")
    if len(line) != len(whole):
        m.report.unread("blanks stand around a quoted string, which only old versions of Python read", TWO, m.offset)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw: Any = codecs.escape_decode(line[1:-1])[0]
    except ValueError:
        raise Broken("a string has a broken escape") from None
    m.stack.append(raw.decode("latin-1"))
    return ~at


@opcode(b"V")
def _unicode_line(m: Machine, at: int) -> int:
    line, at = m.line(at)
    m.stack.append(line.decode("raw-unicode-escape"))
    return ~at


@opcode(b"X", b"\x8c", b"\x8d", b"T", b"U")
def _text(m: Machine, at: int) -> int:
    op = m.buf[at - 1]
    width = {0x58: 4, 0x8C: 1, 0x8D: 8, 0x54: 4, 0x55: 1}[op]
    count = number(m, at, width)
    at += width
    if count >> 31 and (op == 0x54 or count >> 62):
        raise Broken("a string is longer than any file")
    if count > MAX_HELD:
        m.report.unread(f"a text of {count} bytes is too large to hold", "bomb", m.offset)
        m.stack.append(TEXT)
        return ~m.pass_over(at, count)
    inside = at + count <= m.size
    if not inside:
        at = m.have(at, count)
    raw = m.buf[at : at + count]
    m.stack.append(raw.decode("latin-1") if op in (0x54, 0x55) else raw.decode("utf-8", "surrogatepass"))
    return at + count if inside else ~(at + count)


@opcode(b"B", b"C", b"\x8e", b"\x96")
def _bytes(m: Machine, at: int) -> int:
    op = m.buf[at - 1]
    width = {0x42: 4, 0x43: 1, 0x8E: 8, 0x96: 8}[op]
    count = number(m, at, width)
    at += width
    if count >> 62:
        raise Broken("a bytes constant is longer than any file")
    offset = m.base + at
    head = m.buf[at : at + min(count, 4096)]
    if not calls.may_be_nested(head):
        m.stack.append(Blob(head if len(head) == count <= 64 else None, offset, mutable=op == 0x96))
        end = m.pass_over(at, count)
        return end if end == at + count else ~end
    if count > MAX_HELD:
        m.report.unread(f"a bytes constant of {count} bytes may be a pickle and is too large to hold", "bomb", offset)
        m.stack.append(Blob(None, offset, mutable=op == 0x96))
        return ~m.pass_over(at, count)
    at = m.have(at, count)
    m.stack.append(calls.nested(m, m.buf[at : at + count], offset, mutable=op == 0x96))
    return ~(at + count)


@opcode(b"\x97")
def _next_buffer(m: Machine, at: int) -> int:
    m.report.unread("it takes a buffer from outside the file, which pickle.load has not", "outside", m.offset)
    m.stack.append(OPAQUE)
    return at


@opcode(b"\x98")
def _readonly_buffer(m: Machine, at: int) -> int:
    value = m.top()
    if type(value) is not Blob:
        if is_plain(value):
            raise Broken("a value that is no buffer is made read-only")
        m.report.unread("the result of a call is taken for a buffer", TWO, m.offset)
    return at
