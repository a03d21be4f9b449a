"""`assay policy test`: table tests, so that a change of a policy is reviewed like code."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import click

from assay.model.errors import EXIT_OK, EXIT_USAGE, EXIT_VIOLATED, AssayError, InvalidInput
from assay.model.visible import visible


def parse_day(given: str | None) -> datetime.date:
    """Return the day of an option; today where there is none.

    Raises:
        InvalidInput: no date.
    """
    if given is None:
        return datetime.datetime.now(datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        raise InvalidInput(f"--today {given}: is no date; write it like 2027-01-31") from None


@click.command(short_help="Run the table tests of a policy.")
@click.argument("files", nargs=-1, required=True)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of cases that hold.")
def test(files: Sequence[str], quiet: bool) -> int:
    """Run the table tests in FILES. Exits 1 if a case fails, 2 if a file or its policy is invalid; all are run."""
    from assay.documents.yaml_text import parse, read_bytes
    from assay.engine.catalogue import load_catalogue
    from assay_policies.table_run import read_table, run_case

    catalogue = load_catalogue()
    broken = failed = cases = 0
    for name in files:
        path = Path(name)
        try:
            table = read_table(parse(read_bytes(path, name), name), path.parent, catalogue.specs, catalogue.ids_broken)
        except AssayError as error:
            _say(str(error))
            broken += 1
            continue
        for index, case in enumerate(table.tests.cases):
            failures = run_case(table, index, catalogue.specs)
            cases += 1
            failed += bool(failures)
            for failure in failures:
                _say(failure.text)
            if not failures and not quiet:
                click.echo(visible(f"{name}: ok: {case.name}"))
    click.echo(f"{cases} cases, {failed} failed" + (f"; {broken} invalid files" if broken else ""))
    return EXIT_USAGE if broken else EXIT_VIOLATED if failed else EXIT_OK


def _say(text: str) -> None:
    click.echo("\n".join(visible(line) for line in text.split("\n")), err=True)
