"""Tell whether bytes without a magic number are a pickle all the same: protocol 0 or 1, or no header.

CPython needs no PROTO opcode, so `cos\\nsystem\\n...` runs. The probe walks opcodes with a rough stack and
says yes when it meets STOP with a value, or when it breaks after an import that Python would have made. It
decides the *format* only; what the pickle does is read by the detector.
"""

from __future__ import annotations

import re
import sys
from mmap import mmap

MAX_OPS = 20_000
"""A walk this long without an error is a pickle."""

_IDENTIFIER = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
_OCTAL = re.compile(r"\s*[-+]?0[0-7]+\s*\Z")
_MARK, _ANY, _LIST, _DICT, _TUPLE, _GLOBAL, _SCALAR = (object() for _ in range(7))

FIXED = {0x4A: 4, 0x4B: 1, 0x4D: 2, 0x47: 8, 0x80: 1, 0x95: 8, 0x71: 1, 0x72: 4, 0x68: 1, 0x6A: 4}
FIXED |= {0x82: 1, 0x83: 2, 0x84: 4}
COUNTED = {0x54: 4, 0x55: 1, 0x58: 4, 0x8C: 1, 0x8D: 8, 0x42: 4, 0x43: 1, 0x8E: 8, 0x96: 8, 0x8A: 1, 0x8B: 4}
LINES = frozenset(b"IFLSVPpg")
_PUSH = {
    0x28: _MARK,  # (
    0x29: _TUPLE,  # )
    0x5D: _LIST,  # ]
    0x7D: _DICT,  # }
    0x8F: _ANY,  # EMPTY_SET
    0x4E: _SCALAR,  # N
    0x88: _SCALAR,
    0x89: _SCALAR,
    0x97: _ANY,  # NEXT_BUFFER
}
_PUSH |= dict.fromkeys((0x4A, 0x4B, 0x4D, 0x47), _SCALAR) | dict.fromkeys((0x68, 0x6A, 0x82, 0x83, 0x84), _ANY)
_NOTHING = frozenset((0x80, 0x95, 0x71, 0x72, 0x70, 0x94, 0x98))
_NEED = {0x71: 1, 0x72: 1, 0x70: 1, 0x94: 1, 0x98: 1}
_POP_PUSH = {0x52: (2, _ANY), 0x81: (2, _ANY), 0x92: (3, _ANY), 0x85: (1, _TUPLE), 0x86: (2, _TUPLE)}
_POP_PUSH |= {0x87: (3, _TUPLE), 0x51: (1, _ANY)}
_TO_MARK = {0x6C: _LIST, 0x74: _TUPLE, 0x64: _DICT, 0x6F: _ANY, 0x69: _ANY, 0x91: _ANY}
_INTO_TARGET = frozenset((0x65, 0x75, 0x90))


class _Break(Exception):
    """The bytes stop being a pickle here."""


def _plain(text: str) -> object:
    """Return the text, or an unknown value where an escape may spell anything."""
    return text if text.isascii() and "\\" not in text else _ANY


