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
from typing import NamedTuple, NoReturn

import click

from context_manager.cli.invocation import Surroundings, load_models
from context_manager.cli.options import SHARED, TAKING, as_command, keep_options
from context_manager.cli.outcome import EXIT_CODES, code_of, tell
from context_manager.cli.parameters import HELP_STYLE, PLAIN, Face, declared, showing_help
from context_manager.errors import InputError

PROGRAM = "context-manager"
HELP = ("-h", "--help")


class Command(NamedTuple):
    """A command: its name, where in `commands` what runs stands, and its part of the help."""

    name: str
    place: str
    part: str

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

_MEANING = "Memory for LLM agents: import chats, ask, and see the prompt that is built from them."


def _epilog() -> str:
    meanings: dict[int, str] = {}
    for row in EXIT_CODES:
        meanings.setdefault(row.code, row.meaning)
    told = "; ".join(f"{code} {meanings[code]}" for code in sorted(meanings))
    return f"Exit codes: {told}."


def _show_version(ctx: click.Context, option: click.Parameter, asked: bool) -> None:
    if asked:
        from context_manager import __version__

        click.echo(f"{PROGRAM} {__version__}")
        ctx.exit()


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


def build_app(commands: Sequence[Command] = COMMANDS, face: Face = PLAIN) -> click.Group:
    """The program with these commands, made of these classes."""
    version = face.option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the version.",
    )
    parts: dict[str, list[str]] = {}
    for command in commands:
        parts.setdefault(command.part, []).append(command.name)
    return face.group(
        PROGRAM,
        commands=[as_command(command.name, command.run(), face) for command in commands],
        callback=keep_options,
        params=[version, *(declared(parameter, face) for parameter in SHARED)],
        help=_MEANING,
        epilog=_epilog(),
        context_settings={"help_option_names": list(HELP), **face.explained(**HELP_STYLE)},
        **face.parted(parts),
    )


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and leave; see `context_manager.cli.main`."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe of another encoding gets escapes for what it cannot hold.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = outcome(given or ["--help"], Surroundings(environment=os.environ, warm=load_models))
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
        face = showing_help() if any(name in arguments for name in HELP) else PLAIN
        app = build_app(named_by(arguments), face)
        code = app.main([*arguments], prog_name=PROGRAM, obj=surroundings, standalone_mode=False)
    except click.UsageError as error:
        wrong = InputError(f"{error.format_message()} See {PROGRAM} --help.")
        tell(wrong, as_json="--json" in arguments)
        return code_of(wrong)
    except click.Abort:
        # The end of input, or an interrupt, where a question was asked.
        tell(KeyboardInterrupt("interrupted"), as_json="--json" in arguments)
        return code_of(KeyboardInterrupt())
    return code if isinstance(code, int) else 0
