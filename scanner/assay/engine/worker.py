"""The worker process: opens the target, does the tasks it is sent, answers in frames.

Started by the supervisor as `python -I -m assay.engine.worker`. It seals itself before it imports or opens anything.
Standard library only at start, so that a scan of one file stays fast. Its real stdout belongs to the frames; what a
model prints goes nowhere.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from assay.attempt import attempt, describe
from assay.engine.frames import FrameError, decode, encode
from assay.engine.seal import layers, probe
from assay.model.errors import UnusableInput
from assay.targets.opened import Opened
from assay.targets.refs import InputRef, Shard


def main() -> None:
    """Serve tasks until the supervisor closes the pipe."""
    source, sink = _own_pipes()
    _die_with_parent()
    read = _reader(source)
    hello = decode(read)
    sys.path[:] = hello["path"]
    _write(sink, encode(_seal(hello)))
    opened = Opened(hello["manifest"], [InputRef(**ref) for ref in hello["inputs"]])
    while True:
        try:
            task = decode(read)
        except EOFError:
            return
        _write(sink, _answer(task, opened))


def _seal(hello: dict[str, Any]) -> dict[str, Any]:
    """Put the seal on, try to break it, and say what holds."""
    tempfile.tempdir = os.environ["HOME"]
    put = layers.put_on(hello["readable"], hello["memory"])
    return {"ready": True, "layers": put, "held": probe.probe(hello["elsewhere"])}


def _answer(task: dict[str, Any], opened: Opened) -> bytes:
    cpu = time.process_time()

    def perform() -> Any:
        work = _work(task["work"])
        return work(opened, Shard(**task["shard"]), **task["arguments"])

    tried = attempt(perform)
    body: dict[str, Any] = {"id": task["id"], "cpu": time.process_time() - cpu, "rss": _peak_mb()}
    if tried.error is None:
        try:
            return encode({**body, "value": tried.value})
        except FrameError as error:
            return encode({**body, "error": f"the result cannot be sent ({error})", "kind": "crash"})
    kind = "unusable" if isinstance(tried.error, UnusableInput) else "crash"
    sentence = str(tried.error) if kind == "unusable" else describe(tried.error)
    return encode({**body, "error": sentence, "kind": kind, "trace": _trace(tried.error)})


def _peak_mb() -> float:
    """Return the peak resident memory in MiB; ru_maxrss would count the supervisor's pages from before exec too."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _trace(error: BaseException) -> str:
    """Return `module:function:line` of the innermost frame: enough to find a defect, nothing of the data."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return ""
    code = frame.tb_frame.f_code
    return f"{frame.tb_frame.f_globals.get('__name__', '?')}:{code.co_name}:{frame.tb_lineno}"


def _work(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _own_pipes() -> tuple[int, int]:
    """Keep the pipes for frames; give the rest of the process an empty stdin and a deaf stdout and stderr."""
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    if os.environ.get("ASSAY_WORKER_STDERR") != "1":
        os.dup2(null, 2)
    os.close(null)
    return source, sink


def _die_with_parent() -> None:
    """Ask the kernel to kill this process when the supervisor dies (Linux); elsewhere the closed pipe ends it."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _reader(source: int) -> Callable[[int], bytes]:
    def read(length: int) -> bytes:
        parts = []
        while length:
            part = os.read(source, min(length, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    return read


def _write(sink: int, frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(sink, view) :]


if __name__ == "__main__":
    main()
