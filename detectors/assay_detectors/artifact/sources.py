"""Bytes in order, from a file, a part of it or a decompressor, within one budget. Standard library only."""

from __future__ import annotations

import bz2
import lzma
import os
import zlib
from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from typing import Protocol

CHUNK = 1 << 18
MAX_EXPANDED = 4 << 30
"""Bytes that all decompressors of one file may put out together."""
MAX_RATIO = 400
"""Expansion beyond which a stream is a bomb, once it has put out `FREE_EXPANSION` bytes."""
FREE_EXPANSION = 64 << 20
_ZSTD_WINDOW = 1 << 27
_ZSTD_STEP = 1 << 10
"""Bytes that are given to zstd at once; they put out 32 MiB at most."""
MAX_DEPTH = 12
"""Containers within containers."""
MAX_MEMBERS = 50_000
MAX_NESTED = 256 << 20
"""Bytes of nested pickles that are held in memory together."""


class Unread(Exception):
    """The rest cannot be read; the text says why, in one sentence without a full stop.

    `rule`, a key of `report.RULES`, says what kind of anomaly it is; None: the file is in order, only not analysed.
    """

    def __init__(self, reason: str, rule: str | None = "damaged") -> None:
        super().__init__(reason)
        self.rule = rule


class Budget:
    """What one file may cost, whatever it contains."""

    def __init__(self) -> None:
        self.expanded = MAX_EXPANDED
        self.members = MAX_MEMBERS
        self.nested = MAX_NESTED
        self.size: int | None = None
        """Bytes of the whole file, where they are known."""

    def expand(self, count: int) -> None:
        """Pay for decompressed bytes."""
        self.expanded -= count
        if self.expanded < 0:
            raise Unread(f"it expands to more than {MAX_EXPANDED >> 30} GiB", "bomb")

    def member(self) -> None:
        """Pay for one member of a container."""
        self.members -= 1
        if self.members < 0:
            raise Unread(f"it holds more than {MAX_MEMBERS} members", "bomb")


class Source:
    """Bytes in order, with a look ahead."""

    def __init__(self) -> None:
        self._ahead = b""
        self.position = 0

    def _more(self, count: int) -> bytes:
        """Return about `count` further bytes, at least one unless the end is reached."""
        raise NotImplementedError

    def peek(self, count: int) -> bytes:
        """Return the next bytes, up to `count`, without taking them."""
        while len(self._ahead) < count:
            chunk = self._more(max(count - len(self._ahead), 1))
            if not chunk:
                break
            self._ahead += chunk
        return self._ahead[:count]

    def read(self, count: int) -> bytes:
        """Return the next bytes: at least one unless the end is reached, at most `count`."""
        if self._ahead:
            chunk, self._ahead = self._ahead[:count], self._ahead[count:]
        else:
            chunk = self._more(count)
            chunk, self._ahead = chunk[:count], chunk[count:]
        self.position += len(chunk)
        return chunk

    def read_all(self, limit: int, what: str) -> bytes:
        """Return everything that is left; raises `Unread` beyond `limit` bytes."""
        parts, total = [], 0
        while chunk := self.read(CHUNK):
            total += len(chunk)
            if total > limit:
                raise Unread(f"{what} is larger than {limit} bytes", None)
            parts.append(chunk)
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Pass over `count` bytes; return how many there were."""
        done = 0
        while done < count:
            chunk = self.read(min(CHUNK, count - done))
            if not chunk:
                break
            done += len(chunk)
        return done


class FilePart(Source):
    """Bytes `start` to `stop` of an open file; several may read one file at a time."""

    def __init__(self, descriptor: int, start: int, stop: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = self._at = start
        self._stop = stop

    def _more(self, count: int) -> bytes:
        wanted = min(max(count, 1 << 16), self._stop - self._at)
        chunk = os.pread(self._descriptor, wanted, self._at) if wanted > 0 else b""
        self._at += len(chunk)
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` bytes without reading them."""
        ahead = min(len(self._ahead), count)
        self._ahead = self._ahead[ahead:]
        jump = min(count - ahead, max(self._stop - self._at, 0))
        self._at += jump
        self.position += ahead + jump
        return ahead + jump

    def mapped(self) -> mmap | None:
        """Return a map of the file up to where this part ends; None for a part that begins within the file."""
        return mmap(self._descriptor, self._stop, access=ACCESS_READ) if self._start == 0 else None

    def part(self, start: int, stop: int) -> FilePart:
        """Return another part of the same file; offsets are those of the file."""
        return FilePart(self._descriptor, start, stop)


