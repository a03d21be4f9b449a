"""A scan that is killed goes on inside the log: the second one searches what is missing, and says the same."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from assay.engine.store import Store
from assay.model.result import read_result

LINES = 260_000
SHARDS = 4


@pytest.fixture
def log(tmp_path):
    rng = random.Random(5)
    path = tmp_path / "app.log"
    with path.open("w") as file:
        for number in range(LINES):
            mail = f" user u{rng.randrange(9000)}@uni-bonn.de" if number % 7 == 0 else ""
            file.write(f"2026-01-02T03:04:05 INFO request {number} latency={rng.random():.6f} score={rng.random()}")
            file.write(f" model=churn-lr{mail}\n")
    assert path.stat().st_size > (SHARDS - 1) * (8 << 20)
    return path


def command(log, out, *more):
    return [sys.executable, "-m", "assay.cli", "scan", str(log), "-q", "-o", f"json={out}", "--jobs", "2", *more]


def kept(path):
    """Return how many results of shards lie in the store; sealed ones are text."""
    if not path.exists():
        return 0
    store = Store.open(path, now=time.time())
    with sqlite3.connect(path) as connection:
        keys = [key for (key,) in connection.execute("select key from entries")]
    values = [store.get(key) or {} for key in keys]
    store.close()
    return sum(isinstance(v.get("value"), str) and len(v["value"]) > 64 for v in values)


def test_a_killed_scan_goes_on_inside_the_log(log, tmp_path):
    out, store = tmp_path / "r.json", tmp_path / "cache" / "store.sqlite"
    env = {**os.environ, "ASSAY_CACHE": str(store), "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(command(log, out), env=env, start_new_session=True)
    deadline = time.monotonic() + 120
    while not kept(store) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    done = kept(store)
    assert done >= 1 and not out.exists()
    subprocess.run(command(log, out), env=env, check=False)
    resumed = read_result(out.read_bytes(), "r")
    cost = next(o.cost for o in resumed.outcomes if o.detector == "pii.logs")
    assert (cost.tasks_remembered, cost.tasks) == (done, SHARDS - done)
    subprocess.run(command(log, out, "--no-cache"), env=env, check=False)
    whole = read_result(out.read_bytes(), "r")
    assert whole.canonical() == resumed.canonical()
    assert "uni-bonn" not in json.dumps([str(path.read_bytes()) for path in store.parent.iterdir()])
