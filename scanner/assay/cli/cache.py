"""`assay cache`: what the store of results holds, and emptying it."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from assay.model.errors import EXIT_OK

if TYPE_CHECKING:
    from assay.engine.store import Store


@click.group()
def cache() -> None:
    """Look at the store of results, or empty it.

    The store is the file that ASSAY_CACHE names, else assay/store.sqlite in your folder for caches.
    """


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON; times are seconds since 1970.")
def info(as_json: bool) -> int:
    """Say where the store is, how many results it holds, and since when."""
    import json

    from assay.engine.store import StoreInfo, default_path

    path = default_path()
    found = StoreInfo(path, 0, 0, None)
    if os.path.lexists(path):
        with closing(_open()) as store:
            found = store.info()
    if as_json:
        click.echo(json.dumps({**found._asdict(), "path": str(found.path)}))
        return EXIT_OK
    oldest = "none" if found.oldest is None else f"{datetime.fromtimestamp(found.oldest, UTC):%Y-%m-%d %H:%M} UTC"
    click.echo(f"store    {found.path}\nentries  {found.entries:,}\nsize     {found.bytes:,} bytes\noldest   {oldest}")
    return EXIT_OK


@cache.command()
def clear() -> int:
    """Delete every stored result; the whole file, where it is damaged or of another version."""
    from assay.engine.store import StoreProblem, default_path, remove

    path = default_path()
    if not os.path.lexists(path):
        click.echo(f"{path}: does not exist, so there is nothing to clear")
        return EXIT_OK
    try:
        with closing(_open()) as store:
            size = store.info().bytes
            count = store.clear()
    except StoreProblem as problem:
        if not problem.clearable:
            raise
        size = remove(path)
        click.echo(f"{path}: deleted the whole file, {size:,} bytes, because {problem.what}")
        return EXIT_OK
    click.echo(f"{path}: deleted {count:,} {'entry' if count == 1 else 'entries'}, {size:,} bytes")
    return EXIT_OK


def _open() -> Store:
    import time

    from assay.engine.store import Store, default_path

    return Store.open(default_path(), now=time.time())
