"""Scan several targets by one policy: each its own result, one summary, the worst exit code."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from assay.attempt import attempt
from assay.cli.outputs import Output, parse_outputs, same_file
from assay.model.errors import EXIT_INTERRUPTED, EXIT_NOT_ASSESSED, EXIT_OK, AssayError, InvalidInput
from assay.model.visible import visible

if TYPE_CHECKING:
    from assay.engine.catalogue import Catalogue
    from assay.engine.scan import ScanRequest
    from assay.reports.summary import Row
    from assay_policies.load import LoadedPolicy

SUMMARY = "summary"
"""The one output that is written once for all targets."""
NAME = "{name}"


class Judging(NamedTuple):
    """What is the same for every target."""

    request: ScanRequest
    """Its path is that of no target."""
    catalogue: Catalogue
    loaded: LoadedPolicy
    baseline: Path | None
    """May hold `{name}`."""
    quiet: bool


class _Target(NamedTuple):
    path: Path
    name: str
    """Empty where the manifest could not be read."""
    slug: str
    """What stands for `{name}` in the paths of its reports."""
    outputs: tuple[Output, ...] = ()
    code: int = EXIT_OK
    problem: str = ""


def is_for_many(targets: Sequence[Path], outputs: Sequence[str]) -> bool:
    """Say whether there are several targets, or an output that is made for several."""
    return len(targets) > 1 or any(NAME in value or value.partition("=")[0] == SUMMARY for value in outputs)


def scan_many(paths: Sequence[Path], outputs: Sequence[str], judging: Judging) -> int:
    """Scan each target in its turn, whatever becomes of the others; write the reports; return the worst exit code.

    Raises:
        InvalidInput: a report of several targets has one path, or two targets have one name.
    """
    from assay.reports.summary import Row, worst

    summaries = [value for value in outputs if value.partition("=")[0] == SUMMARY]
    goals = [_summary_path(value) for value in summaries]
    reports = [value for value in outputs if value not in summaries]
    if len(paths) > 1:
        _check_templates(reports, judging.baseline, len(paths))
    targets = _with_outputs([_look(path) for path in paths], reports, goals)
    rows: list[Row] = []
    for index, target in enumerate(targets):
        if sys.stderr.isatty() and not judging.quiet:
            click.echo(f"{index + 1}/{len(targets)} {visible(str(target.path))}", err=True)
        try:
            rows.append(_one(target, judging, full=len(targets) == 1))
        except KeyboardInterrupt:
            rows.append(Row(str(target.path), target.name, EXIT_INTERRUPTED, None, "interrupted before it was judged"))
        if rows[-1].code == EXIT_INTERRUPTED:
            break
    rows += [
        Row(str(left.path), left.name, EXIT_INTERRUPTED, None, "not scanned, the scan was interrupted")
        for left in targets[len(rows) :]
    ]
    code = worst([row.code for row in rows])
    complete = _tell(rows, judging, goals, quiet=judging.quiet or len(targets) == 1)
    return code if complete or code != EXIT_OK else EXIT_NOT_ASSESSED


def plan_many(paths: Sequence[Path], judging: Judging) -> int:
    """Print the plan of each target; return the worst exit code."""
    from assay.cli.dry_run import print_plan
    from assay.reports.summary import worst

    codes = []
    for path in paths:
        try:
            codes.append(print_plan(replace(judging.request, path=path), judging.catalogue, judging.loaded))
        except AssayError as error:
            click.echo(f"assay: {error}", err=True)
            codes.append(error.exit_code)
    return worst(codes)


def _one(target: _Target, judging: Judging, *, full: bool) -> Row:
    """Scan one target; `full` prints its whole report, as where it is the only one."""
    from assay.cli.baseline import load_baseline
    from assay.cli.scan import scan_one
    from assay.reports.summary import Row

    shown = str(target.path)
    said = judging.quiet or full
    if target.code != EXIT_OK:
        _say(target.problem, said)
        return Row(shown, target.name, target.code, None, target.problem)

    def scan() -> Row:
        baseline = judging.baseline
        named = None if baseline is None else Path(str(baseline).replace(NAME, target.slug))
        earlier = load_baseline(named, judging.loaded)
        request = replace(judging.request, path=target.path)
        quiet = judging.quiet or not full
        result, code = scan_one(request, judging.catalogue, judging.loaded, earlier, target.outputs, quiet)
        return Row(shown, target.name, code, result)

    tried = attempt(scan)
    if tried.value is not None:
        return tried.value
    known = isinstance(tried.error, AssayError)
    problem = str(tried.error) if known else f"{shown}: {tried.sentence}; this is a defect, please report it"
    _say(problem, said)
    code = tried.error.exit_code if isinstance(tried.error, AssayError) else EXIT_NOT_ASSESSED
    return Row(shown, target.name, code, None, problem)


def _say(problem: str, wanted: bool) -> None:
    """Say on stderr what the table would say."""
    if wanted:
        click.echo("\n".join(visible(line) for line in f"assay: {problem}".split("\n")), err=True)


def _tell(rows: Sequence[Row], judging: Judging, goals: Sequence[str], *, quiet: bool) -> bool:
    """Print the table and write the summaries; return whether all could be written."""
    from assay.reports.summary import markdown, terminal
    from assay.reports.write import write_pieces

    policy = judging.loaded.policy.id
    if not quiet:
        click.echo("".join(terminal(rows, policy)), nl=False, err="-" in goals)
    complete = True
    for goal in goals:
        if goal == "-":
            click.echo("".join(markdown(rows, policy)), nl=False)
            continue
        try:
            write_pieces(markdown(rows, policy), goal)
        except AssayError as error:
            click.echo(f"assay: {error}", err=True)
            complete = False
    return complete


def _look(path: Path) -> _Target:
    """Return a target with its name: of a manifest what it says, of a bare path the path."""
    from assay.targets.resolve import resolve

    try:
        resolved = resolve(path)
    except AssayError as error:
        return _Target(path, "", _slug(str(path)), code=error.exit_code, problem=str(error))
    name = resolved.manifest.name
    return _Target(path, name, _slug(str(path) if resolved.bare else name))


def _slug(name: str) -> str:
    """Return `name` as a part of a file name: letters, digits, `.`, `_` and `-`, no path."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:100] or "target"


