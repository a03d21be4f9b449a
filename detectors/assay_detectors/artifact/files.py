"""The files that the artifact detectors read, and what workers say of them: in the parent, where nothing is trusted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.detector import Context, SkipDetector
from assay.targets import sniff
from assay.targets.base import Target
from assay.targets.refs import InputRef, Shard
from assay_detectors.artifact.reading import read_file

MAX_FILES = 20_000
"""Files that are read below one folder."""
MAX_MODELS = 20
"""ONNX files that are asked whether they keep their tensors in a file."""


ONLY_LOGS = "every file is a log too, and none of them holds a model or code"


def only_logs(target: Target) -> bool:
    """Say whether every file that is read is declared, or was recognised, as a log too."""
    logs = {ref.path for ref in target.of_role("log") if not _is_no_log(target, ref)}
    return {ref.path for ref in target.of_role("model", "artifact")} <= logs


def has_logs(target: Target) -> bool:
    """Say whether anything is a log beyond doubt: declared or named as one, not guessed in a bare folder."""
    return any(not ref.spec.get("guessed") for ref in target.of_role("log"))


def _is_no_log(target: Target, ref: InputRef) -> bool:
    record = target.record(ref.name)
    return record is not None and "no_log" in record.facts


def size(path: Path) -> int:
    """Return the bytes of a file, 0 where nobody can tell."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def tasks(target: Target, unread: list[tuple[str, str]]) -> list[tuple[Shard, str, bool]]:
    """Return (shard, shown path, whether it must be measured) per file, each path once, folders opened up.

    What will not be read is added to `unread`, with the reason.
    """
    found: dict[str, tuple[Shard, str, bool]] = {}
    trust = {"trust": target.trust.plain} if target.trust.entries else {}
    models = _models(target)
    for ref in target.of_role("model", "artifact"):
        if ref.leads_away:
            unread.append((named(ref.shown), "it is a link to a folder, which is not followed"))
            continue
        if Path(ref.path).is_dir():
            for below in _below(ref, unread):
                shown = named(f"{ref.shown.rstrip('/')}/{below}")
                found.setdefault(f"{ref.path}/{below}", (Shard(ref.name, extra={"below": below} | trust), shown, False))
        else:
            known = found.get(ref.path)
            must = ref.role == "model" or (known is not None and known[2])
            found[ref.path] = (Shard(ref.name, extra=trust | models.get(ref.path, {})), named(ref.shown), must)
    return list(found.values())


def _models(target: Target) -> dict[str, dict[str, Any]]:
    """Return by path, for files of unknown format, the ONNX files in their folder with digests: part of the key."""
    records = {record.name: record for record in target.records}
    formats = {
        ref.path: (ref.name, records[ref.name]) for ref in target.of_role("model", "artifact") if ref.name in records
    }
    models: dict[str, list[list[str]]] = {}
    for path, (name, record) in formats.items():
        if record.format == sniff.ONNX:
            models.setdefault(os.path.dirname(path), []).append([name, record.sha256 or ""])
    return {
        path: {"models": models[os.path.dirname(path)][:MAX_MODELS]}
        for path, (_, record) in formats.items()
        if record.format in (sniff.BINARY, sniff.MSGPACK) and os.path.dirname(path) in models
    }


def _below(ref: InputRef, unread: list[tuple[str, str]]) -> list[str]:
    """Return the files below a folder, sorted; links that lead out of it, and to folders, are not followed."""
    root = Path(ref.path)
    top = root.resolve()
    found: list[str] = []
    for folder, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted(files) + linked:
            path = Path(folder, name)
            below = path.relative_to(root).as_posix()
            if name in linked or (path.is_symlink() and not _stays(path, top)):
                unread.append((named(f"{ref.shown.rstrip('/')}/{below}"), "it is a link that is not followed"))
                continue
            if len(found) >= MAX_FILES:
                unread.append((clean(f"{ref.shown.rstrip('/')}/..."), f"only the first {MAX_FILES:,} files are read"))
                return found
            found.append(below)
    return found


def _stays(path: Path, top: Path) -> bool:
    try:
        return path.resolve().is_relative_to(top)
    except (OSError, RuntimeError):
        return False


def checked(result: Any, failure: str | None) -> dict[str, Any]:
    """Return the reading in a known shape, whatever the worker said; a failed one has read nothing."""
    reading: dict[str, Any] = {
        "format": "unread",
        "data": False,
        "findings": [],
        "total": 0,
        "anomalies": [],
        "anomalies_total": 0,
        "reasons": [],
        "notes": [],
        "granted": [],
    }
    if failure is not None or not isinstance(result, dict):
        reading["reasons"] = [f"the reading failed: {failure or 'the worker gave no result'}"]
        return reading
    for key, default in reading.items():
        value = result.get(key)
        if not isinstance(value, type(default)):
            return reading | {"reasons": ["the reading failed: the worker's result has an unknown form"]}
        reading[key] = value
    for key in ("findings", "anomalies"):
        reading[key] = [entry for entry in reading[key] if isinstance(entry, dict)]
    if not result.get("complete") and not reading["reasons"]:
        reading["reasons"] = ["it was not read to its end"]
    return reading


def readings(
    target: Target, ctx: Context, unread: list[tuple[str, str]]
) -> Iterator[tuple[str, str, bool, dict[str, Any]]]:
    """Yield (input, shown path, whether it must be measured, reading) of every file that can be read.

    Args:
        target: the target; its models and artifacts are read, folders file by file.
        ctx: the driver's.
        unread: takes (shown path, reason) of what will not be read, before the first reading is yielded.

    Raises:
        SkipDetector: there is no such input.
    """
    todo = tasks(target, unread)
    if not todo and not unread:
        raise SkipDetector("no model or artifact file is declared, or the patterns match none")
    known = {(shard.input, shard.extra.get("below")): (shown, must) for shard, shown, must in todo}
    outcomes = ctx.map_outcomes(read_file, [shard for shard, _, _ in todo])
    for done, (shard, result, failure) in enumerate(outcomes, 1):
        ctx.check()
        shown, must = known[(shard.input, shard.extra.get("below"))]
        yield shard.input, shown, must, weighed(checked(result, failure), must)
        ctx.progress(done, len(todo))


def weighed(reading: dict[str, Any], must: bool) -> dict[str, Any]:
    """Return the reading of a file that need not be a model: a container of data only holds nothing that runs."""
    if must or not reading["data"] or reading["format"] not in sniff.HOLDERS:
        return reading
    return reading | {"data": False, "held": True, "notes": [*reading["notes"], "it holds data only, and no model"]}


def clean(text: str, cap: int = 400) -> str:
    """Return `text` with control, direction and other unprintable characters escaped, and cut to `cap`."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[: cap + 1])
    return shown if len(shown) <= cap else shown[:cap] + "…"


def named(path: str, cap: int = 400) -> str:
    """Return a path as `clean` shows it, and no two paths alike: one that was changed carries a digest of itself."""
    shown = clean(path, cap)
    if shown == path:
        return shown
    return f"{shown} ({hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:8]})"
