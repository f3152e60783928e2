"""The options that every command has, before the command's name or after it.

This file decides what they are called, and how a plain function becomes a command that has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, cleandoc, signature
from typing import Annotated, Any

import click

from context_manager.cli.invocation import DB_VARIABLE, DEFAULT_DB, Invocation, Surroundings
from context_manager.cli.outcome import code_of, tell
from context_manager.cli.parameters import HELP_STYLE, SHARED_PANEL, Face, Option, declared
from context_manager.errors import ContextManagerError


def _shared(name: str, kind: Any, meaning: str, metavar: str | None = None) -> Parameter:
    annotation = Annotated[
        kind, Option(f"--{name}", help=meaning, metavar=metavar, panel=SHARED_PANEL)
    ]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


SHARED: tuple[Parameter, ...] = (
    _shared(
        "db",
        str,
        f"The store: a file, or postgresql://... Default: ${DB_VARIABLE}, else {DEFAULT_DB}.",
        "PLACE",
    ),
    _shared("user", str, "Whose memory.", "ID"),
    _shared("session", str, "Which conversation.", "ID"),
    _shared("agent", str, "Which agent remembers.", "ID"),
    _shared("tenant", str, "Which customer.", "ID"),
    _shared("json", bool, "Answer, and fail, with JSON."),
)

TAKING = tuple(f"--{option.name}" for option in SHARED if option.name != "json")
"""Those of them that a value follows."""


@click.pass_context
def keep_options(ctx: click.Context, /, **given: Any) -> None:
    """Keep the options that stand before the command, for the command to find."""
    surroundings = ctx.obj if isinstance(ctx.obj, Surroundings) else Surroundings()
    ctx.obj = _Before(surroundings, given)


@dataclass(frozen=True, slots=True)
class _Before:
    surroundings: Surroundings
    options: Mapping[str, Any]


def as_command(name: str, run: Callable[..., None], face: Face) -> click.Command:
    """A command from a function of an `Invocation` and its own options.

    The command also has the shared options, and an error of ours ends it with one line and the
    exit code that belongs to it.
    """
    own = list(signature(run, eval_str=True).parameters.values())[1:]
    shared = [parameter.name for parameter in SHARED]

    @click.pass_context
    def command(ctx: click.Context, /, **given: Any) -> None:
        here = {name: given.pop(name) for name in shared}
        several = {name: [*value] for name, value in given.items() if isinstance(value, tuple)}
        before: _Before = ctx.obj
        options = {
            name: before.options[name] if value in (None, False) else value
            for name, value in here.items()
        }
        call = Invocation.of(options, before.surroundings)
        try:
            run(call, **{**given, **several})
        except (ContextManagerError, KeyboardInterrupt) as error:
            tell(error, as_json=call.json)
            raise click.exceptions.Exit(code_of(error)) from error

    return face.command(
        name,
        callback=command,
        params=[declared(parameter, face) for parameter in (*own, *SHARED)],
        help=cleandoc(run.__doc__ or ""),
        context_settings=face.explained(**HELP_STYLE),
        **face.parted({}),
    )
