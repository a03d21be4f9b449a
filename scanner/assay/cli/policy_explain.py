"""`assay policy explain`: every value of a composed policy, and the line that set it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from assay.model.errors import EXIT_OK
from assay.model.visible import visible

if TYPE_CHECKING:
    from assay_policies.explain import Line, Section

_WIDTH, _KEY, _ORIGIN = 100, 18, 26


@click.command(short_help="Say what a policy asks, and which line sets it.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(name: str, as_json: bool) -> int:
    """Print every value of policy NAME (a file or built-in name), in words, and the file and line that set it."""
    import json

    from assay.engine.catalogue import load_catalogue
    from assay_policies.explain import explain_policy
    from assay_policies.load import load_policy

    catalogue = load_catalogue()
    loaded = load_policy(name, catalogue.specs, catalogue.ids_broken)
    sections = explain_policy(loaded, catalogue.specs)
    if as_json:
        found = [{"title": s.title, "lines": [line._asdict() for line in s.lines]} for s in sections]
        chain = [digest.model_dump() for digest in loaded.chain]
        click.echo(json.dumps({"policy": loaded.policy.id, "chain": chain, "sections": found}, indent=1))
    else:
        click.echo("\n\n".join(section_text(section) for section in sections))
    return EXIT_OK


def section_text(section: Section) -> str:
    """Return a section in lines of 100 columns at most."""
    return "\n".join([visible(section.title), *(row for line in section.lines for row in _rows(line))])


def _rows(line: Line) -> list[str]:
    """Return the value in the middle, wrapped, with its place at the right of the first row."""
    room = _WIDTH - _KEY - _ORIGIN - 4
    rows = textwrap.wrap(visible(" ".join(line.text.split())), room) or [""]
    origin = visible(line.origin)
    origin = origin if len(origin) <= _ORIGIN else f"...{origin[-_ORIGIN + 3 :]}"
    first = f"  {line.key:<{_KEY}}{rows[0]:<{room}}  {origin}".rstrip()
    return [first, *(f"  {'':<{_KEY}}{row}" for row in rows[1:])]
