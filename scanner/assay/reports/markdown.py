"""The Markdown summary for a CI job: the verdict, what blocks, what changed; at most 60 lines for any result.

Foreign text is inert in GitHub's Markdown: what could begin markup, a link, a mention or a reference is written as a
character reference or cut by a zero-width space (itself written as one, so the file holds no invisible character).
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator

from assay.model.evidence import Observation
from assay.model.result import ScanResult
from assay.model.verdict import Decision, DecisionVerdict
from assay.reports.answer import QUESTION, answer, status_word
from assay.reports.gaps import gaps
from assay.reports.identity import started
from assay.reports.issues import Issue, issues
from assay.reports.register import SOON, days_left
from assay.reports.replay import judge_words, scan_words
from assay.reports.sarif_places import anchor
from assay.reports.text import change_counts, count, interval, labels, measured, number, safe, sentence

MOST_LINES = 60
MOST_BLOCKING = 20
MOST_WAIVED = 5
MOST_GAPS = 5
COVERAGE = 1500
COMMAND = 2000

_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~$!#@^{}]")
_STARTS_A_LINK = re.compile(r"(?i)\b(www\.|https?:|ftp:|mailto:|xmpp:)")
_REFERENCE = re.compile(r"(?i)\b(GH-)(?=[0-9])")
_BREAK = "&#8203;"
_BREAKS_AFTER = frozenset("@#")


def render(result: ScanResult) -> str:
    """Return the summary."""
    found = issues(result)
    said = answer(result.verdict)
    verdict = result.verdict
    target, policy = _named(result.provenance.target), _named(verdict.policy)
    lines = [
        f"## {said.symbol} {status_word(verdict)} · {QUESTION} {said.word}",
        "",
        f"{target} under policy {policy}: {inert(said.why, 600)}. Exit code {verdict.exit_code}.",
        "",
        f"**{_tally(result)}**",
        "",
        *_blocking(result, [i for i in found if i.finding.blocks]),
        *_waived([i for i in found if i.finding.verdict is DecisionVerdict.WAIVED]),
        *_missing(result),
        *_compared(result),
        inert(verdict.coverage.sentence, COVERAGE),
        *_score(result),
        *_command(result),
    ]
    return "\n".join(lines[:MOST_LINES]) + "\n"


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the summary whole; observations have their own format."""
    del observations
    yield render(result)


def inert(text: str, limit: int = 300) -> str:
    """Return foreign text that GitHub's Markdown shows as it is and does nothing with."""
    out = []
    cut = _STARTS_A_LINK.sub(lambda m: m[0][:-1] + "\0" + m[0][-1], safe(text, limit))
    cut = _REFERENCE.sub(lambda m: m[0] + "\0", cut)
    for char in cut:
        if char == "\0":
            out.append(_BREAK)
        else:
            out.append(f"&#{ord(char)};" if _SPECIAL.match(char) else char)
            out.append(_BREAK if char in _BREAKS_AFTER else "")
    return "".join(out)


def _named(text: str) -> str:
    return f"**{inert(text, 120)}**" if text.strip() else "(no name)"


def _tally(result: ScanResult) -> str:
    verdict = result.verdict
    changes = verdict.changes
    seen = Counter(d.verdict for d in verdict.decisions)
    unrun = sum(seen[kind] for kind in (DecisionVerdict.ERROR, DecisionVerdict.SKIPPED))
    if changes is None:
        blocking = sum(d.blocks for d in verdict.decisions)
        parts = [f"blocking {blocking:,}", f"passed {seen[DecisionVerdict.PASS]:,}", "no baseline"]
    else:
        parts = [part for part in change_counts(changes).split(", ") if part != "better 0"]
        parts += [f"excused by the baseline {changes.excused:,}"] if changes.excused else []
    waived = f"waived {seen[DecisionVerdict.WAIVED]:,}{_ending(result)}"
    return " · ".join([*parts, waived, f"not run {unrun:,}"])


