"""`assay waive`: accept or reject a finding, for a reason and until a day, in a policy file."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.model.errors import EXIT_OK, InvalidInput

if TYPE_CHECKING:
    from assay_policies.decide import Judged

_KINDS = ("accepted_risk", "false_positive", "compensating_control", "not_affected", "confirmed")


@click.command()
@click.argument("finding", metavar="FINGERPRINT")
@click.option(
    "--result", "result_file", required=True, type=click.Path(path_type=Path), help="JSON result that has the finding."
)
@click.option(
    "--policy", "policy_file", required=True, type=click.Path(path_type=Path), help="Policy file that is written to."
)
@click.option("--reason", required=True, help="Why, in a sentence that an auditor understands.")
@click.option("--kind", required=True, type=click.Choice(_KINDS), help="`confirmed`: it is real; accepts nothing.")
@click.option("--approver", required=True, help="Who accepts it; one of the policy's approvers, where it lists any.")
@click.option("--expires", required=True, metavar="DAY", help="Last day, 2027-01-31, or days from today, 90d.")
@click.option("--id", "name", help="Name of the waiver.  [default: the next free W-1, W-2, ...]")
@click.option("--bound-value", type=float, help="Accept the number up to here.  [default: as it was measured]")
def waive(result_file: Path, policy_file: Path, bound_value: float | None, **said: Any) -> int:
    """Write a waiver for the finding whose fingerprint begins with FINGERPRINT (6 digits or more).

    It holds for this model and this number: when either changes, it is void.
    """
    from assay.cli.saved import load_result
    from assay.engine.catalogue import load_catalogue
    from assay_policies.grant import Request, grant, save
    from assay_policies.load import builtin_names, load_policy

    if str(policy_file).removeprefix("builtin:") in builtin_names() and not policy_file.exists():
        raise InvalidInput(
            f"{policy_file}: a built-in policy is not written to; write a policy file with `extends: "
            f"[builtin:{str(policy_file).removeprefix('builtin:')}]` and name that"
        )
    catalogue = load_catalogue()
    saved = load_result(result_file)
    loaded = load_policy(str(policy_file), catalogue.specs, catalogue.ids_broken)
    today = datetime.datetime.now(datetime.UTC).date()
    request = Request(
        finding=said["finding"],
        reason=said["reason"],
        kind=said["kind"],
        approver=said["approver"],
        expires=_day(said["expires"], today),
        name=said["name"],
        bound_value=bound_value,
    )
    granted = grant(request, saved, loaded, catalogue.specs, today, str(result_file))
    save(granted, policy_file, lambda path: load_policy(path, catalogue.specs, catalogue.ids_broken))
    _say(granted.waiver, granted.item, policy_file)
    return EXIT_OK


def _day(text: str, today: datetime.date) -> datetime.date:
    number = text.strip().removesuffix("d")
    try:
        if text.strip().endswith("d"):
            return today + datetime.timedelta(days=int(number))
        return datetime.date.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        problem = f"{text!r:.40} is no day; write 2027-01-31, or 90d for 90 days from today"
        raise click.BadParameter(problem, param_hint="--expires") from None


def _say(waiver: dict[str, Any], item: Judged, policy_file: Path) -> None:
    from assay.reports.text import safe

    bound = waiver.get("bound", {})
    click.echo(f"wrote {waiver['id']} to {safe(str(policy_file), keep_end=True)}")
    click.echo(f"finding: {waiver['finding']} ({safe(item.decision.rule)}): {safe(item.decision.reason)}")
    if waiver["kind"] == "confirmed":
        click.echo("it is recorded as real and accepts nothing; the gate is as before")
        return
    click.echo(f"accepted by {safe(waiver['approver'])} until {waiver['expires'].isoformat()}")
    if "model_sha256" in bound:
        several = bound["model_sha256"]
        for digest in [several] if isinstance(several, str) else several:
            click.echo(f"bound to the file with sha256 {digest}")
    else:
        click.echo("bound to no model file: the finding is not about one")
    if "data_sha256" in bound:
        click.echo(f"bound to the data with sha256 {bound['data_sha256']}")
    if len(bound.get("members", ())) > 1:
        click.echo(f"bound to the {len(bound['members'])} measurements that are behind the finding; one more voids it")
    ends = (("metric_max", "up to"), ("metric_min", "down to"))
    numbers = [f"{word} {bound[key]:g}" for key, word in ends if key in bound]
    click.echo(f"bound to the number {', '.join(numbers)}" if numbers else "bound to no number: none was measured")
