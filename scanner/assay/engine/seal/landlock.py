"""Landlock by ctypes: which files this process may still open. Linux 5.13+; see landlock(7). Standard library only."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET = 0b11
_SCOPES = 0b11
"""Abstract unix sockets and signals to processes outside (ABI 6)."""


def abi(libc: ctypes.CDLL) -> int:
    """Return the version that the kernel speaks; 0 where there is none."""
    found: int = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(found, 0)


def restrict(libc: ctypes.CDLL, system: Iterable[str], listed: Iterable[str], writable_devices: Iterable[str]) -> int:
    """Allow reading below `system` and `listed`, reading and writing of the devices, no other file; return the ABI.

    Of a path that ends in `/` names may be listed, and nothing read. A link in `system` counts with what it leads to;
    one in `listed` does not: who put it beside a model may have pointed it anywhere.

    Binds this thread and all that it starts. Nothing can be executed any more.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    version = abi(libc)
    if version < 1:
        raise OSError("the kernel has no Landlock")
    rights = _RIGHTS_BY_ABI[min(version, 5)]
    attributes = struct.pack("=QQQ", rights, _NET if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    buffer = ctypes.create_string_buffer(attributes[:size], size)
    ruleset = libc.syscall(_CREATE, buffer, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        for path in dict.fromkeys(system):
            _allow(libc, ruleset, path, _reading(path))
        for path in dict.fromkeys(listed):
            _allow(libc, ruleset, path, _reading(path), os.O_NOFOLLOW)
        for path in writable_devices:
            _allow(libc, ruleset, path, _READ_FILE | _WRITE_FILE)
        if libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(ruleset)
    return version


def _reading(path: str) -> int:
    return _READ_DIR if path.endswith("/") else _READ_FILE | _READ_DIR


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int, follow: int = 0) -> None:
    """Add one path, where it is there."""
    try:
        fd = os.open(path.rstrip("/") or "/", os.O_PATH | os.O_CLOEXEC | follow)
    except OSError:
        return
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISLNK(mode):
            return
        if not stat.S_ISDIR(mode):
            rights &= ~_READ_DIR
        if not rights:
            return
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, fd), 12)
        if libc.syscall(_ADD, ruleset, ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
    finally:
        os.close(fd)
