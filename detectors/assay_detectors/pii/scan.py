"""One shard of one log, in a worker: plain data out, no raw value among them."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assay_detectors.pii.mask import masked, normalised

if TYPE_CHECKING:
    from assay.targets.base import OpenTarget
    from assay.targets.logs import LogBlock, LogWindow
    from assay.targets.refs import Shard
    from assay_detectors.pii.line import Found, LineScanner

LOCATED_CAP = 200_000
"""Findings of one shard that are located; the rest is counted."""
LINE_BUDGET = 32 << 20
"""Bytes of one endless line that reach the recognizers; the prefilter sees more."""
LINE_FOUND_CAP = 100_000
"""Findings after which one endless line is given up."""


def scan_shard(
    opened: OpenTarget, shard: Shard, *, key: str, min_score: float, engine: str, max_line_mb: int
) -> dict[str, Any]:
    """Scan one log, or a byte range of it; see `Tally.result` for what is returned.

    Raises:
        UnusableInput: the log cannot be read at all.
    """
    from assay.targets.logs import LogBlock, LogReader

    reader = LogReader(
        opened.path(shard.input),
        opened.shown(shard.input),
        shard.start,
        shard.stop,
        line_limit=max_line_mb << 20,
    )
    tally = Tally(bytes.fromhex(key))
    for piece in reader:
        scanner = _scanner(min_score, engine)
        if isinstance(piece, LogBlock):
            _block(scanner, piece, tally)
        else:
            _window(scanner, piece, tally)
    for line in reader.cut_lines:
        tally.give_up(line, f"only its first {max_line_mb} MB were searched (option max_line_mb)")
    return tally.result(reader.lines, reader.plain, reader.problem)


@lru_cache(maxsize=2)
def _scanner(min_score: float, engine: str) -> LineScanner:
    from assay_detectors.pii.line import LineScanner

    return LineScanner(min_score, engine)


class Tally:
    """What one shard found so far: counts without end, places up to a cap."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.counts: dict[str, int] = {}
        self.located: list[list[Any]] = []
        self.given_up: dict[int, str] = {}
        self._line = 0
        self._line_bytes = 0
        self._line_found = 0

    def add(self, found: Found, line: int, column: int, offset: int) -> None:
        """Count one finding; keep its place, its mask and a keyed digest, never the value."""
        self.counts[found.entity] = self.counts.get(found.entity, 0) + 1
        if len(self.located) < LOCATED_CAP:
            text = f"{found.entity}\0{normalised(found.entity, found.value)}".encode("utf-8", "replace")
            digest = hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]
            width = found.end - found.start
            mask = masked(found.entity, found.value)
            self.located.append([found.entity, line, column, column + width, offset, found.score, mask, digest])

    def spend(self, line: int, size: int) -> bool:
        """Take `size` bytes from the budget of an endless line; False: nothing is left, the line is given up."""
        if line != self._line:
            self._line, self._line_bytes, self._line_found = line, 0, sum(self.counts.values())
        if line in self.given_up:
            return False
        self._line_bytes += size
        if self._line_bytes > LINE_BUDGET:
            self.give_up(line, f"more than {LINE_BUDGET >> 20} MB of it look like personal data")
        elif sum(self.counts.values()) - self._line_found > LINE_FOUND_CAP:
            self.give_up(line, f"more than {LINE_FOUND_CAP} values were found in it")
        return line not in self.given_up

    def give_up(self, line: int, why: str) -> None:
        """Note that the line was not analysed to its end."""
        self.given_up.setdefault(line, why)

    def result(self, lines: int, plain: bool, problem: str | None) -> dict[str, Any]:
        """Return plain data.

        `lines` read; `plain`: offsets are bytes of the file; `problem`: why it was not read to its end; `counts`
        per entity; `located`: entity, line, column, end column (from 1), byte offset, score, mask, keyed digest;
        `given_up`: line and reason of endless lines that were not fully analysed.
        """
        return {
            "lines": lines,
            "plain": plain,
            "problem": problem,
            "counts": self.counts,
            "located": self.located,
            "given_up": [[line, why] for line, why in sorted(self.given_up.items())],
        }


def _block(scanner: LineScanner, block: LogBlock, tally: Tally) -> None:
    offset = block.offset
    for number, raw in enumerate(block.data.split(b"\n"), start=block.line):
        if raw:
            text = raw.removesuffix(b"\r").decode("utf-8", "replace")
            for found in scanner.scan(text):
                before = found.start if text.isascii() else len(text[: found.start].encode())
                tally.add(found, number, found.start + 1, offset + before)
        offset += len(raw) + 1


def _window(scanner: LineScanner, window: LogWindow, tally: Tally) -> None:
    text = window.data.decode("utf-8", "replace")
    if not scanner.candidates(text) and "%" not in text and "\\" not in text and "+" not in text:
        return
    if not tally.spend(window.line, len(window.data)):
        return
    for found in scanner.scan(text):
        if window.head <= found.start < window.tail:
            before = len(text[: found.start].encode())
            tally.add(found, window.line, window.column + found.start + 1, window.offset + before)