def _summary_path(value: str) -> str:
    path = value.partition("=")[2]
    if not path or NAME in path:
        raise InvalidInput(f"-o {value}: there is one summary of all targets; name one file, such as summary.md")
    parse_outputs([f"markdown={path}"])  # the checks of every report: is there a folder, may it be written
    return path


def _check_templates(reports: Sequence[str], baseline: Path | None, how_many: int) -> None:
    for value in reports:
        form, _, path = value.partition("=")
        if NAME not in path:
            better = Path(path).with_name(f"{NAME}{Path(path).suffix}") if path not in ("", "-") else f"{NAME}.json"
            raise InvalidInput(
                f"-o {value}: {how_many} targets would be written to one place; put {NAME} into the path, such as "
                f"-o '{form}={better}'"
            )
    if baseline is not None and NAME not in str(baseline):
        raise InvalidInput(
            f"--baseline {visible(str(baseline))}: {how_many} targets cannot share a baseline; put {NAME} into it"
        )


def _with_outputs(targets: Sequence[_Target], reports: Sequence[str], goals: Sequence[str]) -> list[_Target]:
    """Give each target its reports; no two may be the same file.

    Raises:
        InvalidInput: a target is given twice, two have one name, or a path that cannot be written.
    """
    seen: dict[str, _Target] = {}
    for target in targets:
        keys = [f"path {target.path}"]
        if reports or (target.name and target.path.name != target.name):
            keys.append(f"name {target.slug.casefold()}")
        for key in keys:
            other = seen.setdefault(key, target)
            if other is not target:
                raise InvalidInput(_alike(other, target))
    found = [
        target._replace(outputs=tuple(parse_outputs([value.replace(NAME, target.slug) for value in reports])))
        for target in targets
    ]
    paths = [output.path for target in found for output in target.outputs] + list(goals)
    twice = same_file([path for path in paths if path != "-"])
    if twice is not None:
        raise InvalidInput(f"-o: {visible(twice)} would be written twice; give each report its own path")
    return found


def _alike(one: _Target, other: _Target) -> str:
    first, second = visible(str(one.path)), visible(str(other.path))
    if first == second:
        return f"{first}: is given twice; name each target once"
    return (
        f"{first} and {second}: both have the name {visible(other.name or other.slug)!r}, so their reports and "
        "findings could not be told apart; give each its own `name`"
    )
