"""Do the payloads of hostile model files fire? Every bad file of a corpus is loaded in a sealed worker, the unsafe way too.

    python benchmarks/artifact_load.py --corpus DIR [--limit N] [--check]

The corpus is a folder with `labels.json` (see artifact.py). `through the gate`: as a scan does it, a file is opened only
where it was found clean. `forced`: stage 0 is ignored, and the file is given to pickle.load, joblib.load, torch.load
(weights_only=False) or Keras (safe_mode off), one worker a file. An audit hook in the worker says what a payload tried;
whether anything came of it is looked at from outside: files below the working folder, the corpus and the folder for
temporary files, processes that the worker left, connections to a port that listens here. `--check` ends with 1 where one
effect is seen. The two functions at the end run in the worker.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(Path(__file__).parent))

from assay.engine.supervisor import Task, Worker, WorkerDied  # noqa: E402
from assay.targets.refs import InputRef, Shard  # noqa: E402
from assay_detectors.artifact.reading import read_artifact  # noqa: E402

SECONDS = 60
EVENTS = (
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "subprocess.Popen", "pty.spawn",
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "urllib.Request", "ftplib.connect",
    "smtplib.connect", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.symlink", "os.link",
    "os.kill", "shutil.rmtree", "shutil.copyfile", "shutil.move", "ctypes.dlopen", "webbrowser.open", "exec", "compile",
)  # fmt: skip
"""Audit events that no honest model raises while it is loaded; `exec` and `compile` only of code that it brings."""


def state(*folders: Path) -> dict[str, tuple[int, int]]:
    """Return what lies below the folders: path -> (size, time of change)."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            info = path.lstat()
            found[str(path)] = (info.st_size, info.st_mtime_ns)
    return found


def children(pid: int | None) -> list[str]:
    """Return the processes that have this one as parent."""
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if pid else []
    except OSError:
        return []


def load(path: Path, shown: str, forced: bool) -> tuple[str, list[str], list[str]]:
    """Load one file in a fresh worker; return (what came of it, what it tried, processes that it left)."""
    ref = InputRef("model", "model", str(path), shown, spec={"pickle_ok": True})
    worker = Worker({"io": {"output": None, "classes": None, "layout": None, "dtype": None}, "task": None}, [ref])
    try:
        answer = worker.call(Task("artifact_load:attempt", Shard("model"), {"forced": forced}), SECONDS)
        left = children(worker.pid)
        value = answer.value if answer.error is None else {"end": answer.error, "tried": []}
        return str(value["end"]), list(value["tried"]), left
    except WorkerDied as death:
        return f"the worker {death}", ["ended its worker"], children(worker.pid)
    finally:
        worker.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="only so many files")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    labels = json.loads((asked.corpus / "labels.json").read_text())
    bad = [name for name, label in sorted(labels.items()) if label["label"] == "malicious"][: asked.limit]
    ready = self_test()
    if ready is not None:
        print(f"no worker can load anything here: {ready}", file=sys.stderr)
        return 2
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    started = time.process_time()
    here = Path(tempfile.mkdtemp(prefix="artifact-load-"))
    os.chdir(here)
    (here / "canary").write_text("as before")
    watched = (here, asked.corpus.resolve())
    table: dict[str, Counter[str]] = {"through the gate": Counter(), "forced": Counter()}
    effects: list[str] = []
    for name in bad:
        path = (asked.corpus / name).resolve()
        read = read_artifact(path)
        clean = read["complete"] and not read["total"] and not read["data"]
        for mode, counts in table.items():
            counts["files"] += 1
            if mode == "through the gate" and not clean:
                counts["not opened"] += 1
                continue
            before = state(*watched)
            end, tried, left = load(path, name, mode == "forced")
            counts["loaded" if end == "loaded" else "refused or broke"] += 1
            counts["tried something"] += bool(tried)
            counts["effects"] += bool(left) or state(*watched) != before or accepted(listener)
            if counts["effects"] > len(effects):
                effects.append(f"{mode}: {name}: tried {', '.join(tried[:5])}")
    columns = ("files", "not opened", "loaded", "refused or broke", "tried something", "effects")
    print(f"| bad files | {' | '.join(columns[1:])} |\n|---|{'---:|' * (len(columns) - 1)}")
    for mode, counts in table.items():
        print(f"| {mode}, {counts['files']} | {' | '.join(str(counts[column]) for column in columns[1:])} |")
    print(f"\nuser {os.getuid()}; {time.process_time() - started:.0f} CPU seconds beside the workers'")
    for line in effects:
        print(f"effect seen outside: {line}", file=sys.stderr)
    return 1 if effects and asked.check else 0


def self_test() -> str | None:
    """Load an ordinary pickle; return what hinders, for then nothing that follows would be a measurement."""
    with tempfile.TemporaryDirectory(prefix="artifact-load-") as folder:
        path = Path(folder) / "list.pkl"
        path.write_bytes(b"\x80\x04].")
        end, _tried, _left = load(path, path.name, True)
    return None if end == "loaded" else f"an empty list ends with: {end}"


def accepted(listener: socket.socket) -> bool:
    """Say whether somebody connected."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


# In the worker --------------------------------------------------------------------------------------------------------


def attempt(opened: Any, shard: Any, *, forced: bool) -> dict[str, Any]:
    """Load the model; return what came of it, and the events that it raised."""
    tried: list[str] = []
    loading = False

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if loading and event in EVENTS and not (event in ("exec", "compile") and _is_library(arguments)):
            tried.append(event)
        elif loading and event == "open" and _writes(arguments):
            tried.append("open to write")

    for library in ("numpy", "joblib", "sklearn", "torch"):
        __import__(library)
    sys.addaudithook(hook)
    loading = True
    try:
        if forced:
            _unsafe(opened.path(shard.input))
        else:
            opened.model()
        end = "loaded"
    except BaseException as error:  # noqa: BLE001 - a payload may raise anything
        end = f"{type(error).__name__}"
    loading = False
    return {"end": end, "tried": sorted(set(tried))}


def _writes(arguments: tuple[Any, ...]) -> bool:
    """Say whether a file is opened to be written, outside of the worker's own folder."""
    path, _mode, flags = arguments
    return isinstance(flags, int) and bool(flags & 3) and not str(path).startswith(("/dev/", os.environ["HOME"]))


def _is_library(arguments: tuple[Any, ...]) -> bool:
    """Say whether code comes from an installed file (an import) rather than from the model."""
    code = arguments[0] if arguments else None
    name = getattr(code, "co_filename", None) or (arguments[1] if len(arguments) > 1 else "")
    return isinstance(name, str | bytes) and bool(name) and not str(name).startswith("<string")


def _unsafe(path: Path) -> None:
    """Load as people do who trust a file: by the first loader that takes it."""
    import pickle

    import joblib
    import torch

    errors = []
    for loader in (
        lambda: pickle.load(path.open("rb")),  # noqa: S301 - the point of this script
        lambda: joblib.load(path),
        lambda: torch.load(path, map_location="cpu", weights_only=False),
        lambda: _keras(path),
    ):
        try:
            loader()
            return
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
    raise errors[0]


def _keras(path: Path) -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    keras.models.load_model(path, safe_mode=False, compile=False)


if __name__ == "__main__":
    sys.exit(main())
