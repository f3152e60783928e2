"""How a call ends: the exit code of each kind of error, and the one line that tells of it.

This file decides codes and wording; it knows no command.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import click

from context_manager.cli.text import harmless
from context_manager.errors import (
    BudgetError,
    ConfigError,
    ContextManagerError,
    ImportFormatError,
    InputError,
    NotFoundError,
    StoreError,
)


class ExitCode(NamedTuple):
    """A number, the error that leads to it (None where it is not an error of ours), its meaning."""

    code: int
    error: type[BaseException] | None
    meaning: str


EXIT_CODES: tuple[ExitCode, ...] = (
    ExitCode(0, None, "done"),
    ExitCode(3, NotFoundError, "no such store, memory or user"),
    ExitCode(4, BudgetError, "the input does not fit into the budget"),
    ExitCode(5, ImportFormatError, "a file cannot be imported; nothing was"),
    ExitCode(6, StoreError, "the store failed; what it held is still there"),
    ExitCode(2, InputError, "the call is wrong: an option, or a value"),
    ExitCode(2, ConfigError, "the call is wrong: an option, or a value"),
    ExitCode(1, ContextManagerError, "another error, told in one line"),
    ExitCode(130, KeyboardInterrupt, "interrupted"),
)
"""The first row whose error fits decides."""


def code_of(error: BaseException) -> int:
    """The exit code for an error."""
    for row in EXIT_CODES:
        if row.error is not None and isinstance(error, row.error):
            return row.code
    return 1


def tell(error: BaseException, *, as_json: bool) -> None:
    """Write the error to standard error in one line, for people or for programs."""
    message = " ".join(str(error).split()) or "interrupted"
    if as_json:
        kind, code = type(error).__name__, code_of(error)
        told = {"error": kind, "message": message, "exit_code": code}
        click.echo(json.dumps(told, ensure_ascii=False), err=True)
        return
    click.echo(f"{click.style('error:', fg='red', bold=True)} {harmless(message)}", err=True)
