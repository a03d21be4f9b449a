"""The bytes of a log as UTF-8: compression told by content, wide text by its mark, binary refused."""

from __future__ import annotations

import bz2
import codecs
import lzma
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assay.model.errors import UnusableInput

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 1 << 20
"""Bytes read, or made by a decompressor, at a time."""
HEAD = 1 << 16
"""Bytes of text that are looked at to tell a log from a binary file."""
_FEED = 1 << 10
"""Bytes given to zstandard at a time: a call has no limit on what it returns; one kilobyte makes 32 MB at most."""
_XZ_MEMORY = 1 << 28
_ZSTD_WINDOW = 1 << 27

_MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("gzip", re.compile(rb"\x1f\x8b\x08")),
    ("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\x00")),
    ("zstd", re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")),
)
_REFUSED = (
    (re.compile(rb"\x04\x22\x4d\x18"), "is compressed with lz4, which is not read; unpack it and scan that"),
    (re.compile(rb"PK\x03\x04"), "is a zip archive, not a log; unpack it and name the logs in it"),
)
_PARQUET = re.compile(rb"PAR1[^\t\n\r\x20-\x7e]")
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PADDING = re.compile(rb"\0{16,}")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b") - {0}) + b"\x7f"


class Broken(Exception):
    """The compressed stream ends early or is damaged; `str()` says which."""


class NotText(UnusableInput):
    """What is unpacked, where anything was packed, is binary."""


@dataclass(frozen=True)
class Layout:
    """How the bytes of a log are packed."""

    compression: str | None
    """`gzip`, `bzip2`, `xz`, `zstd`, or None."""
    encoding: str | None
    """`utf-16-le` and its like, or None for UTF-8 and its like. Known for uncompressed files only."""
    table: bool = False
    """It is a parquet file, the rows of which are read as lines."""

    @property
    def plain(self) -> bool:
        """Say whether a byte of the file is a byte of the text, so that the file can be cut into ranges."""
        return self.compression is None and self.encoding is None and not self.table


def layout(head: bytes, shown: str) -> Layout:
    """Tell the layout from the first bytes of the file.

    Raises:
        UnusableInput: a container that is not read.
    """
    for pattern, sentence in _REFUSED:
        if pattern.match(head):
            raise UnusableInput(f"{shown} {sentence}")
    if _PARQUET.match(head):
        return Layout(None, None, table=True)
    compression = next((name for name, pattern in _MAGIC if pattern.match(head)), None)
    return Layout(compression, None if compression else wide(head))


def wide(head: bytes) -> str | None:
    """Return the encoding that a byte order mark names, or None."""
    return next((name for mark, name in _BOMS if head.startswith(mark)), None)


def open_log(path: Path, shown: str) -> BufferedReader:
    """Open the file for reading.

    Raises:
        UnusableInput: it is missing, a folder, or not readable.
    """
    try:
        if path.is_dir():
            raise UnusableInput(f"{shown} is a folder, not a log; name the files in it (`logs/*.log`)")
        return path.open("rb")
    except FileNotFoundError:
        raise UnusableInput(f"{shown} does not exist; correct its path in the manifest") from None
    except OSError as error:
        raise UnusableInput(
            f"{shown} cannot be read ({error.strerror}); give the scanning user read access to it"
        ) from None


def has_many_nul(nul: int, size: int) -> bool:
    """Say whether a text has so many NUL bytes that a part of it may be in another encoding, or gone."""
    return nul * 1000 > size


def refuse_binary(head: bytes, shown: str) -> None:
    """Refuse what is not text, by its first bytes.

    Runs of NUL bytes are no reason: a log has them where it was cut off while its writer went on.

    Raises:
        NotText: a third of it are NUL bytes, or it has many control characters.
    """
    head = _PADDING.sub(b"", head[:HEAD])
    nul = head.count(0)
    control = len(head) - len(head.translate(None, _CONTROL))
    if nul * 3 > len(head) or control * 20 > len(head) - nul:
        what = f"{nul} NUL bytes" if nul > control else f"{control} control characters"
        hint = "; if it is UTF-16, save it with a byte order mark" if nul * 3 > len(head) and not control else ""
        raise NotText(
            f"{shown} is binary, not a log: {what} in its first {len(head)} bytes; "
            f"take it out of `logs:` in the manifest{hint}"
        )


