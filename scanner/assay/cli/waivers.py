"""`assay waivers list`: what is accepted, by whom, until when."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.model.errors import EXIT_OK

if TYPE_CHECKING:
    from assay.model.verdict import WaiverRecord


@click.group()
def waivers() -> None:
    """List the waivers of a policy."""


@waivers.command("list")
@click.option("--policy", "policy_name", help="A policy file or built-in name.  [default: policy.yaml]")
@click.option("--expiring", metavar="DAYS", help="Only those that end within so many days, 30d, or have ended.")
@click.option(
    "--result", "result_file", type=click.Path(path_type=Path), help="JSON result: say which findings they meet."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(policy_name: str | None, expiring: str | None, result_file: Path | None, as_json: bool) -> int:
    """List the waivers, the next to end first."""
    today = datetime.datetime.now(datetime.UTC).date()
    within = None if expiring is None else _days(expiring)
    found = _records(policy_name or "policy.yaml", result_file, today)
    shown = sorted(found, key=lambda record: (record.expires, record.id))
    if within is not None:
        shown = [record for record in shown if _left(record, today) <= within]
    if as_json:
        entries = [{**record.model_dump(mode="json"), "days_left": _left(record, today)} for record in shown]
        click.echo(json.dumps(entries, indent=1, ensure_ascii=False))
    else:
        _print(shown, today, len(found), within, result_file is not None)
    return EXIT_OK


def _days(text: str) -> int:
    try:
        days = int(text.strip().removesuffix("d"))
    except ValueError:
        days = -1
    if not 0 <= days < 100_000:
        raise click.BadParameter(f"{text!r:.40} is no number of days; write 30d", param_hint="--expiring")
    return days


def _left(record: WaiverRecord, today: datetime.date) -> int:
    return (datetime.date.fromisoformat(record.expires) - today).days


def _records(policy_name: str, result_file: Path | None, today: datetime.date) -> list[WaiverRecord]:
    from assay.engine.catalogue import load_catalogue
    from assay.model.result import Provenance, RunRecord
    from assay_policies.judge import judge
    from assay_policies.load import load_policy
    from assay_policies.register import register
    from assay_policies.waive import Waivers

    if result_file is None:
        loaded = load_policy(policy_name)
        nobody = RunRecord(provenance=Provenance(target=""), outcomes=())
        return list(register(loaded.policy, Waivers(loaded.policy, nobody, {}, today), {}, today))
    from assay.cli.saved import load_result

    catalogue = load_catalogue()
    loaded = load_policy(policy_name, catalogue.specs, catalogue.ids_broken)
    saved = load_result(result_file)
    record = RunRecord(provenance=saved.provenance, outcomes=saved.outcomes)
    return list(judge(record, loaded, catalogue.specs, today).waivers)


def _state(record: WaiverRecord, today: datetime.date, beside_result: bool) -> str:
    left = _left(record, today)
    when = f"expired {-left} days ago" if left < 0 else "ends today" if left == 0 else f"{left} days left"
    if record.kind == "confirmed":
        return "accepts nothing"
    if not beside_result:
        return when
    return f"{when}, {record.state}" if record.state != "expired" else when


def _print(
    shown: list[WaiverRecord], today: datetime.date, total: int, within: int | None, beside_result: bool
) -> None:
    from assay.reports.text import count, safe

    head = ("expires", "state", "id", "finding", "rule", "kind", "approver", "reason")
    rows: list[Any] = [
        (
            record.expires,
            _state(record, today, beside_result),
            safe(record.id, 80),
            record.finding[:12],
            safe(record.rule or "-", 80),
            record.kind,
            safe(record.approver, 80),
            safe(record.reason, 120),
        )
        for record in shown
    ]
    if rows:
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        for row in [head, *rows]:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for record in shown:
        if record.note and (beside_result or record.state != "unused"):
            click.echo(f"{safe(record.id, 80)}: {safe(record.note)}")
    ended = "" if within is None else f", which end within {count(within, 'day')} or have ended"
    click.echo(f"{len(shown)} of {count(total, 'waiver')}{ended}")
