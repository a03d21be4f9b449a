"""Start one real worker with nothing to do, to show that it answers and what its seal holds."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field
from typing import Any

from assay.engine.room import PROPERTIES, Seal
from assay.engine.seal.probe import threads_work
from assay.engine.supervisor import Task, Worker, WorkerDied
from assay.targets.opened import Opened
from assay.targets.refs import Shard

ANSWER = "assay.engine.selftest:answer"
SECONDS = 60.0


@dataclass(frozen=True)
class SelfTest:
    """What a worker of this machine can do."""

    kernel: str
    machine: str
    start_ms: float | None = None
    """From nothing to the first answer; None where there was none."""
    threads: bool = False
    """Whether a thread still starts under the seal; libraries need that."""
    seal: Seal = field(default_factory=lambda: Seal({}, {}))
    problem: str | None = None
    """Why no worker answered."""

    @property
    def not_held(self) -> tuple[str, ...]:
        """Return the properties that the seal does not hold."""
        return tuple(name for name in PROPERTIES if not self.seal.held.get(name, False))

    @property
    def missing(self) -> tuple[str, ...]:
        """Return `layer (why)` of the layers that are not on."""
        layers = self.seal.layers.items()
        return tuple(
            f"{name}{detail.removeprefix('missing')}" for name, detail in layers if detail.startswith("missing")
        )

    @property
    def why_no_models(self) -> str | None:
        """Say why models are not loaded here; None where they are."""
        if self.problem is not None:
            return f"no worker starts ({self.problem})"
        if self.not_held:
            layers = f" ({'; '.join(self.missing)})" if self.missing else ""
            return f"a worker cannot be kept from: {', '.join(self.not_held)}{layers}"
        return None if self.threads else "no thread starts in a worker"


def self_test() -> SelfTest:
    """Start a worker, ask it for an answer, end it."""
    kernel, machine = f"{platform.system()} {platform.release()}", platform.machine()
    worker = Worker({}, ())
    started = time.perf_counter()
    try:
        answer = worker.call(Task(ANSWER, Shard("nothing"), {}), SECONDS)
    except (WorkerDied, OSError) as error:
        return SelfTest(kernel, machine, seal=worker.seal or Seal({}, {}), problem=f"it {error}")
    finally:
        milliseconds = 1000 * (time.perf_counter() - started)
        seal = worker.seal
        worker.stop()
    if answer.error is not None or not isinstance(answer.value, dict):
        return SelfTest(kernel, machine, seal=seal or Seal({}, {}), problem=answer.error or "it gave no answer")
    threads = answer.value.get("threads") is True
    return SelfTest(kernel, machine, round(milliseconds, 1), threads, seal or Seal({}, {}))


def answer(opened: Opened, shard: Shard) -> dict[str, Any]:
    """Say what still works. Opens nothing; runs in a worker."""
    return {"threads": threads_work()}
