"""Back out of a poisoned source: what came from it goes, and what was derived from it.

Decides which entries a source, a time or a place in the order of storing stands for; deleting is
`forgetting`'s. Entries that were derived are never named themselves: they follow their sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from context_manager.errors import InputError, NotFoundError
from context_manager.manager.forgetting import erase
from context_manager.manager.hearing import QUARANTINED
from context_manager.manager.ingesting import update
from context_manager.records import MemoryEntry, Receipt
from context_manager.store.protocol import EntryFilter

if TYPE_CHECKING:
    from context_manager.manager.manager import ContextManager


def revert(
    cm: ContextManager, source: str | None, since: float | None, after: str | None
) -> Receipt:
    """Forget what fits; see `ContextManager.revert`."""
    if source is None and since is None and after is None:
        raise InputError("say what to revert: source, since or after")
    key = 0 if after is None else _key(cm, after)
    return erase(cm, lambda: _fitting(cm, source, since, key), "revert")


def release(cm: ContextManager, entry_id: str) -> None:
    """Lift a quarantine; see `ContextManager.release`."""
    found = cm.archive.store.entries(cm.scope.partition, [entry_id])
    if not found:
        raise NotFoundError(f"no entry {entry_id!r} in this scope")
    metadata = {name: value for name, value in found[0].metadata.items() if name != QUARANTINED}
    update(cm, entry_id, metadata=metadata)


def _fitting(
    cm: ContextManager, source: str | None, since: float | None, key: int
) -> list[MemoryEntry]:
    found = cm.archive.store.find(cm.scope.partition, EntryFilter(since=since), after=key)
    return [
        entry
        for _, entry in found
        if not entry.source_ids and (source is None or _is_from(entry, source))
    ]


def _is_from(entry: MemoryEntry, source: str) -> bool:
    held = entry.metadata.get("source")
    if not isinstance(held, str):
        return False
    return held == source or held.startswith(source.rstrip("/") + "/")


def _key(cm: ContextManager, entry_id: str) -> int:
    """The place of an entry in the order of storing."""
    store, partition = cm.archive.store, cm.scope.partition
    for entry in store.entries(partition, [entry_id]):
        same_time = EntryFilter(kinds=(entry.kind,), since=entry.timestamp, until=entry.timestamp)
        for key, found in store.find(partition, same_time):
            if found.id == entry_id:
                return key
    raise NotFoundError(f"no entry {entry_id!r} in this scope")
