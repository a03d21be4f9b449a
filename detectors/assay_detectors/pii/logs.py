"""Personal data and secrets in logs: the driver. It cuts, merges and counts; it reads no log."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from assay.detector import Context, DetectorFailed
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Target
from assay.targets.refs import InputRef, Shard
from assay_detectors.pii.custom import read_gitleaks, read_recognizers
from assay_detectors.pii.entities import BY_NAME, NAMES
from assay_detectors.pii.layers import DEPTH
from assay_detectors.pii.scan import scan_shard
from assay_detectors.pii.spec import METRIC, NOT_COVERED, SPEC

_RANGE = 8 << 20
"""Bytes of a shard: larger files are cut, so that several workers share one."""
_GROUPS = 400_000
"""Values that are told apart by their group."""
_MB_PER_SECOND = 12.0
"""Of one core, measured on mixed machine-learning logs; for the estimate only."""


class LogsDetector:
    """Count personal data and secrets, per kind and log."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the expected CPU seconds, from the sizes of the files."""
        size = sum(_size(ref) for ref in target.of_role("log"))
        return Cost(cpu_seconds=2.0 + size / (_MB_PER_SECOND * 1e6))

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure every log; raise `DetectorFailed` where no log can be read, or all are empty."""
        refs = target.of_role("log")
        sources = {ref.name: _Source(ref.shown) for ref in refs}
        shards = list(_shards(target, refs, sources))
        groups = _Groups()
        brought = _brought(target, ctx)
        outcomes = ctx.map_outcomes(
            scan_shard,
            shards,
            brought=json.dumps(brought),
            key=os.urandom(32).hex(),
            min_score=float(ctx.options["min_score"]),
            engine=str(ctx.options["engine"]),
            max_line_mb=int(ctx.options["max_line_mb"]),
        )
        for done, (shard, result, reason) in enumerate(outcomes, start=1):
            ctx.check()
            source = sources[shard.input]
            if result is None:
                source.fail(shard, reason or "a worker gave no answer")
            else:
                for observation in source.merge(result, groups):
                    ctx.observe(observation)
            ctx.progress(done, len(shards))
        if groups.full:
            ctx.not_covered(f"which values are equal, beyond the first {_GROUPS} different ones")
        yield from _measurements(list(sources.values()), ctx)


def _brought(target: Target, ctx: Context) -> list[dict[str, Any]]:
    """Return the rules that the user brings; raise `DetectorFailed` where their file cannot be read."""
    rules: list[dict[str, Any]] = []
    for option, read in (("gitleaks", read_gitleaks), ("recognizers", read_recognizers)):
        if given := str(ctx.options[option]):
            try:
                found = read(target.root / given)
            except ValueError as error:
                raise DetectorFailed(f"option {option}: {error}") from None
            rules.extend(found.rules)
            for sentence in found.refused:
                ctx.not_covered(f"{given}: {sentence}")
    return rules


def _size(ref: InputRef) -> int:
    try:
        return Path(ref.path).stat().st_size
    except OSError:
        return 0


def _shards(target: Target, refs: tuple[InputRef, ...], sources: dict[str, _Source]) -> Iterator[Shard]:
    for ref in refs:
        record = target.record(ref.name)
        if record is not None and record.status != "usable":
            sources[ref.name].problems.append(record.problem or f"{ref.shown} cannot be used")
            continue
        size = _size(ref)
        if size < _RANGE:
            yield Shard(ref.name)
        else:
            for start in range(0, size, _RANGE):
                yield Shard(ref.name, start, min(start + _RANGE, size))


class _Groups:
    """Ordinals of equal values, by first appearance. The digests are forgotten with this object."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self.full = False
        self._last: Counter[str] = Counter()

    def name(self, entity: str, digest: str) -> str | None:
        """Return the group of a value; None once there are too many values to remember."""
        key = int(digest[:16], 16)
        number = self._seen.get(key)
        if number is None:
            if len(self._seen) >= _GROUPS:
                self.full = True
                return None
            self._last[entity] += 1
            self._seen[key] = number = self._last[entity]
        return f"{entity}-{number}"


