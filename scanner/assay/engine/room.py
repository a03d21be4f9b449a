"""What surrounds a worker: its home, its environment, the files it may read, and what its seal proved."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.targets.refs import InputRef

_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "ASSAY_WORKER_STDERR")
"""Variables of the user's environment that a worker may see; none of them is a secret."""

MAX_BESIDE = 2000

_REPORTS = (".json", ".jsonl", ".html", ".sarif", ".txt", ".xml", ".md", ".yaml", ".yml", ".log", ".sqlite", ".csv")

PROPERTIES = ("read elsewhere", "write", "exec", "tcp", "udp", "fork", "signal the parent")


@dataclass(frozen=True)
class Seal:
    """What a worker put on, and what its own probes say."""

    layers: dict[str, str]
    """Layer -> detail, or `missing: why`."""
    held: dict[str, bool]
    """Property -> whether the escape was refused."""

    @property
    def complete(self) -> bool:
        """Say whether every property holds."""
        return all(self.held.get(name, False) for name in PROPERTIES)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what a report shows."""
        open_doors = [name for name in PROPERTIES if not self.held.get(name, False)]
        shown = [f"{name} ({detail})" for name, detail in self.layers.items()]
        return (*shown, f"not held: {', '.join(open_doors)}" if open_doors else "all probes refused")


def read_seal(answer: dict[str, Any]) -> Seal:
    """Return the seal from a worker's first answer, given before it opened anything."""
    layers, held = answer.get("layers"), answer.get("held")
    return Seal(
        {str(name): str(detail) for name, detail in layers.items()} if isinstance(layers, dict) else {},
        {str(name): value is True for name, value in held.items()} if isinstance(held, dict) else {},
    )


class Room:
    """A temporary folder: a home prepared for the libraries, kept read-only by the seal, and a file to probe with."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="assay-")
        base = Path(self._folder)
        self.home, self.elsewhere = base / "home", base / "elsewhere"
        art = self.home / ".art"
        (art / "data").mkdir(parents=True)
        # art/config.py writes its configuration on import, unless it is there already.
        (art / "config.json").write_text(json.dumps({"ART_DATA_PATH": str(art / "data")}))
        # torch's optimizers import its compiler, which makes its cache on import, unless it is there already.
        (self.home / "inductor").mkdir()
        self.elsewhere.write_bytes(b"\0 no format that any kernel executes\n")
        self.elsewhere.chmod(0o755)
        # Not 0o500: art/config.py asks access(2), which knows nothing of the seal, and would turn to /tmp.
        self.home.chmod(0o700)

    def environment(self) -> dict[str, str]:
        """Return the environment of a worker: an allowlist, one thread, fixed hashes, nothing that phones home."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        return {
            **kept,
            **threads,
            # No programs: a worker may start none. Libraries that look for a compiler (ctypes.util.find_library, which
            # torch with CUDA asks) would otherwise find one, and fail at the file that they want to hand it.
            "PATH": str(self.home),
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TLDEXTRACT_CACHE": str(self.home),
            "ART_DATA_PATH": str(self.home),
            "TORCHINDUCTOR_CACHE_DIR": str(self.home / "inductor"),
            "HF_HUB_OFFLINE": "1",
            "JOBLIB_MULTIPROCESSING": "0",
        }

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def listed_files(refs: Iterable[InputRef]) -> list[str]:
    """Return what a worker may read of the target: its inputs; a name that ends in `/` may be listed, not read.

    A link counts with the file that it leads to.
    """
    listed: list[str] = []
    for ref in refs:
        if ref.leads_away:
            continue
        listed += [ref.path, os.path.realpath(ref.path)]
        if ref.role == "model":
            listed += [os.path.dirname(os.path.realpath(ref.path)) + "/", str(ref.spec.get("root") or "") + "/"]
        listed += readable_beside(ref)
    return list(dict.fromkeys(path for path in listed if path != "/"))


def readable_beside(ref: InputRef) -> list[str]:
    """Return the files that may be read for a model besides its own: external data, and the source of its factory.

    They are part of the keys of the store, so reports, which people write beside the model, are not among them.
    """
    if ref.role != "model":
        return []
    companions = _files(os.path.dirname(os.path.realpath(ref.path)), deep=False)
    found = [path for path in companions if not path.endswith(_REPORTS)]
    if ref.spec.get("factory") and ref.spec.get("root"):
        found += [path for path in _files(ref.spec["root"], deep=True) if path.endswith(".py")]
    return list(dict.fromkeys(found))


def _files(folder: str, deep: bool) -> list[str]:
    """Return the files of a folder, sorted; `deep`: of the packages in it too."""
    found: list[str] = []
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if deep and name.isidentifier())
        found += [os.path.join(current, name) for name in sorted(files) if not name.startswith(".")]
        if len(found) > MAX_BESIDE:
            break
    return found[:MAX_BESIDE]
