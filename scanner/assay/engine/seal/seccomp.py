"""A seccomp filter by prctl: which system calls are refused. x86-64 and aarch64; standard library only.

An allowed thread is a clone with CLONE_THREAD; clone3 answers ENOSYS, so that the C library falls back to clone.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from assay.engine.seal.calls import DENIED, LOOKED_AT, MACHINES, MISSING, NEWEST, SECCOMP, numbers

Step = tuple[int, int, int, int]
"""One instruction of classic BPF: code, jump if true, jump if false, constant."""

_LOAD, _AND, _JEQ, _JGT, _JSET, _RET = 0x20, 0x54, 0x15, 0x25, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_DENY, _NOT_THERE = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
_ARCH_OFFSET, _NR_OFFSET = 4, 0
_X32_BIT = 0x40000000

_THREAD, _NEW_NAMESPACES = 0x00010000, 0x7E020000
_ACCESS, _TRUNCATE = 0x3, 0x200
_SHARED_ANONYMOUS, _GROWS_DOWN = 0x21, 0x100
_PRCTLS = (1, 4, 35, 0x59616D61)
"""PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_MM, PR_SET_PTRACER: would undo what the worker did at its start."""
_FCNTLS = (8, 10, 15, 1024, 1026)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX send signals to any process; F_SETLEASE, F_NOTIFY hinder and watch others."""
_IOCTLS = (0x8901, 0x8902, 0x5452, 0x5412, 0x541C)
"""FIOSETOWN, SIOCSPGRP, FIOASYNC, TIOCSTI, TIOCLINUX."""


def restrict(libc: ctypes.CDLL) -> None:
    """Install the filter for all threads of this process.

    Raises:
        OSError: an unknown machine, or the kernel refuses.
    """
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(f"no system call table for {machine}")
    steps = program(machine)
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(steps), ctypes.addressof(buffer)), 16)
    seccomp = numbers(SECCOMP, machine)["seccomp"]
    mode_filter, all_threads = 1, 1
    if libc.syscall(seccomp, ctypes.c_uint(mode_filter), ctypes.c_uint(all_threads), header) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def program(machine: str) -> list[Step]:
    """Return the filter for `machine`: other architectures, listed and unknown calls are refused, the rest allowed."""
    steps: list[Step] = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_JEQ, 1, 0, MACHINES[machine][0]),
        (_RET, 0, 0, _DENY),
        (_LOAD, 0, 0, _NR_OFFSET),
    ]
    if machine == "x86_64":
        steps += [(_JSET, 0, 1, _X32_BIT), (_RET, 0, 0, _DENY)]
    steps += [(_JGT, 0, 1, NEWEST), (_RET, 0, 0, _NOT_THERE)]
    looked_at = _looked_at()
    for name, number in numbers(LOOKED_AT, machine).items():
        steps += [(_JEQ, 0, len(looked_at[name]), number), *looked_at[name]]
    for number in numbers(MISSING, machine).values():
        steps += [(_JEQ, 0, 1, number), (_RET, 0, 0, _NOT_THERE)]
    for number in numbers(DENIED, machine).values():
        steps += [(_JEQ, 0, 1, number), (_RET, 0, 0, _DENY)]
    return [*steps, (_RET, 0, 0, _ALLOW)]


def _looked_at() -> dict[str, list[Step]]:
    """Return the calls that are judged by their arguments; each list of steps ends in a verdict."""
    deny, allow = (_RET, 0, 0, _DENY), (_RET, 0, 0, _ALLOW)
    return {
        "clone": [_low(0), (_JSET, 1, 0, _THREAD), deny, (_JSET, 0, 1, _NEW_NAMESPACES), deny, allow],
        "open": [_low(1), *_opening()],
        "openat": [_low(2), *_opening()],
        # Limits may be asked for, one's own only; none may be set.
        "prlimit64": [
            _low(0), (_JEQ, 1, 0, 0), deny, _low(2), (_JEQ, 1, 0, 0), deny, _high(2), (_JEQ, 1, 0, 0), deny, allow,
        ],
        "sched_setaffinity": [_low(0), (_JEQ, 1, 0, 0), deny, allow],
        "prctl": [_low(0), *_none_of(_PRCTLS)],
        "fcntl": [_low(1), *_none_of(_FCNTLS)],
        "ioctl": [_low(1), *_none_of(_IOCTLS)],
        # Both would lie outside the limit on data: shared memory, and what passes for a stack.
        "mmap": [
            _low(3), (_JSET, 0, 1, _GROWS_DOWN), deny, (_AND, 0, 0, _SHARED_ANONYMOUS),
            (_JEQ, 0, 1, _SHARED_ANONYMOUS), deny, allow,
        ],
    }  # fmt: skip


def _opening() -> list[Step]:
    """Refuse to truncate what is opened for reading, and the access mode 3: Landlock asks no right for either."""
    wanted = _none_of((_TRUNCATE, _TRUNCATE | _ACCESS, _ACCESS))
    return [(_AND, 0, 0, _ACCESS | _TRUNCATE), *wanted]


def _none_of(values: tuple[int, ...]) -> list[Step]:
    """Refuse where the loaded number is one of `values`."""
    refused = [step for value in values for step in ((_JEQ, 0, 1, value), (_RET, 0, 0, _DENY))]
    return [*refused, (_RET, 0, 0, _ALLOW)]


def _low(argument: int) -> Step:
    """Load the low half of an argument; both machines are little endian."""
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _high(argument: int) -> Step:
    return (_LOAD, 0, 0, 20 + 8 * argument)
