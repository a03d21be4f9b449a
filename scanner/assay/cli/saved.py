"""Read a saved result for `judge`, `report`, `diff` and `explain`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from assay.model.errors import InvalidInput
from assay.model.result import ScanResult, read_result

MAX_BYTES = 1 << 30


def load_result(path: Path) -> ScanResult:
    """Return the result in `path`.

    Raises:
        InvalidInput: no such file, unreadable, not a result, from a newer Assay.
    """
    return load_with_digest(path)[0]


def load_with_digest(path: Path) -> tuple[ScanResult, str]:
    """Return the result in `path` and the sha256 of its bytes; errors as in `load_result`."""
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except FileNotFoundError:
        raise InvalidInput(f"{path}: no such file; give the file written by `assay scan -o json=`") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}); give the file written by `-o json=`") from None
    if size > MAX_BYTES:
        raise InvalidInput(f"{path}: larger than 1 GiB, so it is no result of Assay; check the path")
    return read_result(content, str(path)), hashlib.sha256(content).hexdigest()
