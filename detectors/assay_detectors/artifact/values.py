"""Values of the symbolic unpickler: what a pickle would build, as far as it matters for what it may do.

Known values are Python's own: int (bool included), str, bytes, tuple. Everything else is one of the markers below.
"""

from __future__ import annotations

from typing import Any

from assay_detectors.artifact.report import Finding


class Marker:
    """A value that is known by its kind only."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


MARK = Marker("mark")
OPAQUE = Marker("object")
NONE = Marker("none")
LIST = Marker("list")
DICT = Marker("dict")
SET = Marker("set")
TEXT = Marker("text")
"""A string that a call returned, so that it may name an import."""
TAINTED = Marker("result of something forbidden")


class Global:
    """Something imported; `finding` where it is forbidden."""

    __slots__ = ("finding", "name", "power")

    def __init__(self, name: str, power: str | None, finding: Finding | None) -> None:
        self.name = name
        self.power = power
        self.finding = finding


class Blob:
    """A bytes constant; `data` is held only where it may be a pickle itself."""

    __slots__ = ("data", "offset", "required")

    def __init__(self, data: bytes | None, offset: int) -> None:
        self.data = data
        self.offset = offset
        self.required = False


class State:
    """A dictionary whose entries are kept, because it may describe a joblib array."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: dict[str, Any] | None = {}
        """None once a key was computed, so that any entry may have been replaced."""


class Dtype:
    """A numpy dtype: its code, and its size where the code does not tell."""

    __slots__ = ("code", "size")

    def __init__(self, code: str) -> None:
        self.code = code
        self.size: int | None = None


class Wrapper:
    """joblib's NumpyArrayWrapper: BUILD on it reads raw array bytes from the file."""

    __slots__ = ("attributes",)

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
