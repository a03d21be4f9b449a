"""`assay policy`: check policy files; print the JSON Schemas of all that a user writes or reads."""

from __future__ import annotations

from collections.abc import Sequence

import click

from assay.model.errors import EXIT_OK, EXIT_USAGE, AssayError


@click.group()
def policy() -> None:
    """Check policies; print the JSON Schemas."""


@policy.command()
@click.argument("policies", nargs=-1, required=True)
def check(policies: Sequence[str]) -> int:
    """Check POLICIES: files or built-in names. Exits 2 if one is invalid; all are checked."""
    from assay.engine.catalogue import load_catalogue
    from assay_policies.load import load_policy

    catalogue = load_catalogue()
    specs = catalogue.specs
    code = EXIT_OK
    for name in policies:
        try:
            loaded = load_policy(name, specs, catalogue.ids_broken)
        except AssayError as error:
            click.echo(str(error), err=True)
            code = EXIT_USAGE
            continue
        chain = " <- ".join(digest.path for digest in reversed(loaded.chain))
        rules = loaded.policy.rules
        click.echo(
            f"{name}: ok, {len(rules)} rules, {sum(rule.required is not False for rule in rules)} required ({chain})"
        )
    return code


@policy.command()
@click.option("--result", "which", flag_value="result", help="Schema of the JSON result.")
@click.option("--manifest", "which", flag_value="manifest", help="Schema of assay.yaml.")
@click.option("--policy", "which", flag_value="policy", default=True, help="Schema of policy.yaml (default).")
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

    nouns: dict[str, type[BaseModel]] = {"result": ScanResult, "manifest": Manifest, "policy": Policy}
    noun = nouns[which]
    found = noun.model_json_schema(mode="serialization" if which == "result" else "validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
