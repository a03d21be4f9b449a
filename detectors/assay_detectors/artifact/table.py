"""The dispatch table of the symbolic unpickler, and how an opcode enters it.

A handler is `(machine, index behind the opcode) -> next index`. One that moved the window, or changed which stack, memo
or frame is in force, returns the complement `~index`.
"""

from __future__ import annotations

from collections.abc import Callable

from assay_detectors.artifact.machine import Broken, Machine

Handler = Callable[[Machine, int], int]


def _unknown(m: Machine, at: int) -> int:
    raise Broken(f"byte 0x{m.buf[at - 1]:02x} is no opcode")


TABLE: list[Handler] = [_unknown] * 256


def opcode(*codes: bytes) -> Callable[[Handler], Handler]:
    """Enter the decorated function for these opcodes."""

    def register(function: Handler) -> Handler:
        for code in codes:
            TABLE[code[0]] = function
        return function

    return register


def pushes(code: bytes, value: object) -> None:
    """Enter an opcode that pushes one constant."""

    def push(m: Machine, at: int) -> int:
        m.stack.append(value)
        return at

    TABLE[code[0]] = push


def number(m: Machine, at: int, width: int) -> int:
    """Return the little-endian number of `width` bytes at `at`."""
    if at + width > m.size:
        raise Broken("it is cut off")
    return int.from_bytes(m.buf[at : at + width], "little")
