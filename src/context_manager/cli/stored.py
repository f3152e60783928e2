"""What the store holds, as the commands ask for it. Decides how it is looked up; shows nothing."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from context_manager.manager import ContextManager
    from context_manager.records import MemoryEntry, Partition
    from context_manager.store.protocol import EntryFilter


class Utterance(NamedTuple):
    """What makes two messages of a file the same one."""

    session_id: str
    role: str
    name: str | None
    text: str


PAGE = 2000
"""Entries read at once."""


def bytes_of(db: Path) -> int:
    """Size of a store with the journal that SQLite keeps beside it."""
    parts = (db, db.with_name(f"{db.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def partitions(manager: ContextManager, tenant: str) -> list[Partition]:
    """Every partition of a tenant that holds anything."""
    return manager.archive.store.partitions(tenant)


def each(manager: ContextManager, fitting: EntryFilter | None) -> Iterator[MemoryEntry]:
    """Every entry of the user that fits, oldest first; all of them for None."""
    from context_manager.store.protocol import EntryFilter

    last = 0
    while True:
        page = manager.archive.store.find(
            manager.scope.partition, fitting or EntryFilter(), after=last, limit=PAGE
        )
        yield from (entry for _, entry in page)
        if len(page) < PAGE:
            return
        last = page[-1][0]


def where(manager: ContextManager, fitting: EntryFilter | None) -> list[MemoryEntry]:
    """The entries of `each` in a list."""
    return list(each(manager, fitting))


def newest(manager: ContextManager, fitting: EntryFilter | None, limit: int) -> list[MemoryEntry]:
    """The entries that fit and were stored last, the newest first."""
    return list(reversed(deque(each(manager, fitting), maxlen=limit)))


def said_before(manager: ContextManager, source: str) -> Counter[Utterance]:
    """How often each utterance of the user was remembered from a file of this name."""
    from context_manager.store.protocol import EntryFilter

    fitting = EntryFilter(kinds=("message", "note"), metadata={"source": source})
    return Counter(
        Utterance(entry.scope.session_id, entry.role or "user", entry.name, entry.text)
        for entry in each(manager, fitting)
    )


def named(manager: ContextManager, ids: Sequence[str]) -> list[MemoryEntry]:
    """The entries with these ids, as far as they are there; a turn's id stands for its messages."""
    from context_manager.store.protocol import EntryFilter

    store, partition = manager.archive.store, manager.scope.partition
    found: list[MemoryEntry] = []
    for id in ids:
        entries = store.entries(partition, [id]) or where(manager, EntryFilter(turn_id=id))
        found += entries
    return list({entry.id: entry for entry in found}.values())
