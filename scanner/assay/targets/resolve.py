"""From manifest, or from a bare file or folder, to the list of inputs. Looks at names and sizes, never at content.

(A bare path's first bytes are looked at for NUL bytes, to tell logs from models; nothing is parsed.)
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from assay.documents.validate import validate
from assay.documents.yaml_text import Loc, YamlText, parse, read_bytes
from assay.model.errors import InvalidInput, NotAssessed
from assay.model.manifest import LogInput, Manifest
from assay.model.result import FileDigest
from assay.model.spec import Capability
from assay.targets.refs import InputRef

MAX_FILES = 20_000
MANIFEST_SUFFIXES = (".yaml", ".yml")
LOG_SUFFIXES = (".log", ".jsonl", ".ndjson", ".txt", ".out", ".err", ".csv", ".tsv")
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
MODEL_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".dill", ".model")


@dataclass(frozen=True)
class Resolved:
    """What a scan is about."""

    manifest: Manifest
    root: Path
    inputs: tuple[InputRef, ...]
    declared: frozenset[Capability]
    digest: FileDigest | None = None
    """Of the manifest; None for a bare path."""
    unmatched: dict[str, str] = field(default_factory=dict)
    """Input name -> why there is no file behind it."""

    @property
    def bare(self) -> bool:
        """Say whether there is no manifest."""
        return self.digest is None


def resolve(path: Path) -> Resolved:
    """Resolve a manifest, a model file, a log file or a folder.

    Raises:
        InvalidInput: no such path, or a manifest that is invalid.
        NotAssessed: a folder with no file in it.
    """
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); check the path") from None
    if not exists:
        raise InvalidInput(f"{path}: no such file or folder; give a manifest, a model file, a log file or a folder")
    if not is_folder and path.suffix.lower() in MANIFEST_SUFFIXES:
        return _from_manifest(path)
    return _from_bare(path)


def _from_manifest(path: Path) -> Resolved:
    text = parse(read_bytes(path, str(path)), str(path))
    manifest = validate(text, Manifest)
    text.source = path.name  # results name places relative to the manifest's folder
    root = Path(os.path.abspath(path)).parent
    collector = _Collector(root, text)
    for name, model in manifest.all_models:
        at: Loc = ("model",) if name == "model" else ("models", int(name[7:-1]))
        spec = {**model.model_dump(mode="json"), "root": str(root)}
        collector.single(name, "model", model.path, (*at, "path"), spec)
    for index, pattern in enumerate(manifest.artifacts):
        collector.many("artifact", "artifacts", pattern, ("artifacts", index))
    for role in ("train", "test", "trusted"):
        data = getattr(manifest.data, role)
        if data is not None:
            spec = data.model_dump(mode="json")
            collector.single(f"data.{role}", "data", data.path, ("data", role, "path"), spec)
    for index, log in enumerate(manifest.logs):
        collector.many("log", "logs", log.path, ("logs", index, "path"))
    if not collector.inputs:
        raise NotAssessed(f"{path}:1:1: the manifest names nothing to scan; add model, artifacts, data or logs")
    digest = FileDigest(path=path.name, sha256=text.sha256)
    inputs, unmatched = tuple(collector.inputs.values()), collector.unmatched
    return Resolved(manifest, root, inputs, capabilities(manifest), digest, unmatched)


def capabilities(manifest: Manifest) -> frozenset[Capability]:
    """Return what the manifest declares."""
    found = set()
    if manifest.all_models:
        found |= {Capability.MODEL, Capability.ARTIFACT}
    if manifest.artifacts:
        found.add(Capability.ARTIFACT)
    if manifest.logs:
        found.add(Capability.LOGS)
    for role, capability in (
        ("train", Capability.TRAIN),
        ("test", Capability.TEST),
        ("trusted", Capability.TRUSTED),
    ):
        if getattr(manifest.data, role) is not None:
            found.add(capability)
    return frozenset(found)


class _Collector:
    """Gathers inputs; the same file in the same role is taken once."""

    def __init__(self, root: Path, text: YamlText | None) -> None:
        self.root, self.text = root, text
        self.inputs: dict[str, InputRef] = {}
        self.unmatched: dict[str, str] = {}

    def single(self, name: str, role: str, path: str, loc: Loc, spec: dict[str, object]) -> None:
        full = self._full(path)
        where = self.text.where(loc) if self.text else ""
        self.inputs[name] = InputRef(name, role, full, self._shown(full), where, spec)

    def many(self, role: str, prefix: str, pattern: str, loc: Loc) -> None:
        """Add the files behind a path, a glob or a folder; a model's own file is not an artifact once more."""
        where = self.text.where(loc) if self.text else ""
        full = self._full(pattern)
        paths = sorted(glob.glob(full, recursive=True)) if glob.has_magic(pattern) else [full]
        taken = {ref.path for ref in self.inputs.values() if ref.role in (role, "model")}
        files: list[str] = []
        for path in paths:
            files.extend(_walk(path) if os.path.isdir(path) and not os.path.islink(path) else [path])
        if not files:
            name = f"{prefix}:{pattern}"
            self.inputs[name] = InputRef(name, role, full, pattern, where)
            what = "the folder holds no file" if os.path.isdir(full) else "no file matches"
            self.unmatched[name] = f"{pattern}: {what}; correct the path or remove the entry"
        if len(files) > MAX_FILES:
            name = f"{prefix}:{pattern} (rest)"
            self.inputs[name] = InputRef(name, role, full, pattern, where)
            self.unmatched[name] = f"{pattern}: more than {MAX_FILES:,} files; name fewer, or scan in parts"
            files = files[:MAX_FILES]
        for path in files:
            if path not in taken:
                shown = self._shown(path)
                self.inputs[f"{prefix}:{shown}"] = InputRef(f"{prefix}:{shown}", role, path, shown, where)

    def _full(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.root, os.path.expanduser(path)))

    def _shown(self, path: str) -> str:
        inside = os.path.relpath(path, self.root)
        return (path if inside.startswith("..") else inside).replace(os.sep, "/")


