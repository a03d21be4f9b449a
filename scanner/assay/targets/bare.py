"""Which files of a bare scan are logs. Decided file by file, from names and the first bytes; no byte is parsed.

Stage 0 reads every file of a bare scan, so a model that looks like a log is read all the same. A file counts as a log
where its first bytes are text, or where it is compressed and its name is a log's; in a folder that holds models too,
texts beside them (a README, a configuration) are logs only where their names say so.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable

HEAD = 4096
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_LOG_NAME = re.compile(
    r"(^|[._/-])(logs?|access|error|audit|syslog|messages|stdout|stderr|out|err|jsonl|ndjson)([._/-]|\d|$)",
    re.IGNORECASE,
)
_MODEL_NAME = re.compile(
    r"\.(pkl|pickle|joblib|pt|pth|bin|ckpt|dill|model|npy|npz|skops|onnx|safetensors)(\.\w+)?$", re.IGNORECASE
)


def logs_among(files: Iterable[str]) -> list[str]:
    """Return the files that are searched for personal data, in their order."""
    heads = {path: _head(path) for path in files}
    texts = {path for path, head in heads.items() if is_text(head) and not _MODEL_NAME.search(path)}
    packed = {path for path, head in heads.items() if head.startswith(_COMPRESSED) and not _MODEL_NAME.search(path)}
    named = {path for path in texts | packed if _LOG_NAME.search(os.path.basename(path))}
    only_logs = all(path in texts or path in named or not head for path, head in heads.items())
    return [path for path in heads if path in named or (only_logs and path in texts)]


def is_text(head: bytes) -> bool:
    """Say whether first bytes are text: UTF-8 (or UTF-16 with its mark), hardly a control character."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if not head or b"\0" in head:
        return False
    try:
        head[: len(head) - 3 if len(head) == HEAD else None].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum(byte < 32 and byte not in b"\t\n\r\x1b" for byte in head) * 100 < len(head)


def _head(path: str) -> bytes:
    """Return the first bytes of a regular file; nothing of a pipe, which would wait for its writer."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""
        with open(path, "rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return b""
