"""How a parameter of a function becomes one of the command line.

This file decides what its annotation means, and with which classes a command is made: those of
click, or, where help is asked for, those that show it in panels. It knows no command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, get_args, get_origin

import click

SHARED_PANEL = "Where and whose (may also stand before the command)"
"""The part of the help where the options stand that every command has."""


@dataclass(frozen=True, slots=True)
class Argument:
    """In an annotation: a value that is known by its place."""

    help: str
    metavar: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Option:
    """In an annotation: a value that is known by its name; of a bool, the name alone.

    Args:
        flags: Its names: "--budget", "-b".
        help: What it means.
        metavar: What stands for its value in help.
        min, max: Bounds of a number, inclusive.
        panel: Part of the help where it stands, if not among the others.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str | None
    bounds: tuple[float | None, float | None]
    panel: str | None

    def __init__(
        self,
        *flags: str,
        help: str,
        metavar: str | None = None,
        min: float | None = None,
        max: float | None = None,
        panel: str | None = None,
    ) -> None:
        given = {"flags": flags, "help": help, "metavar": metavar, "bounds": (min, max)}
        for name, value in {**given, "panel": panel}.items():
            object.__setattr__(self, name, value)


class Face(NamedTuple):
    """The classes a program is made of.

    Args:
        group, command, option, argument: As click calls them.
        parts: Where these show help in parts: makes the parts, from the names of commands by the
            title of theirs; None where they do not.
    """

    group: type[click.Group]
    command: type[click.Command]
    option: type[click.Option]
    argument: type[click.Argument]
    parts: Callable[[Mapping[str, Sequence[str]]], dict[str, Any]] | None = None

    def explained(self, **details: Any) -> dict[str, Any]:
        """Keywords that only those classes know that show help in parts."""
        return {} if self.parts is None else details

    def parted(self, commands: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The keywords of a command or group that part its help."""
        return {} if self.parts is None else self.parts(commands)


HELP_STYLE = {"rich_help_config": {"padding_helptext_first_line": (0, 0, 1, 0)}}
"""How it is shown, as settings of the program's context."""

PLAIN = Face(click.Group, click.Command, click.Option, click.Argument)


def showing_help() -> Face:
    """The classes that show help in parts; imported only then."""
    from rich_click import (
        RichArgument,
        RichCommand,
        RichCommandPanel,
        RichGroup,
        RichOption,
        RichOptionPanel,
    )

    def parts(commands: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        return {
            "panels": [
                RichOptionPanel("Arguments", column_types=["required", "opt_long", "help"]),
                RichOptionPanel("Options"),
                RichOptionPanel(SHARED_PANEL),
                *(RichCommandPanel(title, commands=[*names]) for title, names in commands.items()),
            ]
        }

    return Face(RichGroup, RichCommand, RichOption, RichArgument, parts)


def declared(parameter: Parameter, face: Face) -> click.Parameter:
    """What a parameter with an annotated `Argument` or `Option` is on the command line."""
    annotated, mark = get_args(parameter.annotation)
    kind, many = _plain(annotated)
    required = parameter.default is Parameter.empty
    default = {} if required or many else {"default": parameter.default}
    if isinstance(mark, Argument):
        return face.argument(
            [parameter.name],
            type=_type(kind, (None, None)),
            nargs=-1 if many else 1,
            required=required,
            **default,
            metavar=mark.metavar,
            **face.explained(help=mark.help),
        )
    return face.option(
        [parameter.name, *mark.flags],
        type=_type(kind, mark.bounds),
        is_flag=kind is bool,
        multiple=many,
        **default,
        show_default=parameter.default not in (None, "") and kind is not bool,
        help=mark.help,
        metavar=mark.metavar,
        **face.explained(panel=mark.panel),
    )


def _plain(annotated: Any) -> tuple[type, bool]:
    """The type of one value, and whether there may be several."""
    if get_origin(annotated) is not list:
        annotated = next((part for part in get_args(annotated) if part is not NoneType), annotated)
    many = get_origin(annotated) is list
    return get_args(annotated)[0] if many else annotated, many


def _type(kind: type, bounds: tuple[float | None, float | None]) -> Any:
    if kind is Path:
        return click.Path(path_type=Path)
    if bounds == (None, None):
        return kind
    return (click.IntRange if kind is int else click.FloatRange)(*bounds)  # type: ignore[arg-type]