def _walk(folder: str) -> Iterator[str]:
    """Yield the files below `folder`, sorted, links to folders not followed."""
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in (".git", "__pycache__"))
        for name in sorted(files):
            yield os.path.join(current, name)


def _from_bare(path: Path) -> Resolved:
    full = Path(os.path.abspath(path))
    root = full if full.is_dir() else full.parent
    files = list(_walk(str(full))) if full.is_dir() else [str(full)]
    if not files:
        raise NotAssessed(f"{path}: the folder holds no file, so there is nothing to scan; check the path")
    logs_only = all(_looks_like_log(file) for file in files)
    collector = _Collector(root, None)
    collector.many("artifact", "artifacts", str(full), ())
    if logs_only:
        collector.many("log", "logs", str(full), ())
    name = "".join(char for char in full.name if char.isprintable()) or "target"
    shown = "." if full.is_dir() else full.name
    logs = (LogInput(path=shown),) if logs_only else ()
    manifest = Manifest(version=1, name=name[:200], artifacts=(shown,), logs=logs)
    inputs, unmatched = tuple(collector.inputs.values()), collector.unmatched
    return Resolved(manifest, root, inputs, capabilities(manifest), None, unmatched)


def _looks_like_log(path: str) -> bool:
    """Say whether a file of a bare scan may be a log. In doubt no harm is done: stage 0 reads every file anyway."""
    name = path.lower()
    for suffix in PACKED_SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix).endswith(LOG_SUFFIXES)
    if name.endswith(MODEL_SUFFIXES):
        return False
    try:
        with open(path, "rb") as stream:
            head = stream.read(4096)
    except OSError:
        return name.endswith(LOG_SUFFIXES)
    return name.endswith(LOG_SUFFIXES) or (b"\0" not in head and bool(head) and _is_text(head))


def _is_text(head: bytes) -> bool:
    try:
        head[: len(head) - 3 if len(head) == 4096 else None].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum(byte < 32 and byte not in b"\t\n\r\x1b" for byte in head) * 100 < len(head)
