"""Personal data and secrets in data files: the driver. It merges and counts; it reads no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from assay.detector import Context, DetectorFailed, DetectorNotApplicable
from assay.model.evidence import Evidence, Locator, Observation
from assay.model.interval import Binomial, Interval
from assay.model.measurement import EVIDENCE_CAP, Measurement
from assay.model.outcome import Cost
from assay.model.spec import DetectorSpec
from assay.targets.base import Target
from assay.targets.refs import InputRef, Shard
from assay_detectors.pii.dataset_spec import COLUMNS, NOT_COVERED, SHARE, SMALL, SMALLEST, SPEC, SPECIAL, UNIQUE, VALUES
from assay_detectors.pii.dataset_work import search_table
from assay_detectors.pii.entities import BY_NAME, NAMES
from assay_detectors.pii.groups import MOST, Groups, digest_key
from assay_detectors.pii.prefilter import PACKED, engine_for

_MB_PER_SECOND = 4.0
"""Of one core, on tables of mixed columns; for the estimate only."""


class DatasetDetector:
    """Measure what data files hold of people, per column and file."""

    spec: ClassVar[DetectorSpec] = SPEC

    def estimate(self, target: Target, options: Mapping[str, Any]) -> Cost:
        """Return the expected CPU seconds, from the sizes of the files."""
        size = sum(_size(ref) for ref in target.of_role("data"))
        return Cost(cpu_seconds=2.0 + size / (_MB_PER_SECOND * 1e6))

    def run(self, target: Target, ctx: Context) -> Iterator[Measurement]:
        """Measure every data file; raise `DetectorFailed` where none can be read."""
        refs = tuple({ref.path: ref for ref in reversed(target.of_role("data"))}.values())[::-1]  # each file once
        if not refs:
            raise DetectorNotApplicable("the target has no data files")
        key, is_users = digest_key(ctx, target.root)
        found = _Found(sample=int(ctx.options["sample"]), groups=Groups(fingerprints=is_users))
        shown = {ref.name: ref.shown for ref in refs}
        outcomes = ctx.map_outcomes(
            search_table,
            [Shard(ref.name) for ref in refs],
            key=key,
            seed=ctx.seed("distinct values"),
            sample=found.sample,
            level=ctx.level(SHARE, {}),
            engine=engine_for(str(ctx.options["engine"]), PACKED * sum(map(_size, refs))),
        )
        for done, (shard, result, reason) in enumerate(outcomes, start=1):
            ctx.check()
            if result is None:
                found.problems.append(reason or f"{shown[shard.input]}: a worker gave no answer")
            else:
                found.merge(shown[shard.input], result, ctx)
            ctx.progress(done, len(refs))
        if not found.rows:
            raise DetectorFailed("; ".join(found.problems))
        if found.groups.full:
            ctx.not_covered(f"which values are equal, beyond the first {MOST} different ones")
        for sentence in (*NOT_COVERED, *found.problems):
            ctx.not_covered(sentence)
        yield from found.measurements()


def _size(ref: InputRef) -> int:
    try:
        return Path(ref.path).stat().st_size
    except OSError:
        return 0


def _path(column: str) -> str:
    return f"$.{column}" if column.isidentifier() else f"$[{column!r}]"


def _tagged(entity: str) -> str:
    known = BY_NAME[entity]
    return f"{known.what} ({', '.join(known.tags)})"


@dataclass
class _Kept:
    """Evidence of one measurement, capped, and how many there are."""

    count: int = 0
    evidence: list[Evidence] = field(default_factory=list)

    def add(self, evidence: Evidence) -> None:
        if len(self.evidence) < EVIDENCE_CAP:
            self.evidence.append(evidence)


@dataclass
class _Found:
    """What all files hold."""

    sample: int
    groups: Groups
    rows: dict[str, int] = field(default_factory=dict)
    distinct: int = 0
    columns: int = 0
    problems: list[str] = field(default_factory=list)
    shares: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    values: dict[tuple[str, str, str], _Kept] = field(default_factory=dict)
    special: dict[tuple[str, str, str], _Kept] = field(default_factory=dict)
    classes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def merge(self, shown: str, result: dict[str, Any], ctx: Context) -> None:
        """Add what a worker found in one file."""
        self.rows[shown] = result["rows"]
        self.columns += result["columns"]
        self.distinct += result["distinct"]
        self.problems.extend(result["problems"])
        for note in result["notes"]:
            ctx.not_covered(note)
        for share in result["shares"]:
            self.shares.append((shown, share))
        for entity, column, count in result["counts"]:
            self.values.setdefault((entity, column, shown), _Kept()).count += count
        for located in result["located"]:
            self._observe(shown, located, ctx)
        for category, article, column, why in result["special"]:
            kept = self.special.setdefault((category, article, shown), _Kept())
            kept.count += 1
            note = f"may hold data on {category} ({article}), {why}"
            kept.add(Evidence(kind="column", locator=Locator(file=shown, path=_path(column)), note=note))
        if result["classes"]:
            self.classes[shown] = result["classes"]
        else:
            ctx.not_covered(
                f"{shown}: groups by quasi-identifiers (no two columns that describe a person by their names)"
            )

    def _observe(self, shown: str, located: list[Any], ctx: Context) -> None:
        entity, column, row, mask, score, digest, chain = located
        group, _ = self.groups.name(entity, digest)
        evidence = Evidence(
            kind="cell",
            locator=Locator(file=shown, row=row, path=_path(column)),
            note=_tagged(entity)
            + ("" if row is not None else ", in the header")
            + (f", inside {chain}" if chain else ""),
            excerpt=mask,
            group=group,
            score=score,
        )
        self.values[entity, column, shown].add(evidence)
        labels = _labels(entity, shown, column)
        ctx.observe(Observation(detector=SPEC.id, metric=VALUES, labels=labels, evidence=evidence))

    def _count(self, value: int) -> Interval:
        return Interval.at_least(value) if self.problems else Interval.exact(value)

    def measurements(self) -> Iterator[Measurement]:
        """Yield everything, in a fixed order."""
        yield from self._shares()
        yield from self._values()
        yield from self._personal()
        yield from self._special()
        yield from self._classes()

    def _shares(self) -> Iterator[Measurement]:
        for shown, share in self.shares:
            entity, k, n = share["entity"], share["k"], share["n"]
            low, high = share["wilson"]
            all_of = share["distinct"]
            drawn = f"{n:,} of {all_of:,} distinct values" if n < all_of else "all distinct values"
            yield Measurement(
                metric=SHARE,
                value=share["value"],
                interval=Interval.model_validate(share["interval"]),
                statistic=Binomial(k=k, n=n),
                n=n,
                labels=_labels(entity, shown, share["column"]),
                method=(
                    f"{drawn}, sample {self.sample}; Clopper-Pearson, k={k} n={n}; Wilson 95 % "
                    f"[{low:.4f}, {high:.4f}]; rules of pii.logs with the column's name as key"
                ),
                evidence=(_column_evidence(shown, share),),
            )
        seen = {share["entity"] for _, share in self.shares}
        for entity in NAMES:
            if entity not in seen and self.distinct:
                yield Measurement(
                    metric=SHARE,
                    value=0,
                    interval=Interval(low=0, high=_none_of(self.distinct), level=0.95, method="clopper-pearson"),
                    statistic=Binomial(k=0, n=self.distinct),
                    n=self.distinct,
                    labels=_labels(entity, "*", "*"),
                    method=f"distinct values of all columns together, sample {self.sample}; Clopper-Pearson",
                )

    def _values(self) -> Iterator[Measurement]:
        method = f"every row; rules of pii.logs, version {SPEC.version}, with the column's name as key"
        for (entity, column, shown), kept in sorted(self.values.items()):
            yield Measurement(
                metric=VALUES,
                value=kept.count,
                interval=self._count(kept.count),
                n=max(1, self.rows[shown]),
                labels=_labels(entity, shown, column),
                method=method,
                evidence=tuple(kept.evidence),
                truncated=kept.count - len(kept.evidence),
            )
        seen = {entity for entity, _, _ in self.values}
        for entity in NAMES:
            if BY_NAME[entity].tier == "A" and entity not in seen:
                yield self._nothing(VALUES, _labels(entity, "*", "*"), sum(self.rows.values()), method)

    def _personal(self) -> Iterator[Measurement]:
        method = f"low end of Wilson 95 % >= 0.5, by name >= 0.1 (0.2 with a check digit); sample {self.sample}"
        named: dict[tuple[str, str], _Kept] = {}
        for shown, share in self.shares:
            if share["personal"]:
                kept = named.setdefault((share["entity"], shown), _Kept())
                kept.count += 1
                kept.add(_column_evidence(shown, share))
        for (entity, shown), kept in sorted(named.items()):
            yield Measurement(
                metric=COLUMNS,
                value=kept.count,
                interval=self._count(kept.count),
                n=max(1, self.columns),
                labels=_labels(entity, shown),
                method=method,
                evidence=tuple(kept.evidence),
                truncated=kept.count - len(kept.evidence),
            )
        for entity in NAMES:
            if entity not in {entity for entity, _ in named}:
                yield self._nothing(COLUMNS, _labels(entity, "*"), self.columns, method)

    def _special(self) -> Iterator[Measurement]:
        method = "names of columns, and dictionaries of values for columns of few distinct texts"
        for (category, article, shown), kept in sorted(self.special.items()):
            yield Measurement(
                metric=SPECIAL,
                value=kept.count,
                interval=self._count(kept.count),
                n=max(1, self.columns),
                labels={"category": category, "article": article, "source": shown},
                method=method,
                evidence=tuple(kept.evidence),
                truncated=kept.count - len(kept.evidence),
            )
        if not self.special:
            yield self._nothing(SPECIAL, {"category": "*", "article": "*", "source": "*"}, self.columns, method)

    def _nothing(self, metric: str, labels: dict[str, str], n: int, method: str) -> Measurement:
        return Measurement(metric=metric, value=0, interval=self._count(0), n=max(1, n), labels=labels, method=method)

    def _classes(self) -> Iterator[Measurement]:
        for shown, found in self.classes.items():
            rows, columns = found["rows"], found["columns"]
            labels = {"columns": " + ".join(columns), "source": shown}
            method = f"{found['count']:,} groups by the exact values of {len(columns)} columns, missing ones alike"
            alone = tuple(
                Evidence(kind="row", locator=Locator(file=shown, row=row), note="no other row has these values")
                for row in found["alone"]
            )
            smallest = found["smallest"]
            yield Measurement(
                metric=SMALLEST, value=smallest, interval=Interval.exact(smallest), n=rows, labels=labels, method=method
            )
            for metric, count, evidence in ((UNIQUE, found["unique"], alone), (SMALL, found["small"], ())):
                yield Measurement(
                    metric=metric,
                    value=count / rows,
                    interval=Interval.exact(count / rows),
                    n=rows,
                    labels=labels,
                    method=method,
                    evidence=evidence,
                    truncated=count - len(evidence) if evidence else 0,
                )


def _labels(entity: str, source: str, column: str | None = None) -> dict[str, str]:
    labels = {"entity": entity, "tier": BY_NAME[entity].tier, "source": source}
    return labels if column is None else {**labels, "column": column}


def _column_evidence(shown: str, share: dict[str, Any]) -> Evidence:
    low, high = share["wilson"]
    by_name = ", as its name says" if share["hinted"] else ""
    note = (
        f"{share['k']:,} of {share['n']:,} distinct values: {_tagged(share['entity'])}{by_name}; "
        f"Wilson 95 % [{low:.3f}, {high:.3f}]"
    )
    return Evidence(kind="column", locator=Locator(file=shown, path=_path(share["column"])), note=note)


def _none_of(n: int) -> float:
    """Return the upper end of Clopper and Pearson at 95 % for none of `n`, in closed form: the driver has no scipy."""
    return float(1 - 0.025 ** (1 / n))


__all__ = ["SPEC", "DatasetDetector"]
