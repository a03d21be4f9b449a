"""`assay policy diff`: what the second policy asks more, less or otherwise than the first."""

from __future__ import annotations

import click

from assay.model.errors import EXIT_OK, EXIT_VIOLATED
from assay.model.visible import visible


@click.command(short_help="Say what one policy asks more or less.")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--exit-code", "use_code", is_flag=True, help="Exit 1 where B is, or may be, looser than A anywhere.")
def diff(before: str, after: str, as_json: bool, use_code: bool) -> int:
    """Compare policies A and B (files or built-in names), both with their parents folded in."""
    import json

    from assay.engine.catalogue import load_catalogue
    from assay_policies.difference import differences
    from assay_policies.load import load_policy

    catalogue = load_catalogue()
    first, second = (load_policy(name, catalogue.specs, catalogue.ids_broken) for name in (before, after))
    found = differences(first, second, catalogue.specs)
    looser = sum(item.looser for item in found)
    if as_json:
        click.echo(json.dumps({"a": before, "b": after, "differences": [item._asdict() for item in found]}, indent=1))
    else:
        for where in dict.fromkeys(item.where for item in found):
            click.echo(visible(where))
            for item in found:
                if item.where == where:
                    click.echo(f"  {item.way:<10} {visible(item.text)}")
        tally = f"{len(found)} difference{'s' * (len(found) != 1)}, {looser} in which {after} is or may be looser"
        click.echo(visible(tally) if found else "no difference")
    return EXIT_VIOLATED if use_code and looser else EXIT_OK
