"""Keys of the store: one hash over everything that a result depends on, so that a stale one is never found.

A task's key names the work and its source, the piece of the input by content, the arguments, the detector and its
options, the seed, the manifest, the libraries and the kind of processor. Work that may open models and data hangs on
all of them; work that reads the bytes of one file hangs on that file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from assay.engine.room import readable_beside
from assay.engine.supervisor import Task
from assay.model.result import InputRecord
from assay.model.spec import Capability, DetectorSpec
from assay.targets.refs import InputRef
from assay.version import __version__

FORMAT = 2
"""Raised whenever what stands under a key changes its form."""

SECRET_ARGUMENT = "key"
"""Work with an argument of this name gets a secret; its results are never kept, unless sealed."""

_BYTES_ONLY = frozenset({Capability.ARTIFACT, Capability.LOGS})


@dataclass(frozen=True)
class Contents:
    """What is scanned, by content."""

    refs: tuple[InputRef, ...]
    digests: Mapping[str, str]
    """Input name -> sha256 of the file or folder; those that could not be read are left out."""
    manifest: Mapping[str, Any]
    seed: int
    trust: list[list[str]] = field(default_factory=list)
    """What the user trusts besides the allowlist, who says so, and the trust files."""

    @cached_property
    def opened(self) -> list[Any]:
        """Return what work that opens models and data may see; looked up once a scan."""
        shared = [
            [ref.name, ref.shown, self.digests.get(ref.name), _plain(ref)]
            for ref in self.refs
            if ref.role in ("model", "data")
        ]
        return [shared, dict(self.manifest), _sources(self.refs)]

    def of(self, name: str) -> list[Any] | None:
        """Return one input by content, or None where its content is not known."""
        ref = next((ref for ref in self.refs if ref.name == name), None)
        digest = self.digests.get(name)
        return None if ref is None or digest is None else [ref.name, ref.shown, digest, _plain(ref)]


def task_key(task: Task, contents: Contents, spec: DetectorSpec | None, options: Mapping[str, Any]) -> str | None:
    """Return the key of a task; None where its result must not be kept."""
    own = contents.of(task.shard.input)
    if own is None or SECRET_ARGUMENT in task.arguments:
        return None
    module = task.work.partition(":")[0]
    bytes_only = spec is not None and set(spec.needs) <= _BYTES_ONLY
    return _hash(
        [
            "task", FORMAT, task.work, task.shard.to_json(), task.arguments, own,
            None if bytes_only else contents.opened,
            None if spec is None else [spec.id, spec.version, dict(options)],
            contents.seed, source_of(module), environment(),
        ]
    )  # fmt: skip


def part_key(task: Task, ignoring: Iterable[str]) -> str:
    """Return the digest of all that a result kept by content depends on besides the content; the name is no part."""
    module = task.work.partition(":")[0]
    arguments = {name: value for name, value in task.arguments.items() if name not in set(ignoring)}
    shard = [task.shard.start, task.shard.stop, task.shard.extra]
    return _hash(["part", FORMAT, task.work, shard, arguments, source_of(module), environment()])


def outcome_key(
    spec: DetectorSpec,
    options: Mapping[str, Any],
    contents: Contents,
    records: Iterable[InputRecord],
    observed: bool,
    root: Path,
) -> str | None:
    """Return the key of a detector's whole outcome; None where an input's content is not known.

    `root`: the folder from which options name files.
    """
    entries = [[r.name, r.path, r.sha256, r.status, r.problem] for r in records]
    if any(entry[3] == "usable" and entry[2] is None for entry in entries):
        return None
    return _hash(
        [
            "outcome", FORMAT, spec.model_dump(mode="json"), dict(options), entries, contents.opened, observed,
            contents.trust, contents.seed, _option_files(spec, options, root),
            source_of(spec.body.partition(":")[0]), environment(),
        ]
    )  # fmt: skip


def _option_files(spec: DetectorSpec, options: Mapping[str, Any], root: Path) -> list[str | None]:
    """Return the digests of the files that options name; None for one that cannot be read."""
    found: list[str | None] = []
    for option in spec.options:
        if option.secret_file and options.get(option.name):
            try:
                with (root / Path(str(options[option.name])).expanduser()).open("rb") as file:
                    found.append(hashlib.file_digest(file, "sha256").hexdigest())
            except OSError:
                found.append(None)
    return found


def _hash(parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=_refuse)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} cannot be part of a key")


def _plain(ref: InputRef) -> dict[str, Any]:
    """Return what the manifest says of an input, without where it lies on this machine."""
    return {name: value for name, value in ref.spec.items() if name != "root"}


def _sources(refs: Iterable[InputRef]) -> list[list[Any]]:
    """Return every other file that a worker may read for a model: sources and companions, by name, size and times.

    The time of the last change (ctime) cannot be set by hand, so other content never stands under the same key.
    """
    return [[os.path.basename(path), stamp(path)] for path in sorted({p for ref in refs for p in readable_beside(ref)})]


def stamp(path: str) -> list[int] | None:
    """Return what changes whenever a file does; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def stamps(refs: Iterable[InputRef]) -> dict[str, list[int] | None]:
    """Return the stamp of each input, for a look at whether it changed while it was scanned."""
    return {ref.name: stamp(ref.path) for ref in refs}


@lru_cache(maxsize=64)
def source_of(module: str) -> str:
    """Return the digest of the source of a module's top package: new code, new key, whatever its version says."""
    top = module.partition(".")[0]
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return f"{top}: no source"
    folder = os.path.dirname(spec.origin) if spec.submodule_search_locations else spec.origin
    return _folder_digest(folder)


@lru_cache(maxsize=64)
def _folder_digest(folder: str) -> str:
    digest = hashlib.sha256()
    path = Path(folder)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]  # packages only: small, and ours or a plugin's
    for file in files:
        if file.suffix in (".py", ".json", ".yaml", ".so") and file.is_file():
            digest.update(os.fsencode(file.name) + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def environment() -> str:
    """Return the digest of what else changes numbers: Assay, Python, every installed version, the processor."""
    installed = sorted(
        {
            name
            for entry in sys.path
            if entry and os.path.isdir(entry)
            for name in os.listdir(entry)
            if name.endswith((".dist-info", ".egg-info"))
        }
    )
    return _hash([__version__, source_of("assay"), sys.version, platform.machine(), _processor(), installed])


def _processor() -> str:
    """Return the instruction sets of the processor; libraries choose their kernels by them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            return next((line for line in stream if line.startswith(("flags", "Features"))), "")
    except OSError:
        return platform.processor()
