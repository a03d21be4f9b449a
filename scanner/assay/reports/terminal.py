"""The terminal report: quiet when all is well, worst first when not, the coverage sentence last."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from assay.model.evidence import Observation
from assay.model.outcome import Outcome, Status
from assay.model.result import InputRecord, ScanResult
from assay.model.verdict import DecisionVerdict, Severity, Verdict
from assay.reports.answer import QUESTION, answer, status_word
from assay.reports.issues import SILENT, Issue, issues
from assay.reports.register import in_short
from assay.reports.text import (
    CHANGES,
    change_counts,
    count,
    input_problem,
    install_line,
    interval,
    labels,
    measured,
    number,
    place,
    safe,
    sentence,
    to_ascii,
    why_not_run,
)

if TYPE_CHECKING:
    from rich.console import Console

MOST_ISSUES = 50
MOST_ALIKE = 12
MOST_PASSED = 30
MOST_INPUTS = 20
MOST_NOTES = 5
COVERAGE_LIMIT = 20_000
"""The last line is read by machines: whole, unless it is absurd."""
ADVICE = 600
PLAIN_WIDTH = 100

_STYLES = {
    DecisionVerdict.FAIL: "bold red",
    DecisionVerdict.ERROR: "bold red",
    DecisionVerdict.SKIPPED: "yellow",
    DecisionVerdict.INCONCLUSIVE: "yellow",
    DecisionVerdict.WARN: "yellow",
    DecisionVerdict.WAIVED: "cyan",
}
_TONES = {"good": "bold green", "mixed": "bold yellow", "bad": "bold red", "open": "bold magenta"}
_INDENT = 2


def render(result: ScanResult, width: int = PLAIN_WIDTH) -> str:
    """Return the report as plain text, `width` columns wide, without colour."""
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, force_terminal=False, legacy_windows=False)
    _Page(console, ascii_only=False).show(result)
    return buffer.getvalue()


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the plain text; observations have their own format."""
    del observations
    yield render(result)


def print_result(result: ScanResult, console: Console) -> None:
    """Print the report; colour, width and encoding are the console's."""
    encoding = (console.encoding or "ascii").lower().replace("-", "").replace("_", "")
    _Page(console, ascii_only=encoding not in ("utf8", "utf8sig", "utf16", "utf32")).show(result)


def _subject(issue: Issue) -> str:
    """Return what the finding is about: what its sentence names first."""
    return issue.finding.text.partition(": ")[0]


def _alike(found: tuple[Issue, ...]) -> list[list[Issue]]:
    """Return the issues in order, those undecided for one reason together: a torn log leaves every kind open."""
    groups: dict[tuple[object, ...], list[Issue]] = {}
    for at, issue in enumerate(found):
        finding = issue.finding
        words = finding.text.partition(": ")[2]
        undecided = finding.verdict is DecisionVerdict.INCONCLUSIVE and finding.waiver is None and words
        key: tuple[object, ...] = (finding.rule, finding.blocks, finding.change, words) if undecided else (at,)
        groups.setdefault(key, []).append(issue)
    return list(groups.values())