class _Probe:
    def __init__(self, data: bytes | mmap) -> None:
        self.data = data
        self.at = 0
        self.stack: list[object] = []
        self.imported = False
        self.need = 0
        """Where the argument ends that made the data run out; 1 << 62 for a line without an end."""

    def line(self, *, open_end: bool = False) -> str:
        """Return a line; with `open_end` one without a newline too, as Python's own unpickler takes it, less a byte."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            if not open_end:
                self.need = 1 << 62
                raise _Break
            end = max(len(self.data) - 1, self.at)
        raw = self.data[self.at : min(end, self.at + 4096)]
        if end - self.at > 4096:
            raw += self.data[max(end - 16, self.at + 4096) : end]  # a quoted text shows both quotes
        self.at = end + 1
        return raw.decode("utf-8", "replace")

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            self.need = self.at + count
            raise _Break
        chunk = self.data[self.at : self.at + count]
        self.at += count
        return chunk

    def skip(self, count: int) -> str:
        if self.at + count > len(self.data):
            self.need = self.at + count
            raise _Break
        text = self.data[self.at : self.at + min(count, 4096)].decode("utf-8", "replace")
        self.at += count
        return text

    def pop(self, count: int) -> None:
        if len(self.stack) < count or _MARK in self.stack[-count:]:
            raise _Break
        del self.stack[-count:]

    def pop_mark(self) -> list[object]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                items = self.stack[index + 1 :]
                del self.stack[index:]
                return items
        raise _Break

    def imports(self, module: object, name: object) -> None:
        """Note an import that Python could make; others count only once something imported is called."""
        if isinstance(module, str) and isinstance(name, str):
            known = module.split(".")[0] in sys.stdlib_module_names or module == "__builtin__"
            if known and _IDENTIFIER.match(module) and _IDENTIFIER.match(name):
                self.imported = True
        else:
            self.imported = True

    def called(self, op: int) -> None:
        """A call of something imported makes a broken file a pickle, whatever the module is called."""
        below = {0x52: 2, 0x81: 2, 0x92: 3}.get(op)
        if below is None:
            function = _GLOBAL in self.stack and _MARK in self.stack
        else:
            function = len(self.stack) >= below and self.stack[-below] is _GLOBAL
        self.imported = self.imported or function

    def step(self) -> bool:
        """Take one opcode; True at STOP."""
        op = self.take(1)[0]
        if op == 0x2E:
            if not self.stack or self.stack[-1] is _MARK:
                raise _Break
            return True
        if op in (0x52, 0x81, 0x92, 0x6F):
            self.called(op)
        if op in LINES:
            self.textual(op)
        elif op in COUNTED:
            text = self.skip(int.from_bytes(self.take(COUNTED[op]), "little"))
            self.stack.append(text if op in (0x54, 0x55, 0x58, 0x8C, 0x8D) else _SCALAR)
        elif op in (0x63, 0x69, 0x93):
            self.global_opcode(op)
        else:
            self.plain(op)
        return False

    def plain(self, op: int) -> None:
        """Opcodes whose argument, if any, has a fixed width."""
        if op in FIXED:
            argument = self.take(FIXED[op])
            if op == 0x80 and argument[0] > 5:
                raise _Break
        if op in _NEED and not self.stack:
            raise _Break
        if op in _PUSH:
            self.stack.append(_PUSH[op])
        elif op in _POP_PUSH:
            count, result = _POP_PUSH[op]
            self.pop(count)
            self.stack.append(result)
        elif op in _TO_MARK:
            self.pop_mark()
            self.stack.append(_TO_MARK[op])
        elif op in _INTO_TARGET:
            if self.pop_mark():  # adding nothing is allowed on anything
                self.target()
        elif op == 0x31:
            self.pop_mark()
        elif op == 0x30:
            if not self.stack:
                raise _Break
            self.stack.pop()
        elif op == 0x32:
            if not self.stack or self.stack[-1] is _MARK:
                raise _Break
            self.stack.append(self.stack[-1])
        elif op in (0x61, 0x73):
            self.pop(2 if op == 0x73 else 1)
            self.target()
        elif op == 0x62:  # a state of None is allowed on anything
            self.pop(1)
        elif op not in _NOTHING:
            raise _Break

    def target(self) -> None:
        """APPEND and its like need a container or an object below."""
        if not self.stack or isinstance(self.stack[-1], str) or self.stack[-1] in (_MARK, _SCALAR):
            raise _Break

    def global_opcode(self, op: int) -> None:
        if op == 0x93:
            if len(self.stack) < 2:
                raise _Break
            module, name = self.stack[-2:]
            self.pop(2)
            self.imports(module, name)
            self.stack.append(_GLOBAL)
            return
        module, name = self.line(open_end=True), self.line(open_end=True)
        self.imports(module, name)
        if op == 0x69:
            self.pop_mark()  # INST calls at once
            self.imported = self.imported or bool(_IDENTIFIER.match(module) and _IDENTIFIER.match(name))
        self.stack.append(_GLOBAL)

    def textual(self, op: int) -> None:
        """Opcodes whose argument is a line of text; numbers must be numbers, or every essay is a pickle."""
        text = self.line()
        number = text.split("\0", 1)[0]  # C reads up to a zero byte, and leading zeros as octal
        try:
            if op == 0x49:
                int(number, 8 if _OCTAL.match(number) else 0)
            elif op == 0x4C:
                int(number.removesuffix("L"), 0)
            elif op == 0x46:
                float(number)
            elif op in (0x67, 0x70):
                int(number)
        except ValueError:
            raise _Break from None
        if op == 0x53:
            text = text.rstrip()
            if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
                raise _Break
            self.stack.append(_plain(text[1:-1]))
        elif op == 0x56:
            self.stack.append(_plain(text))
        elif op != 0x70:
            self.stack.append(_ANY if op in (0x67, 0x50) else _SCALAR)
        elif not self.stack:
            raise _Break


def wants_more(head: bytes) -> int:
    """Return how many bytes would have to be seen to tell whether `head` begins a pickle; 0 where it is decided.

    Args:
        head: the first bytes of something longer.
    """
    start: int | None = 0
    for _ in range(MAX_SENTENCES):
        if start is None:
            return 0
        probe = _Probe(head)
        probe.at = start
        try:
            for _ in range(MAX_OPS):
                if probe.step():
                    break
        except _Break:
            return probe.need
        start = _sentence(head, start)
    return 0


_CONSTANT = {0x47: 8, 0x4A: 4, 0x4B: 1, 0x4D: 2, 0x4E: 0}
"""Opcodes with a capital letter that put one number, or None, on the stack: a sentence may begin with them."""
_COUNTED_CONSTANT = frozenset(b"CU")
"""Opcodes with a capital letter whose next byte is the length of a text: as in `Copyright`."""
_STOP = re.compile(rb"[2N)\]}]{0,3}\.")
"""STOP, and opcodes before it that add or repeat plain values: `1.2.` repeats a number."""
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_ENCODED = (b"gA", b"80")
"""How a pickle begins in base64 and in hex."""
MAX_SENTENCES = 100


def looks_like_pickle(data: bytes | mmap) -> bool:
    """Say whether Python would unpickle `data`: STOP is reached, or an import is made before it breaks.

    Prose such as `Git v2.31.7 Release Notes` is a pickle of one number to Python, with text behind it. That is no
    pickle where every byte is text and what follows, which a second call would read, is none either.
    """
    if not _probe(data, 0):
        return False
    start, left = _sentence(data, 0), MAX_SENTENCES
    if start is None or _UNPRINTABLE.search(data):
        return True
    while start is not None and left:
        if not _probe(data, start):
            return False
        start, left = _sentence(data, start), left - 1
    return True


def _probe(data: bytes | mmap, start: int) -> bool:
    probe = _Probe(data)
    probe.at = start
    try:
        for _ in range(MAX_OPS):
            if probe.step():
                return True
    except _Break:
        return probe.imported
    return True


def _sentence(data: bytes | mmap, start: int) -> int | None:
    """Return where text goes on behind a constant and a full stop that may be the beginning of it; None elsewhere."""
    first = data[start]
    at = start + 1
    if first in _COUNTED_CONSTANT:
        end = at + 1 + data[at]
        text = bytes(data[at + 1 : end])
        if text.startswith(_ENCODED) or _probe(text, 0):
            return None
    elif first in _CONSTANT:
        end = at + _CONSTANT[first]
    else:
        return None
    stop = _STOP.match(data, end)
    if stop is None:
        return None
    behind = data[stop.end() : stop.end() + 200]
    if not (behind.strip() or (behind and first in _COUNTED_CONSTANT)):
        return None
    try:
        data[start : stop.end()].decode("utf-8")
    except UnicodeDecodeError:
        return None
    return stop.end()
