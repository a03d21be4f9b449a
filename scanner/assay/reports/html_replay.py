"""How to repeat this, in the HTML report: the commands of `replay`, quoted and harmless, and how to compare."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from assay.model.result import FileDigest, InputRecord, ScanResult
from assay.reports.html_cells import COMMAND, Long
from assay.reports.replay import RESULT, judge_words, scan_words
from assay.reports.text import safe

MOST_CHECKED = 200
_PLAIN = 300

HASH_PROGRAM = (
    'import hashlib,json,sys;d=json.load(open(sys.argv[1],encoding="utf-8"));del d["provenance"]["run"];'
    '[o.pop("cost") for o in d["outcomes"]];'
    'print(hashlib.sha256(json.dumps(d,sort_keys=True,ensure_ascii=False,separators=(",",":")).encode()).hexdigest())'
)
"""Needs nothing but Python: the result without times, cost and command line, keys sorted, no blanks, UTF-8."""


def hash_command() -> Long:
    """Return the command that computes `result_digest` from the saved JSON result."""
    return Long(shlex.join(["python3", "-c", HASH_PROGRAM, RESULT]))


def scan_command(result: ScanResult) -> Long:
    """Return the command line with its seed, quoted for a shell; empty where it was not recorded."""
    return Long(safe(shlex.join(scan_words(result)), COMMAND))


def judge_command(result: ScanResult) -> Long:
    """Return the command that judges by the policy of this verdict; empty where that was not recorded."""
    return Long(safe(shlex.join(judge_words(result)), COMMAND))


def check_command(result: ScanResult) -> tuple[Long, int]:
    """Return the command that compares files with their digests, and how many inputs it leaves out.

    Left out is what has no digest, a name that `sha256sum` writes in another way, and what is beyond `MOST_CHECKED`.
    """
    provenance = result.provenance
    files = [entry for entry in (provenance.manifest, *provenance.inputs) if entry is not None]
    lines = list(dict.fromkeys(_lines(files)))
    shown = lines[:MOST_CHECKED]
    if not shown:
        return Long(), len(files)
    left_out = len(files) - sum(1 for _ in _lines(files)) + len(lines) - len(shown)
    return Long("\n".join(["sha256sum --check <<'END'", *shown, "END"])), left_out


def _lines(files: list[FileDigest | InputRecord]) -> Iterator[str]:
    for entry in files:
        plain = entry.path and len(entry.path) <= _PLAIN and "\\" not in entry.path and safe(entry.path) == entry.path
        if entry.sha256 is not None and plain:
            yield f"{entry.sha256}  {entry.path}"
