"""Which files of a bare scan are logs. Decided file by file, from names and the first bytes; no byte is parsed.

Stage 0 reads every file of a bare scan, so a model that looks like a log is read all the same. A file counts as a log
where its name says so. Where nothing but texts, compressed files, parquet tables and empty files are there, all of them
count; those that no name calls logs are guessed to be, and a worker that unpacks one may find that it is none. Beside
anything else (models) they are told, and searched only if declared.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from typing import NamedTuple

HEAD = 4096
_ASCII = bytes(range(128))
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_TABLE = re.compile(rb"PAR1[^\t\n\r\x20-\x7e]")
_LOG_NAME = re.compile(
    r"(^|[._/-])(logs?|access|error|audit|syslog|messages|stdout|stderr|out|err|jsonl|ndjson)([._/-]|\d|$)",
    re.IGNORECASE,
)
_CERTAIN_NAME = re.compile(r"\.(log|jsonl|ndjson)([.\-_]\d[\d\-_]*)?$", re.IGNORECASE)
"""What ends so and is no text is told to be no log, with the reason."""
_MODEL_NAME = re.compile(
    r"\.(pkl|pickle|joblib|pt|pth|bin|ckpt|dill|model|npy|npz|skops|onnx|safetensors)(\.\w+)?$", re.IGNORECASE
)


class Sorted(NamedTuple):
    """The files of a bare scan, each list in their order."""

    logs: list[str]
    """What is searched for personal data."""
    guessed: list[str]
    """Those among `logs` that no name calls logs, where a compressed file among them may hold a model."""
    told: list[str]
    """Texts, compressed files and tables that are not searched."""


def logs_among(files: Iterable[str]) -> Sorted:
    """Tell the files that are searched for personal data from those that only could be."""
    heads = {path: _head(path) for path in files}
    readable = {path: head for path, head in heads.items() if not _MODEL_NAME.search(path)}
    packed = {path for path, head in readable.items() if head.startswith(_COMPRESSED)}
    texts = packed | {path for path, head in readable.items() if is_text(head) or _TABLE.match(head)}
    named = {path for path in texts if _LOG_NAME.search(os.path.basename(path))}
    named |= {path for path, head in heads.items() if head and _CERTAIN_NAME.search(path)}
    only_logs = all(path in texts or path in named or not head for path, head in heads.items())
    unnamed = [path for path in heads if path in texts and path not in named]
    if not only_logs:
        return Sorted([path for path in heads if path in named], [], unnamed)
    logs = [path for path in heads if path in named or path in texts]
    return Sorted(logs, unnamed if packed - named else [], [])


def empty_logs(files: Iterable[str]) -> list[str]:
    """Return the empty files that are named as logs: a log that was rotated away says nothing, and hides nothing."""
    return [
        path
        for path in files
        if _LOG_NAME.search(os.path.basename(path)) and not _MODEL_NAME.search(path) and _is_empty(path)
    ]


def _is_empty(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and not found.st_size


def is_text(head: bytes) -> bool:
    """Say whether first bytes are text: UTF-8, or ASCII for the most part, or UTF-16 with its mark; few controls."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if not head or b"\0" in head:
        return False
    try:
        head[: len(head) - 3 if len(head) == HEAD else None].decode("utf-8")
    except UnicodeDecodeError:
        if len(head.translate(None, _ASCII)) * 10 >= len(head) * 3:
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
