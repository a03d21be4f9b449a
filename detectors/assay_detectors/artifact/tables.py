"""Parquet and Arrow files: tables, of which old readers unpickle what one type says. Standard library only."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from assay_detectors.artifact.sources import CHUNK, Source

if TYPE_CHECKING:
    from assay_detectors.artifact.report import Report

_TYPE = b"arrow.py_extension_type"
"""A type of which pyarrow before 14.0.1 unpickles the description while it reads (CVE-2023-47248)."""


def _inside(shift: int) -> bytes:
    """Return what Base64 makes of the type's name where it begins `shift` bytes into a group of three."""
    text = b64encode(bytes(shift) + _TYPE + bytes(3))
    first = (shift * 8 + 5) // 6
    return text[first : (shift + len(_TYPE)) * 8 // 6]


_WORDS = (_TYPE, *(_inside(shift) for shift in range(3)))
"""Plain, as Arrow holds it, and in the Base64 of the schema that Parquet keeps among its metadata."""


def read_table(source: Source, report: Report) -> None:
    """Search a table for the type; it stands in the metadata, which neither format compresses."""
    keep = max(map(len, _WORDS)) - 1
    rest, at = b"", 0
    while chunk := source.read(CHUNK):
        window = rest + chunk
        places = [place for place in map(window.find, _WORDS) if place >= 0]
        if places:
            note = "names a type that old pyarrow unpickles while it reads"
            report.find("reference", _TYPE.decode(), note, at - len(rest) + min(places))
            return
        at += len(chunk)
        rest = window[-keep:]
