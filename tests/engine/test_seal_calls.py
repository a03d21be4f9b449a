"""The filter of system calls, run instruction by instruction for both machines: also the one that is not at hand."""

import errno
import re
import struct
from pathlib import Path

import pytest

from assay.engine.seal import calls, seccomp

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
MACHINES = tuple(calls.MACHINES)
LEGACY = {
    "fork", "vfork", "uselib", "chmod", "chown", "lchown", "utime", "utimes", "futimesat", "unlink", "rmdir", "rename",
    "link", "symlink", "mkdir", "mknod", "inotify_init", "iopl", "ioperm", "modify_ldt", "open",
}  # fmt: skip
"""Calls of x86-64 that newer machines never had."""
TABLES = (calls.DENIED, calls.MISSING, calls.LOOKED_AT, calls.SECCOMP)


def verdict(machine, number, *arguments, arch=None):
    """Run the program as the kernel does; return what it says of a call."""
    arch = calls.MACHINES[machine][0] if arch is None else arch
    wide = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, arch, 0, *(value & 0xFFFFFFFFFFFFFFFF for value in wide))
    steps, at, held = seccomp.program(machine), 0, 0
    while True:
        code, yes, no, constant = steps[at]
        at += 1
        if code == 0x20:
            (held,) = struct.unpack_from("<I", data, constant)
        elif code == 0x54:
            held &= constant
        elif code == 0x06:
            return constant
        else:
            true = {0x15: held == constant, 0x25: held > constant, 0x45: bool(held & constant)}[code]
            at += yes if true else no


@pytest.mark.parametrize("machine", MACHINES)
def test_listed_calls_are_refused_whatever_their_arguments(machine):
    for name, number in calls.numbers(calls.DENIED, machine).items():
        assert verdict(machine, number, 0, 0, 0) == verdict(machine, number, -1, -1, -1) == EPERM, name
    for name, number in calls.numbers(calls.MISSING, machine).items():
        assert verdict(machine, number) == ENOSYS, name


@pytest.mark.parametrize("machine", MACHINES)
def test_unknown_calls_and_other_machines_are_refused(machine):
    assert verdict(machine, calls.NEWEST + 1) == ENOSYS
    assert verdict(machine, 0x7FFFFFFF) in (EPERM, ENOSYS)
    assert verdict(machine, 1, arch=0x40000003) == EPERM  # i386
    if machine == "x86_64":
        assert verdict(machine, 0x40000000 | 59) == EPERM  # x32


EVERYDAY = {
    "x86_64": (0, 1, 3, 5, 9, 10, 11, 12, 202, 230, 257, 262),
    "aarch64": (63, 64, 57, 80, 222, 226, 98, 115, 79),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_every_program_needs_is_allowed(machine):
    assert [number for number in EVERYDAY[machine] if verdict(machine, number) != ALLOW] == []


THREAD = 0x3D0F00
CASES = {
    "a thread": ("clone", (THREAD,), ALLOW),
    "a process": ("clone", (17,), EPERM),
    "a thread in a namespace": ("clone", (THREAD | 0x20000,), EPERM),
    "read": ("openat", (-100, 0, 0o2000000), ALLOW),
    "write /dev/null": ("openat", (-100, 0, 0o1101), ALLOW),
    "truncate while reading": ("openat", (-100, 0, 0o1000), EPERM),
    "access mode 3": ("openat", (-100, 0, 3), EPERM),
    "truncate by access mode 3": ("openat", (-100, 0, 0o1003), EPERM),
    "own limits": ("prlimit64", (0, 7, 0, 4096), ALLOW),
    "set own limits": ("prlimit64", (0, 7, 4096, 0), EPERM),
    "set own limits, address above 4 GiB": ("prlimit64", (0, 7, 1 << 32, 0), EPERM),
    "another's limits": ("prlimit64", (1, 7, 0, 4096), EPERM),
    "own processors": ("sched_setaffinity", (0,), ALLOW),
    "another's processors": ("sched_setaffinity", (1,), EPERM),
    "name of a thread": ("prctl", (15,), ALLOW),
    "outlive the parent": ("prctl", (1,), EPERM),
    "outlive, high bits set": ("prctl", (1 | 1 << 32,), EPERM),
    "duplicate": ("fcntl", (0, 1030), ALLOW),
    "SIGIO to others": ("fcntl", (0, 8), EPERM),
    "size of a terminal": ("ioctl", (0, 0x5413), ALLOW),
    "type into a terminal": ("ioctl", (0, 0x5412), EPERM),
    "type into a terminal, high bits set": ("ioctl", (0, 0x5412 | 1 << 32), EPERM),
    "memory": ("mmap", (0, 4096, 3, 0x22), ALLOW),
    "a mapped file": ("mmap", (0, 4096, 1, 0x01), ALLOW),
    "shared memory": ("mmap", (0, 4096, 3, 0x21), EPERM),
    "shared memory, validated": ("mmap", (0, 4096, 3, 0x23), EPERM),
    "a stack that grows": ("mmap", (0, 4096, 3, 0x122), EPERM),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments", "expected"), CASES.values(), ids=CASES)
def test_calls_are_judged_by_their_arguments(machine, name, arguments, expected):
    assert verdict(machine, calls.numbers(calls.LOOKED_AT, machine)[name], *arguments) == expected


def test_open_of_the_older_machine_is_judged_like_openat():
    number = calls.numbers(calls.LOOKED_AT, "x86_64")["open"]
    assert [verdict("x86_64", number, 0, flags) for flags in (0, 0o1000, 3, 0o1003)] == [ALLOW, EPERM, EPERM, EPERM]


def test_both_machines_are_in_step():
    for table in TABLES:
        ours, theirs = (set(calls.numbers(table, machine)) for machine in ("x86_64", "aarch64"))
        assert ours - theirs <= LEGACY
        assert not theirs - ours
    for machine in MACHINES:
        every = [number for table in TABLES for number in calls.numbers(table, machine).values()]
        assert len(every) == len(set(every))


HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernels_headers(machine):
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip("the headers of the kernel are not installed here")
    found = re.finditer(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(encoding="utf-8"))
    known = {match[1]: int(match[2]) for match in found}
    ours = {name: number for table in TABLES for name, number in calls.numbers(table, machine).items()}
    shared = ours.keys() & known
    assert {name: ours[name] for name in shared} == {name: known[name] for name in shared}
    assert len(shared) > 100


def test_the_program_fits_into_the_kernels_limit():
    for machine in MACHINES:
        steps = seccomp.program(machine)
        assert len(steps) <= 4096
        assert all(yes <= 255 and no <= 255 for _, yes, no, _ in steps)
