"""The supervisor's side of one worker: start it, send a task, wait with a deadline, kill it by pid."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from assay.engine.frames import FrameError, decode, encode
from assay.engine.room import Room, Seal, listed_files, read_seal
from assay.targets.refs import InputRef, Shard

START_SECONDS = 60.0
HANGS = 2.0
"""Blame for no answer in time: once is enough."""
KILLED = 0.25
"""Blame for a worker that somebody else killed: an operator, the kernel out of memory."""
NOT_BEGUN = 0.05
"""Blame for a worker that died before it got the task; forty in a row are enough."""


class WorkerDied(Exception):
    """The worker ended, hung, or said what is no answer; `str()` tells which."""

    def __init__(self, how: str, blame: float = 1.0) -> None:
        super().__init__(how)
        self.blame = blame
        """Share of a death that the task must answer for: 1 where it died by itself, less where it was killed."""


@dataclass(frozen=True)
class Task:
    """One piece of work."""

    work: str
    """`module:function`."""
    shard: Shard
    arguments: dict[str, Any]
    group: str = ""
    """A worker serves one group in its life: what a model did to its worker cannot touch other models, data or logs."""
    sealed: bool = False
    """Done only by a worker that proved its whole seal."""
    seconds: float | None = None
    """Longest time for it; None: what the scan allows."""
    key: str | None = None
    """Where its result is kept; None: nowhere."""
    identified_by: str = ""
    """`module:function` that says by content what the work reads; its result is then kept under that, and sealed."""
    part: str = ""
    """Digest of everything else that such a result depends on; empty: it is kept nowhere."""
    keep_when: Callable[[Any], bool] | None = None
    """Which of such results are kept; None: all."""
    shared: bool = False
    """The same work on the same shard, asked by another detector of this scan, has the same answer."""


@dataclass(frozen=True)
class Answer:
    """What the worker said."""

    value: Any
    error: str | None
    unusable: bool
    """The input is at fault, not the program."""
    trace: str
    cpu_seconds: float
    peak_rss_mb: float


class Worker:
    """One process. Not shared between threads."""

    def __init__(self, manifest: dict[str, Any], inputs: Iterable[InputRef], memory_bytes: int | None = None) -> None:
        self._manifest = manifest
        self._refs = tuple(inputs)
        self._process: subprocess.Popen[bytes] | None = None
        self._room: Room | None = None
        self._memory = memory_bytes
        self._next = 0
        self._starting = False
        self.cpu_seconds = 0.0
        self.group = ""
        self.seal: Seal | None = None
        """What the running worker proved about itself; None before the first task."""

    def call(self, task: Task, seconds: float) -> Answer:
        """Do `task`, starting the process where there is none.

        Raises:
            WorkerDied: no answer within `seconds`, or the process died; it is gone afterwards.
        """
        deadline = time.monotonic() + seconds
        if self._process is not None and (self._process.poll() is not None or self.group != task.group):
            self.stop()  # it died while nobody asked for anything, or has served others
        if self._process is None:
            self._start()
            self.group = task.group
        if task.sealed and (self.seal is None or not self.seal.complete):
            raise self._dead("could not be sealed", blame=HANGS)
        self._next += 1
        body = {
            "id": self._next,
            "work": task.work,
            "shard": task.shard.to_json(),
            "arguments": task.arguments,
        }
        answer = self._exchange(encode(body), deadline)
        return self._checked(answer)

    def kill(self) -> None:
        """Kill the process and all that it started, from any thread; a call that waits for it ends at once."""
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the process, by force if need be."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process = None
        if self._room is not None:
            self._room.close()
            self._room = None

    @property
    def pid(self) -> int | None:
        """Return the process id, or None before the first task."""
        return self._process.pid if self._process is not None else None

    def _start(self) -> None:
        room = self._room = Room()
        self._starting = False
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "assay.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("ASSAY_WORKER_STDERR") == "1" else subprocess.DEVNULL,
            env=room.environment(),
            start_new_session=True,
            bufsize=0,
        )
        hello = {
            "path": [entry for entry in sys.path if entry],
            "manifest": self._manifest,
            "inputs": [ref.to_json() for ref in self._refs],
            "readable": [str(room.home), *listed_files(self._refs)],
            "elsewhere": str(room.elsewhere),
            "memory": self._memory,
        }
        self._starting = True
        answer = self._exchange(encode(hello), time.monotonic() + START_SECONDS)
        self._starting = False
        if not isinstance(answer, dict) or answer.get("ready") is not True:
            raise self._dead("did not start")
        self.seal = read_seal(answer)

    def _exchange(self, frame: bytes, deadline: float) -> Any:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            view = memoryview(frame)
            while view:
                view = view[os.write(process.stdin.fileno(), view[: 1 << 20]) :]
            return decode(_reader(process.stdout.fileno(), deadline))
        except FrameError as error:
            raise self._dead(f"sent what is no answer ({error})") from None
        except TimeoutError:
            raise self._dead("gave no answer in time", blame=HANGS) from None
        except (EOFError, OSError):
            raise self._dead("died") from None

    def _checked(self, answer: Any) -> Answer:
        """Accept an answer only in the form that was agreed, for the task that was sent."""
        if not isinstance(answer, dict) or answer.get("id") != self._next:
            raise self._dead("answered another task")
        cpu, rss = answer.get("cpu"), answer.get("rss")
        if not _is_amount(cpu) or not _is_amount(rss) or ("value" in answer) == ("error" in answer):
            raise self._dead("answered in the wrong form")
        self.cpu_seconds += cpu
        error = answer.get("error")
        return Answer(
            value=answer.get("value"),
            error=None if error is None else str(error)[:2000],
            unusable=answer.get("kind") == "unusable",
            trace=str(answer.get("trace", ""))[:300],
            cpu_seconds=cpu,
            peak_rss_mb=rss,
        )

    def _dead(self, how: str, blame: float = 1.0) -> WorkerDied:
        process = self._process
        code = None
        if process is not None:
            if how == "died":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=2)
            code = process.poll()
        self.stop()
        if how == "died" and code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = f"was killed by {signal.Signals(-code).name}"
        elif how == "died" and code is not None:
            how = f"ended by itself with code {code}"
        if code == -signal.SIGKILL:
            blame = min(blame, KILLED)
        if self._starting:
            blame = min(blame, NOT_BEGUN)
        return WorkerDied(how, blame)


def _is_amount(value: Any) -> TypeGuard[float]:
    """Say whether this can be an amount of something: no text, not less than nothing, not NaN, not without end."""
    return isinstance(value, float) and 0 <= value < float("inf")


def _reader(source: int, deadline: float) -> Callable[[int], bytes]:
    def read(length: int) -> bytes:
        buffer = bytearray()
        while len(buffer) < length:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                raise TimeoutError
            part = os.read(source, min(length - len(buffer), 1 << 20))
            if not part:
                raise EOFError
            buffer += part
        return bytes(buffer)

    return read
