"""Put the layers on, in the order that works: namespaces, capabilities, Landlock, limits, seccomp. Stdlib only.

Namespaces and Landlock bind per thread, so they come before any library starts threads. Where a layer is not to be had
the others are still put on; whether that is enough is not believed but probed (`assay.engine.seal.probe`).
"""

from __future__ import annotations

import ctypes
import importlib.machinery
import os
import resource
import sys
import sysconfig
from collections.abc import Callable, Iterable

from assay.engine.seal import capabilities, landlock, seccomp

_NEWUSER, _NEWNET, _NEWIPC = 0x10000000, 0x40000000, 0x08000000
_NO_NEW_PRIVS, _SET_DUMPABLE = 38, 4

_SYSTEM = (
    "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/usr/lib/locale",
    "/etc/ld.so.cache", "/etc/localtime", "/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/proc/stat",
    "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/osrelease", "/proc/filesystems", "/sys/devices/system/cpu",
    "/sys/devices/system/node", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage", "/dev/urandom", "/dev/random",
    "/sys/class/drm", "/sys/bus/pci", "/proc/driver/nvidia", "/proc/modules",
)  # fmt: skip
"""What numerical libraries read when they start; nothing of the user's."""

_DEVICES = ("/dev/null",)
THREADS = 512
"""Threads of a worker, where the kernel counts them per namespace; the user root is not counted."""


def python_paths(near: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the folders of the interpreter and of everything importable.

    `near` are places that are the user's: of an entry of `sys.path` that holds one of them, such as the working
    folder after `python -m`, only modules and packages are returned, and the entry with a final `/`.
    """
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    own = {os.path.join(prefix, name) for prefix in prefixes for name in ("lib", "lib64", "pyvenv.cfg")}
    own |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    private = [os.path.realpath(path) for path in near]
    for entry in sys.path:
        real = os.path.realpath(entry)
        if any(os.path.commonpath((real, path)) == real for path in private):
            own.update(_modules(real))
        else:
            own.add(entry)
    return tuple(sorted(own))


def _modules(folder: str) -> list[str]:
    """Return the modules in `folder` itself and its packages, each whole."""
    suffixes = tuple(importlib.machinery.all_suffixes())
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    found = [
        entry.path
        for entry in entries
        if (entry.name.endswith(suffixes) and entry.is_file())
        or os.path.isfile(os.path.join(entry.path, "__init__.py"))
    ]
    return [folder + "/", *found]


def put_on(readable: Iterable[str], memory_bytes: int | None) -> dict[str, str]:
    """Put on every layer that is to be had; return `layer -> detail`, or `layer -> "missing: why"`."""
    if sys.platform != "linux":
        return {"platform": f"missing: no sealing on {sys.platform}"}
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    listed = list(readable)
    here = [os.curdir] if os.path.isdir(os.curdir) else []
    system = (*python_paths([*listed, *here]), *_SYSTEM)
    found = {"namespaces": _try(lambda: _namespaces(libc))}
    apart = not found["namespaces"].startswith("missing")
    found |= {
        "capabilities": _try(lambda: capabilities.drop(libc, keep_reading=not apart)),
        "landlock": _try(lambda: f"abi {landlock.restrict(libc, system, listed, _DEVICES)}"),
        "rlimits": _try(lambda: _limits(memory_bytes, apart)),
    }
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    return {**found, "seccomp": _try(lambda: _filter(libc))}


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


def _limits(memory_bytes: int | None, apart: bool) -> str:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    most = _at_most(1024, resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if apart:
        # Elsewhere all processes of the user would count, and a thread could be refused because of them.
        threads = _at_most(THREADS, resource.RLIMIT_NPROC)
        resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    return "core fsize nofile" + (" nproc" if apart else "") + (" data" if memory_bytes is not None else "")


def _at_most(wanted: int, limit: int) -> int:
    """Return `wanted`, or the hard limit where that is lower."""
    hard = resource.getrlimit(limit)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _filter(libc: ctypes.CDLL) -> str:
    seccomp.restrict(libc)
    return "filter"
