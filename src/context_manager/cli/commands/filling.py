"""`import`: files of chats become memory, all of them or none.

This file decides whose memory a conversation becomes and in which portions it is stored. Every
file is read to its end before anything is stored; how is the importers' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from context_manager.cli.invocation import Invocation
from context_manager.cli.progress import Advance, progress
from context_manager.cli.text import harmless, month, plural
from context_manager.importing import FORMATS, ImportedTurn, ImportFile, as_one_user, read
from context_manager.records import DEFAULT_SCOPE

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

PORTION = 64
"""Turns stored and embedded at once; the progress bar moves by so many."""

SHOWN_USERS = 3
"""Users named in a row of the report; more are only counted."""

_NAMES = ", ".join(known.name for known in FORMATS)


def import_(
    call: Invocation,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of chats.")],
    format: Annotated[
        str, typer.Option("--format", "-f", help=f"auto tells by the content; or {_NAMES}.")
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check the files and say what they hold.")
    ] = False,
) -> None:
    """Remember the chats of files, with their times and speakers.

    Every file is checked to its end first; a fault in one of them imports nothing. A file with
    chats of several people becomes the memory of as many users, named after its conversations;
    --user puts all of them into one memory, and --session into one conversation.
    """
    read_files = [read(path, format) for path in files]
    if not dry_run:
        _store(call, read_files)
    data = {"imported": not dry_run, "files": [_data(call, file) for file in read_files]}
    call.answer(data, lambda out: _show(out, call, read_files, dry_run))


def _store(call: Invocation, files: list[ImportFile]) -> None:
    total = sum(file.turns for file in files)
    ids = {f"{name}_id": value for name, value in call.given.items() if name != "session"}
    with call.store(create=True) as root, progress(call, "importing", total) as advance:
        for file in files:
            for user, turns in groupby(_placed(call, file), key=lambda turn: turn.conversation_id):
                whose = {"user_id": user or None, **ids}
                store_turns(root.scoped(**whose), turns, advance)


def store_turns(manager: ContextManager, turns: Iterable[ImportedTurn], advance: Advance) -> None:
    """Store turns in portions, each embedded before the next.

    Args:
        manager: The manager in the user's scope.
        turns: What to store; their conversation is not looked at.
        advance: Called with the number of turns stored since the last call.
    """
    from context_manager.manager.observing import TurnInput

    remaining = iter(turns)
    while portion := list(islice(remaining, PORTION)):
        manager.observe_batch(
            TurnInput(turn.messages, turn.session_id, turn.timestamp, turn.metadata)
            for turn in portion
        )
        manager.engine.background.drain()
        advance(len(portion))


def _placed(call: Invocation, file: ImportFile) -> Iterator[ImportedTurn]:
    """The turns of a file, with user and session as the caller wants them."""
    turns: Iterable[ImportedTurn] = as_one_user(file) if "user" in call.given else file
    session = call.given.get("session")
    for turn in turns:
        yield turn if session is None else replace(turn, session_id=session)


def _users(call: Invocation, file: ImportFile) -> list[str]:
    """Whose memory each conversation of a file became."""
    forced = call.given.get("user")
    named = [forced or name or DEFAULT_SCOPE.user_id for name in file.conversations]
    return list(dict.fromkeys(named))


def _data(call: Invocation, file: ImportFile) -> dict[str, Any]:
    return {
        "file": file.path,
        "format": file.format,
        "users": _users(call, file),
        "sessions": file.sessions,
        "turns": file.turns,
        "messages": file.messages,
        "first": file.first,
        "last": file.last,
    }


def _show(out: Console, call: Invocation, files: list[ImportFile], dry_run: bool) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", overflow="fold", min_width=16)
    table.add_column("format", no_wrap=True)
    table.add_column("users", overflow="fold", min_width=16)
    for column in ("sessions", "messages"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("time", no_wrap=True)
    for file in files:
        table.add_row(
            harmless(Path(file.path).name),
            file.format,
            harmless(_few(_users(call, file))),
            f"{file.sessions:,}",
            f"{file.messages:,}",
            _span(file),
        )
    out.print(table)
    messages = plural(sum(file.messages for file in files), "message")
    if dry_run:
        out.print(f"{messages} could be imported; nothing was (--dry-run)", markup=False)
        return
    out.print(f"{messages} remembered in {call.db}", markup=False, soft_wrap=True)
    out.print(f"ask: {_next_step(call, files)}", style="bright_black", markup=False, soft_wrap=True)


def _span(file: ImportFile) -> str:
    if file.first is None or file.last is None:
        return "not said"
    first, last = month(file.first), month(file.last)
    return first if first == last else f"{first} - {last}"


def _few(names: list[str]) -> str:
    if len(names) <= SHOWN_USERS:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN_USERS])} and {len(names) - SHOWN_USERS:,} more"


def _next_step(call: Invocation, files: list[ImportFile]) -> str:
    users = dict.fromkeys(user for file in files for user in _users(call, file))
    first = next(iter(users))
    who = "" if first == DEFAULT_SCOPE.user_id else f" --user {first}"
    return f'context-manager context "..." --explain{who}'
