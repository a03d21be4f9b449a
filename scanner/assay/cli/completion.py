"""`assay completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script for SHELL; source it from your shell's start file."""
    from click.shell_completion import get_completion_class

    from assay.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "assay", "_ASSAY_COMPLETE").source())
    return 0
