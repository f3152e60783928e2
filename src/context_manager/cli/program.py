"""The program: its commands, its global options, and how it is started.

This file decides what there is and in which order help shows it; each command stands elsewhere, and
only the one that is asked for is imported.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import Parameter
from typing import Annotated, Any, NamedTuple, NoReturn

import typer

from context_manager.cli.invocation import Surroundings
from context_manager.cli.options import TAKING, adopt, as_command, keep_options, with_shared
from context_manager.cli.outcome import EXIT_CODES, code_of, tell
from context_manager.errors import InputError

PROGRAM = "context-manager"
HELP = ("-h", "--help")


class Command(NamedTuple):
    """A command: its name, where in `commands` what runs stands, and its part of the help."""

    name: str
    place: str
    panel: str

    def run(self) -> Callable[..., None]:
        """What runs, imported now."""
        module, _, function = self.place.partition(".")
        loaded = import_module(f"context_manager.cli.commands.{module}")
        found: Callable[..., None] = getattr(loaded, function)
        return found


COMMANDS: tuple[Command, ...] = (
    Command("demo", "demonstrating.demo", "See it work"),
    Command("import", "filling.import_", "Remember"),
    Command("add", "keeping.add", "Remember"),
    Command("pin", "keeping.pin", "Remember"),
    Command("unpin", "keeping.unpin", "Remember"),
    Command("context", "asking.context", "Ask"),
    Command("query", "asking.query", "Ask"),
    Command("chat", "chatting.chat", "Ask"),
    Command("list", "looking.list_", "Look"),
    Command("show", "looking.show", "Look"),
    Command("stats", "looking.stats", "Look"),
    Command("expand", "tracing.expand", "Look"),
    Command("replay", "tracing.replay", "Look"),
    Command("forget", "keeping.forget", "Forget"),
    Command("revert", "tracing.revert", "Forget"),
    Command("sweep", "tending.sweep", "Forget"),
    Command("receipts", "tracing.receipts", "Forget"),
    Command("eval", "evaluating.eval_", "Keep well"),
    Command("doctor", "tending.doctor", "Keep well"),
    Command("verify", "tending.verify", "Keep well"),
    Command("repair", "tending.repair", "Keep well"),
    Command("backup", "tending.backup", "Keep well"),
    Command("restore", "tending.restore", "Keep well"),
    Command("export", "tracing.export", "Keep well"),
    Command("migrate", "moving.migrate", "Keep well"),
    Command("reembed", "tending.reembed", "Keep well"),
    Command("serve", "serving.serve", "Serve"),
    Command("prepare", "working.prepare", "Serve"),
    Command("worker", "working.worker", "Serve"),
    Command("mcp", "serving.mcp", "Serve"),
    Command("keys", "serving.keys", "Serve"),
)


def _epilog() -> str:
    meanings: dict[int, str] = {}
    for row in EXIT_CODES:
        meanings.setdefault(row.code, row.meaning)
    told = "; ".join(f"{code} {meanings[code]}" for code in sorted(meanings))
    return f"Exit codes: {told}."


def _version(asked: bool) -> None:
    if asked:
        from context_manager import __version__

        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


_VERSION = Parameter(
    "version",
    Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ],
)


def _entry(ctx: typer.Context, **given: Any) -> None:
    """Memory for LLM agents: import chats, ask, and see the prompt that is built from them."""
    given.pop(_VERSION.name)
    keep_options(ctx, given)


def named_by(arguments: Sequence[str]) -> Sequence[Command]:
    """The command that the arguments name; all commands where help is asked for, or none named."""
    rest = iter(arguments)
    for argument in rest:
        if argument in TAKING:
            next(rest, None)
        elif argument in HELP:
            break
        elif not argument.startswith("-"):
            return [command for command in COMMANDS if command.name == argument] or COMMANDS
    return COMMANDS


def build_app(commands: Sequence[Command] = COMMANDS) -> typer.Typer:
    """The program with these commands."""
    app = typer.Typer(
        name=PROGRAM,
        epilog=_epilog(),
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": list(HELP)},
    )
    app.callback()(adopt(_entry, with_shared(_VERSION)))
    for command in commands:
        app.command(command.name, rich_help_panel=command.panel)(as_command(command.run()))
    return app


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave; see `context_manager.cli.main`."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe of another encoding gets escapes for what it cannot hold.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = outcome(given or ["--help"], Surroundings(environment=os.environ))
        sys.stdout.flush()
    except OSError as error:  # mostly what the answer is written to: a full disk, a closed pipe
        if not isinstance(error, BrokenPipeError):
            tell(error, as_json="--json" in given)
        code = code_of(error)
        # What is still held back would be tried, and fail, once more on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def outcome(arguments: Sequence[str], surroundings: Surroundings) -> int:
    """Run the program with these arguments.

    Returns:
        The exit code; whatever went wrong has been told.
    """
    try:
        app = build_app(named_by(arguments))
        code = app(arguments, prog_name=PROGRAM, obj=surroundings, standalone_mode=False)
    except _UsageError as error:
        wrong = InputError(f"{error.format_message()} See {PROGRAM} --help.")
        tell(wrong, as_json="--json" in arguments)
        return code_of(wrong)
    except typer.Abort:
        # The end of input, or an interrupt, where a question was asked.
        tell(KeyboardInterrupt("interrupted"), as_json="--json" in arguments)
        return code_of(KeyboardInterrupt())
    return code if isinstance(code, int) else 0


# What a wrong option raises; Typer gives it no name of its own.
_UsageError: Any = typer.BadParameter.__base__
