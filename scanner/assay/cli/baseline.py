"""The earlier result that a judgement is compared with: `--baseline FILE`, else `gate.new_only.baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from assay.model.result import FileDigest, ScanResult

if TYPE_CHECKING:
    from assay_policies.load import LoadedPolicy


class Baseline(NamedTuple):
    """An earlier result and where it stands; both None where none was named."""

    result: ScanResult | None = None
    file: FileDigest | None = None


def load_baseline(asked: Path | None, loaded: LoadedPolicy) -> Baseline:
    """Return the baseline of the command line, else that of the policy, else none; its path as `--baseline` takes it.

    Args:
        asked: `--baseline`, relative to the working folder.
        loaded: its `gate.new_only.baseline` is relative to the policy file that names it.

    Raises:
        InvalidInput: a baseline is named that is missing or no result: without it, nobody can say what is new.
    """
    path, new_only = asked, loaded.policy.gate.new_only
    if path is None and new_only is not None and new_only.baseline is not None:
        path = _folder(loaded) / new_only.baseline
    if path is None:
        return Baseline()
    from assay.cli.saved import load_with_digest

    result, digest = load_with_digest(path)
    return Baseline(result, FileDigest(path=path.as_posix(), sha256=digest))


def _folder(loaded: LoadedPolicy) -> Path:
    origin = loaded.origins.get(("gate", "new_only", "baseline"))
    source = origin.source if origin is not None else loaded.chain[-1].path
    return Path() if source.startswith("builtin:") else Path(source).parent
