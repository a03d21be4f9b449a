"""`-o FORMAT=PATH`: parsing, an early check that the path can be written, and writing at the end."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from assay.model.errors import AssayError, InvalidInput
from assay.model.evidence import Observation
from assay.model.result import ScanResult


class Output(NamedTuple):
    """One report to write."""

    format: str
    path: str
    """`-` is standard output."""


def parse_outputs(values: Sequence[str]) -> list[Output]:
    """Return the outputs that were asked for.

    Raises:
        InvalidInput: no such format, one that needs a library, no path, or a path that cannot be written.
    """
    from assay.documents.validate import near
    from assay.reports.registry import formats

    known = [entry.name for entry in formats()]
    outputs = []
    for value in values:
        name, separator, path = value.partition("=")
        if not separator or not path:
            raise InvalidInput(f"-o {value}: write it as FORMAT=PATH, such as -o json=result.json")
        if name not in known:
            raise InvalidInput(f"-o {value}: no such format{near(name, known)}; there are {', '.join(known)}")
        missing = next(entry.missing for entry in formats() if entry.name == name)
        if missing:
            raise InvalidInput(f"-o {value}: {missing}")
        _check_writable(value, path)
        outputs.append(Output(name, path))
    twice = same_file([output.path for output in outputs])
    if twice is not None:
        raise InvalidInput(f"-o: {twice} is named twice; give each report its own path")
    return outputs


def same_file(paths: Sequence[str]) -> str | None:
    """Return the first path that another one before it names too, in whatever spelling or through a link."""
    seen: set[str] = set()
    for path in paths:
        place = path if path == "-" else os.path.realpath(path)
        if place in seen:
            return path
        seen.add(place)
    return None


def _check_writable(value: str, path: str) -> None:
    if path == "-":
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise InvalidInput(f"-o {value}: the folder {folder} does not exist; make it first")
    if Path(path).is_dir():
        raise InvalidInput(f"-o {value}: is a folder; name a file in it")
    target = Path(path) if Path(path).exists() else folder
    if not os.access(target, os.W_OK):
        raise InvalidInput(f"-o {value}: cannot be written; check the permissions of {target}")


def write_outputs(outputs: Sequence[Output], result: ScanResult, observations: Iterable[Observation] = ()) -> bool:
    """Write each report; one that cannot be written is said on stderr and loses no other. Return whether all were."""
    from assay.reports.registry import chunks
    from assay.reports.write import write

    complete = True
    for output in outputs:
        if output.path == "-":
            for chunk in chunks(output.format, result, observations):
                click.echo(chunk, nl=False)
            continue
        try:
            write(result, output.format, output.path, observations)
        except AssayError as error:
            click.echo(f"assay: {error}", err=True)
            complete = False
    return complete


def print_terminal(result: ScanResult, outputs: Sequence[Output]) -> None:
    """Print the terminal report, unless standard output already carries another one.

    Where it cannot be written (a closed pipe, a full disk) the verdict and its exit code stay what they are.
    """
    import io

    from rich.console import Console

    from assay.reports.terminal import print_result

    stream = sys.stderr if any(output.path == "-" for output in outputs) else sys.stdout
    if stream is None:  # the user closed it
        return
    real = Console(file=stream, highlight=False)
    text = io.StringIO()
    console = Console(
        file=text,
        highlight=False,
        width=real.width,
        force_terminal=real.is_terminal,
        no_color=real.no_color,
        color_system=real.color_system,  # type: ignore[arg-type]
        legacy_windows=False,
    )
    print_result(result, console)
    with contextlib.suppress(OSError):
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.getvalue().encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
