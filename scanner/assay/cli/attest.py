"""`assay attest`: sign the verdict of a saved result."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import click

from assay.model.errors import EXIT_OK, InvalidInput
from assay.model.result import FileDigest, ScanResult
from assay.model.verdict import Verdict
from assay.model.visible import visible

_MAX_DAYS = 3660


@click.command()
@click.argument("result_file", metavar="RESULT", type=click.Path(path_type=Path))
@click.option("--key", "key_file", required=True, type=click.Path(path_type=Path), help="Your private key, PEM.")
@click.option(
    "-o",
    "--output",
    "goal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="[default: attestation.json beside RESULT]",
)
@click.option(
    "--expires", default="90d", show_default=True, metavar="TIME", help="How long after the scan it ends: 12h, 90d."
)
@click.option(
    "--max-age", default="30d", show_default=True, metavar="TIME", help="Refuse a result of an older scan: 12h, 30d."
)
@click.option("--policy", "policy_name", help="The policy that judged, where it is not built in: to judge again by it.")
@click.option("--as-it-stands", is_flag=True, help="Sign without judging again, where the policy is not at hand.")
@click.option("--baseline", "baseline_file", type=click.Path(path_type=Path), help="The baseline of that verdict.")
@click.option(
    "--date",
    "date",
    metavar="MOMENT",
    help="When this is said, in UTC: 2026-11-26 or 2026-11-26T10:00:00Z.  [default: now]",
)
def attest(
    result_file: Path,
    key_file: Path,
    goal: Path | None,
    expires: str,
    max_age: str,
    policy_name: str | None,
    as_it_stands: bool,
    baseline_file: Path | None,
    date: str | None,
) -> int:
    """Sign the verdict of RESULT, written by `assay scan -o json=RESULT`, for a deploy gate (`assay verify`).

    The statement names every model by its digest, with the code of its factory and the files that hold its tensors, the
    policy, the verdict and the result. The verdict is reached again first, by its built-in policy or by --policy. One
    that is no pass is signed as what it is. An encrypted key's passphrase is taken from ASSAY_KEY_PASSPHRASE, or asked
    for.
    """
    from assay.attest.envelope import sign
    from assay.attest.keys import load_signer
    from assay.attest.statement import build, expiry, stamp
    from assay.cli.saved import load_result
    from assay.reports.write import write_pieces

    longest, oldest, created = _duration(expires, "--expires"), _duration(max_age, "--max-age"), _moment(date)
    if as_it_stands and policy_name is not None:
        raise click.UsageError(
            "--as-it-stands signs without judging again, and --policy judges again; give one of them"
        )
    result = load_result(result_file)
    _check_age(result, result_file, created, oldest)
    rejudged = _check(result, result_file, policy_name, baseline_file, created.date(), as_it_stands=as_it_stands)
    signer = load_signer(key_file, _ask_passphrase)
    statement = build(result, created, longest, rejudged=rejudged)
    ends = expiry(result, created, longest)
    if ends <= created:
        raise InvalidInput(
            f"{visible(str(result_file))}: --expires has passed since its scan, or a waiver or a trust that it rests "
            "on has ended; scan or judge it again"
        )
    goal = goal if goal is not None else result_file.parent / "attestation.json"
    write_pieces([sign(_canonical(statement), signer)], goal)
    click.echo(
        f"{visible(str(goal))}: {visible(result.provenance.target)}: {_outcome(result.verdict)} by policy "
        f"{visible(result.verdict.policy)}; until {stamp(ends)}; key {signer.public_key.keyid[:16]}…"
    )
    if not rejudged:
        click.echo(
            "assay: signed as it stands in the file, not judged again; `assay verify` refuses it without "
            "--accept-unjudged",
            err=True,
        )
    return EXIT_OK


def _outcome(verdict: Verdict) -> str:
    """Say what was signed, and where it is no open gate, what `assay verify` will do with it."""
    from assay.attest.statement import is_open

    said = f"({verdict.status}, exit code {verdict.exit_code})"
    if is_open(verdict.status, verdict.exit_code):
        return f"gate open {said}"
    if verdict.exit_code == EXIT_OK:
        return f"signed, and `assay verify` refuses it: excused by the policy, and a failure all the same {said}"
    return f"FAILED {said}"


def _check_age(result: ScanResult, source: Path, created: datetime.datetime, oldest: datetime.timedelta) -> None:
    """Refuse a result whose scan lies too long ago, or is still to come; the day of the statement is early enough."""
    from assay.attest.statement import scanned, stamp

    shown, started = visible(str(source)), scanned(result)
    if started is None:
        raise InvalidInput(f"{shown}: does not say when it was scanned; scan again")
    if started.date() > created.date():
        raise InvalidInput(
            f"{shown}: was scanned on {stamp(started)}, after this statement; check --date and the clock"
        )
    if created - started > oldest:
        raise InvalidInput(
            f"{shown}: was scanned on {stamp(started)}, longer ago than --max-age allows; scan again and attest that"
        )


def _canonical(statement: dict[str, object]) -> bytes:
    import rfc8785

    return rfc8785.dumps(statement)  # type: ignore[arg-type]


def _check(
    result: ScanResult,
    source: Path,
    policy_name: str | None,
    baseline_file: Path | None,
    today: datetime.date,
    *,
    as_it_stands: bool,
) -> bool:
    """Refuse a result that was edited, as far as that can be seen; return whether it was judged again."""
    from assay.attest.again import contradiction, difference, policy_at_hand
    from assay.engine.catalogue import load_catalogue

    shown = visible(str(source))
    wrong = contradiction(result.verdict)
    if wrong is not None:
        raise InvalidInput(f"{shown}: {wrong}; the file was changed, scan again")
    catalogue = load_catalogue()
    loaded = policy_at_hand(result, policy_name, catalogue)
    if loaded is None and not as_it_stands:
        raise InvalidInput(
            f"{shown}: its policy is not built in; give it by --policy, or --as-it-stands to sign without judging again"
        )
    if loaded is None:
        return False
    baseline = _baseline(result, shown, baseline_file)
    if result.verdict.changes is not None and baseline is None:
        raise InvalidInput(
            f"{shown}: its verdict was reached against a baseline ({visible(result.verdict.changes.path)}); give that "
            "by --baseline, so that it can be reached again"
        )
    wrong = difference(result, loaded, catalogue, today, baseline)
    if wrong is not None:
        raise InvalidInput(
            f"{shown}: judged again by the same policy, the verdict is another: {wrong}; the file was changed, or a "
            "waiver has ended, or another version of Assay wrote it: scan or judge again, and attest that"
        )
    return True


def _baseline(result: ScanResult, shown: str, path: Path | None) -> tuple[ScanResult, FileDigest] | None:
    """Return the baseline that the verdict was compared with, where it is given."""
    from assay.cli.saved import load_with_digest

    changes = result.verdict.changes
    if path is None or changes is None:
        return None
    baseline, sha256 = load_with_digest(path)
    if sha256 != changes.sha256:
        raise InvalidInput(f"{visible(str(path))}: is not the baseline that {shown} was compared with (other content)")
    return baseline, FileDigest(path=changes.path, sha256=sha256)


def _duration(text: str, option: str) -> datetime.timedelta:
    found = re.fullmatch(r"([1-9]\d{0,4})([dh])", text)
    hours = int(found[1]) * (24 if found[2] == "d" else 1) if found else 0
    if not 0 < hours <= _MAX_DAYS * 24:
        raise click.BadParameter(f"{text!r} is no such time; write 12h or 90d, at most {_MAX_DAYS}d", param_hint=option)
    return datetime.timedelta(hours=hours)


def _moment(text: str | None) -> datetime.datetime:
    if text is None:
        return datetime.datetime.now(datetime.UTC)
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.UTC)
        except ValueError:
            continue
    raise click.BadParameter(f"{text!r} is no moment; write 2026-11-26 or 2026-11-26T10:00:00Z", param_hint="--date")


def _ask_passphrase() -> str | None:
    if not sys.stdin.isatty():
        return None
    found: str = click.prompt("Passphrase of the key", hide_input=True, err=True)
    return found
