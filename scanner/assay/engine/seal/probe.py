"""The self-probe: try what a hostile model would try. The seal is what the probes say, not what was asked for.

A probe counts as held only where the kernel answers with a refusal; any other failure proves nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable

_REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.EROFS, errno.ENETUNREACH})


def probe(elsewhere: str) -> dict[str, bool]:
    """Return property -> whether the seal holds it.

    `elsewhere` is a file outside the listed ones that the supervisor made: readable, executable, of no known format.
    """
    return {
        "read elsewhere": _refused(lambda: os.close(os.open(elsewhere, os.O_RDONLY))),
        "write": _refused(lambda: _write(os.path.dirname(elsewhere))) and _refused(lambda: os.chmod(elsewhere, 0o755)),
        "exec": _refused(lambda: os.execv(elsewhere, [elsewhere])),
        "tcp": _refused(lambda: _send(socket.SOCK_STREAM)),
        "udp": _refused(lambda: _send(socket.SOCK_DGRAM)),
        "fork": _refused(_fork),
        "signal the parent": _refused(lambda: os.kill(os.getppid() or 1, 0)),
    }


def threads_work() -> bool:
    """Say whether a thread still starts: libraries need them, and the seal must not break that."""
    ran: list[bool] = []
    thread = threading.Thread(target=lambda: ran.append(True))
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join(5)
    return bool(ran)


def _refused(escape: Callable[[], object]) -> bool:
    try:
        escape()
    except OSError as error:
        return error.errno in _REFUSALS
    return False


def _write(folder: str) -> None:
    path = os.path.join(folder, f"escape-{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with contextlib.suppress(OSError):  # a layer may refuse this and not that; the file is there all the same
        os.unlink(path)


def _send(kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(0.05)
        sock.connect(("127.0.0.1", 9))
        sock.send(b"x")


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
