"""`assay detectors doctor`: what would run here, what would not and why, and what the sandbox holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK

if TYPE_CHECKING:
    from assay.engine.catalogue import Catalogue
    from assay.engine.libraries import Library
    from assay.engine.selftest import SelfTest
    from assay.model.spec import DetectorSpec


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> int:
    """Say what would run here and what would not, and try the sandbox.

    Exit code 0 when all that is installed can run, 3 when the seal is incomplete, a plugin is broken or an installed
    library is of a version that Assay does not support. A library that is not installed is no fault.
    """
    import json

    from assay.engine.catalogue import load_catalogue
    from assay.engine.libraries import optional_libraries
    from assay.engine.selftest import self_test

    catalogue, libraries, tested = load_catalogue(), optional_libraries(), self_test()
    report = examine(catalogue, libraries, tested)
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        _print(report)
    code: int = report["exit_code"]
    return code


def examine(catalogue: Catalogue, libraries: list[Library], tested: SelfTest) -> dict[str, Any]:
    """Return all that the command prints, as plain data."""
    why = tested.why_no_models
    unfit = [library for library in libraries if library.state == "out of range"]
    healthy = why is None and not catalogue.broken and not unfit
    return {
        "detectors": [
            {"id": spec.id, "plugin": (catalogue.plugins or {}).get(spec.id), **_verdict(spec, libraries, why)}
            for spec in catalogue.specs.values()
        ],
        "broken": [{"name": entry.name, "reason": entry.reason} for entry in catalogue.broken],
        "libraries": [
            {
                "name": library.name,
                "extras": list(library.extras),
                "wanted": library.wanted,
                "installed": library.installed,
                "state": library.state,
            }
            for library in libraries
        ],
        "worker": {
            "kernel": tested.kernel,
            "machine": tested.machine,
            "start_ms": tested.start_ms,
            "threads": tested.threads,
            "layers": tested.seal.layers,
            "held": {name: tested.seal.held.get(name, False) for name in _properties()},
            "problem": tested.problem,
        },
        "models": "models can be loaded here"
        if why is None
        else f"models will not be loaded here, because {why}; --allow-unsandboxed overrides",
        "exit_code": EXIT_OK if healthy else EXIT_NOT_ASSESSED,
    }


def _properties() -> tuple[str, ...]:
    from assay.engine.room import PROPERTIES

    return PROPERTIES


def _verdict(spec: DetectorSpec, libraries: list[Library], no_models: str | None) -> dict[str, Any]:
    """Say whether a detector would run, and the line that mends it."""
    from assay.model.spec import Capability

    line = f"pip install 'model-assay[{','.join(spec.extras)}]'" if spec.extras else None
    absent = [module for module in spec.modules if not _findable(module)]
    if absent:
        return {"runs": False, "why": f"{', '.join(absent)} not installed", "install": line}
    old = [lib for lib in libraries if lib.state == "out of range" and set(lib.extras) & set(spec.extras)]
    if old:
        named = ", ".join(f"{lib.name} {lib.installed} is not {lib.wanted}" for lib in old)
        return {"runs": False, "why": named, "install": f"{line} --upgrade"}
    if no_models is not None and {Capability.MODEL, Capability.GRADIENTS} & set(spec.needs):
        return {"runs": False, "why": "models are not loaded here, see below", "install": None}
    return {"runs": True, "why": None, "install": None}


def _findable(module: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _print(report: dict[str, Any]) -> None:
    click.echo("Detectors")
    for entry in report["detectors"]:
        remedy = f": {entry['install']}" if entry["install"] else ""
        said = "would run" if entry["runs"] else f"would NOT run, {entry['why']}{remedy}"
        click.echo(f"  {entry['id']:<28} {said}{f' ({plugin})' if (plugin := entry['plugin']) else ''}")
    for entry in report["broken"]:
        click.echo(f"  {entry['name']:<28} BROKEN, {entry['reason']}")
    click.echo("Libraries")
    for entry in report["libraries"]:
        state = {
            "ok": "",
            "missing": f"not installed: pip install 'model-assay[{entry['extras'][0]}]'",
            "out of range": f"OUT OF RANGE: pip install --upgrade 'model-assay[{entry['extras'][0]}]'",
        }[entry["state"]]
        line = f"  {entry['name']:<32} {entry['wanted']:<12} {entry['installed'] or '-':<14} {state}"
        click.echo(line.rstrip())
    _print_worker(report["worker"])
    click.echo(report["models"])


def _print_worker(worker: dict[str, Any]) -> None:
    click.echo(f"Worker ({worker['kernel']}, {worker['machine']})")
    started = "did not start" if worker["start_ms"] is None else f"{worker['start_ms']:.0f} ms to its first answer"
    click.echo(f"  {'start':<18} {started}{f': {problem}' if (problem := worker['problem']) else ''}")
    for name, detail in worker["layers"].items():
        click.echo(f"  {name:<18} {detail}")
    for name, held in worker["held"].items():
        click.echo(f"  {name:<18} {'refused' if held else 'NOT held'}")
    click.echo(f"  {'threads':<18} {'start' if worker['threads'] else 'do NOT start'}")
