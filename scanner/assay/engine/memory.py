"""What a scan remembers: results of tasks and of whole detectors, in the store, under keys that name all they hang on.

Without a store (or with one that broke down) nothing is remembered, and nothing else changes.
"""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from assay.engine.frames import FrameError
from assay.engine.sealed import seal, unseal
from assay.engine.store import StoreProblem
from assay.engine.supervisor import Task

_ROOM = 64 << 20
"""Bytes of shared answers that one scan holds."""
_SECRET_KEY = hashlib.sha256(b"assay: the secret of this store").hexdigest()


class Keeper(Protocol):
    """What is needed of a store."""

    def get(self, key: str) -> Any | None:
        """Return the value, or None."""

    def put(self, key: str, value: Any) -> None:
        """Commit the value."""


@dataclass(frozen=True)
class Found:
    """A remembered value, which may be None itself."""

    value: Any


class Answered:
    """Answers of one scan to work that several detectors share; small ones, as long as there is room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Any] = {}
        self._room = _ROOM

    def recall(self, task: Task) -> Found | None:
        """Return the answer to the same work on the same shard, or None."""
        if not task.shared:
            return None
        with self._lock:
            name = _name(task)
            return Found(copy.deepcopy(self._answers[name])) if name in self._answers else None

    def keep(self, task: Task, value: Any) -> None:
        """Keep the answer for the next detector that asks."""
        if not task.shared:
            return
        size = len(repr(value))
        with self._lock:
            name = _name(task)
            if name not in self._answers and size <= self._room:
                self._answers[name] = copy.deepcopy(value)
                self._room -= size


def _name(task: Task) -> str:
    return repr((task.work, task.shard, sorted(task.arguments.items())))


class Memory:
    """Recall and keep; the first problem of the store ends remembering, and is told once."""

    def __init__(self, store: Keeper | None = None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: list[str] = []
        self._secret: str | None = None
        self._secret_lock = threading.Lock()
        self.problem: str | None = None

    @property
    def active(self) -> bool:
        """Say whether anything is remembered, so that keys are worth computing."""
        return self._store is not None

    def forget(self) -> None:
        """Take back what was kept in this scan: an input changed while it was read."""
        kept, self._kept = self._kept, []
        for key in kept:
            if self._store is not None:
                with suppress(StoreProblem):
                    self._store.put(key, {"forgotten": True})

    def recall(self, task: Task) -> Found | None:
        """Return the remembered result of `task`, or None."""
        return self.recall_key(task.key)

    def keep(self, task: Task, value: Any) -> None:
        """Remember the result of `task`; committed on return."""
        self.keep_key(task.key, value)

    def recall_key(self, key: str | None) -> Found | None:
        """Return what is kept under `key`, or None."""
        store = self._store
        if store is None or key is None:
            return None
        try:
            found = store.get(key)
        except StoreProblem as problem:
            self._give_up(problem)
            return None
        return Found(found["value"]) if isinstance(found, dict) and "value" in found else None

    def keep_key(self, key: str | None, value: Any) -> None:
        """Keep `value` under `key`."""
        if key is not None and self._put(key, value):
            self._kept.append(key)

    def _put(self, key: str, value: Any) -> bool:
        store = self._store
        if store is None:
            return False
        try:
            store.put(key, {"value": value})
        except StoreProblem as problem:
            self._give_up(problem)
            return False
        return True

    def secret(self, name: str) -> str:
        """Return 32 bytes in hex that only those know who can read the store; without a store, only this scan."""
        with self._secret_lock:
            if self._secret is None:
                found = self.recall_key(_SECRET_KEY)
                self._secret = str(found.value) if found is not None else os.urandom(32).hex()
                if found is None:
                    self._put(_SECRET_KEY, self._secret)
            return hashlib.sha256(f"{self._secret}\x1f{name}".encode()).hexdigest()

    def recall_sealed(self, key: str, secret: bytes) -> Found | None:
        """Return what is kept under `key` where `secret` opens it."""
        found = self.recall_key(key)
        try:
            return None if found is None else Found(unseal(found.value, secret))
        except FrameError:
            return None

    def keep_sealed(self, key: str, value: Any, secret: bytes) -> None:
        """Keep `value`, which hangs on the content that was read and on no file, so that it is never forgotten."""
        if self.active:
            with suppress(FrameError):  # too large for a frame: it is measured anew
                self._put(key, seal(value, secret))

    def _give_up(self, problem: StoreProblem) -> None:
        with self._lock:
            self._store = None
            self.problem = self.problem or str(problem)
