"""`assay explain`: a detector, a metric, a rule or a finding in plain words."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from assay.cli.policy_explain import section_text
from assay.model.errors import InvalidInput
from assay.model.result import ScanResult
from assay.model.spec import DetectorSpec
from assay.model.visible import visible


@click.command()
@click.argument("what")
@click.option("--policy", "policy_name", default="strict", show_default=True, help="Where rules are looked up.")
@click.option("--result", "result_file", type=click.Path(path_type=Path), help="Where findings are looked up.")
def explain(what: str, policy_name: str, result_file: Path | None) -> int:
    """Explain WHAT: a detector (pii.logs), a metric, a rule (no-unsafe-code) or a finding's fingerprint."""
    from assay.documents.validate import near
    from assay.engine.catalogue import load_catalogue
    from assay_policies.explain import explain_policy
    from assay_policies.load import load_policy

    catalogue = load_catalogue()
    specs = catalogue.specs
    spec = specs.get(what) or next((s for s in specs.values() if s.metric(what) is not None), None)
    if spec is not None:
        click.echo(_detector(spec))
        return 0
    loaded = load_policy(policy_name, specs, catalogue.ids_broken)
    rules = [rule.id for rule in loaded.policy.rules]
    if what in rules:
        section = next(part for part in explain_policy(loaded, specs) if part.title == f"Rule {what}")
        click.echo(f"In policy {visible(loaded.policy.id)}:\n{section_text(section)}")
        return 0
    if result_file is not None:
        from assay.cli.saved import load_result

        found = _finding(load_result(result_file), what)
        if found is not None:
            click.echo(found)
            return 0
    known = [*specs, *rules]
    hint = near(what, known) or f"; known: {', '.join(known)}"
    raise InvalidInput(f"{what}: no such detector, metric or rule{hint}; for a finding give --result FILE too")


def _wrap(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 96, initial_indent="  ", subsequent_indent="  ")


def _detector(spec: DetectorSpec) -> str:
    said = spec.explanation
    parts = [f"{spec.id}: {spec.title} (version {spec.version}, {spec.status})"]
    for title, text in (
        ("What it measures", said.what),
        ("Why it matters", said.why),
        ("How to read the numbers", said.how_to_read),
        ("How to fix a finding", said.how_to_fix),
    ):
        parts.append(f"{title}\n{_wrap(text)}")
    parts.append("What it cannot see\n" + "\n".join(_wrap(f"- {text}") for text in said.cannot_see))
    metrics = [
        f"  {m.id}: {m.title}, in {m.unit}, {m.direction.replace('-', ' ')}"
        + (f", by {', '.join(m.labels)}" if m.labels else "")
        for m in spec.metrics
    ]
    parts.append("Metrics\n" + "\n".join(metrics))
    if spec.options:
        options = [f"  {o.name} = {o.default!r}: {o.help}" for o in spec.options]
        parts.append("Options (`params` of a rule)\n" + "\n".join(options))
    parts.append("Needs\n  " + ", ".join(spec.inputs) + (f"; extra {', '.join(spec.extras)}" if spec.extras else ""))
    if spec.frameworks:
        parts.append("Frameworks\n  " + ", ".join(spec.frameworks))
    if spec.references:
        parts.append(
            "References\n" + "\n".join(f"  {r.title}{f' <{r.url}>' if r.url else ''}" for r in spec.references)
        )
    return "\n\n".join(parts)


def _finding(result: ScanResult, what: str) -> str | None:
    from assay.reports.text import safe

    found = [f for f in result.verdict.findings if len(what) >= 6 and f.fingerprint.startswith(what)]
    if len(found) != 1:
        return None
    finding = found[0]
    lines = [
        f"{finding.fingerprint}: {finding.verdict} ({finding.severity}), rule {finding.rule}",
        _wrap(safe(finding.text, 2000)),
    ]
    for piece in finding.evidence:
        place = {k: v for k, v in piece.locator.model_dump().items() if v is not None}
        lines.append(f"  at {', '.join(f'{k} {safe(str(v), 200)}' for k, v in place.items())}: {safe(piece.note, 200)}")
    if finding.truncated:
        lines.append(f"  and {finding.truncated} more places")
    if finding.waiver is not None:
        use = finding.waiver
        why = f": {safe(use.note, 300)}" if use.note else ""
        lines.append(f"  waiver {safe(use.id, 80)} by {safe(use.approver, 80)} until {use.expires}, {use.state}{why}")
    if finding.remediation:
        lines.append("Remedy\n" + _wrap(finding.remediation))
    return "\n".join(lines)
