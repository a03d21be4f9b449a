"""`assay report`: a saved result in other formats; the verdict stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from assay.cli.outputs import parse_outputs, print_terminal, write_outputs
from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK


@click.command()
@click.argument("result_file", metavar="RESULT", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="Write a report; may be repeated."
)
def report(result_file: Path, outputs: Sequence[str]) -> int:
    """Show RESULT, or write it in other formats. Exits with the code of the saved verdict."""
    from assay.cli.saved import load_result

    wanted = parse_outputs(outputs)
    result = load_result(result_file)
    complete = write_outputs(wanted, result)
    if not wanted:
        print_terminal(result, wanted)
    code: int = result.verdict.exit_code
    return code if complete or code != EXIT_OK else EXIT_NOT_ASSESSED
