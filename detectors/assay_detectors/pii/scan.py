"""One shard of one log, in a worker: plain data out, no raw value among them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assay.targets.extras import without_torch
from assay.targets.log_identity import range_identity
from assay.targets.refs import identified, isolated
from assay_detectors.pii.digests import Digests
from assay_detectors.pii.json_path import paths
from assay_detectors.pii.mask import masked
from assay_detectors.pii.payload import BEGINNING, worth
from assay_detectors.pii.quiet import quiet
from assay_detectors.pii.reference import ENGINE as REFERENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.targets.base import OpenTarget
    from assay.targets.logs import LogBlock, LogWindow
    from assay.targets.refs import Shard
    from assay_detectors.pii.line import LineScanner
    from assay_detectors.pii.names import NameFinder
    from assay_detectors.pii.presidio_scan import RecognizerScanner, Together

    Scanner = LineScanner | RecognizerScanner | Together
    from assay_detectors.pii.weigh import Found

LOCATED_CAP = 200_000
"""Findings of one shard that are located; the rest is counted."""
LINE_WORK = 2_000_000
"""Anchors in one endless line that are looked at; the prefilter sees more."""
LINE_FOUND_CAP = 100_000
"""Findings after which one endless line is given up."""
WITH_PATH = 25
"""Findings of each entity that get their path in the JSON; not fewer than what a measurement holds as evidence."""
_KNOWN = 1 << 15
"""Values whose mask and digest are remembered."""


def _is_whole(result: Any) -> bool:
    """Say whether a shard was read to its end; a problem names the file, so it is not kept for the same content."""
    return isinstance(result, dict) and result.get("problem", "") is None


@identified(range_identity, ignoring=("engine",), keep_when=_is_whole)
@quiet
def scan_shard(
    opened: OpenTarget,
    shard: Shard,
    *,
    key: str,
    min_score: float,
    engine: str,
    max_line_mb: int,
    brought: str = "[]",
    code: str = "",
    ner: str = "",
    reference: bool = False,
) -> dict[str, Any]:
    """Scan one log, or a range of its bytes, frames or row groups; see `Tally.result` for what is returned, and
    `NameFinder` for `names`.

    `rows` is added: whether a line is a row of a table.

    Raises:
        UnusableInput: the log cannot be read at all.
    """
    from assay.targets.log_frames import Part
    from assay.targets.logs import LogBlock, LogReader

    reader = LogReader(
        opened.path(shard.input),
        opened.shown(shard.input),
        shard.start,
        shard.stop,
        line_limit=max_line_mb << 20,
        groups=shard.extra.get("groups"),
        part=Part(*shard.extra["frames"]) if "frames" in shard.extra else None,
    )
    tally = Tally(bytes.fromhex(key))
    names = _names(ner, shard.start or 0) if ner else None
    for piece in reader:
        tally.all_paths = reader.table
        scanner = _scanner(min_score, REFERENCE if reference else engine, brought, code)
        if isinstance(piece, LogBlock):
            _block(scanner, piece, tally)
        else:
            _window(scanner, piece, tally)
        if names is not None:
            names.offer(piece)
    for line in reader.cut_lines:
        tally.give_up(line, f"only its first {max_line_mb} MB were searched (option max_line_mb)")
    told = None if names is None else names.finish(tally)
    return {**tally.result(reader.lines, reader.plain, reader.problem), "names": told, "rows": reader.table}


@isolated
def scan_isolated(opened: OpenTarget, shard: Shard, **arguments: Any) -> dict[str, Any]:
    """Do the same in a worker of its own, for there is code or a model of the user's in it."""
    return scan_shard(opened, shard, **arguments)


def _names(ner: str, start: int) -> NameFinder:
    from assay_detectors.pii.names import NameFinder

    return NameFinder(ner, start)


@lru_cache(maxsize=2)
def _scanner(min_score: float, engine: str, brought: str = "[]", code: str = "") -> Scanner:
    from assay_detectors.pii.custom import rule_of
    from assay_detectors.pii.line import LineScanner

    if code or engine == REFERENCE:
        with without_torch():
            from assay_detectors.pii.presidio_scan import reference_scanner, together

            if engine == REFERENCE:
                return reference_scanner(min_score, json.loads(brought), code)
    own = LineScanner(min_score, engine, tuple(rule_of(plain) for plain in json.loads(brought)))
    return together(own, min_score, engine, code) if code else own


