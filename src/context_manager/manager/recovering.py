"""A backup becomes the store, without what was forgotten since it was made.

Decides the order: the backup is checked and copied beside the store, the tombstones of the present
store (and of any other files named) are taken over and what they bury is erased from the copy;
only then does the copy take the store's place. The store it replaces is kept under another name.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from context_manager.errors import CorruptStoreError, InputError, StoreBusyError, StoreError
from context_manager.manager.importing import bury
from context_manager.memory.erasures import RECEIPTS, TOMBSTONES, Erasures
from context_manager.memory.export_file import check, portions
from context_manager.memory.portable import line_draft
from context_manager.records import Partition
from context_manager.store.protocol import LedgerDraft

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager

_BEGINNING = b"SQLite format 3\0"

Lines = dict[Partition, list[LedgerDraft]]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What `restore` did.

    Args:
        erased: Entries of the backup that were forgotten since and are gone from the copy.
        bytes: Size of the store now.
        kept_as: Where the replaced store lies now; None if there was none.
    """

    erased: int
    bytes: int
    kept_as: Path | None


def restore(
    backup: Path,
    target: Path,
    opened: Callable[[Path], ContextManager],
    *,
    honour: Sequence[Path] = (),
    present: bool = True,
) -> Recovered:
    """Put a backup in the place of a store.

    Args:
        backup: A file that `backup` or `save` wrote.
        target: The store; it may be missing.
        opened: Opens a manager on a file.
        honour: Further stores or exports whose tombstones are honoured.
        present: Honour the tombstones of the store that is replaced; False for one that can no
            longer be read.

    Raises:
        InputError: The backup is missing, is none, or is the store itself.
        CorruptStoreError: The backup is damaged, or the present store cannot be read.
        StoreBusyError: Another process has the store open, or forgot something meanwhile.
    """
    _check(backup, target)
    own = _ledger_of(target) if present and target.exists() else {}
    lines: Lines = defaultdict(list)
    for ledger in (own, *map(_ledger_of, honour)):
        for partition, found in ledger.items():
            lines[partition] += found
    part = target.with_name(f"{target.name}.restoring")
    _remove(part)
    erased = 0
    try:
        _copy(backup, part)
        with opened(part) as cm:
            for partition, found in lines.items():
                erased += bury(cm.scoped(**partition._asdict()), found)
        kept_as = _replace(target, part, own if present else None)
    finally:
        _remove(part)
    return Recovered(erased, target.stat().st_size, kept_as)


def is_export(path: Path) -> bool:
    """Whether a file is an export rather than a store, by its first byte."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(1) == b"{"
    return False


def _check(backup: Path, target: Path) -> None:
    if not backup.exists():
        raise InputError(f"{backup} does not exist")
    if target.exists() and backup.samefile(target):
        raise InputError(f"{backup} is the store itself; name a backup of it")
    with backup.open("rb") as file:
        if file.read(len(_BEGINNING)) != _BEGINNING:
            raise InputError(
                f"{backup} is neither an export nor a backup, or its beginning is damaged; "
                "nothing was changed"
            )


def _ledger_of(path: Path) -> Lines:
    """The tombstones and receipts of a store or an export."""
    if is_export(path):
        check(path)
        return {found.partition: [*map(line_draft, found.lines)] for found in portions(path)}
    from context_manager.store.sqlite import SQLiteStore

    lines: Lines = {}
    try:
        with closing(SQLiteStore(path, read_only=True)) as store:
            erasures = Erasures(store)
            for partition in store.partitions(ledgers=True):
                lines[partition] = [
                    LedgerDraft(book, line.name, line.body)
                    for book in (TOMBSTONES, RECEIPTS)
                    for line in store.ledger(partition, book)
                ]
                lines[partition] += erasures.keys(partition)
    except StoreError as error:
        raise CorruptStoreError(
            f"{path} cannot be read, so what was forgotten since the backup is not known ({error});"
            " name an export that knows it, or restore without it"
        ) from error
    return lines


def _copy(backup: Path, part: Path) -> None:
    from context_manager.store.sqlite import SQLiteStore

    with closing(SQLiteStore(backup, read_only=True)) as source:
        verdict = source.verify()
        if not verdict:
            first = verdict.damages[0]
            raise CorruptStoreError(
                f"{backup} is damaged in {len(verdict.damages)} places, first in {first.table}: "
                f"{first.problem}; nothing was changed"
            )
        source.backup(part)


def _replace(target: Path, part: Path, known: Lines | None) -> Path | None:
    """Let one file take the place of the store, which is kept under another name.

    Nobody can open it meanwhile, so nothing is written to a file that is on its way out.

    Args:
        target: The store; it must be open nowhere.
        part: What takes its place.
        known: What was forgotten in it, as far as ``part`` knows; None for one that is lost.
    """
    from context_manager.store.sqlite.alone import alone

    with alone(str(target)):
        names = (target.with_name(f"{target.name}.before-restore-{n}") for n in count(1))
        kept_as = next(name for name in names if not name.exists())
        there = target.exists()
        readable = there and _closed(target)
        if there and known is not None and _ledger_of(target) != known:
            raise StoreBusyError(f"something was forgotten in {target} meanwhile; restore again")
        if not (readable and _closed(target)):
            for file in _beside(target):  # a log would be read as that of the file that comes
                file.replace(file.with_name(file.name.replace(target.name, kept_as.name, 1)))
        if there:
            try:
                os.link(target, kept_as)  # so that there is a store at any moment
            except OSError:  # not every file system can
                target.replace(kept_as)
        part.replace(target)
    return kept_as if there else None


def _closed(target: Path) -> bool:
    """Whether the store can be read; all that was written is in its file then.

    Raises:
        StoreBusyError: It is open somewhere.
    """
    from context_manager.store.sqlite import SQLiteStore

    try:
        SQLiteStore(target).close()
    except CorruptStoreError:
        return False
    if any(_beside(target)):
        raise StoreBusyError(f"another process has the store at {target} open; stop it first")
    return True


def _beside(path: Path) -> Iterator[Path]:
    """The log and its index beside a store, where there are any."""
    for ending in ("-wal", "-shm"):
        file = path.with_name(path.name + ending)
        if file.exists():
            yield file


def _remove(part: Path) -> None:
    for file in (*_beside(part), part):
        file.unlink(missing_ok=True)
