"""`assay scan --dry-run`: what would run, what would not and why, and what it may cost. Nothing is opened."""

from __future__ import annotations

import click

from assay.engine.catalogue import Catalogue, load_body
from assay.engine.scan import ScanRequest, plan_scan
from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK
from assay.targets.base import Target
from assay_policies.load import LoadedPolicy


def print_plan(request: ScanRequest, catalogue: Catalogue, loaded: LoadedPolicy) -> int:
    """Print inputs, detectors in their order with estimates, those left out with reasons.

    Return 3 where an input is not there or a check that must run could not; 0 otherwise. It says nothing of the model.
    """
    resolved, plan = plan_scan(request, catalogue)
    target = Target(resolved.manifest, resolved.root, resolved.inputs)
    always, declared = _required(loaded, True), _required(loaded, "declared")
    click.echo(
        f"{resolved.manifest.name}: {len(resolved.inputs)} inputs, policy {loaded.policy.id}, {request.workers} workers"
    )
    for ref in resolved.inputs:
        problem = resolved.unmatched.get(ref.name)
        click.echo(f"  {ref.role:<9} {ref.shown}{f'  CANNOT BE USED: {problem}' if problem else ''}")
    click.echo("would run, in this order:")
    click.echo("  inputs                     identify and examine every input, open models that are clean")
    for step in plan.steps:
        cost = load_body(step.spec).estimate(target, step.options)
        options = ", ".join(f"{name}={value}" for name, value in step.options.items())
        mark = " (required)" if step.spec.id in always | declared else ""
        queries = f", {cost.queries:,} queries" if cost.queries else ""
        click.echo(f"  {step.spec.id:<26} about {cost.cpu_seconds:.1f} CPU s{queries}{mark}  {options}")
    blocking = set()
    for outcome in plan.left_out:
        undeclared = bool(outcome.missing_inputs) and not outcome.missing_extras
        required = outcome.detector in always or (outcome.detector in declared and not undeclared)
        blocking |= {outcome.detector} if required else set()
        mark = " (the policy requires it)" if required else ""
        click.echo(f"would not run: {outcome.detector}: {outcome.reason}{mark}")
    for entry in catalogue.broken:
        click.echo(f"would not run: {entry.name}: {entry.reason}")
    blocking |= set(catalogue.ids_broken) & (always | declared)
    return EXIT_NOT_ASSESSED if resolved.unmatched or blocking else EXIT_OK


def _required(loaded: LoadedPolicy, how: bool | str) -> set[str]:
    """Return the detectors whose rules say `required: how`."""
    return {rule.metric.rsplit(".", 1)[0] for rule in loaded.policy.rules if rule.metric and rule.required == how}
