"""`add`, `pin`, `unpin`, `forget`: what is remembered besides conversations, and what no longer is.

This file decides what these commands ask and answer; what forgetting means is the manager's.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import click
from rich.console import Console

from context_manager.cli.choosing import (
    Kinds,
    Metadata,
    Since,
    Until,
    as_time,
    known_kinds,
    pairs,
    selection,
)
from context_manager.cli.commands.asking import given
from context_manager.cli.invocation import Invocation
from context_manager.cli.listing import entry_table
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.stored import named, where
from context_manager.cli.text import date_time, memories, plural
from context_manager.errors import InputError
from context_manager.records import MemoryEntry, Receipt

EXAMPLES = 5
"""Memories shown before `forget` asks."""

Id = Annotated[str, Argument(help="The id of the memory.")]


def add(
    call: Invocation,
    text: Annotated[str, Argument(help="What to remember; - reads standard input.")],
    kind: Annotated[str, Option("--kind", help="note, fact, document.")] = "note",
    importance: Annotated[
        float, Option("--importance", min=0.0, max=1.0, help="0.5 is neutral.")
    ] = 0.5,
    time: Annotated[
        str | None, Option("--time", help="When it became true, e.g. 2024-05-07T13:56.")
    ] = None,
    meta: Metadata = None,
) -> None:
    """Remember a text."""
    kinds = known_kinds([kind]) or ()
    when = None if time is None else as_time(time)
    with call.manager(create=True) as manager:
        made = manager.add_memory(
            given(text), pairs(meta), kind=kinds[0], importance=importance, timestamp=when
        )
    _made(call, made, "remembered as")


def pin(
    call: Invocation,
    text_or_id: Annotated[str, Argument(help="A text, or the id of a memory.")],
) -> None:
    """Show a text or a memory in every prompt of the user."""
    with call.manager(create=True) as manager:
        made = manager.pin(given(text_or_id))
    _made(call, made, "pinned as")


def unpin(call: Invocation, id: Id) -> None:
    """Let a pinned memory compete like any other again."""
    with call.manager() as manager:
        manager.unpin(id)
    _made(call, id, "unpinned")


def _made(call: Invocation, id: str, said: str) -> None:
    call.answer({"id": id}, lambda out: out.print(f"{said} {id}", markup=False, soft_wrap=True))


def forget(
    call: Invocation,
    ids: Annotated[list[str] | None, Argument(help="Ids of memories or turns.")] = None,
    kind: Kinds = None,
    since: Since = None,
    until: Until = None,
    meta: Metadata = None,
    everything: Annotated[bool, Option("--all", help="All memory of the user.")] = False,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete memories for good, with everything that was derived from them alone.

    Name them by id, or by what they have in common (--session, --kind, --since, --until, --meta:
    all that are given must fit), or take --all. What is not there is no error, so that it may be
    said twice: the receipt counts what was.
    """
    session = None if ids else call.given.get("session")
    fitting = selection(session, kind, since, until, meta)
    if bool(ids) + (fitting is not None) + everything != 1:
        raise InputError(
            "say what to forget: ids, or filters (--session, --kind, --since, --until, --meta), "
            "or --all; one of the three"
        )
    with call.manager() as manager:
        found = named(manager, ids) if ids else where(manager, fitting)
        if found and not yes and not _confirmed(call, found):
            call.err.print("nothing was forgotten")
            raise click.exceptions.Exit(1)
        chosen = None if everything else [entry.id for entry in found]
        receipt = manager.forget(chosen, everything=everything)
    if not receipt.number:
        call.err.print("nothing there to forget fits that; see `context-manager list`")
    call.answer(asdict(receipt), lambda out: show_receipt(out, receipt))


def _confirmed(call: Invocation, found: list[MemoryEntry]) -> bool:
    if not call.interactive:
        raise InputError(f"this would forget {memories(len(found))}; add --yes to do it")
    call.err.print(entry_table(found[:EXAMPLES], call.err.width))
    more = len(found) - EXAMPLES
    if more > 0:
        call.err.print(f"… and {more:,} more", style="bright_black")
    return click.confirm(f"Forget {memories(len(found))} for good?", err=True)


def show_receipt(out: Console, receipt: Receipt) -> None:
    """Show what was forgotten."""
    out.print(f"forgotten: {memories(receipt.entries)}, {plural(receipt.turns, 'turn')}")
    if not receipt.number:
        return
    if receipt.rederived or receipt.dropped:
        out.print(
            f"summaries: {receipt.rederived:,} made anew without them, {receipt.dropped:,} dropped"
        )
    scrubbed = "overwritten in the file" if receipt.bytes_scrubbed else "not overwritten yet"
    out.print(f"raw bytes: {scrubbed}")
    out.print(f"receipt of {date_time(receipt.at)} UTC", style="bright_black")
