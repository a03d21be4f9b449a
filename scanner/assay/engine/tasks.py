"""Do tasks in workers: several at once, retried where a worker died, remembered in the store.

A task that kills its worker twice is given up; the others go on. Whatever the number of workers, results come in the
order of the tasks, so nothing that is measured can depend on it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assay.engine.keys import stamp
from assay.engine.memory import Answered, Found, Memory
from assay.engine.room import Seal
from assay.engine.sealed import Identity, identity
from assay.engine.supervisor import Answer, Task, Worker, WorkerDied
from assay.targets.refs import InputRef

DEATHS = 2
"""A task that kills its worker this often is given up; a worker that somebody else killed counts a quarter."""
TASK_SECONDS = 900.0


class TaskFailed(Exception):
    """A task gave no result; `str()` is one sentence."""

    def __init__(self, sentence: str, *, unusable: bool = False) -> None:
        super().__init__(sentence)
        self.unusable = unusable
        """The input is at fault, not the program."""


class OutOfTime(Exception):
    """The budget of the scan is spent."""


class Interrupted(Exception):
    """The user stopped the scan."""


@dataclass(frozen=True)
class Limits:
    """What the scan may use."""

    jobs: int = 1
    deadline: float | None = None
    """`time.monotonic()` at which the scan must end; None: never."""
    memory_bytes: int | None = None
    """Data of one worker."""
    task_seconds: float = TASK_SECONDS


@dataclass
class Spent:
    """What one detector's tasks used; several threads add to it."""

    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0
    done: int = 0
    remembered: int = 0


