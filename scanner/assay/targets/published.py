"""Write the list of a release's files with their digests: as text of `sha256sum`, or as JSON with sizes.

Both are what `integrity: {manifest: ...}` reads. A list kept beside the files shows that they belong together; only one
that comes from elsewhere shows that they are what somebody published.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from assay.targets.digest import Digest, digest, folder_digest, listing

TYPE = "assay/file-manifest"
VERSION = 1
Form = Literal["sums", "json"]


def write_manifest(path: Path, form: Form = "sums") -> str:
    """Return the list of the file at `path`, or of every file below the folder at `path`, names relative to it.

    Args:
        path: a file or a folder. A link to a folder below it is not followed and not listed.
        form: `sums` for text that `sha256sum --check` reads too, `json` for JSON with sizes and the folder's digest,
            which is the `sha256` of the input in a result.

    Raises:
        UnusableInput: something is missing, unreadable, or neither file nor folder.
    """
    shown = str(path)
    if path.is_dir():
        entries = list(listing(path, shown))
        whole = folder_digest(entries)
        entries = [(name, found) for name, found in entries if not (path / name).is_dir()]
    else:
        whole = digest(path, shown)
        entries = [(path.name, whole)]
    return _json(entries, whole) if form == "json" else "".join(_line(name, found) for name, found in entries)


def _json(entries: list[tuple[str, Digest]], whole: Digest) -> str:
    files = [{"path": name, "sha256": found.sha256, "size": found.size} for name, found in entries]
    document = {"type": TYPE, "version": VERSION, "sha256": whole.sha256, "files": files}
    return json.dumps(document, indent=1) + "\n"


def _line(name: str, found: Digest) -> str:
    """Return one line as GNU writes it; a name with a line break or a backslash is escaped, and the line marked."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return f"{mark}{found.sha256}  {escaped}\n"
