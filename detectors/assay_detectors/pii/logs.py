"""Personal data and secrets in logs: the driver. It cuts, merges and counts; it reads no log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from assay.detector import Context, DetectorFailed, DetectorNotApplicable
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Target
from assay.targets.log_frames import zstd_parts
from assay.targets.refs import InputRef, Shard
from assay_detectors.pii.asked import Asked, asked_of
from assay_detectors.pii.brought import brought_rules
from assay_detectors.pii.entities import BY_NAME, NAMES
from assay_detectors.pii.groups import MOST, Groups, digest_key
from assay_detectors.pii.layers import DEPTH
from assay_detectors.pii.names_prose import BY_MODEL
from assay_detectors.pii.prefilter import PACKED, engine_for
from assay_detectors.pii.reference import WHY
from assay_detectors.pii.scan import scan_isolated, scan_shard
from assay_detectors.pii.spec import METRIC, SPEC

_RANGE = 8 << 20
"""Bytes of a shard: larger files are cut, so that several workers share one."""
_TOLD = 20
"""Lines of a log that were not fully analysed and are told one by one; the others are counted."""
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
        refs = _searched(target, ctx)
        sources = {ref.name: _Source(ref.shown, number) for number, ref in enumerate(refs)}
        shards = list(_shards(target, refs, sources, _frames(target, refs, ctx)))
        brought, asked = brought_rules(target, ctx), asked_of(target, ctx)
        key, is_users = digest_key(ctx, target.root)
        groups = Groups(fingerprints=is_users)
        outcomes = ctx.map_outcomes(
            scan_isolated if asked.isolated else scan_shard,
            shards,
            brought=json.dumps(brought),
            code=asked.code,
            ner=asked.ner,
            reference=asked.is_reference,
            key=key,
            min_score=float(ctx.options["min_score"]),
            engine=asked.engine if brought or asked.code else engine_for(asked.engine, _text_size(target, refs)),
            max_line_mb=int(ctx.options["max_line_mb"]),
        )
        for done, (shard, result, reason) in enumerate(outcomes, start=1):
            ctx.check()
            source = sources[shard.input]
            if result is None:
                source.fail(shard, reason or "a worker gave no answer")
            else:
                asked.note(result)
                for observation in source.merge(result, groups, ctx.observing):
                    ctx.observe(observation)
            ctx.progress(done, len(shards))
        if groups.full:
            ctx.not_covered(f"which values are equal, beyond the first {MOST} different ones")
        yield from _measurements(list(sources.values()), ctx, groups, asked)


def _searched(target: Target, ctx: Context) -> tuple[InputRef, ...]:
    """Return the logs; raise `DetectorNotApplicable` where all of them were guessed to be some, and none is.

    In a bare folder a compressed file may turn out to hold a model: then plain texts that no name calls logs (a README)
    stand beside a model, and are told.
    """
    refs, left, said = target.of_role("log"), [], []
    facts = {ref.name: record.facts for ref in refs if (record := target.record(ref.name)) is not None}
    none = {name: found["no_log"] for name, found in facts.items() if found.get("no_log")}
    for ref in refs:
        if ref.name in none:
            said.append(f"{ref.shown} (no log: its content is {none[ref.name]})")
        elif none and ref.spec.get("guessed") and _is_plain(facts.get(ref.name, {})):
            said.append(f"{ref.shown} (a text beside what is no log)")
        else:
            left.append(ref)
    if said:
        more = f" and {len(said) - _TOLD:,} more" if len(said) > _TOLD else ""
        sentence = f"searched for personal data only if declared: {', '.join(said[:_TOLD])}{more}"
        if not left:
            raise DetectorNotApplicable(sentence)
        ctx.not_covered(sentence)
    return tuple(left)


def _is_plain(facts: Mapping[str, Any]) -> bool:
    return facts.get("compressed") is False and "row_groups" not in facts


def _size(ref: InputRef) -> int:
    try:
        return Path(ref.path).stat().st_size
    except OSError:
        return 0


def _text_size(target: Target, refs: tuple[InputRef, ...]) -> int:
    """Return about how many bytes of text are in the logs."""
    facts = [(ref, record.facts if (record := target.record(ref.name)) else {}) for ref in refs]
    return sum(_size(ref) * (1 if _is_plain(found) else PACKED) for ref, found in facts)


def _frames(target: Target, refs: tuple[InputRef, ...], ctx: Context) -> dict[str, list[Any]]:
    """Return the parts of the large logs that consist of several frames, by the name of the input."""
    records = {ref.name: target.record(ref.name) for ref in refs if _size(ref) >= 2 * _RANGE}
    asked = [Shard(name) for name, r in records.items() if r is not None and r.facts.get("compression") == "zstd"]
    return {shard.input: parts for shard, parts, _ in ctx.map_outcomes(zstd_parts, asked, size=_RANGE) if parts}


def _shards(
    target: Target, refs: tuple[InputRef, ...], sources: dict[str, _Source], frames: dict[str, list[Any]]
) -> Iterator[Shard]:
    for ref in refs:
        record = target.record(ref.name)
        if record is not None and record.status != "usable":
            sources[ref.name].problems.append(record.problem or f"{ref.shown} cannot be used")
            continue
        size = _size(ref)
        groups = record.facts.get("row_groups") if record is not None else None
        if len(parts := frames.get(ref.name, [])) > 1:
            yield from (Shard(ref.name, extra={"frames": part}) for part in parts)
        elif isinstance(groups, int) and size >= _RANGE:
            step = max(1, groups * _RANGE // size)
            for first in range(0, groups, step):
                yield Shard(ref.name, extra={"groups": [first, min(first + step, groups)]})
        elif size < _RANGE or (record is not None and record.facts.get("compressed")):
            yield Shard(ref.name)
        else:
            for start in range(0, size, _RANGE):
                yield Shard(ref.name, start, min(start + _RANGE, size))


@dataclass
class _Source:
    """What is known of one log file."""

    shown: str
    number: int = 0
    lines: int = 0
    lost: bool = False
    """A range before failed: line numbers are unknown from there on."""
    problems: list[str] = field(default_factory=list)
    given_up: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    located: Counter[str] = field(default_factory=Counter)
    distinct: Counter[str] = field(default_factory=Counter)
    evidence: dict[str, list[Evidence]] = field(default_factory=dict)
    places: Counter[str] = field(default_factory=Counter)
    """How often the values occur that are among the evidence, by group."""

    def fail(self, shard: Shard, reason: str) -> None:
        """Note that a shard gave nothing."""
        part = f" (bytes {shard.start} to {shard.stop})" if shard.start else ""
        sentence = reason if self.shown in reason else f"{self.shown}{part}: {reason}"
        if sentence not in self.problems:
            self.problems.append(sentence)
        self.lost = True

    def merge(self, result: dict[str, Any], groups: Groups, every: bool) -> Iterator[Observation]:
        """Add the result of a shard; yield its findings as observations: every one, or only those that are evidence."""
        if result["problem"] and result["problem"] not in self.problems:
            self.problems.append(result["problem"])
        for line, why in result["given_up"]:
            self.given_up += 1
            if self.given_up > _TOLD:
                continue
            at = f"line {line + self.lines}" if not self.lost else "a line"
            self.problems.append(f"{self.shown}: {at} was not fully analysed: {why}")
        self.counts.update(result["counts"])
        paths, in_table = dict(result["paths"]), result["rows"]
        for place, located in enumerate(result["located"]):
            entity, line, column, end, offset, score, mask, digest, chain, rule = located
            kept = self.evidence.setdefault(entity, [])
            is_evidence = len(kept) < EVIDENCE_CAP
            group, is_new = groups.name(entity, digest, self.number)
            self.located[entity] += 1
            self.distinct[entity] += is_new
            if group is not None and (is_evidence or group in self.places):
                self.places[group] += 1
            if not is_evidence and not every:
                continue
            path = paths.get(place) if is_evidence or in_table else None
            number = None if self.lost else line + self.lines
            evidence = Evidence(
                kind="log-span",
                locator=Locator(
                    file=self.shown,
                    line=None if in_table else number,
                    row=number - 1 if in_table and number else None,
                    column=None if in_table else column,
                    end_column=None if in_table else end,
                    offset=offset if result["plain"] else None,
                    path=" > ".join(part for part in (path, chain) if part) or None,
                ),
                note=_note(entity, rule),
                excerpt=mask,
                group=group,
                score=score,
            )
            if is_evidence:
                kept.append(evidence)
            yield Observation(detector=SPEC.id, metric=METRIC, labels=_labels(entity, self.shown), evidence=evidence)
        self.lines += result["lines"]

    def pieces(self, entity: str) -> Iterator[Evidence]:
        """Yield the evidence, each piece with the number of places where its value stands."""
        for piece in self.evidence.get(entity, ()):
            places = self.places[piece.group or ""]
            note = f"{piece.note}; the same value stands in {places:,} places"
            yield piece if places < 2 else piece.model_copy(update={"note": note})

    def different(self, entity: str, groups: Groups) -> int | None:
        """Return how many different values there are, where all of them could be told apart."""
        known = not groups.full and self.counts[entity] == self.located[entity]
        return self.distinct[entity] if known else None


def _note(entity: str, rule: str) -> str:
    if entity == "PERSON" and rule.startswith(BY_MODEL):
        return f"name in free text, found by a language model; {rule}, by its own score"
    return f"{BY_NAME[entity].what}; rule {rule}, by its own score" if rule else BY_NAME[entity].what


def _labels(entity: str, source: str) -> dict[str, str]:
    return {"entity": entity, "tier": BY_NAME[entity].tier, "source": source}


def _measurements(sources: list[_Source], ctx: Context, groups: Groups, asked: Asked) -> Iterator[Measurement]:
    problems = [problem for source in sources for problem in source.problems]
    total = sum(source.lines for source in sources)
    if not total:
        empty = [f"{source.shown} is empty, so nothing was checked in it" for source in sources if not source.problems]
        raise DetectorFailed("; ".join([*problems, *empty]) or "no log file was found; name one in `logs:`")
    for sentence in (*asked.not_covered, *problems):
        ctx.not_covered(sentence)
    for source in sources:
        if (more := source.given_up - _TOLD) > 0:
            ctx.not_covered(f"{source.shown}: {more:,} more lines were not fully analysed")
        if not source.lines and not source.problems:
            ctx.not_covered(f"{source.shown} is empty: nothing to check in it")
        if beyond := (source.counts - source.located).total():
            ctx.not_covered(f"{source.shown}: {beyond} findings are counted but not located, beyond the cap of a shard")
    method = asked.method(
        f"rules {SPEC.version}: formats, checksums, key names, context; no NER; URL, JSON, base64, hex, gzip and JWT "
        f"decoded to depth {DEPTH}; min_score {float(ctx.options['min_score']):g}, "
        f"max_line_mb {int(ctx.options['max_line_mb'])}"
    )
    for entity in NAMES:
        if entity in asked.left_out:
            ctx.unresolved(METRIC, _labels(entity, "*"), WHY)
            continue
        interval = Interval.at_least if problems or asked.partial(entity) else Interval.exact
        found = [source for source in sources if source.counts[entity]]
        for source in found:
            kept = tuple(source.pieces(entity))
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
                distinct=source.different(entity, groups),
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
