"""`assay policy`: check, explain, compare and test policies; print the JSON Schemas of what users write and read."""

from __future__ import annotations

from collections.abc import Sequence

import click

from assay.cli.policy_diff import diff
from assay.cli.policy_explain import explain
from assay.cli.policy_test import test
from assay.model.errors import EXIT_OK, EXIT_USAGE, AssayError
from assay.model.visible import visible


@click.group()
def policy() -> None:
    """Check, explain, compare and test policies; print the JSON Schemas."""


policy.add_command(explain)
policy.add_command(diff)
policy.add_command(test)


@policy.command(short_help="Check policies, manifests and policy tests.")
@click.argument("files", nargs=-1, required=True)
@click.option("--today", metavar="DATE", help="Day on which waivers must hold; default: today.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of what is right.")
def check(files: Sequence[str], today: str | None, quiet: bool) -> int:
    """Check FILES: policies or built-in names, manifests, policy tests. All are checked; exits 2 if one is invalid."""
    from assay.cli.policy_test import parse_day
    from assay.engine.catalogue import load_catalogue
    from assay_policies.files import check_named

    catalogue = load_catalogue()
    day = parse_day(today)
    code = EXIT_OK
    for name in files:
        try:
            checked = check_named(name, catalogue.specs, catalogue.ids_broken, day)
        except AssayError as error:
            click.echo("\n".join(visible(line) for line in str(error).split("\n")), err=True)
            code = EXIT_USAGE
            continue
        for note in checked.notes:
            click.echo(visible(f"note: {note}"), err=True)
        if not quiet:
            click.echo(visible(f"{name}: ok, {checked.text}"))
    return code


@policy.command(short_help="Print a JSON Schema.")
@click.option("--result", "which", flag_value="result", help="Schema of the JSON result.")
@click.option("--manifest", "which", flag_value="manifest", help="Schema of assay.yaml.")
@click.option("--policy", "which", flag_value="policy", default=True, help="Schema of policy.yaml (default).")
@click.option("--test", "which", flag_value="test", help="Schema of a policy test.")
def schema(which: str) -> int:
    """Print a JSON Schema, for editors and for readers of results."""
    import json

    click.echo(json.dumps(_schema(which), indent=1))
    return EXIT_OK


def _schema(which: str) -> dict[str, object]:
    from pydantic import BaseModel

    from assay.model.manifest import Manifest
    from assay.model.result import ScanResult
    from assay_policies.schema import Policy
    from assay_policies.table import PolicyTest

    nouns: dict[str, type[BaseModel]] = {
        "result": ScanResult,
        "manifest": Manifest,
        "policy": Policy,
        "test": PolicyTest,
    }
    noun = nouns[which]
    found = noun.model_json_schema(mode="serialization" if which == "result" else "validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