class Held(Source):
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data

    def _more(self, count: int) -> bytes:
        return b""

    def read(self, count: int) -> bytes:
        """Return the next bytes; a large value is not copied time and again."""
        start = self.position
        chunk = self.data[start : start + count]
        self.position += len(chunk)
        return chunk

    def peek(self, count: int) -> bytes:
        """Return the next bytes without taking them."""
        return self.data[self.position : self.position + count]

    def skip(self, count: int) -> int:
        """Pass over bytes."""
        done = min(count, len(self.data) - self.position)
        self.position += done
        return done

    def part(self, start: int, stop: int) -> Held:
        """Return a part of these bytes."""
        return Held(self.data[start:stop])


Region = FilePart | Held
"""Bytes that can be read from any place."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class _Zlib:
    """zlib with the interface of bz2 and lzma: input that did not fit is kept."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Zstd:
    """zstd with the same interface; only where the package zstandard is installed."""

    def __init__(self) -> None:
        try:
            import zstandard
        except ImportError:
            reason = "zstd streams are opened only where the package zstandard is installed (pip install zstandard)"
            raise Unread(reason, None) from None
        self._error = zstandard.ZstdError
        self._inner = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self._held = self._rest = b""

    @property
    def eof(self) -> bool:
        return not self._held and bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data) + self._rest

    def decompress(self, data: bytes, max_length: int = CHUNK, /) -> bytes:
        if not self._held:
            parts, size = [], 0
            for start in range(0, len(data), _ZSTD_STEP):
                if self._inner.eof:
                    self._rest = data[start:]
                    break
                try:
                    parts.append(self._inner.decompress(data[start : start + _ZSTD_STEP]))
                except self._error as error:
                    raise ValueError(str(error)) from None
                size += len(parts[-1])
                if size > FREE_EXPANSION:
                    raise Unread(f"it expands more than {MAX_RATIO} times, as a decompression bomb does", "bomb")
            self._held = b"".join(parts)
        chunk, self._held = self._held[:max_length], self._held[max_length:]
        return chunk


_MAKERS: dict[str, Callable[[], _Decompressor]] = {
    "zstd": _Zstd,
    "gzip": lambda: _Zlib(31),
    "zlib": lambda: _Zlib(15),
    "deflate": lambda: _Zlib(-15),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=256 << 20),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=256 << 20),
}
CODECS = frozenset(_MAKERS)


class Expanded(Source):
    """What a compressed stream holds; streams that follow one another are read as one, as Python does."""

    def __init__(self, packed: Source, codec: str, budget: Budget, *, concatenated: bool = True) -> None:
        super().__init__()
        self._packed = packed
        self._make = _MAKERS[codec]
        self._codec = codec
        self._budget = budget
        self._concatenated = concatenated
        self._inner = self._make()
        self._taken = self._given = 0
        self._pending = b""
        self._fed = True
        self._done = False

    def _more(self, count: int) -> bytes:
        while not self._done:
            feed = self._pending
            if not feed and self._fed:
                feed = self._packed.read(1 << 14)
                self._taken += len(feed)
                if not feed and not self._inner.eof:
                    self._done = True
                    raise Unread(f"its {self._codec} stream is cut off", "cut-off")
            self._pending = b""
            try:
                chunk = self._inner.decompress(feed, CHUNK)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, MemoryError) as error:
                self._done = True
                raise Unread(f"its {self._codec} stream is damaged ({error})") from None
            self._fed = len(chunk) < CHUNK
            if self._inner.eof:
                self._next_stream()
            if chunk:
                self._pay(len(chunk))
                return chunk
        return b""

    def _next_stream(self) -> None:
        """Go on with the stream that follows; zero bytes are padding."""
        rest = self._inner.unused_data
        while self._concatenated and not rest.strip(b"\0"):
            rest = self._packed.read(1 << 14)
            self._taken += len(rest)
            if not rest:
                break
        if not rest or not self._concatenated:
            self._done = True
            return
        self._inner = self._make()
        self._pending = rest.lstrip(b"\0")
        self._fed = True

    def _pay(self, count: int) -> None:
        self._given += count
        self._budget.expand(count)
        if self._given > FREE_EXPANSION and self._given > self._taken * MAX_RATIO:
            self._done = True
            raise Unread(f"it expands more than {MAX_RATIO} times, as a decompression bomb does", "bomb")
