"""The options that every command has, before the command's name or after it.

This file decides what they are called, and how a plain function becomes a command that has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from context_manager.cli.invocation import DB_VARIABLE, DEFAULT_DB, Invocation, Surroundings
from context_manager.cli.outcome import code_of, tell
from context_manager.errors import ContextManagerError

PANEL = "Where and whose (may also stand before the command)"


def _option(name: str, kind: Any, *flags: str, **more: Any) -> Parameter:
    annotation = Annotated[kind, typer.Option(*flags, rich_help_panel=PANEL, **more)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


SHARED: tuple[Parameter, ...] = (
    _option(
        "db",
        str | None,
        "--db",
        metavar="PLACE",
        help=f"The store: a file, or postgresql://... Default: ${DB_VARIABLE}, else {DEFAULT_DB}.",
    ),
    _option("user", str | None, "--user", metavar="ID", help="Whose memory."),
    _option("session", str | None, "--session", metavar="ID", help="Which conversation."),
    _option("agent", str | None, "--agent", metavar="ID", help="Which agent remembers."),
    _option("tenant", str | None, "--tenant", metavar="ID", help="Which customer."),
    _option("json", bool | None, "--json", show_default=False, help="Answer, and fail, with JSON."),
)

TAKING = tuple(f"--{option.name}" for option in SHARED if option.name != "json")
"""Those of them that a value follows."""


def keep_options(ctx: typer.Context, given: Mapping[str, Any]) -> None:
    """Keep the options that stand before the command, for the command to find."""
    surroundings = ctx.obj if isinstance(ctx.obj, Surroundings) else Surroundings()
    ctx.obj = _Before(surroundings, dict(given))


@dataclass(frozen=True, slots=True)
class _Before:
    surroundings: Surroundings
    options: Mapping[str, Any]


def with_shared(*before: Parameter) -> Signature:
    """A signature of these parameters and the shared ones."""
    context = Parameter("ctx", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    return Signature([context, *before, *SHARED])


def adopt(function: Callable[..., Any], face: Signature) -> Callable[..., Any]:
    """Give ``function`` the signature that the command line reads its options from."""
    function.__signature__ = face  # type: ignore[attr-defined]
    function.__annotations__ = {name: item.annotation for name, item in face.parameters.items()}
    return function


def as_command(run: Callable[..., None]) -> Callable[..., None]:
    """A command from a function of an `Invocation` and its own options.

    The command also has the shared options, and an error of ours ends it with one line and the
    exit code that belongs to it.
    """
    own = list(signature(run, eval_str=True).parameters.values())[1:]
    shared = [parameter.name for parameter in SHARED]

    def command(ctx: typer.Context, **given: Any) -> None:
        here = {name: given.pop(name) for name in shared}
        before: _Before = ctx.obj
        options = {
            name: before.options[name] if value is None else value for name, value in here.items()
        }
        call = Invocation.of(options, before.surroundings)
        try:
            run(call, **given)
        except (ContextManagerError, KeyboardInterrupt) as error:
            tell(error, as_json=call.json)
            raise typer.Exit(code_of(error)) from error

    command.__name__, command.__doc__ = run.__name__, run.__doc__
    return adopt(command, with_shared(*own))
