"""From manifest, or from a bare file or folder, to the list of inputs. Looks at names and sizes, never at content.

(Which files of a bare folder are logs: `assay.targets.bare`.)
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
from assay.model.visible import visible
from assay.targets.bare import empty_logs, logs_among
from assay.targets.refs import InputRef
from assay.targets.trust import NO_TRUST, Trust

MAX_FILES = 20_000
MANIFEST_SUFFIXES = (".yaml", ".yml")
LEFT_OUT = (".git", ".hg", ".svn", "__pycache__")
"""Folders below a folder that are not looked into; a scan says so."""


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
    left_out: tuple[str, ...] = ()
    """What was not even listed, in plain words."""
    trust: Trust = NO_TRUST
    """What the person who scans trusts besides the allowlist; never from the target."""

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
        raise InvalidInput(f"{visible(str(path))}: cannot be read ({error.strerror}); check the path") from None
    if not exists:
        raise InvalidInput(
            f"{visible(str(path))}: no such file or folder; give a manifest, a model file, a log file or a folder"
        )
    if not is_folder and path.suffix.lower() in MANIFEST_SUFFIXES:
        return _from_manifest(path)
    return _from_bare(path)


def _from_manifest(path: Path) -> Resolved:
    text = parse(read_bytes(path, visible(str(path))), visible(str(path)))
    manifest = validate(text, Manifest)
    text.source = visible(path.name)  # results name places relative to the manifest's folder
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
        raise NotAssessed(
            f"{visible(str(path))}:1:1: the manifest names nothing to scan; add model, artifacts, data or logs"
        )
    _add_references(manifest, text, collector)
    digest = FileDigest(path=text.source, sha256=text.sha256)
    inputs, unmatched = tuple(collector.inputs.values()), collector.unmatched
    return Resolved(manifest, root, inputs, capabilities(manifest), digest, unmatched, tuple(collector.left_out))


def _add_references(manifest: Manifest, text: YamlText, collector: _Collector) -> None:
    """Add what says how the files should be: `integrity.manifest`, or `integrity[1].signature` in a list."""
    listed = isinstance(text.data.get("integrity"), list)
    for index, entry in enumerate(manifest.integrity):
        prefix = f"integrity[{index}]" if listed else "integrity"
        at: Loc = ("integrity", index) if listed else ("integrity",)
        for part in ("manifest", "signature", "key", "certificates"):
            path = getattr(entry, part)
            if path is not None:
                collector.single(f"{prefix}.{part}", "reference", path, (*at, part), {"entry": index, "is": part})


def capabilities(manifest: Manifest) -> frozenset[Capability]:
    """Return what the manifest declares."""
    found = set()
    if manifest.integrity:
        found.add(Capability.INTEGRITY)
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
        self.left_out: dict[str, None] = {}

    def single(self, name: str, role: str, path: str, loc: Loc, spec: dict[str, object]) -> None:
        full = self._full(path)
        where = self.text.where(loc) if self.text else ""
        self.inputs[name] = InputRef(name, role, full, self._shown(full), where, spec)

    def many(self, role: str, prefix: str, pattern: str, loc: Loc) -> None:
        """Add the files behind a path, a glob or a folder; a model's own file is not an artifact once more."""
        where = self.text.where(loc) if self.text else ""
        full = self._full(pattern)
        paths = sorted(glob.glob(full, recursive=True, include_hidden=True)) if glob.has_magic(pattern) else [full]
        taken = {ref.path for ref in self.inputs.values() if ref.role in (role, "model")}
        files: list[str] = []
        for path in paths:
            files.extend(self._walk(path, role, prefix, where) if os.path.isdir(path) else [path])
        if not files:
            what = "the folder holds no file" if os.path.isdir(full) else "no file matches"
            problem = f"{visible(pattern)}: {what}; correct the path or remove the entry"
            self.refuse(role, f"{prefix}:{pattern}", full, where, problem)
        if len(files) > MAX_FILES:
            problem = f"{visible(pattern)}: more than {MAX_FILES:,} files; name fewer, or scan in parts"
            self.refuse(role, f"{prefix}:{pattern} (rest)", full, where, problem)
            files = files[:MAX_FILES]
        for path in files:
            if path not in taken:
                self.add(role, prefix, path, where)

    def add(self, role: str, prefix: str, path: str, where: str = "", *, guessed: bool = False) -> None:
        """Add one file."""
        shown = self._shown(path)
        spec = {"guessed": True} if guessed else {}
        self.inputs[f"{prefix}:{shown}"] = InputRef(f"{prefix}:{shown}", role, path, shown, where, spec)

    def without_empty(self, files: list[str], empty: list[str]) -> list[str]:
        """Leave out empty logs, as long as there is anything else; return the files that stay."""
        if not empty or len(empty) == len(files):
            return files
        gone = set(empty)
        self.inputs = {name: ref for name, ref in self.inputs.items() if ref.path not in gone}
        more = f" and {len(empty) - 1:,} more" if len(empty) > 1 else ""
        self.left_out[f"{self._shown(empty[0])}{more} (empty: nothing to check in it)"] = None
        return [path for path in files if path not in gone]

    def refuse(self, role: str, name: str, path: str, where: str, problem: str) -> None:
        """Add an input that cannot be used, with its reason."""
        self.inputs[visible(name)] = InputRef(visible(name), role, path, self._shown(path), where)
        self.unmatched[visible(name)] = problem

    def _walk(self, folder: str, role: str, prefix: str, where: str) -> Iterator[str]:
        """Yield the files below `folder`, sorted; a link to a folder below it is not followed, but told."""
        for current, folders, files in os.walk(folder):
            for name in [name for name in folders if name in LEFT_OUT]:
                self.left_out[f"{self._shown(os.path.join(current, name))}/ (not looked into)"] = None
            for name in sorted(name for name in folders if os.path.islink(os.path.join(current, name))):
                path = os.path.join(current, name)
                problem = f"{self._shown(path)}: is a link to a folder and is not followed; name its target instead"
                self.refuse(role, f"{prefix}:{self._shown(path)}", path, where, problem)
            folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
            for name in sorted(files):
                yield os.path.join(current, name)

    def _full(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.root, os.path.expanduser(path)))

    def _shown(self, path: str) -> str:
        return shown_below(path, self.root)


