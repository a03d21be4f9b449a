"""What a sealed worker costs: its start beyond the interpreter's own, and the overhead of a task.

    python benchmarks/worker.py [--starts 11] [--tasks 200] [--json]

Prints wall and CPU, medians. The start ends with the first answer, so it holds the process, the seal, its probes and
one trivial task; from it the start of a bare `python -I -c pass` is subtracted. CPU is that of the worker alone for
starts, and of worker and supervisor together for tasks.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from assay.engine.selftest import ANSWER
from assay.engine.supervisor import Task, Worker
from assay.targets.refs import Shard

TASK = Task(ANSWER, Shard("nothing"), {})


def children() -> float:
    """CPU seconds of all children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def median_of(count: int, act: Callable[[], float]) -> tuple[float, float]:
    """Return medians of wall (what `act` returns) and of the CPU of the children that it ended, in ms."""
    walls, cpus = [], []
    for _ in range(count):
        before = children()
        walls.append(act())
        cpus.append(children() - before)
    return 1000 * statistics.median(walls), 1000 * statistics.median(cpus)


def bare() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
    return time.perf_counter() - started


def sealed() -> float:
    worker = Worker({}, [])
    started = time.perf_counter()
    worker.call(TASK, 60)
    wall = time.perf_counter() - started
    worker.stop()
    return wall


def tasks(count: int) -> tuple[float, float]:
    """Return median wall and mean CPU of a trivial task in a running worker, in ms."""
    worker = Worker({}, [])
    worker.call(TASK, 60)
    own, walls, inside = time.process_time(), [], 0.0
    for _ in range(count):
        started = time.perf_counter()
        inside += worker.call(TASK, 60).cpu_seconds
        walls.append(time.perf_counter() - started)
    cpu = (time.process_time() - own + inside) / count
    worker.stop()
    return 1000 * statistics.median(walls), 1000 * cpu


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=11)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    bare_wall, bare_cpu = median_of(asked.starts, bare)
    sealed_wall, sealed_cpu = median_of(asked.starts, sealed)
    task_wall, task_cpu = tasks(asked.tasks)
    found = {
        "interpreter": {"wall_ms": bare_wall, "cpu_ms": bare_cpu},
        "sealed worker": {"wall_ms": sealed_wall, "cpu_ms": sealed_cpu},
        "start beyond the interpreter": {"wall_ms": sealed_wall - bare_wall, "cpu_ms": sealed_cpu - bare_cpu},
        "task": {"wall_ms": task_wall, "cpu_ms": task_cpu},
    }
    if asked.json:
        print(json.dumps(found))
        return
    print(f"medians of {asked.starts} starts and {asked.tasks} tasks")
    for name, numbers in found.items():
        print(f"  {name:<30} wall {numbers['wall_ms']:8.2f} ms   CPU {numbers['cpu_ms']:8.2f} ms")


if __name__ == "__main__":
    main()
