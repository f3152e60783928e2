"""`doctor`, `verify`, `repair`, `backup`, `restore`, `reembed`, `sweep`: the health of a store.

This file decides what these commands ask and answer; what they do is the manager's and the store's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from context_manager.cli.invocation import Invocation
from context_manager.cli.parameters import Argument, Option
from context_manager.cli.text import harmless, memories, plural, size
from context_manager.errors import CorruptStoreError, InputError, NotFoundError

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.manager.remarks import Remark
    from context_manager.records import Receipt

SHOWN = 20
"""Damages listed; more are only counted."""

_INSTEAD: Mapping[str, str] = {
    "verify": "ask its own tools",
    "repair": "REINDEX makes indexes anew, a backup of the database brings back rows",
    "backup": "use pg_dump or pg_basebackup, or `context-manager migrate` to a file",
}
"""What there is where the store cannot do it itself."""

_COLOURS: Mapping[str, str] = {"note": "bright_black", "risk": "yellow", "fault": "red"}


def doctor(
    call: Invocation,
    quick: Annotated[bool, Option("--quick", help="Do not read every row and every text.")] = False,
) -> None:
    """Tell what is wrong with the store or may go wrong, and the command that mends it.

    Ends with code 6 if something is broken.
    """
    from context_manager.manager.doctoring import examine
    from context_manager.manager.remarks import Level

    with call.store() as manager:
        found = examine(manager, thorough=not quick)
    call.answer([asdict(remark) for remark in found], lambda out: _show_remarks(out, found))
    if any(remark.level is Level.FAULT for remark in found):
        raise CorruptStoreError("something is broken; see above")


def _show_remarks(out: Console, found: list[Remark]) -> None:
    table = Table.grid(padding=(0, 2))
    for remark in found:
        what = Text(harmless(remark.what), overflow="fold")
        if remark.mend:
            what.append(f"\n→ {harmless(remark.mend)}", "cyan")
        colour = _COLOURS[remark.level]
        table.add_row(Text(remark.level, colour), Text(remark.name, "bold"), what)
    out.print(table)


def verify(call: Invocation) -> None:
    """Read every row of the store and check it; changes nothing.

    Ends with code 6 if something is damaged.
    """
    with call.store() as manager:
        verdict = _kept_in_file(manager, "verify")()
    data = {
        "rows": verdict.rows,
        "damages": [{**item._asdict(), "partition": item.partition} for item in verdict],
    }
    call.answer(data, lambda out: _show_damages(out, data))
    if not verdict:
        raise CorruptStoreError("the store is damaged; see above, and what `doctor` says of it")


def _show_damages(out: Console, data: Mapping[str, Any]) -> None:
    damages = data["damages"]
    out.print(f"{plural(data['rows'], 'row')} read, {len(damages):,} damaged")
    for item in damages[:SHOWN]:
        line = f"{item['table']} {item['id']}: {item['problem']}"
        out.print(harmless(line), markup=False, soft_wrap=True)
    if len(damages) > SHOWN:
        out.print(f"… and {len(damages) - SHOWN:,} more", style="bright_black")


def repair(call: Invocation) -> None:
    """Rebuild what can be rebuilt from the rows; nothing that was said is dropped.

    Ends with code 6 if something remains damaged.
    """
    with call.store() as manager:
        done = _kept_in_file(manager, "repair")()
    data = {
        "vectors": done.vectors,
        "orphans": done.orphans,
        "remaining": [item._asdict() for item in done.remaining],
    }
    told = (
        f"{plural(done.vectors, 'vector')} and {plural(done.orphans, 'stray row')} dropped, "
        f"{len(done.remaining):,} damaged rows remain"
    )
    call.answer(data, lambda out: out.print(told))
    if done.remaining:
        raise CorruptStoreError("damaged texts remain; restore a backup to have them back")


def backup(
    call: Invocation,
    path: Annotated[Path, Argument(help="The copy; it must not exist.")],
) -> None:
    """Copy the store to a new file, while others may read and write.

    What is forgotten later stays in the copy until it is restored: then it is dropped.
    """
    with call.store() as manager:
        written = _kept_in_file(manager, "backup")(path)
    data = {"path": str(path), "bytes": written}
    call.answer(
        data, lambda out: out.print(f"{path} ({size(written)})", markup=False, soft_wrap=True)
    )


def restore(
    call: Invocation,
    file: Annotated[Path, Argument(help="An export, or a backup.")],
    honour: Annotated[
        list[Path] | None,
        Option("--honour", help="Also drop what this store or export knows as forgotten."),
    ] = None,
    unread: Annotated[
        bool,
        Option("--present-is-lost", help="The store to be replaced can no longer be read."),
    ] = False,
) -> None:
    """Bring back an export or a backup, without what was forgotten since.

    An export is added to the store. A backup takes the store's place; the store that it replaces is
    kept beside it under another name.
    """
    from context_manager.manager.recovering import is_export, restore

    if not file.exists():
        raise NotFoundError(f"there is no file {file}")
    if is_export(file):
        if honour or unread:
            raise InputError("--honour and --present-is-lost are for backups; this is an export")
        _restore_export(call, file)
        return
    done = restore(file, call.file, call.surroundings.open, honour=honour or (), present=not unread)
    data = {**asdict(done), "kept_as": str(done.kept_as) if done.kept_as else None}
    call.answer(data, lambda out: _show_restored(out, call.file, data))


def _restore_export(call: Invocation, file: Path) -> None:
    with call.store(create=True) as manager:
        done = manager.import_export(file, everybody=True)
    told = (
        f"{memories(done.entries)} added, {done.present:,} were there, "
        f"{done.forgotten:,} stay forgotten, {done.erased:,} erased"
    )
    call.answer(asdict(done), lambda out: out.print(told))


def _show_restored(out: Console, db: Path, data: Mapping[str, Any]) -> None:
    out.print(f"restored {db} ({size(data['bytes'])})", markup=False, soft_wrap=True)
    if data["erased"]:
        out.print(f"forgotten since the backup, and not restored: {memories(data['erased'])}")
    if data["kept_as"]:
        told = f"the store before it: {data['kept_as']}"
        out.print(told, markup=False, soft_wrap=True, style="bright_black")


def reembed(call: Invocation) -> None:
    """Give all memory vectors of the present embedding model.

    Others may read and write meanwhile; stopped, it goes on where it was.
    """
    with call.store() as manager:
        done = manager.reembed(everybody=True)
    call.answer({"passages": done}, lambda out: out.print(f"{plural(done, 'passage')} embedded"))


def sweep(call: Invocation) -> None:
    """Forget what has expired, of all users."""
    with call.store() as manager:
        receipts = manager.sweep(everybody=True)
    call.answer(
        [asdict(receipt) for receipt in receipts],
        lambda out: out.print(f"{memories(_entries(receipts))} forgotten"),
    )


def _entries(receipts: list[Receipt]) -> int:
    return sum(receipt.entries for receipt in receipts)


def _kept_in_file(manager: ContextManager, ability: str) -> Any:
    found = getattr(manager.archive.store, ability, None)
    if found is None:
        raise InputError(f"the store is no file of ours to {ability}; {_INSTEAD[ability]}")
    return found