@dataclass
class _Source:
    """What is known of one log file."""

    shown: str
    lines: int = 0
    lost: bool = False
    """A range before failed: line numbers are unknown from there on."""
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    located: Counter[str] = field(default_factory=Counter)
    evidence: dict[str, list[Evidence]] = field(default_factory=dict)

    def fail(self, shard: Shard, reason: str) -> None:
        """Note that a shard gave nothing."""
        part = f" (bytes {shard.start} to {shard.stop})" if shard.start else ""
        sentence = reason if self.shown in reason else f"{self.shown}{part}: {reason}"
        if sentence not in self.problems:
            self.problems.append(sentence)
        self.lost = True

    def merge(self, result: dict[str, Any], groups: _Groups) -> Iterator[Observation]:
        """Add the result of a shard; yield its findings as observations."""
        if result["problem"]:
            self.problems.append(result["problem"])
        for line, why in result["given_up"]:
            at = f"line {line + self.lines}" if not self.lost else "a line"
            self.problems.append(f"{self.shown}: {at} was not fully analysed: {why}")
        self.counts.update(result["counts"])
        for entity, line, column, end, offset, score, mask, digest, chain, rule in result["located"]:
            evidence = Evidence(
                kind="log-span",
                locator=Locator(
                    file=self.shown,
                    line=None if self.lost else line + self.lines,
                    column=column,
                    end_column=end,
                    offset=offset if result["plain"] else None,
                    path=chain or None,
                ),
                note=_note(entity, chain, rule),
                excerpt=mask,
                group=groups.name(entity, digest),
                score=score,
            )
            self.located[entity] += 1
            kept = self.evidence.setdefault(entity, [])
            if len(kept) < EVIDENCE_CAP:
                kept.append(evidence)
            yield Observation(detector=SPEC.id, metric=METRIC, labels=_labels(entity, self.shown), evidence=evidence)
        self.lines += result["lines"]


def _note(entity: str, chain: str, rule: str) -> str:
    return "; ".join(
        [
            BY_NAME[entity].what,
            *([f"rule {rule}, by its own score"] if rule else ()),
            *([f"encoded: {chain}"] if chain else ()),
        ]
    )


def _labels(entity: str, source: str) -> dict[str, str]:
    return {"entity": entity, "tier": BY_NAME[entity].tier, "source": source}


def _measurements(sources: list[_Source], ctx: Context) -> Iterator[Measurement]:
    problems = [problem for source in sources for problem in source.problems]
    total = sum(source.lines for source in sources)
    if not total:
        empty = [f"{source.shown} is empty, so nothing was checked in it" for source in sources if not source.problems]
        raise DetectorFailed("; ".join([*problems, *empty]) or "no log file was found; name one in `logs:`")
    for sentence in (*NOT_COVERED, *problems):
        ctx.not_covered(sentence)
    for source in sources:
        if not source.lines and not source.problems:
            ctx.not_covered(f"{source.shown} is empty: nothing to check in it")
        if beyond := (source.counts - source.located).total():
            ctx.not_covered(f"{source.shown}: {beyond} findings are counted but not located, beyond the cap of a shard")
    method = (
        f"rules {SPEC.version}: formats, checksums, key names, context; no NER; URL, JSON, base64, hex, gzip and JWT "
        f"decoded to depth {DEPTH}; min_score {float(ctx.options['min_score']):g}, "
        f"max_line_mb {int(ctx.options['max_line_mb'])}"
    )
    interval = Interval.at_least if problems else Interval.exact
    for entity in NAMES:
        found = [source for source in sources if source.counts[entity]]
        for source in found:
            kept = tuple(source.evidence.get(entity, ()))
            count = source.counts[entity]
            yield Measurement(
                metric=METRIC,
                value=count,
                interval=interval(count),
                n=source.lines,
                labels=_labels(entity, source.shown),
                method=method,
                evidence=kept,
                truncated=count - len(kept),
            )
        if not found:
            yield Measurement(
                metric=METRIC,
                value=0,
                interval=interval(0),
                n=total,
                labels=_labels(entity, "*"),
                method=method,
            )


__all__ = ["SPEC", "LogsDetector"]
