"""Put the layers on, in the order that works: namespaces, Landlock, limits, seccomp. Standard library only.

Namespaces and Landlock bind per thread, so they come before any library starts threads. Where a layer is not to be had
the others are still put on; whether that is enough is not believed but probed (`assay.engine.seal.probe`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import sysconfig
from collections.abc import Callable, Iterable

from assay.engine.seal import landlock, seccomp

_NEWUSER, _NEWNET, _NEWIPC = 0x10000000, 0x40000000, 0x08000000
_NO_NEW_PRIVS, _SET_DUMPABLE = 38, 4

_SYSTEM = (
    "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/usr/lib/locale",
    "/etc/ld.so.cache", "/etc/localtime", "/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/proc/stat",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/osrelease", "/proc/filesystems", "/sys/devices/system/cpu",
    "/sys/devices/system/node", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage", "/dev/urandom", "/dev/random",
    "/dev/zero", "/sys/class/drm", "/sys/bus/pci", "/proc/driver/nvidia", "/proc/modules",
)  # fmt: skip
"""What numerical libraries read when they start; nothing of the user's."""

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


def python_paths() -> tuple[str, ...]:
    """Return the folders of the interpreter and of everything importable."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    lib = {os.path.join(prefix, "lib") for prefix in (sys.prefix, sys.base_prefix)}
    folders = {path for path in prefixes if os.path.isdir(path) and path not in ("/", "/usr", "/usr/local")}
    return tuple(sorted(folders | lib | {entry for entry in sys.path if entry}))


def put_on(readable: Iterable[str], memory_bytes: int | None) -> dict[str, str]:
    """Put on every layer that is to be had; return `layer -> detail`, or `layer -> "missing: why"`."""
    if sys.platform != "linux":
        return {"platform": f"missing: no sealing on {sys.platform}"}
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    paths = (*python_paths(), *_SYSTEM, *readable)
    found = {
        "namespaces": _try(lambda: _namespaces(libc)),
        "landlock": _try(lambda: f"abi {landlock.restrict(libc, paths, _DEVICES)}"),
        "rlimits": _try(lambda: _limits(memory_bytes)),
        "seccomp": _try(lambda: _filter(libc)),
    }
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    return found


def _try(step: Callable[[], str]) -> str:
    try:
        return step()
    except (OSError, ValueError) as error:
        return f"missing: {error}"


def _namespaces(libc: ctypes.CDLL) -> str:
    if libc.unshare(_NEWUSER | _NEWNET | _NEWIPC) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return "user net ipc"


def _limits(memory_bytes: int | None) -> str:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    most = min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    return "core fsize nofile" + (" data" if memory_bytes is not None else "")


def _filter(libc: ctypes.CDLL) -> str:
    seccomp.restrict(libc)
    return "filter"
