"""`assay scan`: request, policy, run, verdict, reports, exit code."""

from __future__ import annotations

import datetime
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from assay.cli.outputs import parse_outputs, print_terminal, write_outputs
from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK


@click.command()
@click.argument("target", type=click.Path(path_type=Path), default=Path("assay.yaml"))
@click.option(
    "--policy", "policy_name", default="baseline", show_default=True, help="A policy file or a built-in name."
)
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="Write a report; may be repeated."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="The source of randomness.",
)
@click.option("--budget", metavar="TIME", help="Longest time for the scan: 90s, 10m, 1h.")
@click.option("--allow-unsandboxed", is_flag=True, help="Load models even where no worker can be sealed; recorded.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code and the files remain.")
def scan(
    target: Path,
    policy_name: str,
    outputs: Sequence[str],
    seed: int,
    budget: str | None,
    allow_unsandboxed: bool,
    quiet: bool,
) -> int:
    """Scan TARGET and judge it.

    TARGET is a manifest (assay.yaml), a model file, a log file, or a folder of either.
    """
    from assay.cli.progress import progress_bar
    from assay.engine.catalogue import load_catalogue
    from assay.engine.scan import ScanRequest
    from assay.engine.scan import scan as run_scan
    from assay.engine.spool import Spool
    from assay.model.result import ScanResult
    from assay_policies.ask import detector_options, settled_by
    from assay_policies.judge import judge
    from assay_policies.load import load_policy

    wanted = parse_outputs(outputs)
    catalogue = load_catalogue()
    loaded = load_policy(policy_name, catalogue.specs, catalogue.ids_broken)
    request = ScanRequest(
        path=target,
        seed=seed,
        budget_seconds=_seconds(budget),
        params=detector_options(loaded),
        argv=("assay", *sys.argv[1:]),
        allow_unsandboxed=allow_unsandboxed,
    )
    spool = Spool() if any(output.format == "findings" for output in wanted) else None
    _sigterm_interrupts()
    with progress_bar(quiet) as progress:
        record = run_scan(request, catalogue, settled_by(loaded), progress, spool)
    provenance = record.provenance.model_copy(update={"policies": loaded.chain})
    record = record.model_copy(update={"provenance": provenance})
    verdict = judge(record, loaded, catalogue.specs, datetime.datetime.now(datetime.UTC).date())
    result = ScanResult(provenance=provenance, outcomes=record.outcomes, verdict=verdict)
    complete = write_outputs(wanted, result, spool if spool is not None else ())
    if not quiet:
        print_terminal(result, wanted)
    code: int = verdict.exit_code
    return code if complete or code != EXIT_OK else EXIT_NOT_ASSESSED


def _seconds(budget: str | None) -> float | None:
    if budget is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (budget[:-1], budget[-1]) if budget[-1:] in units else (budget, "s")
    try:
        seconds = float(number) * units[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e7:
        raise click.BadParameter(f"{budget!r} is no time; write 90s, 10m or 1h", param_hint="--budget")
    return seconds


def _sigterm_interrupts() -> None:
    """Let SIGTERM end a scan as Ctrl-C does: with a partial result."""

    def interrupt(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
