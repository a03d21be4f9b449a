"""Ctrl-C and SIGTERM: exit code 130, a partial result, no traceback, no process left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.fixture
def slow(target, manifest):
    """A target whose model takes minutes to open."""
    (target / "net.py").write_text(
        "import time\nimport torch\n\n\ndef build():\n    time.sleep(600)\n    return torch.nn.Linear(3, 2)\n"
    )
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2, 3), "bias": torch.zeros(2)}, target / "model.safetensors")
    manifest(
        model={"path": "model.safetensors", "factory": "net:build"},
        io={"output": "logits", "classes": ["0", "1"], "dtype": "float32"},
    )
    return target


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_writes_what_is_there(slow, sign):
    command = [sys.executable, "-m", "assay.cli", "scan", "assay.yaml", "-o", "json=r.json", "-o", "sarif=r.sarif"]
    running = subprocess.Popen(
        command, cwd=slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(6)
    assert running.poll() is None
    workers = children(running.pid)
    started = time.monotonic()
    running.send_signal(sign)
    out, err = running.communicate(timeout=30)
    assert time.monotonic() - started < 2
    assert running.returncode == 130
    assert "Traceback" not in out + err
    result = json.loads((slow / "r.json").read_text())
    assert result["verdict"]["exit_code"] == 130
    statuses = {o["detector"]: o["status"] for o in result["outcomes"]}
    assert statuses["artifact.unsafe-code"] == "ran"
    assert statuses["pii.logs"] == "cancelled"
    assert json.loads((slow / "r.sarif").read_text())["runs"][0]["invocations"][0]["executionSuccessful"] is False
    assert workers
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}/exe")]


def children(pid):
    """Return the children of all threads: the one that started a worker is its parent."""
    return [child for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
