"""Lists of an HDF5 file that lie outside object headers: symbol tables, heaps of text, dense links and attributes.

A dense list (more than eight entries in a newer file) is a B-tree of version 2 whose records point into a fractal heap.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from assay_detectors.artifact.hdf5_bytes import Bytes, Fields
from assay_detectors.artifact.hdf5_messages import HARD, SOFT, Link, text
from assay_detectors.artifact.sources import Unread

MAX_HEAP = 64 << 20
_LINK_BY_NAME, _LINK_BY_ORDER, _ATTRIBUTE_BY_NAME, _ATTRIBUTE_BY_ORDER = 5, 6, 8, 9


def local_heap(data: Bytes, address: int) -> bytes:
    """Return the data segment of a local heap."""
    if data.at(address, 5) != b"HEAP\0":
        raise Unread("an HDF5 local heap has no signature")
    field = data.fields(address + 8, 2 * data.long + data.wide)
    size, _, segment = field.size(), field.size(), field.address()
    if size > MAX_HEAP:
        raise Unread(f"an HDF5 heap of {size} bytes", "bomb")
    return data.at(segment, size)


def heap_text(heap: bytes, offset: int) -> str:
    """Return the text at an offset of a local heap."""
    stop = heap.find(b"\0", offset)
    if stop < 0 or offset >= len(heap):
        raise Unread("an HDF5 name leads outside its heap")
    return text(heap[offset:stop])


def symbol_table(data: Bytes, tree: int, heap_address: int) -> Iterator[Link]:
    """Yield the entries of a group of the older kind."""
    heap = local_heap(data, heap_address)
    nodes, seen = [tree], {tree}
    while nodes:
        node = nodes.pop()
        signature = data.at(node, 4)
        if signature == b"SNOD":
            yield from _symbols(data, node, heap)
            continue
        if signature != b"TREE":
            raise Unread("a node of an HDF5 group has no signature")
        kind, _level, used = (field := data.fields(node + 4, 4)).number(1), field.number(1), field.number(2)
        if kind != 0:
            raise Unread("a node of an HDF5 group is of another kind")
        field = data.fields(node + 8 + 2 * data.wide, used * (data.long + data.wide))
        for _ in range(used):
            field.size()
            child = field.address()
            if child in seen:
                raise Unread("the nodes of an HDF5 group form a circle")
            seen.add(child)
            nodes.append(child)


def _symbols(data: Bytes, node: int, heap: bytes) -> Iterator[Link]:
    """Yield the entries of one symbol table node."""
    count = data.fields(node + 6, 2).number(2)
    field = data.fields(node + 8, count * (2 * data.wide + 24))
    for _ in range(count):
        name, address, cached = field.address(), field.address(), field.number(4)
        field.take(4)
        scratch = field.within(16)
        if cached == 2:
            yield Link(heap_text(heap, name), SOFT, 0, heap_text(heap, scratch.number(4)))
        else:
            yield Link(heap_text(heap, name), HARD, address, "")


class GlobalHeaps:
    """Objects of global heap collections; each collection is read once."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._known: dict[int, dict[int, tuple[int, int]]] = {}

    def get(self, address: int, index: int) -> tuple[int, bytes]:
        """Return the place and the bytes of one object."""
        found = self._known.get(address)
        if found is None:
            found = self._known[address] = self._collection(address)
        if index not in found:
            raise Unread("an HDF5 text is not in its heap")
        place, size = found[index]
        if size > MAX_HEAP:
            raise Unread(f"an HDF5 text of {size} bytes", "bomb")
        return self._data.base + place, self._data.at(place, size)

    def _collection(self, address: int) -> dict[int, tuple[int, int]]:
        """Find where every object of a collection lies."""
        data = self._data
        if data.at(address, 5) != b"GCOL\1":
            raise Unread("an HDF5 global heap has no signature")
        total = data.fields(address + 8, data.long).size()
        here, head = address + 8 + data.long, 8 + data.long
        found: dict[int, tuple[int, int]] = {}
        while here + head <= address + total:
            field = data.fields(here, head)
            index = field.number(2)
            field.take(6)
            size = field.size()
            if not index:
                break
            if index in found:
                raise Unread("an HDF5 heap holds two texts of one number", "two-readings")
            found[index] = (here + head, size)
            here += head + -(-size // 8) * 8
        return found


def dense_records(data: Bytes, tree: int) -> Iterator[bytes]:
    """Yield the heap ids in a B-tree of version 2 that lists links or attributes by name or by order."""
    field = data.fields(tree, 16 + data.wide + 2 + data.long)
    if field.take(5) != b"BTHD\0":
        raise Unread("an HDF5 index has no signature")
    kind, node, record, depth = field.number(1), field.number(4), field.number(2), field.number(2)
    field.take(2)
    root, count = field.address(), field.number(2)
    skip = {_LINK_BY_NAME: 4, _LINK_BY_ORDER: 8, _ATTRIBUTE_BY_NAME: 0, _ATTRIBUTE_BY_ORDER: 0}.get(kind)
    if skip is None or depth > 64 or record < (skip + 7 if skip else 9) or node < 16:
        raise Unread("an HDF5 index is of an unknown kind", None)
    width = 7 if skip else 8
    if not count:
        return
    limits = _node_limits(data, node, record, depth)
    nodes, seen = [(root, count, depth)], {root}
    while nodes:
        address, count, level = nodes.pop()
        if data.at(address, 4) != (b"BTIN" if level else b"BTLF"):
            raise Unread("a node of an HDF5 index has no signature")
        body = data.fields(address + 6, node - 6)
        for _ in range(count):
            entry = body.take(record)
            if kind in (_ATTRIBUTE_BY_NAME, _ATTRIBUTE_BY_ORDER) and entry[8] & 2:
                raise Unread("an HDF5 attribute is shared", None)
            yield entry[skip : skip + width]
        for _ in range(count + 1 if level else 0):
            child, below = body.address(), body.number(limits[level - 1][0])
            body.take(limits[level - 1][1] if level > 1 else 0)
            if child in seen:
                raise Unread("the nodes of an HDF5 index form a circle")
            seen.add(child)
            nodes.append((child, below, level - 1))


def _node_limits(data: Bytes, node: int, record: int, depth: int) -> list[tuple[int, int]]:
    """Return, for each level, in how many bytes its parent counts its records and all records below it."""
    most = (node - 10) // record
    first = _bytes_for(most)
    limits, total = [(first, 0)], most
    for level in range(1, depth):
        pointer = data.wide + first + (limits[level - 1][1] if level > 1 else 0)
        here = (node - 10 - pointer) // (record + pointer)
        total = (here + 1) * total + here
        limits.append((first, _bytes_for(total)))
    return limits


def _bytes_for(value: int) -> int:
    return max((value.bit_length() + 7) // 8, 1)


class FractalHeap:
    """Objects of a fractal heap by their id; only heaps without filters are read."""

    def __init__(self, data: Bytes, address: int) -> None:
        field = data.fields(address, 22 + 12 * data.long + 3 * data.wide)
        if field.take(5) != b"FRHP\0":
            raise Unread("an HDF5 fractal heap has no signature")
        self._id_length, filters, flags, self._largest = (field.number(size) for size in (2, 2, 1, 4))
        if filters:
            raise Unread("an HDF5 fractal heap is filtered", None)
        field.size()
        field.address()
        field.size()
        field.address()
        for _ in range(8):
            field.size()
        self._columns, self._first, self._limit = field.number(2), field.size(), field.size()
        self._bits, _ = field.number(2), field.number(2)
        root, rows = field.address(), field.number(2)
        if not (0 < self._columns <= 256 and 8 <= self._bits <= 64 and 0 < self._first <= self._limit):
            raise Unread("an HDF5 fractal heap has impossible sizes")
        self._data = data
        self._checksum = 4 if flags & 2 else 0
        self._blocks = self._find_blocks(root, rows)

    def _row_size(self, row: int) -> int:
        return self._first << max(row - 1, 0)

    def _find_blocks(self, root: int, rows: int) -> list[tuple[int, int, int]]:
        """Return first heap offset, size and address of every direct block."""
        data = self._data
        if root == data.undefined:
            return []
        if not rows:
            return [(0, self._first, root)]
        offset_size = -(-self._bits // 8)
        found: list[tuple[int, int, int]] = []
        todo, seen = [(root, rows, 0)], {root}
        while todo:
            address, rows, start = todo.pop()
            if data.at(address, 5) != b"FHIB\0" or rows > 64:
                raise Unread("a block of an HDF5 fractal heap has no signature")
            head = 5 + data.wide + offset_size
            field = data.fields(address + head, rows * self._columns * data.wide)
            for row in range(rows):
                size = self._row_size(row)
                for _ in range(self._columns):
                    child = field.address()
                    if child != data.undefined:
                        if child in seen:
                            raise Unread("the blocks of an HDF5 fractal heap form a circle")
                        seen.add(child)
                        if size <= self._limit:
                            found.append((start, size, child))
                        else:
                            todo.append((child, self._rows_within(size), start))
                    start += size
        return sorted(found)

    def _rows_within(self, size: int) -> int:
        """Return how many rows an indirect block needs that covers `size` bytes."""
        return (size // (self._first * self._columns)).bit_length()

    def get(self, identity: bytes) -> tuple[int, Fields]:
        """Return the place and the bytes of one object; raises `Unread` for objects outside the managed blocks."""
        data = self._data
        kind = identity[0] >> 4 & 3
        field = Fields(identity[1:], data.wide, data.long)
        if identity[0] >> 6:
            raise Unread("an HDF5 heap id is of an unknown version", None)
        if kind == 2:
            raise Unread("an HDF5 fractal heap keeps an object within its id", None)
        if kind == 1:
            raise Unread("an HDF5 fractal heap keeps a huge object", None)
        offset = field.number(-(-self._bits // 8))
        length = field.number(min(-(-(self._limit.bit_length() - 1) // 8), _bytes_for(self._largest)))
        found = bisect_right(self._blocks, (offset, 1 << 64, 0)) - 1
        if found >= 0:
            start, size, address = self._blocks[found]
            if offset + length <= start + size:
                place = address + offset - start
                return data.base + place, data.fields(place, length)
        raise Unread("an HDF5 heap id leads outside its heap")