def shown_below(path: str, root: str | Path) -> str:
    """Return a path as people see it: relative to `root` where it lies in it, with `/`."""
    inside = os.path.relpath(path, root)
    return visible((path if inside.startswith("..") else inside).replace(os.sep, "/"))


def _from_bare(path: Path) -> Resolved:
    full = Path(os.path.abspath(path))
    root = full if full.is_dir() else full.parent
    collector = _Collector(root, None)
    collector.many("artifact", "artifacts", str(full), ())
    if not collector.inputs or (full.is_dir() and not any(full.iterdir())):
        raise NotAssessed(
            f"{visible(str(path))}: the folder holds no file, so there is nothing to scan; check the path"
        )
    files = [ref.path for ref in collector.inputs.values() if ref.name not in collector.unmatched]
    if full.is_dir():
        files = collector.without_empty(files, empty_logs(files))
    found = logs_among(files)
    guessed = frozenset(found.guessed)
    for file in found.logs:
        collector.add("log", "logs", file, guessed=file in guessed)
    if found.told:
        more = f" and {len(found.told) - 1:,} more" if len(found.told) > 1 else ""
        what = "texts beside models, searched for personal data only if declared"
        collector.left_out[f"{shown_below(found.told[0], root)}{more} ({what})"] = None
    name = visible(full.name) or "target"
    shown = "." if full.is_dir() else visible(full.name)
    has_logs = any(ref.role == "log" for ref in collector.inputs.values())
    declared = (LogInput(path=shown),) if has_logs else ()
    manifest = Manifest(version=1, name=name[:200], artifacts=(shown,), logs=declared)
    inputs, unmatched = tuple(collector.inputs.values()), collector.unmatched
    return Resolved(manifest, root, inputs, capabilities(manifest), None, unmatched, tuple(collector.left_out))