class _Page:
    """Prints lines of plain text on one console; never markup, so that no name from a target can style anything."""

    def __init__(self, console: Console, *, ascii_only: bool) -> None:
        self._console = console
        self._ascii = ascii_only

    def show(self, result: ScanResult) -> None:
        """Print the whole report."""
        self._title(result)
        found = issues(result)
        self._issues(found)
        told = frozenset(group[0].finding.text for group in _alike(found)[:MOST_ISSUES])
        self._inputs(result.provenance.inputs, told)
        self._outcomes(result.outcomes, told)
        self._passed(result.verdict)
        self._summary(result)
        self._verdict(result)

    def _line(self, *parts: tuple[str, str], indent: int = 0, wrap: bool = True) -> None:
        from rich.text import Text

        text = Text()
        for words, style in parts:
            text.append(to_ascii(words) if self._ascii else words, style=style or None)
        width = self._console.width
        indent = indent if width > 4 * indent else 0
        for line in text.wrap(self._console, width - indent, overflow="fold") if wrap else [text]:
            line.rstrip()
            self._console.print(Text(" " * indent) + line, soft_wrap=True, highlight=False)

    def _title(self, result: ScanResult) -> None:
        provenance = result.provenance
        target, policy = safe(provenance.target, 200), safe(result.verdict.policy, 200)
        inputs = count(len(provenance.inputs), "input")
        self._line(
            ("Assay  ", "bold"), (target, "bold"), (f"  policy {policy}, {inputs}, seed {provenance.seed}", "dim")
        )

    def _issues(self, found: tuple[Issue, ...]) -> None:
        advised: set[str] = set()
        alike = _alike(found)
        for first, *others in alike[:MOST_ISSUES]:
            remedy = first.finding.remediation
            self._issue(first, "" if remedy in advised else remedy)
            if others:
                names = ", ".join(_subject(other) for other in others[:MOST_ALIKE])
                rest = f" and {len(others) - MOST_ALIKE:,} more" if len(others) > MOST_ALIKE else ""
                self._line((f"the same of {safe(names, 200)}{rest}", ""), indent=_INDENT)
            advised.add(remedy)
        if len(alike) > MOST_ISSUES:
            more = count(sum(map(len, alike[MOST_ISSUES:])), "more finding")
            self._line((f"and {more}; see all with -o json=FILE or -o html=FILE", "bold"))
        if found:
            self._line(("", ""))

    def _issue(self, issue: Issue, remedy: str) -> None:
        finding, decision = issue
        style = _STYLES.get(finding.verdict, "")
        severity_style = "bold" if finding.severity in (Severity.CRITICAL, Severity.HIGH) else ""
        gate = "blocks" if finding.blocks else "does not block"
        change = f", {CHANGES[finding.change]}" if finding.change else ""
        self._line(("", ""))
        self._line(
            (finding.verdict.upper().replace("_", " "), style),
            (f"  {finding.severity}", severity_style),
            (f"  {safe(finding.rule, 120)}", "bold"),
            (f"  ({gate}{change})", "dim"),
        )
        self._line((sentence(safe(finding.text)), ""), indent=_INDENT)
        where = _where(issue)
        if where:
            self._line(("where: ", "dim"), (where, ""), indent=_INDENT)
        # A complete count stands in the sentence already.
        if decision is not None and decision.used is not None and interval(decision.used.interval):
            value = measured(decision.used.value, decision.used.interval)
            needs = f"; n = {decision.needs_n:,} would decide" if decision.needs_n else ""
            words = f"{value}, limit {safe(decision.limit or 'none', 120)}, n = {decision.used.n:,}{needs}"
            self._line(("measured: ", "dim"), (words, ""), indent=_INDENT)
        if finding.waiver is not None:
            self._line(("waiver: ", "dim"), (_waiver(issue), ""), indent=_INDENT)
        if remedy:
            self._line(("do: ", "dim"), (sentence(safe(remedy, ADVICE)), ""), indent=_INDENT)

    def _inputs(self, inputs: tuple[InputRecord, ...], told: frozenset[str]) -> None:
        bad = [record for record in inputs if record.status != "usable"]
        if not bad:
            return
        self._line((f"Inputs that were not used ({len(bad)})", "bold"))
        for record in bad[:MOST_INPUTS]:
            path = safe(record.path, 200, keep_end=True)
            words = f"{safe(record.name, 80)}  {path}: {_unless_told(input_problem(record), told)}"
            self._line((f"{record.status}  ", "yellow"), (words, ""), indent=_INDENT)
        if len(bad) > MOST_INPUTS:
            self._line((f"and {len(bad) - MOST_INPUTS} more; see -o json=FILE", ""), indent=_INDENT)
        self._line(("", ""))

    def _outcomes(self, outcomes: tuple[Outcome, ...], told: frozenset[str]) -> None:
        missed = [o for o in outcomes if o.status not in (Status.RAN, Status.NOT_APPLICABLE)]
        if not missed:
            return
        self._line((f"Checks that did not run to their end ({len(missed)})", "bold"))
        for outcome in missed:
            self._line(
                (f"{outcome.status}  ", "yellow"),
                (safe(outcome.detector, 120), "bold"),
                (f"  {_unless_told(why_not_run(outcome), told)}", ""),
                indent=_INDENT,
            )
            if install_line(outcome):
                self._line(("install: ", "dim"), (install_line(outcome), ""), indent=2 * _INDENT)
        self._line(("", ""))

    def _passed(self, verdict: Verdict) -> None:
        # A rule that passed for one label and not for another has not passed.
        loud = {d.rule for d in verdict.decisions if d.verdict not in SILENT}
        for state, noun in ((DecisionVerdict.PASS, "passed"), (DecisionVerdict.NOT_APPLICABLE, "not applicable")):
            met = (d.rule for d in verdict.decisions if d.verdict is state and d.rule not in loud)
            rules = [safe(rule, 80) for rule in dict.fromkeys(met)]
            if rules:
                more = f" and {len(rules) - MOST_PASSED} more" if len(rules) > MOST_PASSED else ""
                self._line((f"{noun} {len(rules)}: ", "dim"), (", ".join(rules[:MOST_PASSED]) + more, ""))

    def _summary(self, result: ScanResult) -> None:
        verdict, changes = result.verdict, result.verdict.changes
        waivers = in_short(result)
        if waivers:
            self._line(("waivers: ", "dim"), (waivers, ""))
        if changes is not None:
            excused = f"; {changes.excused:,} would block and do not, because they stood before" * bool(changes.excused)
            self._line(("since the last scan: ", "dim"), (f"{change_counts(changes)}{excused}", ""))
            for note in changes.notes[:MOST_NOTES]:
                self._line((f"read with care: {sentence(safe(note))}", "yellow"), indent=_INDENT)
        if verdict.score is not None:
            areas = ", ".join(f"{safe(a.family, 40)} {number(round(a.score))}" for a in verdict.areas[:MOST_PASSED])
            rest = f": {areas}" if areas else ""
            self._line(("score ", "dim"), (f"{number(round(verdict.score))} of 100, never the gate{rest}", ""))

    def _verdict(self, result: ScanResult) -> None:
        verdict, said = result.verdict, answer(result.verdict)
        if result.provenance.run.unsandboxed:
            self._line(("Models were opened without a sandbox (--allow-unsandboxed).", "bold yellow"))
        self._line(
            (status_word(verdict), _TONES[said.tone]),
            (f"  exit code {verdict.exit_code}  policy {safe(verdict.policy, 200)}", ""),
        )
        self._line((f"{QUESTION} ", ""), (said.word, _TONES[said.tone]), (f": {said.why}.", ""))
        self._line((safe(verdict.coverage.sentence, COVERAGE_LIMIT), ""), wrap=False)


def _unless_told(cause: str, told: frozenset[str]) -> str:
    """Return the cause, or a word in its place where an issue above has said it."""
    return "see above" if any(cause.rstrip(".") in safe(text) for text in told) else cause


def _where(issue: Issue) -> str:
    finding = issue.finding
    total = len(finding.evidence) + finding.truncated
    first = next((words for e in finding.evidence if (words := place(e.locator, 200))), "")
    if not first:
        return labels(finding.labels, 120)
    return f"{first} and {total - 1:,} more" if total > 1 else first


def _waiver(issue: Issue) -> str:
    waiver = issue.finding.waiver
    if waiver is None:
        return ""
    until = f"{waiver.state}, approved by {safe(waiver.approver, 120)} until {safe(waiver.expires, 40)}"
    note = f" ({safe(waiver.note)})" if waiver.note else ""
    return f"{safe(waiver.id, 80)}: {until}{note}: {safe(waiver.reason)}"
