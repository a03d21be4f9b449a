"""Walk an HDF5 file: every object, link and attribute; find a Keras configuration and what lies outside it.

Standard library only. The numbers in its arrays are not read: no reader of HDF5 runs them. What is read is where the
library may be led elsewhere (external links and files, virtual datasets, filter plugins) and the text that Keras builds
a model from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

from assay.targets.pickle_probe import looks_like_pickle
from assay.targets.sniff import HEAD
from assay_detectors.artifact import hdf5_messages as messages
from assay_detectors.artifact.hdf5_bytes import Bytes, Fields, Message, read_messages, read_superblock
from assay_detectors.artifact.hdf5_groups import (
    FractalHeap,
    GlobalHeaps,
    dense_records,
    heap_text,
    local_heap,
    symbol_table,
)
from assay_detectors.artifact.keras_config import MAX_CONFIG, read_config_text
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import CHUNK, FilePart, Held, Region, Source, Unread

MAX_OBJECTS = 200_000
MAX_HELD = 4 << 30
"""Bytes of an HDF5 file within another that are held in memory."""
MAX_ENTRIES = 1_000_000
"""Links and attributes together."""
MAX_VALUES = 96 << 20
"""Bytes of text in all attributes together."""
CONFIGS = frozenset({"model_config", "training_config"})
"""Attributes from which Keras builds objects."""
UNPICKLED = frozenset({"PSEUDOATOM", "HICKLE_VERSION"})
"""Attributes by which PyTables and hickle mark data that they unpickle."""
BUILT_IN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
"""deflate, shuffle, fletcher32, szip, nbit, scale-offset; and lzf, which h5py brings along."""
_PASSED = frozenset({0x00, 0x01, 0x03, 0x04, 0x05, 0x0A, 0x0D, 0x0E, 0x12, 0x13, 0x16, 0x17})
"""Padding, shapes, types, fill values, comments, times, counts: nothing in them leads anywhere."""

Nested = Callable[[bytes, Report, bool], None]


def read_hdf5_stream(source: Source, length: int | None, report: Report, nested: Nested | None = None) -> None:
    """Walk an HDF5 file that may lie within another: what cannot be read from any place is held in memory.

    Args:
        source: The content, from its first byte.
        length: Its length where it is known.
        report: Where findings, anomalies and reasons go.
        nested: As for `read_hdf5`.

    Raises:
        Unread: Where the superblock cannot be read, or the content is larger than may be held.
    """
    if length is None or not isinstance(source, FilePart | Held) or source.position:
        held = BytesIO()
        while chunk := source.read(CHUNK):
            if held.tell() + len(chunk) > MAX_HELD:
                raise Unread(f"an HDF5 file within it is larger than {MAX_HELD >> 30} GiB", "bomb")
            held.write(chunk)
        source = Held(held.getvalue())
        length = len(source.data)
    read_hdf5(source, length, report, nested)


def read_hdf5(source: Region, length: int, report: Report, nested: Nested | None = None) -> None:
    """Walk the whole file into `report`.

    Args:
        source: The file, or a part of it that begins at its first byte.
        length: Its length in bytes.
        report: Where findings, anomalies and reasons go.
        nested: Reads bytes that may be a pickle: PyTables unpickles text attributes.

    Raises:
        Unread: Where the superblock cannot be read.
    """
    data = Bytes(source, length)
    block = read_superblock(data)
    if data.base and data.raw(0, min(data.base, 1 << 16)).strip(b"\0"):
        report.unread(
            "bytes stand before its HDF5 superblock, which another reader may take for the file", "polyglot", 0
        )
    if length < block.end:
        report.unread("it ends before its HDF5 superblock says", "cut-off")
    elif length > block.end:
        report.anomaly("hidden", "bytes follow the end that its HDF5 superblock names", block.end)
    if block.driver is not None:
        report.unread("it is one of several HDF5 files that belong together", "outside")
    walk = _Walk(data, report, nested)
    if block.extension is not None:
        walk.visit(block.extension, "its superblock extension")
    walk.all(block.root)


class _Walk:
    """One walk over the objects of a file; each is visited once."""

    def __init__(self, data: Bytes, report: Report, nested: Nested | None) -> None:
        self.data = data
        self.report = report
        self.nested = nested
        self.heaps = GlobalHeaps(data)
        self.entries = MAX_ENTRIES
        self.values = MAX_VALUES
        self.todo: list[tuple[int, str]] = []
        self.seen: set[int] = set()
        self.judged: set[tuple[int, int]] = set()
        """Place and length of the configurations that are done: many attributes may share one text."""

    def all(self, root: int) -> None:
        """Visit everything that is reachable from the root."""
        self._reach(root, "/")
        while self.todo:
            address, path = self.todo.pop()
            self.visit(address, path)

    def _reach(self, address: int, path: str) -> None:
        if address in self.seen:
            return
        if len(self.seen) >= MAX_OBJECTS:
            raise Unread(f"it holds more than {MAX_OBJECTS} HDF5 objects", "bomb")
        self.seen.add(address)
        self.todo.append((address, path[:1000]))

    def visit(self, address: int, path: str) -> None:
        """Read one object; what is wrong with it leaves the others to be read, unless the file is too large."""
        try:
            for message in read_messages(self.data, address):
                self._message(message, path)
        except Unread as error:
            if error.rule == "bomb":
                raise
            self.report.unread(f"{error} (at {path})", error.rule, self.data.base + address)

    def _message(self, message: Message, path: str) -> None:
        """Read one message of an object header."""
        kind, body = message.kind, message.body
        if kind in _PASSED:
            return
        if message.flags & 2 or kind == 0x0F:
            raise Unread("an HDF5 message is shared with other objects", None)
        if kind == 0x06:
            self._link(messages.read_link(body), path, message.at)
        elif kind == 0x0C:
            self._attribute(body, path, message.at)
        elif kind == 0x11:
            for link in symbol_table(self.data, body.address(), body.address()):
                self._link(link, path, message.at)
        elif kind == 0x02:
            self._dense_links(body, path)
        elif kind == 0x15:
            self._dense_attributes(body, path)
        elif kind == 0x0B:
            self._filters(body, path, message.at)
        elif kind == 0x08:
            if messages.layout_class(body) == 3:
                self._outside(
                    "virtual dataset", path, "a virtual dataset reads its numbers from other files", message.at
                )
        elif kind == 0x07:
            self._external_files(body, path, message.at)
        else:
            raise Unread(f"HDF5 messages of type {kind} are not known", None)

    def _count(self) -> None:
        self.entries -= 1
        if self.entries < 0:
            raise Unread(f"it holds more than {MAX_ENTRIES} HDF5 links and attributes", "bomb")

    def _outside(self, what: str, path: str, note: str, at: int) -> None:
        self.report.find("reference", f"HDF5 {what} at {path}", note, at)
        self.report.anomaly("outside", note, at)

    def _link(self, link: messages.Link, path: str, at: int) -> None:
        """Follow a hard link; judge the others."""
        self._count()
        here = f"{path.rstrip('/')}/{link.name}"
        if link.kind == messages.HARD:
            self._reach(link.address, here)
        elif link.kind == messages.SOFT:
            self.report.lists("links", f"{here} -> {link.target}", at)
            if ".." in link.target.split("/"):
                self.report.anomaly("link", f"the link {here} leads to {link.target}", at)
        elif link.kind == messages.EXTERNAL:
            self._outside("external link", here, f"it opens another file, {link.target}, when it is followed", at)
        else:
            note = f"a link of the user-defined kind {link.kind}: a plugin, which is native code, follows it"
            self._outside("user-defined link", here, note, at)

    def _dense_links(self, body: Fields, path: str) -> None:
        version, flags = body.take(2)
        if version != 0:
            raise Unread(f"HDF5 link tables of version {version} are not known", None)
        body.take(8 if flags & 1 else 0)
        for at, link in self._dense(body, [bool(flags & 2)]):
            self._link(messages.read_link(link), path, at)

    def _dense_attributes(self, body: Fields, path: str) -> None:
        version, flags = body.take(2)
        if version != 0:
            raise Unread(f"HDF5 attribute tables of version {version} are not known", None)
        body.take(2 if flags & 1 else 0)
        for at, attribute in self._dense(body, [bool(flags & 2)]):
            self._attribute(attribute, path, at)

    def _dense(self, body: Fields, ordered: list[bool]) -> Iterator[tuple[int, Fields]]:
        """Yield what a fractal heap holds, by each of its indexes: the library may use either."""
        heap_address = body.address()
        trees = [body.address() for _ in range(1 + sum(ordered))]
        if heap_address == self.data.undefined:
            return
        heap = FractalHeap(self.data, heap_address)
        done: set[bytes] = set()
        for tree in trees:
            if tree == self.data.undefined:
                continue
            for identity in dense_records(self.data, tree):
                if identity not in done:
                    done.add(identity)
                    yield heap.get(identity)

    def _filters(self, body: Fields, path: str, at: int) -> None:
        for number, name in messages.read_filters(body):
            if number not in BUILT_IN_FILTERS:
                note = f"its numbers need the filter {number} ({name or 'unnamed'}), a plugin of native code"
                self.report.find("reference", f"HDF5 filter {number} at {path}", note, at)

    def _external_files(self, body: Fields, path: str, at: int) -> None:
        """Name the files in which a dataset keeps its numbers."""
        body.take(4)
        _, used = body.number(2), body.number(2)
        heap = local_heap(self.data, body.address())
        for _ in range(used):
            name = heap_text(heap, body.size())
            body.size()
            body.size()
            self._outside(f"external file {name}", path, f"a dataset takes its numbers from another file, {name}", at)

    def _attribute(self, body: Fields, path: str, at: int) -> None:
        """Read an attribute: a configuration is judged, other text may be a pickle."""
        self._count()
        attribute = messages.read_attribute(body)
        name = attribute.name
        if name in UNPICKLED:
            self.report.unread(f"its attribute {name} marks data that its reader unpickles", None, at)
        if name in CONFIGS:
            self.report.lists("contains", f"attribute {name} of {path}", at)
            self._config(attribute, path, at)
        elif attribute.text == "fixed" and attribute.elements * attribute.width <= len(attribute.value):
            self._value(name, attribute.value[: attribute.elements * attribute.width], attribute.width)
        elif attribute.text == "variable" and attribute.elements == 1:
            _, value = self._variable(attribute.value)
            self._value(name, value, len(value))

    def _variable(self, value: bytes) -> tuple[int, bytes]:
        """Return place and bytes of a variable string."""
        field = Fields(value, self.data.wide, self.data.long)
        length = field.number(4)
        address, index = field.address(), field.number(4)
        if not length:
            return 0, b""
        place, content = self.heaps.get(address, index)
        if length > len(content):
            raise Unread("an HDF5 text is longer than its heap holds")
        return place, content[:length]

    def _config(self, attribute: messages.Attribute, path: str, at: int) -> None:
        """Judge the configuration in an attribute."""
        if attribute.text is None or attribute.elements != 1:
            raise Unread(f"its attribute {attribute.name} is no single text", None)
        if attribute.text == "variable":
            at, content = self._variable(attribute.value)
        else:
            content = attribute.value[: attribute.width]
            if len(content) < attribute.width:
                raise Unread("an HDF5 text is cut off")
        content = content.rstrip(b"\0")
        if len(content) > MAX_CONFIG or b"\0" in content:
            raise Unread(f"its attribute {attribute.name} is no text that can be read", None)
        if (at, len(content)) in self.judged:
            return
        self.judged.add((at, len(content)))
        self._pay(len(content))
        inner = self.report.inner(f"{path}@{attribute.name}")
        read_config_text(content, inner, offset=at)
        self.report.absorb(inner)

    def _pay(self, count: int) -> None:
        self.values -= count
        if self.values < 0:
            raise Unread("its HDF5 attributes hold more text than any model needs", "bomb")

    def _value(self, name: str, value: bytes, width: int) -> None:
        """Look for a pickle in a text attribute: PyTables unpickles what looks like one."""
        if name == "keras_version":
            self.report.lists("contains", f"keras {messages.text(value[:40].rstrip(bytes(1)))}")
        if self.nested is None or not width:
            return
        self._pay(len(value))
        for start in range(0, min(len(value), 1 << 16), width):
            item = value[start : start + width].rstrip(b"\0")
            if item[-1:] == b"." and looks_like_pickle(item[:HEAD]):
                inner = self.report.inner(f"attribute {name}")
                self.nested(item, inner, False)
                self.report.absorb(inner, complete=False)
