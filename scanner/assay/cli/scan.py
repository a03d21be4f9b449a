"""`assay scan`: request, policy, run, verdict, reports, exit code."""

from __future__ import annotations

import datetime
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.outputs import parse_outputs, print_terminal, write_outputs
from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK

if TYPE_CHECKING:
    from assay.cli.baseline import Baseline
    from assay.cli.outputs import Output
    from assay.engine.catalogue import Catalogue
    from assay.engine.scan import ScanRequest
    from assay.model.result import ScanResult
    from assay_policies.load import LoadedPolicy


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...", type=click.Path(path_type=Path))
@click.option("--policy", "policy_name", default="baseline", show_default=True, help="A policy file or built-in name.")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="Write a report; repeatable.")
@click.option("--engine", type=click.Choice(["local", "inline"]), default="local", help="Many workers, or one.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Workers of the local engine.  [default: one per core]")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Source of randomness.")
@click.option("--budget", metavar="TIME", help="Longest time for the scan: 90s, 10m, 1h.")
@click.option("--dry-run", is_flag=True, help="Say what would run, what would not and why; measure nothing.")
@click.option("--no-cache", is_flag=True, help="Remember nothing, and use nothing that was remembered.")
@click.option("--allow-unsandboxed", is_flag=True, help="Load models even where no worker can be sealed; recorded.")
@click.option(
    "--trust",
    "trust_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Names in model files that you answer for (docs/allowlist.md); repeatable, recorded.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Earlier JSON result: say what is new or worse."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code and the files remain.")
def scan(
    targets: Sequence[Path],
    policy_name: str,
    outputs: Sequence[str],
    budget: str | None,
    dry_run: bool,
    no_cache: bool,
    trust_files: Sequence[Path],
    baseline: Path | None,
    quiet: bool,
    **how: Any,
) -> int:
    """Scan TARGET and judge it.

    TARGET is a manifest (assay.yaml, the default), a model file, a log file, or a folder of either. Of several, each
    has its own result (put {name} into the paths of reports), and the exit code is the worst: 130, 2, 3, 1, 4, 5, 0.
    -o summary=PATH writes one table of all.
    """
    _sigterm_interrupts()
    from assay.cli.baseline import load_baseline
    from assay.cli.many import Judging, is_for_many, plan_many, scan_many
    from assay.engine.catalogue import load_catalogue
    from assay.engine.scan import ScanRequest
    from assay.engine.store import default_path
    from assay.targets.trust import load_trust
    from assay_policies.ask import detector_options
    from assay_policies.load import load_policy

    targets = targets or (Path("assay.yaml"),)
    many = is_for_many(targets, outputs)
    wanted = [] if many else parse_outputs(outputs)
    catalogue = load_catalogue()
    loaded = load_policy(policy_name, catalogue.specs, catalogue.ids_broken)
    request = ScanRequest(
        path=targets[0],
        budget_seconds=_seconds(budget),
        cache=None if no_cache else default_path(),
        params=detector_options(loaded),
        argv=("assay", *sys.argv[1:]),
        trust=load_trust(trust_files, datetime.datetime.now(datetime.UTC).date()),
        **how,
    )
    if many:
        judging = Judging(request, catalogue, loaded, baseline, quiet)
        return plan_many(targets, judging) if dry_run else scan_many(targets, outputs, judging)
    earlier = load_baseline(baseline, loaded)
    if dry_run:
        from assay.cli.dry_run import print_plan

        return print_plan(request, catalogue, loaded)
    return scan_one(request, catalogue, loaded, earlier, wanted, quiet)[1]


def scan_one(
    request: ScanRequest,
    catalogue: Catalogue,
    loaded: LoadedPolicy,
    earlier: Baseline,
    wanted: Sequence[Output],
    quiet: bool,
) -> tuple[ScanResult, int]:
    """Run, judge, report; return the result and the exit code."""
    from assay.cli.progress import progress_bar
    from assay.engine.scan import scan as run_scan
    from assay.engine.spool import Spool
    from assay.model.result import ScanResult
    from assay_policies.ask import AskedLimits
    from assay_policies.judge import judge

    spool = Spool() if any(output.format == "findings" for output in wanted) else None
    with progress_bar(quiet) as progress:
        record = run_scan(request, catalogue, AskedLimits(loaded, catalogue.specs), progress, spool)
    provenance = record.provenance.model_copy(update={"policies": loaded.chain})
    record = record.model_copy(update={"provenance": provenance})
    today = datetime.datetime.now(datetime.UTC).date()
    verdict = judge(record, loaded, catalogue.specs, today, earlier.result, earlier.file)
    result = ScanResult(provenance=provenance, outcomes=record.outcomes, verdict=verdict)
    complete = write_outputs(wanted, result, spool if spool is not None else ())
    if not quiet:
        print_terminal(result, wanted)
    if provenance.run.store not in ("used", "not used"):
        click.echo(f"assay: {provenance.run.store}", err=True)
    code: int = verdict.exit_code
    return result, code if complete or code != EXIT_OK else EXIT_NOT_ASSESSED


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