def _ending(result: ScanResult) -> str:
    """Say which waivers end soon, counted from the day of the scan; the report itself knows no clock."""
    moment = started(result)
    if moment is None:
        return ""
    day = moment.date().isoformat()
    met = (f.waiver for f in result.verdict.findings if f.verdict is DecisionVerdict.WAIVED and f.waiver is not None)
    days = [left for waiver in met if (left := days_left(waiver.expires, day)) is not None]
    soon = [d for d in days if 0 <= d <= SOON]
    if len(soon) > 1:
        return f" ({len(soon)} expire, the first in {count(min(soon), 'day')})"
    return f" (1 expires in {count(soon[0], 'day')})" if soon else ""


def _blocking(result: ScanResult, found: list[Issue]) -> list[str]:
    if not found:
        return []
    lines = ["| | rule | measured | limit | where |", "|---|---|---|---|---|"]
    lines += [_row(result, issue) for issue in found[:MOST_BLOCKING]]
    if len(found) > MOST_BLOCKING:
        lines.append(f"| | {len(found) - MOST_BLOCKING:,} more in the JSON result | | | |")
    return [*lines, ""]


def _row(result: ScanResult, issue: Issue) -> str:
    finding, decision = issue
    told = labels(finding.labels, 80)
    rule = inert(finding.rule, 80) + (f"<br>{inert(told, 200)}" if told else "")
    waiver = finding.waiver
    if waiver is not None and waiver.state != "valid":
        rule += f"<br>its waiver {inert(waiver.id, 40)} is {waiver.state}"
    change = f" ({finding.change})" if finding.change else ""
    at = anchor(result, finding)
    limit = inert(decision.limit or "", 80) if decision else ""
    cells = (f"{finding.verdict}, {finding.severity}{change}", rule, _measured(issue), limit)
    return "| " + " | ".join((*cells, inert(f"{at.uri}:{at.line}", 160))) + " |"


def _measured(issue: Issue) -> str:
    decision: Decision | None = issue.decision
    used = decision.used if decision is not None else None
    if used is None:
        return inert(sentence(safe(issue.finding.text, 160)), 160)
    value = measured(used.value, used.interval) if interval(used.interval) else number(used.value)
    needs = f"; n = {decision.needs_n:,} would decide" if decision is not None and decision.needs_n else ""
    return inert(value) + needs


def _waived(found: list[Issue]) -> list[str]:
    lines = []
    for finding, _ in found[:MOST_WAIVED]:
        waiver = finding.waiver
        if waiver is not None:
            until = f"approved by {inert(waiver.approver, 80)} until {inert(waiver.expires, 40)}"
            lines.append(f"- accepted: {inert(finding.rule, 80)}, {until}: {inert(waiver.reason, 160)}")
    if len(found) > MOST_WAIVED:
        lines.append(f"- and {len(found) - MOST_WAIVED:,} more accepted by waiver")
    return [*lines, ""] if lines else []


def _missing(result: ScanResult) -> list[str]:
    missing = gaps(result)
    lines = [f"- not assessed: {inert(words)}" for words in missing[:MOST_GAPS]]
    if len(missing) > MOST_GAPS:
        lines.append(f"- and {len(missing) - MOST_GAPS:,} more")
    return [*lines, ""] if lines else []


def _compared(result: ScanResult) -> list[str]:
    changes = result.verdict.changes
    notes = changes.notes if changes is not None else ()
    return [f"Compared with the baseline: {inert('; '.join(notes), COVERAGE)}", ""] if notes else []


def _score(result: ScanResult) -> list[str]:
    score = result.verdict.score
    return [] if score is None else ["", f"Score {number(score)} of 100, shown for comparison; it decides nothing."]


def _command(result: ScanResult) -> list[str]:
    scan = scan_words(result)
    if not scan:
        return []
    commands = [safe(shlex.join(words), COMMAND) for words in (scan, judge_words(result)) if words]
    longest = max((len(run) for command in commands for run in re.findall(r"`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", "Reproduce:", "", f"{fence}sh", *commands, fence]