def unpacked(file: BufferedReader, compression: str, shown: str) -> Iterator[bytes]:
    """Yield what the compressed file holds, `CHUNK` bytes or less at a time, every member and frame of it.

    Raises:
        Broken: the stream ends early or is damaged; all that could be unpacked was yielded before.
        UnusableInput: zstandard is not installed.
    """
    if compression == "zstd":
        yield from zstd_text(file, shown)
        return
    makers: dict[str, Callable[[], Any]] = {
        "gzip": _Gzip,
        "bzip2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY),
    }
    make = makers[compression]
    machine, data, members = make(), b"", 0
    while True:
        if not data and machine.needs_input:
            data = file.read(CHUNK)
            if not data:
                raise Broken("it ends in the middle of its compressed data")
        try:
            out = machine.decompress(data, CHUNK)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            if members and not isinstance(error, lzma.LZMAError):
                raise Broken(f"bytes that are not {compression} follow its compressed data") from None
            raise Broken(f"its compressed data are damaged ({error})") from None
        data = b""
        if out:
            yield out
        if machine.eof:
            members += 1
            data = (machine.unused_data or file.read(CHUNK)).lstrip(b"\0")
            if not data and not file.peek(1):
                return
            machine = make()


class _Gzip:
    """One gzip member with the interface of the bz2 and lzma decompressors."""

    def __init__(self) -> None:
        self._machine = zlib.decompressobj(31)
        self._error: zlib.error | None = None

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def unused_data(self) -> bytes:
        return self._machine.unused_data

    @property
    def needs_input(self) -> bool:
        return self._error is None and not self._machine.unconsumed_tail

    def decompress(self, data: bytes, limit: int) -> bytes:
        if self._error is not None:
            raise self._error
        before, data = self._machine.copy(), self._machine.unconsumed_tail + data
        try:
            return bytes(self._machine.decompress(data, limit))
        except zlib.error as error:
            self._error = error
            return _before_damage(before, data, limit)


def _before_damage(machine: Any, data: bytes, limit: int) -> bytes:
    """Return what stands before the damage in the data, which a single call would not give."""
    out: bytes = b""
    for step in (1 << 12, 1):
        for start in range(0, len(data), step):
            again = machine.copy()
            try:
                out += machine.decompress(machine.unconsumed_tail + data[start : start + step], limit - len(out))
            except zlib.error:
                machine, data = again, data[start : start + step]
                break
            if len(out) >= limit:
                return out
    return out


class Readable(Protocol):
    """What is needed of a file."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


def zstd_text(file: Readable, shown: str) -> Iterator[bytes]:
    """Yield what frames of zstandard hold; raises as `unpacked`."""
    try:
        import zstandard
    except ImportError:
        raise UnusableInput(
            f"{shown} is compressed with zstandard, which is not installed; "
            "install the extra `data` (`pip install model-assay[data]`) or unpack the file"
        ) from None
    machine: Any = None
    while data := file.read(_FEED):
        while data:
            if machine is None:
                machine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
            try:
                out = machine.decompress(data)
            except zstandard.ZstdError as error:
                raise Broken(f"its compressed data are damaged ({error})") from None
            for start in range(0, len(out), CHUNK):
                yield out[start : start + CHUNK]
            data = b""
            if machine.eof:
                data, machine = machine.unused_data, None
    if machine is not None:
        raise Broken("it ends in the middle of its compressed data")


def as_utf8(chunks: Iterator[bytes], shown: str) -> Iterator[bytes]:
    """Yield the text as UTF-8 without byte order mark; refuse binary content.

    Raises:
        UnusableInput: the content is binary.
    """
    head, broken = b"", None
    try:
        for chunk in chunks:
            head += chunk
            if len(head) >= 4096:
                break
    except Broken as error:
        if not head:
            raise
        broken = error
    encoding = wide(head)
    if encoding is None:
        head = head.removeprefix(codecs.BOM_UTF8)
        refuse_binary(head, shown)
        yield head
        if broken is not None:
            raise broken
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding.rpartition("-")[0])(errors="replace")
    text = decoder.decode(head).encode("utf-8", "replace")
    refuse_binary(text, shown)
    yield text
    if broken is not None:
        raise broken
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")
