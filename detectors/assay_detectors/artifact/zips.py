"""Zip files, read member by member without trusting their directory: what loaders skip over is a reason not to pass."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from typing import IO

from assay.targets import sniff
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import MAX_MEMBERS, Budget, Expanded, FilePart, Region, Source, Unread
from assay_detectors.artifact.zip_layout import end_record, judge_end, judge_gaps

_LOCAL = struct.Struct("<4s5H3L2H")
_CODECS = {8: "deflate", 12: "bz2", 14: "xz"}


class Zip:
    """An open zip: its members as the directory tells them, checked against their local headers."""

    def __init__(self, file: IO[bytes], whole: Region, length: int) -> None:
        """Read the directory; raises `Unread` where there is none."""
        self._whole = whole
        self._length = length
        self._extents: list[tuple[int, int]] = []
        self._end = end_record(whole, length)
        try:
            with zipfile.ZipFile(file) as archive:
                self.infos = archive.infolist()
                self._begin = archive.start_dir
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, OSError, struct.error) as error:
            raise Unread(f"its zip directory is damaged ({error})") from None
        if len(self.infos) > MAX_MEMBERS:
            raise Unread(f"it holds more than {MAX_MEMBERS} members", "bomb")
        self.flavour = sniff.zip_flavour([info.filename for info in self.infos])

    def judge(self, report: Report) -> None:
        """Note what two readers of this zip would see differently."""
        counts = Counter(info.filename for info in self.infos)
        for name, count in [(name, count) for name, count in counts.items() if count > 1][:3]:
            report.unread(f"it holds {count} members called {name!r}", "two-readings")
        if self._end is not None:
            judge_end(self._end, len(self.infos), report)

    def judge_gaps(self, report: Report) -> None:
        """Note what lies between the members; once all of them were opened."""
        if len(self._extents) == len(self.infos):
            judge_gaps(self._extents, self._begin, self._whole, report)

    def open(self, info: zipfile.ZipInfo, report: Report, budget: Budget) -> Checked:
        """Return the content of a member, whatever flags it carries; contradictions go into the report.

        Raises:
            Unread: there is no such content, or its compression is not known.
        """
        at = info.header_offset
        if not 0 <= at < self._length:
            raise Unread("the directory of the zip says it lies outside the file", "cut-off")
        head = self._whole.part(at, min(at + _LOCAL.size + 65_536, self._length)).peek(_LOCAL.size + 65_536)
        if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
            raise Unread("it has no local header where the directory of the zip says")
        _, _, flags, method, _, _, crc, packed, _, name_length, extra = _LOCAL.unpack_from(head)
        name = head[_LOCAL.size : _LOCAL.size + name_length]
        told = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace")
        if name != told:
            report.unread("its local header and the zip's directory give it different names", "two-readings", at)
        if method != info.compress_type:
            sentence = "its local header and the zip's directory give it different compressions"
            report.unread(sentence, "two-readings", at)
        if not flags & 8 and packed != 0xFFFFFFFF and (packed, crc) != (info.compress_size, info.CRC):
            sentence = "its local header and the zip's directory differ on its size or checksum"
            report.unread(sentence, "two-readings", at)
        if (flags | info.flag_bits) & 1:
            report.unread("it is marked as encrypted", "encrypted", at)
        start = at + _LOCAL.size + name_length + extra
        stop = start + info.compress_size
        self._extents.append((at, stop))
        if stop > self._length:
            report.unread("it is cut off", "cut-off", at)
        raw: Source = self._whole.part(start, min(stop, self._length))
        if info.compress_type:
            codec = _CODECS.get(info.compress_type)
            if codec is None:
                raise Unread(f"its zip compression {info.compress_type} is not known", None)
            if codec == "xz":
                raise Unread("it is compressed with lzma inside a zip, which is not read", None)
            raw = Expanded(raw, codec, budget, concatenated=False)
        return Checked(raw, info, report)


class Checked(Source):
    """A member whose checksum is taken as it is read; a wrong one does not stop the reading, as in torch."""

    def __init__(self, inner: Source, info: zipfile.ZipInfo, report: Report) -> None:
        super().__init__()
        self._inner = inner
        self._info = info
        self._report = report
        self._crc = self._given = 0
        self._skipped = self._ended = False

    def _more(self, count: int) -> bytes:
        chunk = self._inner.read(max(count, 1))
        if chunk:
            self._crc = zlib.crc32(chunk, self._crc)
            self._given += len(chunk)
        elif not self._ended:
            self._ended = True
            if not self._skipped and (self._crc, self._given) != (self._info.CRC, self._info.file_size):
                self._report.unread("its content does not match the checksum or size in the zip", "damaged")
        return chunk

    def skip(self, count: int) -> int:
        """Pass over bytes; of stored members without reading, and then without a checksum."""
        ahead = min(len(self._ahead), count)
        self._ahead = self._ahead[ahead:]
        if count > ahead and isinstance(self._inner, FilePart):
            self._skipped = True
            done = ahead + self._inner.skip(count - ahead)
            self.position += done
            return done
        self.position += ahead
        return ahead + super().skip(count - ahead)
