"""What was not assessed, a sentence each: what keeps a report without findings from looking like a pass."""

from __future__ import annotations

from assay.model.errors import EXIT_INTERRUPTED, EXIT_NOT_ASSESSED
from assay.model.outcome import Status
from assay.model.result import ScanResult
from assay.reports.text import count, input_problem, safe, why_not_run

INCOMPLETE = "assay/assessment-incomplete"
"""Rule under which a findings format shows them."""
MORE = "assay/more-findings"
"""Rule under which a findings format says how many findings it left out."""


def assessed(result: ScanResult) -> bool:
    """Say whether the scan came to a judgement: false for exit codes 3 and 130."""
    return result.verdict.exit_code not in (EXIT_NOT_ASSESSED, EXIT_INTERRUPTED)


def gaps(result: ScanResult) -> list[str]:
    """Return what was not assessed, a sentence each; empty when everything was."""
    coverage = result.verdict.coverage
    found = []
    if result.verdict.exit_code == EXIT_INTERRUPTED:
        found.append("The scan was interrupted.")
    if coverage.checked < coverage.required:
        found.append(f"{coverage.checked} of {count(coverage.required, 'required check')} made.")
    found += [
        f"{safe(r.name, 80)} is {r.status}: {input_problem(r)}"
        for r in result.provenance.inputs
        if r.status != "usable"
    ]
    broken = (Status.FAILED, Status.CANCELLED)
    found += [f"{safe(o.detector, 80)} {o.status}: {why_not_run(o)}" for o in result.outcomes if o.status in broken]
    if not found and not assessed(result):
        found.append("The required checks could not all be made.")
    return found


def grave(result: ScanResult) -> bool:
    """Say whether a required check is among what was not assessed."""
    coverage = result.verdict.coverage
    return not assessed(result) or coverage.checked < coverage.required
