"""`assay artifact`: look into one model file, and say what would have to be trusted for it to pass."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.model.errors import EXIT_NOT_ASSESSED, EXIT_OK, EXIT_VIOLATED, InvalidInput, NotAssessed

if TYPE_CHECKING:
    from assay.targets.trust import Trust

_LIST = "assay_detectors.artifact.listing:list_file"
_PROPOSE = "assay_detectors.artifact.listing:propose"
_trust_option = click.option(
    "--trust", "trust_files", type=click.Path(path_type=Path), multiple=True, help="A trust file; repeatable."
)


@click.group()
def artifact() -> None:
    """Look into a model file without loading it.

    The file is read in a sealed worker; nothing in it is run or imported.
    """


@artifact.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_trust_option
@click.option("--all", "everything", is_flag=True, help="Show every row of long listings.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every row.")
def inspect(files: Sequence[Path], trust_files: Sequence[Path], everything: bool, as_json: bool) -> int:
    """List what FILES contain, import and call, at which byte, and what of it is trusted.

    Judges nothing: exit code 0 when every file was looked at, 2 for a path or trust file that is not valid, 3 when a
    file could not be opened.
    """
    from assay.cli.listing import checked, print_listing

    trust = _trust(trust_files)
    code, found = EXIT_OK, []
    for path in files:
        try:
            value, seal = _ask(path, _LIST, trust)
            reading = {"file": str(path)} | checked(value) | {"sandbox": list(seal)}
        except NotAssessed as error:
            code = EXIT_NOT_ASSESSED
            click.echo(f"assay: {error}", err=True)
            continue
        if as_json:
            found.append(reading)
        else:
            print_listing(reading, everything)
    if as_json:
        import json

        click.echo(json.dumps({"files": found}, indent=1))
    return code


@artifact.command()
@click.argument("file", type=click.Path(path_type=Path))
@_trust_option
@click.option("--write", "goal", type=click.Path(path_type=Path), help="Add the entries to this trust file as well.")
@click.option("--reason", default="", help="Why the names are harmless; needed with --write.")
@click.option("--by", default="", help="Who says so; needed with --write.")
def trust(file: Path, trust_files: Sequence[Path], goal: Path | None, reason: str, by: str) -> int:
    """Print what would have to be trusted for FILE to be clean, as a trust file for `assay scan --trust`.

    Each name comes with the least power that the file needs. Nothing is trusted until you scan with the file; nothing
    is written without --write. Exit code 0 when FILE would then be clean (or is already), 1 when it would not, because
    it needs what can never be trusted or cannot be read to its end, 2 for wrong usage, 3 when it could not be opened.
    """
    from assay.cli.trust_words import block, checked, proposals, remarks
    from assay.model.visible import visible

    if goal is not None and not (reason.strip() and by.strip()):
        raise InvalidInput("--write needs --reason TEXT and --by NAME: somebody must answer for what is trusted")
    if not (reason + by).isprintable():
        raise InvalidInput("--reason and --by must be one line of printable text")
    if goal is not None:
        _trust([goal] if goal.exists() else [])  # before the work, so that a broken one is told at once
    value, _ = _ask(file, _PROPOSE, _trust(trust_files))
    found = checked(value)
    for line in remarks(str(file), found):
        click.echo(line, err=True)
    if found["names"]:
        click.echo(block(str(file), found, reason, by), nl=False)
    if goal is not None and found["names"]:
        from assay.targets.trust import append_trust

        added = append_trust(goal, proposals(found), reason, by)
        click.echo(f"assay: added {added} of {len(found['names'])} to {visible(str(goal))}", err=True)
    return EXIT_OK if found["clean"] else EXIT_VIOLATED


@artifact.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with sizes and the digest of the whole.")
@click.option("-o", "--output", "goal", type=click.Path(path_type=Path), help="Write here; outside the folder.")
def manifest(path: Path, as_json: bool, goal: Path | None) -> int:
    """List the SHA-256 of a file, or of every file below a folder, as `sha256sum` does.

    Keep the list where whoever can change the files cannot change it, and name it in the `integrity` section of
    assay.yaml. Exit code 0 when it was printed, 2 for wrong usage, 3 when something could not be read.
    """
    from assay.model.errors import UnusableInput
    from assay.targets.published import write_manifest

    if not path.exists():
        raise NotAssessed(f"{path}: is not there; give a file or a folder")
    try:
        text = write_manifest(path, "json" if as_json else "sums")
    except UnusableInput as error:
        raise NotAssessed(str(error)) from None
    if not text:
        raise NotAssessed(f"{path}: holds no file, so there is nothing to list; give the folder of the release")
    if goal is None:
        click.echo(text, nl=False)
        return EXIT_OK
    if path.is_dir() and goal.resolve().is_relative_to(path.resolve()):
        raise InvalidInput(f"{goal}: lies within {path}, which would then hold a file that the list lacks")
    try:
        goal.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{goal}: cannot be written ({error.strerror}); give another path") from None
    return EXIT_OK


def _trust(paths: Sequence[Path]) -> Trust:
    import datetime

    from assay.targets.trust import load_trust

    found = load_trust(paths, datetime.datetime.now(datetime.UTC).date())
    for sentence in found.ended:
        click.echo(f"assay: {sentence}", err=True)
    return found


def _ask(path: Path, work: str, trust: Trust) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what the worker says of a file, and its seal."""
    from assay.engine.one_file import ask_about
    from assay.engine.scan import memory_share

    done = ask_about(path, work, memory_share(1), trust=trust.plain)
    if not isinstance(done.value, dict):
        raise NotAssessed(f"{path}: the worker's answer has an unknown form")
    if any(line.startswith("not held") for line in done.seal) and sys.stderr is not None:
        click.echo(f"assay: the worker was not sealed completely ({done.seal[-1]})", err=True)
    return done.value, done.seal
