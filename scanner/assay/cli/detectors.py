"""`assay detectors`: what is installed, and what would not run here."""

from __future__ import annotations

import importlib.util

import click

from assay.cli.doctor import doctor
from assay.model.errors import EXIT_NOT_ASSESSED


@click.group()
def detectors() -> None:
    """List the installed detectors; say what would not run here."""


detectors.add_command(doctor)


@detectors.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the full specs as JSON.")
def list_detectors(as_json: bool) -> int:
    """List every installed detector: what it measures, what it needs, whether it can run here."""
    import json

    from assay.engine.catalogue import load_catalogue

    catalogue = load_catalogue()
    if as_json:
        specs = [spec.model_dump(mode="json") for spec in catalogue.specs.values()]
        click.echo(json.dumps({"detectors": specs, "broken": [vars(entry) for entry in catalogue.broken]}, indent=1))
    else:
        _print(catalogue)
    return EXIT_NOT_ASSESSED if catalogue.broken else 0


def _print(catalogue) -> None:  # type: ignore[no-untyped-def]
    for spec in catalogue.specs.values():
        absent = [module for module in spec.modules if importlib.util.find_spec(module) is None]
        note = f"  NOT INSTALLED: pip install 'model-assay[{','.join(spec.extras)}]'" if absent else ""
        plugin = (catalogue.plugins or {}).get(spec.id)
        click.echo(f"{spec.id:<26} {spec.status:<9} {spec.title}{f' ({plugin})' if plugin else ''}{note}")
        for metric in spec.metrics:
            labels = f"  by {', '.join(metric.labels)}" if metric.labels else ""
            click.echo(f"    {metric.id}  {metric.title} ({metric.unit}){labels}")
        click.echo(f"    needs {', '.join(spec.inputs)}")
    for entry in catalogue.broken:
        click.echo(f"{entry.name:<26} BROKEN    {entry.reason}")
