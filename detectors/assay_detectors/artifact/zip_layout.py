"""How a zip is laid out: its end record, and what lies between its members. Two readers must not see different zips."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from assay_detectors.artifact.report import Report
from assay_detectors.artifact.sources import MAX_MEMBERS, Region, Unread

_SIGNATURE = b"PK\x05\x06"
_LOCAL = b"PK\x03\x04"
_RECORD = struct.Struct("<4s4H2LH")
_TAIL = _RECORD.size + 65_535
_ENTRY = 46
"""Bytes that the directory needs for a member, at least."""
_DESCRIPTOR = 24
"""Bytes that may follow a member to give its sizes, at most."""
_ZIP64 = 56 + 20
_LOOK = 1 << 20


@dataclass(frozen=True)
class End:
    """The end record, as `zipfile` finds it: the last one."""

    at: int
    count: int
    size: int
    begin: int
    behind: int
    """Bytes after the record and its comment."""
    rival: bool
    """Another end record, further in front, fits as well."""

    @property
    def large(self) -> bool:
        """Say whether the true numbers stand in a zip64 record."""
        return self.count == 0xFFFF or self.size == 0xFFFFFFFF or self.begin == 0xFFFFFFFF


def end_record(whole: Region, length: int) -> End | None:
    """Return the end record; None where there is none.

    Raises:
        Unread: its directory is so large that reading it would be an attack.
    """
    first = max(0, length - _TAIL)
    tail = whole.part(first, length).peek(length - first)
    at = tail.rfind(_SIGNATURE)
    if at < 0 or len(tail) - at < _RECORD.size:
        return None
    _, _, _, _, count, size, begin, comment = _RECORD.unpack_from(tail, at)
    behind = len(tail) - at - _RECORD.size - comment
    rival, earlier = False, at
    while (earlier := tail.rfind(_SIGNATURE, 0, earlier)) >= 0:
        told = int.from_bytes(tail[earlier + 20 : earlier + 22], "little")
        rival = rival or earlier + _RECORD.size + told == len(tail)
    if min(size, length) // _ENTRY > 2 * MAX_MEMBERS and size != 0xFFFFFFFF:
        raise Unread(f"its zip directory has room for more than {2 * MAX_MEMBERS} members", "bomb")
    return End(first + at, count, size, begin, behind, rival)


def judge_end(end: End, members: int, report: Report) -> None:
    """Note where another reader would find another directory, or none."""
    if end.rival:
        report.unread("it ends in two zip directories, and readers differ on which one counts", "two-readings", end.at)
    if end.behind:
        report.anomaly("hidden" if end.behind > 0 else "cut-off", "bytes follow its zip directory", end.at)
    if end.large:
        return
    if end.count != members & 0xFFFF:
        told = f"its zip directory tells of {end.count} members and lists {members}, and readers differ on which counts"
        report.unread(told, "two-readings", end.at)
    if end.begin + end.size != end.at and end.begin + end.size + _ZIP64 != end.at:
        report.unread("bytes stand in front of it, so readers differ on where its members are", "polyglot", 0)


def judge_gaps(
    extents: list[tuple[int, int]], stop: int, whole: Region, report: Report, *, prefixed: bool = False
) -> None:
    """Note members that share bytes, and bytes that belong to none.

    Args:
        extents: (first byte, one past the last) of each member, its local header included.
        stop: where the directory begins.
        whole: the zip.
        report: takes the anomalies.
        prefixed: whether something in front of the first member is known already.
    """
    at = extents[0][0] if prefixed and extents else 0
    for start, end in [*sorted(extents), (stop, stop)]:
        if start < at:
            report.unread("two of its members share bytes, as in a zip bomb", "bomb", start)
        elif start > at:
            _judge_gap(at, start, whole, report)
        at = max(at, end)


def _judge_gap(start: int, stop: int, whole: Region, report: Report) -> None:
    held = whole.part(start, min(stop, start + _LOOK)).peek(min(stop - start, _LOOK))
    if _LOCAL in held:
        told = "it holds a member that its directory does not list, which readers that go from the front see"
        report.unread(told, "two-readings", start + held.index(_LOCAL))
    elif stop - start > _DESCRIPTOR and held.strip(b"\0"):
        report.anomaly("hidden", f"{stop - start} bytes between its members belong to none", start)
