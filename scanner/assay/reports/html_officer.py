"""Page 1 of the HTML report, for the officer who signs: one sheet of A4, whatever the number of findings."""

from __future__ import annotations

import bisect
import itertools
import math
import unicodedata
from collections.abc import Sequence
from typing import Any

from assay.model.outcome import Status
from assay.model.result import ScanResult
from assay.model.verdict import DecisionVerdict, Severity
from assay.reports.html_cells import UNDECIDED, Cut, Long, family
from assay.reports.html_plain import plain
from assay.reports.html_words import mark
from assay.reports.issues import Issue
from assay.reports.register import SOON, accepted, refused, soon, until
from assay.reports.text import count, safe, sentence, why_not_run

DENSITIES = ((8, 8, 6), (7, 6, 5), (6, 4, 4), (5, 3, 3), (4, 3, 2), (3, 2, 2), (2, 1, 1), (1, 1, 1))
"""Reasons, open questions and accepted findings that page 1 tells, from much to little."""
ROOM = 31
"""Lines of a sheet of A4, without what stands there always."""
_PADDING = 0.35
LONG, SHORT = 320, 150
"""Characters of a reason in the words of its finding: where there is room for all, and where not."""
GAPS = 260

_WHY_UNDECIDED = {
    DecisionVerdict.INCONCLUSIVE: "not enough data to decide",
    DecisionVerdict.ERROR: "the check broke off",
    DecisionVerdict.SKIPPED: "the check was not made",
}


def page_1(result: ScanResult, found: Sequence[Issue]) -> dict[str, Any]:
    """Return what page 1 shows; every list is cut, and says by how much."""
    wrong = [i for i in found if i.finding.verdict in (DecisionVerdict.FAIL, DecisionVerdict.WARN)]
    waived = [i for i in found if i.finding.verdict is DecisionVerdict.WAIVED]
    day = result.provenance.run.started[:10]
    accepting = [_accepted(issue, day) for issue in waived[: DENSITIES[0][2]]]
    lists = (_groups(wrong, LONG), _undecided(result, found), accepting)
    rest = {"unused": _unused(result), "also_accepted": _also(result, waived), "coverage": _coverage(result)}
    room = ROOM - _extra(result, rest)
    if _height(lists, DENSITIES[0]) > room:
        lists = (_groups(wrong, SHORT), *lists[1:])
    most = next((n for n in DENSITIES if _height(lists, n) <= room), DENSITIES[-1])
    totals = (len(lists[0]), len(lists[1]), len(waived))
    names = ("reasons", "undecided", "accepted")
    cuts = [Cut(rows[:n], max(0, total - n)) for rows, n, total in zip(lists, most, totals, strict=True)]
    return dict(zip(names, cuts, strict=True)) | rest


def _height(lists: Sequence[Sequence[dict[str, Any]]], most: tuple[int, int, int]) -> float:
    shown = (row for rows, n in zip(lists, most, strict=True) for row in rows[:n])
    return sum((float(row["lines"]) + _PADDING for row in shown), 0.0)


def _extra(result: ScanResult, rest: dict[str, Any]) -> float:
    """Return the lines of what stands on page 1 besides the three lists."""
    run = result.provenance.run
    notes = (run.unsandboxed, run.interrupted, result.verdict.changes, rest["unused"])
    also = _lines(95, " ".join(rest["also_accepted"]))
    title = _lines(45, safe(result.provenance.target, 200)) - 1
    return 1.3 * sum(map(bool, notes)) + also + _lines(105, rest["coverage"]) + 1.4 * title


def _short(text: str, limit: int) -> Long:
    """Return harmless text that is cut without a count, broad letters sooner: the whole stands in a later section."""
    shown = safe(text, 4 * limit)
    ends = list(itertools.accumulate(map(_breadth, shown)))
    return Long(shown if not ends or ends[-1] <= limit else shown[: bisect.bisect_right(ends, limit - 1)] + "…")


def _lines(width: int, *texts: str) -> int:
    """Estimate the lines that texts take in a column of `width` characters of ordinary text."""
    return sum(_wrapped(width, text) for text in texts)


def _wrapped(width: int, text: str) -> int:
    lines, used = 0, float(width)
    for word in text.split():
        wide = sum(map(_breadth, word))
        if used + 1 + wide <= width:
            used += 1 + wide
        elif wide <= width:
            lines, used = lines + 1, wide
        else:  # a word that no line holds is broken anywhere
            lines, used = lines + math.ceil(wide / width), wide % width
    return lines


def _breadth(char: str) -> float:
    """Return how broad a letter is; that of ordinary text is 1."""
    if unicodedata.east_asian_width(char) in ("W", "F"):
        return 2
    return 1.75 if char in "MW@%—" else 1.3 if char.isupper() else 1


def _groups(found: Sequence[Issue], most: int) -> list[dict[str, Any]]:
    """Put together what means the same to the officer; the order of `found` stays."""
    groups: dict[tuple[str, DecisionVerdict, bool], list[Issue]] = {}
    for issue in found:
        finding = issue.finding
        groups.setdefault((_meaning(issue, most), finding.verdict, finding.blocks), []).append(issue)
    return [_group(meaning, members) for (meaning, _, _), members in groups.items()]


def _meaning(issue: Issue, most: int = SHORT) -> Long:
    finding = issue.finding
    about = family(finding.detector, finding.metric)
    words = plain(about or finding.rule)
    return Long(words.broken) if words else Long(sentence(_short(finding.text, most)))


