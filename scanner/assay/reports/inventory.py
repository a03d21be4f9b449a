"""The data inventory: which personal data and secrets were found where, how many, which laws speak of them.

Built from a result alone, so that a saved one gives it too. Counts are those of the measurements. How many different
values they are is read off the groups of the evidence (equal values share an ordinal); evidence is capped, so beyond
the cap the number is `at least`, unless the observations of the scan itself are at hand. What was not looked at is
part of the inventory: an empty list says nothing without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from assay.model import data_kinds
from assay.model.data_kinds import DataKind
from assay.model.evidence import Observation
from assay.model.interval import Binomial, Interval
from assay.model.measurement import Measurement
from assay.model.outcome import Outcome, Status
from assay.model.result import ScanResult
from assay.reports.text import input_problem, sentence, why_not_run

FAMILY = "pii."
LINES = "pii.logs.count"
OCCURRENCES = (LINES, "pii.dataset.values")
SHARE = "pii.dataset.share"
SPECIAL = "pii.dataset.special-columns"
ANYWHERE = "*"
"""Label of a measurement that found nothing anywhere."""


class Entry(NamedTuple):
    """One kind of data in one source, and in one column where there are columns."""

    kind: DataKind
    tier: str
    source: str
    column: str
    found: int
    complete: bool
    """False: at least so many; a part of the source was not read."""
    unit: str
    """What was counted: `occurrences`, `distinct values`, `columns`."""
    looked_at: int
    looked_at_unit: str
    """`lines`, `rows`, `distinct values`, `columns`."""
    groups: frozenset[str]
    """The different values that are known of, as detector and ordinal: one that two detectors saw is two here, unless
    there are fingerprints under a key of the user."""
    groups_complete: bool
    different: int | None = None
    """How many different values there are, where the detector told all of them apart."""
    share: Interval | None = None
    """Share of the column's distinct values, where it was estimated."""


class Gap(NamedTuple):
    """Something that was not looked at, or cannot be seen by the method."""

    where: str
    why: str


class Inventory(NamedTuple):
    """All entries by category and kind, and all gaps."""

    entries: tuple[Entry, ...]
    gaps: tuple[Gap, ...]

    def by_kind(self) -> list[tuple[DataKind, list[Entry]]]:
        """Return the kinds in the order of categories, each with its sources."""
        kinds: dict[DataKind, list[Entry]] = {}
        for entry in self.entries:
            kinds.setdefault(entry.kind, []).append(entry)
        return list(kinds.items())


def build(result: ScanResult, observations: Iterable[Observation] = ()) -> Inventory:
    """Return the inventory of a result; with observations, different values are counted beyond the cap."""
    seen = _all_groups(observations)
    entries: dict[tuple[str, str, str], Entry] = {}
    for outcome in result.outcomes:
        for entry in _entries(outcome):
            key = (entry.kind.name, entry.source, entry.column)
            known = entries.get(key)
            entries[key] = _joined(known, entry) if known else entry
    order = {category: place for place, category in enumerate(data_kinds.CATEGORIES)}
    found = sorted(entries.values(), key=lambda e: (order[e.kind.category], e.kind.name, e.source, e.column))
    return Inventory(tuple(_with_groups(entry, seen) for entry in found), tuple(dict.fromkeys(_gaps(result))))


def distinct(entries: Iterable[Entry]) -> tuple[int, bool]:
    """Return how many different values there are over some entries of one kind, and whether that is all."""
    known = list(entries)
    groups = frozenset[str]().union(*(entry.groups for entry in known))
    most = max((entry.different or 0 for entry in known), default=0)
    alone = len(known) == 1 and known[0].different is not None and known[0].complete
    return max(len(groups), most), alone or all(entry.groups_complete for entry in known)


def places(entries: Iterable[Entry]) -> str:
    """Return how many values stand in how many places: `1 value in 412 places`; empty where that is not known."""
    known = [entry for entry in entries if entry.unit == "occurrences"]
    different, all_of_them = distinct(known)
    if not different:
        return ""
    found = sum(entry.found for entry in known)
    some = "" if all_of_them else "at least "
    where = "" if all(entry.complete for entry in known) else "at least "
    return f"{some}{different:,} value{'s' * (different != 1)} in {where}{found:,} place{'s' * (found != 1)}"


