"""`expand`, `replay`, `receipts`, `revert`, `export`: where memory came from and where it went.

This file decides what these commands ask and answer; what they do is the manager's.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import click
from rich.console import Console

from context_manager.cli.choosing import as_time
from context_manager.cli.commands.keeping import Id, show_receipt
from context_manager.cli.invocation import Invocation
from context_manager.cli.listing import entry_data, entry_table
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.prompted import answer_with
from context_manager.cli.text import date_time, memories, plural, size
from context_manager.errors import InputError
from context_manager.records import Receipt


def expand(call: Invocation, id: Id) -> None:
    """Show what a summary or a fact was made from, in order."""
    with call.manager() as manager:
        found = manager.expand(id)
    call.answer(
        [entry_data(entry) for entry in found],
        lambda out: out.print(entry_table(found, out.width)),
    )


def replay(
    call: Invocation,
    id: Annotated[
        str | None, Argument(help="The id of a recorded prompt; without it, they are listed.")
    ] = None,
    explain: Annotated[
        bool, Option("--explain", help="Also show each piece: cost, score and reason.")
    ] = False,
) -> None:
    """Show a prompt as it was built, but for what was forgotten since.

    Prompts are recorded where the setting `record` is on.
    """
    with call.manager() as manager:
        if id is None:
            found = manager.recorded()
            data = [{"id": name, "at": at} for name, at in found]
            call.answer(data, lambda out: _show_recorded(out, found))
            return
        context = manager.replay(id)
    answer_with(call, context, explain=explain)


def _show_recorded(out: Console, found: list[tuple[str, float]]) -> None:
    for name, at in found:
        out.print(f"{date_time(at)} UTC  {name}", markup=False)
    out.print(plural(len(found), "recorded prompt"), style="bright_black")


def receipts(call: Invocation) -> None:
    """List the receipts of what was forgotten, and check their chain."""
    with call.manager() as manager:
        found = manager.receipts()
        broken = {item.number for item in manager.archive.erasures.broken(manager.scope.partition)}
    data = [{**asdict(receipt), "genuine": receipt.number not in broken} for receipt in found]
    call.answer(data, lambda out: _show_receipts(out, found, broken))


def _show_receipts(out: Console, found: list[Receipt], broken: set[int]) -> None:
    for receipt in found:
        gone = f"{memories(receipt.entries)}, {plural(receipt.turns, 'turn')}"
        what = f"{gone} ({receipt.asked})"
        mark = "  ALTERED" if receipt.number in broken else ""
        out.print(f"{receipt.number:>4}  {date_time(receipt.at)} UTC  {what}{mark}", markup=False)
    out.print(plural(len(found), "receipt"), style="bright_black")


def revert(
    call: Invocation,
    source: Annotated[
        str | None, Option("--source", help="What came from this file, page or directory.")
    ] = None,
    since: Annotated[
        str | None, Option("--since", help="What was said at this time or later.")
    ] = None,
    after: Annotated[
        str | None, Option("--after", metavar="ID", help="What was stored after this one.")
    ] = None,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Forget what came from a source or since a time, with everything derived from it."""
    moment = None if since is None else as_time(since)
    if not yes and not (call.interactive and click.confirm("Forget it for good?", err=True)):
        raise InputError("this would forget memories; add --yes to do it")
    with call.manager() as manager:
        receipt = manager.revert(source=source, since=moment, after=after)
    call.answer(asdict(receipt), lambda out: show_receipt(out, receipt))


def export(
    call: Invocation,
    path: Annotated[Path, Argument(help="The file; it must not exist.")],
    everybody: Annotated[
        bool, Option("--everybody", help="The memory of all users of the store.")
    ] = False,
    vectors: Annotated[bool, Option("--vectors", help="Take the vectors along.")] = False,
) -> None:
    """Write all memory of the user as JSON lines, with times, order, sources and receipts."""
    opened: Any = call.store() if everybody else call.manager()
    with opened as manager:
        done = manager.export(path, everybody=everybody, vectors=vectors)
    told = f"{path}: {memories(done.entries)}, {plural(done.turns, 'turn')} ({size(done.bytes)})"
    call.answer(
        {"path": str(path), **asdict(done)},
        lambda out: out.print(told, markup=False, soft_wrap=True),
    )
