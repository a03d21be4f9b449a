"""Two results of one target, finding by finding: new, worse, same, better, gone.

Findings are matched by fingerprint, and compared by what the earlier result says of them, whatever policy judged it.

- `new`: the earlier result had no such finding, or knew nothing of it because the check had not run.
- `worse` or `better`: the number moved beyond the uncertainty, that is, the two intervals do not overlap; overlapping
  ones are `same`. A complete count has no uncertainty, so any other number is a change; of a count that was not read
  to its end the known part decides. A p-value is not an amount: two of them are `same`.
- `worse` also: one more of several measurements behind a finding, or one of them that moved, whichever decides; and a
  stronger verdict, such as a limit that was undecided and is now known to be broken, or a check that
  does not run any more.
- `gone`: the earlier finding is no more; resolved only where its rule was judged this time.

`gate.new_only` lets findings pass that are `same` or `better` and were fail, warn or inconclusive before. It never
excuses a critical one or a severity in `never_for`, an error or a skipped check, what is not about a measurement (the
pinned manifest), or what a waiver once accepted: an expired waiver is renewed by a person, not by a baseline.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assay.model.base import Labels
from assay.model.interval import Interval
from assay.model.measurement import Measurement
from assay.model.result import FileDigest, ScanResult
from assay.model.verdict import Change, Changes, Decision, DecisionVerdict, Gone, Severity
from assay_policies.members import member_mark
from assay_policies.schema import NewOnly
from assay_policies.waive import mark_of, unjudged

V = DecisionVerdict
_RANK = {V.PASS: 0, V.NOT_APPLICABLE: 0, V.SKIPPED: 1, V.INCONCLUSIVE: 2, V.WARN: 3, V.FAIL: 4, V.ERROR: 5}
"""A soft limit that is broken is worse than one that is undecided, as with a hard one."""
_KNOWN = (V.FAIL, V.WARN, V.INCONCLUSIVE)
_FINE = (V.PASS, V.NOT_APPLICABLE)


class Earlier:
    """The findings of an earlier result."""

    def __init__(self, result: ScanResult) -> None:
        self.target = result.provenance.target
        self._measured = {
            (m.metric, member_mark(m.labels)): m for outcome in result.outcomes for m in outcome.measurements
        }
        self._by_mark: dict[str, list[Decision]] = {}
        for decision in result.verdict.decisions:
            if decision.verdict not in _FINE:
                self._by_mark.setdefault(mark_of(self.target, decision), []).append(decision)

    def had(self, mark: str, now: Decision) -> Decision | None:
        """Return the earlier decision that `now` is compared with: the worst of its kind, measured or not."""
        alike = [d for d in self._by_mark.get(mark, ()) if (d.used is None) == (now.used is None)]
        others = self._by_mark.get(mark, ())
        return max(alike or others, key=lambda d: _RANK.get(d.verdict, 0), default=None)

    def _alike(self, member: Measurement, before: Decision, now: Decision) -> bool:
        """Say whether this one of the measurements behind a finding was behind it before, and is no worse."""
        mark = member_mark(member.labels)
        found = self._measured.get((member.metric, mark))
        if found is None or (before.members and mark not in before.members):
            return False
        if member.metric.endswith(".p-value"):
            return True
        old, new = found.interval, member.interval
        if not before.members and _kept(old, now):  # an older result does not say which were behind it
            return False
        up, down = _ways(old, new)
        return not ((up and now.at_most is not None) or (down and now.at_least is not None))

    def worst(self, mark: str) -> Decision:
        """Return the worst earlier decision with this fingerprint, which there is."""
        return max(self._by_mark[mark], key=lambda d: _RANK.get(d.verdict, 0))

    def change(self, mark: str, now: Decision, members: Sequence[Measurement] = ()) -> Change:
        """Return what became of the finding with this fingerprint; `members` are the measurements behind it now."""
        before, found = self.had(mark, now), self._of_the_worst(mark, now)
        if found not in ("same", "better") or before is None or before.used is None:
            return found
        return found if all(self._alike(member, before, now) for member in members) else "worse"

    def _of_the_worst(self, mark: str, now: Decision) -> Change:
        """Return what became of the measurement that decides."""
        before = self.had(mark, now)
        if before is None:
            return "new"
        if now.verdict in _KNOWN and before.verdict in (V.ERROR, V.SKIPPED):
            return "new"
        if before.verdict in _RANK and _RANK.get(now.verdict, 0) > _RANK[before.verdict]:
            return "worse"
        if now.used is not None and before.used is not None:
            return _moved(before, now)
        return "worse" if now.used is None and before.used is not None and now.verdict is not V.WAIVED else "same"

    def gone(self, marks: Collection[str], decisions: Sequence[Decision]) -> tuple[Gone, ...]:
        """Return the findings that are no more.

        Args:
            marks: fingerprints of the findings that are.
            decisions: every decision of this time.
        """
        judged: dict[str, bool] = {}
        for decision in decisions:
            made = decision.verdict not in (V.ERROR, V.SKIPPED, V.NOT_APPLICABLE) and decision.complete
            judged[decision.rule] = judged.get(decision.rule, True) and made
        return tuple(
            Gone(
                fingerprint=mark,
                rule=before.rule,
                severity=before.severity,
                verdict=before.verdict,
                text=before.reason,
                resolved=judged.get(before.rule, False),
            )
            for mark, before in ((mark, self.worst(mark)) for mark in self._by_mark)
            if mark not in marks
        )


def _moved(before: Decision, now: Decision) -> Change:
    """Say how the number moved, by its intervals."""
    assert before.used is not None and now.used is not None
    if (now.metric or "").endswith(".p-value"):
        return "same"
    up, down = _ways(before.used.interval, now.used.interval)
    if not (up or down):
        return "same"
    if now.at_most is not None and now.at_least is not None:
        nearer = now.distance is None or (before.distance is not None and now.distance < before.distance)
        return "worse" if nearer else "better"
    return "worse" if up == (now.at_most is not None) else "better"


def _ways(old: Interval, new: Interval) -> tuple[bool, bool]:
    """Say whether a number is known to have risen, or to have fallen."""
    if old.level >= 1 and new.level >= 1:
        return _count_moved(old, new)
    up = old.high is not None and new.low is not None and new.low > old.high
    return up, old.low is not None and new.high is not None and new.high < old.low


def _kept(old: Interval, now: Decision) -> bool:
    """Say whether a number was wholly within the limit."""
    below = now.at_most is None or (old.high is not None and old.high <= now.at_most)
    return below and (now.at_least is None or (old.low is not None and old.low >= now.at_least))


def _count_moved(old: Interval, new: Interval) -> tuple[bool, bool]:
    """Say whether a count is known to have risen, or to have fallen; an open end is no end."""
    if old.low is None or new.low is None:
        return False, False
    opened = new.high is None and old.high is not None
    up = new.low > old.low or opened
    return up, not up and new.low < old.low and new.high is not None


@dataclass
class Against:
    """A baseline beside one judgement: what changed, and what it excuses."""

    earlier: Earlier
    file: FileDigest
    new_only: NewOnly | None
    notes: tuple[str, ...] = ()
    void: bool = False
    """The baseline excuses nothing."""
    counts: dict[Change, int] = field(default_factory=lambda: {"new": 0, "worse": 0, "same": 0, "better": 0})
    excused: int = 0

    def change(self, mark: str, now: Decision, members: Sequence[Measurement]) -> Change:
        """Return what became of a finding, and count it."""
        found = self.earlier.change(mark, now, members)
        self.counts[found] += 1
        return found

    def excuses(self, mark: str, now: Decision, change: Change, waiver_failed: bool) -> bool:
        """Say whether the gate lets this blocking finding pass because the baseline had it already."""
        rule = self.new_only
        if rule is None or self.void or waiver_failed or change not in ("same", "better"):
            return False
        if now.severity is Severity.CRITICAL or now.severity in rule.never_for:
            return False
        if now.verdict not in _KNOWN or now.detector is None or unjudged(now):
            return False
        before = self.earlier.had(mark, now)
        return before is not None and before.verdict in _KNOWN

    def summary(self, marks: Collection[str], decisions: Sequence[Decision]) -> Changes:
        """Return the noun."""
        return Changes(
            path=self.file.path,
            sha256=self.file.sha256,
            new=self.counts["new"],
            worse=self.counts["worse"],
            same=self.counts["same"],
            better=self.counts["better"],
            gone=self.earlier.gone(marks, decisions),
            excused=self.excused,
            notes=self.notes,
        )


def against(
    baseline: ScanResult, file: FileDigest, now: str, chain: Sequence[FileDigest], new_only: NewOnly | None,
    today: datetime.date, started: str,
) -> Against:  # fmt: skip
    """Return the baseline beside this judgement.

    Args:
        baseline: the earlier result.
        file: where it stands.
        now: name of the target.
        chain: policies of today.
        new_only: what the policy lets pass, if anything.
        today: the day of the judgement.
        started: when this scan was.
    """
    notes, void = [], False
    if baseline.provenance.target != now:
        void = True
        notes.append(f"the baseline is of another target ({baseline.provenance.target}), so it excuses nothing")
    if new_only is not None and not void:
        problem = _too_old(baseline, new_only, today) or _not_before(baseline, started)
        void = problem is not None
        notes += [problem] if problem is not None else []
    if [p.sha256 for p in baseline.provenance.policies] != [p.sha256 for p in chain]:
        notes.append("the baseline was judged by another policy")
    return Against(Earlier(baseline), file, new_only, tuple(notes), void)


def _too_old(baseline: ScanResult, new_only: NewOnly, today: datetime.date) -> str | None:
    try:
        day = datetime.date.fromisoformat(baseline.provenance.run.started[:10])
    except ValueError:
        return "the baseline does not say when it was measured, so it excuses nothing"
    age = (today - day).days
    if age > new_only.max_age_days:
        most = new_only.max_age_days
        return f"the baseline is {age} days old, the policy allows {most}, so it excuses nothing; make a new one"
    if age < -1:
        return f"the baseline was measured in the future ({day.isoformat()}), so it excuses nothing; check the clock"
    return None


def _not_before(baseline: ScanResult, started: str) -> str | None:
    """A result is no baseline of itself, nor of what was measured before it."""
    try:
        earlier, now = (_moment(text) for text in (baseline.provenance.run.started, started))
    except ValueError:
        return "this scan does not say when it was made, so the baseline excuses nothing; scan again"
    if earlier >= now:
        return "the baseline is this very scan or a later one, so it excuses nothing; give an earlier result"
    return None


def _moment(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One finding of either result."""

    change: Literal["new", "worse", "same", "better", "gone"]
    fingerprint: str
    rule: str
    severity: Severity
    labels: Labels
    before: Decision | None
    after: Decision | None
    text: str
    resolved: bool = True
    """Of what is gone: False where the check was not made this time."""


