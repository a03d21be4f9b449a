"""Progress on stderr: a rich bar per detector on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that is told (detector id, done, of)."""
    if quiet or not sys.stderr.isatty():
        yield lambda detector, done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}

        def tell(detector: str, done: int, of: int) -> None:
            if detector not in tasks:
                tasks[detector] = bars.add_task(detector, total=max(of, 1))
            bars.update(tasks[detector], completed=done, total=max(of, 1))  # type: ignore[arg-type]

        yield tell
