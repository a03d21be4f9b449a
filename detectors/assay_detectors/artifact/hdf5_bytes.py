"""The bytes of an HDF5 file at any address, its superblock and its object headers. Standard library only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from assay_detectors.artifact.sources import Region, Unread

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_METADATA = 512 << 20
"""Bytes of structure (not of arrays) that one file may make us read."""
MAX_READS = 4_000_000
MAX_MESSAGES = 2_000_000
MAX_HEADER = 64 << 20
"""Bytes of one block of an object header; the library writes at most 64 KiB a message."""
_PAGE = 1 << 16
_PAGES = 64


class Bytes:
    """Random access by the file's own addresses, within a budget."""

    def __init__(self, source: Region, length: int) -> None:
        self._source = source
        self.length = length
        self.base = 0
        """Where address 0 lies: behind the user block."""
        self.wide = 8
        """Bytes of an address."""
        self.long = 8
        """Bytes of a length."""
        self._pages: dict[int, bytes] = {}
        self._left = MAX_METADATA
        self._reads = MAX_READS

    @property
    def undefined(self) -> int:
        """The address that means "nowhere"."""
        return (1 << 8 * self.wide) - 1

    def raw(self, start: int, count: int) -> bytes:
        """Return bytes by their place in the file; raises `Unread` where there are none."""
        self._left -= count
        self._reads -= 1
        if self._left < 0 or self._reads < 0:
            raise Unread("its HDF5 structure is larger than any model needs", "bomb")
        if start < 0 or start + count > self.length:
            raise Unread(f"an HDF5 address leads outside the file ({start})")
        first, last = start // _PAGE, (start + count - 1) // _PAGE
        if first != last:
            return self._source.part(start, start + count).read_all(count, "an HDF5 block")
        page = self._pages.get(first)
        if page is None:
            if len(self._pages) >= _PAGES:
                self._pages.clear()
            stop = min((first + 1) * _PAGE, self.length)
            page = self._pages[first] = self._source.part(first * _PAGE, stop).read_all(_PAGE, "an HDF5 block")
        chunk = page[start - first * _PAGE : start - first * _PAGE + count]
        if len(chunk) < count:
            raise Unread("the file ended while it was read", "cut-off")
        return chunk

    def at(self, address: int, count: int) -> bytes:
        """Return bytes by their HDF5 address."""
        return self.raw(self.base + address, count)

    def fields(self, address: int, count: int) -> Fields:
        """Return bytes by their HDF5 address, to be read field by field."""
        return Fields(self.at(address, count), self.wide, self.long)


class Fields:
    """Little-endian fields, one after the other; raises `Unread` past the end."""

    def __init__(self, data: bytes, wide: int, long: int) -> None:
        self.data = data
        self.here = 0
        self._wide = wide
        self._long = long

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        if count < 0 or self.here + count > len(self.data):
            raise Unread("an HDF5 message is shorter than its fields")
        self.here += count
        return self.data[self.here - count : self.here]

    def number(self, size: int) -> int:
        """Return an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def address(self) -> int:
        """Return an address."""
        return self.number(self._wide)

    def size(self) -> int:
        """Return a length."""
        return self.number(self._long)

    def within(self, count: int) -> Fields:
        """Return the next bytes as fields of their own."""
        return Fields(self.take(count), self._wide, self._long)

    def rest(self) -> bytes:
        """Return what is left."""
        return self.data[self.here :]


class Superblock(NamedTuple):
    """Where the root is, and what else the file says about itself."""

    root: int
    end: int
    """Place behind the last byte."""
    extension: int | None
    driver: int | None


def read_superblock(data: Bytes) -> Superblock:
    """Find the superblock at 0 or 512·2^k, and set base and widths of `data`; raises `Unread` for unknown layouts."""
    start = 0
    while data.raw(start, 8) != SIGNATURE if start + 8 <= data.length else True:
        start = start * 2 or 512
        if start + 8 > data.length:
            raise Unread("it has no HDF5 superblock")
    data.base = start
    version = data.at(8, 1)[0]
    if version > 3:
        raise Unread(f"HDF5 superblocks of version {version} are not known", None)
    data.wide, data.long = data.at(13, 2) if version < 2 else data.at(9, 2)
    if data.wide not in (2, 4, 8) or data.long not in (2, 4, 8):
        raise Unread("its HDF5 addresses have an unknown width")
    if version >= 2:
        field = data.fields(12, 4 * data.wide)
        base, extension, end, root = (field.address() for _ in range(4))
        return Superblock(root, end - base + start, None if extension == data.undefined else extension, None)
    head = 24 if version == 0 else 28
    field = data.fields(head, 6 * data.wide)
    base, _, end, driver, _, root = (field.address() for _ in range(6))
    return Superblock(root, end - base + start, None, None if driver == data.undefined else driver)


class Message(NamedTuple):
    """One message of an object header."""

    kind: int
    flags: int
    body: Fields
    at: int
    """Place of its body in the file."""


def read_messages(data: Bytes, address: int) -> Iterator[Message]:
    """Yield every message of the object header at an address, those in continuation blocks too."""
    head = data.at(address, 4)
    new = head == b"OHDR"
    if new:
        order, block = _new_header(data, address)
    elif head[0] == 1 and not head[1]:
        order, block = False, (address + 16, data.fields(address + 8, 4).number(4))
    else:
        raise Unread(f"no HDF5 object header stands at address {address}")
    blocks, seen, count = [block], {block[0]}, 0
    while blocks:
        start, size = blocks.pop(0)
        if size > MAX_HEADER:
            raise Unread(f"an HDF5 object header of {size} bytes", "bomb")
        for message in _block(data, start, size, new, order):
            count += 1
            if count > MAX_MESSAGES:
                raise Unread("an HDF5 object has too many messages", "bomb")
            if message.kind == 0x10:
                following, length = message.body.address(), message.body.size()
                if following in seen:
                    raise Unread("the blocks of an HDF5 object header form a circle")
                seen.add(following)
                blocks.append(_continuation(data, following, length) if new else (following, length))
            else:
                yield message


def _new_header(data: Bytes, address: int) -> tuple[bool, tuple[int, int]]:
    """Read the prefix of a version 2 header: are messages numbered, and where does the first block lie?"""
    version, flags = data.at(address + 4, 2)
    if version != 2 or flags & 0xC0:
        raise Unread(f"HDF5 object headers of version {version} are not known", None)
    here = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return bool(flags & 4), (here + width, data.fields(here, width).number(width))


def _continuation(data: Bytes, address: int, length: int) -> tuple[int, int]:
    if length < 8 or data.at(address, 4) != b"OCHK":
        raise Unread("an HDF5 continuation block has no signature")
    return address + 4, length - 8


def _block(data: Bytes, start: int, size: int, new: bool, order: bool) -> Iterator[Message]:
    """Yield the messages of one block; what is too short for a message is a gap."""
    head = (6 if order else 4) if new else 8
    block = data.fields(start, size)
    while size - block.here >= head:
        kind = block.number(1 if new else 2)
        length = block.number(2)
        flags = block.number(1)
        block.take(head - (4 if new else 5))
        at = data.base + start + block.here
        yield Message(kind, flags, block.within(length), at)
