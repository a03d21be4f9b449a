"""`assay judge`: a saved result under another policy, without model or data."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import click

from assay.cli.outputs import parse_outputs, print_terminal, write_outputs
from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK


@click.command()
@click.argument("result_file", metavar="RESULT", type=click.Path(path_type=Path))
@click.option(
    "--policy", "policy_name", default="baseline", show_default=True, help="A policy file or a built-in name."
)
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="Write a report; may be repeated."
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Earlier JSON result: say what is new or worse."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code and the files remain.")
def judge(result_file: Path, policy_name: str, outputs: Sequence[str], baseline: Path | None, quiet: bool) -> int:
    """Judge RESULT, written by `assay scan -o json=RESULT`, by another policy."""
    from assay.cli.baseline import load_baseline
    from assay.cli.saved import load_result
    from assay.engine.catalogue import load_catalogue
    from assay.model.result import RunRecord, ScanResult
    from assay_policies.judge import judge as judge_record
    from assay_policies.load import load_policy

    wanted = parse_outputs(outputs)
    saved = load_result(result_file)
    catalogue = load_catalogue()
    specs = catalogue.specs
    loaded = load_policy(policy_name, specs, catalogue.ids_broken)
    earlier = load_baseline(baseline, loaded)
    provenance = saved.provenance.model_copy(update={"policies": loaded.chain})
    record = RunRecord(provenance=provenance, outcomes=saved.outcomes)
    today = datetime.datetime.now(datetime.UTC).date()
    verdict = judge_record(record, loaded, specs, today, earlier.result, earlier.file)
    result = ScanResult(provenance=provenance, outcomes=saved.outcomes, verdict=verdict)
    complete = write_outputs(wanted, result)
    if not quiet:
        print_terminal(result, wanted)
    code: int = verdict.exit_code
    return code if complete or code != EXIT_OK else EXIT_NOT_ASSESSED
