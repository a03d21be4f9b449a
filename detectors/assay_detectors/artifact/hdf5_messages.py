"""What single HDF5 messages say: links, attributes, filters, layouts. Standard library only."""

from __future__ import annotations

from typing import NamedTuple

from assay_detectors.artifact.hdf5_bytes import Fields
from assay_detectors.artifact.sources import Unread

HARD, SOFT, EXTERNAL = 0, 1, 64


class Link(NamedTuple):
    """One entry of a group."""

    name: str
    kind: int
    address: int
    """Of the object, for hard links."""
    target: str
    """What a soft or external link names."""


class Attribute(NamedTuple):
    """Name, type and bytes of an attribute; `text` says how to read it as strings, None where it is none."""

    name: str
    text: str | None
    """`fixed`, `variable`, or None."""
    width: int
    """Bytes of one element."""
    elements: int
    value: bytes


def text(raw: bytes) -> str:
    """Decode a name without ever failing."""
    return raw.decode("utf-8", "backslashreplace")


def read_link(body: Fields) -> Link:
    """Read a link message; raises `Unread` for layouts that are not known."""
    version, flags = body.take(2)
    if version != 1 or flags & 0xE0:
        raise Unread(f"HDF5 link messages of version {version} are not known", None)
    kind = body.number(1) if flags & 8 else HARD
    if flags & 4:
        body.take(8)
    if flags & 16:
        body.take(1)
    name = text(body.take(body.number(1 << (flags & 3))))
    if kind == HARD:
        return Link(name, HARD, body.address(), "")
    value = body.take(body.number(2))
    if kind == SOFT:
        return Link(name, SOFT, 0, text(value))
    if kind == EXTERNAL:
        file, _, path = value[1:].partition(b"\0")
        return Link(name, EXTERNAL, 0, f"{text(file)}:{text(path.rstrip(bytes(1)))}")
    return Link(name, kind, 0, text(value))


def read_attribute(body: Fields) -> Attribute:
    """Read an attribute message up to its bytes; raises `Unread` for layouts that are not known."""
    version, flags = body.take(2)
    if version not in (1, 2, 3) or (version > 1 and flags & 0xFC):
        raise Unread(f"HDF5 attributes of version {version} are not known", None)
    sizes = [body.number(2) for _ in range(3)]
    if version == 3:
        body.take(1)
    raw, kind, space = (body.within(-(-size // 8) * 8 if version == 1 else size) for size in sizes)
    if raw.data[sizes[0] - 1 : sizes[0]] != b"\0":
        raise Unread("the name of an HDF5 attribute has no end, so readers may differ", "two-readings")
    name = text(raw.data[: sizes[0]].split(b"\0")[0])
    if version > 1 and flags:
        return Attribute(name, None, 0, 0, body.rest())
    form, width = _string_type(kind)
    return Attribute(name, form, width, _elements(space), body.rest())


def _string_type(kind: Fields) -> tuple[str | None, int]:
    """Say whether a datatype is a fixed or a variable string, and how wide its elements are."""
    first = kind.number(1)
    bits = kind.number(3)
    width = kind.number(4)
    if first >> 4 not in (1, 2, 3, 4, 5):
        raise Unread(f"HDF5 datatypes of version {first >> 4} are not known", None)
    if first & 15 == 3:
        return "fixed", width
    if first & 15 == 9 and bits & 15 == 1:
        return "variable", width
    return None, width


def _elements(space: Fields) -> int:
    """Count the elements of a dataspace."""
    version, rank, flags = space.take(3)
    if version == 1:
        space.take(5)
    elif version == 2:
        kind = space.number(1)
        if kind == 2:
            return 0
    else:
        raise Unread(f"HDF5 dataspaces of version {version} are not known", None)
    del flags
    count = 1
    for _ in range(rank):
        count = min(count * space.size(), 1 << 62)
    return count


def read_filters(body: Fields) -> list[tuple[int, str]]:
    """Return number and name of every filter of a pipeline."""
    version, count = body.take(2)
    if version not in (1, 2):
        raise Unread(f"HDF5 filter pipelines of version {version} are not known", None)
    if version == 1:
        body.take(6)
    found = []
    for _ in range(count):
        number = body.number(2)
        length = body.number(2) if version == 1 or number >= 256 else 0
        body.take(2)
        values = body.number(2)
        name = text(body.take(-(-length // 8) * 8 if version == 1 else length).split(b"\0")[0])
        body.take(4 * (values + (values % 2 if version == 1 else 0)))
        found.append((number, name))
    return found


def layout_class(body: Fields) -> int:
    """Return how a dataset is stored: 0 compact, 1 contiguous, 2 in chunks, 3 virtual."""
    version, second = body.take(2)
    if version in (1, 2):
        kind = body.number(1)
    elif version in (3, 4, 5):
        kind = second
    else:
        raise Unread(f"HDF5 layouts of version {version} are not known", None)
    if kind > 3:
        raise Unread(f"HDF5 layouts of class {kind} are not known", None)
    return kind
