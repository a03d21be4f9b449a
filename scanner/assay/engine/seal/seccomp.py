"""A seccomp filter by prctl: which system calls answer EPERM. x86-64 and aarch64; standard library only.

An allowed thread is a clone with CLONE_THREAD; clone3 answers ENOSYS, so that the C library falls back to clone.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_LOAD, _JEQ, _JSET, _RET = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_ARCH_OFFSET, _NR_OFFSET, _ARG0_LOW = 4, 0, 16
_CLONE_THREAD = 0x00010000
_X32_BIT = 0x40000000

_TABLES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "socketpair": 53, "connect": 42, "bind": 49, "listen": 50, "sendto": 44, "sendmsg": 46,
            "accept": 43, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "kill": 62, "tkill": 200,
            "tgkill": 234, "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "unshare": 272,
            "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "bpf": 321,
            "perf_event_open": 298, "keyctl": 250, "add_key": 248, "request_key": 249, "io_uring_setup": 425,
            "userfaultfd": 323, "open_by_handle_at": 304, "init_module": 175, "finit_module": 313,
            "kexec_load": 246, "reboot": 169, "pidfd_send_signal": 424, "pidfd_open": 434, "rt_sigqueueinfo": 129,
            "rt_tgsigqueueinfo": 297, "memfd_create": 319, "shmget": 29, "shmat": 30, "msgget": 68, "semget": 64,
            "mq_open": 240, "inotify_init1": 294, "quotactl": 179, "acct": 163, "swapon": 167, "setrlimit": 160,
            "personality": 135, "clone": 56, "clone3": 435,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198, "socketpair": 199, "connect": 203, "bind": 200, "listen": 201, "sendto": 206,
            "sendmsg": 211, "accept": 202, "execve": 221, "execveat": 281, "kill": 129, "tkill": 130, "tgkill": 131,
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "unshare": 97, "setns": 268, "mount": 40,
            "umount2": 39, "pivot_root": 41, "chroot": 51, "bpf": 280, "perf_event_open": 241, "keyctl": 219,
            "add_key": 217, "request_key": 218, "io_uring_setup": 425, "userfaultfd": 282, "open_by_handle_at": 265,
            "init_module": 105, "finit_module": 273, "kexec_load": 104, "reboot": 142, "pidfd_send_signal": 424,
            "pidfd_open": 434, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "memfd_create": 279, "shmget": 194,
            "shmat": 196, "msgget": 186, "semget": 190, "mq_open": 180, "inotify_init1": 26, "quotactl": 60,
            "acct": 89, "swapon": 224, "personality": 92, "clone": 220, "clone3": 435,
        },
    ),
}  # fmt: skip


def supported() -> bool:
    """Say whether there is a table for this machine."""
    return platform.machine() in _TABLES


def restrict(libc: ctypes.CDLL) -> None:
    """Install the filter for all threads of this process.

    Raises:
        OSError: an unknown machine, or the kernel refuses.
    """
    machine = platform.machine()
    if machine not in _TABLES:
        raise OSError(f"no system call table for {machine}")
    program = _program(*_TABLES[machine], x86=machine == "x86_64")
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(program), ctypes.addressof(buffer)), 16)
    seccomp = 317 if machine == "x86_64" else 277
    mode_filter, all_threads = 1, 1
    if libc.syscall(seccomp, ctypes.c_uint(mode_filter), ctypes.c_uint(all_threads), header) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def _program(arch: int, calls: dict[str, int], x86: bool) -> list[tuple[int, int, int, int]]:
    """Return the filter: other architectures and listed calls answer EPERM, the rest is allowed."""
    deny, missing = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH_OFFSET),
        (_JEQ, 1, 0, arch),
        (_RET, 0, 0, deny),
        (_LOAD, 0, 0, _NR_OFFSET),
    ]
    if x86:
        steps += [(_JSET, 0, 1, _X32_BIT), (_RET, 0, 0, deny)]
    for name, number in calls.items():
        if name == "clone3":
            steps += [(_JEQ, 0, 1, number), (_RET, 0, 0, missing)]
        elif name == "clone":
            steps += [
                (_JEQ, 0, 4, number),
                (_LOAD, 0, 0, _ARG0_LOW),
                (_JSET, 1, 0, _CLONE_THREAD),
                (_RET, 0, 0, deny),
                (_RET, 0, 0, _ALLOW),
            ]
        else:
            steps += [(_JEQ, 0, 1, number), (_RET, 0, 0, deny)]
    return [*steps, (_RET, 0, 0, _ALLOW)]