class Tally:
    """What one shard found so far: counts without end, places up to a cap."""

    def __init__(self, key: bytes) -> None:
        self._digests = Digests(key)
        self.counts: dict[str, int] = {}
        self.located: list[tuple[Any, ...]] = []
        self.given_up: dict[int, str] = {}
        self.paths: dict[int, str] = {}
        self.all_paths = False
        """Whether every finding gets its path: in a table it names the column."""
        self._known: dict[tuple[str, str], tuple[str, str]] = {}
        self._line = 0
        self._line_work = 0
        self._line_found = 0

    def add(self, found: Found, line: int, column: int, offset: int) -> None:
        """Count one finding; keep its place, its mask and a keyed digest, never the value."""
        start, end, entity, _, value, chain, rule = found
        self.counts[entity] = self.counts.get(entity, 0) + 1
        if len(self.located) < LOCATED_CAP:
            known = self._known.get((entity, value)) or self._learn(entity, value)
            self.located.append(
                (entity, line, column, column + end - start, offset, found.probability, *known, chain, rule)
            )

    def wants_paths(self, found: Sequence[Found]) -> bool:
        """Say whether any of these may become evidence, so that it is worth knowing where in the JSON it stands."""
        few = self.all_paths
        for one in found:
            few = few or self.counts.get(one.entity, 0) < WITH_PATH
        return few and len(self.located) + len(found) <= LOCATED_CAP

    def _learn(self, entity: str, value: str) -> tuple[str, str]:
        known = masked(entity, value), self._digests.of(entity, value)
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[entity, value] = known
        return known

    def spend(self, line: int, work: int) -> bool:
        """Take from the budget of an endless line; False: nothing is left, the line is given up."""
        if line != self._line:
            self._line, self._line_work, self._line_found = line, 0, sum(self.counts.values())
        if line in self.given_up:
            return False
        self._line_work += work
        if self._line_work > LINE_WORK:
            self.give_up(line, f"more than {LINE_WORK} places of it look like personal data")
        elif sum(self.counts.values()) - self._line_found > LINE_FOUND_CAP:
            self.give_up(line, f"more than {LINE_FOUND_CAP} values were found in it")
        return line not in self.given_up

    def give_up(self, line: int, why: str) -> None:
        """Note that the line was not analysed to its end."""
        self.given_up.setdefault(line, why)

    def put_in_order(self) -> None:
        """Put what is located in the order of lines and columns; each keeps its path."""
        order = sorted(range(len(self.located)), key=lambda place: self.located[place][1:3])
        self.located = [self.located[place] for place in order]
        self.paths = {now: self.paths[old] for now, old in enumerate(order) if old in self.paths}

    def result(self, lines: int, plain: bool, problem: str | None) -> dict[str, Any]:
        """Return plain data.

        `lines` read; `plain`: offsets are bytes of the file; `problem`: why it was not read to its end; `counts`
        per entity; `located`: entity, line, column, end column (from 1), byte offset, score, mask, keyed digest, how it
        was encoded, rule of the user; `paths`: index in `located` and path in the JSON of the line, for the first of
        each entity; `given_up`: line and reason of lines that were not fully analysed.
        """
        return {
            "lines": lines,
            "plain": plain,
            "problem": problem,
            "counts": self.counts,
            "located": self.located,
            "paths": list(self.paths.items()),
            "given_up": [[line, why] for line, why in sorted(self.given_up.items())],
        }


def _block(scanner: Scanner, block: LogBlock, tally: Tally) -> None:
    text = block.data.decode("utf-8", "surrogateescape")
    plain = text.isascii()
    number, offset, at = block.line, block.offset, 0
    for start, found, problem in scanner.block(text):
        number += text.count("\n", at, start)
        offset += start - at if plain else _size(text, at, start)
        at = start
        if tally.wants_paths(found):
            end = text.find("\n", start)
            told = paths(text[start : end if end >= 0 else len(text)], [(one.start, one.end) for one in found])
            tally.paths.update((len(tally.located) + place, path) for place, path in enumerate(told) if path)
        for one in found:
            column = one.start
            tally.add(one, number, column + 1, offset + (column if plain else _size(text, start, start + column)))
        if problem:
            tally.give_up(number, problem)


def _window(scanner: Scanner, window: LogWindow, tally: Tally) -> None:
    if not tally.spend(window.line, 0):
        return
    text = window.data.decode("utf-8", "surrogateescape")
    before = scanner.work
    for _, found, problem in scanner.block(text):
        for one in found:
            if window.head <= one.start < window.tail:
                offset = window.offset + _size(text, 0, one.start)
                tally.add(one, window.line, window.column + one.start + 1, offset)
        if problem:
            tally.give_up(window.line, problem)
    if window.severed is not None and worth(text[window.severed : window.severed + BEGINNING]):
        tally.give_up(
            window.line, "an encoded value in it is longer than a window, of which the first part was decoded"
        )
    tally.spend(window.line, scanner.work - before)


def _size(text: str, start: int, stop: int) -> int:
    part = text[start:stop]
    return len(part) if part.isascii() else len(part.encode("utf-8", "surrogateescape"))
