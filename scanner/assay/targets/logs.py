"""Logs line by line, in a worker: blocks of whole lines, windows of endless ones, in flat memory.

- Compression is told by content, never by name; a damaged file delivers its good part, then says where it ends.
- A plain file may be read by byte range: a line belongs to the range in which it begins.
- A line ends at a line feed; numbers count from 1 at the start of what is read.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from assay.targets.log_bytes import (
    CHUNK,
    HEAD,
    Broken,
    Layout,
    as_utf8,
    has_many_nul,
    layout,
    open_log,
    refuse_binary,
    unpacked,
)
from assay.targets.log_frames import Part, part_text
from assay.targets.log_mixed import Mixed

LINE_CAP = 1 << 20
"""A line longer than this is delivered in windows."""
WINDOW = 1 << 18
OVERLAP = 1 << 13
"""Neighbouring windows share this many bytes; a value of up to half of it is whole in one of them.

They share more where a longer run of characters of base64 or hex goes over the border: the next window begins before
it, so that a run is whole up to `WINDOW - OVERLAP`."""
_CODE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-=%\\"
"""Of base64 and hex, with their escapes in URLs and JSON."""


@dataclass(frozen=True)
class LogBlock:
    """Whole lines, in UTF-8, each ended by a line feed except perhaps the last of the file."""

    data: bytes
    line: int
    """Number of the first line."""
    offset: int
    """Byte of the text at which the block begins."""


@dataclass(frozen=True)
class LogWindow:
    """A part of a line that is longer than the cap, cut between characters."""

    data: bytes
    line: int
    offset: int
    column: int
    """Characters of the line before this window."""
    head: int
    """What begins before this character of the window belongs to the window before."""
    tail: int
    """What begins at this character or later belongs to the next window."""
    severed: int | None = None
    """Where a run of characters of base64 or hex begins that is longer than a window: none holds it to its end."""


class LogReader:
    """Read one log, or a byte range of it, once.

    After the iteration: `lines` read, `problem` (a sentence where the file could not be read to its end),
    `cut_lines` (numbers of lines of which only the first `line_limit` bytes were delivered), `plain` (an offset is
    a byte of the file), `table` (a line is a row).
    Of a table, `groups` names the first row group and one past the last; of a file in zstandard, `part` its frames.
    """

    def __init__(
        self,
        path: Path,
        shown: str,
        start: int | None = None,
        stop: int | None = None,
        *,
        line_cap: int = LINE_CAP,
        line_limit: int = 1 << 30,
        groups: tuple[int, int] | None = None,
        part: Part | None = None,
    ) -> None:
        self._path, self._shown = path, shown
        self._start, self._stop = start or 0, stop
        self._cap, self._limit = line_cap, line_limit
        self._groups, self._part = groups, part
        self._left = b""
        self._offset = 0
        self._nul = self._read = 0
        self._mixed = Mixed()
        self.lines = 0
        self.plain = True
        self.table = False
        self.problem: str | None = None
        self.cut_lines: list[int] = []

    def __iter__(self) -> Iterator[LogBlock | LogWindow]:
        """Yield blocks and windows in order.

        Raises:
            UnusableInput: missing, unreadable, binary, or in a container that is not read.
        """
        with open_log(self._path, self._shown) as file:
            found = layout(file.read(16), self._shown)
            self.plain, self.table = found.plain, found.table
            if self._start and not found.plain:
                return  # it cannot be entered in its middle: the range that begins at 0 reads all of it
            if self._start:
                file.seek(0)
                refuse_binary(file.read(HEAD), self._shown)
            file.seek(0)
            yield from self._cut(self._guarded(self._chunks(file, found)))

    def _chunks(self, file: BufferedReader, found: Layout) -> Iterator[bytes]:
        if found.table:
            from assay.targets.log_rows import lines_of

            return lines_of(self._path, self._shown, self._groups)
        self._offset = 3 if not self._start and file.peek(3)[:3] == codecs.BOM_UTF8 else 0
        if self._part is not None and found.compression == "zstd":
            text = part_text(file, self._shown, self._part)
            return text if self._part.start else as_utf8(text, self._shown)
        if found.compression:
            return as_utf8(unpacked(file, found.compression, self._shown), self._shown)
        if not found.plain or (not self._start and self._stop is None):
            return as_utf8(iter(lambda: file.read(CHUNK), b""), self._shown)
        chunks = self._range(file)
        return chunks if self._start else as_utf8(chunks, self._shown)

    def _range(self, file: BufferedReader) -> Iterator[bytes]:
        """Yield the lines that begin in the range; the last one may end beyond it."""
        at, stop = self._start, self._stop
        file.seek(at)
        ended = True
        if at:
            file.seek(at - 1)
            at -= 1
            while True:
                size = CHUNK if stop is None else min(CHUNK, stop - 1 - at)
                data = file.read(size) if size > 0 else b""
                if not data:
                    return
                cut = data.find(b"\n") + 1
                if cut:
                    break
                at += len(data)
            self._offset = at + cut
            at += len(data)
            if data[cut:]:
                yield data[cut:]
                ended = data.endswith(b"\n")
        while stop is None or at < stop or not ended:
            inside = stop is None or at < stop
            data = file.read(CHUNK if stop is None or not inside else min(CHUNK, stop - at))
            if not inside and (cut := data.find(b"\n") + 1):
                data = data[:cut]
            if not data:
                return
            at += len(data)
            ended = data.endswith(b"\n")
            yield data

    def _guarded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            for chunk in chunks:
                self._nul += chunk.count(0)
                self._read += len(chunk)
                yield from filter(None, [self._mixed.take(chunk)])
        except Broken as error:
            self.problem = f"{self._shown} could not be read to its end: {error}"
        except OSError as error:
            self.problem = f"{self._shown} could not be read to its end: {error.strerror}"
        yield from filter(None, [self._mixed.end()])

    def _cut(self, chunks: Iterator[bytes]) -> Iterator[LogBlock | LogWindow]:
        buffer = b""
        for chunk in chunks:
            buffer += chunk
            cut = buffer.rfind(b"\n") + 1
            if cut:
                yield self._block(buffer[:cut], buffer.count(b"\n", 0, cut))
                buffer = buffer[cut:]
            if len(buffer) > self._cap:
                yield from self._windows(buffer, chunks)
                buffer = self._left
                if cut := buffer.rfind(b"\n") + 1:
                    yield self._block(buffer[:cut], buffer.count(b"\n", 0, cut))
                    buffer = buffer[cut:]
        if buffer:
            yield self._block(buffer, 1)
        if self.problem:
            self.problem += f", after line {self.lines}; restore the file, and scan again"
        else:
            self.problem = self._mixed.problem(self._shown)
        if self.problem is None and has_many_nul(self._nul, self._read):
            self.problem = (
                f"{self._shown} holds many NUL bytes: parts of it are lost, or in an encoding that was not searched; "
                "write it as UTF-8"
            )

    def _block(self, data: bytes, lines: int) -> LogBlock:
        block = LogBlock(data, self.lines + 1, self._offset)
        self.lines += lines
        self._offset += len(data)
        return block

    def _windows(self, buffer: bytes, chunks: Iterator[bytes]) -> Iterator[LogWindow]:
        """Yield one line in windows; what follows the line in the last chunk is left in `_left`."""
        self.lines += 1
        column = head = done = 0
        more = True
        while more:
            end = buffer.find(b"\n")
            line = buffer if end < 0 else buffer[:end]
            while len(line) > WINDOW + 4 and done < self._limit:
                data = line[: _boundary(line, WINDOW)]
                mid, after, severed = _next(data, line[len(data)] in _CODE, first=not done)
                yield LogWindow(data, self.lines, self._offset, column, head, _length(line[:mid]), severed)
                head = _length(line[after:mid])
                column += _length(line[:after])
                done += after
                self._offset += after
                line = line[after:]
            if line and done >= self._limit:
                self._offset += len(line)
                line = b""
                if self.cut_lines[-1:] != [self.lines]:
                    self.cut_lines.append(self.lines)
            chunk = b"" if end >= 0 else next(chunks, b"")
            more = bool(chunk)
            self._left = buffer[end + 1 :] if end >= 0 else b""
            buffer = line + chunk
        if line:
            yield LogWindow(line, self.lines, self._offset, column, head, _length(line))
        self._offset += len(line) + (end >= 0)


def _next(data: bytes, goes_on: bool, *, first: bool) -> tuple[int, int, int | None]:
    """Return the byte of a window from which values belong to the next, where that begins, and `LogWindow.severed`."""
    run = len(data.rstrip(_CODE)) if goes_on else len(data)
    mid, after = _boundary(data, WINDOW - OVERLAP // 2), _boundary(data, WINDOW - OVERLAP)
    if run >= mid:
        return mid, after, None
    if run > OVERLAP:
        return run, _boundary(data, run - OVERLAP // 2), None
    return mid, after, _length(data[:run]) if run or first else None


def _boundary(data: bytes, at: int) -> int:
    """Return the first place at or after `at`, at most three bytes on, where a UTF-8 character begins."""
    for place in range(at, min(at + 4, len(data))):
        if data[place] & 0xC0 != 0x80:
            return place
    return min(at, len(data))


def _length(data: bytes) -> int:
    return len(data.decode("utf-8", "replace"))


__all__ = ["LINE_CAP", "LogBlock", "LogReader", "LogWindow"]
