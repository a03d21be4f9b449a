"""What the seal costs, with bounds wide enough for a busy machine; `benchmarks/worker.py` prints the numbers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "worker.py"


@pytest.fixture(scope="module")
def cost():
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--starts", "5", "--tasks", "200", "--json"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_sealed_worker_starts_in_little_more_than_the_interpreter(cost):
    """Target 150 ms on an idle machine."""
    assert 0 < cost["start beyond the interpreter"]["cpu_ms"] < 300
    assert cost["start beyond the interpreter"]["wall_ms"] < 1000


def test_a_task_costs_milliseconds(cost):
    """Target 5 ms, median of 200."""
    assert 0 < cost["task"]["cpu_ms"] < 5
    assert cost["task"]["wall_ms"] < 25
