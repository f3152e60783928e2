"""`import`: files of chats become memory, all of them or none.

This file decides whose memory a conversation becomes and in which portions it is stored. Every
file is read to its end before anything is stored; how is the importers' business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from context_manager.cli.import_report import show_import
from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.progress import Advance, progress
from context_manager.cli.stored import Utterance, said_before
from context_manager.errors import InputError
from context_manager.importing import (
    FORMATS,
    ImportedTurn,
    ImportFile,
    as_one_user,
    read,
    source_name,
)
from context_manager.records import DEFAULT_SCOPE, Message, Trust, limited

if TYPE_CHECKING:
    from context_manager.manager import ContextManager

PORTION = 32
"""Turns stored and embedded at once; the progress bar moves by so many."""

_NAMES = ", ".join(known.name for known in FORMATS)


def import_(
    call: Invocation,
    files: Annotated[list[Path], Argument(metavar="FILE...", help="Files of chats.")],
    format: Annotated[
        str, Option("--format", "-f", help=f"auto tells by the content; or {_NAMES}.")
    ] = "auto",
    split_users: Annotated[
        bool, Option("--split-users", help="A memory of its own for each conversation.")
    ] = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Only check the files and say what they hold.")
    ] = False,
) -> None:
    """Remember the chats of files, with their times and speakers.

    Every file is checked to its end first; a fault in one of them imports nothing. All of it
    becomes the memory of one user, --user or the default one; with --split-users, a file with
    chats of several people becomes the memory of as many users, named after its conversations.
    --session puts all into one session. What was imported from a file of the same name before is
    not stored twice, so an import that was interrupted can be repeated, and a file that has grown
    can be imported again.
    """
    if split_users and "user" in call.given:
        raise InputError("--user and --split-users exclude each other; give one of them")
    read_files = [read(path, format) for path in files]
    stored = [0] * len(files) if dry_run else _store(call, read_files, split_users)
    rows = [
        _data(_users(call, file, split_users), file, new)
        for file, new in zip(read_files, stored, strict=True)
    ]
    data = {"imported": not dry_run, "files": rows}
    call.answer(data, lambda out: show_import(out, call.where, rows, dry_run=dry_run))


def _store(call: Invocation, files: list[ImportFile], split: bool) -> list[int]:
    """Store what is new in the files; how many messages of each were."""
    total = sum(file.turns for file in files)
    ids = {f"{name}_id": value for name, value in call.given.items() if name != "session"}
    with call.store(create=True) as root, progress(call, "importing", total) as advance:
        manager = root.scoped(**ids)
        return [_store_file(manager, file, _placed(call, file, split), advance) for file in files]


def _store_file(
    manager: ContextManager, file: ImportFile, placed: Iterable[ImportedTurn], advance: Advance
) -> int:
    stored = 0
    known: dict[str, Counter[Utterance]] = {}
    for user, turns in groupby(placed, key=lambda turn: turn.conversation_id):
        whose = manager.scoped(user_id=user or None)
        if user not in known:
            known[user] = said_before(whose, source_name(file.path))
        stored += store_turns(whose, turns, advance, known[user])
    return stored


def store_turns(
    manager: ContextManager,
    turns: Iterable[ImportedTurn],
    advance: Advance,
    known: Counter[Utterance] | None = None,
) -> int:
    """Store turns in portions, each embedded before the next.

    Args:
        manager: The manager in the user's scope.
        turns: What to store; their conversation is not looked at.
        advance: Called with the number of turns looked at since the last call.
        known: What was stored before, and how often; it is not stored again, and counted down.

    Returns:
        How many messages were stored.
    """
    stored = 0
    remaining = iter(turns)
    while portion := list(islice(remaining, PORTION)):
        new = [(turn, _new(turn, known)) for turn in portion]
        _store_portion(manager, [(turn, messages) for turn, messages in new if messages])
        manager.engine.background.drain()
        stored += sum(len(messages) for _, messages in new)
        advance(len(portion))
    return stored


def _store_portion(
    manager: ContextManager, new: Sequence[tuple[ImportedTurn, tuple[Message, ...]]]
) -> None:
    """Store turns and notes; when that was stands beside their own times."""
    from context_manager.manager import NoteInput, TurnInput

    now = {"imported_at": manager.clock()}
    manager.observe_batch(
        TurnInput(
            limited(messages, Trust.USER), turn.session_id, turn.timestamp, {**turn.metadata, **now}
        )
        for turn, messages in new
        if not turn.note
    )
    for session, notes in groupby((turn for turn, _ in new if turn.note), attrgetter("session_id")):
        manager.scoped(session_id=session).add_memory_batch(
            NoteInput(
                message.text, {**turn.metadata, **message.metadata, **now}, timestamp=turn.timestamp
            )
            for turn in notes
            for message in turn.messages
        )


def _new(turn: ImportedTurn, known: Counter[Utterance] | None) -> tuple[Message, ...]:
    """The messages of a turn that were not stored before."""
    if not known:
        return turn.messages
    new = []
    for message in turn.messages:
        key = Utterance(turn.session_id, message.role, message.name, message.text)
        if known[key] > 0:
            known[key] -= 1
        else:
            new.append(message)
    return tuple(new)


def _placed(call: Invocation, file: ImportFile, split: bool) -> Iterator[ImportedTurn]:
    """The turns of a file, with user and session as the caller wants them."""
    turns: Iterable[ImportedTurn] = file if split else as_one_user(file)
    session = call.given.get("session")
    for turn in turns:
        yield turn if session is None else replace(turn, session_id=session)


def _users(call: Invocation, file: ImportFile, split: bool) -> list[str]:
    """Whose memory the conversations of a file became."""
    one = call.given.get("user", DEFAULT_SCOPE.user_id)
    return list(dict.fromkeys(name or one for name in file.conversations)) if split else [one]


def _data(users: list[str], file: ImportFile, new: int) -> dict[str, Any]:
    return {
        "file": file.path,
        "format": file.format,
        "users": users,
        "sessions": file.sessions,
        "turns": file.turns,
        "messages": file.messages,
        "notes": file.notes,
        "new": new,
        "skipped": dict(file.skipped),
        "first": file.first,
        "last": file.last,
    }
