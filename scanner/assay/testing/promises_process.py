"""Promises that need a process of their own: an end within two seconds of Ctrl-C, and a light driver."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from assay.testing.conformance import Example, NonConformant

CANCEL_SECONDS = 2.0
START_SECONDS = 60.0
HEAVY = frozenset(
    {
        "torch", "art", "sklearn", "pandas", "presidio_analyzer", "spacy", "onnx", "onnxruntime", "skops", "pyarrow",
        "hyperscan", "joblib", "safetensors", "xgboost",
    }
)  # fmt: skip
"""What a driver, in the user's process, must not import: these open models and data, or cost seconds."""


def check_ends_within_two_seconds_of_an_interrupt(example: Example, folder: Path) -> None:
    """Ctrl-C at several moments ends the scan in time, whatever the detector is doing."""
    (folder / "target").mkdir()
    built = example.planted(folder / "target", 0)
    for delay in (0.2, 1.0, 2.5):
        process = _start(example, built.manifest)
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "began":
                raise NonConformant(f"{example.spec} does not start: {process.communicate()[1][-300:]}")
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            stopped = time.monotonic()
            process.communicate(timeout=CANCEL_SECONDS + 10)
            took = time.monotonic() - stopped
        except subprocess.TimeoutExpired:
            took = float("inf")
        finally:
            process.kill()
            process.wait()
        if took > CANCEL_SECONDS:
            raise NonConformant(f"{example.spec} went on for {took:.1f} s after an interrupt at {delay} s")


def check_the_driver_is_light(example: Example, folder: Path) -> None:
    """The driver imports nothing that opens models or data; that is for workers."""
    (folder / "target").mkdir()
    built = example.planted(folder / "target", 0)
    process = _start(example, built.manifest)
    out, err = process.communicate(timeout=START_SECONDS * 10)
    lines = out.splitlines()
    if process.returncode != 0 or len(lines) < 2:
        raise NonConformant(f"{example.spec} ends with {process.returncode}: {err[-300:]}")
    heavy = sorted(HEAVY & set(json.loads(lines[-1])))
    if heavy:
        raise NonConformant(f"{example.spec}: the driver imports {', '.join(heavy)} in the user's process")


def _start(example: Example, manifest: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "assay.testing.scanning", example.spec, str(manifest), example.policy]
    paths = [entry for entry in sys.path if entry]
    return subprocess.Popen(
        [*command, *paths], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )


PROMISES: tuple[Callable[[Example, Path], None], ...] = (
    check_ends_within_two_seconds_of_an_interrupt,
    check_the_driver_is_light,
)