def _all_groups(observations: Iterable[Observation]) -> dict[tuple[str, str, str], Counter[str]]:
    seen: dict[tuple[str, str, str], Counter[str]] = {}
    for observation in observations:
        labels, group = observation.labels, observation.evidence.group
        if group and observation.metric in OCCURRENCES:
            key = (labels.get("entity", ""), labels.get("source", ""), labels.get("column", ""))
            seen.setdefault(key, Counter())[_group(observation.detector, group)] += 1
    return seen


def _group(detector: str, group: str) -> str:
    """Return a name for a value: ordinals are a detector's own, fingerprints are the same for all."""
    return group if "-hmac:" in group else f"{detector}/{group}"


def _with_groups(entry: Entry, seen: dict[tuple[str, str, str], Counter[str]]) -> Entry:
    more = seen.get((entry.kind.name, entry.source, entry.column))
    if more is None:
        return entry
    complete = entry.complete and more.total() == entry.found
    return entry._replace(groups=entry.groups | set(more), groups_complete=entry.groups_complete or complete)


def _entries(outcome: Outcome) -> Iterator[Entry]:
    for m in outcome.measurements:
        if m.value <= 0 or m.labels.get("source") == ANYWHERE:
            continue
        groups = frozenset(_group(outcome.detector, e.group) for e in m.evidence if e.group)
        if m.metric in OCCURRENCES and "entity" in m.labels:
            kind = data_kinds.describe(m.labels["entity"])
            of = "lines" if m.metric == LINES else "rows"
            yield _entry(m, kind, int(m.value), ("occurrences", of), groups)
        elif m.metric == SHARE and isinstance(m.statistic, Binomial):
            kind = data_kinds.describe(m.labels.get("entity", ""))
            yield _entry(m, kind, m.statistic.k, ("distinct values",) * 2, groups)._replace(
                share=m.interval, complete=True
            )
        elif m.metric == SPECIAL:
            kind = data_kinds.special(m.labels.get("category", ""), m.labels.get("article", ""))
            columns = ", ".join(e.locator.path or "" for e in m.evidence)
            yield _entry(m, kind, int(m.value), ("columns", "columns"), groups)._replace(column=columns)


def _entry(m: Measurement, kind: DataKind, found: int, units: tuple[str, str], groups: frozenset[str]) -> Entry:
    complete = m.interval.high is not None
    return Entry(
        kind=kind,
        tier=m.labels.get("tier", ""),
        source=m.labels.get("source", ""),
        column=m.labels.get("column", ""),
        found=found,
        complete=complete,
        unit=units[0],
        looked_at=m.n,
        looked_at_unit=units[1],
        groups=groups,
        groups_complete=bool(groups) and m.truncated == 0 and complete,
        different=m.distinct,
    )


def _joined(known: Entry, other: Entry) -> Entry:
    """Join the count and the estimated share of one column; the count says more."""
    count, estimate = (known, other) if known.unit == "occurrences" else (other, known)
    return count._replace(share=estimate.share or count.share)


def _gaps(result: ScanResult) -> Iterator[Gap]:
    outcomes = [outcome for outcome in result.outcomes if outcome.detector.startswith(FAMILY)]
    if not outcomes:
        yield Gap("everything", "No detector of personal data took part in this scan.")
    for outcome in outcomes:
        yield from _outcome_gaps(outcome)
    for record in result.provenance.inputs:
        if record.status != "usable":
            yield Gap(record.path, input_problem(record))
    for text in result.provenance.not_covered:
        yield Gap("the target", sentence(text))


def _outcome_gaps(outcome: Outcome) -> Iterator[Gap]:
    if outcome.status is not Status.RAN:
        yield Gap(outcome.detector, why_not_run(outcome))
    for text in outcome.not_covered:
        yield Gap(outcome.detector, sentence(text))
