"""The `assay` command: a table of commands, each imported when it is called."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys

import click

from assay.attempt import attempt, describe
from assay.model.errors import EXIT_INTERRUPTED, EXIT_NOT_ASSESSED, EXIT_USAGE, AssayError
from assay.model.visible import visible
from assay.version import __version__

_COMMANDS = {
    "scan": ("assay.cli.scan:scan", "Scan a manifest, a model file, a log file or a folder, and judge it."),
    "judge": (
        "assay.cli.judge:judge",
        "Judge a saved result by another policy; needs neither model nor data.",
    ),
    "report": ("assay.cli.report:report", "Write a saved result in other formats."),
    "diff": ("assay.cli.diff:diff", "Compare two saved results: new, worse, same, better, gone."),
    "waive": ("assay.cli.waive:waive", "Accept or reject a finding in a policy, with a reason and until a day."),
    "waivers": ("assay.cli.waivers:waivers", "List the waivers of a policy."),
    "attest": ("assay.cli.attest:attest", "Sign the verdict of a saved result."),
    "verify": ("assay.cli.verify:verify", "Check that a signed, unexpired pass exists for this very model."),
    "artifact": ("assay.cli.artifact:artifact", "List what a model file holds; say what would have to be trusted."),
    "explain": ("assay.cli.explain:explain", "Explain a detector, a rule or a finding in plain words."),
    "init": ("assay.cli.init:init", "Write an assay.yaml by looking at a folder."),
    "detectors": ("assay.cli.detectors:detectors", "List the installed detectors."),
    "policy": ("assay.cli.policy:policy", "Check, explain, compare and test policies; print the JSON Schemas."),
    "cache": ("assay.cli.cache:cache", "Show or clear the store of results."),
    "completion": ("assay.cli.completion:completion", "Print the shell completion script."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a scan's life."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the near miss for an unknown command."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            from assay.model.near import closest

            hit = closest(name, _COMMANDS)
            hint = f" Did you mean '{hit}'?" if hit else " See 'assay --help'."
            raise click.UsageError(f"No such command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="assay")
def cli() -> None:
    """Measure a machine-learning model's integrity before release, judge it by a written policy.

    \b
    Exit codes: 0 gate open, 1 policy violated, 2 usage or file invalid,
    3 could not assess, 4 inconclusive and the policy blocks on that,
    5 only expired or void waivers block, 130 interrupted.
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit with its code; errors are one sentence on stderr."""
    gc.freeze()
    gc.set_threshold(50_000)  # classes are made by the hundred at start, and none of them is garbage
    code = run(argv)
    for stream in (sys.stdout, sys.stderr):
        # A pipe that nobody reads must not change the code when the interpreter flushes it at the end.
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1 if stream is sys.stdout else 2)
    sys.exit(code)


def run(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code; whatever happens, it is one of those that the help names."""
    try:
        tried = attempt(lambda: cli.main(args=argv, prog_name="assay", standalone_mode=False))
    except KeyboardInterrupt:
        return _say("interrupted", EXIT_INTERRUPTED)
    error = tried.error
    match error:
        case None:
            return tried.value if isinstance(tried.value, int) else 0
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort():
            return _say("interrupted", EXIT_INTERRUPTED)
        case click.ClickException():
            return _say(error.format_message(), EXIT_USAGE)
        case AssayError():
            return _say(str(error), error.exit_code)
        case SystemExit():
            return EXIT_NOT_ASSESSED  # click's answer to a pipe that nobody reads: nothing was decided, nobody listens
        case OSError():
            return _say(f"cannot write to standard output ({describe(error)})", EXIT_NOT_ASSESSED)
        case _:
            return _say(f"{tried.sentence}; this is a defect, please report it", EXIT_NOT_ASSESSED)


def _say(sentence: str, code: int) -> int:
    """Write one sentence to stderr, where it can be written, and return `code`."""
    lines = "\n".join(visible(line) for line in sentence.split("\n"))
    with contextlib.suppress(OSError, AttributeError, ValueError):
        print(f"assay: {lines}", file=sys.stderr, flush=True)
    return code