_ROW_ORDER = ("new", "worse", "gone", "better", "same")


def rows(before: ScanResult, after: ScanResult) -> tuple[Row, ...]:
    """Return every finding of either result, new and worse ones first, severe ones before others."""
    earlier, target = Earlier(before), after.provenance.target
    measured = [entry for outcome in after.outcomes for entry in outcome.measurements]
    found, marks = [], set()
    for decision in after.verdict.decisions:
        if decision.verdict in _FINE:
            continue
        mark = mark_of(target, decision)
        marks.add(mark)
        found.append(
            Row(
                change=earlier.change(mark, decision, _behind(decision, measured)),
                fingerprint=mark,
                rule=decision.rule,
                severity=decision.severity,
                labels=decision.labels,
                before=earlier.had(mark, decision),
                after=decision,
                text=decision.reason,
            )
        )
    now = {mark_of(target, decision): decision for decision in after.verdict.decisions}
    for entry in earlier.gone(marks, after.verdict.decisions):
        old = earlier.worst(entry.fingerprint)
        found.append(
            Row(
                change="gone",
                fingerprint=entry.fingerprint,
                rule=entry.rule,
                severity=entry.severity,
                labels=old.labels,
                before=old,
                after=now.get(entry.fingerprint),
                text=entry.text,
                resolved=entry.resolved,
            )
        )
    order = list(Severity)
    return tuple(
        sorted(found, key=lambda r: (_ROW_ORDER.index(r.change), order.index(r.severity), r.rule, r.fingerprint))
    )


def _behind(decision: Decision, measured: Sequence[Measurement]) -> list[Measurement]:
    """Return the measurements that are no pass, of those that a decision looked at."""
    members = set(decision.members)
    return [m for m in measured if members and m.metric == decision.metric and member_mark(m.labels) in members]
