"""Tar archives, read as a stream; nothing is extracted, links are not followed."""

from __future__ import annotations

from collections.abc import Iterator

from assay_detectors.artifact.names import judge_name
from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import Source, Unread

_BLOCK = 512
_MAX_EXTRA = 1 << 20
"""A pax header or a long name beyond this is refused."""


class Member(Source):
    """The content of one member, while the archive stands at it."""

    def __init__(self, archive: Source, length: int) -> None:
        super().__init__()
        self._archive = archive
        self._left = length

    def _more(self, count: int) -> bytes:
        chunk = self._archive.read(min(count, self._left)) if self._left else b""
        self._left -= len(chunk)
        if not chunk and self._left:
            raise Unread("it is cut off", "cut-off")
        return chunk

    def finish(self) -> None:
        """Pass over what was not read."""
        if self._left and self._archive.skip(self._left) < self._left:
            self._left = 0
            raise Unread("its tar archive is cut off", "cut-off")
        self._left = 0


def _number(field: bytes) -> int:
    """Read a size: octal, or base 256 where the first bit is set."""
    if field[:1] >= b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    try:
        return int(digits or b"0", 8)
    except ValueError:
        raise Unread("its tar header is damaged") from None


def _exactly(source: Source, count: int) -> bytes:
    data = b""
    while len(data) < count and (chunk := source.read(count - len(data))):
        data += chunk
    return data


def _extra(source: Source, size: int) -> bytes:
    if size > _MAX_EXTRA:
        raise Unread("its tar holds an extended header that is too long")
    data = _exactly(source, -(-size // _BLOCK) * _BLOCK)
    return data[:size]


def _pax(data: bytes) -> dict[str, str]:
    found, at = {}, 0
    while at < len(data):
        space = data.find(b" ", at)
        try:
            length = int(data[at:space]) if space > 0 else 0
        except ValueError:
            length = 0
        if length <= space - at:
            break
        key, _, value = data[space + 1 : at + length].rstrip(b"\n").partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        at += length
    return found


def _target(block: bytes, pax: dict[str, str]) -> str:
    return pax.get("linkpath") or block[157:257].split(b"\0")[0].decode("utf-8", "replace")


def leads_out(name: str, target: str, *, hard: bool) -> bool:
    """Say whether a link called `name` leads out of the archive; hard links are relative to its top."""
    if target.startswith(("/", "\\")) or target[1:2] == ":":
        return True
    depth = 0 if hard else len([part for part in name.replace("\\", "/").split("/")[:-1] if part not in ("", ".")])
    for part in target.replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return True
    return False


def members(source: Source, report: Report) -> Iterator[tuple[str, Member]]:
    """Yield (name, content) of every regular member; read or leave the content before the next.

    Names and links that lead elsewhere go into `report`.

    Raises:
        Unread: the archive is damaged, cut off, or goes on behind its end.
    """
    name, pax = "", {}
    while True:
        block = _exactly(source, _BLOCK)
        if not block.strip(b"\0"):
            break
        if len(block) < _BLOCK:
            raise Unread("its tar archive is cut off", "cut-off")
        told, unsigned = _number(block[148:156]), sum(block) - sum(block[148:156]) + 256
        if told != unsigned:
            raise Unread("a tar header has a wrong checksum")
        kind, size = block[156:157], _number(block[124:136])
        if kind in (b"L", b"K", b"x", b"g"):
            extra = _extra(source, size)
            if kind == b"L":
                name = extra.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == b"x":
                pax = _pax(extra)
            continue
        if kind == b"S" or any(key.startswith("GNU.sparse") for key in pax):
            raise Unread("its tar holds a sparse member, which is not read", None)
        if pax.get("size", "0").isdigit() and "size" in pax:
            size = int(pax["size"])
        prefix = block[345:500].split(b"\0")[0] if block[257:262] == b"ustar" else b""
        plain = b"/".join(part for part in (prefix, block[:100].split(b"\0")[0]) if part)
        shown = pax.get("path") or name or plain.decode("utf-8", "replace")
        here = report.inner(shown)
        judge_name(shown, here)
        if kind in b"12" and leads_out(shown, _target(block, pax), hard=kind == b"1"):
            here.anomaly("link", "it is a link that leads out of the archive")
        elif kind in b"346":
            here.anomaly("link", "it is a device or a pipe, which no model needs")
        report.absorb(here)
        name, pax = "", {}
        if kind in b"123456":  # links, devices and folders hold no content
            continue
        member = Member(source, size)
        yield shown, member
        member.finish()
        source.skip(-size % _BLOCK)
    while chunk := source.read(1 << 18):
        if chunk.strip(b"\0"):
            raise Unread("its tar archive goes on behind its end", "hidden")
