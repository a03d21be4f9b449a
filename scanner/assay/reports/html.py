"""The HTML report: one self-contained page; page 1 for the officer who signs, the rest for the engineer who checks.

No script, no request to anywhere, no style but its own. Every string that the page prints passes `safe` and HTML
escaping, so nothing from a target can act. Long tables are cut, and say so; the JSON result holds the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from assay.model.evidence import Observation
from assay.model.outcome import Status
from assay.model.result import Provenance, ScanResult
from assay.reports.answer import QUESTION, answer, status_word
from assay.reports.html_assumed import assumptions
from assay.reports.html_cells import Long, cut, said
from assay.reports.html_controls import controls
from assay.reports.html_findings import by_rule, findings
from assay.reports.html_inventory import inventory
from assay.reports.html_officer import page_1
from assay.reports.html_register import areas, changes, field, waivers
from assay.reports.html_replay import check_command, hash_command, judge_command, scan_command
from assay.reports.html_tables import decisions, evidence, input_row, measurements, outcome_row
from assay.reports.html_words import GLOSSARY, NEVER_THE_GATE
from assay.reports.issues import issues
from assay.reports.replay import result_digest
from assay.reports.text import number, safe

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = "report.html.j2"
MOST_INPUTS = 1000
MOST_GAPS = 200
MOST_TRUSTED = 300
LAST_LOOK = 800


def render(result: ScanResult) -> str:
    """Return the page."""
    return _template().render(_view(result))


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("assay.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_last_look,
    )
    return environment.get_template(TEMPLATE)


def chunks(result: ScanResult, observations: Iterable[Observation]) -> Iterator[str]:
    """Yield the page whole; observations have their own format."""
    del observations
    yield render(result)


def _last_look(value: Any) -> Any:
    """Make a string safe at the moment when the template prints it, whoever forgot to; markup is our own."""
    if isinstance(value, str) and not isinstance(value, Long) and not hasattr(value, "__html__"):
        return safe(value, LAST_LOOK)
    return value


def _view(result: ScanResult) -> dict[str, Any]:
    found = issues(result)
    provenance, verdict = result.provenance, result.verdict
    said_answer = answer(verdict)
    return {
        "question": QUESTION,
        "answer": said_answer,
        "status": status_word(verdict),
        "verdict": verdict,
        "target": safe(provenance.target, 200),
        "policy": safe(verdict.policy, 200),
        "run": provenance.run,
        "scanned": _moment(provenance.run.started),
        "number": number,
        "page": page_1(result, found),
        "findings": findings(found),
        "by_rule": by_rule(result),
        "missed": [outcome_row(o) for o in result.outcomes if o.status not in (Status.RAN, Status.NOT_APPLICABLE)],
        "not_covered": cut(verdict.coverage.not_covered, MOST_GAPS, said),
        "unused": cut([r for r in provenance.inputs if r.status != "usable"], MOST_GAPS, input_row),
        "outcomes": [outcome_row(o) for o in result.outcomes],
        "decisions": decisions(result, found),
        "measurements": measurements(result),
        "evidence": evidence(result),
        "inventory": inventory(result),
        "assumed": assumptions(result),
        "controls": controls(result),
        "register": waivers(result),
        "changes": changes(result),
        "areas": areas(result),
        "field": field(result),
        "never_the_gate": NEVER_THE_GATE,
        "glossary": GLOSSARY,
    } | (_scope(provenance) | _replay(result))


def _moment(started: str) -> str:
    """Return `2026-11-26 12:41 UTC`; a moment that is written in another way as it is."""
    if started.endswith("+00:00") and len(started) >= len("2026-11-26T12:41+00:00"):
        return safe(f"{started[:16].replace('T', ' ')} UTC", 40)
    return safe(started, 40)


def _scope(provenance: Provenance) -> dict[str, Any]:
    return {
        "provenance": provenance,
        "inputs": cut(provenance.inputs, MOST_INPUTS, input_row),
        "trusted": cut(provenance.trusted, MOST_TRUSTED, lambda entry: entry),
        "versions": sorted(provenance.versions.items()),
        "facts": sorted(provenance.manifest_facts.items()),
    }


def _replay(result: ScanResult) -> dict[str, Any]:
    checks, unchecked = check_command(result)
    return {
        "scan_command": scan_command(result),
        "judge_command": judge_command(result),
        "check_command": checks,
        "unchecked": unchecked,
        "hash_command": hash_command(),
        "digest": result_digest(result),
    }
