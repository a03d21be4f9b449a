"""`assay diff`: two saved results of one target, finding by finding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK, EXIT_VIOLATED, InvalidInput

_FORMATS = ("json", "markdown")


@click.command()
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FORMAT=PATH", help="json or markdown; `-` is standard output."
)
@click.option("--exit-code", "as_code", is_flag=True, help="Exit with 1 where anything is new or worse.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the files remain.")
def diff(before: Path, after: Path, outputs: Sequence[str], as_code: bool, quiet: bool) -> int:
    """Compare the findings of A with those of B, both written by `-o json=`: new, worse, gone, better, same.

    A number that moved within its uncertainty is the same. Nothing is judged anew.
    """
    from assay.cli.diff_text import Comparison, as_json, as_markdown, print_table
    from assay.cli.saved import load_with_digest

    wanted = [_output(value) for value in outputs]
    first, first_digest = load_with_digest(before)
    second, second_digest = load_with_digest(after)
    found = Comparison.of((first, str(before), first_digest), (second, str(after), second_digest))
    complete = True
    for name, path in wanted:
        complete &= _write(as_json(found) if name == "json" else as_markdown(found), path)
    if not quiet and not any(path == "-" for _, path in wanted):
        print_table(found)
    if not complete:
        return EXIT_NOT_ASSESSED
    return EXIT_VIOLATED if as_code and found.worsened else EXIT_OK


def _output(value: str) -> tuple[str, str]:
    name, _, path = value.partition("=")
    if name not in _FORMATS or not path:
        raise InvalidInput(f"-o {value}: write it as FORMAT=PATH; formats of a comparison are {' and '.join(_FORMATS)}")
    return name, path


def _write(text: str, path: str) -> bool:
    from assay.reports.write import write_pieces

    if path == "-":
        click.echo(text, nl=False)
        return True
    try:
        write_pieces([text], path)
    except InvalidInput as error:
        click.echo(f"assay: {error}", err=True)
        return False
    return True