class TaskRunner:
    """Workers, threads that wait for them, the clock, and the store."""

    def __init__(
        self,
        manifest: dict[str, Any],
        inputs: Iterable[InputRef],
        limits: Limits | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.manifest = manifest
        self.limits = limits or Limits()
        self.memory = memory or Memory()
        self._answered = Answered()
        self.seal: Seal | None = None
        """The weakest seal that a worker of this scan proved; None before the first task."""
        self.total = Spent()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(self.limits.jobs, thread_name_prefix="assay-task")
        self._workers: list[Worker] = []
        self._free: list[Worker] = []
        self._freed = threading.Condition()
        self.renew(inputs)

    def run(self, task: Task, spent: Spent | None = None) -> Any:
        """Return the value of `task`.

        Raises:
            TaskFailed: the input is unusable, the work raised, or the worker died twice.
            OutOfTime: the budget is spent.
            Interrupted: the user stopped the scan.
        """
        self.check()
        known = self._identity(task, spent)
        found = self._recall(task, known)
        if found is not None:
            self._add(spent, remembered=1)
            self._answered.keep(task, found.value)
            return found.value
        value = self._value(task, self._ask(task), spent)
        if known is None:
            self.memory.keep(task, value)
        elif (task.keep_when is None or task.keep_when(value)) and self._is_still(task, known, spent):
            self.memory.keep_sealed(known.key(task.part), value, known.secret(task.part))
        self._answered.keep(task, value)
        return value

    def _recall(self, task: Task, known: Identity | None) -> Found | None:
        if known is not None:
            return self.memory.recall_sealed(known.key(task.part), known.secret(task.part))
        return self.memory.recall(task) or self._answered.recall(task)

    def _identity(self, task: Task, spent: Spent | None) -> Identity | None:
        """Return what a worker says of the content that the task reads; None where that is not asked or cannot be."""
        if not task.part or not self.memory.active:
            return None
        try:
            answer = self._ask(Task(task.identified_by, task.shard, {}, group=task.group, sealed=task.sealed))
        except TaskFailed:
            return None  # the work itself will say what is wrong
        self._add(spent, cpu=answer.cpu_seconds, rss=answer.peak_rss_mb)
        return None if answer.error is not None else identity(answer.value)

    def _is_still(self, task: Task, known: Identity, spent: Spent | None) -> bool:
        """Say whether the content that was read is the one that was identified before."""
        path = self._paths.get(task.shard.input)
        if path is not None and stamp(path) == known.stamp:
            return True
        now = self._identity(task, spent)
        return now is not None and now.content == known.content

    def _ask(self, task: Task) -> Answer:
        """Return a worker's answer; raises `TaskFailed` where the task killed its workers."""
        blame, reason = 0.0, ""
        while blame < DEATHS:
            with self._worker(task.group) as worker:
                try:
                    return worker.call(task, self._seconds(task))
                except WorkerDied as death:
                    self.check()
                    blame, reason = blame + death.blame, str(death)
                finally:
                    self._note_seal(worker)
        raise TaskFailed(f"the worker {reason}; the input may be hostile or too large")

    def run_all(self, tasks: Iterable[Task], spent: Spent | None = None) -> Iterator[tuple[Task, Future[Any]]]:
        """Do `tasks` at once, as many as there are workers; yield each with its finished future, in their order.

        Reads `tasks` only a little ahead; what was begun ahead and is not asked for is dropped.
        """
        ahead: deque[tuple[Task, Future[Any]]] = deque()
        try:
            for task in tasks:
                ahead.append((task, self._threads.submit(self.run, task, spent)))
                if len(ahead) > 2 * self.limits.jobs:
                    yield self._finished(ahead.popleft())
            while ahead:
                yield self._finished(ahead.popleft())
        finally:
            for _, future in ahead:
                future.cancel()

    def renew(self, inputs: Iterable[InputRef]) -> None:
        """End all workers; the next tasks get fresh ones, which have read nothing yet, with these inputs."""
        self._end_workers()
        refs = tuple(inputs)
        self._paths = {ref.name: ref.path for ref in refs}
        self._workers = [Worker(self.manifest, refs, self.limits.memory_bytes) for _ in range(self.limits.jobs)]
        with self._freed:
            self._free = list(self._workers)
            self._freed.notify_all()

    def interrupt(self) -> None:
        """Stop everything now: tasks that run, and those that wait, raise Interrupted."""
        self._stopped.set()
        for worker in self._workers:
            worker.kill()

    def stop(self) -> None:
        """End the workers and the threads."""
        self._stopped.set()
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._end_workers()

    def check(self) -> None:
        """Raise where the scan is stopped or out of time."""
        if self._stopped.is_set():
            raise Interrupted
        if self.limits.deadline is not None and time.monotonic() >= self.limits.deadline:
            raise OutOfTime

    def pids(self) -> list[int]:
        """Return the process ids of the workers that live."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    def _end_workers(self) -> None:
        for worker in self._workers:
            worker.stop()

    @contextmanager
    def _worker(self, group: str) -> Iterator[Worker]:
        """Lend a free worker: one that serves this group already, else a fresh one, else any, which starts anew."""
        with self._freed:
            while not self._free:
                self._freed.wait()
            worker = min(self._free, key=lambda free: (free.pid is not None and free.group != group, free.pid is None))
            self._free.remove(worker)
        try:
            self.check()
            yield worker
        finally:
            with self._freed:
                if worker in self._workers:
                    self._free.append(worker)
                self._freed.notify()

    def _finished(self, entry: tuple[Task, Future[Any]]) -> tuple[Task, Future[Any]]:
        task, future = entry
        while not future.done():
            # In short steps, so that an interrupt reaches a main thread that waits here.
            _wait(future, 0.1)
        return task, future

    def _seconds(self, task: Task) -> float:
        self.check()
        longest = self.limits.task_seconds if task.seconds is None else task.seconds
        return longest if self.limits.deadline is None else min(longest, self.limits.deadline - time.monotonic())

    def _note_seal(self, worker: Worker) -> None:
        with self._lock:
            if worker.seal is not None and (self.seal is None or not worker.seal.complete):
                self.seal = worker.seal

    def _add(
        self, spent: Spent | None, *, cpu: float = 0.0, rss: float = 0.0, done: int = 0, remembered: int = 0
    ) -> None:
        with self._lock:
            for account in (self.total, spent):
                if account is not None:
                    account.cpu_seconds += cpu
                    account.peak_rss_mb = max(account.peak_rss_mb, rss)
                    account.done += done
                    account.remembered += remembered

    def _value(self, task: Task, answer: Answer, spent: Spent | None) -> Any:
        self._add(spent, cpu=answer.cpu_seconds, rss=answer.peak_rss_mb, done=1)
        if answer.error is None:
            return answer.value
        if answer.unusable:
            raise TaskFailed(answer.error, unusable=True)
        raise TaskFailed(f"{answer.error} (in {answer.trace or task.work}); this is a defect, please report it")


def _wait(future: Future[Any], seconds: float) -> None:
    from concurrent.futures import wait

    wait([future], timeout=seconds)