def _group(meaning: str, members: Sequence[Issue]) -> dict[str, Any]:
    first = members[0].finding
    rules = list(dict.fromkeys(i.finding.rule for i in members))
    files = list(dict.fromkeys(e.locator.file for i in members for e in i.finding.evidence[:1] if e.locator.file))
    more = f" and {len(rules) - 2} more" if len(rules) > 2 else ""
    names = Long(", ".join(_short(rule, 40) for rule in rules[:2]) + more)
    file = safe(files[0], 48, keep_end=True) if files else ""
    return {
        "meaning": Long(meaning),
        "mark": mark(first.verdict),
        "severity": min((i.finding.severity for i in members), key=list(Severity).index),
        "blocks": first.blocks,
        "rules": names,
        "many_rules": len(rules) > 1,
        "findings": count(len(members), "finding"),
        "file": file,
        "more_files": len(files) > 1,
        "lines": _lines(80, meaning) + _lines(100, "x" * 70 + names + file),
    }


def _undecided(result: ScanResult, found: Sequence[Issue]) -> list[dict[str, Any]]:
    """Return one line for each subject: what no decision was reached on, then what did not run and nobody asked for."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    seen: set[str] = set()
    for finding, decision in (i for i in found if i.finding.verdict in UNDECIDED):
        detector = family(finding.detector, finding.metric)
        seen.add(detector)
        line = lines.setdefault(
            (_topic(detector, finding.rule), finding.verdict),
            {
                "topic": _short(_topic(detector, finding.rule), 60),
                "mark": mark(finding.verdict),
                "why": _WHY_UNDECIDED[finding.verdict],
                "blocks": False,
                "needs_n": None,
                "lines": 2,
            },
        )
        line["blocks"] |= finding.blocks
        needs = decision.needs_n if decision is not None else None
        line["needs_n"] = max(filter(None, (line["needs_n"], needs)), default=None)
    for outcome in result.outcomes:
        if outcome.status in (Status.RAN, Status.NOT_APPLICABLE) or outcome.detector in seen:
            continue
        topic = _topic(outcome.detector, outcome.detector)
        why = Long("the check was not made: " + _short(why_not_run(outcome), SHORT).rstrip("."))
        told = {"topic": _short(topic, 60), "mark": mark(DecisionVerdict.SKIPPED), "why": why, "lines": 3}
        lines.setdefault((topic, "not run"), told | {"blocks": False, "needs_n": None})
    return list(lines.values())


def _topic(detector: str, name: str) -> str:
    words = plain(detector) or plain(name)
    return words.topic if words else name


def _unused(result: ScanResult) -> str:
    """Return the inputs that were not used, as one phrase; empty where all were."""
    names = [safe(record.name, 40) for record in result.provenance.inputs if record.status != "usable"]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def _accepted(issue: Issue, day: str) -> dict[str, Any]:
    waiver = issue.finding.waiver
    row = {
        "meaning": _meaning(issue),
        "id": _short(waiver.id, 30) if waiver else Long(),
        "reason": Long(sentence(_short(waiver.reason, 90))) if waiver else Long(),
        "approver": _short(waiver.approver, 60) if waiver else Long("not recorded"),
        "until": until(waiver.expires, day) if waiver else "not recorded",
    }
    widths = {"reason": 26, "approver": 16, "until": 15}
    lines = [_lines(38, f"{row['meaning']} {row['id']}"), *(_lines(width, row[name]) for name, width in widths.items())]
    return row | {"lines": max(lines)}


def _also(result: ScanResult, waived: Sequence[Issue]) -> list[str]:
    """Return what else was accepted, or is accepted no more, a sentence each."""
    told = {i.finding.waiver.id for i in waived if i.finding.waiver}
    trusted, excused = len(result.provenance.trusted), result.verdict.changes
    rest, void = len(accepted(result) - told), refused(result)
    ending = soon(result)
    lines = []
    if rest:
        lines.append(f"{count(rest, 'more waiver')} in force; see the register.")
    if ending:
        verb = "ends" if ending == 1 else "end"
        lines.append(f"{count(ending, 'waiver')} {verb} soon, within {SOON} days of the scan.")
    if void:
        verb = "has expired or is void, and accepts" if void == 1 else "have expired or are void, and accept"
        lines.append(f"{count(void, 'waiver')} {verb} nothing.")
    if excused is not None and excused.excused:
        stood = "finding that stood" if excused.excused == 1 else "findings that stood"
        lines.append(f"{excused.excused:,} {stood} before this scan: shown, but not held against this release.")
    if trusted:
        lines.append(f"{count(trusted, 'name')} in model files trusted by the user, not by Assay; see Scope.")
    return lines


def _coverage(result: ScanResult) -> Long:
    """Return the coverage sentence; a long list of gaps is cut here, and stands whole in its own section."""
    coverage = result.verdict.coverage
    if len(coverage.sentence) <= GAPS + 100:
        return Long(safe(coverage.sentence, GAPS + 100))
    shown: list[str] = []
    for gap in coverage.not_covered:
        if shown and len("; ".join((*shown, gap))) > GAPS:
            break
        shown.append(safe(gap, GAPS))
    left = len(coverage.not_covered) - len(shown)
    head = f"checked {coverage.checked:,} of {coverage.required:,} required; {coverage.inconclusive:,} inconclusive"
    return Long(f"{head}; not covered: {'; '.join(shown)}" + (f"; and {left:,} more" if left else ""))
